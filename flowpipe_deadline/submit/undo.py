"""Undoing a submission: every job of it is deleted, also one whose ID is not known.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import List, Optional, Sequence

from ..deadline.client import DeadlineClient, SubmissionError
from .record import SubmissionWriter


@dataclass(frozen=True)
class Doubt:
    """What is not known of the jobs to delete."""

    is_uncertain: bool = False
    """Whether a job may exist whose ID is not known."""
    may_come: bool = False
    """Whether such a job may still come into being after the last look."""
    may_render: bool = False
    """Whether some of them may have been released already."""


class Deletion:
    """Deletes jobs until Deadline lists them no longer."""

    def __init__(self, client: DeadlineClient, batch_name: str) -> None:
        """``batch_name`` is that of all the jobs, and of no others."""
        self.left: List[str] = []
        """The jobs that could not be deleted."""
        self._client = client
        self._batch_name = batch_name
        self._order: List[str] = []
        self._deleted: List[str] = []
        self._reason = ""
        """Why the last deletion failed; empty if it did not."""
        self._doubt = ""
        """Why it is unknown what is left; empty if that is known."""

    @property
    def is_complete(self) -> bool:
        """Whether it is certain that nothing is left."""
        return not self.left and not self._doubt

    @property
    def outcome(self) -> str:
        """What was deleted and what could not be, in words."""
        parts = []
        if self._deleted:
            parts.append(f"what was submitted was deleted: {', '.join(self._in_order(self._deleted))}")
        if self.left:
            reason = self._reason or self._doubt or "Deadline still lists them"
            parts.append(f"the jobs {', '.join(self.left)} could not be deleted ({reason}): delete them in the Monitor")
        elif self._doubt:
            parts.append(
                f"whether a job was created all the same is unknown ({self._doubt}): submit or cancel it again,"
                f" which looks for it, or look in the Monitor for the batch {self._batch_name}"
            )
        return "; ".join(parts) or "nothing was submitted"

    def run(self, job_ids: Sequence[str], *, doubt: Doubt = Doubt(), looks: bool = True) -> str:
        """The ``outcome``, once the jobs are deleted.

        ``job_ids`` are in the order of submission; jobs that wait for others are deleted before them. With ``looks``,
        further jobs are searched for by their batch.
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
        self.left = self._in_order(self.left)
        return self.outcome

    def _run_rounds(self, doubt: Doubt, *, looks: bool) -> None:
        known = set(self.left)
        for pause in self._client.undo_pauses:
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
        if there is None:  # Then only the deletion itself says how it went.
            there = self.left if self._reason else []
        self._deleted += [job_id for job_id in self.left if job_id not in there]
        self.left = list(there)

    def _delete(self, job_ids: Sequence[str]) -> None:
        if job_ids:
            try:
                self._client.delete(job_ids)
            except (SubmissionError, OSError) as error:
                self._reason = str(error)

    def _look(self, *, looks: bool) -> Optional[List[str]]:
        """The jobs that are still there, also those that were not known; None if Deadline cannot be asked."""
        try:
            there = self._client.list_jobs(self.left) if self.left else set()
            found = self._client.find_jobs(self._batch_name) if looks else []
        except (SubmissionError, OSError) as error:
            self._doubt = str(error)
            return None
        self._doubt = ""
        return [
            *(job_id for job_id in self.left if job_id in there),
            *(job_id for job_id in found if job_id not in there),
        ]

    def _in_order(self, job_ids: Sequence[str]) -> List[str]:
        """The jobs in the order of submission, then those that were found."""
        known = [job_id for job_id in self._order if job_id in job_ids]
        return known + [job_id for job_id in job_ids if job_id not in known]


def undo(
    writer: SubmissionWriter,
    client: DeadlineClient,
    job_ids: Sequence[str],
    *,
    doubt: Doubt = Doubt(),
    keeps_claim: bool = False,
) -> Deletion:
    """Deletes the jobs of the writer's submission; what could not be deleted stays in the bundle's record.

    Jobs that are not among ``job_ids`` are searched for by their batch, which is the submission's name. With
    ``keeps_claim`` the record stays this writer's once nothing is left. If another attempt has taken the bundle over,
    only these jobs are deleted, and the record is left alone.
    """
    is_owner = writer.is_owner()
    deletion = Deletion(client, writer.name)
    deletion.run(job_ids, doubt=doubt, looks=is_owner)
    if is_owner:
        with contextlib.suppress(OSError):  # The IDs are in the outcome as well.
            if not deletion.is_complete:
                writer.leave(deletion.left)
            elif keeps_claim:
                writer.restart()
            else:
                writer.drop()
    return deletion
