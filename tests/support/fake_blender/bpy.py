"""The part of Blender's module ``bpy`` that the add-on, its client and the nodes use, without Blender.

The tests that run on it run on each real Blender that is there as well, but for those that need windows. It refuses
attributes that it does not know. Its .blend file is a pickle, and its images say which frame, layers and camera they
show.
"""

# Blender's names, which Blender describes.
# ruff: noqa: ARG002, D101, D102, D103

import contextlib
import os
import pickle
import re
import time
from types import SimpleNamespace


class Struct:
    """What Blender keeps; it takes no attributes that it does not have."""

    def __init__(self, **values):
        self.__dict__.update(values)

    def __setattr__(self, name, value):
        if name not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        self.__dict__[name] = value


class Collection(list):
    """Items with names."""

    def __getitem__(self, key):
        return super().__getitem__(key) if isinstance(key, int) else next(item for item in self if item.name == key)

    def new(self, name, **values):
        """A new item of the collection's kind."""
        self.append(self.kind(name=name, **{**self.values, **values}))
        return self[-1]


def collection(kind=Struct, items=(), **values):
    made = Collection(items)
    made.kind, made.values = kind, values
    return made


class Render(Struct):
    def frame_path(self, frame):
        folder, name = os.path.split(path.abspath(self.filepath))
        sign = "-" if frame < 0 else ""
        name = name if "#" in name else name + "####"
        name = re.sub("#+", lambda found: f"{sign}{abs(frame):0{len(found[0])}}", name)
        return os.path.join(folder, name if name.endswith(".png") else name + ".png")


class Scene(Struct):
    def frame_set(self, frame):
        self.frame_current = frame


def scene_by_default():
    items = [
        Struct(name=name, type=kind, hide_render=False)
        for name, kind in (("Cube", "MESH"), ("Light", "LIGHT"), ("Camera", "CAMERA"))
    ]
    layer = Struct(name="ViewLayer", use=True)
    render = Render(
        engine="BLENDER_EEVEE",
        filepath="/tmp/",
        resolution_x=1920,
        resolution_y=1080,
        is_movie_format=False,
        use_compositing=True,
        use_single_layer=False,
    )
    return Scene(
        name="Scene",
        library=None,
        render=render,
        objects=collection(items=items),
        camera=items[2],
        view_layers=collection(items=[layer], use=True),
        timeline_markers=collection(frame=1, camera=None),
        frame_start=1,
        frame_end=250,
        frame_step=1,
        frame_current=1,
        use_nodes=False,
        node_tree=None,
    )


def data_by_default():
    names = ("libraries", "images", "movieclips", "fonts", "sounds", "cache_files", "volumes")
    blocks = collection(filepath="", packed_file=None, users=1, library=None, source="FILE")
    return Struct(
        filepath="", is_dirty=False, scenes=[scene_by_default()], **{name: pickle_copy(blocks) for name in names}
    )


def pickle_copy(value):
    return pickle.loads(pickle.dumps(value))


class Operators:
    """``bpy.ops``: an operator that reports an error raises it as a RuntimeError."""

    def __getattr__(self, module):
        return SimpleNamespace(**{name: run for name, run in OPERATORS.items() if run.module == module})


class Operator:
    """The base class of operators; one lives for one call."""

    def report(self, kinds, text):
        self.reported = (*getattr(self, "reported", ()), *(text for kind in kinds if kind == "ERROR"))


class Menu:
    """A menu that add-ons append to."""

    def draw(self, context):
        """Draws what was appended."""

    def append(self, function):
        self.draw._draw_funcs.append(function)

    def remove(self, function):
        if function in self.draw._draw_funcs:
            self.draw._draw_funcs.remove(function)


Menu.draw._draw_funcs = []


class Layout:
    """Where texts and properties are drawn."""

    def __init__(self, shown):
        self._shown = shown

    def label(self, text):
        self._shown.append(text)

    def column(self):
        return self

    def prop(self, owner, name, expand):
        self._shown.append(getattr(owner, name))


