"""Which jobs are those of a submission: whatever changes or deletes jobs asks here first, and leaves others alone.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Callable, Collection, Dict, List, Mapping, Sequence, Tuple

from ..bundle.job_files import BATCH_NAME, job_entries
from ..core.bundle import Bundle, BundleJob
from ..core.files import RecordError
from ..deadline.client import DeadlineClient, JobDetails

IsPlanned = Callable[[JobDetails], bool]


class OwnJobs:
    """The jobs of one submission, known by their batch."""

    def __init__(self, client: DeadlineClient, batch_name: str, *, is_planned: IsPlanned = lambda _: True) -> None:
        """``is_planned`` tells them from what an event plugin adds to the batch, where a job is found by that alone."""
        self.client = client
        self.batch_name = batch_name
        self._is_planned = is_planned

    def sort(self, job_ids: Sequence[str], *, trusted: Collection[str] = ()) -> Tuple[List[str], Dict[str, str]]:
        """Those of the jobs that are of the submission; and of the others the batch, empty if that is not known.

        Jobs that Deadline does not know (any more) are in neither. It has named the ``trusted`` ones as just made:
        they need not be told to be of the batch, only not of another.

        Raises:
            SubmissionError: Deadline cannot be asked.
        """
        batches = self.client.read_batches(job_ids) if job_ids else {}
        untold = [job_id for job_id, batch in batches.items() if batch is None]
        found = {*trusted, *self.client.find_jobs(self.batch_name)} if set(untold) - set(trusted) else set(trusted)
        batches.update((job_id, self.batch_name) for job_id in untold if job_id in found)
        ours = [job_id for job_id in job_ids if job_id in batches and batches[job_id] == self.batch_name]
        return ours, {job_id: batch or "" for job_id, batch in batches.items() if batch != self.batch_name}

    def find(self, *, known: Sequence[str] = ()) -> Tuple[List[str], List[str]]:
        """All jobs of the submission, and others of its batch; the ``known`` ones must be among the former.

        Raises:
            SubmissionError: Deadline cannot be asked.
            RecordError: What was planned cannot be read.
        """
        found = self.client.find_jobs(self.batch_name, known=known)
        unknown = [job_id for job_id in found if job_id not in set(known)]
        details = self.client.read_jobs(unknown) if unknown else {}
        others = [job_id for job_id, job in details.items() if not self._is_planned(job)]
        return [job_id for job_id in found if job_id not in others], others


def own_jobs(client: DeadlineClient, bundle: Bundle) -> OwnJobs:
    """Those of the bundle, also where its folder has another name by now."""
    try:
        batch_name = job_entries(bundle, bundle.jobs[0], job_ids={}).get(BATCH_NAME) or bundle.name
    except RecordError:
        batch_name = bundle.name
    return OwnJobs(
        client, batch_name, is_planned=lambda found: any(looks_like(bundle, job, found) for job in bundle.jobs)
    )


def foreign_jobs(batches: Mapping[str, str], batch_name: str) -> str:
    """A sentence on jobs that were not touched; ``batches`` is what ``OwnJobs.sort`` gives."""
    listed = ", ".join(f"{job_id} ({batch or 'unknown'})" for job_id, batch in batches.items())
    return (
        f"Deadline does not say that these jobs are of the batch {batch_name}, but of another, and they were not"
        f" touched: {listed}; look in the Monitor whose they are"
    )


def looks_like(bundle: Bundle, job: BundleJob, found: JobDetails) -> bool:
    """Whether a job in Deadline has the name and the plugin of this one, as far as Deadline tells.

    Raises:
        RecordError: What was planned cannot be read.
    """
    entries = job_entries(bundle, job, job_ids=dict.fromkeys(job.depends_on, ""))
    told = ((found.name, entries.get("Name", "Untitled")), (found.plugin, entries.get("Plugin", "")))
    return all(has is None or has.strip().lower() == planned.strip().lower() for has, planned in told)
