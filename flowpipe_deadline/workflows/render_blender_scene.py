"""Render this scene, in Blender: a reference that studios replace by their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any

from flowpipe import Graph

from ..core.names import unique_keys
from .annotations import Camera, Frames, InputFile, Parameter, RenderLayers
from .blender_nodes import RenderBlenderLayer
from .check_frames import CheckFrames
from .parameters import ParameterError


def render_blender_scene(  # noqa: PLR0913, PLR0917  (its parameters are fields of a dialog)
    scene: Annotated[InputFile, Parameter(file_filters=("*.blend",))],
    frames: Frames,
    layers: RenderLayers = (),
    camera: Camera = "",
    renderer: str = "",
    outputs: Annotated[Sequence[Path], Parameter(label="Output")] = (),
    run_scripts: bool = True,
    chunk_size: Annotated[int, Parameter(label="Frames per task", min_value=1)] = 5,
) -> Graph:
    """Renders a Blender scene: each view layer in chunks of its frames, then a check that all images are there.

    Args:
        scene: The .blend file; all workers must see it, and what it links.
        frames: The frames to render.
        layers: The view layers to render, a job for each; if none, all together, with the compositor.
        camera: The camera to look through; if empty, the scene's own.
        renderer: The render engine, such as CYCLES; if empty, the scene's own.
        outputs: Where the images go, # for the digits of the frame; if empty, where the scene says.
        run_scripts: Run the Python in the scene: its scripts, and drivers that need it.
        chunk_size: How many frames a worker renders before it opens the scene anew.

    Raises:
        ParameterError: There is more than one output, or its path is relative.
    """
    if len(outputs) > 1:
        raise ParameterError("outputs", "is one path: a path with a comma is written in quotes and brackets, ['…']")
    if outputs and not (outputs[0].is_absolute() or PureWindowsPath(str(outputs[0])).is_absolute()):
        raise ParameterError("outputs", f"must be a full path, as workers have other current folders: {outputs[0]}")
    metadata: dict[str, Any] = {"interpreter": "blender", "batch_size": chunk_size}
    if outputs and Path(outputs[0]).is_absolute():
        metadata["deadline"] = {"output_directories": [str(outputs[0].parent)]}
    graph = Graph(name=scene.stem)
    chosen = list(dict.fromkeys(layers)) or [""]
    for layer, key in zip(chosen, unique_keys(chosen)):
        suffix = f"_{key}" if layer else ""
        render = RenderBlenderLayer(
            graph=graph,
            name=f"Render{suffix}",
            metadata=metadata,
            frames=list(frames),
            scene=scene,
            layer=layer,
            camera=camera,
            renderer=renderer,
            output=outputs[0] if outputs else "",
            run_scripts=run_scripts,
        )
        check = CheckFrames(graph=graph, name=f"Check{suffix}")
        render.outputs["files"].connect(check.inputs["files"])
    return graph
