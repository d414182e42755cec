"""Taking a submission back: its jobs are deleted, or held back; its results stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Optional

from ..core.bundle import AnyPath, Bundle, read_bundle
from ..deadline.client import DeadlineClient, SubmissionError
from ..results.counts import ResultCounts
from ..studio.connect import studio_client
from ..submit.record import SUBMITTED, SubmissionRecord, SubmissionWriter, read_submission
from ..submit.transaction import undo_half_done
from ..submit.undo import Doubt, Undo
from .jobs import DeadlineJobs
from .notices import check_place, notices_of


def cancel_submission(
    bundle: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    on_message: Optional[Callable[[str], None]] = None,
) -> str:
    """Deletes all jobs of the submission, also of one that ended half-way; says what was done.

    Results stay in the bundle, which can be submitted again afterwards. What could not be deleted stays on record.
    ``open_client`` is called if there is something to delete.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        SubmissionError: Deadline cannot be asked, the bundle is being submitted, or is a copy, and nothing was changed;
            or some jobs could not be deleted, which the message names.
    """
    opened = read_bundle(bundle)
    record = _own_record(opened)
    if record is None:
        return f"{opened.name} is not submitted: there is nothing to cancel"
    client = open_client()
    listed = client.list_jobs(list(record.jobs.values()))  # Raises before anything is changed.
    if record.state != SUBMITTED:
        return undo_half_done(opened, client, say=on_message or (lambda _: None))
    writer = SubmissionWriter(opened.folder)
    writer.claim(takes_submitted=True)
    undo = Undo(opened, client, writer)
    there = [job_id for job_id in record.jobs.values() if job_id in listed]
    told = undo.run(there, doubt=Doubt(may_render=True))
    if not undo.is_complete:
        raise SubmissionError(told)
    return told if listed else f"Deadline has no job of {opened.name} any more"


def suspend_submission(bundle: AnyPath, open_client: Callable[[], DeadlineClient] = studio_client) -> str:
    """Suspends all jobs of the submission that could start; says which are suspended now.

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
    return jobs.suspend()


def _own_record(bundle: Bundle) -> Optional[SubmissionRecord]:
    """What the bundle remembers of its submission, if that is not somebody else's at this moment."""
    record = read_submission(bundle.folder)
    if record is None:
        return None
    if record.is_at_work:
        raise SubmissionError(
            f"{bundle.name} is being submitted this moment{record.submitter}; wait for that, or press Ctrl+C there"
        )
    check_place(bundle)
    return record
