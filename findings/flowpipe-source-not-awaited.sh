#!/usr/bin/env bash
# flowpipe 1.3.0: the threading mode does not wait for a node without inputs.
#
# Expected: a node is computed after the nodes it gets values from; skip_clean leaves out the
# nodes that were computed before with the inputs they have.
# Seen: the threading mode waits for dirty nodes only, and a node without inputs is never
# dirty. What follows it starts with it and gets None. In the second evaluation of a graph
# no node is dirty, so all of them start at once and get the values of the first. With
# skip_clean a node without inputs is left out even when it was never computed.
# Matters: the result is wrong without an error, and right with the linear mode.
# Control: the same nodes with one unused input, and the linear mode.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    flowpipe==1.3.0 ascii-canvas==2.0.1 typing-extensions==4.16.0

cat > check.py <<'PY'
import time
from importlib.metadata import version
from flowpipe import Graph, INode, InputPlug, OutputPlug


class Source(INode):
    def __init__(self, with_input, **kwargs):
        super().__init__(**kwargs)
        self.runs = 0
        if with_input:
            InputPlug("unused", self, 1)
        OutputPlug("value", self)

    def compute(self, unused=None):
        time.sleep(0.5)
        self.runs += 1
        return {"value": self.runs}


class Render(INode):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        InputPlug("value", self)
        OutputPlug("got", self)

    def compute(self, value):
        return {"got": value}


def run(with_input, times, **options):
    """What the render gets in the last evaluation of a graph."""
    graph = Graph("shot")
    source = Source(with_input, graph=graph, name="source")
    render = Render(graph=graph, name="render")
    source.outputs["value"].connect(render.inputs["value"])
    for _ in range(times):
        graph.evaluate(**options)
    return render.outputs["got"].value


print("flowpipe", version("flowpipe"))
for with_input in (True, False):
    print("source with an input" if with_input else "source without inputs")
    for times, options, right, wrong in (
            (1, {"mode": "linear"}, 1, 1),
            (1, {"mode": "threading"}, 1, None),
            (1, {"mode": "linear", "skip_clean": True}, 1, None)):
        got = run(with_input, times, **options)
        print(f"    {options}: the render gets {got}")
        assert got == (right if with_input else wrong)
linear, threading = run(True, 2, mode="linear"), run(True, 2, mode="threading")
print(f"second evaluation, source with an input: linear gives {linear}, threading {threading}")
assert (linear, threading) == (2, 1)
PY
venv/bin/python check.py
