"""Runs a script of a test inside of Blender; what it tells is on the last line.

    blender_driver.py SCRIPT ADDON-FOLDER

The script has the names that are made here. For any Blender, and for its double. Where the script is ``-``, lines on
stdin name scripts and variables: each script finds a new scene.
"""

import faulthandler
import importlib
import json
import os
import sys
import time
import traceback

import bpy

IS_DOUBLE = "fake_blender" in bpy.__file__
CLIENT = ("flowpipe_proxy", "flowpipe_client", "flowpipe_blender")
script, addons = sys.argv[-2:]
sys.path.insert(0, addons)
import flowpipe_deadline_addon as addon  # noqa: E402  (it is in the folder that has just been added)

faulthandler.enable()  # Blender itself names the thread that has the lock, not the one that crashed.
told = []
tell = told.append
scene = bpy.context.scene


def save(path):
    """Saves the scene."""
    bpy.ops.wm.save_as_mainfile(filepath=os.fspath(path))


def press(*context, **options):
    """What the button answers; of an error, its text."""
    try:
        return "".join(bpy.ops.flowpipe.submit(*context, **options))
    except RuntimeError as error:
        return str(error).partition("Error: ")[2].strip()


def menu_entries():
    """How often the button is in the menu."""
    functions = getattr(bpy.types.TOPBAR_MT_render.draw, "_draw_funcs", ())
    return [function.__name__ for function in functions].count("draw_menu")


def wait_for_dialog():
    """Waits until the dialog has ended, and what it has to say is shown; for the double."""
    bpy.app.timers.run_all()


def wait_for(path):
    """Waits until the file is there."""
    end = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)


def render(scene, frames=(1,), **inputs):
    """The names of what the node renders, or its error."""
    from flowpipe import Graph

    from flowpipe_deadline.core.errors import FlowpipeDeadlineError
    from flowpipe_deadline.workflows.blender_nodes import RenderBlenderLayer

    node = RenderBlenderLayer(graph=Graph(), frames=list(frames), scene=os.fspath(scene), **inputs)
    try:
        node.evaluate()
    except FlowpipeDeadlineError as error:
        return str(error)
    return [os.fspath(file) for file in node.outputs["files"].value]


def prepare():
    """Makes the scene small, and the button there."""
    scene.render.engine = "CYCLES"
    if hasattr(scene, "cycles"):
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.device = 1, False, "CPU"
        scene.render.resolution_x = scene.render.resolution_y = 8
    addon.register()


def run(path=script):
    """Runs the script."""
    try:
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), globals())
        print("TOLD", json.dumps(told))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def run_alone():
    """Runs the script, and ends Blender."""
    prepare()
    run()
    os._exit(0)  # bpy 4.5.15 does not end where a class is registered.


def run_all():
    """Runs one script after the other, each as if Blender had just been started."""
    global addon, scene  # noqa: PLW0603  (scripts have them)
    for line in sys.stdin:
        path, variables = json.loads(line)
        os.environ.update(variables)
        if IS_DOUBLE:
            run_in_branch(path)
            continue
        addon = importlib.import_module("flowpipe_deadline_addon")
        bpy.ops.wm.read_homefile(use_factory_startup=True)
        scene = bpy.context.scene
        told.clear()
        prepare()
        run(path)
        addon.unregister()
        for name in [name for name in sys.modules if name.startswith(("flowpipe_deadline_addon", *CLIENT))]:
            del sys.modules[name]
        print("ENDED", flush=True)
    os._exit(0)


def run_in_branch(path):
    """Runs the script in a process that branches off from this one."""
    branch = os.fork()
    if branch == 0:
        prepare()
        run(path)
        os._exit(0)
    os.waitpid(branch, 0)
    print("ENDED", flush=True)


def run_in_window():
    """Runs the script as if somebody pressed keys in the window."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        run_alone()


if script == "-":
    run_all()
if bpy.app.background:
    run_alone()
bpy.app.timers.register(run_in_window, first_interval=1.0)  # When the window is there.
