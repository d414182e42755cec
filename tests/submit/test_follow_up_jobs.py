"""Event plugins of a farm that make jobs of their own: those are not ours, and nothing happens to them."""

from __future__ import annotations

import pytest
from direct_farm import DirectClient
from submissions import TerseClient, write_three

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.deadline.connect import choose_connection
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.submit import open_client, submit_unchecked
from flowpipe_deadline.submit.transaction import submit_to

DRAFT = {"Plugin": "CommandLine", "Name": "draft", "JobDependencies": None, "InitialStatus": None}
FOLLOW_UPS = {
    "without a batch": {**DRAFT, "BatchName": None},
    "of another batch": {**DRAFT, "BatchName": "drafts"},
    "of our batch": DRAFT,
    "of our batch and plugin": {"Name": "again"},
    "of our batch and name": {"Plugin": "Python"},
}


@pytest.fixture
def bundle(graph, tmp_path, monkeypatch, deadline):
    """Three jobs, and a ``deadlinecommand`` to submit them by."""
    monkeypatch.setattr("flowpipe_deadline.deadline.client.DeadlineClient.undo_pauses", (0.0, 0.0))
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    return write_three(graph, tmp_path)


def follow(deadline, kind, where):
    """Has an event plugin follow every job; the other IDs are printed after or before that of the job."""
    deadline.change_settings(unknowns={"event_ids": where})
    deadline.set_faults({"on": "submit", "do": "follow", "times": 0, "value": FOLLOW_UPS[kind]})


def split(deadline):
    """The IDs of our jobs, which were there first, and of the event plugin's."""
    job_ids = [job.job_id for job in deadline.jobs(is_deleted=None)]
    there = {job.job_id for job in deadline.jobs()}
    return [job_id for job_id in job_ids[::2] if job_id in there], [
        job_id for job_id in job_ids[1::2] if job_id in there
    ]


@pytest.mark.parametrize("where", ["after", "before"])
@pytest.mark.parametrize("kind", FOLLOW_UPS)
def test_our_job_is_the_one_of_our_batch_that_is_as_planned(deadline, bundle, kind, where):
    """The others stay, also when ours are taken back; those in our batch are told."""
    follow(deadline, kind, where)
    told = []

    job_ids = submit_to(DirectClient(deadline), bundle, say=told.append)

    ours, theirs = split(deadline)
    assert (list(job_ids.values()), len(theirs)) == (ours, 3)
    assert told[3:] == (
        [f"Warning: the batch has other jobs, which an event plugin of the farm may have made: {', '.join(theirs)}"]
        if "our batch" in kind
        else []
    )
    cancel_submission(bundle, lambda: DirectClient(deadline))
    assert split(deadline) == ([], theirs)
    assert read_submission(bundle.folder) is None


@pytest.mark.parametrize("where", ["after", "before"])
@pytest.mark.parametrize("kind", FOLLOW_UPS)
@pytest.mark.parametrize(
    "fault", [{"on": "resume", "do": "refuse", "times": 0}, {"on": "submit", "do": "refuse", "nth": 3}]
)
def test_an_undo_touches_ours_alone(deadline, bundle, kind, where, fault):
    """Whatever failed."""
    follow(deadline, kind, where)
    deadline.set_faults(*deadline.settings.faults, fault)

    with pytest.raises(SubmissionError):
        submit_to(DirectClient(deadline), bundle)

    ours, theirs = split(deadline)
    assert (ours, len(theirs)) == ([], len(deadline.jobs(is_deleted=None)) // 2)
    assert read_submission(bundle.folder) is None


def test_where_deadline_tells_no_more_the_batch_decides(deadline, bundle):
    """Of a job, it may tell its state and no more."""
    follow(deadline, "of another batch", "before")

    assert list(submit_to(TerseClient(deadline), bundle).values()) == split(deadline)[0]


@pytest.mark.parametrize(
    ("double", "said"),
    [
        pytest.param({}, "Deadline named the jobs .*, and 2 of them are the one", id="the same"),
        pytest.param({"Frames": "7"}, "more jobs than were submitted", id="all but the frames"),
    ],
)
def test_a_double_of_our_job_is_undone(deadline, bundle, double, said):
    """Two jobs of its name in one answer: both would render."""
    deadline.set_faults({"on": "submit", "do": "follow", "nth": 2, "value": double})

    with pytest.raises(SubmissionError, match=said):
        submit_to(DirectClient(deadline), bundle)

    assert deadline.jobs() == []


@pytest.mark.parametrize(
    ("via", "where", "kind", "details"),
    [
        ("command", "before", "of another batch", "bare"),
        ("command", "after", "of our batch", "all"),
        ("script", "before", "of another batch", "all"),
    ],
)
def test_deadlinecommand_prints_several_ids(deadline, bundle, via, where, kind, details):  # noqa: PLR0917
    """And may not tell the batch: our jobs name their submission, and have the plugin."""
    deadline.change_settings(unknowns={"job_details": details, "batch_filter": "everything"})
    follow(deadline, kind, where)
    connection = choose_connection(via)

    job_ids = submit_unchecked(bundle, connection=connection)

    ours, theirs = split(deadline)
    assert (list(job_ids.values()), len(theirs)) == (ours, 3)
    cancel_submission(bundle, lambda: open_client(connection))
    assert split(deadline) == ([], theirs)


@pytest.mark.parametrize(("details", "where"), [("short", "after"), ("bare", "before")])
def test_a_copy_of_our_job_in_another_batch_stays(deadline, bundle, details, where):
    """It names our submission, and ``GetJob`` tells no batch: but the filter finds ours alone, and then nothing."""
    deadline.change_settings(unknowns={"job_details": details, "batch_filter": "works", "event_ids": where})
    deadline.set_faults({"on": "submit", "do": "follow", "times": 0, "value": {"BatchName": "drafts"}})
    connection = choose_connection("command")

    job_ids = submit_unchecked(bundle, connection=connection)

    ours, theirs = split(deadline)
    assert (list(job_ids.values()), len(theirs)) == (ours, 3)
    cancel_submission(bundle, lambda: open_client(connection))
    assert split(deadline) == ([], theirs)
