"""The plugin's files under every Python that Deadline brings: 3.7 to 3.10, as far as this machine has them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import PurePosixPath, PureWindowsPath

import farm_nodes as nodes
import pytest
from plugin_runs import TESTS, drive

from flowpipe_deadline import plan_graph, read_results, write_bundle


@pytest.mark.parametrize("strict", [True, False], ids=["on the strict stand-ins", "on the product's alone"])
def test_a_task_is_evaluated(deadline_python, graph, tmp_path, strict):
    """The plugin under Deadline's Python, the evaluator under ours."""
    nodes.Render(name="render", graph=graph, frames=range(1, 6), metadata={"batch_size": 3})
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    said = drive(deadline_python, bundle, "render", [1, 2, 3], strict=strict)

    assert said["error"] is None
    assert said["status"] == ["Loading render", "Evaluating render 1-3"]
    assert said["progress"][-1] == 100.0
    results = read_results(bundle)["Test.render"]
    assert (results.missing, results.chunks[0][0]) == ("4-5", "1-3")


def test_an_installed_plugin_brings_the_packages(deadline_python, graph, tmp_path, farm_repository, bare_python):
    """The evaluator's interpreter has none of its own; what was unpacked goes with the job's data."""
    nodes.Origins(name="node", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    plugin = farm_repository / "custom" / "plugins" / "Flowpipe"

    said = drive(deadline_python, bundle, "node", [], evaluator=bare_python, plugin=plugin)

    assert said["error"] is None
    origins = read_results(bundle)["Test.node"].outputs()["origins"]
    assert all("packages-" in path for path in origins)
    assert not any(map(os.path.exists, origins))


def test_a_failed_task_has_the_nodes_traceback(deadline_python, graph, tmp_path):
    """And leaves nothing of the plugin hooked, or Deadline would keep it alive."""
    nodes.Fail(name="fail", graph=graph, message="no scene")
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    said = drive(deadline_python, bundle, "fail", [])

    assert "ValueError: no scene" in said["error"]
    assert "Traceback" in said["error"]
    assert not [line for line in said["log"] if line.startswith("WARNING")]


def test_a_bundle_that_the_worker_does_not_see_is_said(deadline_python, graph, tmp_path):
    """A share that is not mounted, or a path that is not mapped."""
    nodes.Pass(name="a", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    shutil.rmtree(bundle.folder)

    said = drive(deadline_python, bundle, "a", [])

    assert "does not see the bundle" in said["error"]


@pytest.mark.parametrize(
    "answers",
    [
        # The first of each is what all other tests play.
        pytest.param({"handlers": "all"}, id="every handler that matches"),
        pytest.param({"frame_bounds": "extremes", "missing_value": None}, id="bounds of a task, and missing keys"),
        pytest.param({"quotes": "mono"}, id="arguments split by Mono"),
        pytest.param({"after_error": "keep", "report": "bare"}, id="processes kept until EndJob, and bare reports"),
    ],
)
def test_what_is_unknown_of_deadline_makes_no_difference(graph, tmp_path, answers):
    """A task with gaps, and one that fails: the same under either answer (plugin API, section 9)."""
    folder = tmp_path / "a folder's name"
    nodes.Chatter(name="chatter", graph=graph, value=[1, 2, 3, 7], metadata={"batch": {"size": 1, "over": ["value"]}})
    nodes.Fail(name="fail", graph=graph, message="Progress: 40% of nothing")
    bundle = write_bundle(plan_graph(graph), root=folder)

    works = drive(sys.executable, bundle, "chatter", [1, 2, 7], **answers)
    fails = drive(sys.executable, bundle, "fail", [], **answers)

    assert works["error"] is None
    assert read_results(bundle)["Test.chatter"].chunks[0][1] == {"value": [1, 2, 7]}
    assert "ValueError: Progress: 40% of nothing" in fails["error"]
    assert not [line for line in works["log"] + fails["log"] if line.startswith("WARNING")]


def test_a_graph_of_windows_is_evaluated_here(graph, tmp_path):
    """Deadline's path mapping rules reach the bundle's path, values in containers, and the files of node classes."""
    value = {"scene": "P:\\show\\sh010\\scene.ma", "frames": [1, "p:/show/a"], "other": "P:\\shows"}
    value.update(command="P:\\show\\x.py --find \\d+", path=PureWindowsPath("P:\\show\\a b"))
    nodes.Pass(name="a", graph=graph, value=value)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    record = bundle.folder / "nodes" / "a.json"
    record.write_text(record.read_text().replace(json.dumps(str(TESTS))[1:-1], "P:\\\\show\\\\nodes"))
    rules = [["P:\\show\\nodes", str(TESTS)], ["P:\\show", "/mnt/show"], ["P:\\", ""]]

    said = drive(sys.executable, bundle, "a", [], path_mappings=rules)

    assert said["error"] is None
    assert read_results(bundle)["Test.a"].outputs()["value"] == {
        "scene": "/mnt/show/sh010/scene.ma",
        "frames": [1, "/mnt/show/a"],
        "other": "P:\\shows",
        "command": "P:\\show\\x.py --find \\d+",
        "path": PurePosixPath("/mnt/show/a b"),
    }
    assert len([line for line in said["log"] if "Path mapping leaves 'P:\\\\show\\\\x.py --find" in line]) == 1
