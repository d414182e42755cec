"""Nodes that are evaluated in Blender, or in a Python that has its module ``bpy``.

Workers load this module: the standard library, flowpipe, what of this package is made for them, and, inside functions,
Blender.
"""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Sequence

from flowpipe import Node

from ..core.errors import FlowpipeDeadlineError
from ..core.files import write_whole
from ..core.names import unique_keys
from ..core.rights import make_folder, try_to_write
from ..core.text import listing

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BlenderError(FlowpipeDeadlineError):
    """Blender cannot render what it was asked for."""

    exit_code = 1


@Node(outputs=["files"], metadata={"interpreter": "blender"})
def RenderBlenderLayer(  # noqa: N802, PLR0913, PLR0917  (nodes are named like classes; inputs are given by name)
    frames: Sequence[int],
    scene: Any,
    layer: str = "",
    camera: str = "",
    renderer: str = "",
    output: Any = "",
    run_scripts: bool = True,
) -> dict[str, list[Path]]:
    """The images of the frames, which Blender renders as F12 does, one by one.

    Each appears whole, under the number of its frame: a task that is killed leaves no half image that counts.

    Args:
        frames: The frames.
        scene: The .blend file.
        layer: A view layer. Of a scene with several, it is rendered alone, without the compositor, into a folder of its
            own; without one, all that are switched on are rendered together, as the compositor wants them.
        camera: A camera; without one, the scene's own.
        renderer: A render engine, such as ``CYCLES``; without one, the scene's own.
        output: Where the images go, ``#`` for the digits of the frame; without it, where the scene says.
        run_scripts: Whether Python in the scene is run: its scripts, and drivers that need it.

    Raises:
        BlenderError: The scene cannot be opened, lacks something, or a frame cannot be rendered.
    """
    import bpy  # noqa: PLC0415  (exists in Blender only)

    _open(scene, run_scripts)
    blend = bpy.context.scene
    _choose_layer(blend, layer)
    if renderer:
        _set_renderer(blend, renderer)
    if camera:
        _set_camera(blend, camera)
    if output:
        blend.render.filepath = _literal(blend, str(output))
    if blend.render.is_movie_format:
        raise BlenderError(f"{scene} writes a movie: choose a format of single images in its Output Properties")
    subfolder = ""
    if layer and len(blend.view_layers) > 1:
        names = [item.name for item in blend.view_layers]
        subfolder = dict(zip(names, unique_keys(names)))[layer]
    template = blend.render.filepath
    files: list[Path] = []
    for count, frame in enumerate(frames, start=1):
        blend.render.filepath = template
        files += _render(blend, frame, subfolder)
        print(f"Progress: {100 * count // len(frames)}%", flush=True)  # noqa: T201  (the plugin shows it)
    return {"files": files}


def _open(path: Any, run_scripts: bool) -> None:
    """Opens the file, with all libraries that it links."""
    import bpy  # noqa: PLC0415

    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=run_scripts)
    except RuntimeError as error:
        raise BlenderError(_words(error)) from error
    # Blender goes on without them, and the frames would lack what is in them. All are relative to the opened file.
    linked = [bpy.path.abspath(library.filepath) for library in bpy.data.libraries if not library.packed_file]
    missing = [os.path.normpath(library) for library in linked if not os.path.isfile(library)]
    if missing:
        raise BlenderError(
            f"This worker does not see what {path} links: {listing(missing)}. Mount what holds it, or mend the links."
        )


def _choose_layer(blend: Any, layer: str) -> None:
    """Makes one view layer the only one that is rendered; without one, all that are switched on are."""
    layers = {item.name: item for item in blend.view_layers}
    if layer and layer not in layers:
        raise BlenderError(f"{blend.name} has no view layer '{layer}'; it has {', '.join(layers)}")
    blend.render.use_single_layer = False
    used = [name for name, item in layers.items() if item.use]
    if not layer and not used:
        raise BlenderError(f"{blend.name} has no view layer that is used for rendering: switch one on")
    if layer and set(used) - {layer}:
        blend.render.use_compositing = False  # It would get empty images of the others.
    # render(layer=…) renders all layers that are switched on (findings/bpy-render-layer).
    for name, item in layers.items() if layer else ():
        item.use = name == layer


