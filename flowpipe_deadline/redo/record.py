"""Keeps the record of a redo on the farm, so that one alone is under way, and a killed one can be undone.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ..deadline.client import SubmissionError
from ..submit.ownership import OwnedRecord
from ..submit.record import SUBMITTED, SubmissionRecord, refuse_taken
from ..submit.redo_record import REDO, REDO_IDS, JobBefore


class RedoWriter(OwnedRecord):
    """Keeps the record of one redo; the submission's own stays as it is until the end."""

    FILE = REDO
    LINES = REDO_IDS
    what = "redo"
    _before: Mapping[str, JobBefore] = {}
    _kept: Sequence[str] | None = None

    def claim(self) -> SubmissionRecord:
        """The record of the submission, whose redo is this writer's now; with what an earlier redo has left.

        Raises:
            SubmissionError: It is not submitted, being submitted, or a part of it is being redone; or the record cannot
                be written.
            RecordError: A record is damaged.
        """
        with self._claiming() as check_alone:
            record = refuse_taken(self._folder, takes_submitted=True)
            if record is None:
                raise SubmissionError(f"{self.name} is not submitted: there is no job to run again")
            if record.state != SUBMITTED:
                raise SubmissionError(
                    f"a submission of {self.name} ended half-way, or was taken back in part; cancel it:"
                    f"  flowpipe-deadline cancel {self._folder}"
                )
            check_alone()
            left = record.redo
            if left is not None:
                self._before, self._kept = left.before, left.kept
            self._begin(self._record("redoing", {} if left is None else left.jobs))
            self._unlink(REDO_IDS)
            return record

    def plan(self, before: Mapping[str, JobBefore], *, kept: Sequence[str] | None = None) -> None:
        """Puts on record what is going to be changed, before it is; nothing of an earlier redo is left.

        Raises:
            SubmissionError: Another attempt has taken the redo over.
        """
        self.go_on()
        self._before, self._kept = dict(before), kept
        self._write(self._record("redoing", {}))

    def leave(self, before: Mapping[str, JobBefore], jobs: Sequence[str]) -> None:
        """Records what could not be undone: jobs that are not as they were, and new ones that are still there."""
        self._before = dict(before)
        self._write(self._record("left", {f"left-{job_id}": job_id for job_id in jobs}))
        self._unlink(REDO_IDS)

    def drop(self) -> None:
        """Removes the record, as the redo is done, or nothing is left of it."""
        for name in (REDO_IDS, REDO):
            self._unlink(name)

    def is_finished(self, record: SubmissionRecord) -> bool:
        """Whether all that a redo has made counts already: only the end of its record was missing."""
        made = set() if record.redo is None else set(record.redo.jobs.values())
        return bool(made) and made <= set(record.jobs.values())

    def _record(self, state: str, jobs: Mapping[str, str]) -> dict[str, Any]:
        before = {job_id: job.to_json() for job_id, job in self._before.items()}
        return {
            "state": state,
            "before": before,
            "jobs": dict(jobs),
            "kept": None if self._kept is None else list(self._kept),
        }
