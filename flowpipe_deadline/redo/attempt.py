"""What both ways of a redo on the farm have in common: what is to be made again, for whom, and how it is undone.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Callable, Collection, Mapping, Sequence

from ..core.bundle import Bundle, BundleJob, node_labels
from ..core.frames import FrameList, FrameListError
from ..deadline.client import Stop, SubmissionError, TaskDetails
from ..submit.own_jobs import OwnJobs
from ..submit.record import SubmissionRecord
from ..submit.redo_record import JobBefore
from ..submit.transaction import InterruptedSubmissionError, Say
from ..submit.undo import Doubt
from .options import RedoOptions, RedoResult
from .record import RedoWriter
from .restore import read_states, undo_redo
from .selection import Selection


@dataclass(frozen=True)
class RedoOrder:
    """One redo."""

    bundle: Bundle
    record: SubmissionRecord
    """Of its submission."""
    selection: Selection
    how: RedoOptions
    say: Say
    """Gets what happens."""
    is_stopping: Stop


class RedoAttempt:
    """One attempt at a redo."""

    doubt = Doubt()

    def __init__(self, order: RedoOrder, own: OwnJobs, writer: RedoWriter) -> None:
        self.step = f"the jobs of {order.bundle.name} were read"
        """What is being done, for messages."""
        self._bundle = order.bundle
        self._record = order.record
        self._selection = order.selection
        self._how = order.how
        self._say = order.say
        self._is_stopping = order.is_stopping
        self._own = own
        own.earlier = {job.key: order.record.jobs_of(job.key) for job in order.bundle.jobs}
        self._client = own.client
        self._writer = writer
        self._labels = node_labels(order.bundle)
        self._before: dict[str, JobBefore] = {}
        self._made: Sequence[str] | None = None
        """The new jobs, once some may have been made."""
        self._messages: list[str] = []
        self._reason = ""
        """Deadline's words on the last call that failed."""

    def run(self) -> RedoResult:
        """Has the tasks run again; what it has changed stands in the record before it does."""
        raise NotImplementedError

    def undo(self) -> str:
        """Makes everything as it was; says in words what came of it. It never raises."""
        if not self._writer.is_owner():
            return "another redo has taken over, and undoes it"
        is_complete, outcome = undo_redo(self._writer, self._own, self._before, made=self._made, doubt=self.doubt)
        if is_complete:
            with contextlib.suppress(BaseException):  # It is in the words.
                self._writer.drop()
        return outcome

    def _begin(self, step: str) -> None:
        self.step = step
        self._writer.go_on()
        if self._is_stopping():
            raise InterruptedSubmissionError("interrupted")

    def _note(self, message: str) -> None:
        self._messages.append(message)
        self._say(message)

    def _try(self, act: Callable[..., None], *arguments: object) -> None:
        """Asks Deadline to do something; what came of it is read."""
        try:
            act(*arguments)
        except SubmissionError as error:
            self._reason = str(error)

    def _states(self, job_ids: Collection[str]) -> dict[str, Mapping[int, str]]:
        return read_states(self._client, job_ids)


def frames_of(task: TaskDetails, job: BundleJob, tasks: Sequence[TaskDetails]) -> FrameList | None:
    """The frames of a task: Deadline's, or, where it does not tell them, those that were planned; None without any.

    Raises:
        SubmissionError: Deadline does not tell them, and the job has other tasks than planned.
    """
    if not job.is_batched:
        return None
    with contextlib.suppress(FrameListError):
        return FrameList.parse(task.frames)
    if len(tasks) != job.task_count:
        raise SubmissionError(
            f"{job.label}: Deadline does not tell the frames of its tasks, and there are {len(tasks)} where"
            f" {job.task_count} were planned; use --new-jobs"
        )
    return job.chunks[task.task_id]
