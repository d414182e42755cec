"""Makes the picture of a graph's page for the pages: a graph that was run here, in a real Chromium.

pip install -e '.[test]'
python docs/pictures/graph_page.py
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PICTURE = CHECKOUT / "docs" / "pictures" / "graph-page.png"
SIZE = {"width": 1420, "height": 600}
SCRIPT = """
import time
from flowpipe import Graph, Node

FRAMES = list(range(1001, 1011))
RENDERED = {"batch": {"size": 2, "over": ["frames"]}}
JOINED = {"batch": {"size": 2, "over": ["frames", "images"]}}

@Node(outputs=["cache"])
def Simulate(seconds, cache=None):
    time.sleep(seconds)
    return {"cache": "cloth.abc"}

@Node(outputs=["images"])
def Render(frames, cache, seconds, broken=()):
    time.sleep(seconds * len(frames))
    if set(frames) & set(broken):
        raise RuntimeError("no licence for the renderer")
    return {"images": [f"{frame}.exr" for frame in frames]}

@Node(outputs=["images"])
def Comp(frames, images):
    return {"images": images}

@Node(outputs=["movie"])
def Movie(images):
    return {"movie": "sh010.mov"}

def build():
    graph = Graph(name="sh010")
    cloth = Simulate(graph=graph, name="Cloth", seconds=1.2)
    hair = Simulate(graph=graph, name="Hair", seconds=0.8)
    cloth.outputs["cache"].connect(hair.inputs["cache"])
    beauty = Render(graph=graph, name="Beauty", frames=FRAMES, seconds=0.4, broken=[1005], metadata=RENDERED)
    matte = Render(graph=graph, name="Matte", frames=FRAMES, seconds=0.1, metadata=RENDERED)
    comp = Comp(graph=graph, name="Comp", frames=FRAMES, metadata=JOINED)
    grade = Comp(graph=graph, name="Grade", frames=FRAMES, metadata=JOINED)
    movie = Movie(graph=graph, name="Movie")
    sheet = Movie(graph=graph, name="Contact sheet")
    hair.outputs["cache"].connect(beauty.inputs["cache"])
    cloth.outputs["cache"].connect(matte.inputs["cache"])
    beauty.outputs["images"].connect(comp.inputs["images"])
    matte.outputs["images"].connect(grade.inputs["images"])
    comp.outputs["images"].connect(movie.inputs["images"]["beauty"])
    grade.outputs["images"].connect(movie.inputs["images"]["matte"])
    matte.outputs["images"].connect(sheet.inputs["images"])
    return graph
"""


def main() -> None:
    """Runs the graph, and takes the picture."""
    sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests" / "support")]
    from chromium import Chromium  # noqa: PLC0415  (once it can be found)

    from flowpipe_deadline import plan_graph, run_bundle, write_bundle, write_page  # noqa: PLC0415
    from flowpipe_deadline.workflows.find import load_workflow  # noqa: PLC0415

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "sh010.py").write_text(SCRIPT, encoding="utf-8")
        bundle = write_bundle(plan_graph(load_workflow(f"{folder}/sh010.py:build").build({})), root=folder)
        run_bundle(bundle, failure_limit=1)
        write_page(bundle, folder / "page.html")
        browser = Chromium(folder / "chromium")
        browser.open(folder / "page.html", **SIZE)
        browser.press("f")
        browser.screenshot(PICTURE)
        browser.close()


if __name__ == "__main__":
    main()
