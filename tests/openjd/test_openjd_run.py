"""Graphs through the official ``openjd run``, against ``graph.evaluate()``: equal outputs, types included."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import expected_outputs
from openjd_runs import outputs_by_openjd

FRAMES = {
    "a range": range(1, 32),
    "one frame": [7],
    "steps": range(1, 42, 10),
    "gaps": [7, 9, 20],
    "another order": [5, 3, 9, 1],
    "repeats": [2, 2, 3],
    "negative frames": [-3, -2, -1, 0, 1],
}


def chains():
    """For each kind of frames, a render; for two, also a check that is batched over the same frames and the images."""
    graph = Graph(name="chains")
    for kind, frames in FRAMES.items():
        size = 10 if len(frames) > 5 else 2
        render = nodes.Render(name=kind, graph=graph, frames=list(frames), metadata={"batch_size": size})
        if kind in ("a range", "another order"):
            over = {"size": size, "over": ["frames", "images"]}
            check = nodes.Check(name=f"{kind}, checked", graph=graph, frames=list(frames), metadata={"batch": over})
            render.outputs["items"].connect(check.inputs["images"])
    return graph


@pytest.mark.parametrize("seconds", [0, 1], ids=["fixed chunks", "adaptive chunks"])
def test_chains_give_what_they_give_in_one_process(seconds, tmp_path):
    """Whatever the frames, and whoever says how large a chunk is."""
    expected = expected_outputs(chains())

    outputs = outputs_by_openjd(chains(), tmp_path, seconds=seconds, is_warm=seconds > 0)

    assert outputs == expected
