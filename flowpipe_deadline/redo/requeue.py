"""The same jobs run again in part: held, made to wait for each other in the right order, and released.

All facts: submission, sections 2.5, 4.2 to 4.6 and 5.2. Deadline's own Python imports this too: standard library only,
valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Mapping, Sequence

from ..core.bundle import BundleJob
from ..core.frames import FrameList
from ..deadline.client import (
    COMPLETED,
    FAILED,
    PENDING,
    SUSPENDED,
    TASK_STATES,
    JobDetails,
    SubmissionError,
    TaskDetails,
)
from ..submit.own_jobs import OwnJobs, foreign_jobs
from ..submit.redo_record import JobBefore
from ..submit.release import let_go, let_wait
from .attempt import RedoAttempt, RedoOrder, frames_of
from .options import RedoResult
from .record import RedoWriter
from .restore import listed_tasks, same_entries

_RENDERING = "Rendering"
_QUEUED = "Queued"
_RUNS_AGAIN = (COMPLETED, _RENDERING, FAILED)
"""The states of a task that has to be requeued."""
_HELD = (SUSPENDED, PENDING)
_LOOSE = tuple(state for state in TASK_STATES if state != SUSPENDED)
_ROUNDS = 8  # Workers that take a task between two calls need another round.


@dataclass(frozen=True)
class Part:
    """The tasks of one job that run again, or have to wait for such."""

    job: BundleJob
    job_id: str
    label: str
    details: JobDetails
    tasks: tuple[TaskDetails, ...]
    """As they were at first."""
    was: Mapping[int, str]
    """The states of its tasks at first."""
    chosen: frozenset[int]
    upstream: tuple[str, ...]
    """The IDs of the jobs that it waits for."""
    only_waits: bool
    """Whether none of its tasks has to run again: they have not run yet, and must wait."""

    @property
    def stays(self) -> bool:
        """Whether somebody has suspended it: then it stays so."""
        return self.details.status == SUSPENDED

    @property
    def suspended(self) -> frozenset[int]:
        """The tasks that somebody has suspended."""
        return frozenset(number for number, state in self.was.items() if state == SUSPENDED)

    @property
    def is_whole(self) -> bool:
        """Whether the job can be suspended and resumed as a whole: all tasks that are not at their end are chosen."""
        others = {state for number, state in self.was.items() if number not in self.chosen}
        return not self.suspended and others <= {COMPLETED, FAILED}

    @property
    def moving(self) -> frozenset[int]:
        """The chosen tasks but for those that somebody has suspended."""
        return self.chosen - self.suspended

    def frames(self, number: int) -> frozenset[int]:
        """The frames of a task; empty where there are none."""
        found = [task for task in self.tasks if task.task_id == number]
        return frozenset(frames_of(found[0], self.job, self.tasks) or ())


class Requeue(RedoAttempt):
    """One attempt to have tasks of the same jobs run again."""

    def __init__(self, order: RedoOrder, own: OwnJobs, writer: RedoWriter) -> None:
        super().__init__(order, own, writer)
        self._parts: list[Part] = []
        self._running: Mapping[str, Part] = {}
        """By job, those of which tasks run again, or have not run."""
        self._details: Mapping[str, JobDetails] = {}
        """The jobs as they were at first, also those that parts wait for."""
        self._tasks: Mapping[str, tuple[TaskDetails, ...]] = {}

    def run(self) -> RedoResult:
        """Has the tasks run again; what it has changed stands in the record before it does."""
        self._begin(self.step)
        self._read()
        self._check_links()
        self._before = {part.job_id: self._before_of(part) for part in self._running.values()}
        self._writer.plan(self._before)
        self._hold()
        self._set_entries()
        self._release()
        self._writer.drop()
        return RedoResult(tasks=self._tasks_of_result(), messages=tuple(self._messages))

    # Reading ----------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Finds the tasks in Deadline, and the jobs downstream that must wait."""
        keys = self._selection.tasks.keys()
        near = [job for job in self._bundle.jobs if job.key in keys or not keys.isdisjoint(job.depends_on)]
        ids = {key: self._record.jobs_of(key) for job in near for key in (job.key, *job.depends_on)}
        ours, foreign = self._own.sort(sorted({job_id for some in ids.values() for job_id in some}))
        taken = {job_id: foreign[job_id] for key in keys for job_id in ids[key] if job_id in foreign}
        if taken:
            raise SubmissionError(foreign_jobs(taken, self._own))
        self._details = self._client.read_jobs(ours)
        there = {job.key: [job_id for job_id in ids[job.key] if job_id in self._details] for job in near}
        selected = [job for job in near if job.key in keys]
        followers = [job for job in near if job.key not in keys and self._may_start(there[job.key])]
        holding = [job_id for job in (*selected, *followers) for job_id in there[job.key]]
        self._tasks = self._client.read_tasks_of(holding) if holding else {}
        for job in selected:
            self._parts += self._parts_of(job, [job_id for job_id in there[job.key] if job_id in self._tasks])
        self._running = {part.job_id: part for part in self._parts}
        for job in followers:
            for job_id in there[job.key]:
                queued = [task.task_id for task in self._tasks.get(job_id, ()) if task.status == _QUEUED]
                if queued:
                    self._parts.append(self._part(job, job_id, queued, only_waits=True))

    def _may_start(self, job_ids: Sequence[str]) -> bool:
        """Whether tasks of these jobs may wait for a worker."""
        found = [self._details[job_id] for job_id in job_ids]
        return any(item.tasks.get(_QUEUED) if item.tasks else item.status not in (*_HELD, COMPLETED) for item in found)

    def _parts_of(self, job: BundleJob, job_ids: Sequence[str]) -> list[Part]:
        """The tasks with the chosen frames, looked for in the newest job first.

        Raises:
            SubmissionError: The job is not there, or its tasks cannot be told apart.
        """
        label = self._labels[job.key]
        if not job_ids:
            gone = self._record.jobs.get(job.key, "not on record")
            raise SubmissionError(f"{label}: its job is not in Deadline any more; use --new-jobs (it was {gone})")
        left = {place for chunk in self._selection.tasks[job.key] for place in chunk or (None,)}
        parts = []
        for job_id in job_ids:
            tasks = self._tasks[job_id]
            places = {task.task_id: frozenset(frames_of(task, job, tasks) or (None,)) for task in tasks}
            chosen = [number for number, some in places.items() if not left.isdisjoint(some)]
            if chosen:
                parts.append(self._part(job, job_id, chosen))
            left.difference_update(*places.values())
        frames = sorted(frame for frame in left if frame is not None)
        if frames:
            self._note(
                f"{label}: the frames {FrameList(frames)} have no task in job {job_ids[0]}, as its frames were changed;"
                " --new-jobs makes them again"
            )
        return parts

    def _part(self, job: BundleJob, job_id: str, chosen: Collection[int], *, only_waits: bool = False) -> Part:
        told = self._details[job_id].dependencies
        planned = tuple(self._record.jobs[key] for key in job.depends_on if key in self._record.jobs)
        return Part(
            job=job,
            job_id=job_id,
            label=self._labels[job.key],
            details=self._details[job_id],
            tasks=self._tasks[job_id],
            was={task.task_id: task.status for task in self._tasks[job_id]},
            chosen=frozenset(chosen),
            upstream=planned if told is None else told,
            only_waits=only_waits,
        )

    def _check_links(self) -> None:
        """Raises if a job does not wait for the one in which a task that feeds it runs again."""
        by_key: dict[str, list[Part]] = {}
        for part in self._parts:
            by_key.setdefault(part.job.key, []).append(part)
        for part in self._parts:
            for feeding in (one for key in part.job.depends_on for one in by_key.get(key, ())):
                if feeding.job_id not in part.upstream:
                    raise SubmissionError(
                        f"{part.label}: its job {part.job_id} does not depend on {feeding.label} ({feeding.job_id}), so"
                        " it would not wait for that; use --new-jobs"
                    )

    def _before_of(self, part: Part) -> JobBefore:
        tasks: dict[str, tuple[int, ...]] = {}
        for number in sorted(part.chosen | part.suspended):
            tasks[part.was[number]] = (*tasks.get(part.was[number], ()), number)
        keys = list(self._how.entries)
        told = self._client.read_entries(part.job_id, keys) if keys else {}
        entries = {key: value for key, value in told.items() if value is not None}
        untold = [key for key in keys if key not in entries]
        if untold:
            raise SubmissionError(
                f"{part.label}: Deadline does not tell {', '.join(untold)} of job {part.job_id} by this connection, so"
                " it cannot be changed there and changed back; use --new-jobs, or another connection"
            )
        return JobBefore(part.job.key, part.details.status, len(part.tasks), tasks, entries)

    # Holding ----------------------------------------------------------------------------------------------------------

    def _hold(self) -> None:
        """Requeues the chosen tasks and suspends them, until all are held; upstream first.

        A worker may take a task between the two calls. What it has done by then may be made from old results, so the
        task is requeued once more.
        """
        touched = [part for part in self._running.values() if self._is_touched(part)]
        self._hold_all(touched, {part.job_id: part.was for part in touched})
        for part in self._parts:
            kept = part.chosen & part.suspended
            if part.stays or kept:
                what = "its job" if part.stays else f"its {listed_tasks(kept)}"
                self._note(f"{part.label}: {what} stays suspended, as somebody wanted; resume it in the Monitor")

    def _hold_all(self, parts: Sequence[Part], states: Mapping[str, Mapping[int, str]]) -> None:
        for _ in range(_ROUNDS):
            self._begin("tasks were requeued")
            loose = [part for part in parts if any(states[part.job_id].get(one) not in _HELD for one in part.chosen)]
            if not loose:
                return
            self._requeue(loose, states)
            self._suspend(loose)
            states = self._states([part.job_id for part in parts])
        listed = ", ".join(f"{part.label} ({part.job_id})" for part in loose)
        reason = f": {self._reason}" if self._reason else ""
        raise SubmissionError(
            f"the tasks of {listed} cannot be held{reason}; where workers are too fast, use --new-jobs, and --stale for"
            " what has run meanwhile"
        )

    def _is_touched(self, part: Part) -> bool:
        """Whether one of its tasks has to run again, or to wait though it does not."""
        states = {part.was[number] for number in part.chosen}
        return not states.isdisjoint(_RUNS_AGAIN) or (self._must_wait(part) and _QUEUED in states)

    def _must_wait(self, part: Part) -> bool:
        """Whether something that it waits for runs again, or has not run."""
        return any(
            job_id in self._running or (job_id in self._details and self._details[job_id].status != COMPLETED)
            for job_id in part.upstream
        )

    def _requeue(self, parts: Sequence[Part], states: Mapping[str, Mapping[int, str]]) -> None:
        for command, kinds in (("resumefailed", (FAILED,)), ("requeue", (COMPLETED, _RENDERING))):
            whole: list[str] = []
            some: dict[str, list[int]] = {}
            for part in parts:
                now = states[part.job_id]
                numbers = [number for number in sorted(part.chosen) if now.get(number) in kinds]
                others = [number for number, state in now.items() if state in kinds and number not in part.chosen]
                is_whole = not others and (command == "requeue" or set(now.values()) <= {COMPLETED, FAILED})
                if numbers and is_whole:
                    whole.append(part.job_id)
                elif numbers:
                    some[part.job_id] = numbers
            if whole:
                self._try(self._client.change, command, whole)
            if some:
                self._try(self._client.change_tasks_of, command, some)

    def _suspend(self, parts: Sequence[Part]) -> None:
        whole = [part.job_id for part in parts if part.is_whole]
        if whole:
            self._try(self._client.suspend, whole)
        some = self._tasks_in((_QUEUED, _RENDERING), {part.job_id: part.chosen for part in parts if not part.is_whole})
        if some:
            self._try(self._client.change_tasks_of, "suspend", some)

    def _set_entries(self) -> None:
        wanted = self._how.entries
        for job_id, job in self._before.items():
            if same_entries(job.entries, wanted):
                continue
            self._begin("settings were changed")
            self._client.set_entries(job_id, wanted)
            now = self._client.read_entries(job_id, list(wanted))
            for key, value in wanted.items():
                if not same_entries(now, {key: value}):
                    raise SubmissionError(
                        f"{self._labels[job.key]}: Deadline has {key}={now.get(key)} after {value} was set on job"
                        f" {job_id}; use --new-jobs"
                    )

    # Releasing --------------------------------------------------------------------------------------------------------

    def _release(self) -> None:
        """Lets what depends on others wait for them, then lets the others go on, and looks whether all do."""
        free = [part for part in self._parts if not part.stays and (part.only_waits or self._is_touched(part))]
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
                self._hold_all(again, self._states([part.job_id for part in again]))
        # Waiting has taken along tasks that somebody had suspended.
        loose = self._tasks_in(_LOOSE, {part.job_id: part.suspended for part in waiting if part.suspended})
        if loose:
            self._client.change_tasks_of("suspend", loose)
        self._begin("jobs were released")
        let_go(
            self._own,
            [part.job_id for part in heads],
            resume=lambda job_ids: self._resume([part for part in heads if part.job_id in job_ids]),
            still_held=lambda: self._still_held(heads),
        )

    def _let_wait(self, parts: Sequence[Part]) -> None:
        suspended = self._tasks_in((SUSPENDED,), {part.job_id: part.moving for part in parts})
        followers = [part.job_id for part in parts if part.only_waits]
        if followers:
            self._try(self._client.pend, followers)
        let_wait(self._own, list(suspended), not_waiting=lambda: self._not_waiting(parts))

    def _not_waiting(self, parts: Sequence[Part]) -> list[str]:
        """The jobs of which a task could start now, or is still held."""
        if not parts:
            return []
        job_ids = [part.job_id for part in parts]
        upstream = {job_id for part in parts for job_id in part.upstream}
        details = self._client.read_jobs(list(dict.fromkeys((*job_ids, *sorted(upstream)))))
        states = self._states(job_ids)
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
        return all(state == PENDING or self._is_free(part, number, details) for number, state in now.items())

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

    def _resume(self, parts: Sequence[Part]) -> None:
        whole = [part.job_id for part in parts if part.is_whole]
        if whole:
            self._try(self._client.resume, whole)
        held = self._tasks_in((SUSPENDED,), {part.job_id: part.moving for part in parts if not part.is_whole})
        if held:
            self._try(self._client.change_tasks_of, "resume", held)

    def _still_held(self, parts: Sequence[Part]) -> list[str]:
        # A short job may be complete by now, and deleted if that is what becomes of complete jobs.
        there = self._client.list_jobs([part.job_id for part in parts])
        return list(self._tasks_in((SUSPENDED,), {part.job_id: part.moving for part in parts if part.job_id in there}))

    # Small things -----------------------------------------------------------------------------------------------------

    def _tasks_in(self, states: Collection[str], tasks: Mapping[str, Collection[int]]) -> dict[str, list[int]]:
        """Those of the tasks, by job and number, that are in one of these states now."""
        now = self._states(tasks.keys())
        found = {
            job_id: [number for number in sorted(numbers) if now.get(job_id, {}).get(number) in states]
            for job_id, numbers in tasks.items()
        }
        return {job_id: numbers for job_id, numbers in found.items() if numbers}

    def _tasks_of_result(self) -> dict[str, tuple[FrameList | None, ...]]:
        found: dict[str, tuple[FrameList | None, ...]] = {}
        for part in self._running.values():
            frames = [frames_of(task, part.job, part.tasks) for task in part.tasks if task.task_id in part.chosen]
            found[part.job.key] = (*found.get(part.job.key, ()), *frames)
        return found
