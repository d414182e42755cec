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


def chain(frames, *, size):
    """Render, a check that is batched over the same frames and its images, and a node that takes all of it."""
    graph = Graph(name="chain")
    render = nodes.Render(name="render", graph=graph, frames=list(frames), metadata={"batch_size": size})
    check = nodes.Check(
        name="check",
        graph=graph,
        frames=list(frames),
        metadata={"batch": {"size": size, "over": ["frames", "images"]}},
    )
    last = nodes.Pass(name="last", graph=graph)
    render.outputs["items"].connect(check.inputs["images"])
    check.outputs["images"].connect(last.inputs["value"])
    return graph


@pytest.mark.parametrize("seconds", [0, 1], ids=["fixed chunks", "adaptive chunks"])
@pytest.mark.parametrize("frames", FRAMES.values(), ids=FRAMES)
def test_a_chain_gives_what_it_gives_in_one_process(frames, seconds, tmp_path):
    """Whatever the frames, and whoever says how large a chunk is."""
    expected = expected_outputs(chain(frames, size=2))

    outputs = outputs_by_openjd(chain(frames, size=2), tmp_path, seconds=seconds)

    assert outputs == expected
