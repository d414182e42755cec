"""Jobs that can be suspended, resumed, requeued and deleted; each change is one transaction.

Which states allow which change: submission, sections 2.5 and 5.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.offline.repository import JobStatus, Repository, TaskStatus, is_true, upstream_ids

_UNFINISHED = ("Queued", "Pending", "Suspended", "Rendering", "Failed")
# Of one job, or, where there is no ID, of all.
_ROWS = (
    "SELECT id, status, job_info, plugin_info, is_deleted, submitted, number FROM jobs WHERE id = ?"
    " UNION ALL SELECT id, status, job_info, plugin_info, is_deleted, submitted, number FROM jobs WHERE ? IS NULL"
)
_COUNT = "SELECT job_id, status, COUNT(*), SUM(errors), MIN(started), MAX(started + seconds) FROM tasks"
_COUNTS = (
    f"{_COUNT} WHERE job_id = ? GROUP BY job_id, status UNION ALL {_COUNT} WHERE ? IS NULL GROUP BY job_id, status"
)


@dataclass(frozen=True)
class Change:
    """One change of tasks, and thereby of their job."""

    words: str
    """The result, in Deadline's message that a task cannot be changed."""
    done: str
    """The result, in the line per task."""
    sources: tuple[str, ...]
    """The states of the tasks that it changes."""
    target: str


CHANGES: Mapping[str, Change] = {
    "suspend": Change("suspended", "Suspended", ("Queued", "Rendering", "Pending"), "Suspended"),
    "suspendnonrendering": Change("suspended", "Suspended", ("Queued", "Pending"), "Suspended"),
    "resume": Change("resumed", "Resumed", ("Suspended",), "Pending"),
    "resumefailed": Change("resumed", "Resumed", ("Failed",), "Queued"),
    "requeue": Change("requeued", "Requeued", ("Rendering", "Completed"), "Queued"),
    "complete": Change("complete", "Completed", _UNFINISHED, "Completed"),
    "fail": Change("failed", "Failed", ("Queued", "Pending", "Suspended", "Rendering"), "Failed"),
    "pend": Change("pending", "Pended", ("Queued",), "Pending"),
    "releasepending": Change("released", "Released", ("Pending",), "Queued"),
}


