"""Undoing a submission: every job of it is deleted, also one whose ID nobody heard.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import time
from typing import Dict, List, Optional, Sequence

from .deadline import Farm, SubmissionError
from .farm.bundle import Bundle
from .farm.files import RecordError
from .submission_record import SubmissionWriter, read_submission

# Seconds before each round: a deletion may work the second time, and a job whose answer was lost may still be coming.
_ROUNDS = (0.0, 1.0, 3.0)


class Deletion:
    """Deletes jobs until Deadline lists them no longer, and says how that went."""

    def __init__(self, farm: Farm, batch_name: str) -> None:
        """``batch_name`` is that of all the jobs, and of no others."""
        self.left: List[str] = []
        """The jobs that could not be deleted."""
        self._farm = farm
        self._batch_name = batch_name
        self._deleted: List[str] = []
        self._reason = ""
        """Why the last deletion failed, if it did."""
        self._doubt = ""
        """Why nobody can tell what is left, if so."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left, for certain."""
        return not self.left and not self._doubt

    def run(self, job_ids: Sequence[str], *, is_uncertain: bool) -> str:
        """What was deleted and what could not be, in words.

        With ``is_uncertain`` there may be a job whose ID is not among ``job_ids``; it is looked for by its batch.
        """
        self.left = list(dict.fromkeys(job_ids))
        try:
            self._run_rounds(is_uncertain=is_uncertain)
        except KeyboardInterrupt:
            self._reason = "interrupted"
            self._doubt = "interrupted" if is_uncertain else ""
        return self._told()

    def _run_rounds(self, *, is_uncertain: bool) -> None:
        if not self.left and not is_uncertain:
            return
        known = set(self.left)
        for pause in _ROUNDS:
            time.sleep(pause)
            self._delete()
            there = self._look(is_uncertain=is_uncertain)
            # Where nobody can tell, the deletion itself said how it went.
            self._settle(there if there is not None else self.left if self._reason else [])
            if not is_uncertain:
                self._doubt = ""  # Nothing else can be there.
            if self.is_complete and (not is_uncertain or set(self._deleted) - known):
                return

    def _delete(self) -> None:
        self._reason = ""
        if self.left:
            try:
                self._farm.delete(self.left)
            except (SubmissionError, OSError) as error:
                self._reason = str(error)

    def _look(self, *, is_uncertain: bool) -> Optional[List[str]]:
        """The jobs that are still there, also one that nobody knew of; None if that cannot be told."""
        try:
            there = self._farm.list_jobs(self.left) if self.left else set()
            lost = self._farm.find_jobs(self._batch_name) if is_uncertain else []
        except (SubmissionError, OSError) as error:
            self._doubt = str(error)
            return None
        self._doubt = ""
        return [
            *(job_id for job_id in self.left if job_id in there),
            *(job_id for job_id in lost if job_id not in there),
        ]

    def _settle(self, there: Sequence[str]) -> None:
        self._deleted += [job_id for job_id in self.left if job_id not in there]
        self.left = list(there)

    def _told(self) -> str:
        parts = []
        if self._deleted:
            parts.append(f"what was submitted was deleted: {', '.join(self._deleted)}")
        if self.left:
            reason = self._reason or self._doubt or "Deadline still lists them"
            parts.append(f"the jobs {', '.join(self.left)} could not be deleted ({reason}): delete them in the Monitor")
        elif self._doubt:
            parts.append(
                f"whether a job came into being all the same cannot be told ({self._doubt}): look in the Monitor for"
                f" the batch {self._batch_name}"
            )
        return "; ".join(parts) or "nothing was submitted"


class Undo:
    """Deletes the jobs of a submission, and keeps in its record what could not be."""

    def __init__(self, bundle: Bundle, farm: Farm, writer: SubmissionWriter) -> None:
        self._bundle = bundle
        self._deletion = Deletion(farm, bundle.name)
        self._writer = writer

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left, for certain."""
        return self._deletion.is_complete

    def run(self, job_ids: Sequence[str], *, is_uncertain: bool) -> str:
        """What was undone and what could not be, in words; the latter stays in the bundle's record.

        With ``is_uncertain`` there may be a job whose ID is not among ``job_ids``; it is looked for by its batch, which
        is the submission's name and belongs to nobody else.
        """
        told = self._deletion.run(job_ids, is_uncertain=is_uncertain)
        with contextlib.suppress(OSError):  # The IDs are in the message as well.
            if self.is_complete:
                self._writer.drop()
            else:
                self._writer.leave(self._keyed(self._deletion.left))
        return told

    def _keyed(self, job_ids: Sequence[str]) -> Dict[str, str]:
        """The jobs by node key, as far as that is on record."""
        try:
            record = read_submission(self._bundle.folder)
        except (RecordError, OSError):
            record = None
        keys = {job_id: key for key, job_id in record.jobs.items()} if record is not None else {}
        return {keys.get(job_id, f"left-{job_id}"): job_id for job_id in job_ids}
