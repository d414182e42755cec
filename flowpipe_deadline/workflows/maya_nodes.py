"""Nodes that are evaluated in Maya (``mayapy``).

The evaluator has initialised Maya before it calls them, and shuts it down once the result is written. Workers load this
module: the standard library, flowpipe and, inside functions, Maya.
"""

from __future__ import annotations

import os
from typing import Any, Sequence

from flowpipe import Node


@Node(outputs=["files"], metadata={"interpreter": "maya"})
def RenderMayaLayer(  # noqa: N802, PLR0913, PLR0917  (nodes are named like classes; inputs are given by name)
    frames: Sequence[int],
    scene: Any,
    layer: str,
    camera: str = "",
    renderer: str = "",
    project: Any = "",
) -> dict[str, list[str]]:
    """The images that Maya says it writes for the frames of one render layer.

    Each frame is rendered by ``mayaBatchRenderProcedure``, the MEL procedure that Maya's own ``Render`` calls, and that
    passes it on to the procedure that the renderer has registered. Images go where the scene says, under the frames'
    own numbers.
    Renderers that do not keep the names of images in Maya's common render settings need a node of their own.

    Args:
        frames: The frames.
        scene: The file of the scene.
        layer: A render layer, by the name that people see.
        camera: A camera; without one, all that are renderable.
        renderer: A renderer, such as ``arnold``; without one, what the scene says for the layer.
        project: The folder of the Maya project; without one, images go where Maya decides.

    Raises:
        ValueError: The scene has no such layer, camera or renderer, or no camera to render.
        RuntimeError: Maya cannot open the scene, or the renderer fails or leaves an earlier image as it was.
    """
    from maya import cmds, mel  # noqa: PLC0415  (exists in Maya only)

    if project:
        cmds.workspace(_maya_path(project), openWorkspace=True)
    cmds.file(_maya_path(scene), open=True, force=True, prompt=False)
    node = _layer_node(layer)
    cmds.editRenderLayerGlobals(currentRenderLayer=node)  # Before anything is set, as a layer may override it.
    cameras = _set_cameras(camera)
    renderer = renderer or str(cmds.getAttr("defaultRenderGlobals.currentRenderer"))
    if not cmds.renderer(renderer, query=True, exists=True):
        raise ValueError(f"This worker's Maya has no renderer '{renderer}'; its plug-in may be missing")
    for name, value in {"animation": True, "modifyExtension": False, "byFrameStep": 1}.items():
        cmds.setAttr(f"defaultRenderGlobals.{name}", value)
    may_skip = bool(cmds.getAttr("defaultRenderGlobals.skipExistingFrames"))
    files: list[str] = []
    for count, frame in enumerate(frames, start=1):
        for name in ("startFrame", "endFrame"):
            cmds.setAttr(f"defaultRenderGlobals.{name}", frame)
        images = _image_names(node, cameras)
        before = [_state(image) for image in images]
        mel.eval(f'mayaBatchRenderProcedure(0, "", "{node}", "{renderer}", "")')
        for image, state in zip(images, before):
            if state is not None and state == _state(image) and not may_skip:
                raise RuntimeError(f"Maya has not rendered {image}: it is an earlier image. See the lines above")
        files += images
        print(f"Progress: {100 * count // len(frames)}%", flush=True)  # noqa: T201  (the plugin shows it)
    return {"files": files}


def _maya_path(path: Any) -> str:
    return str(path).replace("\\", "/") if os.name == "nt" else str(path)


def _layer_node(layer: str) -> str:
    """The node of a render layer, by the name that people see."""
    from maya import cmds, mel  # noqa: PLC0415

    nodes = {mel.eval(f'renderLayerDisplayName "{node}"'): node for node in cmds.ls(type="renderLayer") or ()}
    if layer not in nodes:
        raise ValueError(f"The scene has no render layer '{layer}'; it has {', '.join(map(str, nodes))}")
    return str(nodes[layer])


def _set_cameras(camera: str) -> list[str]:
    """Makes one camera the only renderable one; without one, all stay as they are. Those that are rendered."""
    from maya import cmds  # noqa: PLC0415

    shapes = {cmds.listRelatives(shape, parent=True, path=True)[0]: shape for shape in cmds.ls(cameras=True) or ()}
    if camera and camera not in shapes:
        raise ValueError(f"The scene has no camera '{camera}'; it has {', '.join(shapes)}")
    if camera:
        for name, shape in shapes.items():
            cmds.setAttr(f"{shape}.renderable", name == camera)
        return [camera]
    cameras = [name for name, shape in shapes.items() if cmds.getAttr(f"{shape}.renderable")]
    if not cameras:
        raise ValueError("The scene has no renderable camera: name one")
    return cameras


def _image_names(layer: str, cameras: Sequence[str]) -> list[str]:
    """The images of the frame that is set, with their full paths."""
    from maya import cmds  # noqa: PLC0415

    return [
        image
        for camera in cameras
        for image in cmds.renderSettings(firstImageName=True, fullPath=True, layer=layer, camera=camera)
    ]


def _state(image: str) -> tuple[int, int, int] | None:
    """What changes when a file is written; None if there is none."""
    try:
        found = os.stat(image)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
