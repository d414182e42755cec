"""A bundle whose jobs have not ended on a farm is not run on this machine as well."""

from __future__ import annotations

import shutil

import pytest
from direct_farm import DirectClient
from submissions import leave_half, write_three

from flowpipe_deadline import read_bundle, run_bundle
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.errors import BundleError
from flowpipe_deadline.status.live import refuse_live
from flowpipe_deadline.submit.record import SubmissionWriter


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


@pytest.fixture
def client(deadline):
    """A way to the fake Deadline."""
    return DirectClient(deadline)


def unreachable():
    """This machine has no Deadline."""
    raise SubmissionError("no deadlinecommand on this machine")


def test_jobs_that_have_not_ended_are_told_by_state(bundle, client, deadline, job_ids):
    """The way out is told as well."""
    with pytest.raises(BundleError, match=r"its jobs are on the farm: 2 queued, 1 pending; cancel it .*--anyway"):
        refuse_live(bundle, lambda: client)

    deadline.change("suspend", job_ids["render"])
    deadline.change("complete", job_ids["beside"])
    with pytest.raises(BundleError, match="1 suspended, 1 pending"):
        refuse_live(bundle, lambda: client)


def test_jobs_that_have_ended_are_in_nobodys_way(bundle, client, deadline, job_ids):
    """Complete, failed, or deleted."""
    deadline.change("complete", job_ids["render"])
    deadline.change("fail", job_ids["collect"])
    deadline.delete(job_ids["beside"])

    refuse_live(bundle, lambda: client)


def test_a_job_that_is_only_listed_may_be_at_work(bundle, client, job_ids, monkeypatch):
    """Deadline has it, and says nothing of it at the moment."""
    monkeypatch.setattr(client, "read_jobs", lambda _: {})
    monkeypatch.setattr(client, "list_jobs", set)

    with pytest.raises(BundleError, match="its jobs are on the farm: 3 unknown"):
        refuse_live(bundle, lambda: client)


def test_jobs_of_a_failed_submission_are_looked_for(bundle, client, job_ids):
    """Its record may not have them all."""
    with SubmissionWriter(bundle.folder) as writer:
        writer.claim(takes_submitted=True)
        writer.leave([])

    with pytest.raises(BundleError, match="its jobs are on the farm: 2 queued, 1 pending"):
        refuse_live(bundle, lambda: client)


def test_without_a_submission_deadline_is_not_asked(bundle):
    """Most bundles that are run have none."""
    refuse_live(bundle, unreachable)


def test_what_is_being_submitted_is_refused(bundle):
    """Without asking Deadline."""
    with SubmissionWriter(bundle.folder) as writer:
        writer.claim()

        with pytest.raises(BundleError, match="it is being submitted this moment by process"):
            refuse_live(bundle, unreachable)


def test_half_a_submission_counts_by_its_jobs(bundle, client, deadline, job_ids):
    """They are suspended, and somebody may resume them."""
    leave_half(bundle, {"render": job_ids["render"]})

    with pytest.raises(BundleError, match="2 queued, 1 pending"):
        refuse_live(bundle, lambda: client)
    for job_id in job_ids.values():
        deadline.delete(job_id)
    refuse_live(bundle, lambda: client)


def test_a_deadline_that_cannot_be_asked_is_a_reason(bundle, job_ids):
    """The jobs may be at work."""
    with pytest.raises(BundleError, match=r"is unknown: no deadlinecommand on this machine; .*--anyway"):
        refuse_live(bundle, unreachable)


def test_a_copy_is_none_of_the_farms(bundle, client, job_ids, tmp_path):
    """It gets results of its own."""
    copy = write_copy(bundle, tmp_path / "copy")

    refuse_live(copy, lambda: client)


def test_a_bundle_that_is_elsewhere_may_be_known_there_by_another_path(bundle, client, job_ids, tmp_path):
    """Deadline decides; without it, as on a laptop, the bundle is a copy."""
    copy = write_copy(bundle, tmp_path / "copy")
    shutil.rmtree(bundle.folder)

    with pytest.raises(BundleError, match="2 queued"):
        refuse_live(copy, lambda: client)
    refuse_live(copy, unreachable)


def write_copy(bundle, folder):
    """The bundle in another folder."""
    return read_bundle(shutil.copytree(bundle.folder, folder))


def test_run_bundle_asks_first_unless_told_otherwise(bundle, client, worker, job_ids, monkeypatch):
    """By the studio's connection."""
    monkeypatch.setenv("DEADLINE_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    submit_states = []

    with pytest.raises(BundleError, match="--anyway"):
        run_bundle(bundle, on_progress=submit_states.append)

    assert submit_states == []
    assert run_bundle(bundle, anyway=True).is_complete


def test_a_job_that_nobody_planned_counts_as_well(bundle, client, job_ids):
    """An undo found it by its batch, and could not delete it."""
    with SubmissionWriter(bundle.folder) as writer:
        writer.leave([job_ids["render"]])
    path = bundle.folder / "submission.json"
    path.write_text(path.read_text().replace('"render"', f'"left-{job_ids["render"]}"'))

    with pytest.raises(BundleError, match="2 queued, 1 pending"):
        refuse_live(bundle, lambda: client)
