"""What a submission is on the farm now, whatever Deadline tells of its jobs."""

from __future__ import annotations

import shutil

import failing_nodes
import farm_nodes as nodes
import pytest
from direct_farm import DirectClient
from harness import evaluate_task
from submissions import leave_half, write_three

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.deadline.client import SubmissionError, TaskDetails
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.results.failures import write_failure
from flowpipe_deadline.status.run_lock import run_lock
from flowpipe_deadline.status.status import SubmissionReader, read_submission_status
from flowpipe_deadline.submit.record import SubmissionWriter
from flowpipe_deadline.submit.transaction import submit_to


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


def read(bundle, client, **options):
    """What the submission is."""
    return read_submission_status(bundle, lambda: client, **options)


def by_key(submitted):
    """Status, tasks done and tasks of each job."""
    return {job.key: (job.status, job.done, job.total) for job in submitted.jobs}


def forbidden():
    """A way to Deadline that is not to be opened."""
    raise AssertionError("Deadline is asked")


def test_jobs_have_states_ids_and_what_they_wait_for(bundle, client, job_ids):
    """As soon as they are released."""
    submitted = read(bundle, client)

    assert submitted.state == "submitted"
    assert by_key(submitted) == {"render": ("Queued", 0, 3), "beside": ("Queued", 0, 1), "collect": ("Pending", 0, 1)}
    assert {job.key: job.job_id for job in submitted.jobs} == job_ids
    assert {job.key: job.waits_for for job in submitted.jobs if job.waits_for} == {"collect": ("render",)}
    assert (submitted.is_over, submitted.is_complete, submitted.progress, submitted.notices) == (False, False, 0.0, ())


def test_tasks_are_counted_by_deadline_or_else_by_their_results(bundle, client, worker):
    """Either way, two of three are done."""
    worker.render("render", "1-4", "9-10")
    worker.render("beside")

    submitted = read(bundle, client)

    jobs = by_key(submitted)
    assert jobs == {"render": ("Queued", 2, 3), "beside": ("Completed", 1, 1), "collect": ("Pending", 0, 1)}
    render = submitted.jobs[0]
    assert render.is_reported is (type(client) is DirectClient)
    assert dict(render.states) == ({"Completed": 2, "Queued": 1} if render.is_reported else {})
    assert submitted.progress == pytest.approx(60.0)


def test_a_finished_submission_is_complete(bundle, client, worker):
    """And nothing of it can go on."""
    for task in ("1-4", "5-8", "9-10"):
        worker.render("render", task)
    worker.render("beside")
    worker.render("collect")

    submitted = read(bundle, client)

    assert {job.status for job in submitted.jobs} == {"Completed"}
    assert (submitted.is_over, submitted.is_complete, submitted.progress) == (True, True, 100.0)


def test_tasks_have_frames_states_and_workers(deadline, bundle, client, worker):
    """Deadline then has told, so that nothing has to be counted by results."""
    worker.render("render", "1-4")
    task = deadline.repository.claim("worker-7")
    deadline.repository.report(task, progress=50.0)

    render, _, beside = read(bundle, client, with_tasks=True).jobs

    assert render.tasks == (
        TaskDetails(0, "1-4", "Completed", progress=100.0, worker="", errors=0),
        TaskDetails(1, "5-8", "Rendering", progress=50.0, worker="worker-7", errors=0),
        TaskDetails(2, "9-10", "Queued", progress=0.0, worker="", errors=0),
    )
    assert (render.done, render.is_reported, render.errors) == (1, True, 0)
    assert render.progress == pytest.approx(50.0)
    assert len(beside.tasks) == 1


def test_frames_that_deadline_does_not_tell_are_those_planned(bundle, client, job_ids, monkeypatch):
    """As long as there are as many tasks."""
    tell = client.read_tasks

    def tell_less(job_id):
        return tuple(TaskDetails(task.task_id, "", task.status) for task in tell(job_id))

    monkeypatch.setattr(client, "read_tasks", tell_less)

    render, collect, _ = read(bundle, client, with_tasks=True).jobs

    assert [task.frames for task in render.tasks] == ["1-4", "5-8", "9-10"]
    assert [task.frames for task in collect.tasks] == [""]


