#!/usr/bin/env bash
# flowpipe 1.3.0: a node that also waits for a third graph is left out silently.
#
# Expected: evaluate() computes the graph and the graphs it is connected to; where a
# node cannot be computed, it says so.
# Seen: "layout" and "sim" both feed a node of "render". layout.evaluate() takes the nodes
# of "render" in, but not those of "sim". The node in "render" that waits for both is
# dropped from the order; the others of "render" run. There is no error.
# Matters: work is missing, and which graph one starts from decides about it.
# Control: render.evaluate() computes all.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    flowpipe==1.3.0 ascii-canvas==2.0.1 typing-extensions==4.16.0

cat > check.py <<'PY'
from importlib.metadata import version
from flowpipe import Graph, Node


@Node(outputs=["out"])
def Step(left=None, right=None):
    return {"out": "done"}


def run(start):
    graphs = {name: Graph(name) for name in ("layout", "sim", "render")}
    layout = Step(graph=graphs["layout"], name="layout")
    sim = Step(graph=graphs["sim"], name="sim")
    both = Step(graph=graphs["render"], name="beauty")
    alone = Step(graph=graphs["render"], name="slate")
    layout.outputs["out"].connect(both.inputs["left"])
    sim.outputs["out"].connect(both.inputs["right"])
    graphs[start].evaluate()
    return [n.name for n in (layout, sim, both, alone) if n.outputs["out"].value]


print("flowpipe", version("flowpipe"))
for start in ("render", "layout"):
    print(f"{start}.evaluate() computed: {', '.join(run(start))}")
assert run("render") == ["layout", "sim", "beauty", "slate"]
assert run("layout") == ["layout", "slate"]
PY
venv/bin/python check.py
