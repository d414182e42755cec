"""Render this scene, in Maya: a reference that studios replace by their own."""

from __future__ import annotations

from typing import Annotated

from flowpipe import Graph

from ..core.names import unique_keys
from .annotations import Camera, Folder, Frames, InputFile, Parameter, RenderLayers
from .check_frames import CheckFrames
from .maya_nodes import RenderMayaLayer
from .parameters import ParameterError


def render_scene(  # noqa: PLR0913, PLR0917  (its parameters are fields of a dialog)
    scene: Annotated[InputFile, Parameter(file_filters=("*.ma", "*.mb"))],
    frames: Frames,
    layers: RenderLayers,
    camera: Camera = "",
    renderer: str = "",
    project: Folder | None = None,
    chunk_size: Annotated[int, Parameter(min_value=1)] = 5,
) -> Graph:
    """Renders a Maya scene: each render layer in chunks of its frames, then a check that all images are there.

    Args:
        scene: The scene; all workers must see it, and what it refers to.
        frames: The frames to render.
        layers: The render layers to render, a job for each.
        camera: The camera to render; if empty, all that are renderable in the scene.
        renderer: The renderer, such as arnold; if empty, what the scene says for each layer.
        project: The Maya project; its rules say where images go.
        chunk_size: How many frames a worker renders before it opens the scene anew.

    Raises:
        ParameterError: There is no layer to render.
    """
    if not layers:
        raise ParameterError("layers", "names none: choose at least one render layer")
    graph = Graph(name=scene.stem)
    chosen = list(dict.fromkeys(layers))
    for layer, name in zip(chosen, unique_keys(chosen)):
        render = RenderMayaLayer(
            graph=graph,
            name=f"Render_{name}",
            frames=list(frames),
            scene=scene,
            layer=layer,
            camera=camera,
            renderer=renderer,
            project=project or "",
            metadata={"interpreter": "maya", "batch_size": chunk_size},
        )
        check = CheckFrames(graph=graph, name=f"Check_{name}")
        render.outputs["files"].connect(check.inputs["files"])
    return graph
