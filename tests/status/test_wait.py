"""Waiting for a submission: until nothing of it can go on, whatever happens meanwhile."""

from __future__ import annotations

import shutil
import threading

import pytest
from direct_farm import DirectClient
from submissions import leave_half, write_three

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.status.wait import Listener, wait_for_submission
from flowpipe_deadline.submit.record import SubmissionWriter
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.operations import FakeDeadline


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


class Steps(Listener):
    """Does one thing after the other, each time that Deadline was asked, and keeps what was seen and heard."""

    def __init__(self, *steps):
        self._steps = list(steps)
        self.seen = []
        self.said = []

    def show(self, submitted):
        """Does the next thing."""
        self.seen.append({job.key: (job.status, job.done) for job in submitted.jobs})
        if self._steps:
            self._steps.pop(0)()

    def say(self, line):
        """Keeps it."""
        self.said.append(line)


def wait(bundle, client, listener=None, *, poll_seconds=0.001, timeout=None):
    """Waits without long pauses."""
    return wait_for_submission(bundle, lambda: client, poll_seconds=poll_seconds, timeout=timeout, listener=listener)


def test_it_ends_when_all_jobs_are_complete(bundle, client, worker):
    """How far they are is heard each time."""
    steps = Steps(
        lambda: worker.render("render", "1-4"),
        lambda: worker.render("beside"),
        lambda: worker.render("render", "5-8", "9-10"),
        lambda: worker.render("collect"),
    )

    submitted = wait(bundle, client, steps)

    assert (submitted.is_over, submitted.is_complete, submitted.stuck) == (True, True, ())
    assert [seen["render"] for seen in steps.seen[:4]] == [
        ("Queued", 0),
        ("Queued", 1),
        ("Queued", 1),
        ("Completed", 3),
    ]
    assert steps.seen[-1] == {"render": ("Completed", 3), "collect": ("Completed", 1), "beside": ("Completed", 1)}
    assert steps.said == []


def test_a_submission_that_ended_long_ago_is_not_waited_for(bundle, client, worker):
    """All jobs are asked for at once, however they depend on each other."""
    for key in ("render", "beside", "collect"):
        worker.render(key, *(("1-4", "5-8", "9-10") if key == "render" else ()))
    client.calls = 0

    assert wait(bundle, client, poll_seconds=1000.0).is_complete

    assert client.calls == 1


def test_only_what_can_have_changed_is_asked_for_meanwhile(bundle, client, worker, job_ids):
    """All jobs at the beginning and at the end."""
    asked, tell = [], client.read_jobs
    client.read_jobs = lambda ids: asked.append([key for key in job_ids if job_ids[key] in ids]) or tell(ids)
    steps = Steps(
        lambda: worker.render("beside"),
        lambda: worker.render("render", "1-4", "5-8", "9-10"),
        lambda: worker.render("collect"),
    )

    wait(bundle, client, steps)

    every = ["render", "collect", "beside"]
    assert asked == [every, ["render", "beside"], ["render"], ["collect"], every]


def test_jobs_requeued_at_the_end_are_waited_for_again(bundle, client, worker):
    """Somebody did not like what they gave."""
    steps = Steps(
        lambda: worker.render("render", "1-4", "5-8", "9-10"),
        lambda: worker.render("beside"),
        lambda: (worker.render("collect"), worker.requeue("beside")),
        lambda: None,
        lambda: worker.render("beside"),
    )

    assert wait(bundle, client, steps).is_complete

    assert [seen["beside"][0] for seen in steps.seen].count("Queued") == 3


def test_it_ends_when_nothing_can_go_on(bundle, client, worker):
    """After a failure the others come to their end; a job that waits for what failed never does."""
    steps = Steps(lambda: worker.fail("render"), lambda: None, lambda: worker.render("beside"))

    submitted = wait(bundle, client, steps)

    assert {job.key: job.status for job in submitted.jobs} == {
        "render": "Failed",
        "collect": "Pending",
        "beside": "Completed",
    }
    assert (submitted.is_over, submitted.is_complete, submitted.stuck) == (True, False, ("collect",))


def test_a_failed_job_that_is_resumed_is_waited_for(bundle, client, worker, deadline, job_ids):
    """As long as others go on, or this is seen at the end."""
    steps = Steps(
        lambda: (worker.render("beside"), worker.fail("render")),
        lambda: deadline.change("resumefailed", job_ids["render"]),
        lambda: worker.render("render", "1-4", "5-8", "9-10"),
        lambda: None,
        lambda: worker.render("collect"),
    )

    assert wait(bundle, client, steps).is_complete


def test_a_job_that_is_deleted_ends_the_waiting(bundle, client, worker, deadline, job_ids):
    """Nobody will ever render it."""
    steps = Steps(lambda: deadline.delete(job_ids["render"]), lambda: worker.render("beside"))

    submitted = wait(bundle, client, steps)

    assert [job.status for job in submitted.jobs] == ["Deleted", "Pending", "Completed"]
    assert (submitted.is_over, submitted.stuck) == (True, ("collect",))