@dataclass(frozen=True)
class Job:
    """A job as it stands."""

    job_id: str
    status: JobStatus
    job_info: Mapping[str, str]
    plugin_info: Mapping[str, str]
    is_deleted: bool
    submitted: float
    """In seconds since 1970, as the other two; None for never."""
    started: float | None
    completed: float | None
    tasks: Mapping[str, int]
    """How many tasks are in which state; all six states of ``TaskStatus``."""
    errors: int

    @property
    def shown_status(self) -> str:
        """The status as the Monitor and the command line call it: an active job is Queued or Rendering."""
        if self.status is not JobStatus.ACTIVE:
            return str(self.status.value)
        return "Rendering" if self.tasks["Rendering"] else "Queued"

    @property
    def name(self) -> str:
        """The job's name."""
        return self.job_info.get("Name") or "Untitled"

    @property
    def batch_name(self) -> str:
        """The batch that groups it with others in the Monitor."""
        return self.job_info.get("BatchName", "")

    @property
    def frames(self) -> str:
        """The frame list as it was submitted."""
        return self.job_info.get("Frames", "0")

    @property
    def chunk_size(self) -> int:
        """Frames per task."""
        return int(self.job_info.get("ChunkSize", "1"))

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The IDs of the jobs that it waits for."""
        return tuple(upstream_ids(self.job_info))

    @property
    def is_frame_dependent(self) -> bool:
        """Whether its tasks are released one by one."""
        return is_true(self.job_info.get("IsFrameDependent", ""))

    @property
    def task_count(self) -> int:
        """How many tasks it has."""
        return sum(self.tasks.values())

    def series(self, prefix: str) -> dict[str, str]:
        """The pairs of a numbered series such as ``ExtraInfoKeyValue0=KEY=VALUE``."""
        pairs: dict[str, str] = {}
        number = 0
        while f"{prefix}{number}" in self.job_info:
            key, _, value = self.job_info[f"{prefix}{number}"].partition("=")
            pairs[key] = value
            number += 1
        return pairs


class JobRepository(Repository):
    """The repository of a fake Deadline.

    ``consecutive_chunks`` says whether a gap in the frames ends a chunk, and ``partly_pending`` the state of a job
    whose tasks are complete or pending; both are unknown of Deadline (submission, sections 3.3 and 5.2).
    """

    def __init__(
        self,
        path: Path,
        *,
        consecutive_chunks: bool,
        partly_pending: Callable[[], str] = lambda: "Active",
        **options: Any,
    ) -> None:
        super().__init__(path, **options)
        self._consecutive_chunks = consecutive_chunks
        self._partly_pending = partly_pending

    def _settle(self, job_id: str) -> JobStatus:
        status = super()._settle(job_id)
        if status is JobStatus.ACTIVE and self._partly_pending() == "Pending":
            rows = self._database.execute("SELECT DISTINCT status FROM tasks WHERE job_id = ?", (job_id,))
            if {row[0] for row in rows} == {"Completed", "Pending"}:
                status = JobStatus.PENDING
                self._database.execute("UPDATE jobs SET status = ? WHERE id = ?", (status.value, job_id))
        return status

    def pend_dependents(self, job_id: str) -> None:
        """Makes the queued tasks of all jobs that depend on this one wait again."""
        with self._transaction():
            for dependent in self._dependents(job_id):
                self._move(dependent, ("Queued",), "Pending")
                self._settle(dependent)

    def cut(self, job_info: Mapping[str, str]) -> tuple[FrameList, ...]:
        """The frames of each task that the job will have."""
        frames = FrameList.parse(job_info.get("Frames", "0"))
        return frames.chunks(size=int(job_info.get("ChunkSize", "1")), consecutive=self._consecutive_chunks)

    def scan(self) -> None:
        """The pending job scan: releases what no longer has to wait."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT DISTINCT job_id FROM tasks JOIN jobs ON jobs.id = job_id"
                " WHERE tasks.status = ? AND NOT is_deleted",
                (TaskStatus.PENDING.value,),
            ).fetchall()
            self._release([row[0] for row in rows])

    def submit_job(
        self, job_info: Mapping[str, str], plugin_info: Mapping[str, str], *, is_suspended: bool, pends_instead: bool
    ) -> str:
        """The ID of a new job. ``pends_instead``: one that waits for others is pending rather than suspended."""
        chunks = self.cut(job_info)
        with self._transaction():
            job_id = self._insert_job("", job_info, plugin_info)
            self._insert_tasks(job_id, chunks)
            if is_suspended and not (pends_instead and self._unmet_dependencies(job_id)):
                self._move(job_id, ("Pending",), "Suspended")
                self._settle(job_id)
            else:
                self._release([job_id])
        return job_id

    def jobs(self, job_ids: Collection[str] | None = None, *, is_deleted: bool | None = False) -> list[Job]:
        """All jobs, or those of these IDs, in the order of submission; deleted ones, or both (None), if asked for."""
        ids: list[str | None] = [None] if job_ids is None else list(set(job_ids))
        found = [row for job_id in ids for row in self._database.execute(_ROWS, (job_id, job_id))]
        counts: dict[str, list[Any]] = {}
        for job_id in ids:
            for row in self._database.execute(_COUNTS, (job_id, job_id)):
                counts.setdefault(row[0], []).append(row)
        wanted = [row for row in sorted(found, key=_number) if is_deleted in (None, bool(row[4]))]
        return [_job(row, counts[row[0]]) for row in wanted]

    def change(self, name: str, job_id: str, *, task_ids: Collection[int] | None = None) -> list[int]:
        """Changes the job's tasks, all or some, and settles the job; the numbers of those that changed."""
        change = CHANGES[name]
        sources = (*change.sources, "Suspended") if name == "pend" else change.sources
        with self._transaction():
            changed = self._move(job_id, sources, change.target, task_ids=task_ids)
            if name == "resume":
                self._release([job_id])
            if changed and change.target in ("Completed", "Failed"):
                self._task_ended(job_id)
            else:
                self._settle(job_id)
        return changed

    def pend_again(self, job_id: str) -> None:
        """Makes all tasks of the job wait, also those that have begun or ended; no worker can come between."""
        sources = {*CHANGES["requeue"].sources, *CHANGES["pend"].sources, "Suspended"}
        with self._transaction():
            self._move(job_id, tuple(sources), CHANGES["pend"].target)
            self._settle(job_id)

    def resume_at_once(self, job_id: str, *, task_ids: Collection[int] | None = None) -> list[int]:
        """Resumes suspended tasks although their job waits for others."""
        with self._transaction():
            changed = self._move(job_id, ("Suspended",), "Queued", task_ids=task_ids)
            self._settle(job_id)
        return changed

    def set_deleted(self, job_id: str, is_deleted: bool) -> None:
        """Deletes or undeletes the job; rendering tasks are cancelled."""
        with self._transaction() as database:
            database.execute("UPDATE jobs SET is_deleted = ? WHERE id = ?", (is_deleted, job_id))
            self._move(job_id, ("Rendering",), "Queued")
            self._settle(job_id)

    def purge(self, job_id: str) -> None:
        """Removes the job and its tasks."""
        with self._transaction() as database:
            database.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            for table in ("tasks", "frames", "dependencies"):
                database.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))

    def set_job_info(self, job_id: str, job_info: Mapping[str, str]) -> None:
        """Replaces the job info; what it depends on changes with it, its tasks do not."""
        with self._transaction():
            self._write_job_info(job_id, job_info)

    def set_tasks(self, job_id: str, job_info: Mapping[str, str], *, keeps: Sequence[str] = ()) -> None:
        """Cuts the job's frames into new tasks by its job info; tasks with the frames in ``keeps`` are complete."""
        chunks: tuple[FrameList, ...] = self.cut(job_info)
        with self._transaction() as database:
            status = database.execute("SELECT status FROM jobs WHERE id = ?", (job_id,)).fetchone()[0]
            self._write_job_info(job_id, job_info)
            self._insert_tasks(job_id, chunks, completed=keeps)
            if status == JobStatus.SUSPENDED.value:
                self._move(job_id, ("Pending",), "Suspended")
            self._release([job_id])

    def _write_job_info(self, job_id: str, job_info: Mapping[str, str]) -> None:
        self._database.execute(
            "UPDATE jobs SET job_info = ?, frame_dependent = ? WHERE id = ?",
            (json.dumps(dict(job_info)), is_true(job_info.get("IsFrameDependent", "")), job_id),
        )
        self._set_dependencies(job_id, upstream_ids(job_info))

    def _move(
        self, job_id: str, sources: Sequence[str], target: str, *, task_ids: Collection[int] | None = None
    ) -> list[int]:
        """Changes the tasks in these states; the task IDs of those that changed."""
        rows = self._database.execute("SELECT task_id, status FROM tasks WHERE job_id = ? ORDER BY task_id", (job_id,))
        moved = [row[0] for row in rows if row[1] in sources and (task_ids is None or row[0] in task_ids)]
        self._database.executemany(
            "UPDATE tasks SET status = ?, worker = NULL, process = NULL, progress = ?,"
            " errors = CASE WHEN status = 'Failed' THEN 0 ELSE errors END WHERE job_id = ? AND task_id = ?",
            [(target, 100.0 if target == "Completed" else 0.0, job_id, task_id) for task_id in moved],
        )
        return moved


def _number(row: Any) -> int:
    number: int = row[6]
    return number


def _job(row: Any, counts: Sequence[Any]) -> Job:
    job_id, status, job_info, plugin_info, is_deleted, submitted, _ = row
    tasks = {state.value: 0 for state in TaskStatus}
    tasks.update({count[1]: count[2] for count in counts})
    ends = [count[5] for count in counts]
    return Job(
        job_id=job_id,
        status=JobStatus(status),
        job_info=json.loads(job_info),
        plugin_info=json.loads(plugin_info),
        is_deleted=bool(is_deleted),
        submitted=submitted,
        started=min((count[4] for count in counts if count[4] is not None), default=None),
        completed=max(filter(None, ends), default=None) if status == JobStatus.COMPLETED.value else None,
        tasks=tasks,
        errors=sum(count[3] for count in counts),
    )
