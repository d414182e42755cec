"""Parts of a bundle again on this machine: what runs, what stays, and what is said where something is wrong."""

from __future__ import annotations

import json
import os
import sqlite3

import farm_nodes as nodes
import pytest
from harness import evaluate_plan

from flowpipe_deadline import plan_graph, read_results, redo_bundle, run_bundle, write_bundle
from flowpipe_deadline.errors import BundleError, InterruptedRunError, RecordError, UsageError
from flowpipe_deadline.results.counts import Finished
from flowpipe_deadline.results.edits import read_edits
from flowpipe_deadline.results.store import open_store
from flowpipe_deadline.status.status import read_submission_status
from flowpipe_deadline.status.why import why


@pytest.fixture(autouse=True)
def _nodes_on_the_path(monkeypatch):
    """Workers find the nodes of the tests by their file, and their imports here."""
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(nodes.__file__))


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


def changed(bundle, before):
    """The results that are not what they were, by node and chunk."""
    new = (path for path, data in results_of(bundle).items() if before.get(path) != data)
    return sorted(f"{path.parent.name} {path.stem}" for path in new)


def collected(bundle):
    """What ``collect`` gave."""
    return read_results(bundle)["Test.collect"].outputs()["parts"]["items"]


def test_an_input_is_changed_for_good(bundle):
    """Its node runs again with all that is made from it; it is kept, and there is nothing left to do."""
    before = results_of(bundle)

    result = redo_bundle(bundle, inputs={"render": {"factor": 10}})

    assert collected(bundle) == [10, 20, 30, 40, 50, 60]
    assert len(changed(bundle, before)) == 4
    assert {key: len(chunks) for key, chunks in result.tasks.items()} == {"render": 3, "collect": 1}
    (edit,) = read_edits(bundle.folder, "render")
    assert (edit.value, edit.was) == (10, 1)
    assert redo_bundle(bundle, which="stale").tasks == {}


def test_an_input_of_some_frames_leaves_the_others_stale(bundle):
    """Which is said."""
    result = redo_bundle(bundle, node="render", frames="3", inputs={"render": {"factor": 10}})

    assert collected(bundle) == [1, 2, 30, 40, 5, 6]
    (message,) = result.messages
    assert message.startswith("render: its other frames were made with the values of before; to make them as well:  ")
    assert message.endswith(f"flowpipe-deadline redo {bundle.folder} --stale")
    assert redo_bundle(bundle, which="stale").messages == ()
    assert collected(bundle) == [10, 20, 30, 40, 50, 60]


def test_only_leaves_what_is_made_from_it_and_stale_mends_that(bundle):
    """Downstream keeps its result until it is asked for."""
    before = results_of(bundle)

    redo_bundle(bundle, node="render", frames="3", only=True)
    assert changed(bundle, before) == ["render 3-4"]
    assert read_results(bundle)["Test.collect"].stale == "all"

    redo_bundle(bundle, which="stale")
    assert changed(bundle, before) == ["collect whole", "render 3-4"]


def test_a_dry_run_and_a_selection_of_nothing_change_nothing(bundle):
    """Not even a folder is made."""
    before = {path: path.stat().st_mtime_ns for path in bundle.folder.rglob("*")}

    planned = redo_bundle(bundle, node="render", frames="3", inputs={"render": {"factor": 10}}, dry_run=True)

    assert list(planned.tasks) == ["render", "collect"]
    assert redo_bundle(bundle, which="failed").tasks == redo_bundle(bundle, which="stale").tasks == {}
    assert {path: path.stat().st_mtime_ns for path in bundle.folder.rglob("*")} == before


def test_missing_inputs_are_told_before_anything_runs(bundle):
    """Of what was asked for it is an error, and nothing was changed."""
    (bundle.folder / "results" / "render" / "3-4.json").unlink()
    before = results_of(bundle)

    with pytest.raises(BundleError) as caught:
        redo_bundle(bundle, node="collect", only=True)
    assert str(caught.value).startswith("nothing was run: Test.collect needs Test.render 3-4, which is missing. Make")
    assert str(caught.value).endswith(f"flowpipe-deadline redo {bundle.folder} render 3-4")
    assert changed(bundle, before) == []