@pytest.mark.parametrize("name", ["collect", "Test.collect"])
def test_one_node_may_be_asked_for(bundle, client, job_ids, name):
    """By its key, its name, or with its graph; what it waits for is known all the same."""
    (collect,) = read(bundle, client, node=name).jobs

    assert (collect.key, collect.waits_for) == ("collect", ("render",))


def test_a_node_without_a_job_is_said(graph, tmp_path, client):
    """One that there is not, and one that is omitted."""
    nodes.Pass(name="node", graph=graph)
    omitted = nodes.Pass(name="left_out", graph=graph)
    omitted.omit = True
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with pytest.raises(UsageError, match=r"has no node 'nope'; it has Test\.node, Test\.left_out"):
        read(bundle, client, node="nope")
    with pytest.raises(UsageError, match=r"left_out is omitted in .*: it has no job"):
        read(bundle, client, node="left_out")


def test_all_jobs_are_one_question_and_all_tasks_another(bundle, client, job_ids):
    """Each may cost the start of a process."""
    asked = []

    class Counting(type(client)):
        def read_jobs(self, ids):
            asked.append(("jobs", len(ids)))
            return super().read_jobs(ids)

        def read_tasks_of(self, ids):
            asked.append(("tasks", len(ids)))
            return super().read_tasks_of(ids)

    read(bundle, Counting(client.deadline), with_tasks=True)

    assert asked == [("jobs", 3), ("tasks", 3)]


def test_a_deleted_job_is_complete_if_its_results_are_there(deadline, bundle, client, worker, job_ids):
    """A farm may delete what is done; else somebody has deleted it too early."""
    worker.render("beside")
    worker.render("render", "1-4")
    for key in ("beside", "render"):
        deadline.delete(job_ids[key])

    submitted = read(bundle, client, with_tasks=True)

    jobs = by_key(submitted)
    assert jobs == {"render": ("Deleted", 1, 3), "beside": ("Completed", 1, 1), "collect": ("Pending", 0, 1)}
    assert [job.tasks is None for job in submitted.jobs] == [True, False, True]
    assert (submitted.stuck, submitted.is_over) == (("collect",), True)


def test_a_job_that_is_listed_and_not_told_of_is_unknown(bundle, client, job_ids, monkeypatch):
    """It is there, and Deadline does not say more."""
    tell = client.read_jobs
    monkeypatch.setattr(client, "list_jobs", set)
    monkeypatch.setattr(
        client, "read_jobs", lambda ids: {i: job for i, job in tell(ids).items() if i != job_ids["beside"]}
    )

    submitted = read(bundle, client)

    assert by_key(submitted)["beside"] == ("Unknown", 0, 1)
    assert not submitted.is_over


def test_what_cannot_go_on_is_told(bundle, client, worker):
    """A job that waits for one that failed; and nothing else is left to do."""
    worker.render("beside")
    worker.render("render", "1-4")
    worker.fail("render", "5-8")
    worker.render("render", "9-10")

    submitted = read(bundle, client)

    assert by_key(submitted)["render"] == ("Failed", 2, 3)
    assert (submitted.stuck, submitted.is_over, submitted.is_complete) == (("collect",), True, False)


def test_what_tasks_raised_is_told_as_long_as_it_lacks_results(graph, tmp_path, deadline, client):
    """The latest first; that of a task which worked in the end is over."""
    batch = {"size": 1, "over": ["numbers"]}
    failing_nodes.Divide(name="divide", graph=graph, numbers=[1, 0, 0], metadata={"batch": batch})
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    job_ids = submit_to(client, bundle)
    for frames in ("0", "1", "2"):
        error, report = ZeroDivisionError(f"in {frames}"), f"Traceback\nZeroDivisionError: in {frames}"
        write_failure(bundle.folder, "divide", FrameList.parse(frames), error=error, report=report)
    evaluate_task(bundle.folder, node="divide", frames=FrameList.parse("0"))
    count_error = deadline.repository.claim("worker-1")
    deadline.repository.fail(count_error, "in 1")

    (divide,) = read(bundle, client).jobs

    assert [(failure.frames, failure.report.splitlines()[-1]) for failure in divide.failures] == [
        ("2", "ZeroDivisionError: in 2"),
        ("1", "ZeroDivisionError: in 1"),
    ]
    assert divide.job_id == job_ids["divide"]
    assert divide.errors == (1 if type(client) is DirectClient else None)


