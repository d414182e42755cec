"""The jobs of a submission, as Deadline tells of them while they are waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .bundle import Bundle
from .deadline import COMPLETED, FAILED, PENDING, Farm, JobFacts, SubmissionError

DELETED = "Deleted"
"""Ours: Deadline does not list the job any more."""

ENDED = (COMPLETED, FAILED, DELETED)
_PATIENCE = 900.0  # Seconds that Deadline may be out of reach while jobs are waited for.


class DeadlineJobs:
    """The submitted jobs of a bundle, by node key, as Deadline last told of them."""

    def __init__(
        self, bundle: Bundle, job_ids: Mapping[str, str], *, farm: Farm, has_results: Callable[[str], bool]
    ) -> None:
        """``has_results`` says of a node whether all of its results are there: a job may be deleted once it is done."""
        self.facts: dict[str, JobFacts] = {}
        """What was told last of each job, as far as something was."""
        self.statuses = dict.fromkeys(job_ids, PENDING)
        """In Deadline's words: Queued, Rendering, Active, Pending, Suspended, Completed, Failed; or Deleted."""
        self._jobs = bundle.jobs
        self._ids = job_ids
        self._farm = farm
        self._has_results = has_results
        self._last_answer = time.monotonic()

    def look(self) -> bool:
        """Asks for the jobs that can have changed; whether one has.

        Raises:
            SubmissionError: Deadline has given no state of a job for a quarter of an hour.
        """
        due = self.due()
        before = dict(self.statuses), dict(self.facts)
        try:
            found = self._farm.read_jobs([self._ids[key] for key in due])
            silent = [key for key in due if self._ids[key] not in found]
            self._settle(silent)
        except (SubmissionError, OSError) as error:
            self._be_patient(due, str(error))
            return False
        self._last_answer = time.monotonic()
        for key in due:
            if self._ids[key] in found:
                self.facts[key] = found[self._ids[key]]
                self.statuses[key] = self.facts[key].status
        return before != (self.statuses, self.facts)

    def due(self) -> list[str]:
        """The jobs that have not ended and can go on: none that they wait for stands in the way."""
        return [job["key"] for job in self._jobs if self.statuses[job["key"]] not in ENDED and self._can_go_on(job)]

    def _can_go_on(self, job: Mapping[str, Any]) -> bool:
        upstream = {self.statuses[key] for key in job["depends_on"]}
        if upstream <= {COMPLETED} or not job.get("frame_dependent"):
            return upstream <= {COMPLETED}
        if not upstream & {FAILED, DELETED}:
            return True
        # Tasks that were released before something upstream failed still end.
        facts = self.facts.get(job["key"])
        states = set(facts.tasks) or {facts.status} if facts is not None else set()
        return bool(states & {"Queued", "Rendering"})

    def suspend(self) -> str:
        """Suspends what has not ended; tells how that went."""
        unfinished = [self._ids[key] for key, status in self.statuses.items() if status not in ENDED]
        if not unfinished:
            return "all jobs have ended"
        ids = ",".join(unfinished)
        try:
            self._farm.suspend(unfinished)
        except (SubmissionError, OSError) as error:
            return f"the jobs {ids} could not be suspended ({error}): see to them in the Monitor"
        return f"the jobs {ids} are suspended: resume or delete them in the Monitor"

    def _settle(self, silent: Sequence[str]) -> None:
        """What became of jobs that Deadline says nothing of; raises where it lists one all the same."""
        if not silent:
            return
        listed = self._farm.list_jobs([self._ids[key] for key in silent])
        if listed:
            raise SubmissionError(f"Deadline says nothing of {', '.join(sorted(listed))}, which it lists")
        self.statuses.update({key: COMPLETED if self._has_results(key) else DELETED for key in silent})

    def _be_patient(self, keys: Sequence[str], words: str) -> None:
        if time.monotonic() - self._last_answer > _PATIENCE:
            ids = ",".join(self._ids[key] for key in keys)
            raise SubmissionError(f"Deadline has given no state of {ids} for a long time; its last words: {words}")
