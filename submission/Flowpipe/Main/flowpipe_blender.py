"""What the button in Blender does: has the scene saved, looks at it without changing it, and opens the submit dialog.

The add-on gets this file from the repository and calls ``question`` and ``submit``. The standard library and Blender's
module only, valid from Python 3.7, and from Blender 3.0.
"""

from __future__ import annotations

import os
import re
import textwrap
from functools import partial
from typing import Any, Dict, Iterator, List, Optional, Tuple

import bpy
import flowpipe_client
from flowpipe_client import ClientError

SAVE, NEW_VERSION, AS_SAVED = "SAVE", "NEW_VERSION", "AS_SAVED"
"""What to do about unsaved changes; the values of the operator's property ``unsaved``."""
TITLE = "Submit with Flowpipe"
FILES = (
    ("libraries", "reference"),
    ("images", "texture"),
    ("movieclips", "texture"),
    ("fonts", "reference"),
    ("sounds", "reference"),
    ("cache_files", "cache"),
    ("volumes", "cache"),
)
"""The collections of ``bpy.data`` whose items have a file, and the role of that file."""
SECONDS_TO_OPEN = 180.0
"""How long Blender waits for the dialog. It takes about a second, and some more where Deadline is asked first."""
SECONDS_BETWEEN_LOOKS = 0.5


def question() -> Tuple[str, str]:
    """What to ask before ``submit``, and the answer to propose; empty if there is nothing to ask.

    Raises:
        ClientError: The scene has no name.
    """
    scene = _scene_path()
    name = os.path.basename(scene)
    if not os.path.isfile(scene):
        return "{} is not on the disk any more.".format(name), SAVE
    if not bpy.data.is_dirty:
        return "", AS_SAVED
    if not _is_writable(scene):
        return "{} has unsaved changes, and is read-only.".format(name), NEW_VERSION
    return "{} has unsaved changes. Workers render what is on the disk.".format(name), SAVE


def submit(unsaved: str) -> None:
    """Opens the dialog for the scene, after saving it as ``unsaved`` says.

    Raises:
        ClientError: The scene has no name, cannot be saved, or is not on the disk; or the dialog does not open.
    """
    scene = _scene_path()
    if unsaved == NEW_VERSION:
        scene = _next_version(scene)
        _save(scene, partial(bpy.ops.wm.save_as_mainfile, filepath=scene))
    elif unsaved == SAVE:
        if os.path.isfile(scene) and not _is_writable(scene):
            raise ClientError("{} is read-only. Save it as a new version, or submit it as it is on disk.".format(scene))
        _save(scene, bpy.ops.wm.save_mainfile)
    elif not os.path.isfile(scene):
        raise ClientError("{} is not on the disk any more. Save it, and submit again.".format(scene))
    facts, warnings = scene_facts(scene)
    if bpy.data.is_dirty and not bpy.app.background:  # Without windows, nobody knows (bpy 4.5.15, Blender 3.4.1).
        warnings.insert(0, "The scene has unsaved changes. Workers render what is on the disk.")
    files = scene_files(scene, facts)
    failures: List[str] = []
    # Without a thread: Blender may crash where Python runs in one while Blender itself is at work (3.4.1).
    opening = flowpipe_client.open_dialog(
        "blender", bpy.app.version_string, facts, files, warnings, on_failure=failures.append, in_thread=False
    )
    if bpy.app.background:  # It may end as soon as this returns.
        opening.wait_until_open(SECONDS_TO_OPEN)
    if opening.failure:
        raise ClientError(opening.failure)
    if not bpy.app.background:
        bpy.app.timers.register(
            partial(_show_failure, opening, failures), first_interval=SECONDS_BETWEEN_LOOKS, persistent=True
        )


def _scene_path() -> str:
    if not bpy.data.filepath:
        raise ClientError("The scene has no name yet. Save it where all workers see it, and submit again.")
    return os.path.abspath(bpy.data.filepath)


def _is_writable(scene: str) -> bool:
    return os.access(scene, os.W_OK)


def _save(scene: str, save: Any) -> None:
    try:
        if "FINISHED" in save():
            return
        reason = "see the console"
    except RuntimeError as error:
        reason = _words(error)
    raise ClientError("{} is not saved: {}".format(scene, reason))


def _words(error: RuntimeError) -> str:
    """What Blender says, on one line."""
    return " ".join(re.sub("^Error: ", "", str(error), flags=re.MULTILINE).split())


def _next_version(scene: str) -> str:
    try:
        return next(flowpipe_client.free_versions(scene, ()))
    except OSError as error:
        raise ClientError("{} cannot be read: {}".format(os.path.dirname(scene), error.strerror or error)) from error


