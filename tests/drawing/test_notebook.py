"""What a notebook shows, and what Python prints, of a plan, a bundle and results."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET

import farm_nodes as nodes
import pytest
from harness import evaluate_task
from submissions import write_three

from flowpipe_deadline import plan_graph, read_results
from flowpipe_deadline.core.frames import FrameList


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs, of which two have results."""
    written = write_three(graph, tmp_path)
    for frames in ("1-4", "5-8", "9-10"):
        evaluate_task(written.folder, node="render", frames=FrameList.parse(frames))
    evaluate_task(written.folder, node="beside")
    return written


def parsed(shown):
    """The HTML, which is well-formed."""
    return ET.fromstring(f"<div>{shown._repr_html_()}</div>")


def test_each_is_one_line(graph, bundle):
    """However much it holds."""
    results = read_results(bundle)

    assert repr(plan_graph(graph)) == "<Plan of 'Test': 3 jobs, 5 tasks>"
    assert repr(bundle) == f"<Bundle of 3 jobs in {str(bundle.folder)!r}>"
    assert repr(results["Test.render"]) == "<NodeResults of 'Test.render': 3 chunks>"
    assert repr(results["Test.collect"]) == "<NodeResults of 'Test.collect': 0 chunks, missing all>"
    assert repr(results) == "<Results of 3 nodes, 1 without outputs>"


def test_a_plan_and_a_bundle_are_pictures(graph, bundle):
    """Each node is a box."""
    for shown in (plan_graph(graph), bundle):
        boxes = [one.get("data-key") for one in parsed(shown).iter("{http://www.w3.org/2000/svg}g")]
        assert boxes == ["render", "collect", "beside"]


def test_results_are_a_table(bundle):
    """With the values of the outputs, as text."""
    results = read_results(bundle)

    rows = [[cell.text or cell[0].text for cell in row] for row in parsed(results).iter("tr")]

    assert rows[0] == ["Node", "Results", "Outputs"]
    assert [row[:2] for row in rows[1:]] == [
        ["Test.render", "3 chunks"],
        ["Test.collect", "0 chunks, missing all"],
        ["Test.beside", "1 chunk"],
    ]
    assert [row[0].text for row in list(parsed(results["Test.beside"]).iter("tr"))[1:]] == ["Test.beside"]


def test_names_and_values_are_escaped(graph, tmp_path):
    """A notebook runs what it is given."""
    nodes.Pass(name="<script>", graph=graph, value="<script>alert(1)</script>")
    plan = plan_graph(graph)

    assert "<script>" not in plan._repr_html_()


def test_a_bundle_that_is_gone_says_so(bundle):
    """Instead of a traceback in the notebook."""
    (bundle.folder / "manifest.json").unlink()

    assert "is not a bundle" in "".join(parsed(bundle).itertext())


def test_a_graph_of_thousands_does_not_fill_a_notebook(graph):
    """It says how to see it."""
    for index in range(501):
        nodes.Pass(name=f"n{index}", graph=graph)

    assert "write_page()" in plan_graph(graph)._repr_html_()


def test_nothing_of_it_is_loaded_before_it_is_shown():
    """Workers have none of it."""
    code = "import flowpipe_deadline.results.outputs, sys; print('flowpipe_deadline.drawing' in sys.modules)"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "False\n"
