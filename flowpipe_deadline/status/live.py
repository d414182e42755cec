"""Whether a farm is at work on a bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ..core.bundle import Bundle
from ..core.errors import BundleError, FlowpipeDeadlineError
from ..deadline.client import UNKNOWN, DeadlineClient
from ..studio.connect import studio_client
from ..submit.own_jobs import own_jobs
from ..submit.record import SUBMITTED, SubmissionRecord, read_submission
from .jobs import ENDED, shown_status
from .notices import home_of, is_copy


def refuse_live(bundle: Bundle, open_client: Callable[[], DeadlineClient] = studio_client) -> None:
    """Makes sure that no farm works on the bundle, whose results would be written twice.

    A copy is none of the farm's. Where Deadline cannot be asked, a bundle whose jobs know it by another place is taken
    for one.

    Raises:
        BundleError: It is being submitted, or jobs of it have not ended, or Deadline cannot be asked.
        RecordError: Its record is damaged.
    """
    record = read_submission(bundle.folder)
    if record is None or is_copy(bundle):
        return
    if record.is_at_work:
        how = f"it is being submitted this moment{record.submitter}"
    else:
        try:
            statuses = _statuses(open_client(), bundle, record)
        except FlowpipeDeadlineError as error:
            if home_of(bundle) is not None:
                return
            how = f"it was submitted, and whether its jobs have ended is unknown: {error}"
        else:
            live = Counter(status.lower() for status in statuses if status not in ENDED)
            if not live:
                return
            how = "its jobs are on the farm: " + ", ".join(f"{count} {status}" for status, count in live.items())
    raise BundleError(f"{bundle.folder} is not run here, as {how}; cancel it first, or run it --anyway")


def _statuses(client: DeadlineClient, bundle: Bundle, record: SubmissionRecord) -> list[str]:
    """The states of the jobs that Deadline lists; of a submission that failed, also of jobs that are on no record."""
    job_ids = list(record.all_ids)
    if record.state != SUBMITTED:
        job_ids = own_jobs(client, bundle, record.jobs).find(known=job_ids)[0]
    jobs, untold = client.read_listed(job_ids)
    return [*map(shown_status, jobs.values()), *(UNKNOWN for _ in untold)]
