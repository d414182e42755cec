#!/usr/bin/env bash
# flowpipe 1.3.0: values given to the @Node decorator do not reach the nodes.
#
# Expected: the decorator takes plug values by name (it refuses a name that is not an
# input), so the nodes made from the function start with them.
# Seen: only the template, the decorated name itself, has them. Each node that is made by
# calling it starts with the default of the function, or None.
# Matters: a graph renders with other settings than the ones that were written down.
# Control: the same value given to the call is taken.
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


@Node(outputs=["used"], samples=512, camera="hero")
def Render(camera, samples=16):
    return {"used": (camera, samples)}


def used(**values):
    graph = Graph("shot")
    node = Render(graph=graph, **values)
    graph.evaluate()
    return node.outputs["used"].value


print("flowpipe", version("flowpipe"))
template = (Render.inputs["camera"].value, Render.inputs["samples"].value)
print("the template has: ", template)
print("a node of it uses:", used())
print("given to the call:", used(samples=512, camera="hero"))
try:
    Node(outputs=["used"], frames=1)(lambda samples=16: {"used": samples})
except KeyError as error:
    print("an unknown name is refused: KeyError", error)
else:
    raise SystemExit("an unknown name was taken")
assert template == ("hero", 512)
assert used() == (None, 16)
assert used(samples=512, camera="hero") == ("hero", 512)
PY
venv/bin/python check.py