def test_errors_of_an_earlier_submission_are_not_told(bundle, worker, deadline):
    """Where Deadline says that there was none."""
    write_failure(bundle.folder, "beside", None, error=ValueError("long ago"), report="ValueError: long ago")

    submitted = read(bundle, DirectClient(deadline))

    assert [job.failures for job in submitted.jobs] == [(), (), ()]


def test_a_bundle_that_is_not_submitted_says_so_without_deadline(bundle):
    """Its jobs have no IDs; what results there are, a run on this machine may have made."""
    evaluate_task(bundle.folder, node="beside", frames=None)

    submitted = read_submission_status(bundle, forbidden)

    assert submitted.state == "not submitted"
    assert submitted.notices == (
        f"{bundle.name} is not submitted; to submit it:  flowpipe-deadline submit {bundle.folder}",
    )
    assert by_key(submitted) == {"render": (None, 0, 3), "beside": ("Completed", 1, 1), "collect": (None, 0, 1)}
    assert (submitted.is_over, submitted.is_complete) == (True, False)
    assert {job.is_reported for job in submitted.jobs} == {False}


def test_a_bundle_that_only_ran_here_is_as_far_as_its_results(bundle):
    """Complete, failed, begun, or waiting for what is not complete."""
    for frames in ("1-4", "9-10"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))
    begun = read_submission_status(bundle, forbidden)
    error = ValueError("no memory")
    write_failure(bundle.folder, "render", FrameList.parse("5-8"), error=error, report="ValueError: no memory")
    failed = read_submission_status(bundle, forbidden)
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("5-8"))
    for key in ("collect", "beside"):
        evaluate_task(bundle.folder, node=key)
    complete = read_submission_status(bundle, forbidden)

    assert [status.jobs[0].status for status in (begun, failed, complete)] == [None, "Failed", "Completed"]
    assert [status.jobs[1].waits_for for status in (begun, complete)] == [("render",), ()]
    assert [failure.report for failure in failed.jobs[0].failures] == ["ValueError: no memory"]
    assert [status.is_complete for status in (begun, failed, complete)] == [False, False, True]
    assert (begun.progress, complete.progress) == (40.0, 100.0)


def test_a_run_that_is_under_way_is_told(bundle):
    """What is read meanwhile is soon old."""
    with run_lock(bundle.folder):
        during = read_submission_status(bundle, forbidden)

    assert f"{bundle.name} is being run offline at this moment" in during.notices
    assert len(read_submission_status(bundle, forbidden).notices) == 1


def test_stale_results_are_told(bundle, client, worker):
    """Once what they were made from is replaced; not while a submission is waited for, which reads no results."""
    for key, frames in (("render", ("1-4", "5-8", "9-10")), ("collect", ()), ("beside", ())):
        worker.render(key, *frames)
    before = read(bundle, client)
    worker.write_results("render", "5-8")

    after = read(bundle, client)

    assert [job.stale for job in before.jobs] == [None, None, None]
    assert [job.stale for job in after.jobs] == [None, "all", None]
    assert after.is_complete
    assert [job.stale for job in read(bundle, client, with_stale=False).jobs] == [None, None, None]
    assert [job.stale for job in SubmissionReader(bundle, lambda: client).status().jobs] == [None, None, None]


