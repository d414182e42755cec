"""``redo`` and ``submit --again`` on the command line: what is asked, shown and refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import farm_nodes as nodes
import pytest
from direct_farm import DirectClient
from harness import evaluate_plan, run_cli
from terminals import on_terminal

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.results.edits import read_edits
from flowpipe_deadline.submit.transaction import submit_to

TESTS = os.path.dirname(nodes.__file__)


@pytest.fixture(autouse=True)
def _nodes_on_the_path(monkeypatch):
    """Workers find what the nodes of the tests import."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))


@pytest.fixture
def bundle(graph, tmp_path):
    """``render`` in three chunks and ``collect``, which needs all of it; evaluated."""
    render = nodes.Render(name="render", graph=graph, frames=list(range(1, 7)), metadata={"batch_size": 2})
    collect = nodes.Collect(name="collect", graph=graph)
    render.outputs["items"].connect(collect.inputs["images"]["items"])
    plan = plan_graph(graph)
    written = write_bundle(plan, root=tmp_path / "root")
    evaluate_plan(plan, written)
    return written


def results_of(bundle):
    """The bytes of all results."""
    return {path: path.read_bytes() for path in (bundle.folder / "results").rglob("*.json")}


def test_what_would_run_is_shown(bundle):
    """Node by node, with what is only made from it; for other programs as well."""
    before = results_of(bundle)

    shown = run_cli("redo", bundle.folder, "render", "3-4", "--dry-run")
    told = run_cli("redo", bundle.folder, "--set", "render.factor=3", "--dry-run", "-o", "json")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout == "render 3-4: 1 task\ncollect: 1 task, made from that\n"
    assert json.loads(told.stdout) == {
        "bundle": str(bundle.folder),
        "dry_run": True,
        "tasks": {"render": ["1-2", "3-4", "5-6"], "collect": [None]},
        "asked": {"render": ["1-2", "3-4", "5-6"]},
        "new_jobs": {},
        "left": {},
        "messages": [],
    }
    assert results_of(bundle) == before


def test_tasks_run_again_with_their_progress(bundle):
    """What the last nodes give stands on stdout, as after a run."""
    result = run_cli("redo", bundle.folder, "render", "3-4", "--set", "render.factor=3")

    assert result.returncode == 0, result.stderr
    assert result.stdout == 'Test.collect\n  parts = {"items": [1, 2, 9, 12, 5, 6]}\n'
    again = f"flowpipe-deadline redo {bundle.folder} --stale"
    assert result.stderr.splitlines() == [
        "[1/2] render completed",
        "[2/2] collect completed",
        f"render: its other frames were made with the values of before; to make them as well:  {again}",
    ]


def test_a_selection_of_nothing_says_so(bundle):
    """It is no error."""
    for option, reason in (("--failed", "no task has failed"), ("--stale", "nothing is stale")):
        result = run_cli("redo", bundle.folder, option)

        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == f"Nothing of {bundle.name} runs again: {reason}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rendr",), "has no node 'rendr'; it has Test.render, Test.collect"),
        (("render", "7"), "Test.render has no frame 7; it has 1-6"),
        (("--failed", "--stale"), "--failed and --stale exclude each other"),
        (("--set", "render.factr=3"), "render has no input 'factr'; did you mean 'factor'?"),
        (("--set", "collect.images.items=3"), "is fed by render.items"),
        (("--set", "prioritty=3"), "unknown setting 'prioritty'. Did you mean 'priority'?"),
        (("--set", "chunk_size=3"), "'chunk_size' is not a setting, but set by the plan"),
        (("--set", "environment.SHOW=x"), "'environment' cannot be changed of a job that there is"),
        (("render", "--new-jobs"), "is not submitted, so it has no jobs on a farm"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_done_is_one_clear_error(bundle, arguments, message):
    """And nothing was changed."""
    result = run_cli("redo", bundle.folder, *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("Error: ") == 1
    assert sorted(os.listdir(bundle.folder)) == ["errors", "jobs", "manifest.json", "nodes", "results"]


def test_a_failure_is_told_with_how_to_go_on(graph, tmp_path):
    """The exit code says so."""
    fail = nodes.Fail(name="fail", graph=graph, message="no scene")
    after = nodes.Pass(name="after", graph=graph)
    fail.outputs["value"].connect(after.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "root")

    result = run_cli("redo", bundle.folder, "--failures", "1", "-o", "json")

    assert result.returncode == 1
    assert json.loads(result.stdout)["left"] == {"fail": [None], "after": [None]}
    assert "fail: error 1: ValueError: no scene" in result.stderr


def test_on_a_terminal_it_asks_first(bundle):
    """With what would run."""
    before = results_of(bundle)

    refused, said = on_terminal("redo", bundle.folder, "render", "3", typed=b"n\n")
    assert (refused, results_of(bundle)) == (130, before)
    assert "render 3-4: 1 task\r\n" in said
    assert f"Make 2 tasks of {bundle.name} again? Results stay until then." in said

    code, said = on_terminal("redo", bundle.folder, "render", "3", typed=b"y\n")
    assert (code, "items" in said) == (0, True)
    assert results_of(bundle) != before


def test_a_plan_is_submitted_again_with_other_settings_and_inputs(bundle, tmp_path):
    """In all of its jobs; the bundle that it was planned in stays as it is."""
    old = {path: path.read_bytes() for path in bundle.folder.rglob("*") if path.is_file()}
    options = ("--root", tmp_path / "again", "--dry-run", "-o", "json")

    sets = ("--set", "priority=80", "--set", "environment.SHOW=x", "--set", "render.factor=3")
    result = run_cli("submit", bundle.folder, "--again", *sets, *options)
    refused = run_cli("submit", bundle.folder, "--again", "--set", "render.factr=3", *options)

    assert result.returncode == 0, result.stderr
    new = Path(json.loads(result.stdout)["bundle"])
    infos = [path.read_text() for path in sorted((new / "jobs").glob("*.job"))]
    assert all("Priority=80\n" in info and "EnvironmentKeyValue0=SHOW=x\n" in info for info in infos)
    assert [(edit.input, edit.value) for edit in read_edits(new, "render")] == [("factor", 3)]
    assert {path: path.read_bytes() for path in bundle.folder.rglob("*") if path.is_file()} == old
    assert (refused.returncode, os.listdir(new.parent)) == (2, [new.name])
    assert "did you mean 'factor'?" in refused.stderr


def test_on_the_farm_its_tasks_are_requeued(deadline, service, bundle, monkeypatch):
    """How to wait for them is said; a dry run only reads."""
    client = DirectClient(deadline)
    job_ids = submit_to(client, bundle)
    client.change("complete", list(job_ids.values()))
    monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", service.url)
    monkeypatch.setenv("FLOWPIPE_DEADLINE_VIA", "webservice")

    shown = run_cli("redo", bundle.folder, "render", "3", "--dry-run")
    states = [job.shown_status for job in deadline.jobs()]
    result = run_cli("redo", bundle.folder, "render", "3", "--set", "priority=80")

    assert (shown.returncode, shown.stdout) == (0, "render 3-4: 1 task\ncollect: 1 task, made from that\n")
    assert states == ["Completed", "Completed"]
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"2 tasks of {bundle.name} will run again\n"
    assert result.stderr.endswith(f"To wait for that:  flowpipe-deadline wait {bundle.folder}\n")
    assert [task.status.value for task in deadline.tasks(job_ids["render"])] == ["Completed", "Queued", "Completed"]
    assert [job.job_info.get("Priority") for job in deadline.jobs()] == ["80", "80"]