def test_suspended_jobs_are_waited_for(bundle, client, worker, deadline, job_ids):
    """Until somebody resumes them."""
    deadline.change("suspend", job_ids["beside"])
    steps = Steps(
        lambda: worker.render("render", "1-4", "5-8", "9-10"),
        lambda: worker.render("collect"),
        lambda: None,
        lambda: (deadline.change("resume", job_ids["beside"]), worker.render("beside")),
    )

    assert wait(bundle, client, steps).is_complete

    assert [seen["beside"][0] for seen in steps.seen].count("Suspended") == 4


@pytest.mark.parametrize("timeout", [0.0, 0.05])
def test_time_can_run_out(bundle, client, job_ids, timeout):
    """The jobs go on."""
    submitted = wait(bundle, client, timeout=timeout)

    assert (submitted.is_over, submitted.is_complete) == (False, False)
    assert [job.status for job in submitted.jobs] == ["Queued", "Pending", "Queued"]


def test_a_deadline_out_of_reach_is_said_and_waited_for(bundle, client, worker, deadline):
    """Once each time, and that it is back; what was known is still shown."""
    steps = Steps(
        lambda: deadline.set_faults({"on": "read", "do": "refuse", "value": "no line", "times": 0}),
        lambda: None,
        lambda: None,
        deadline.set_faults,
        lambda: worker.fail("render"),
        lambda: worker.render("beside"),
    )

    wait(bundle, client, steps)

    assert steps.said == ["Deadline cannot be asked: no line; trying again", "Deadline answers again"]
    assert [seen["render"] for seen in steps.seen[:5]] == [("Queued", 0)] * 5


def test_a_deadline_out_of_reach_from_the_beginning_is_waited_for(bundle, client, worker, deadline):
    """Then all jobs are asked for."""
    for key in ("render", "beside", "collect"):
        worker.render(key, *(("1-4", "5-8", "9-10") if key == "render" else ()))
    deadline.set_faults({"on": "read", "do": "refuse", "value": "no line", "times": 2})
    steps = Steps()

    assert wait(bundle, client, steps).is_complete

    assert len(steps.seen) == 3


def test_a_submission_that_is_being_made_is_waited_for(bundle, client, deadline):
    """And then its jobs."""
    begun, told = threading.Event(), threading.Event()

    class Told(Steps):
        def say(self, line):
            super().say(line)
            told.set()

    def submit_until_that_is_told():
        def wait_for_the_listener(number):
            if number == 2:
                begun.set()
                assert told.wait(30.0)

        with FakeDeadline(deadline.folder) as own:
            submitter = DirectClient(own)
            submitter.on_call = wait_for_the_listener
            submit_to(submitter, bundle)

    submission = threading.Thread(target=submit_until_that_is_told)
    submission.start()
    assert begun.wait(30.0)
    steps = Told(lambda: [deadline.change("complete", job.job_id) for job in deadline.jobs()])

    assert wait(bundle, client, steps).is_complete

    submission.join()
    assert steps.said[0].startswith(f"{bundle.name} is being submitted this moment by process ")
    assert steps.said[0].endswith("; waiting for that")


def test_a_submission_that_is_still_being_made_when_time_runs_out_is_not_over(bundle):
    """Deadline is not asked."""
    SubmissionWriter(bundle.folder).claim()

    submitted = wait_for_submission(bundle, None, timeout=0.0)

    assert (submitted.state, submitted.is_over) == ("submitting", False)


def test_a_bundle_without_a_submission_is_not_waited_for(bundle, client, tmp_path):
    """Nothing would ever happen; what to do is said."""
    with pytest.raises(SubmissionError, match="is not submitted; to submit it:  flowpipe-deadline submit"):
        wait(bundle, client)

    job_ids = submit_to(client, bundle)
    copy = shutil.copytree(bundle.folder, tmp_path / "copy")
    with pytest.raises(SubmissionError, match=f"is a copy of {bundle.folder}, whose jobs these are; name that one"):
        wait(copy, client)
    leave_half(bundle, {"render": job_ids["render"]})
    with pytest.raises(SubmissionError, match="ended half-way, with 1 of 3 jobs on record; to delete them:"):
        wait(bundle, client)


def test_a_submission_that_is_cancelled_meanwhile_is_not_waited_for(bundle, client, job_ids):
    """Whenever that is: its jobs are deleted then."""
    heard = Steps(lambda: cancel_submission(bundle, lambda: client))

    submitted = wait(bundle, client, heard)

    assert [job.status for job in submitted.jobs] == ["Deleted"] * 3
    assert (submitted.is_over, submitted.is_complete) == (True, False)


def test_a_bundle_that_was_moved_is_waited_for_with_a_word(bundle, client, worker, tmp_path):
    """Another machine may know it by another name."""
    moved = shutil.move(bundle.folder, tmp_path / "moved")
    steps = Steps()

    wait(moved, client, steps, timeout=0.0)

    assert steps.said[0].startswith(f"{moved} was moved or copied, or is known to the jobs as {bundle.folder}")