def test_stale_frames_are_told(graph, tmp_path):
    """Of what is made frame by frame, those alone that were made from something else."""
    frames = list(range(1, 7))
    render = nodes.Render(name="render", graph=graph, frames=frames, metadata={"batch_size": 2})
    batch = {"size": 3, "over": ["frames", "images"]}
    check = nodes.Check(name="check", graph=graph, frames=frames, metadata={"batch": batch})
    render.outputs["items"].connect(check.inputs["images"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    for key, chunks in (("render", ("1-2", "3-4", "5-6")), ("check", ("1-3", "4-6")), ("render", ("3-4",))):
        for chunk in chunks:
            evaluate_task(bundle.folder, node=key, frames=FrameList.parse(chunk))

    assert [job.stale for job in read_submission_status(bundle, forbidden).jobs] == [None, "3-4"]


def test_a_damaged_result_hides_no_status(bundle):
    """What cannot be told is said, and the rest is told."""
    for frames in ("1-4", "5-8", "9-10"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))
    evaluate_task(bundle.folder, node="collect")
    (bundle.folder / "results" / "render" / "5-8.json").write_text("{")

    submitted = read_submission_status(bundle, forbidden)

    assert submitted.jobs[0].status == "Completed"
    assert [notice.partition(": which")[0] for notice in submitted.notices[1:]] == ["Test.render", "Test.collect"]
    assert "5-8.json is damaged" in submitted.notices[1]


def test_a_submission_that_is_being_made_says_so(bundle, client):
    """By whom, and which jobs there are so far."""
    seen = []
    client.after_call = lambda number: seen.append(read(bundle, DirectClient(client.deadline))) if number == 2 else None

    submit_to(client, bundle)

    (submitted,) = seen
    assert (submitted.state, submitted.is_over) == ("submitting", False)
    assert submitted.notices[0].startswith(f"{bundle.name} is being submitted this moment by process ")
    assert [job.status for job in submitted.jobs] == ["Suspended", None, None]


def test_half_a_submission_says_so(bundle, client, job_ids):
    """Whoever made it is gone, and two jobs are on record."""
    leave_half(bundle, {key: job_ids[key] for key in ("render", "beside")})

    submitted = read(bundle, client)

    assert submitted.state == "half submitted"
    (notice,) = submitted.notices
    assert notice == (
        f"a submission of {bundle.name} ended half-way, with 2 of 3 jobs on record; to delete them:"
        f"  flowpipe-deadline cancel {bundle.folder}"
    )
    assert [job.status for job in submitted.jobs] == ["Queued", None, "Queued"]


def test_half_an_undoing_says_so(bundle, client, job_ids):
    """With the jobs that are left, and those of which nothing is known."""
    stranger = "f" * 24
    SubmissionWriter(bundle.folder).leave([job_ids["beside"], stranger])

    submitted = read(bundle, client)

    assert submitted.state == "half undone"
    (notice,) = submitted.notices
    assert notice == (
        f"a submission of {bundle.name} was taken back, and jobs of it could not be deleted: beside"
        f" ({job_ids['beside']}), {stranger}; to try again:  flowpipe-deadline cancel {bundle.folder}"
    )
    assert [job.status for job in submitted.jobs] == [None, None, "Queued"]


def test_a_bundle_elsewhere_than_submitted_says_so(bundle, client, job_ids, tmp_path):
    """A copy of it, and the bundle itself where it was moved to; by a link it is the same."""
    copy = tmp_path / "copy"
    shutil.copytree(bundle.folder, copy)
    link = tmp_path / "link"
    link.symlink_to(bundle.folder)

    assert read(link, client).notices == ()
    assert read(copy, client).notices == (f"{copy} is a copy of {bundle.folder}: that is what they read and write",)
    moved = shutil.move(bundle.folder, tmp_path / "moved")
    submitted = read(moved, client)

    assert [job.status for job in submitted.jobs] == ["Queued", "Pending", "Queued"]
    assert submitted.notices == (
        f"{moved} was moved or copied, or is known to the jobs as {bundle.folder}: that is what they read and write",
    )


def test_a_deadline_that_cannot_be_asked_is_an_error(bundle, client, job_ids):
    """A state that nobody knows is no answer."""
    client.deadline.set_faults({"on": "read", "do": "refuse", "value": "no line", "times": 0})

    with pytest.raises(SubmissionError, match="no line"):
        read(bundle, client)
