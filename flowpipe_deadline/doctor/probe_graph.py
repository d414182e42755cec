"""The graph that is sent to the farm: three nodes with known outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowpipe import Graph

from ..core.errors import FlowpipeDeadlineError
from ..core.text import counted
from ..evaluator import probe_nodes
from ..results.outputs import NodeResults
from .report import Check

SQUARE, SHIFT, TOTAL = "square", "shift", "total"
_PYTHON = "python"  # The output that differs between workers.


def build_graph(frames: Sequence[Any] = range(1, 7)) -> Graph:
    """A node cut by two frames, one behind it by three, frame by frame, and one that needs all."""
    graph = Graph(name="doctor")
    by_two = {"batch": {"size": 2, "over": ["frames"], "merge": {_PYTHON: "first"}}}
    by_three = {"batch": {"size": 3, "over": ["frames", "values"], "merge": {_PYTHON: "first"}}}
    square = probe_nodes.square(name=SQUARE, graph=graph, frames=list(frames), metadata=by_two)
    shift = probe_nodes.shift(name=SHIFT, graph=graph, frames=list(frames), metadata=by_three)
    total = probe_nodes.total(name=TOTAL, graph=graph)
    square.outputs["values"].connect(shift.inputs["values"])
    shift.outputs["values"].connect(total.inputs["values"])
    return graph


def expected_outputs() -> dict[str, dict[str, Any]]:
    """What ``graph.evaluate()`` gives, by node and output."""
    graph = build_graph()
    graph.evaluate()
    return {
        node.name: {name: plug.value for name, plug in node.outputs.items() if name != _PYTHON} for node in graph.nodes
    }


def check_outputs(results: Mapping[str, NodeResults], *, seconds: float) -> Check:
    """Whether the farm gave what ``graph.evaluate()`` gives, after so many seconds."""
    pythons, wrong = set(), []
    for node, outputs in expected_outputs().items():
        try:
            given = results[node].outputs()
        except FlowpipeDeadlineError as error:
            wrong.append(f"{node}: {error}")
            continue
        pythons.add(str(given.get(_PYTHON)))
        differing = [name for name, value in outputs.items() if given.get(name) != value]
        wrong += [f"{node}.{name} is {given.get(name)!r} where {outputs[name]!r} was expected" for name in differing]
    details = {"pythons": sorted(pythons), "differences": wrong, "seconds": seconds}
    if wrong:
        return Check("graph", "problem", "; ".join(wrong), "please report this, with --output json", details)
    tasks = sum(len(result.chunks) for result in results.values())
    work = f"{counted(tasks, 'task')} of {counted(len(results), 'job')}"
    found = f"{work} gave what graph.evaluate() gives, in {seconds:.2g} s, by Python {', '.join(sorted(pythons))}"
    return Check("graph", "ok", found, details=details)
