"""Taking a submission back: everything is deleted or named, and nothing is forgotten."""

from __future__ import annotations

import json
import shutil

import pytest
from direct_farm import DirectClient
from submissions import leave_half, write_three

from flowpipe_deadline import read_results
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.status.cancel import cancel_submission, suspend_submission
from flowpipe_deadline.status.status import read_submission_status
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to


@pytest.fixture
def client(deadline):
    """A way to the fake Deadline."""
    return DirectClient(deadline)


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


def states(deadline):
    """The states of all jobs, upstream first."""
    return [job.shown_status for job in deadline.jobs()]


def test_all_jobs_are_deleted_and_results_stay(bundle, client, worker, deadline, job_ids):
    """Whatever their states; and the bundle can be submitted again."""
    worker.render("beside")
    deadline.change("suspend", job_ids["render"])

    told = cancel_submission(bundle, lambda: client)

    assert told == f"what was submitted was deleted: {', '.join(job_ids.values())}"
    assert states(deadline) == []
    assert read_submission(bundle.folder) is None
    assert read_results(bundle)["Test.beside"].outputs() == {"value": 7}
    assert len(submit_to(client, bundle)) == 3


def test_a_bundle_that_is_not_submitted_needs_no_deadline(bundle):
    """It is said, and is no error: cancelled twice is cancelled."""
    assert cancel_submission(bundle, None) == f"{bundle.name} is not submitted: there is nothing to cancel"


@pytest.mark.parametrize("several", ["go on", "stop"])
def test_jobs_that_somebody_has_deleted_do_not_matter(bundle, client, deadline, job_ids, several):
    """Some of them, or all."""
    deadline.change_settings(unknowns={"several_changes": several})
    deadline.delete(job_ids["render"])

    assert job_ids["render"] not in cancel_submission(bundle, lambda: client)
    assert states(deadline) == []

    for job_id in submit_to(client, bundle).values():
        deadline.delete(job_id)
    assert cancel_submission(bundle, lambda: client) == f"Deadline has no job of {bundle.name} any more"
    assert read_submission(bundle.folder) is None


def test_what_cannot_be_deleted_is_named_and_found_by_another_try(bundle, client, deadline, job_ids):
    """By its node; the record says that it was half undone."""
    lost = {"on": "delete", "do": "partial", "value": 1}
    refused = {"on": "delete", "do": "refuse", "value": "protected", "nth": 2, "times": 0}
    deadline.set_faults(lost, refused)

    with pytest.raises(SubmissionError, match=r"the jobs [0-9a-f, ]+ could not be deleted \(protected\)"):
        cancel_submission(bundle, lambda: client)

    deadline.set_faults()
    left = {job.job_id for job in deadline.jobs()}
    record = read_submission(bundle.folder)
    assert (record.state, set(record.jobs.values())) == ("left", left)
    assert set(record.jobs.items()) <= set(job_ids.items())
    assert read_submission_status(bundle, lambda: client).state == "half undone"
    told = []
    cancel_submission(bundle, lambda: client, on_message=told.append)
    assert told[0] == f"A submission of {bundle.name} could not be undone; undoing it"
    assert states(deadline) == []
    assert read_submission(bundle.folder) is None


def test_a_deadline_out_of_reach_changes_nothing(bundle, client, deadline, job_ids):
    """The submission goes on, and its record with it."""
    before = (bundle.folder / "submission.json").read_bytes()
    deadline.set_faults({"on": "*", "do": "refuse", "value": "no line", "times": 0})

    with pytest.raises(SubmissionError, match="no line"):
        cancel_submission(bundle, lambda: client)

    assert (bundle.folder / "submission.json").read_bytes() == before


def test_half_a_submission_is_cleaned_up(bundle, client, deadline, job_ids):
    """Also a job whose ID is not on record."""
    leave_half(bundle, {"render": job_ids["render"]})
    told = []

    cancel_submission(bundle, lambda: client, on_message=told.append)

    assert told[0] == f"A submission of {bundle.name} ended half-way; undoing it"
    assert states(deadline) == []
    assert read_submission(bundle.folder) is None


@pytest.mark.parametrize("act", [cancel_submission, suspend_submission])
def test_a_submission_that_is_being_made_is_left_alone(bundle, client, act):
    """It is somebody else's at this moment."""
    refusals = []

    def act_meanwhile(number):
        if number == 2:
            with pytest.raises(SubmissionError) as caught:
                act(bundle, lambda: DirectClient(client.deadline))
            refusals.append(str(caught.value))

    client.on_call = act_meanwhile

    submit_to(client, bundle)

    assert refusals[0].startswith(f"{bundle.name} is being submitted this moment by process ")
    assert refusals[0].endswith("; wait for that, or press Ctrl+C there")
    assert states(client.deadline) == ["Queued", "Pending", "Queued"]


@pytest.mark.parametrize("act", [cancel_submission, suspend_submission])
def test_a_copy_is_refused(bundle, client, deadline, tmp_path, act):
    """Whoever copied a bundle did not mean the jobs of the other."""
    submit_to(client, bundle)
    copy = shutil.copytree(bundle.folder, tmp_path / "copy")

    with pytest.raises(SubmissionError, match=f"{copy} is a copy of {bundle.folder}, whose jobs these are"):
        act(copy, lambda: client)

    assert states(deadline) == ["Queued", "Pending", "Queued"]


def test_a_bundle_that_was_moved_can_be_cancelled(bundle, client, deadline, job_ids, tmp_path):
    """Its jobs would not find it any more."""
    moved = shutil.move(bundle.folder, tmp_path / "moved")

    cancel_submission(moved, lambda: client)

    assert states(deadline) == []


def test_jobs_can_be_held_back_instead(bundle, client, deadline, job_ids):
    """What could start is suspended; the submission stays one."""
    told = suspend_submission(bundle, lambda: client)

    assert states(deadline) == ["Suspended", "Pending", "Suspended"]
    assert told.startswith(f"the jobs {job_ids['render']}, {job_ids['beside']} are suspended")
    assert json.loads((bundle.folder / "submission.json").read_text())["state"] == "submitted"


def test_only_a_whole_submission_is_held_back(bundle, client, job_ids):
    """What is not submitted, or half, is said."""
    leave_half(bundle, {"render": job_ids["render"]})

    with pytest.raises(SubmissionError, match="ended half-way"):
        suspend_submission(bundle, lambda: client)
    cancel_submission(bundle, lambda: client)
    with pytest.raises(SubmissionError, match="is not submitted"):
        suspend_submission(bundle, lambda: client)
