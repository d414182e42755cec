"""Undoing a submission: every job of it is deleted, also one whose ID is not known.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Callable, Sequence

from .own_jobs import OwnJobs, foreign_jobs
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
    """Deletes jobs until Deadline lists them no longer; only those of one submission."""

    def __init__(self, own: OwnJobs) -> None:
        self.left: list[str] = []
        """The jobs that could not be deleted."""
        self.again = "submit or cancel it again"
        """What looks for jobs of which nobody knows."""
        self._client = own.client
        self._own = own
        self._order: list[str] = []
        self._deleted: list[str] = []
        self._ours: set[str] = set()
        """Those that are known to be of the submission."""
        self._foreign: dict[str, str] = {}
        """The batches of those that are not, empty where that is not known."""
        self._others: list[str] = []
        """Jobs of the batch that an event plugin has made."""
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
            parts.append(f"what was submitted was deleted: {self._own.named(self._in_order(self._deleted))}")
        left = [job_id for job_id in self.left if job_id not in self._foreign]
        if left:
            reason = self._reason or self._doubt or "Deadline still lists them"
            parts.append(
                f"the jobs {self._own.named(left)} could not be deleted ({reason}): delete them in the Monitor"
            )
        elif self._doubt:
            parts.append(
                f"whether a job was created all the same is unknown ({self._doubt}): {self.again}, which looks"
                f" for it, or look in the Monitor for the batch {self._own.batch_name}"
            )
        if self._foreign:
            parts.append(foreign_jobs(self._foreign, self._own))
        if self._others:
            parts.append(f"the jobs {self._own.named(self._others)} of that batch are not of this submission and stay")
        return "; ".join(parts) or "nothing was submitted"

    def run(self, job_ids: Sequence[str], *, doubt: Doubt = Doubt(), looks: Callable[[], bool] = lambda: True) -> str:
        """The ``outcome``, once the jobs are deleted, also after an exception of any kind, which is its reason.

        ``job_ids`` are in the order of submission; jobs that wait for others are deleted before them. As long as
        ``looks`` says so, further jobs are searched for by their batch.
        """
        self._order = list(dict.fromkeys(job_ids))
        self.left = self._order[::-1]
        try:
            if doubt.may_render:
                self._suspend()  # Only so that nothing begins meanwhile.
            self._run_rounds(doubt, looks=looks)
        except BaseException as error:
            self._reason = self._own.words_of(error)
            self._doubt = self._reason if doubt.is_uncertain else ""
        self.left = [*self._in_order(self.left), *self._foreign]
        return self.outcome

    def _suspend(self) -> None:
        with contextlib.suppress(Exception):
            ours = self._certain(self.left)
            if ours:
                self._client.suspend(ours)

    def _run_rounds(self, doubt: Doubt, *, looks: Callable[[], bool]) -> None:
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

    def _delete_and_look(self, *, looks: Callable[[], bool]) -> None:
        self._reason = ""
        if not looks():  # Another attempt has taken over, and what was found may be its.
            self.left = [job_id for job_id in self.left if job_id in self._order]
        self._delete(self._certain(self.left))
        there = self._look(looks=looks)
        if self._reason and there and len(there) > 1:  # One that cannot be deleted need not keep the others.
            for job_id in self._certain(there):
                self._delete([job_id])
            there = self._look(looks=looks)
        if there is None:  # Then only the deletion itself says how it went.
            there = self.left if self._reason else []
        self._deleted += [job_id for job_id in self.left if job_id not in there and job_id not in self._deleted]
        self.left = list(there)

    def _certain(self, job_ids: Sequence[str]) -> list[str]:
        """Those of the jobs that are certainly of the submission; the foreign ones are given up."""
        unsure = [job_id for job_id in job_ids if job_id not in self._ours]
        try:
            ours, foreign = self._own.sort(unsure)
        except Exception as error:
            ours, foreign = [job_id for job_id in unsure if job_id in self._own.trusted], {}
            self._reason = self._own.words_of(error) if len(ours) < len(unsure) else ""
        self._ours.update(ours)
        self._foreign.update(foreign)
        self.left = [job_id for job_id in self.left if job_id not in foreign]
        return [job_id for job_id in job_ids if job_id in self._ours]

    def _delete(self, job_ids: Sequence[str]) -> None:
        if job_ids:
            try:
                self._client.delete(job_ids)
            except Exception as error:
                self._reason = self._own.words_of(error)

    def _look(self, *, looks: Callable[[], bool]) -> list[str] | None:
        """The jobs that are still there, also those that were not known; None if Deadline cannot be asked."""
        try:
            there = self._client.list_jobs(self.left) if self.left else set()
            found, self._others = self._own.find() if looks() else ([], [])
        except Exception as error:
            self._doubt = self._own.words_of(error)
            return None
        self._doubt = ""
        return [
            *(job_id for job_id in self.left if job_id in there),
            *(job_id for job_id in found if job_id not in there and job_id not in self._foreign),
        ]

    def _in_order(self, job_ids: Sequence[str]) -> list[str]:
        """The jobs in the order of submission, then those that were found."""
        known = [job_id for job_id in self._order if job_id in job_ids]
        return known + [job_id for job_id in job_ids if job_id not in known]


def undo(
    writer: SubmissionWriter,
    own: OwnJobs,
    job_ids: Sequence[str],
    *,
    doubt: Doubt = Doubt(),
    keeps_claim: bool = False,
) -> Deletion:
    """Deletes the jobs of the writer's submission; what could not be deleted stays in the bundle's record.

    Jobs that are not among ``job_ids`` are searched for by their batch. With ``keeps_claim`` the record stays this
    writer's once nothing is left. If another attempt has taken the bundle over, only these jobs are deleted, and the
    record is left alone. It never raises.
    """
    deletion = Deletion(own)
    deletion.run(job_ids, doubt=doubt, looks=writer.is_owner)
    with contextlib.suppress(BaseException):  # The IDs are in the outcome, and still on the record that there was.
        if not writer.is_owner():
            return deletion
        if not deletion.is_complete:
            writer.leave(deletion.left)
        elif keeps_claim:
            writer.restart()
        else:
            writer.drop()
    return deletion
