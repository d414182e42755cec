"""Parts of a submitted bundle again: what is read of the farm, what runs there, and what is taken back."""

from __future__ import annotations

import random
import shutil

import pytest
from direct_farm import DirectClient
from flowpipe import Graph
from harness import evaluate_task
from redo_cases import SEEDS, Case, add_nodes
from submissions import leave_half, write_three

from flowpipe_deadline import read_results, redo_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.errors import BundleError
from flowpipe_deadline.results.edits import read_edits
from flowpipe_deadline.submit.transaction import submit_to
from tests.test_random_graphs import assert_equal, outputs_of

TASKS = {"render": ("1-4", "5-8", "9-10"), "collect": (), "beside": ()}


@pytest.fixture
def bundle(graph, tmp_path):
    """``render`` in three tasks, ``collect``, which waits for it, and ``beside``."""
    return write_three(graph, tmp_path)


@pytest.fixture
def done(bundle, worker):
    """The bundle, once everything is done."""
    for key, frames in TASKS.items():
        worker.render(key, *frames)
    return bundle


def run(deadline, bundle):
    """Renders what is queued until nothing is, in this process; gives the tasks in their order."""
    log = []
    deadline.scan()
    while (task := deadline.repository.claim("worker")) is not None:
        key = deadline.repository.job_files(task.job_id)[1]["Node"]
        is_batched = next(job.is_batched for job in bundle.jobs if job.key == key)
        evaluate_task(bundle.folder, node=key, frames=FrameList.parse(task.frames) if is_batched else None)
        deadline.repository.complete(task)
        deadline.scan()
        log.append((key, task.frames if is_batched else None))
    return log


def texts(tasks):
    """The tasks as text."""
    return {key: [chunk and str(chunk) for chunk in chunks] for key, chunks in tasks.items()}


@pytest.mark.parametrize("seed", range(21, 21 + SEEDS))
def test_the_farm_runs_exactly_what_is_necessary(deadline, tmp_path, seed):
    """Random graphs and bad frames, by requeued tasks and by new jobs; it gives what flowpipe gives."""
    rng, client = random.Random(seed), DirectClient(deadline)
    for _ in range(3):
        add_nodes(rng, graph := Graph(name="main"))
        case = Case(graph, tmp_path)
        submit_to(client, case.bundle)
        run(deadline, case.bundle)
        for new_jobs in (False, False, True):
            atoms, asked = case.some_frames(rng)
            necessary = case.model.changed_by(atoms)
            case.spoil(atoms)

            result = redo_bundle(case.bundle, lambda: client, new_jobs=new_jobs, **asked)
            ran = run(deadline, case.bundle)

            assert case.tasks_of(result.tasks) == necessary
            assert sorted(ran, key=str) == sorted(case.names_of(necessary), key=str)
            assert_equal(outputs_of(case.bundle), case.good)


def test_what_was_requeued_by_hand_is_followed_by_the_rest(client, deadline, done, worker):
    """The commonest case: downstream is complete but stale, and stale is all that runs."""
    worker.requeue("render", "5-8")
    assert run(deadline, done) == [("render", "5-8")]

    result = redo_bundle(done, lambda: client, which="stale")

    assert texts(result.tasks) == {"collect": [None]}
    assert run(deadline, done) == [("collect", None)]
    assert redo_bundle(done, lambda: client, which="stale").tasks == {}


def test_what_failed_runs_again(client, deadline, bundle, worker):
    """Also what somebody marked complete without a result; what never ran runs after it by itself."""
    worker.render("render", "1-4")
    worker.complete("render", "5-8")
    worker.fail("render", "9-10")
    worker.complete("beside")

    result = redo_bundle(bundle, lambda: client, which="failed")

    assert texts(result.tasks) == {"render": ["5-8", "9-10"], "collect": [None], "beside": [None]}
    assert sorted(run(deadline, bundle), key=str) == [
        ("beside", None),
        ("collect", None),
        ("render", "5-8"),
        ("render", "9-10"),
    ]


def test_of_a_job_that_is_gone_what_has_no_result_has_failed(client, deadline, done, job_ids):
    """New jobs make it; there are none that could be requeued."""
    deadline.delete(job_ids["render"])
    (done.folder / "results" / "render" / "5-8.json").unlink()

    with pytest.raises(SubmissionError, match="its job is not in Deadline any more; use --new-jobs"):
        redo_bundle(done, lambda: client, which="failed")

    result = redo_bundle(done, lambda: client, which="failed", new_jobs=True)
    assert list(result.new_jobs) == ["render", "collect"]
    assert ("render", "5-8") in run(deadline, done)
    assert read_results(done)["Test.collect"].stale is None