class WindowManager:
    """One window, and the texts that are shown in it."""

    def __init__(self):
        self.windows = ["window"]
        self.shown = []

    def invoke_props_dialog(self, operator, width):
        operator.layout = Layout(self.shown)
        operator.draw(bpy_context)
        return {"RUNNING_MODAL"}

    def popup_menu(self, draw, title, icon):
        assert bpy_context.window == "window"
        draw(SimpleNamespace(layout=Layout(self.shown)), bpy_context)


class Context(Struct):
    @contextlib.contextmanager
    def temp_override(self, window):
        self.window = window
        yield
        self.window = None


class Timers:
    """What runs in the main thread later."""

    def __init__(self):
        self.functions = []

    def register(self, function, first_interval=0, persistent=False):
        self.functions.append((function, first_interval))

    def run_all(self):
        """Runs all until they have ended, as an idle Blender would."""
        for function, first_pause in self.functions:
            pause = first_pause
            while pause is not None:
                time.sleep(pause)
                pause = function()


def register_class(cls):
    if hasattr(bpy_types, cls.__name__):
        raise ValueError(f"register_class(...): already registered as a subclass {cls.__name__!r}")
    setattr(bpy_types, cls.__name__, cls)
    module, name = cls.bl_idname.split(".")

    def run(context=None, **values):
        operator = cls()
        for key, items in cls.__annotations__.items():
            setattr(operator, key, values.get(key, items["items"][0][0]))
        result = operator.invoke(bpy_context, None) if context == "INVOKE_DEFAULT" else operator.execute(bpy_context)
        if getattr(operator, "reported", ()):
            raise RuntimeError(f"Error: {operator.reported[0]}\n")
        return result

    run.module = module
    OPERATORS[name] = run


def unregister_class(cls):
    delattr(bpy_types, cls.__name__)
    del OPERATORS[cls.bl_idname.split(".")[1]]


def operator(module):
    def declare(function):
        function.module = module
        OPERATORS[function.__name__] = function
        return function

    return declare


OPERATORS = {}


@operator("wm")
def save_as_mainfile(filepath):
    try:
        with open(filepath, "wb") as file:
            pickle.dump({**vars(data), "filepath": filepath, "is_dirty": False}, file)
    except OSError as error:
        raise RuntimeError(f'Error: Cannot open file "{filepath}@" for writing: {error.strerror}\n') from error
    data.filepath, data.is_dirty = filepath, False
    return {"FINISHED"}


@operator("wm")
def save_mainfile():
    return save_as_mainfile(data.filepath)


@operator("wm")
def open_mainfile(filepath, load_ui=True, use_scripts=False):
    try:
        with open(filepath, "rb") as file:
            vars(data).update(pickle.load(file))
    except OSError as error:
        raise RuntimeError(f'Error: Cannot read file "{filepath}": {error.strerror}\n') from error
    data.filepath = filepath
    bpy_context.scene = data.scenes[0]
    return {"FINISHED"}


@operator("render")
def render(write_still=False):
    scene = bpy_context.scene
    if scene.camera is None:
        raise RuntimeError("Error: Cannot render, no camera\n")
    layers = " ".join(layer.name for layer in scene.view_layers if layer.use)
    name = scene.render.filepath if scene.render.filepath.endswith(".png") else scene.render.filepath + ".png"
    with open(name, "w", encoding="utf-8") as file:
        file.write(f"frame {scene.frame_current} of {layers} by {scene.camera.name}")
    return {"FINISHED"}


def abspath(text, library=None):
    start = library.filepath if library is not None else data.filepath
    return os.path.join(os.path.dirname(start), text[2:]) if text.startswith("//") else text


bpy_types = SimpleNamespace(Operator=Operator, TOPBAR_MT_render=Menu())
path = SimpleNamespace(abspath=abspath)
data = data_by_default()
bpy_context = Context(
    scene=data.scenes[0], view_layer=data.scenes[0].view_layers[0], window_manager=WindowManager(), window=None
)
app = Struct(
    version=(3, 4, 1),
    version_string="3.4.1",
    background=True,
    autoexec_fail=False,
    autoexec_fail_message="",
    timers=Timers(),
)
types, context, ops = bpy_types, bpy_context, Operators()
props = SimpleNamespace(EnumProperty=lambda **values: values)
utils = SimpleNamespace(register_class=register_class, unregister_class=unregister_class)
