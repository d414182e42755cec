"""The operations of a fake Deadline; commands, scripts and requests only read and print."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.deadline.client import Created
from flowpipe_deadline.offline.repository import Task

from .faults import Fault
from .home import Home
from .intake import DeadlineError, as_entries, check_submission
from .jobs import CHANGES, Job

__all__ = ["DeadlineError", "FakeDeadline"]

# What BatchResubmit does not write (submission, section 5.3).
_NOT_RESUBMITTED = (
    *("BatchName", "IgnoreFrameOffsets", "EventOptIns", "Protected"),
    *("OverrideAutoJobCleanup", "OverrideJobCleanup", "JobCleanupDays", "OverrideJobCleanupType"),
)
_REVERSE_STEP = re.compile(r"(\d+)[-:](\d+)(?:x|:|step|by|every)(\d+)")


class FakeDeadline(Home):
    """A fake Deadline; many processes may hold one open, each thread its own.

    Raises:
        DeadlineError: Of every operation, that there is no such job, or that it refuses; the message is what it says.
    """

    def submit(
        self, job_info: Mapping[str, Any], plugin_info: Mapping[str, Any], *, auxiliary_files: Sequence[str] = ()
    ) -> Created:
        """The submitted job: its ID and Deadline's warnings."""
        faults = self._begin("submit", [str(job_info.get("Name", ""))])
        settings = self.settings
        wanted, warnings = check_submission(
            as_entries(_with_values(job_info, [fault for fault in faults if fault.do == "rewrite"])),
            settings=settings,
            plugins=self.plugins,
            count_tasks=lambda info: len(self.repository.cut(info)),
            is_job=lambda job_id: bool(self.repository.jobs([job_id], is_deleted=None)),
        )
        missing = [path for path in auxiliary_files if not os.path.isfile(path)]
        if missing:
            raise DeadlineError(f"The auxiliary file {missing[0]} does not exist")
        infos = [wanted, *(_with_values(wanted, [fault]) for fault in faults if fault.do == "follow")]
        job_ids = [
            self.repository.submit_job(
                info,
                as_entries(plugin_info),
                is_suspended=info.get("InitialStatus", "Active") == "Suspended",
                pends_instead=settings.unknowns.suspended_dependent == "Pending",
            )
            for info in infos
        ]
        warnings += [fault.text("A warning") for fault in faults if fault.do == "warn"]
        return Created(job_ids[0], tuple(warnings), others=tuple(job_ids[1:]))

    def jobs(self, job_ids: Collection[str] | None = None, *, is_deleted: bool | None = False) -> list[Job]:
        """All jobs, or those of these IDs that there are, in the order of submission.

        ``is_deleted`` asks for deleted ones, None for both.
        """
        self._begin("read", list(job_ids or ()))
        return self.repository.jobs(job_ids, is_deleted=is_deleted)

    def job(self, job_id: str) -> Job:
        """One job."""
        found = self.jobs([job_id])
        if not found:
            raise _unknown(job_id)
        return found[0]

    def tasks(self, job_id: str) -> tuple[Task, ...]:
        """The tasks of a job."""
        self.job(job_id)
        return self.repository.tasks_of(job_id)

    def find(self, is_wanted: Callable[[Job], bool]) -> list[str]:
        """The IDs of the jobs for which the condition is true."""
        return [job.job_id for job in self.jobs() if is_wanted(job)]

    def change(self, name: str, job_id: str, *, task_ids: Collection[int] | None = None) -> list[int]:
        """Does one of ``CHANGES`` to a job, or to some of its tasks; the numbers of the tasks that changed."""
        self._begin(name, [job_id])
        return self._change(name, job_id, task_ids)

    def change_all(self, name: str, job_ids: Sequence[str]) -> list[str]:
        """Does one of ``CHANGES``, or ``delete``, ``undelete`` or ``purge``, to several jobs; what went wrong.

        Whether one that fails keeps the others from being done is one of the unknowns.
        """
        partial = [fault for fault in self._begin(name, job_ids) if fault.do == "partial"]
        problems: list[str] = []
        for count, job_id in enumerate(job_ids):
            if partial and count >= partial[0].number(0):
                return [*problems, f"The connection to the repository was lost at job {job_id}"]
            try:
                if name in CHANGES:
                    self._change(name, job_id, None)
                else:
                    self._delete(name, job_id)
            except DeadlineError as error:
                problems.append(str(error))
                if self.settings.unknowns.several_changes == "stop":
                    break
        return problems

    def delete(self, job_id: str) -> None:
        """Deletes a job; ``undelete`` brings it back until it is purged."""
        self._begin("delete", [job_id])
        self._delete("delete", job_id)

    def undelete(self, job_id: str) -> None:
        """Undeletes a job."""
        self._begin("undelete", [job_id])
        self._delete("undelete", job_id)

    def purge(self, job_id: str) -> None:
        """Removes a deleted job for good."""
        self._begin("purge", [job_id])
        self._delete("purge", job_id)

    def set_job_info(self, job_id: str, changes: Mapping[str, Any]) -> None:
        """Changes values of the job info; only ``set_frames`` changes frames."""
        self._begin("save", [job_id])
        self.repository.set_job_info(job_id, {**self._known(job_id).job_info, **as_entries(changes)})

    def set_frames(self, job_id: str, frames: str, chunk_size: int) -> None:
        """Cuts a job into new tasks. Complete tasks are rendered again: whether Deadline keeps them is unknown."""
        self._begin("set_frames", [job_id, frames, str(chunk_size)])
        self._cut(self._known(job_id), {"Frames": frames, "ChunkSize": str(chunk_size)}, keeps=())

    def append_frames(self, job_id: str, frames: str) -> None:
        """Adds frames to a job; tasks that are complete and keep their frames stay so."""
        self._begin("append_frames", [job_id, frames])
        job = self._known(job_id)
        done = [task.frames for task in self.repository.tasks_of(job_id) if task.status.value == "Completed"]
        self._cut(job, {"Frames": f"{job.frames},{frames}"}, keeps=done)

    def resubmit(self, job_id: str, frames: str, chunk_size: int, *, is_suspended: bool = False) -> Created:
        """A new job that does these frames of another once more, by the rules of the shipped BatchResubmit."""
        self._begin("resubmit", [job_id, frames, str(chunk_size)])
        job, unknowns = self._known(job_id), self.settings.unknowns
        info = dict(job.job_info)
        if unknowns.resubmitted == "as BatchResubmit":
            info = {key: value for key, value in info.items() if key not in _NOT_RESUBMITTED}
            info["Name"] = f"{job.name} [resubmitted]"
        status = "Suspended" if is_suspended else "Active"
        info.update(Frames=frames, ChunkSize=str(chunk_size), InitialStatus=status)
        created = self.submit(info, job.plugin_info)
        if unknowns.resubmitted_dependents != "stay":
            for other in [other for other in self.repository.jobs() if job_id in other.dependencies]:
                ids = ",".join(created.job_id if each == job_id else each for each in other.dependencies)
                self.repository.set_job_info(other.job_id, {**other.job_info, "JobDependencies": ids})
                if unknowns.resubmitted_dependents == "follow and pend":
                    self.repository.pend_again(other.job_id)
        return created

    def scan(self) -> None:
        """The pending job scan: releases what no longer has to wait."""
        self.repository.scan()

    def _known(self, job_id: str, *, is_deleted: bool = False) -> Job:
        found = self.repository.jobs([job_id], is_deleted=is_deleted)
        if not found:
            raise _unknown(job_id)
        return found[0]

    def _change(self, name: str, job_id: str, task_ids: Collection[int] | None) -> list[int]:
        job = self._known(job_id)
        unknowns = self.settings.unknowns
        if name == "pend":
            self._check_pend(job)
        if task_ids is not None:
            _check_tasks(name, self.repository.tasks_of(job_id), task_ids)
        if name == "resume" and unknowns.resumed_dependent == "Active":
            changed = self.repository.resume_at_once(job_id, task_ids=task_ids)
        else:
            changed = self.repository.change(name, job_id, task_ids=task_ids)
        if not changed and unknowns.wrong_state == "error":
            raise DeadlineError(f"Cannot mark a job with status {job.shown_status} {CHANGES[name].words}")
        if name == "requeue" and changed and unknowns.requeued_upstream == "pends":
            self.repository.pend_dependents(job_id)
        return changed

    def _check_pend(self, job: Job) -> None:
        if not job.dependencies:
            raise DeadlineError(f"The job {job.job_id} depends on nothing, and cannot be marked pending")
        if job.status.value == "Suspended" and self.settings.unknowns.pend_suspended == "refused":
            raise DeadlineError("Cannot mark a job with status Suspended pending")

    def _delete(self, name: str, job_id: str) -> None:
        self._known(job_id, is_deleted=name != "delete")
        if name == "purge":
            self.repository.purge(job_id)
        else:
            self.repository.set_deleted(job_id, name == "delete")

    def _cut(self, job: Job, changes: Mapping[str, str], *, keeps: Sequence[str]) -> None:
        try:
            self.repository.set_tasks(job.job_id, {**job.job_info, **changes}, keeps=keeps)
        except ValueError as error:
            raise DeadlineError(f"The frames or the chunk size cannot be read: {error}") from error


