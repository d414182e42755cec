"""Taking a submission back: everything is deleted or named, and nothing is forgotten."""

from __future__ import annotations

import contextlib
import json
import shutil

import pytest
from direct_farm import DirectClient
from submissions import TerseClient, leave_half, write_three

from flowpipe_deadline import read_results
from flowpipe_deadline.core.bundle import with_job_names
from flowpipe_deadline.core.files import write_whole
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.status.cancel import cancel_submission, suspend_submission
from flowpipe_deadline.status.status import read_submission_status
from flowpipe_deadline.submit.record import SubmissionWriter, read_submission
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

    assert told == "what was submitted was deleted: " + with_job_names(", ".join(job_ids.values()), job_ids)
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

    with pytest.raises(SubmissionError, match=r"the jobs (\w+ \([0-9a-f]+\)(, )?)+ could not be deleted \(protected\)"):
        cancel_submission(bundle, lambda: client)

    deadline.set_faults()
    left = {job.job_id for job in deadline.jobs()}
    record = read_submission(bundle.folder)
    assert (record.state, set(record.jobs.values())) == ("left", left)
    assert set(record.jobs.items()) <= set(job_ids.items())
    assert read_submission_status(bundle, lambda: client).state == "half undone"
    told = []
    cancel_submission(bundle, lambda: client, on_message=told.append)
    assert told[0] == f"An earlier submission of {bundle.name} was not undone; undoing it"
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

    assert told[0] == f"An earlier submission of {bundle.name} ended half-way; undoing it"
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
    assert refusals[0].endswith("; wait for that, press Ctrl+C there, or end that process")
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
    assert told.startswith(f"the jobs render ({job_ids['render']}), beside ({job_ids['beside']}) are suspended")
    assert json.loads((bundle.folder / "submission.json").read_text())["state"] == "submitted"


def test_only_a_whole_submission_is_held_back(bundle, client, job_ids):
    """What is not submitted, or half, is said."""
    leave_half(bundle, {"render": job_ids["render"]})

    with pytest.raises(SubmissionError, match="ended half-way"):
        suspend_submission(bundle, lambda: client)
    cancel_submission(bundle, lambda: client)
    with pytest.raises(SubmissionError, match="is not submitted"):
        suspend_submission(bundle, lambda: client)


class SilentClient(TerseClient):
    """Neither tells a job's batch nor finds jobs by it."""

    def find_jobs(self, batch_name, *, known=()):  # noqa: ARG002  (none is found)
        """None."""
        return []


def put_on_record(bundle, key, job_id):
    """Has the record name this job, as an edited or copied one may."""
    path = bundle.folder / "submission.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "jobs": {**data["jobs"], key: job_id}}))


FOREIGN = {"another": {"BatchName": "Other"}, "none": {}}


@pytest.mark.parametrize("batch", FOREIGN)
@pytest.mark.parametrize("make_client", [DirectClient, TerseClient])
@pytest.mark.parametrize("state", ["submitted", "submitting", "left"])
def test_a_job_of_another_batch_is_never_deleted(bundle, deadline, job_ids, batch, make_client, state):  # noqa: PLR0917
    """Whatever the record says; ours are deleted, and it is named and stays on record."""
    theirs = deadline.submit({"Plugin": "Flowpipe", "Name": "Test - collect", **FOREIGN[batch]}, {}).job_id
    path = bundle.folder / "submission.json"
    put_on_record(bundle, "collect", theirs)
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": state, "process": 0}))

    with pytest.raises(SubmissionError, match=rf"were not touched: collect \({theirs}\) of "):
        cancel_submission(bundle, lambda: make_client(deadline))

    assert [job.job_id for job in deadline.jobs()] == [theirs]
    assert states(deadline) == ["Queued"]
    assert list(read_submission(bundle.folder).jobs.values()) == [theirs]


