"""Which jobs are those of a submission: whatever changes or deletes jobs asks here first, and leaves others alone.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Collection, Iterable, Mapping, Sequence

from ..bundle.job_files import job_entries, read_batch_name
from ..core.bundle import Bundle, BundleJob, with_job_names
from ..core.errors import words_of
from ..core.names import is_same_batch, is_same_name
from ..deadline.client import DeadlineClient, JobDetails


class OwnJobs:
    """The jobs of one submission, known by their batch."""

    def __init__(
        self, client: DeadlineClient, batch_name: str, *, bundle: Bundle | None = None, trusted: Collection[str] = ()
    ) -> None:
        """With the ``bundle``, a job that is only found by its batch must look like one of its."""
        self.client = client
        self.batch_name = batch_name
        self.trusted = trusted
        """Jobs that Deadline has just named as made: it need not tell their batch, but must not tell another."""
        self.kept: Collection[str] = ()
        """Jobs of the submission that are not to be found: they are none of those that are made or undone."""
        self.ids: Mapping[str, str] = {}
        """Job IDs by node key, as far as they are known."""
        self.earlier: Mapping[str, Sequence[str]] = {}
        """Those of jobs that were replaced and are still there."""
        self._bundle = bundle

    def named(self, job_ids: Iterable[str]) -> str:
        """Jobs in a message, each with the name of its node where that is known."""
        return with_job_names(", ".join(job_ids), self.ids, self._bundle, earlier=self.earlier)

    def words_of(self, error: BaseException) -> str:
        """What an error says, with the names of jobs beside their IDs."""
        return with_job_names(words_of(error), self.ids, self._bundle, earlier=self.earlier)

    def sort(self, job_ids: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        """Those of the jobs that are of the submission; and of the others the batch, empty if that is not known.

        Jobs that Deadline does not know (any more) are in neither.

        Raises:
            SubmissionError: Deadline cannot be asked.
        """
        unproved = [job_id for job_id in job_ids if job_id not in self.trusted]
        batches = self.client.read_batches(unproved) if unproved else {}
        trusted = [job_id for job_id in job_ids if job_id in self.trusted]
        details = self.client.read_jobs(trusted) if trusted else {}
        batches.update({job_id: job.batch_name for job_id, job in details.items()})
        untold = {job_id for job_id, batch in batches.items() if batch is None}
        found = self.client.find_jobs(self.batch_name) if untold - set(self.trusted) else []
        batches.update(dict.fromkeys(untold & {*found, *self.trusted}, self.batch_name))
        known = {job_id for job_id, batch in batches.items() if is_same_batch(batch, self.batch_name)}
        others = {job_id: batch or "" for job_id, batch in batches.items() if job_id not in known}
        return [job_id for job_id in job_ids if job_id in known], others

    def find(self, *, known: Sequence[str] = ()) -> tuple[list[str], list[str]]:
        """All jobs of the submission, and others of its batch; the ``known`` ones must be among the former.

        Raises:
            SubmissionError: Deadline cannot be asked.
            RecordError: What was planned cannot be read.
        """
        found = self.client.find_jobs(self.batch_name, known=known)
        found = [job_id for job_id in found if job_id not in self.kept]
        unknown = [job_id for job_id in found if job_id not in set(known)]
        details = self.client.read_jobs(unknown) if unknown and self._bundle else {}
        others = [
            job_id
            for job_id, job in details.items()
            if self._bundle and not any(looks_like(self._bundle, planned, job) for planned in self._bundle.jobs)
        ]
        return [job_id for job_id in found if job_id not in others], others


def own_jobs(
    client: DeadlineClient, bundle: Bundle, ids: Mapping[str, str], *, trusted: Collection[str] = ()
) -> OwnJobs:
    """Those of the bundle, also where its folder has another name by now; ``ids`` are the known ones by node key."""
    own = OwnJobs(client, read_batch_name(bundle), bundle=bundle, trusted=trusted)
    own.ids = ids
    return own


def foreign_jobs(batches: Mapping[str, str], own: OwnJobs) -> str:
    """A sentence on jobs that were not touched; ``batches`` is what ``OwnJobs.sort`` gives."""
    listed = ", ".join(f"{own.named([job_id])} of {batch or 'an unknown one'}" for job_id, batch in batches.items())
    return (
        f"jobs of another batch than {own.batch_name} were not touched: {listed}; see in the Monitor whose they are,"
        " and delete the bundle's submission.json if none is its own"
    )


def looks_like(bundle: Bundle, job: BundleJob, found: JobDetails) -> bool:
    """Whether a job in Deadline has the name and the plugin of this one, as far as Deadline tells.

    Raises:
        RecordError: What was planned cannot be read.
    """
    entries = job_entries(bundle, job, job_ids=dict.fromkeys(job.depends_on, ""))
    told = ((found.name, entries.get("Name", "Untitled")), (found.plugin, entries.get("Plugin", "")))
    return all(has is None or is_same_name(has, planned) for has, planned in told)
