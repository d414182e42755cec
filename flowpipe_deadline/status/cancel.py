"""Taking a submission back: its jobs are deleted or suspended; its results stay."""

from __future__ import annotations

from collections.abc import Callable

from ..core.bundle import AnyPath, Bundle, read_bundle
from ..deadline.client import DeadlineClient, SubmissionError
from ..results.counts import ResultCounts
from ..studio.connect import studio_client
from ..submit.own_jobs import own_jobs
from ..submit.record import SUBMITTED, SubmissionRecord, SubmissionWriter, refuse_taken
from ..submit.suspension import record_suspension
from ..submit.transaction import ignore, undo_half_done
from ..submit.undo import Doubt, undo
from .jobs import DeadlineJobs
from .notices import check_place, notices_of


def cancel_submission(
    bundle: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    on_message: Callable[[str], None] | None = None,
) -> str:
    """Deletes all jobs of the submission, also of one that ended half-way; returns what was done, in words.

    Results stay in the bundle, which can be submitted again afterwards. Jobs that could not be deleted stay on record.
    ``open_client`` is called if there is something to delete.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        SubmissionError: Deadline cannot be asked, or the bundle is being submitted, or is a copy: then nothing was
            changed. Or some jobs could not be deleted, which the message names.
    """
    opened = read_bundle(bundle)
    record = _own_record(opened)
    if record is None:
        return f"{opened.name} is not submitted: there is nothing to cancel"
    client = open_client()
    listed = client.list_jobs(record.all_ids)  # Raises before anything is changed.
    if record.state != SUBMITTED:
        return undo_half_done(opened, client, say=on_message or ignore)
    with SubmissionWriter(opened.folder) as writer:
        writer.claim(takes_submitted=True)
        there = [job_id for job_id in record.all_ids if job_id in listed]
        own = own_jobs(client, opened, record.jobs)
        own.earlier = record.earlier
        deletion = undo(writer, own, there, doubt=Doubt(may_render=True))
    if not deletion.is_complete:
        raise SubmissionError(deletion.outcome)
    return deletion.outcome if listed else f"Deadline has no job of {opened.name} any more"


def suspend_submission(bundle: AnyPath, open_client: Callable[[], DeadlineClient] = studio_client) -> str:
    """Suspends all jobs of the submission that could start; returns which are suspended now, in words.

    ``open_client`` is called if there is something to suspend.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        SubmissionError: The bundle is not submitted, or only in part, is being submitted, or is a copy; or some jobs
            could not be suspended, which the message names.
    """
    opened = read_bundle(bundle)
    record = _own_record(opened)
    if record is None or record.state != SUBMITTED:
        raise SubmissionError(notices_of(opened, record)[0])
    jobs = DeadlineJobs(opened, record.jobs, client=open_client(), has_results=ResultCounts(opened).has_all)
    outcome = jobs.suspend()
    record_suspension(opened.folder, "cancel --suspend")
    return outcome


def _own_record(bundle: Bundle) -> SubmissionRecord | None:
    """The record of the bundle's submission, unless that is being made, or another bundle's."""
    record = refuse_taken(bundle.folder, takes_submitted=True)
    if record is not None:
        check_place(bundle)
    return record
