"""Undoing a submission: every job of it is deleted, also one whose ID nobody heard.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence

from ..core.bundle import Bundle
from ..core.files import RecordError
from ..deadline.client import DeadlineClient, SubmissionError
from .record import SubmissionWriter, read_submission

# Seconds before each round: a deletion may work the second time, and a job whose answer was lost may still be coming.
_ROUNDS = (0.0, 1.0, 3.0)


@dataclass(frozen=True)
class Doubt:
    """What is not known of the jobs to delete."""

    is_uncertain: bool = False
    """Whether a job may have come into being whose ID nobody heard."""
    may_come: bool = False
    """Whether it may even come into being after everybody has looked."""
    may_render: bool = False
    """Whether some of them may have been let go already."""


class Deletion:
    """Deletes jobs until Deadline lists them no longer, and says how that went."""

    def __init__(self, client: DeadlineClient, batch_name: str) -> None:
        """``batch_name`` is that of all the jobs, and of no others."""
        self.left: List[str] = []
        """The jobs that could not be deleted."""
        self._client = client
        self._batch_name = batch_name
        self._order: List[str] = []
        self._deleted: List[str] = []
        self._reason = ""
        """Why the last deletion failed, if it did."""
        self._doubt = ""
        """Why nobody can tell what is left, if so."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left, for certain."""
        return not self.left and not self._doubt

    def run(self, job_ids: Sequence[str], *, doubt: Doubt = Doubt(), looks: bool = True) -> str:
        """What was deleted and what could not be, in words.

        ``job_ids`` are in the order of submission; what waits for others is deleted before them. With ``looks``, jobs
        whose ID is not among them are looked for by their batch.
        """
        self._order = list(dict.fromkeys(job_ids))
        self.left = self._order[::-1]
        try:
            if doubt.may_render and self.left:
                with contextlib.suppress(SubmissionError, OSError):  # Only so that nothing begins meanwhile.
                    self._client.suspend(self.left)
            self._run_rounds(doubt, looks=looks)
        except KeyboardInterrupt:
            self._reason = "interrupted"
            self._doubt = "interrupted" if doubt.is_uncertain else ""
        return self._told()

    def _run_rounds(self, doubt: Doubt, *, looks: bool) -> None:
        known = set(self.left)
        for pause in _ROUNDS:
            time.sleep(pause)
            self._delete_and_look(looks=looks)
            if not doubt.is_uncertain:
                self._doubt = ""  # Nothing else can be there.
                if not self.left:
                    return
            elif self.is_complete and set(self._deleted) - known:
                return
        if self.left:
            self._delete_and_look(looks=looks)  # What the last look has found.
        if doubt.may_come and not self._doubt and not set(self._deleted) - known:
            self._doubt = "it may still be coming"

    def _delete_and_look(self, *, looks: bool) -> None:
        self._reason = ""
        self._delete(self.left)
        there = self._look(looks=looks)
        if self._reason and there and len(there) > 1:  # One that cannot be deleted need not keep the others.
            for job_id in there:
                self._delete([job_id])
            there = self._look(looks=looks)
        # Where nobody can tell, the deletion itself said how it went.
        self._settle(there if there is not None else self.left if self._reason else [])

    def _delete(self, job_ids: Sequence[str]) -> None:
        if job_ids:
            try:
                self._client.delete(job_ids)
            except (SubmissionError, OSError) as error:
                self._reason = str(error)

    def _look(self, *, looks: bool) -> Optional[List[str]]:
        """The jobs that are still there, also one that nobody knew of; None if that cannot be told."""
        try:
            there = self._client.list_jobs(self.left) if self.left else set()
            lost = self._client.find_jobs(self._batch_name) if looks else []
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
        self.left = self._in_order(self.left)
        if self._deleted:
            parts.append(f"what was submitted was deleted: {', '.join(self._in_order(self._deleted))}")
        if self.left:
            reason = self._reason or self._doubt or "Deadline still lists them"
            parts.append(f"the jobs {', '.join(self.left)} could not be deleted ({reason}): delete them in the Monitor")
        elif self._doubt:
            parts.append(
                f"whether a job came into being all the same cannot be told ({self._doubt}): submit or cancel it again,"
                f" which looks for it, or look in the Monitor for the batch {self._batch_name}"
            )
        return "; ".join(parts) or "nothing was submitted"

    def _in_order(self, job_ids: Sequence[str]) -> List[str]:
        """The jobs as they were submitted, and behind them those that were found."""
        known = [job_id for job_id in self._order if job_id in job_ids]
        return known + [job_id for job_id in job_ids if job_id not in known]


class Undo:
    """Deletes the jobs of a submission, and keeps in its record what could not be."""

    def __init__(self, bundle: Bundle, client: DeadlineClient, writer: SubmissionWriter) -> None:
        self._bundle = bundle
        self._deletion = Deletion(client, bundle.name)
        self._writer = writer

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left, for certain."""
        return self._deletion.is_complete

    def run(self, job_ids: Sequence[str], *, doubt: Doubt = Doubt(), keeps_claim: bool = False) -> str:
        """What was undone and what could not be, in words; the latter stays in the bundle's record.

        A job whose ID is not among ``job_ids`` is looked for by its batch, which is the submission's name. With
        ``keeps_claim`` the record stays this writer's once nothing is left. If somebody else has taken the bundle over
        meanwhile, only the jobs that are known to be this one's are deleted, and the record is left alone.
        """
        is_owner = self._writer.is_owner()
        told = self._deletion.run(job_ids, doubt=doubt, looks=is_owner)
        if is_owner:
            with contextlib.suppress(OSError):  # The IDs are in the message as well.
                self._keep_record(keeps_claim=keeps_claim)
        return told

    def _keep_record(self, *, keeps_claim: bool) -> None:
        if not self.is_complete:
            self._writer.leave(self._keyed(self._deletion.left))
        elif keeps_claim:
            self._writer.restart()
        else:
            self._writer.drop()

    def _keyed(self, job_ids: Sequence[str]) -> Dict[str, str]:
        """The jobs by node key, as far as that is on record."""
        try:
            record = read_submission(self._bundle.folder)
        except (RecordError, OSError):
            record = None
        keys = {job_id: key for key, job_id in record.jobs.items()} if record is not None else {}
        return {keys.get(job_id, f"left-{job_id}"): job_id for job_id in job_ids}
