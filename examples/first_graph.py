"""The idea in one file: frames are rendered in chunks, checked as soon as they are there, and counted at the end.

    flowpipe-deadline run examples/first_graph.py      each task on a worker of this machine, as on a farm
    python examples/first_graph.py                     all of it in this process

Both print the same result.
"""
# ruff: noqa: N802 (nodes are named like classes, as in flowpipe)
# mypy: allow-untyped-decorators

import math

from flowpipe import Graph, Node


@Node(outputs=["images", "light", "samples"], metadata={"batch": {"size": 6, "merge": {"samples": "sum"}}})
def Render(frames: list[int], scene: str) -> dict[str, object]:
    """Runs for 6 frames at a time. Afterwards lists are joined, dicts united, and ``samples`` added up."""
    images = [f"{scene}.{frame:04d}.exr" for frame in frames]
    light = {frame: round(math.sin(frame / 8) ** 2, 2) for frame in frames}
    return {"images": images, "light": light, "samples": 64 * len(frames)}


@Node(outputs=["checked"], metadata={"batch": {"size": 6, "over": ["frames", "images"]}})
def Check(frames: list[int], images: list[str]) -> dict[str, object]:
    """Starts when its own 6 frames are rendered, and gets their images only."""
    print(f"Checking {images[0]} to {images[-1]}")  # Goes into the task's log.
    return {"checked": [f".{frame:04d}." in image for frame, image in zip(frames, images)]}


@Node(outputs=["good", "brightest", "samples"])
def Report(checked: list[bool], light: dict[int, float], samples: int) -> dict[str, object]:
    """Runs once, when all frames are checked, and gets the merged values."""
    return {"good": sum(checked), "brightest": max(light, key=lambda frame: light[frame]), "samples": samples}


def build(frames: int = 24, scene: str = "lighthouse") -> Graph:
    """The parameters are options of the command line: ``--frames 48``."""
    graph, numbers = Graph(name="First"), list(range(1, frames + 1))
    render, report = Render(graph=graph, frames=numbers, scene=scene), Report(graph=graph)
    check = Check(graph=graph, frames=numbers)
    render.outputs["images"].connect(check.inputs["images"])
    for source, name in ((check, "checked"), (render, "light"), (render, "samples")):
        source.outputs[name].connect(report.inputs[name])
    return graph


if __name__ == "__main__":
    (graph := build()).evaluate()
    print({name: plug.value for name, plug in graph["Report"].outputs.items()})
