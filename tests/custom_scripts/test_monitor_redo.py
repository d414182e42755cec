"""Flowpipe Redo in the Monitor's menu of jobs: what runs again, seen before it does."""

from __future__ import annotations

import pytest
from direct_farm import DirectClient
from submissions import Worker, write_three

from flowpipe_deadline import read_results
from flowpipe_deadline.results.edits import read_edits
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to

ALL, ALONE, FAILED, STALE = (
    "These nodes, and all that is made from them",
    "These nodes alone",
    "What failed in the submission",
    "What is stale in the submission",
)
REDO = ("press", "RedoButton")
EVERYTHING = """\
4 tasks of 2 jobs run again:
  Test.render: 3 tasks, frames 1-10
  Test.collect: 1 task"""


@pytest.fixture
def bundle(graph, tmp_path):
    """``render`` with the tasks 1-4, 5-8 and 9-10, ``collect``, which waits for it, and ``beside``."""
    return write_three(graph, tmp_path)


@pytest.fixture
def job_ids(monitor, bundle):
    """Its jobs, all of them complete."""
    ids = submit_to(DirectClient(monitor.deadline), bundle)
    worker = Worker(monitor.deadline, bundle, ids)
    worker.render("render", "1-4", "5-8", "9-10")
    worker.render("beside")
    worker.render("collect")
    return ids


@pytest.fixture
def worker(monitor, bundle, job_ids):
    """Whoever renders it."""
    return Worker(monitor.deadline, bundle, job_ids)


def states(monitor, job_id):
    """The states of the job's tasks."""
    return [task.status.value for task in monitor.deadline.tasks(job_id)]


def test_what_is_shown_runs_again(monitor, bundle, job_ids):
    """The selected tasks, as frames, with what is made from them."""
    seen = monitor.choose("Redo", job_ids["render"], tasks={job_ids["render"]: [0, 2]}, deeds=[REDO])

    before, after = seen.looks
    assert (seen.uncaught, before["FramesBox"], before["SubmissionBox"]) == ([], "1-4,9-10", bundle.name)
    expected = "3 tasks of 2 jobs run again:\n  Test.render: 2 tasks, frames 1-4,9-10\n  Test.collect: 1 task"
    assert before["TextBox"] == expected
    assert seen.boxes == [["Redo", expected]]
    assert (after["StateBox"], after["progress"][-1], after["disabled"]) == ("done", 100, [])
    assert states(monitor, job_ids["render"]) == ["Queued", "Completed", "Queued"]
    assert states(monitor, job_ids["collect"]) == ["Pending"]
    assert states(monitor, job_ids["beside"]) == ["Completed"]


@pytest.mark.parametrize("tells", [True, False], ids=["what is set is modified", "what is set is not"])
def test_the_preview_follows_what_is_chosen(monitor, job_ids, worker, tells):
    """Before anything is done; what is wrong is said in its place."""
    worker.write_results("render", "5-8")  # Requeued by hand, and complete again.
    worker.requeue("beside")
    worker.fail("beside")
    deeds = [
        ("enter", "WhatBox", ALONE),
        ("enter", "FramesBox", "3-5,20"),
        ("enter", "FramesBox", "3-5"),
        ("enter", "FramesBox", "5x"),
        ("enter", "WhatBox", STALE),
        ("enter", "WhatBox", FAILED),
    ]

    seen = monitor.choose("Redo", job_ids["render"], deeds=deeds, tells=tells)

    assert [look["TextBox"] for look in seen.looks] == [
        EVERYTHING,
        "3 tasks of 1 job run again:\n  Test.render: 3 tasks, frames 1-10",
        "Test.render has no frame 20; it has 1-10",
        "2 tasks of 1 job run again:\n  Test.render: 2 tasks, frames 1-8",
        "Test.render: '5x' is not a frame or range; write whole numbers, as in 5, 1-10 or 1-10x2, with commas between",
        "1 task of 1 job runs again:\n  Test.collect: 1 task",
        "1 task of 1 job runs again:\n  Test.beside: 1 task",
    ]
    assert (seen.uncaught, seen.boxes) == ([], [])


def test_inputs_are_changed_on_the_way(monitor, bundle, job_ids, deadline_python):
    """Those that nothing feeds, each with the kind of value that it had; in every Python of Deadline's."""
    monitor.deadline.change_settings(interpreter=deadline_python)
    deeds = [
        ("enter", "FramesBox", "5"),
        ("enter", "Input1Box", "x"),
        REDO,
        ("enter", "Input1Box", "3"),
        REDO,
    ]

    seen = monitor.choose("Redo", job_ids["render"], deeds=deeds)

    shown = [look["TextBox"] for look in seen.looks]
    wrong = "render.factor must be a whole number: 'x' is not one"
    done = "2 tasks of 2 jobs run again:\n  Test.render: 1 task, frames 5-8\n  Test.collect: 1 task"
    assert (seen.looks[0]["Input1Label"], seen.looks[0]["Input1Box"], "Input2Box" in seen.looks[0]) == (
        "factor",
        "1",
        False,
    )
    assert shown[2:4] == [wrong, wrong]
    others = "render: its other frames were made with the values of before, and count as stale"
    assert (seen.boxes, seen.uncaught) == ([["Error", wrong], ["Redo", f"{done}\n\n{others}"]], [])
    (edit,) = read_edits(bundle.folder, "render")
    assert (edit.input, edit.value, edit.was) == ("factor", 3, 1)
    assert states(monitor, job_ids["render"]) == ["Completed", "Queued", "Completed"]


