#!/usr/bin/env bash
# flowpipe 1.3.0: with skip_clean a change does not get past a sub-plug.
#
# Expected: a change of an input makes the nodes behind it dirty, so evaluating with
# skip_clean computes them again.
# Seen: where the first node gives its value over a sub-plug, only that node is dirty.
# The nodes behind are left out and keep the values of before. The evaluation after
# that computes them, although nothing was changed any more.
# Matters: a graph that is changed and evaluated again publishes the old result.
# Controls: a connection of plain plugs, and an input that is a sub-plug.
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


class Step(INode):
    def __init__(self, sub_plug=False, **kwargs):
        super().__init__(**kwargs)
        self.output = "files.beauty" if sub_plug else "files"
        InputPlug("files", self, "old")
        OutputPlug("files", self)

    def compute(self, files):
        return {self.output: files}


def run(sub_output, sub_input):
    """What is dirty after a change, and what the last node gets in two evaluations."""
    graph = Graph("shot")
    first = Step(sub_output, graph=graph, name="first")
    second = Step(graph=graph, name="second")
    last = Step(graph=graph, name="last")
    source, target = first.outputs["files"], second.inputs["files"]
    if sub_output:
        source = source["beauty"]
    if sub_input:
        target = target["beauty"]
    source.connect(target)
    second.outputs["files"].connect(last.inputs["files"])
    graph.evaluate()
    first.inputs["files"].value = "new"
    dirty = [node.name for node in (first, second, last) if node.is_dirty]
    results = []
    for _ in range(2):
        graph.evaluate(skip_clean=True)
        result = last.outputs["files"].value
        results.append(result["beauty"] if sub_input else result)
    return dirty, results


print("flowpipe", version("flowpipe"))
for sub_output in (False, True):
    for sub_input in (False, True):
        dirty, results = run(sub_output, sub_input)
        print(f"sub-plug as output {sub_output}, as input {sub_input}: dirty {dirty}, "
              f"results {results}")
        if sub_output:
            assert (dirty, results) == (["first"], ["old", "new"])
        else:
            assert (dirty, results) == (["first", "second", "last"], ["new", "new"])
PY
venv/bin/python check.py