def test_inputs_and_settings_change_on_the_way(client, deadline, done, job_ids):
    """Of the jobs that run again."""
    redo_bundle(done, lambda: client, inputs={"render": {"factor": 3}}, settings={"priority": 80})
    run(deadline, done)

    assert read_results(done)["Test.collect"].outputs()["parts"]["items"] == [3 * frame for frame in range(1, 11)]
    priorities = {key: deadline.job(job_id).job_info.get("Priority") for key, job_id in job_ids.items()}
    assert priorities == {"render": "80", "collect": "80", "beside": None}


def test_if_deadline_refuses_inputs_are_as_before(client, deadline, done):
    """All or nothing."""
    deadline.set_faults({"on": "requeue", "do": "refuse", "value": "busy", "times": 0})

    with pytest.raises(SubmissionError):
        redo_bundle(done, lambda: client, inputs={"render": {"factor": 3}})

    assert [edit.withdrawn > 0 for edit in read_edits(done.folder, "render")] == [True]
    assert read_results(done)["Test.render"].stale is None
    assert run(deadline, done) == []


def test_a_dry_run_changes_nothing(client, deadline, done, job_ids):
    """It only reads."""
    states = [job.shown_status for job in deadline.jobs()]

    planned = redo_bundle(
        done, lambda: client, node="render", frames="6", inputs={"beside": {"value": 8}}, dry_run=True
    )

    assert texts(planned.tasks) == {"render": ["5-8"], "collect": [None], "beside": [None]}
    assert [job.shown_status for job in deadline.jobs()] == states
    assert read_edits(done.folder, "beside") == ()


def test_a_job_that_was_cut_anew_runs_in_the_tasks_that_it_has(deadline, done, job_ids):
    """In chunks of two since somebody changed it in the Monitor."""
    client = DirectClient(deadline)
    deadline.set_frames(job_ids["render"], "1-10", 2)
    run(deadline, done)

    result = redo_bundle(done, lambda: client, node="render", frames="6", only=True)

    assert texts(result.tasks) == {"render": ["5-6"]}
    assert run(deadline, done) == [("render", "5-6")]


def test_jobs_that_hold_a_part_of_the_frames_count_together(client, deadline, done):
    """New jobs came for frame 6; then other frames are asked for, and some that lie in both."""
    redo_bundle(done, lambda: client, node="render", frames="6", new_jobs=True, only=True)
    assert run(deadline, done) == [("render", "5-8")]

    redo_bundle(done, lambda: client, node="render", frames="2", only=True)
    assert run(deadline, done) == [("render", "1-4")]
    redo_bundle(done, lambda: client, node="render", frames="4,5,9", only=True)
    assert sorted(run(deadline, done)) == [("render", "1-4"), ("render", "5-8"), ("render", "9-10")]
    assert redo_bundle(done, lambda: client, which="failed").tasks == {}


def test_what_is_missing_is_told_unless_the_farm_makes_it(client, deadline, done, worker):
    """A result was deleted; then its task is requeued."""
    (done.folder / "results" / "render" / "5-8.json").unlink()

    with pytest.raises(BundleError, match=r"Test\.collect needs Test\.render 5-8, which is missing"):
        redo_bundle(done, lambda: client, node="collect")

    worker.requeue("render", "5-8")
    redo_bundle(done, lambda: client, node="collect")
    assert run(deadline, done) == [("render", "5-8"), ("collect", None)]


def test_a_copy_runs_here_and_half_a_submission_nowhere(client, done, tmp_path, job_ids, monkeypatch):
    """The jobs are the other one's; and what is half there has to be mended first."""
    copy = tmp_path / "copy" / done.name
    shutil.copytree(done.folder, copy)

    assert texts(redo_bundle(copy, None, node="beside", dry_run=True).tasks) == {"beside": [None]}

    leave_half(done, dict(list(job_ids.items())[:1]))
    with pytest.raises(SubmissionError, match=r"ended half-way, .* flowpipe-deadline cancel"):
        redo_bundle(done, lambda: client, node="beside")
