#!/usr/bin/env bash
# flowpipe 1.3.0: the threading mode can lose the failure of a node.
#
# Expected: an exception in a node leaves evaluate(), in every mode. Node names are unique
# in a graph only, so a graph and its subgraph may both have a node "render".
# Seen: in the threading mode the nodes that run are kept by name. While two nodes of one
# name run, only the one that started last is waited for: when the other fails,
# evaluate() returns as if all had gone well. Which one starts last is left to chance,
# so it shows in about half of the runs. The linear mode raises.
# Matters: a failed render counts as done, now and then.
# Control: under two names the threading mode raises.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    flowpipe==1.3.0 ascii-canvas==2.0.1 typing-extensions==4.16.0

cat > check.py <<'PY'
import time
from collections import Counter
from importlib.metadata import version
from flowpipe import Graph, INode, InputPlug, OutputPlug


class Step(INode):
    """Waits, then gives a value or fails."""

    def __init__(self, seconds=0.0, fails=False, **kwargs):
        super().__init__(**kwargs)
        self.seconds, self.fails = seconds, fails
        InputPlug("value", self)
        OutputPlug("value", self)

    def compute(self, value):
        time.sleep(self.seconds)
        if self.fails:
            raise OSError("the disk is full")
        return {"value": 1}


def run(mode, other_name):
    main, sub = Graph("main"), Graph("sub")
    start = Step(graph=main, name="start")
    bad = Step(graph=main, name="render", seconds=0.05, fails=True)
    good = Step(graph=sub, name=other_name, seconds=0.2)
    for node in (bad, good):
        start.outputs["value"].connect(node.inputs["value"])
    try:
        main.evaluate(mode=mode)
    except OSError:
        return "raised"
    assert bad.outputs["value"].value is None
    return "no error"


print("flowpipe", version("flowpipe"))
seen = {}
for mode, other_name in (
        ("linear", "render"), ("threading", "render_sub"), ("threading", "render")):
    seen[mode, other_name] = Counter(run(mode, other_name) for _ in range(30))
    print(f"{mode}, 'render' and '{other_name}':", dict(seen[mode, other_name]))
assert set(seen["linear", "render"]) == {"raised"}
assert set(seen["threading", "render_sub"]) == {"raised"}
assert seen["threading", "render"]["no error"]
PY
venv/bin/python check.py
