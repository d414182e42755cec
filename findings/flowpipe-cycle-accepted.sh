#!/usr/bin/env bash
# flowpipe 1.3.0: a cycle of four nodes is accepted, and then nothing is computed.
#
# Expected: a connection that closes a cycle raises CycleError, however long the cycle is.
# Seen: with two or three nodes it does. With four, connected one after the other, it does
# not: what is downstream of a node is remembered, and a new connection makes only
# the nodes beside it forget. evaluate() then computes no node of the cycle and nothing
# behind it, and returns without an error.
# Matters: a wrong connection in a graph of any size turns into a job that does nothing.
# Control: the same four connections made backwards raise.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    flowpipe==1.3.0 ascii-canvas==2.0.1 typing-extensions==4.16.0

cat > check.py <<'PY'
from importlib.metadata import version
from flowpipe import Graph, INode, InputPlug, OutputPlug
from flowpipe.errors import CycleError


class Step(INode):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        InputPlug("value", self, 0)
        OutputPlug("value", self)

    def compute(self, value):
        ran.append(self.name)
        return {"value": value + 1}


def run(count, order=None):
    """Connect nodes in a circle, each to the next, and evaluate."""
    graph = Graph("shot")
    nodes = [Step(graph=graph, name=f"step{index}") for index in range(count)]
    pairs = [(nodes[index], nodes[(index + 1) % count]) for index in range(count)]
    for index in order or range(count):
        upstream, downstream = pairs[index]
        try:
            upstream.outputs["value"].connect(downstream.inputs["value"])
        except CycleError:
            return "CycleError"
    ran.clear()
    graph.evaluate()
    return f"accepted, {len(ran)} nodes computed"


ran = []
print("flowpipe", version("flowpipe"))
for count in (2, 3, 4, 5):
    print(f"{count} nodes:", run(count))
print("4 nodes, connected backwards:", run(4, (3, 2, 1, 0)))
assert run(2) == run(3) == "CycleError"
assert run(4) == run(5) == "accepted, 0 nodes computed"
assert run(4, (3, 2, 1, 0)) == "CycleError"
PY
venv/bin/python check.py