def test_a_failure_leaves_everything_as_it_was(monitor, bundle, job_ids):
    """Also the inputs; and it is one message, over a dialog that can be used again."""
    monitor.deadline.set_faults({"on": "requeue", "do": "refuse", "times": 0, "value": "no more stubs"})

    seen = monitor.choose("Redo", job_ids["render"], deeds=[("enter", "Input1Box", "3"), REDO])

    ((title, text),) = seen.boxes
    assert (title, "Traceback" in text) == ("Error", False)
    assert text.endswith("; its jobs are as they were")
    assert (seen.uncaught, seen.looks[-1]["disabled"]) == ([], [])
    assert [edit.is_in_force() for edit in read_edits(bundle.folder, "render")] == [False]
    assert {job.shown_status for job in monitor.deadline.jobs()} == {"Completed"}
    assert read_submission(bundle.folder).jobs == job_ids


def test_new_jobs_come_instead(monitor, bundle, job_ids):
    """What is complete stays; which jobs there are is told. Afterwards, the same dialog is about the new ones."""
    seen = monitor.choose(
        "Redo",
        job_ids["render"],
        deeds=[("enter", "NewJobsBox", True), REDO, ("enter", "NewJobsBox", False), ("enter", "FramesBox", "9"), REDO],
    )

    (title, text), (_, again) = seen.boxes
    new = read_submission(bundle.folder).jobs
    assert again.splitlines()[:2] == ["2 tasks of 2 jobs run again:", "  Test.render: 1 task, frames 9-10"]
    assert states(monitor, job_ids["render"]) == ["Completed"] * 3
    assert (title, seen.uncaught) == ("Redo", [])
    assert new["beside"] == job_ids["beside"]
    assert {key: new[key] == job_ids[key] for key in ("render", "collect")} == {"render": False, "collect": False}
    assert [f"New job of {key}: {new[key]}" in text for key in ("render", "collect")] == [True, True]
    assert monitor.deadline.job(new["collect"]).dependencies == (new["render"],)


def test_several_nodes_run_again_together(monitor, job_ids):
    """Inputs are of one node only."""
    seen = monitor.choose("Redo", job_ids["beside"], job_ids["collect"])

    (look,) = seen.looks
    assert look["TextBox"] == "2 tasks of 2 jobs run again:\n  Test.collect: 1 task\n  Test.beside: 1 task"
    assert look["InputsLabel"] == "Select one job to change inputs of its node."


def test_nothing_to_do_changes_nothing(monitor, job_ids):
    """And says so."""
    seen = monitor.choose("Redo", job_ids["render"], deeds=[("enter", "WhatBox", STALE), REDO])

    assert seen.boxes == [["Redo", "Nothing runs again."]]
    assert {job.shown_status for job in monitor.deadline.jobs()} == {"Completed"}


def test_what_cannot_be_redone_is_said(monitor, graph, bundle, job_ids):
    """Jobs of several bundles; a bundle without a submission; a job that was resubmitted by hand is told."""
    graph.nodes.clear()
    other = submit_to(DirectClient(monitor.deadline), write_three(graph, monitor.folder / "other"))
    copy = monitor.deadline.resubmit(job_ids["render"], "3-4", 1).job_id

    seen = monitor.choose(
        "Redo",
        *[job_ids["render"], other["render"]],
        deeds=[("select", [copy], {copy: [1]}), ("choose", "Jobs/FlowpipeRedo.py")],
    )
    (bundle.folder / "submission.json").unlink()
    left = monitor.choose("Redo", job_ids["render"])

    assert seen.looks[0]["NoteLabel0"].startswith("Jobs of 2 bundles are selected, ")
    note = "Resubmitted, or replaced by a newer job: Test - render [resubmitted]. This is about the job of render on "
    assert (seen.looks[-1]["NoteLabel0"], seen.looks[-1]["FramesBox"]) == (f"{note}record.", "4")
    assert left.looks[0]["NoteLabel0"].startswith(f"{bundle.name} is not submitted")
    assert (seen.uncaught, left.uncaught) == ([], [])


def test_results_reach_the_end(monitor, bundle, job_ids, worker):
    """What was requeued is evaluated with the new input."""
    monitor.choose("Redo", job_ids["render"], deeds=[("enter", "Input1Box", "3"), REDO])

    worker.render("render", "1-4", "5-8", "9-10")
    worker.render("collect")

    results = read_results(bundle)
    assert results["Test.collect"].outputs() == {"parts": {"items": [3 * frame for frame in range(1, 11)]}}
    assert [result.stale for result in results.values()] == [None, None, None]
