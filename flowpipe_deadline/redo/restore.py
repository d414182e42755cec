"""Undoes a redo: jobs and tasks become again what they were before it, as far as Deadline lets them; new jobs go.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import time
from typing import Callable, Collection, Mapping, Sequence

from ..core.errors import words_of
from ..deadline.client import COMPLETED, FAILED, PENDING, SUSPENDED, DeadlineClient, SubmissionError
from ..submit.own_jobs import OwnJobs
from ..submit.redo_record import JobBefore
from ..submit.undo import Deletion, Doubt
from .record import RedoWriter

_UNDONE_BY = ("Queued", "Rendering", PENDING)
"""What a task that was held goes back to, whichever it is."""


def undo_redo(
    writer: RedoWriter,
    own: OwnJobs,
    before: Mapping[str, JobBefore],
    *,
    made: Sequence[str] | None,
    doubt: Doubt | None = None,
) -> tuple[bool, str]:
    """Makes jobs what they were ``before`` a redo, and deletes those that it has ``made``; None if it makes none.

    Tells whether nothing is left, and what came of it in words. What is left stays on record. It never raises.
    """
    left, outcome = restore(own, before)
    deletion = None if made is None else delete_new(writer, own, made, doubt=doubt)
    if deletion is not None:
        outcome = f"{deletion.outcome}; {outcome}" if before else deletion.outcome
    if not left and (deletion is None or deletion.is_complete):
        return True, outcome
    with contextlib.suppress(BaseException):  # It is in the words.
        writer.leave(left, [] if deletion is None else deletion.left)
    return False, outcome


def delete_new(writer: RedoWriter, own: OwnJobs, made: Sequence[str], *, doubt: Doubt | None = None) -> Deletion:
    """Deletes what a redo has made, also jobs that are not on record; ``own.kept`` stay."""
    deletion = Deletion(own)
    deletion.again = "redo it again"
    deletion.run(made, doubt=doubt or Doubt(is_uncertain=True, may_render=True), looks=writer.is_owner)
    return deletion


def restore(own: OwnJobs, before: Mapping[str, JobBefore]) -> tuple[Mapping[str, JobBefore], str]:
    """Makes the jobs what they were ``before``, also after an exception of any kind; those that are not, and words.

    It never raises.
    """
    if not before:
        return {}, "nothing was changed"
    restoring = _Restoring(own, before)
    try:
        restoring.run()
    except BaseException as error:
        restoring.reason = words_of(error)
    left = {job_id: before[job_id] for job_id in before if job_id in restoring.left}
    if not left:
        return {}, "its jobs are as they were"
    listed = "; ".join(f"{job.key} ({job_id}): {_described(job)}" for job_id, job in left.items())
    reason = f" ({restoring.reason})" if restoring.reason else ""
    return left, f"not all jobs are as they were{reason}; see to them in the Monitor, or redo again: {listed}"


def read_states(client: DeadlineClient, job_ids: Collection[str]) -> dict[str, Mapping[int, str]]:
    """The states of the tasks of these jobs, by job ID and number."""
    tasks = client.read_tasks_of(list(job_ids)) if job_ids else {}
    return {job_id: {task.task_id: task.status for task in some} for job_id, some in tasks.items()}


def same_entries(now: Mapping[str, str | None], wanted: Mapping[str, str]) -> bool:
    """Whether all of these entries mean what is wanted: booleans, numbers and lists are written in several ways.

    >>> same_entries({"a": "True", "b": "x, y", "c": None}, {"a": "true", "b": "x,y"})
    True
    """
    return all(_plain(now.get(key)) == _plain(value) for key, value in wanted.items())


def _plain(text: str | None) -> str | None:
    return None if text is None else ",".join(item.strip() for item in text.strip().lower().split(","))


class _Restoring:
    """The rounds of one undo."""

    def __init__(self, own: OwnJobs, before: Mapping[str, JobBefore]) -> None:
        self.left: set[str] = set(before)
        self.reason = ""
        self._client = own.client
        self._own = own
        self._before = before

    def run(self) -> None:
        """Several rounds: what failed may work the second time."""
        ours, _ = self._own.sort(list(self._before))
        there = [job_id for job_id in reversed(list(self._before)) if job_id in ours]  # What waits comes first.
        self.left = set(there)
        for pause in (*self._client.undo_pauses, 0.0):
            time.sleep(pause)
            if not self._look(there):
                return
            self.reason = ""
            self._change(there)
        self._look(there)

    def _look(self, job_ids: Sequence[str]) -> bool:
        """Whether something is left to do."""
        wrong, states = self._wrong(job_ids)
        self.left = {job_id for found in wrong.values() for job_id in found}
        for job_id in states:
            if not (self._has_entries(job_id) and self._has_dependencies(job_id)):
                self.left.add(job_id)
        return bool(self.left)

    def _wrong(self, job_ids: Sequence[str]) -> tuple[dict[str, dict[str, list[int]]], Mapping[str, Mapping[int, str]]]:
        """The tasks that are not as they were, by the command that changes that and by job; and the states of all."""
        listed = self._client.list_jobs(job_ids) if job_ids else set()
        states = read_states(self._client, [job_id for job_id in job_ids if job_id in listed])
        wrong: dict[str, dict[str, list[int]]] = {"complete": {}, "fail": {}, "resume": {}, "suspend": {}}
        for job_id, now in states.items():
            for before, numbers in self._before[job_id].tasks.items():
                for number in numbers:
                    command = _command_back(before, now.get(number, before))
                    if command:
                        wrong[command].setdefault(job_id, []).append(number)
        return wrong, states

    def _change(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            self._try(self._reset, job_id)
        wrong, _ = self._wrong(job_ids)
        whole = [job_id for job_id in job_ids if job_id in wrong["complete"] and _was_complete(self._before[job_id])]
        if whole:
            self._try(self._client.change, "complete", whole)
        parts = {job_id: numbers for job_id, numbers in wrong["complete"].items() if job_id not in whole}
        for command, found in (("complete", parts), ("fail", wrong["fail"]), ("suspend", wrong["suspend"])):
            if found:
                self._try(self._client.change_tasks_of, command, found)
        held = list(wrong["resume"])
        if held:
            # They are pended first, as resuming may let them start before what they wait for (submission, section 5.2).
            self._pend(held)
            still, _ = self._wrong(held)
            if still["resume"]:
                self._try(self._client.change_tasks_of, "resume", still["resume"])
                self._pend(list(still["resume"]))

    def _reset(self, job_id: str) -> None:
        job = self._before[job_id]
        if not self._has_entries(job_id):
            self._client.set_entries(job_id, job.entries)
        if job.dependencies is not None and not self._has_dependencies(job_id):
            self._client.set_dependencies(job_id, job.dependencies)
            self._pend([job_id])

    def _pend(self, job_ids: Sequence[str]) -> None:
        with contextlib.suppress(SubmissionError):  # They may have nothing to wait for.
            self._client.pend(job_ids)

    def _has_entries(self, job_id: str) -> bool:
        entries = self._before[job_id].entries
        now = self._client.read_entries(job_id, list(entries)) if entries else {}
        return same_entries(now, entries)

    def _has_dependencies(self, job_id: str) -> bool:
        before = self._before[job_id].dependencies
        details = None if before is None else self._client.read_jobs([job_id]).get(job_id)
        return details is None or details.dependencies is None or set(details.dependencies) == set(before or ())

    def _try(self, act: Callable[..., None], *arguments: object) -> None:
        try:
            act(*arguments)
        except SubmissionError as error:
            self.reason = str(error)


def _command_back(before: str, now: str) -> str:
    """What makes a task what it was; empty if nothing has to, or can."""
    if before == now:
        return ""
    if before == COMPLETED:
        return "complete"
    if before == FAILED:
        return "" if now == COMPLETED else "fail"
    if before == SUSPENDED:
        return "suspend" if now in _UNDONE_BY else ""
    return "resume" if now == SUSPENDED else ""


def _was_complete(job: JobBefore) -> bool:
    return job.task_count == len(job.tasks.get(COMPLETED, ())) > 0


def _described(job: JobBefore) -> str:
    """What the job was, in words."""
    parts = [
        f"{listed_tasks(numbers)} {'was' if len(numbers) == 1 else 'were'} {state}"
        for state, numbers in job.tasks.items()
    ]
    parts += [f"{key} was {value!r}" for key, value in job.entries.items()]
    if job.dependencies is not None:
        parts.append(f"it depended on {', '.join(job.dependencies) or 'nothing'}")
    return ", ".join(parts) or f"it was {job.status}"


def listed_tasks(numbers: Collection[int]) -> str:
    """The tasks, for a sentence: ``task 1``, ``tasks 1, 2``."""
    listed = ", ".join(map(str, sorted(numbers)))
    return f"task {listed}" if len(numbers) == 1 else f"tasks {listed}"
