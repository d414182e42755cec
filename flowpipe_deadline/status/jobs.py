"""The jobs of a submission as Deadline reports them, while they are waited for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from ..core.bundle import Bundle, BundleJob, with_job_names
from ..deadline.client import (
    ACTIVE,
    COMPLETED,
    FAILED,
    PENDING,
    SUSPENDED,
    UNKNOWN,
    DeadlineClient,
    JobDetails,
    SubmissionError,
)
from ..results.store import StoreError
from ..submit.own_jobs import foreign_jobs, own_jobs

DELETED = "Deleted"
"""Ours: Deadline does not list the job any more."""

ENDED = (COMPLETED, FAILED, DELETED)
_ROUNDS = 3  # Of suspending: a job that ended meanwhile lets others start.


class DeadlineJobs:
    """The submitted jobs of a bundle, by node key, as Deadline last reported them."""

    patience = 900.0
    """Seconds that Deadline may be out of reach before ``look`` raises."""

    def __init__(
        self, bundle: Bundle, job_ids: Mapping[str, str], *, client: DeadlineClient, has_results: Callable[[str], bool]
    ) -> None:
        """``has_results`` tells whether all results of a node are there: a job may be deleted once it is complete."""
        self.details: dict[str, JobDetails] = {}
        """What Deadline reported last of each job; jobs that it never reported are left out."""
        self.statuses = dict.fromkeys(job_ids, PENDING)
        """In Deadline's words: Queued, Rendering, Active, Pending, Suspended, Completed, Failed; or Deleted."""
        self.error = ""
        """Why Deadline gives no answer at present; empty if it does."""
        self._jobs = [job for job in bundle.jobs if job.key in job_ids]
        self._ids = job_ids
        self._client = client
        self._bundle = bundle
        self._has_results = has_results
        self._last_answer = time.monotonic()

    def read(self, keys: Iterable[str]) -> list[str]:
        """Reads these jobs; returns those that Deadline lists without a state, which keep the one they had.

        Raises:
            SubmissionError: Deadline cannot be asked.
            StoreError: The results of a deleted job cannot be listed.
        """
        asked = list(keys)
        found, listed = self._client.read_listed([self._ids[key] for key in asked])
        read = {key: found[self._ids[key]] for key in asked if self._ids[key] in found}
        gone = [key for key in asked if key not in read and self._ids[key] not in listed]
        self.details.update(read)
        self.statuses.update({key: shown_status(details) for key, details in read.items() if details.status != UNKNOWN})
        self.statuses.update({key: COMPLETED if self._has_results(key) else DELETED for key in gone})
        self._count_tasks()
        return [key for key in asked if key not in gone and (key not in read or read[key].status == UNKNOWN)]

    def look(self, *, at_all: bool = False) -> bool:
        """Reads the jobs that can have changed, or all of them; returns whether one has.

        Raises:
            SubmissionError: Deadline has given no state of a job for longer than ``patience``.
        """
        keys = list(self._ids) if at_all else self.due()
        before = dict(self.statuses), dict(self.details)
        try:
            unknown = self.read(keys)
        except (SubmissionError, StoreError, OSError) as error:
            self._be_patient(keys, with_job_names(str(error), self._ids, self._bundle))
            return False
        if unknown:
            self._be_patient(unknown, f"Deadline lists {self._listed(unknown)} and tells no state")
        else:
            self.error = ""
            self._last_answer = time.monotonic()
        return before != (self.statuses, self.details)

    def due(self) -> list[str]:
        """The jobs that have not ended and can go on: nothing that they wait for has failed."""
        return [job.key for job in self._jobs if self.statuses[job.key] not in ENDED and self._can_go_on(job)]

    def stuck(self) -> list[str]:
        """The jobs that cannot go on by themselves: something that they wait for has failed, or was deleted."""
        due, stuck = set(self.due()), set[str]()
        for job in self._jobs:  # Upstream first.
            if self.statuses[job.key] in ENDED or job.key in due:
                continue
            if self._upstream(job) & {FAILED, DELETED} or not stuck.isdisjoint(job.depends_on):
                stuck.add(job.key)
        return [job.key for job in self._jobs if job.key in stuck]

    def suspend(self) -> str:
        """Suspends the jobs that could start; returns which are suspended now, in words.

        Jobs that wait for a suspended one stay pending. It is undocumented what resuming makes of a suspended job that
        waits for others (submission, section 5.2), and it must not start too early.

        Raises:
            SubmissionError: Some jobs could not be suspended; the message names them.
        """
        reason, could_start = "Deadline did not suspend them", self._unfinished()
        own, foreign = own_jobs(self._client, self._bundle, self._ids), dict[str, str]()
        try:
            for _ in range(_ROUNDS):
                self.read(self._ids)
                could_start = [job.key for job in self._jobs if self._could_start(job)]
                ours, others = own.sort([self._ids[key] for key in could_start])
                foreign.update(others)
                could_start = [key for key in could_start if self._ids[key] in ours]
                if not could_start:
                    break
                reason = self._try_to_suspend(could_start) or reason
            else:
                raise SubmissionError(reason)
        except (SubmissionError, StoreError, OSError) as error:
            raise SubmissionError(
                f"{self._listed(could_start)} cannot be suspended ({own.words_of(error)}): see to them in the Monitor"
            ) from error
        if foreign:
            raise SubmissionError(f"{self._suspended()}; {foreign_jobs(foreign, own)}")
        return self._suspended()

    def _try_to_suspend(self, keys: Sequence[str]) -> str:
        """Why that failed, if it did: a job that has just ended cannot be suspended, which may hinder the others."""
        try:
            self._client.suspend([self._ids[key] for key in keys])
        except SubmissionError as error:
            return str(error)
        return ""

    def _suspended(self) -> str:
        suspended = [key for key, status in self.statuses.items() if status == SUSPENDED]
        if not suspended:
            return "all jobs have ended" if not self._unfinished() else "no job of it can start"
        waiting = [key for key in self._unfinished() if key not in suspended]
        is_one = len(suspended) == 1
        verb = "waits" if len(waiting) == 1 else "wait"
        rest = f", and {self._listed(waiting)} {verb} for {'it' if is_one else 'them'}" if waiting else ""
        jobs = f"the job {self._listed(suspended)} is" if is_one else f"the jobs {self._listed(suspended)} are"
        return f"{jobs} suspended{rest}: resume or delete {'it' if is_one and not rest else 'them'} in the Monitor"

    def _could_start(self, job: BundleJob) -> bool:
        status = self.statuses[job.key]
        if status != PENDING:
            return status not in (*ENDED, SUSPENDED)
        return job.is_frame_dependent or self._upstream(job) <= {COMPLETED}

    def _can_go_on(self, job: BundleJob) -> bool:
        upstream = self._upstream(job)
        if upstream <= {COMPLETED} or (job.is_frame_dependent and not upstream & {FAILED, DELETED}):
            return True
        # Tasks that were released before something upstream failed, or in the Monitor, still end.
        details = self.details.get(job.key)
        states = set(details.tasks) or {details.status} if details is not None else set()
        return not states.isdisjoint(ACTIVE)

    def _upstream(self, job: BundleJob) -> set[str]:
        return {self.statuses[key] for key in job.depends_on if key in self.statuses}

    def _unfinished(self) -> list[str]:
        return [key for key, status in self.statuses.items() if status not in ENDED]

    def _count_tasks(self) -> None:
        """Counts the tasks of jobs where only those tell whether anything still runs.

        A frame dependent job is active even if all of its remaining tasks wait for something that failed.
        """
        unclear = [
            job.key
            for job in self._jobs
            if self._upstream(job) & {FAILED, DELETED}
            and self.statuses[job.key] in ACTIVE
            and job.key in self.details
            and not self.details[job.key].tasks
        ]
        if not unclear:
            return
        tasks = self._client.read_tasks_of([self._ids[key] for key in unclear])
        for key in unclear:
            counts = Counter(task.status for task in tasks.get(self._ids[key], ()))
            self.details[key] = replace(self.details[key], tasks=dict(counts))

    def _be_patient(self, keys: Sequence[str], error: str) -> None:
        self.error = error
        if time.monotonic() - self._last_answer > self.patience:
            raise SubmissionError(
                f"Deadline has given no state of {self._listed(keys)} for long; its last words: {error}"
            )

    def _listed(self, keys: Iterable[str]) -> str:
        return with_job_names(", ".join(self._ids[key] for key in keys), self._ids, self._bundle)


def shown_status(details: JobDetails) -> str:
    """The state in the Monitor's words: an active job is Rendering, or Queued as it waits for a worker."""
    if details.status != "Active" or not details.tasks:
        return details.status
    return "Rendering" if details.tasks.get("Rendering") else "Queued"


def told_done(status: str | None, states: Mapping[str, int], total: int) -> int | None:
    """How many of a job's tasks are complete, by the numbers of tasks in each state; None if Deadline does not tell."""
    if status == COMPLETED:
        return total
    if states:
        return states.get(COMPLETED, 0)
    return 0 if status == PENDING else None