def _set_renderer(blend: Any, renderer: str) -> None:
    try:
        blend.render.engine = renderer
    except TypeError as error:
        raise BlenderError(f"This Blender has no render engine '{renderer}'; its add-on may be missing") from error


def _set_camera(blend: Any, camera: str) -> None:
    """Looks through this camera, also where markers would switch to another."""
    cameras = {item.name: item for item in blend.objects if item.type == "CAMERA"}
    if camera not in cameras:
        raise BlenderError(f"{blend.name} has no camera '{camera}'; it has {', '.join(cameras) or 'none'}")
    for marker in blend.timeline_markers:
        marker.camera = None
    blend.camera = cameras[camera]


def _render(blend: Any, frame: int, subfolder: str) -> list[Path]:
    """The images of one frame; there are several where each eye has its own."""
    try:
        blend.frame_set(frame)  # Setting frame_current keeps a part of a frame (bpy 4.5.15).
        image = Path(os.path.abspath(blend.render.frame_path(frame=frame)))
        folder = image.parent / subfolder
        make_folder(folder)
        try_to_write(folder)
    except (OSError, RuntimeError) as error:
        raise BlenderError(f"Frame {frame} cannot be written: {_words(error)}") from error
    written_to = Path(tempfile.gettempdir())
    try:
        images = _images(blend, frame, image.name)
        written_to = folder
        for name, data in images.items():
            write_whole(folder / name, data)
    except (OSError, RuntimeError) as error:
        is_full = isinstance(error, OSError) and error.errno in _FULL
        remedy = f". Make room in {written_to}, and render this frame again." if is_full else ""
        raise BlenderError(f"Frame {frame} was not rendered: {_words(error)}{remedy}") from error
    return [folder / name for name in images]


def _images(blend: Any, frame: int, name: str) -> dict[str, bytes]:
    """The images of the frame by their names.

    On a full disk, Blender cuts an image without an error (findings/bpy-full-disk.sh), and reading it does not tell.
    So it writes to the worker's own disk, where nobody else makes room before this is noticed.
    """
    import bpy  # noqa: PLC0415

    folder = tempfile.mkdtemp(prefix="flowpipe-")
    try:
        # The name as it is to be: write_still replaces no # by the frame's number (bpy 5.0.1).
        blend.render.filepath = _literal(blend, os.path.join(folder, name))
        try:
            state = bpy.ops.render.render(write_still=True)
        finally:
            _check_room(folder, 4 * blend.render.resolution_x * blend.render.resolution_y)
        if "FINISHED" not in state or not os.listdir(folder):
            raise BlenderError(f"Frame {frame} was not rendered: see the lines above ({', '.join(state)})")
        return {name: Path(folder, name).read_bytes() for name in sorted(os.listdir(folder))}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_room(folder: str, size: int) -> None:
    """Raises OSError if the disk is full, or lacks room for so many bytes: some systems write all of them or none."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(os.urandom(2**20) * (1 + size // 2**20))  # Some disks compress.


def _literal(blend: Any, path: str) -> str:
    """The path, for a setting where Blender 4.5 and newer fill in ``{names}``."""
    before, blend.render.filepath = blend.render.filepath, "{{"
    has_names = "{{" not in blend.render.frame_path(frame=1)
    blend.render.filepath = before
    return path.replace("{", "{{").replace("}", "}}") if has_names else path


def _words(error: Exception) -> str:
    """What Blender says, on one line."""
    return " ".join(re.sub("^Error: ", "", str(error), flags=re.MULTILINE).split())
