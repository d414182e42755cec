#!/usr/bin/env bash
# flowpipe 1.3.0: looking at a sub-plug replaces the value of its plug.
#
# Expected: plug["key"] makes a sub-plug when there is none; a plug that already holds
# {"beauty": ..., "depth": ...} keeps it, and what compute() returns for it arrives.
# Seen: from the first look on, the plug's value is made of its sub-plugs only. The
# dictionary that was there is out of sight, also for the nodes that are connected later,
# for the JSON form and for the multiprocessing mode, and so is what compute() returns for
# the plug. Only nodes that were connected before get it, in the linear mode. On an input
# with a sub-plug, setting the whole value is ignored.
# Matters: a print or a check of one key, and other nodes get None for all of them.
# Control: the same nodes without the look.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    flowpipe==1.3.0 ascii-canvas==2.0.1 typing-extensions==4.16.0

cat > steps.py <<'PY'
from flowpipe import INode, InputPlug, OutputPlug

FILES = {"beauty": "beauty.exr", "depth": "depth.exr"}


class Render(INode):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        OutputPlug("files", self)

    def compute(self):
        return {"files": dict(FILES)}


class Publish(INode):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        InputPlug("files", self)
        OutputPlug("got", self)

    def compute(self, files):
        return {"got": files}
PY
cat > check.py <<'PY'
from importlib.metadata import version
from flowpipe import Graph
from steps import FILES, Publish, Render


def run(mode, look):
    """What the next node gets."""
    graph = Graph("shot")
    render = Render(graph=graph, name="render")
    publish = Publish(graph=graph, name="publish")
    render.outputs["files"].connect(publish.inputs["files"])
    if look:
        render.outputs["files"]["beauty"]
    graph.evaluate(mode=mode)
    return publish.outputs["got"].value


def later(look):
    """What a plug shows, keeps in JSON, and gives to a node that is connected later."""
    render, publish = Render(graph=Graph("shot")), Publish(graph=Graph("other"))
    render.evaluate()
    if look:
        render.outputs["files"]["beauty"]
    render.outputs["files"].connect(publish.inputs["files"])
    read_back = Render.from_json(render.to_json())
    return [plug.value for plug in (
        render.outputs["files"], read_back.outputs["files"], publish.inputs["files"])]


if __name__ == "__main__":
    print("flowpipe", version("flowpipe"))
    for look in (False, True):
        print("after a look at one key:" if look else "without a look:")
        print("  the plug shows, has from JSON, and gives:", *later(look), sep="\n    ")
        print("  multiprocessing gives:", run("multiprocessing", look))
        print("  linear gives:", run("linear", look))
    publish = Publish(graph=None)
    publish.inputs["files"]["beauty"].value = "old.exr"
    publish.inputs["files"].value = dict(FILES)
    print("an input that was set as a whole:", publish.inputs["files"].value)
    masked = {"beauty": None}
    assert later(False) == [FILES] * 3 and later(True) == [masked] * 3
    assert run("multiprocessing", False) == FILES
    assert run("multiprocessing", True) == masked
    assert run("linear", False) == FILES and run("linear", True) == FILES
    assert publish.inputs["files"].value == {"beauty": "old.exr"}
PY
venv/bin/python check.py
