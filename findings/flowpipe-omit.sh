#!/usr/bin/env bash
# flowpipe 1.3.0: what "omit" does depends on how the graph is evaluated.
#
# Expected: a node with omit = True is not computed, in every mode, and a graph that went
# through to_json() and from_json() still knows about it.
# Seen: the linear mode skips the node. The multiprocessing mode computes it. The
# threading mode raises about a deadlock. A graph read back from its JSON form has
# omit = False, so it computes the node too. A pickled graph keeps it.
# Matters: a node that was switched off on the workstation runs on the farm.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    flowpipe==1.3.0 ascii-canvas==2.0.1 typing-extensions==4.16.0

cat > steps.py <<'PY'
from flowpipe import INode, InputPlug, OutputPlug


class Step(INode):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        InputPlug("value", self, 1)
        OutputPlug("value", self)

    def compute(self, value):
        return {"value": (value or 0) + 10}
PY
cat > check.py <<'PY'
from importlib.metadata import version
from flowpipe import Graph
from steps import Step


def make():
    graph = Graph("shot")
    first = Step(graph=graph, name="first")
    last = Step(graph=graph, name="last")
    first.outputs["value"].connect(last.inputs["value"])
    first.omit = True
    return graph


def run(mode):
    graph = make()
    try:
        graph.evaluate(mode=mode)
    except RuntimeError as error:
        return f"RuntimeError: {error}"
    return "computed" if graph["first"].outputs["value"].value else "skipped"


if __name__ == "__main__":
    print("flowpipe", version("flowpipe"))
    seen = {mode: run(mode) for mode in ("linear", "multiprocessing", "threading")}
    for mode, what in seen.items():
        print(f"{mode}: {what}")
    from_json = Graph.from_json(make().to_json())["first"].omit
    from_pickle = Graph.from_pickle(make().to_pickle())["first"].omit
    print("omit after JSON:", from_json, "- after a pickle:", from_pickle)
    assert seen["linear"] == "skipped"
    assert seen["multiprocessing"] == "computed"
    assert "deadlock" in seen["threading"]
    assert from_json is False and from_pickle is True
PY
venv/bin/python check.py