def scene_facts(scene: str) -> Tuple[Dict[str, Any], List[str]]:
    """What a workflow may want to know of the scene, and what is odd about it, in sentences."""
    warnings: List[str] = []
    blend = bpy.context.scene
    facts: Dict[str, Any] = {
        "scene": scene,
        "project": os.path.dirname(scene),
        "cameras": [item.name for item in blend.objects if item.type == "CAMERA" and not item.hide_render],
        "layers": [layer.name for layer in blend.view_layers if layer.use],
        "renderer": blend.render.engine,
    }
    if blend.render.use_single_layer:
        facts["layers"] = [bpy.context.view_layer.name]
    _add_frames(facts, warnings)
    _add_camera(facts, warnings)
    _add_outputs(facts, warnings)
    if not facts["layers"]:
        warnings.append("No view layer is used for rendering: switch one on.")
    elif len(facts["layers"]) > 1 and _compositor_nodes():
        warnings.append("The compositor is left out where view layers are rendered one by one: choose none to use it.")
    if any(item != blend and not item.library for item in bpy.data.scenes):
        warnings.append("The file has several scenes, of which {} is rendered.".format(blend.name))
    if bpy.app.autoexec_fail:
        warnings.append("Blender has not run the Python in this scene here ({}).".format(bpy.app.autoexec_fail_message))
    return facts, warnings


def _add_frames(facts: Dict[str, Any], warnings: List[str]) -> None:
    """The frames as Deadline writes them; a warning if it has none such."""
    blend = bpy.context.scene
    first, last, step = blend.frame_start, blend.frame_end, blend.frame_step
    if first < 0:
        warnings.append("The scene begins at frame {}, and Deadline has no frames below 0.".format(first))
        return
    text = str(first) if first == last else "{}-{}".format(first, last)
    facts["frames"] = text + ("x{}".format(step) if step > 1 and first != last else "")


def _add_camera(facts: Dict[str, Any], warnings: List[str]) -> None:
    """The camera that is rendered; none if markers switch between several, or there is none."""
    blend = bpy.context.scene
    if blend.camera is None:
        warnings.append("The scene has no camera to look through: set one.")
    elif not any(marker.camera for marker in blend.timeline_markers):
        facts["camera"] = blend.camera.name


def _add_outputs(facts: Dict[str, Any], warnings: List[str]) -> None:
    """Where the images go, with a ``#`` for each digit of the frame."""
    render = bpy.context.scene.render
    if render.is_movie_format:
        warnings.append("The scene writes a movie. Workers render single images: choose such a format.")
        return
    try:
        long, short = (os.path.abspath(render.frame_path(frame=frame)) for frame in (111111, 1))
    except RuntimeError as error:  # Blender 4.5 and newer fill in {names}, and may not know one.
        warnings.append("Blender does not say where images go: {}".format(_words(error)))
        return
    before, _, after = long.rpartition("111111")
    facts["outputs"] = [before + "#" * (len(short) - len(before) - len(after)) + after]


def scene_files(scene: str, facts: Dict[str, Any]) -> List[Dict[str, str]]:
    """The files that belong to the scene, each once; the dialog judges whether workers see them."""
    files = {scene: {"path": scene, "role": "scene"}}
    for collection, role in FILES:
        for item in getattr(bpy.data, collection, ()):
            for path in _paths(item):
                files.setdefault(path, {"path": path, "role": role, "node": item.name})
    for path, node in _output_folders(facts):
        files.setdefault(path, {"path": path, "role": "output", "node": node})
    return list(files.values())


def _paths(item: Any) -> Iterator[str]:
    """The full paths of what the item reads from the disk; nothing if it is packed, made by Blender, or built in."""
    path = item.filepath
    if not path or path.startswith("<") or getattr(item, "packed_file", None) or not item.users:
        return
    if getattr(item, "source", "") in {"GENERATED", "VIEWER"}:
        return
    # What a library says is relative to the library.
    path = os.path.normpath(bpy.path.abspath(path, library=item.library))
    if getattr(item, "source", "") != "TILED":
        yield path
        return
    for tile in item.tiles:
        row, column = divmod(tile.number - 1001, 10)
        yield path.replace("<UDIM>", str(tile.number)).replace("<UVTILE>", "u{}_v{}".format(column + 1, row + 1))


def _output_folders(facts: Dict[str, Any]) -> Iterator[Tuple[str, str]]:
    """The folders that are rendered to, also by nodes of the compositor."""
    for output in facts.get("outputs", ()):
        yield os.path.dirname(output), ""
    for node in _compositor_nodes():
        if node.type == "OUTPUT_FILE" and not node.mute:
            folder = getattr(node, "directory", "") or getattr(node, "base_path", "")
            yield os.path.abspath(bpy.path.abspath(folder)), node.name


def _compositor_nodes() -> List[Any]:
    """The nodes of the compositor; none where it is switched off."""
    blend = bpy.context.scene
    if hasattr(blend, "compositing_node_group"):  # Blender 5.
        tree = blend.compositing_node_group
    else:
        tree = blend.node_tree if blend.use_nodes else None
    return list(tree.nodes) if tree and blend.render.use_compositing else []


def _show_failure(opening: Any, failures: List[str]) -> Optional[float]:
    """Shows why the dialog has ended, if that was an error."""
    is_over = opening.poll()
    if failures:
        _show(failures.pop())
    return None if is_over else SECONDS_BETWEEN_LOOKS


def _show(text: str) -> None:
    print("{}: {}".format(TITLE, text))
    manager = bpy.context.window_manager
    if not hasattr(bpy.context, "temp_override") or not manager.windows:  # Blender 3.2 and newer.
        return

    def draw(menu: Any, context: Any) -> None:  # noqa: ARG001
        for line in textwrap.wrap(text, 90):
            menu.layout.label(text=line)

    with bpy.context.temp_override(window=manager.windows[0]):
        manager.popup_menu(draw, title=TITLE, icon="ERROR")
