"""Undoes a redo: jobs and tasks become again what they were before it, as far as Deadline lets them.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Sequence, Set, Tuple

from ..core.errors import words_of
from ..deadline.client import COMPLETED, FAILED, PENDING, SUSPENDED, DeadlineClient, SubmissionError, TaskDetails
from ..submit.own_jobs import OwnJobs
from ..submit.redo_record import JobBefore
from .entries import same_entry

_UNDONE_BY = ("Queued", "Rendering", PENDING)
"""What a task that was held goes back to, whichever it is."""


@dataclass(frozen=True)
class Restored:
    """What came of it."""

    left: Mapping[str, JobBefore]
    """The jobs that are not as they were, by ID."""
    outcome: str
    """In words."""


def restore(client: DeadlineClient, own: OwnJobs, before: Mapping[str, JobBefore]) -> Restored:
    """Makes the jobs what they were ``before``, also after an exception of any kind. It never raises."""
    if not before:
        return Restored({}, "nothing was changed")
    restoring = _Restoring(client, own, before)
    try:
        restoring.run()
    except BaseException as error:
        restoring.reason = words_of(error)
    left = {job_id: before[job_id] for job_id in before if job_id in restoring.left}
    if not left:
        return Restored({}, "its jobs are as they were")
    listed = "; ".join(f"{job_id} ({job.key}): {_described(job)}" for job_id, job in left.items())
    reason = f" ({restoring.reason})" if restoring.reason else ""
    return Restored(left, f"not all jobs are as they were{reason}; see to them in the Monitor, or redo again: {listed}")


class _Restoring:
    """The rounds of one undo."""

    def __init__(self, client: DeadlineClient, own: OwnJobs, before: Mapping[str, JobBefore]) -> None:
        self.left: Set[str] = set(before)
        self.reason = ""
        self._client = client
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
        wrong, tasks = self._wrong(job_ids)
        self.left = {job_id for found in wrong.values() for job_id in found}
        for job_id in job_ids:
            job = self._before[job_id]
            if job_id in tasks and not (self._has_entries(job_id, job) and self._has_dependencies(job_id, job)):
                self.left.add(job_id)
        return bool(self.left)

    def _wrong(
        self, job_ids: Sequence[str]
    ) -> Tuple[Dict[str, Dict[str, List[int]]], Dict[str, Tuple[TaskDetails, ...]]]:
        """The tasks that are not as they were, by the command that changes that and by job."""
        listed = self._client.list_jobs(job_ids) if job_ids else set()
        tasks = self._client.read_tasks_of([job_id for job_id in job_ids if job_id in listed]) if listed else {}
        wrong: Dict[str, Dict[str, List[int]]] = {"complete": {}, "fail": {}, "resume": {}, "suspend": {}}
        for job_id, found in tasks.items():
            states = {task.task_id: task.status for task in found}
            for state, numbers in self._before[job_id].tasks.items():
                there = [number for number in numbers if number in states and states[number] != state]
                if state == COMPLETED:
                    command = "complete"
                elif state == FAILED:
                    command, there = "fail", [number for number in there if states[number] != COMPLETED]
                elif state == SUSPENDED:
                    command, there = "suspend", [number for number in there if states[number] in _UNDONE_BY]
                else:
                    command, there = "resume", [number for number in there if states[number] == SUSPENDED]
                if there:
                    wrong[command].setdefault(job_id, []).extend(there)
        return wrong, tasks

    def _change(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            self._try(lambda job_id=job_id: self._reset(job_id))  # type: ignore[misc]
        wrong, _ = self._wrong(job_ids)
        whole = [
            job_id for job_id, job in self._before.items() if job.task_count == len(job.tasks.get(COMPLETED, ())) > 0
        ]
        whole = [job_id for job_id in reversed(whole) if job_id in wrong["complete"]]
        if whole:
            self._try(lambda: self._client.change("complete", whole))
        parts = {job_id: numbers for job_id, numbers in wrong["complete"].items() if job_id not in whole}
        for command, found in (("complete", parts), ("fail", wrong["fail"]), ("suspend", wrong["suspend"])):
            if found:
                self._try(lambda command=command, found=found: self._client.change_tasks_of(command, found))  # type: ignore[misc]
        held = list(wrong["resume"])
        if held:
            # They are pended first, as resuming may let them start before what they wait for (submission, section 5.2).
            self._try(lambda: self._client.pend(held), is_certain=False)
            still, _ = self._wrong(held)
            if still["resume"]:
                self._try(lambda: self._client.change_tasks_of("resume", still["resume"]))
                self._try(lambda: self._client.pend(list(still["resume"])), is_certain=False)

    def _reset(self, job_id: str) -> None:
        job = self._before[job_id]
        if not self._has_entries(job_id, job):
            self._client.set_entries(job_id, job.entries)
        if job.dependencies is not None and not self._has_dependencies(job_id, job):
            self._client.set_dependencies(job_id, job.dependencies)
            with contextlib.suppress(SubmissionError):
                self._client.pend([job_id])

    def _has_entries(self, job_id: str, job: JobBefore) -> bool:
        now = self._client.read_entries(job_id, list(job.entries)) if job.entries else {}
        return all(same_entry(now.get(key), value) for key, value in job.entries.items())

    def _has_dependencies(self, job_id: str, job: JobBefore) -> bool:
        if job.dependencies is None:
            return True
        details = self._client.read_jobs([job_id]).get(job_id)
        return details is None or details.dependencies is None or set(details.dependencies) == set(job.dependencies)

    def _try(self, act: Callable[[], None], *, is_certain: bool = True) -> None:
        try:
            act()
        except SubmissionError as error:
            if is_certain:
                self.reason = str(error)


def _described(job: JobBefore) -> str:
    """What the job was, in words."""
    parts = [f"tasks {', '.join(map(str, sorted(numbers)))} were {state}" for state, numbers in job.tasks.items()]
    parts += [f"{key} was {value!r}" for key, value in job.entries.items()]
    if job.dependencies is not None:
        parts.append(f"it depended on {', '.join(job.dependencies) or 'nothing'}")
    return ", ".join(parts) or f"it was {job.status}"
