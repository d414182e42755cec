#!/usr/bin/env bash
# flowpipe 1.3.0: deleting a node can switch off nodes that followed it.
#
# Expected: graph.delete_node(node) disconnects all plugs of the node before it is removed,
# as its documentation says.
# Seen: where one output feeds several nodes, every second connection stays. The nodes
# that keep theirs then wait for a node that no graph holds, so evaluate() leaves them
# out, without an error.
# Matters: a graph that is trimmed before it is sent renders with nodes missing.
# Control: an output that feeds one node is disconnected.
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
def Source():
    return {"out": 1}


@Node(outputs=["out"])
def Render(value=None):
    ran.append(True)
    return {"out": value}


def trimmed(count):
    """A source that feeds as many renders, and is deleted again."""
    graph = Graph("shot")
    source = Source(graph=graph, name="source")
    renders = [Render(graph=graph, name=f"render{i}") for i in range(count)]
    for render in renders:
        source.outputs["out"].connect(render.inputs["value"])
    graph.delete_node(source)
    left = [len(render.inputs["value"].connections) for render in renders]
    ran.clear()
    graph.evaluate()
    return left, len(ran)


ran = []
print("flowpipe", version("flowpipe"))
for count in (1, 2, 4):
    left, evaluated = trimmed(count)
    print(f"{count} renders: connections left {left}, evaluated {evaluated}")
assert trimmed(1) == ([0], 1)
assert trimmed(2) == ([0, 1], 1)
assert trimmed(4) == ([0, 1, 0, 1], 2)
PY
venv/bin/python check.py