def test_a_job_of_another_batch_is_never_suspended(bundle, client, deadline, job_ids):
    """Ours are."""
    theirs = deadline.submit({"Plugin": "Flowpipe", "BatchName": "Other"}, {}).job_id
    put_on_record(bundle, "beside", theirs)

    with pytest.raises(
        SubmissionError,
        match=rf"is suspended.* were not touched: beside \({theirs}\) of Other;",
    ):
        suspend_submission(bundle, lambda: client)

    assert states(deadline) == ["Suspended", "Pending", "Queued", "Queued"]


@pytest.mark.parametrize("act", [cancel_submission, suspend_submission])
def test_where_deadline_does_not_tell_the_batch_nothing_is_touched(bundle, deadline, job_ids, act):
    """The jobs are named."""
    with pytest.raises(SubmissionError, match=rf"were not touched: .*{job_ids['render']}\) of an unknown one"):
        act(bundle, lambda: SilentClient(deadline))

    assert states(deadline) == ["Queued", "Pending", "Queued"]


def test_a_bundle_under_another_name_is_cancelled(bundle, client, deadline, job_ids, tmp_path):
    """Its jobs have the batch that they were given."""
    moved = shutil.move(bundle.folder, tmp_path / "renamed")

    cancel_submission(moved, lambda: client)

    assert states(deadline) == []


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError, RecursionError, OSError, RuntimeError])
def test_after_whatever_an_undo_met_the_same_process_goes_on(bundle, client, deadline, error, monkeypatch):
    """The record says what is left, and this process is not at work on it any more."""

    def fail(number):
        if number >= 4:
            raise error

    client.on_call = fail

    with pytest.raises(SubmissionError) as caught:
        submit_to(client, bundle)

    left = [job.job_id for job in deadline.jobs()]
    assert all(job_id in str(caught.value) for job_id in left)
    assert sorted(read_submission(bundle.folder).jobs.values()) == sorted(left)
    client.on_call = lambda _: None
    cancel_submission(bundle, lambda: client)
    assert states(deadline) == []
    assert len(submit_to(client, bundle)) == 3


def test_a_full_disk_and_no_deadline_lose_nothing(bundle, client, deadline, monkeypatch):
    """The message names the jobs; once there is space, the same process cancels."""
    is_full = []

    def fill(number):
        if number >= 3:
            is_full.append(True)
            raise SubmissionError("no line")

    def write(path, data):
        if is_full:
            raise OSError(28, "No space left on device")
        write_whole(path, data)

    client.on_call = fill
    monkeypatch.setattr("flowpipe_deadline.submit.record.write_whole", write)

    with pytest.raises(SubmissionError) as caught:
        submit_to(client, bundle)

    assert all(job.job_id in str(caught.value) for job in deadline.jobs())
    is_full.clear()
    client.on_call = lambda _: None
    assert cancel_submission(bundle, lambda: client).startswith("what was submitted was deleted: ")
    assert states(deadline) == []


@pytest.mark.parametrize("where", ["say", "is_stopping"])
def test_a_callers_own_failure_undoes_everything(bundle, client, deadline, where):
    """Whatever it raises, and whenever."""
    for number in range(1, 8):
        calls = []

        def fail(*_, calls=calls, number=number):
            calls.append(True)
            if len(calls) == number:
                raise ZeroDivisionError

        with contextlib.suppress(SubmissionError, ZeroDivisionError):
            submit_to(client, bundle, **{"is_stopping": lambda: False, where: fail})

        record = read_submission(bundle.folder)
        assert len(deadline.jobs()) == (0 if record is None else 3)
        cancel_submission(bundle, lambda: client)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_who_was_taken_for_dead_leaves_the_next_ones_record(bundle, client, job_ids, number):
    """An undo may take long: Deadline may, at any of its calls."""
    leave_half(bundle, {"render": job_ids["render"]})
    next_one, path = SubmissionWriter(bundle.folder), bundle.folder / "submission.json"

    def take_over(at):
        if at == number:
            path.write_text(json.dumps({**json.loads(path.read_text()), "process": 0}))
            next_one.claim()

    client.calls, client.on_call = 0, take_over

    cancel_submission(bundle, lambda: client)

    assert next_one.is_owner()
