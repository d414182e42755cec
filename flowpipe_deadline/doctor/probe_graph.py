"""The graph that is sent to the farm: three nodes with known outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowpipe import Graph

from ..core.errors import FlowpipeDeadlineError
from ..evaluator import probe_nodes
from ..results.outputs import NodeResults

SQUARE, SHIFT, TOTAL = "square", "shift", "total"
_FRAMES = list(range(1, 7))


def build_graph() -> Graph:
    """A node cut by two frames, one behind it by three, frame by frame, and one that needs all."""
    graph = Graph(name="doctor")
    merge = {"seconds": "sum", "python": "first"}
    by_two = {"batch": {"size": 2, "over": ["frames"], "merge": merge}}
    by_three = {"batch": {"size": 3, "over": ["frames", "values"], "merge": merge}}
    square = probe_nodes.square(name=SQUARE, graph=graph, frames=_FRAMES, metadata=by_two)
    shift = probe_nodes.shift(name=SHIFT, graph=graph, frames=_FRAMES, metadata=by_three)
    total = probe_nodes.total(name=TOTAL, graph=graph)
    square.outputs["values"].connect(shift.inputs["values"])
    shift.outputs["values"].connect(total.inputs["values"])
    return graph


def expected_outputs() -> dict[str, dict[str, Any]]:
    """What ``graph.evaluate()`` gives, by node and output."""
    graph = build_graph()
    graph.evaluate()
    return {
        node.name: {name: plug.value for name, plug in node.outputs.items() if name not in probe_nodes.MEASURES}
        for node in graph.nodes
    }


def differences(results: Mapping[str, NodeResults], expected: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Where the outputs are not as expected, in words."""
    found = []
    for node, outputs in expected.items():
        try:
            given = results[node].outputs()
        except FlowpipeDeadlineError as error:
            found.append(f"{node}: {error}")
            continue
        wrong = {name: given.get(name) for name in outputs if given.get(name) != outputs[name]}
        found += [f"{node}.{name} is {value!r} where {outputs[name]!r} was expected" for name, value in wrong.items()]
    return found