def test_what_is_made_from_it_waits_where_it_misses_something_else(graph, tmp_path):
    """A diamond whose other side failed: the repaired side runs, and the end is named."""
    marker = tmp_path / "marker"
    left = nodes.FailOnce(name="left", graph=graph, marker=str(marker), value=1)
    right = nodes.Fail(name="right", graph=graph, message="no licence")
    end = nodes.Collect(name="end", graph=graph)
    left.outputs["value"].connect(end.inputs["images"]["left"])
    right.outputs["value"].connect(end.inputs["images"]["right"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "root")
    run_bundle(bundle, failure_limit=1)

    repaired = redo_bundle(bundle, node="left", failure_limit=1)

    assert (dict(repaired.tasks), repaired.left) == ({"left": (None,)}, {})
    assert repaired.messages == ("Not run, with what is made from it: Test.end needs Test.right, which is missing",)
    again = redo_bundle(bundle, which="failed", failure_limit=1)
    assert list(again.tasks) == list(again.left) == ["right", "end"]


def test_a_failure_leaves_the_old_result_and_is_found_again(graph, tmp_path):
    """The task had a result and failed when it was made again, though other tasks were made since."""
    marker = tmp_path / "marker"
    marker.touch()
    node = nodes.FailOnce(name="node", graph=graph, marker=str(marker), value=5)
    after = nodes.Pass(name="after", graph=graph)
    nodes.Pass(name="beside", graph=graph, value=7)
    node.outputs["value"].connect(after.inputs["value"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path / "root")
    evaluate_plan(plan, bundle)
    marker.unlink()

    failed = redo_bundle(bundle, node="node", failure_limit=1)
    redo_bundle(bundle, node="beside")
    status = read_submission_status(bundle)
    reason = why(bundle, None)
    done = Finished(bundle, open_store(bundle.folder))
    finished = {job.key: done.chunks(job) for job in bundle.jobs}
    again = redo_bundle(bundle, which="failed", failure_limit=1)

    assert list(failed.left) == ["node", "after"]
    assert [(job.key, job.status, job.done) for job in status.jobs] == [
        ("node", "Failed", 0),
        ("after", "Completed", 1),
        ("beside", "Completed", 1),
    ]
    assert [(each.key, each.kind) for each in reason] == [("node", "failed")]
    assert finished == {"node": frozenset(), "beside": {None}, "after": frozenset()}
    assert list(again.tasks) == ["node", "after"]
    assert again.left == {}
    assert read_results(bundle)["Test.after"].outputs() == {"value": 5}


def test_a_result_that_was_deleted_is_none(bundle):
    """Its task has ended without one; a task that never ran has not."""
    run_bundle(bundle)
    redo_bundle(bundle, node="render", frames="1")
    (bundle.folder / "results" / "render" / "3-4.json").write_text("{")

    result = redo_bundle(bundle, which="failed")

    assert {key: list(map(str, chunks)) for key, chunks in result.tasks.items()} == {
        "render": ["3-4"],
        "collect": ["None"],
    }
    assert result.left == {}
    assert collected(bundle) == [1, 2, 3, 4, 5, 6]


def test_tasks_that_never_ran_have_not_failed(graph, tmp_path):
    """Also after another part was made again, when all others counted as done."""
    nodes.Pass(name="first", graph=graph, value=1)
    nodes.Pass(name="second", graph=graph, value=2)
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "root")

    redo_bundle(bundle, node="first")

    assert redo_bundle(bundle, which="failed", dry_run=True).tasks == {}
    assert read_results(bundle)["Test.second"].missing == "all"


def test_an_interrupted_redo_leaves_what_was_not_replaced(bundle):
    """Results are whole, inputs stay changed as tasks may have used them, and it is said how to go on."""

    def interrupt(state):
        if any(task.status.value == "Completed" for task in state.tasks):
            raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError) as caught:
        redo_bundle(bundle, inputs={"render": {"factor": 10}}, workers=1, on_progress=interrupt)

    assert "results that were not replaced are as before. The same command" in str(caught.value)
    assert str(caught.value).endswith(f"flowpipe-deadline redo {bundle.folder} --stale")
    redo_bundle(bundle, which="stale")
    assert collected(bundle) == [10, 20, 30, 40, 50, 60]


def test_two_at_once_get_one_clear_error(bundle):
    """The second changes nothing, not even inputs."""
    refused = []

    def redo_again(state):
        if not refused:
            with pytest.raises(BundleError, match="is being run already; wait for that run, or stop it") as caught:
                redo_bundle(bundle, inputs={"render": {"factor": 10}})
            refused.append(caught)

    redo_bundle(bundle, node="render", frames="1", on_progress=redo_again)

    assert refused
    assert read_edits(bundle.folder, "render") == ()
    assert collected(bundle) == [1, 2, 3, 4, 5, 6]


def test_inputs_are_as_before_if_no_task_can_begin(graph, tmp_path):
    """An interpreter is not on this machine."""
    nodes.Pass(name="node", graph=graph, value=1, metadata={"interpreter": "katana"})
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "root")

    with pytest.raises(UsageError, match="katana"):
        redo_bundle(bundle, inputs={"node": {"value": 2}})

    assert [edit.withdrawn > 0 for edit in read_edits(bundle.folder, "node")] == [True]


def test_settings_hold_for_the_tasks_that_run(graph, tmp_path):
    """Those that the plan has stay in its files."""
    nodes.Pass(name="node", graph=graph, value=1, metadata={"deadline": {"priority": 10}})
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "root")

    redo_bundle(bundle, settings={"priority": 80, "comment": "once more"})

    assert "Priority=10\n" in bundle.job_files(bundle.jobs[0])[0].read_text()
    assert {"Priority": "80", "Comment": "once more"}.items() <= last_job_info(bundle).items()
    with pytest.raises(UsageError, match="'scheduled_days' cannot be changed of a job that there is"):
        redo_bundle(bundle, settings={"scheduled_days": 3})


def last_job_info(bundle):
    """What the job of the last run on this machine was given."""
    database = sqlite3.connect(bundle.folder / "offline" / "repository.sqlite")
    row = database.execute("SELECT job_info FROM jobs").fetchone()
    database.close()
    return json.loads(row[0])


def test_only_a_submitted_bundle_gets_new_jobs(bundle):
    """Others have none that could be replaced; what is no bundle has nothing."""
    with pytest.raises(UsageError, match="is not submitted, so it has no jobs on a farm that new ones could replace"):
        redo_bundle(bundle, node="render", new_jobs=True)
    with pytest.raises(UsageError, match="jobs that wait cannot be 'kept'; choose repoint, delete, leave"):
        redo_bundle(bundle, node="render", waiting="kept")
    with pytest.raises(RecordError, match="is not a bundle"):
        redo_bundle(bundle.folder / "nodes")
