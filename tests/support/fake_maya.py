"""A Maya that records what it is asked, and refuses what the published stubs do not know.

It has a scene with layers, cameras, references and files; shelves with buttons; dialogs that are answered as told; and
a renderer that writes images. Valid from Python 3.7, the standard library only.
"""

# ruff: noqa: ARG002, D102, N803, PLR0917  (methods and arguments are Maya's commands and their flags)
from __future__ import annotations

import os
import re
import sys
import threading
import types
from pathlib import Path

from maya_stubs import Stubs

TOP = "ShelfLayout"
KEPT = ("label", "command", "sourceType", "image1", "annotation", "style")
"""What Maya writes of a button when it saves its shelves."""
FILE_ATTRIBUTES = {"file": ["fileTextureName"], "cacheFile": ["cachePath"]}
TYPES = {".ma": "mayaAscii", ".mb": "mayaBinary"}


class RefusedError(TypeError):
    """Maya has no such command, or not with these flags."""


class FakeMaya:
    """The state of one Maya; ``modules`` is what it can be imported as."""

    def __init__(self, stubs, folder):
        self.stubs = stubs if isinstance(stubs, Stubs) else Stubs(stubs)
        self.folder = Path(folder)
        self.batch = False
        self.refused = []
        self.calls = []
        self.changes = []
        self.scene = ""
        self.modified = False
        self.project = f"{self.folder.as_posix()}/project/"
        self.nodes = {}
        self.faults = {}
        self.current_layer = "defaultRenderLayer"
        self.options = {}
        self.waits = []
        self.dialogs = []
        self.answers = []
        self.shelves = {"Custom": [], "Rendering": []}
        self.saved_shelves = {}
        self.selected = "Rendering"
        self.waiting = []
        self.counter = 0
        self.thread = threading.current_thread()
        self.renderers = {"arnold", "mayaSoftware"}
        self.add(
            "defaultRenderGlobals", "renderGlobals", startFrame=1.0, endFrame=10.0, byFrameStep=1.0, animation=True
        )
        self.nodes["defaultRenderGlobals"].update(currentRenderer="arnold", skipExistingFrames=False)
        self.nodes["defaultRenderGlobals"].update(modifyExtension=False, imageFilePrefix="")
        self.add("defaultRenderLayer", "renderLayer", renderable=True, shown="masterLayer")
        self.add_camera("persp")

    # What a test prepares.

    def add(self, node, kind, **attributes):
        """A node."""
        self.nodes[node] = {"kind": kind, **attributes}

    def add_camera(self, name, renderable=True):
        """A camera and its shape."""
        self.add(name, "transform")
        self.add(name + "Shape", "camera", renderable=renderable, parent=name)

    def add_layer(self, shown, renderable=True, **more):
        """A render layer, as Render Setup makes it; the node's name."""
        node = "rs_" + re.sub(r"\W", "_", shown)
        self.add(node, "renderLayer", renderable=renderable, shown=shown, **more)
        return node

    def open_scene(self, path):
        """The scene has that name, and is on the disk."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("//Maya ASCII scene\n")
        self.scene = Path(path).as_posix()
        return Path(path)

    def idle(self):
        """Maya has nothing else to do."""
        while self.waiting:
            self.waiting.pop(0)()

    def restart(self):
        """Maya is ended, which saves its shelves, and started again."""
        for shelf in self.shelves.values():
            for button in shelf:
                button["flags"] = {name: value for name, value in button["flags"].items() if name in KEPT}
        self.dialogs, self.waiting = [], []

    def buttons(self):
        """All buttons, by shelf."""
        return [(shelf, button) for shelf, buttons in self.shelves.items() for button in buttons]

    def click(self, button):
        """Somebody presses the button."""
        assert button["flags"]["sourceType"] == "python"
        exec(compile(button["flags"]["command"], "shelf", "exec"), {"__name__": "__main__"})

    # What the product sees.

    def modules(self):
        """By name, what Python imports."""
        maya = types.ModuleType("maya")
        maya.__path__ = []
        maya.cmds, maya.mel, maya.utils = Commands(self), types.ModuleType("mel"), types.ModuleType("utils")
        maya.mel.eval, maya.utils.executeDeferred = self.mel, self.defer
        maya.standalone = types.ModuleType("standalone")
        maya.standalone.initialize = maya.standalone.uninitialize = lambda **_: None
        names = ("cmds", "mel", "utils", "standalone")
        return {"maya": maya, **{"maya." + name: getattr(maya, name) for name in names}}

    def call(self, command, arguments, flags):
        """One command; most may only be called in Maya's own thread."""
        self.calls.append((command, arguments, flags))
        fault = self.stubs.fault(command, flags)
        if threading.current_thread() is not self.thread:
            fault = f"{command} is called in another thread"
        if fault:
            self.refused.append(fault)
            raise RefusedError(fault)
        if command in self.faults:
            raise RuntimeError(self.faults[command])
        return getattr(self, "do_" + command)(*arguments, **flags)

    def defer(self, function, *arguments):
        """Another thread may ask for this too."""
        self.waiting.append(lambda: function(*arguments))

    def mel(self, text):
        """The few pieces of MEL that are known."""
        self.calls.append(("mel", (text,), {}))
        if "mel" in self.faults:
            raise RuntimeError(self.faults["mel"])
        if "$gShelfTopLevel;" in text:
            return TOP if self.shelves is not None else ""
        known = {
            r'addNewShelfTab "([^"]*)"': self.add_shelf,
            r'renderLayerDisplayName "([^"]*)"': lambda node: self.nodes[node]["shown"],
            r'mayaBatchRenderProcedure\(0, "", "([^"]*)", "([^"]*)", ""\)': self.render,
        }
        for pattern, answer in known.items():
            match = re.fullmatch(pattern, text)
            if match:
                return answer(*match.groups())
        self.refused.append(text)
        raise RefusedError(text)

    # About Maya.

    def do_about(self, batch=False, version=False):
        return self.batch if batch else "2025"

    def do_internalVar(self, userAppDir):
        return f"{self.folder.as_posix()}/maya app/"

    def do_waitCursor(self, state):
        self.waits.append(state)

    def do_optionVar(self, exists=None, intValue=None):
        if intValue:
            self.options[intValue[0]] = intValue[1]
        return exists in self.options

    def do_evalDeferred(self, function, lowestPriority):
        self.defer(function)

    def do_confirmDialog(self, message, button, **flags):
        answer = self.answers.pop(0) if self.answers else button[-1]
        assert answer in button, f"{answer} is none of {button}: {message}"
        self.dialogs.append((message, list(button)))
        return answer

    # Shelves.

    def add_shelf(self, name):
        self.shelves[name] = [dict(button) for button in self.saved_shelves.get(name, [])]
        self.selected = name
        return f"{TOP}|{name}"

    def do_shelfTabLayout(self, top, query=False, edit=False, selectTab=None, childArray=False, exists=False):
        assert top == TOP
        if edit:
            self.selected = selectTab
        elif childArray:
            return list(self.shelves) or None
        elif exists:
            return True
        return self.selected

    def do_shelfLayout(self, path, query=False, childArray=False, exists=False):
        name = path.split("|")[-1]
        if exists:
            return name in self.shelves
        return [button["name"] for button in self.shelves[name]] or None

    def do_objectTypeUI(self, path):
        return self.button(path)["kind"]

    def do_shelfButton(self, path="", query=False, edit=False, parent="", command=None, **flags):
        if query:
            if self.button(path)["kind"] != "shelfButton":
                raise RuntimeError(f"Object '{path}' is not a shelfButton")
            return self.button(path)["flags"].get("command")
        flags = {**flags, **({"command": command} if command is not None else {})}
        if edit:
            self.button(path)["flags"].update(flags)
            return path
        self.counter += 1
        button = {"name": f"shelfButton{self.counter}", "kind": "shelfButton", "flags": flags}
        self.shelves[parent.split("|")[-1]].append(button)
        return f"{parent}|{button['name']}"

    def button(self, path):
        _, shelf, name = path.split("|")
        return next(button for button in self.shelves[shelf] if button["name"] == name)

    # The scene.

    def do_file(self, path="", query=False, **flags):
        if query and "sceneName" in flags:
            return self.scene
        if query and "modified" in flags:
            return self.modified
        if "rename" in flags:
            self.scene = flags["rename"]
        elif "save" in flags:
            if "save" in self.faults:
                raise RuntimeError(self.faults["save"])
            assert flags.get("type", TYPES[Path(self.scene).suffix]) == TYPES[Path(self.scene).suffix]
            Path(self.scene).write_text("//Maya ASCII scene, saved\n")
            self.modified = False
        elif "open" in flags:
            if not os.path.isfile(path):
                raise RuntimeError(f"File not found: {path}")
            self.scene = path
        return self.scene

    def do_workspace(self, path="", query=False, rootDirectory=False, expandName=None, openWorkspace=False):
        if expandName is not None:
            return self.project + expandName
        if openWorkspace:
            self.project = path.rstrip("/") + "/"
        return self.project

    def do_currentTime(self, query):
        return 7.0

    def do_ls(self, **flags):
        kinds = {"cameras": "camera", "references": "reference"}
        kind = flags.get("type") or next((kinds[flag] for flag in flags if flag in kinds), None)
        if "defaultNodes" in flags:
            return ["defaultRenderGlobals"]
        if "showType" in flags:
            return [text for node, found in self.nodes.items() for text in (node, found["kind"])]
        return [node for node, found in self.nodes.items() if found["kind"] == kind] or None

    def do_getAttr(self, plug):
        node, _, attribute = plug.partition(".")
        value = self.nodes[node].get(attribute)
        if isinstance(value, Exception):
            raise value
        return value

    def do_setAttr(self, plug, value):
        self.changes.append(plug)
        node, _, attribute = plug.partition(".")
        assert attribute in self.nodes[node]
        self.nodes[node][attribute] = value

    def do_listAttr(self, node, usedAsFilename, multi=False):
        return FILE_ATTRIBUTES.get(self.nodes[node]["kind"])

    def do_listRelatives(self, node, parent, path):
        return [self.nodes[node]["parent"]]

    def do_listConnections(self, plug):
        assert plug.endswith(".rlid")
        return None if self.nodes[plug.partition(".")[0]].get("is_left_over") else ["renderLayerManager"]

    def do_referenceQuery(self, node, isNodeReferenced=False, filename=False, withoutCopyNumber=False):
        if isNodeReferenced:
            return ":" in node
        if "path" not in self.nodes[node]:
            raise RuntimeError(f"Reference node '{node}' is not associated with a reference file.")
        return self.nodes[node]["path"]

    def do_filePathEditor(self, query, listDirectories=None, listFiles=None, withAttribute=False):
        known = {(os.path.dirname(n["path"]), n["path"], name) for name, n in self.nodes.items() if "path" in n}
        if listDirectories is not None:
            return sorted({folder for folder, _, _ in known}) or None
        files = [
            (os.path.basename(path), f"{name}.path") for folder, path, name in sorted(known) if folder == listFiles
        ]
        return [text for pair in files for text in pair]

    def do_editRenderLayerGlobals(self, currentRenderLayer):
        assert currentRenderLayer in self.nodes
        self.changes.append("current layer")
        self.current_layer = currentRenderLayer

    def do_renderSettings(self, fullPath, layer, camera, firstImageName=False, genericFrameImageName=""):
        if layer not in self.nodes or self.nodes[layer].get("is_gone"):
            raise RuntimeError(f"No object matches name: {layer}")
        frame = genericFrameImageName or "{:04d}".format(int(self.nodes["defaultRenderGlobals"]["startFrame"]))
        name = os.path.splitext(os.path.basename(self.scene))[0]
        return [f"{self.project}images/{layer}/{camera}/{name}.{frame}.exr"]

    # Rendering.

    def do_renderer(self, name, query, exists):
        return name in self.renderers

    def render(self, layer, renderer):
        """Writes the images of all frames that are set, for all cameras that are renderable."""
        settings = self.nodes["defaultRenderGlobals"]
        if "render" in self.faults:
            raise RuntimeError(self.faults["render"])
        for frame in range(int(settings["startFrame"]), int(settings["endFrame"]) + 1):
            for node in [node for node in self.nodes.values() if node["kind"] == "camera" and node["renderable"]]:
                name = os.path.splitext(os.path.basename(self.scene))[0]
                path = Path(f"{self.project}images/{layer}/{node['parent']}/{name}.{frame:04d}.exr")
                path.parent.mkdir(parents=True, exist_ok=True)
                if not (settings["skipExistingFrames"] and path.exists()) and "silent" not in self.faults:
                    path.write_text(f"{layer} {node['parent']} {renderer} {frame}\n")


class Commands(types.ModuleType):
    """``maya.cmds``: its commands are known once they are called."""

    def __init__(self, maya):
        super().__init__("maya.cmds")
        self._maya = maya

    def __getattr__(self, command):
        if command.startswith("__"):
            raise AttributeError(command)
        return lambda *arguments, **flags: self._maya.call(command, arguments, flags)


def install(maya):
    """Makes this Python one of Maya's."""
    sys.modules.update(maya.modules())
    return maya