def _with_values(job_info: Mapping[str, Any], faults: Sequence[Fault]) -> dict[str, Any]:
    """The job info as an event plugin leaves it."""
    changed = dict(job_info)
    for fault in faults:
        if isinstance(fault.value, Mapping):
            changed.update(fault.value)
    return {key: value for key, value in changed.items() if value is not None}


def _check_tasks(name: str, tasks: Sequence[Task], task_ids: Collection[int]) -> None:
    """Deadline's words on single tasks are known (submission, section 2.5)."""
    states = {task.task_id: task.status.value for task in tasks}
    for task_id in sorted(task_ids):
        if task_id not in states:
            raise DeadlineError(f"The task {task_id} does not exist")
        if states[task_id] not in CHANGES[name].sources:
            raise DeadlineError(f"Cannot mark a task with status {states[task_id]} {CHANGES[name].words}")


def _unknown(job_id: str) -> DeadlineError:
    return DeadlineError(f"The job {job_id} does not exist")


def _from_the_first(match: re.Match[str]) -> str:
    """A reverse range with a step, ending on the frame that it reaches if the step counts from the first one."""
    first, last, step = map(int, match.groups())
    return f"{first}-{last + (first - last) % step}x{step}" if first > last and step else match[0]


def parse_frames(text: str) -> FrameList:
    """The frames that a frame list text means.

    Raises:
        DeadlineError: It is none.
    """
    try:
        return FrameList.parse(_REVERSE_STEP.sub(_from_the_first, text))
    except ValueError as error:
        raise DeadlineError(str(error)) from error
