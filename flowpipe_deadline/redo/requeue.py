"""The same jobs run again in part: held, made to wait for each other in the right order, and released.

All facts: submission, sections 2.5, 4.2 to 4.6 and 5.2. Deadline's own Python imports this too: standard library only,
valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Callable, Collection, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from ..core.bundle import BundleJob, node_labels
from ..core.frames import FrameList, FrameListError
from ..deadline.client import (
    COMPLETED,
    FAILED,
    PENDING,
    SUSPENDED,
    JobDetails,
    SubmissionError,
    TaskDetails,
)
from ..submit.own_jobs import OwnJobs, foreign_jobs
from ..submit.redo_record import JobBefore
from ..submit.release import let_go, let_wait
from ..submit.transaction import InterruptedSubmissionError
from .entries import read_before, same_entry, set_verified
from .options import RedoResult
from .order import RedoOrder
from .record import RedoWriter
from .restore import restore

_RENDERING = "Rendering"
_QUEUED = "Queued"
_RUNS_AGAIN = (COMPLETED, _RENDERING, FAILED)
"""The states of a task that has to be requeued."""
_HELD = (SUSPENDED, PENDING)
_ROUNDS = 8  # Workers that take a task between two calls need another round.


@dataclass
class Part:
    """The tasks of one job that run again, or have to wait for such."""

    job: BundleJob
    job_id: str
    label: str
    details: JobDetails
    tasks: Tuple[TaskDetails, ...]
    """As they were at first."""
    chosen: FrozenSet[int]
    upstream: Tuple[str, ...]
    """The IDs of the jobs that it waits for."""
    only_waits: bool = False
    """Whether none of its tasks has to run again: they have not run yet, and must wait."""
    was: Mapping[int, str] = field(init=False)
    """The states of its tasks at first."""

    def __post_init__(self) -> None:
        self.was = {task.task_id: task.status for task in self.tasks}

    @property
    def stays(self) -> bool:
        """Whether somebody has suspended it: then it stays so."""
        return self.details.status == SUSPENDED

    @property
    def suspended(self) -> FrozenSet[int]:
        """The tasks that somebody has suspended."""
        return frozenset(number for number, state in self.was.items() if state == SUSPENDED)

    @property
    def is_whole(self) -> bool:
        """Whether the job can be suspended and resumed as a whole: all tasks that are not at their end are chosen."""
        others = {state for number, state in self.was.items() if number not in self.chosen}
        return not self.suspended and others <= {COMPLETED, FAILED}

    @property
    def moving(self) -> FrozenSet[int]:
        """The chosen tasks but for those that somebody has suspended."""
        return self.chosen - self.suspended

    def frames(self, number: int) -> FrozenSet[int]:
        """The frames of a task; empty where there are none."""
        found = [task for task in self.tasks if task.task_id == number]
        return frozenset(frames_of(found[0], self.job, self.tasks) or ())


class Requeue:
    """One attempt to have tasks of the same jobs run again."""

    def __init__(self, order: RedoOrder, own: OwnJobs, writer: RedoWriter) -> None:
        self.step = f"the jobs of {order.bundle.name} were read"
        """What is being done, for messages."""
        self._bundle = order.bundle
        self._own = own
        self._client = own.client
        self._writer = writer
        self._record = order.record
        self._selection = order.selection
        self._how = order.how
        self._say = order.say
        self._is_stopping = order.is_stopping
        self._labels = node_labels(order.bundle)
        self._parts: List[Part] = []
        self._running: Mapping[str, Part] = {}
        """By job, those of which tasks run again, or have not run."""
        self._before: Dict[str, JobBefore] = {}
        self._details: Mapping[str, JobDetails] = {}
        """The jobs as they were at first, also those that parts wait for."""
        self._tasks: Mapping[str, Tuple[TaskDetails, ...]] = {}
        self._messages: List[str] = []
        self._reason = ""
        """Deadline's words on the last call that failed."""

    def run(self) -> RedoResult:
        """Has the tasks run again; what it has changed stands in the record before it does."""
        self._read()
        self._before = {part.job_id: self._before_of(part) for part in self._parts if not part.only_waits}
        self._writer.plan(self._before)
        self._hold()
        self._set_entries()
        self._release()
        self._writer.drop()
        return RedoResult(tasks=self._tasks_of_result(), messages=tuple(self._messages))

    def undo(self) -> str:
        """Makes everything as it was; says in words what came of it. It never raises."""
        if not self._writer.is_owner():
            return "another redo has taken over, and undoes it"
        restored = restore(self._client, self._own, self._before)
        with contextlib.suppress(BaseException):  # It is in the words.
            if restored.left:
                self._writer.leave(restored.left, [])
            else:
                self._writer.drop()
        return restored.outcome

    # Reading ----------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Finds the tasks in Deadline, and the jobs downstream that must wait."""
        self._begin(self.step)
        selected = [job for job in self._bundle.jobs if job.key in self._selection.tasks]
        ids = {job.key: self._holders(job.key) for job in self._bundle.jobs}
        wanted_keys = set(self._selection.tasks)
        near = [job for job in self._bundle.jobs if job in selected or not wanted_keys.isdisjoint(job.depends_on)]
        asked = {job_id for job in near for key in (job.key, *job.depends_on) for job_id in ids[key]}
        ours, foreign = self._own.sort(sorted(asked))
        wanted = {job_id for job in selected for job_id in ids[job.key]}
        if wanted & set(foreign):
            taken = {job_id: batch for job_id, batch in foreign.items() if job_id in wanted}
            raise SubmissionError(foreign_jobs(taken, self._own))
        details = self._client.read_jobs(ours)
        followers = [
            job for job in self._bundle.jobs if job in near and job not in selected and self._may_start(job, details)
        ]
        holding = [job_id for job in (*selected, *followers) for job_id in ids[job.key] if job_id in details]
        tasks = self._client.read_tasks_of(holding) if holding else {}
        self._details, self._tasks = details, tasks
        for job in selected:
            self._parts += self._parts_of(job, [job_id for job_id in ids[job.key] if job_id in tasks])
        for job in followers:
            for job_id in ids[job.key]:
                queued = frozenset(task.task_id for task in tasks.get(job_id, ()) if task.status == _QUEUED)
                if queued:
                    self._parts.append(self._part(job, job_id, queued, only_waits=True))
        self._running = {part.job_id: part for part in self._parts if not part.only_waits}
        self._check_links()

    def _holders(self, key: str) -> List[str]:
        """The jobs that have tasks of a node, the one that counts first."""
        newest = [self._record.jobs[key]] if key in self._record.jobs else []
        return newest + list(reversed(self._record.earlier.get(key, ())))

    def _may_start(self, job: BundleJob, details: Mapping[str, JobDetails]) -> bool:
        """Whether tasks of the job may wait for a worker."""
        found = [details[job_id] for job_id in self._holders(job.key) if job_id in details]
        return any(item.tasks.get(_QUEUED) if item.tasks else item.status not in (*_HELD, COMPLETED) for item in found)

    def _parts_of(self, job: BundleJob, holders: Sequence[str]) -> List[Part]:
        """The tasks with the chosen frames, looked for in the newest job first.

        Raises:
            SubmissionError: The job is not there, or its tasks cannot be told apart.
        """
        label = self._labels[job.key]
        if not holders:
            raise SubmissionError(f"{label}: its job is not in Deadline any more; use --new-jobs")
        chunks = self._selection.tasks[job.key]
        wanted: Optional[Set[int]] = {frame for chunk in chunks for frame in chunk or ()} if job.is_batched else None
        parts = []
        for job_id in holders:
            chosen = set()
            for task in self._tasks[job_id]:
                frames = set(frames_of(task, job, self._tasks[job_id]) or ()) if wanted is not None else set()
                if wanted is None or frames & wanted:
                    chosen.add(task.task_id)
                if wanted is not None:
                    wanted -= frames
            if chosen:
                parts.append(self._part(job, job_id, frozenset(chosen)))
            if not wanted:
                break
        if wanted:
            self._note(
                f"{label}: the frames {FrameList(sorted(wanted))} have no task in job {holders[0]}, as its frames were"
                " changed; --new-jobs makes them again"
            )
        return parts

    def _part(self, job: BundleJob, job_id: str, chosen: FrozenSet[int], *, only_waits: bool = False) -> Part:
        told = self._details[job_id].dependencies
        upstream = tuple(self._record.jobs[key] for key in job.depends_on if key in self._record.jobs)
        return Part(
            job=job,
            job_id=job_id,
            label=self._labels[job.key],
            details=self._details[job_id],
            tasks=self._tasks[job_id],
            chosen=chosen,
            upstream=upstream if told is None else told,
            only_waits=only_waits,
        )

    def _check_links(self) -> None:
        """Raises if a job does not wait for the one in which a task that feeds it runs again."""
        by_key: Dict[str, List[str]] = {}
        for part in self._parts:
            by_key.setdefault(part.job.key, []).append(part.job_id)
        for part in self._parts:
            for key in part.job.depends_on:
                strangers = [job_id for job_id in by_key.get(key, ()) if job_id not in part.upstream]
                if strangers:
                    raise SubmissionError(
                        f"{part.label}: its job {part.job_id} does not depend on {', '.join(strangers)}"
                        f" ({self._labels[key]}), so it would not wait for that; use --new-jobs"
                    )

    def _before_of(self, part: Part) -> JobBefore:
        tasks: Dict[str, Tuple[int, ...]] = {}
        for number in sorted(part.chosen | part.suspended):
            tasks[part.was[number]] = (*tasks.get(part.was[number], ()), number)
        entries = read_before(self._client, part.job_id, part.label, self._how.entries)
        return JobBefore(part.job.key, part.details.status, len(part.tasks), tasks, entries)

    # Holding ----------------------------------------------------------------------------------------------------------

    def _hold(self) -> None:
        """Requeues the chosen tasks and suspends them, until all are held; upstream first.

        A worker may take a task between the two calls. What it has done by then may be made from old results, so the
        task is requeued once more.
        """
        touched = [part for part in self._parts if not part.only_waits and self._is_touched(part)]
        self._hold_all(touched, {part.job_id: part.was for part in touched})
        for part in self._parts:
            kept = part.chosen & part.suspended
            if part.stays or kept:
                what = "its job" if part.stays else f"its {listed_tasks(kept)}"
                self._note(f"{part.label}: {what} stays suspended, as somebody wanted; resume it in the Monitor")

    def _hold_all(self, parts: Sequence[Part], states: Mapping[str, Mapping[int, str]]) -> None:
        for _ in range(_ROUNDS):
            self._begin("tasks were requeued")
            loose = [part for part in parts if not self._is_held(part, states[part.job_id])]
            if not loose:
                return
            self._requeue(loose, states)
            self._suspend(loose)
            states = self._read_states(parts)
        listed = ", ".join(f"{part.label} ({part.job_id})" for part in loose)
        reason = f": {self._reason}" if self._reason else ""
        raise SubmissionError(
            f"the tasks of {listed} cannot be held{reason}; where workers are too fast, use --new-jobs, and --stale for"
            " what has run meanwhile"
        )

    def _is_touched(self, part: Part) -> bool:
        """Whether one of its tasks has to run again, or to wait though it does not."""
        states = {part.was[number] for number in part.chosen}
        return bool(states & set(_RUNS_AGAIN)) or (self._must_wait(part) and _QUEUED in states)

    def _must_wait(self, part: Part) -> bool:
        """Whether something that it waits for runs again, or has not run."""
        return any(job_id in self._running or self._is_unfinished_job(job_id) for job_id in part.upstream)

    def _is_unfinished_job(self, job_id: str) -> bool:
        return job_id in self._details and self._details[job_id].status != COMPLETED

    def _is_held(self, part: Part, states: Mapping[int, str]) -> bool:
        return all(states.get(number) in _HELD for number in part.chosen)

    def _requeue(self, parts: Sequence[Part], states: Mapping[str, Mapping[int, str]]) -> None:
        whole: Dict[str, List[str]] = {"requeue": [], "resumefailed": []}
        some: Dict[str, Dict[str, List[int]]] = {"requeue": {}, "resumefailed": {}}
        for part in parts:
            now = states[part.job_id]
            for command, kinds in (("requeue", (COMPLETED, _RENDERING)), ("resumefailed", (FAILED,))):
                numbers = [number for number in sorted(part.chosen) if now.get(number) in kinds]
                others = [number for number, state in now.items() if state in kinds and number not in part.chosen]
                is_whole = not others and (command == "requeue" or set(now.values()) <= {COMPLETED, FAILED})
                if numbers and is_whole:
                    whole[command].append(part.job_id)
                elif numbers:
                    some[command][part.job_id] = numbers
        for command in ("resumefailed", "requeue"):
            if whole[command]:
                self._try(lambda command=command: self._client.change(command, whole[command]))  # type: ignore[misc]
            if some[command]:
                self._try(lambda command=command: self._client.change_tasks_of(command, some[command]))  # type: ignore[misc]

    def _suspend(self, parts: Sequence[Part]) -> None:
        whole = [part.job_id for part in parts if part.is_whole]
        if whole:
            self._try(lambda: self._client.suspend(whole))
        others = [part for part in parts if not part.is_whole]
        if others:
            now = self._read_states(others)
            some = {
                part.job_id: [
                    number for number in sorted(part.chosen) if now[part.job_id].get(number) in (_QUEUED, _RENDERING)
                ]
                for part in others
            }
            some = {job_id: numbers for job_id, numbers in some.items() if numbers}
            if some:
                self._try(lambda: self._client.change_tasks_of("suspend", some))

    def _set_entries(self) -> None:
        for job_id, job in self._before.items() if self._how.entries else ():
            if not all(same_entry(job.entries.get(key), value) for key, value in self._how.entries.items()):
                self._begin("settings were changed")
                set_verified(self._client, job_id, self._labels[job.key], self._how.entries)

    # Releasing --------------------------------------------------------------------------------------------------------

    def _release(self) -> None:
        """Lets what depends on others wait for them, then lets the others go on, and looks whether all do."""
        touched = [part for part in self._parts if part.only_waits or self._is_touched(part)]
        free = [part for part in touched if not part.stays]
        waiting = [part for part in free if part.only_waits or self._must_wait(part)]
        heads = [part for part in free if part not in waiting]
        for tries_left in reversed(range(_ROUNDS)):
            self._begin("jobs were made to wait")
            try:
                self._let_wait(waiting)
                break
            except SubmissionError:
                if not tries_left:
                    raise
                # A worker may have taken a task while its job was resumed, before it was pended.
                again = [part for part in waiting if not part.only_waits]
                self._hold_all(again, self._read_states(again))
        self._suspend_again(waiting)
        self._begin("jobs were released")
        let_go(
            self._own,
            [part.job_id for part in heads],
            resume=lambda job_ids: self._resume([part for part in heads if part.job_id in job_ids]),
            still_held=lambda: self._still_held(heads),
        )

    def _let_wait(self, parts: Sequence[Part]) -> None:
        states = self._read_states(parts)
        suspended = [
            part.job_id for part in parts if any(states[part.job_id].get(number) == SUSPENDED for number in part.moving)
        ]
        followers = [part.job_id for part in parts if part.only_waits]
        if followers:
            self._try(lambda: self._client.pend(followers))
        let_wait(self._own, suspended, not_waiting=lambda: self._not_waiting(parts))

    def _not_waiting(self, parts: Sequence[Part]) -> List[str]:
        """The jobs of which a task could start now, or is still held."""
        if not parts:
            return []
        upstream = {job_id for part in parts for job_id in part.upstream}
        details = self._client.read_jobs([*dict.fromkeys((*(part.job_id for part in parts), *sorted(upstream)))])
        states = self._read_states(parts)
        return [part.job_id for part in parts if not self._is_waiting(part, details, states[part.job_id])]

    def _is_waiting(self, part: Part, details: Mapping[str, JobDetails], states: Mapping[int, str]) -> bool:
        """Whether none of the tasks can start that something feeds which runs again.

        The state of a job with complete and pending tasks is undocumented, so tasks are looked at as well. Of a frame
        dependent job, Deadline releases a task once those upstream are complete that cover its frames (submission,
        section 4.3); nothing else does while those are held.
        """
        now = {number: states[number] for number in part.moving if number in states}
        if SUSPENDED in now.values():
            return False
        if part.job_id in details and details[part.job_id].status == PENDING:
            return True
        loose = [number for number, state in now.items() if state != PENDING]
        return all(self._is_free(part, number, details) for number in loose)

    def _is_free(self, part: Part, number: int, details: Mapping[str, JobDetails]) -> bool:
        """Whether the task may start: nothing that feeds it is held, or unfinished."""
        by_frame = part.details.frame_dependent
        is_frame_dependent = part.job.is_frame_dependent if by_frame is None else by_frame
        for job_id in part.upstream:
            feeding = self._running.get(job_id)
            if feeding is not None and is_frame_dependent:
                frames = part.frames(number)
                if any(frames & feeding.frames(other) for other in feeding.chosen):
                    return False
            elif feeding is not None or (
                not is_frame_dependent and job_id in details and details[job_id].status != COMPLETED
            ):
                return False
        return True

    def _suspend_again(self, parts: Sequence[Part]) -> None:
        """Suspends tasks again that somebody had suspended, and that waiting has taken along."""
        kept = [part for part in parts if part.suspended]
        if not kept:
            return
        states = self._read_states(kept)
        loose = {
            part.job_id: [number for number in sorted(part.suspended) if states[part.job_id].get(number) != SUSPENDED]
            for part in kept
        }
        loose = {job_id: numbers for job_id, numbers in loose.items() if numbers}
        if loose:
            self._client.change_tasks_of("suspend", loose)

    def _resume(self, parts: Sequence[Part]) -> None:
        whole = [part.job_id for part in parts if part.is_whole]
        some = {part.job_id: sorted(part.moving) for part in parts if not part.is_whole and part.moving}
        if whole:
            self._try(lambda: self._client.resume(whole))
        if some:
            states = self._read_states([part for part in parts if part.job_id in some])
            held = {
                job_id: [number for number in numbers if states[job_id].get(number) == SUSPENDED]
                for job_id, numbers in some.items()
            }
            self._try(lambda: self._client.change_tasks_of("resume", {k: v for k, v in held.items() if v}))

    def _still_held(self, parts: Sequence[Part]) -> List[str]:
        # A short job may be complete by now, and deleted if that is what becomes of complete jobs.
        there = self._client.list_jobs([part.job_id for part in parts])
        states = self._read_states([part for part in parts if part.job_id in there])
        return [
            part.job_id
            for part in parts
            if any(states.get(part.job_id, {}).get(number) == SUSPENDED for number in part.moving)
        ]

    # Small things -----------------------------------------------------------------------------------------------------

    def _read_states(self, parts: Sequence[Part]) -> Dict[str, Mapping[int, str]]:
        """The states of the tasks of these jobs, by number."""
        tasks = self._client.read_tasks_of([part.job_id for part in parts]) if parts else {}
        return {job_id: {task.task_id: task.status for task in some} for job_id, some in tasks.items()}

    def _begin(self, step: str) -> None:
        self.step = step
        self._writer.go_on()
        if self._is_stopping():
            raise InterruptedSubmissionError("interrupted")

    def _try(self, act: Callable[[], None]) -> None:
        """Does it; what came of it is read."""
        try:
            act()
        except SubmissionError as error:
            self._reason = str(error)

    def _note(self, message: str) -> None:
        self._messages.append(message)
        self._say(message)

    def _tasks_of_result(self) -> Dict[str, Tuple[Optional[FrameList], ...]]:
        found: Dict[str, Tuple[Optional[FrameList], ...]] = {}
        for part in self._parts:
            if not part.only_waits:
                frames = [frames_of(task, part.job, part.tasks) for task in part.tasks if task.task_id in part.chosen]
                found[part.job.key] = (*found.get(part.job.key, ()), *frames)
        return found


def frames_of(task: TaskDetails, job: BundleJob, tasks: Sequence[TaskDetails]) -> Optional[FrameList]:
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


def listed_tasks(numbers: Collection[int]) -> str:
    """The tasks, for a sentence: ``task 1``, ``tasks 1, 2``."""
    listed = ", ".join(map(str, sorted(numbers)))
    return f"task {listed}" if len(numbers) == 1 else f"tasks {listed}"
