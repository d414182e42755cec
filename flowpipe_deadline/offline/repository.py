"""The repository of an offline farm: jobs and tasks in SQLite, with Deadline's states and transitions.

The states have Deadline's names (submission, section 5.1).
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import time
from collections import deque
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from ..core.bundle import OFFLINE, Bundle
from ..core.errors import BundleError
from ..core.frames import FrameList, without
from ..status.logs import REPOSITORY

_SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL,
    job_info TEXT NOT NULL, plugin_info TEXT NOT NULL, frame_dependent INTEGER NOT NULL,
    resume_on TEXT NOT NULL, is_deleted INTEGER NOT NULL DEFAULT 0, submitted REAL NOT NULL
);
CREATE TABLE tasks (
    job_id TEXT NOT NULL REFERENCES jobs (id), task_id INTEGER NOT NULL, number INTEGER NOT NULL,
    frames TEXT NOT NULL, status TEXT NOT NULL, errors INTEGER NOT NULL DEFAULT 0, progress REAL NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '', worker TEXT, process INTEGER, seconds REAL,
    started REAL, PRIMARY KEY (job_id, task_id)
);
CREATE INDEX tasks_by_status ON tasks (status, number, task_id);
CREATE INDEX tasks_by_job ON tasks (job_id, status, number, task_id);
CREATE INDEX tasks_by_worker ON tasks (worker);
CREATE TABLE frames (
    job_id TEXT NOT NULL, frame INTEGER NOT NULL, task_id INTEGER NOT NULL, PRIMARY KEY (job_id, frame)
) WITHOUT ROWID;
CREATE INDEX frames_by_task ON frames (job_id, task_id);
CREATE TABLE dependencies (job_id TEXT NOT NULL, upstream_id TEXT NOT NULL, PRIMARY KEY (job_id, upstream_id));
CREATE INDEX dependents ON dependencies (upstream_id);
"""
# The columns have the order of the fields of `Task`.
_SELECT_TASKS = (
    "SELECT job_id, key, task_id, frames, tasks.status, errors, progress, message, worker, seconds"
    " FROM tasks JOIN jobs ON jobs.id = job_id"
)
_NEXT = (
    "SELECT job_id, task_id FROM tasks WHERE status = ?"
    " AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND is_deleted)"
)
_IN_ORDER = " ORDER BY number, task_id LIMIT 1"
_RELEASE_ALL = "UPDATE tasks SET status = 'Queued' WHERE job_id = ? AND status = 'Pending'"
# A frame that no task upstream has holds nothing back: what Deadline does then is unknown, and our plans have no such
# frame. A deleted job has no tasks to wait for.
_RELEASE_BY_FRAME = """
UPDATE tasks SET status = 'Queued' WHERE job_id = ? AND status = 'Pending' AND NOT EXISTS (
    SELECT 1 FROM frames AS mine
    JOIN dependencies ON dependencies.job_id = mine.job_id
    JOIN frames AS theirs ON theirs.job_id = upstream_id AND theirs.frame = mine.frame
    JOIN tasks AS upstream ON upstream.job_id = theirs.job_id AND upstream.task_id = theirs.task_id
    JOIN jobs ON jobs.id = upstream_id AND NOT jobs.is_deleted
    WHERE mine.job_id = tasks.job_id AND mine.task_id = tasks.task_id AND upstream.status <> 'Completed'
)
"""
# For all other tasks, the end of a task upstream changes nothing. In SQLite, CROSS sets the order of the search.
_TASKS_WITH_FRAMES_OF = """
SELECT DISTINCT mine.task_id FROM frames AS theirs CROSS JOIN frames AS mine ON mine.frame = theirs.frame
WHERE mine.job_id = ? AND theirs.job_id = ? AND theirs.task_id = ?
"""
_PATIENCE = 60.0  # Seconds that a transaction waits for the others.
_PATIENCE_OF_LOOKS = 2.0  # Seconds that a look waits for those who write.
_RESUME_ON = {
    "Completed": ("ResumeOnCompleteDependencies", "true"),
    "Failed": ("ResumeOnFailedDependencies", "false"),
    "Deleted": ("ResumeOnDeletedDependencies", "false"),
}


class JobStatus(str, Enum):
    """The states of a job."""

    ACTIVE = "Active"
    """It has tasks to render, or is rendering some."""
    PENDING = "Pending"
    """It waits for other jobs."""
    SUSPENDED = "Suspended"
    """It waits to be resumed."""
    COMPLETED = "Completed"
    """All of its tasks are complete."""
    FAILED = "Failed"
    """A task failed for good, and no other is left to run."""


class TaskStatus(str, Enum):
    """The states of a task."""

    QUEUED = "Queued"
    """The next free worker takes it."""
    PENDING = "Pending"
    """Its job waits for other jobs."""
    SUSPENDED = "Suspended"
    """It waits to be resumed."""
    RENDERING = "Rendering"
    """A worker renders it."""
    COMPLETED = "Completed"
    """Done; its result is in the store."""
    FAILED = "Failed"
    """It failed as often as the failure limit allows."""


@dataclass(frozen=True)
class Task:
    """A task as it stands."""

    job_id: str
    key: str
    task_id: int
    frames: str
    status: TaskStatus
    errors: int
    progress: float
    """Percent, as the plugin reports it."""
    message: str
    """The last status of a rendering task, the last error of one that failed."""
    worker: str | None
    seconds: float | None
    """How long the last evaluation took; None before it ended."""


class Repository:
    """The jobs and tasks of an offline farm; many processes may hold one open."""

    def __init__(self, path: Path, *, failure_limit: int = 3, releases_at_once: bool = True) -> None:
        """Opens the repository, or makes a new one.

        A task that failed ``failure_limit`` times has failed for good. Without ``releases_at_once``, the end of a task
        releases no job that waited for it: on a farm, the pending job scan does.

        Raises:
            BundleError: The file cannot be written, or is not a repository.
        """
        self._failure_limit = failure_limit
        self._releases_at_once = releases_at_once
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            # Only the store must survive a crash: the repository can be rebuilt.
            self._database.execute("PRAGMA synchronous = OFF")
            with self._transaction() as database:
                if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone():
                    for statement in filter(str.strip, _SCHEMA.split(";")):
                        database.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise BundleError(f"{path} cannot be opened: {error}; if it is damaged, delete it: results stay") from error

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def submit(
        self,
        *,
        key: str,
        job_info: Mapping[str, str],
        plugin_info: Mapping[str, str],
        completed: Container[str] = (),
        added: Collection[FrameList] = (),
    ) -> str:
        """The ID of a new job, cut into tasks as Deadline does; pending while a job that it depends on is not complete.

        Tasks whose frame list is in ``completed`` are complete from the start. There is a task for each of the frame
        lists in ``added``; the others do not have these frames.

        Raises:
            BundleError: The job's frames are not a frame list, or its chunk size is not a number from 1.
        """
        try:
            chunks = (*without(self.cut(job_info), added), *added)
        except ValueError as error:
            raise BundleError(f"the job info of {key} is damaged: {error}; submit the graph itself again") from error
        with self._transaction():
            job_id = self._insert_job(key, job_info, plugin_info)
            self._insert_tasks(job_id, chunks, completed=completed)
            self._release([job_id])
        return job_id

    def cut(self, job_info: Mapping[str, str]) -> tuple[FrameList, ...]:
        """The frames of each task that the job will have.

        Raises:
            ValueError: Its frames are not a frame list, or its chunk size is not a number from 1.
        """
        frames = FrameList.parse(job_info.get("Frames", "0"))
        return frames.chunks(size=int(job_info.get("ChunkSize", "1")))

    def _insert_job(self, key: str, job_info: Mapping[str, str], plugin_info: Mapping[str, str]) -> str:
        """The ID of a new job, which has no tasks yet."""
        job_id = secrets.token_hex(12)  # 24 hexadecimal digits, as Deadline's.
        number = self._database.execute("SELECT COALESCE(MAX(number) + 1, 0) FROM jobs").fetchone()[0]
        files = (json.dumps(dict(job_info)), json.dumps(dict(plugin_info)))
        resume_on = " ".join(end for end, (key, default) in _RESUME_ON.items() if is_true(job_info.get(key, default)))
        self._database.execute(
            "INSERT INTO jobs (id, number, key, status, job_info, plugin_info, frame_dependent, resume_on, submitted)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(job_id, number, key or job_id, JobStatus.PENDING.value, *files),
                *(is_true(job_info.get("IsFrameDependent", "")), resume_on, time.time()),
            ),
        )
        self._set_dependencies(job_id, upstream_ids(job_info))
        return job_id

    def _set_dependencies(self, job_id: str, upstream: Iterable[str]) -> None:
        self._database.execute("DELETE FROM dependencies WHERE job_id = ?", (job_id,))
        edges = [(job_id, item) for item in upstream]
        self._database.executemany("INSERT OR IGNORE INTO dependencies VALUES (?, ?)", edges)

    def _insert_tasks(self, job_id: str, chunks: Sequence[FrameList], *, completed: Container[str] = ()) -> None:
        """Replaces the job's tasks by new ones, pending or complete."""
        number = self._database.execute("SELECT number FROM jobs WHERE id = ?", (job_id,)).fetchone()[0]
        first = {True: TaskStatus.COMPLETED.value, False: TaskStatus.PENDING.value}
        for table in ("tasks", "frames"):
            self._database.execute(f"DELETE FROM {table} WHERE job_id = ?", (job_id,))  # noqa: S608 (two names)
        self._database.executemany(
            "INSERT INTO tasks (job_id, task_id, number, frames, status) VALUES (?, ?, ?, ?, ?)",
            [(job_id, index, number, chunk, first[chunk in completed]) for index, chunk in enumerate(map(str, chunks))],
        )
        self._database.executemany(
            "INSERT INTO frames VALUES (?, ?, ?)",
            [(job_id, frame, index) for index, chunk in enumerate(chunks) for frame in chunk],
        )

    def job_files(self, job_id: str) -> tuple[dict[str, str], dict[str, str]]:
        """The job info and the plugin info of a job."""
        row = self._database.execute("SELECT job_info, plugin_info FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return json.loads(row[0]), json.loads(row[1])

    def job_status(self) -> dict[str, JobStatus]:
        """The status of every job by its node key, in the order of submission."""
        rows = self._database.execute("SELECT key, status FROM jobs ORDER BY number").fetchall()
        return {key: JobStatus(status) for key, status in rows}

    def tasks(self) -> tuple[Task, ...]:
        """Every task as it stands, jobs in the order of submission."""
        # All at once, here as elsewhere: if Ctrl+C came between two rows, the look would keep workers from writing.
        rows = self._database.execute(f"{_SELECT_TASKS} ORDER BY jobs.number, task_id").fetchall()
        return tuple(_task_of(row) for row in rows)

    def tasks_of(self, job_id: str) -> tuple[Task, ...]:
        """The tasks of one job as they stand."""
        rows = self._database.execute(f"{_SELECT_TASKS} WHERE job_id = ? ORDER BY task_id", (job_id,)).fetchall()
        return tuple(_task_of(row) for row in rows)

    def claim(self, worker: str, *, job_id: str | None = None, process: int | None = None) -> Task | None:
        """A queued task, now the worker's: of ``job_id`` if it has one, else of the earliest job; None without any.

        ``process`` is one of the worker's that may evaluate it.
        """
        queued = TaskStatus.QUEUED.value
        with self._transaction() as database:
            # Two questions, as each has an index: sorting all queued tasks, for each that is taken, would be quadratic.
            row = database.execute(f"{_NEXT} AND job_id = ?{_IN_ORDER}", (queued, job_id)).fetchone()
            row = row or database.execute(f"{_NEXT}{_IN_ORDER}", (queued,)).fetchone()
            if row is None:
                return None
            database.execute(
                "UPDATE tasks SET status = ?, worker = ?, progress = 0, message = '', process = ?, started = ?"
                " WHERE job_id = ? AND task_id = ?",
                (TaskStatus.RENDERING.value, worker, process, time.time(), *row),
            )
            return _task_of(database.execute(f"{_SELECT_TASKS} WHERE job_id = ? AND task_id = ?", row).fetchone())

    def has_work(self) -> bool:
        """Whether a task is queued or rendering."""
        query = "SELECT 1 FROM tasks WHERE status IN (?, ?) LIMIT 1"
        states = (TaskStatus.QUEUED.value, TaskStatus.RENDERING.value)
        return self._database.execute(query, states).fetchone() is not None

    def is_held(self, task: Task) -> bool:
        """Whether the task still belongs to its worker: it may have been suspended, ended, cut again or deleted."""
        row = self._database.execute(
            "SELECT 1 FROM tasks JOIN jobs ON jobs.id = job_id WHERE job_id = ? AND task_id = ? AND worker IS ?"
            " AND tasks.status = ? AND NOT is_deleted",
            (task.job_id, task.task_id, task.worker, TaskStatus.RENDERING.value),
        ).fetchone()
        return row is not None

    def report(self, task: Task, *, progress: float | None = None, message: str | None = None) -> None:
        """Records the progress of a rendering task, in percent and in words."""
        self._database.execute(
            "UPDATE tasks SET progress = COALESCE(?, progress), message = COALESCE(?, message)"
            " WHERE job_id = ? AND task_id = ?",
            (progress, None if message is None else _storable(message), task.job_id, task.task_id),
        )

    def set_process(self, task: Task, process: int | None) -> None:
        """Records the process that evaluates the task, in case its worker dies."""
        self._database.execute(
            "UPDATE tasks SET process = ? WHERE job_id = ? AND task_id = ?", (process, task.job_id, task.task_id)
        )

    def complete(self, task: Task) -> None:
        """Completes the task, and its job with the last one; then releases what waited for them."""
        with self._transaction():
            if self.is_held(task):
                self._end(task, TaskStatus.COMPLETED, message="", progress=100.0)
                self._task_ended(task.job_id, task.task_id)

    def fail(self, task: Task, message: str, *, for_good: bool = False) -> None:
        """Counts an error of the task: it is queued again, or fails at the failure limit, or at once ``for_good``."""
        with self._transaction():
            if self.is_held(task):
                limit = 1 if for_good else self._failure_limit
                self._count_error(task.job_id, task.task_id, message, limit=limit)

    def requeue(self, task: Task) -> None:
        """Queues a cancelled task again."""
        with self._transaction():
            if self.is_held(task):
                self._end(task, TaskStatus.QUEUED, message="", progress=0.0)

    def abandon(self, worker: str) -> tuple[bool, list[int]]:
        """Counts an error of a dead worker's task: whether it had a task, and the processes that still evaluate it."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT job_id, task_id, process FROM tasks WHERE worker = ? AND status = ?",
                (worker, TaskStatus.RENDERING.value),
            ).fetchall()
            for job_id, task_id, _ in rows:
                self._count_error(
                    job_id, task_id, f"{worker} died while rendering this task", limit=self._failure_limit
                )
            return bool(rows), [process for _, _, process in rows if process is not None]

    def _count_error(self, job_id: str, task_id: int, message: str, *, limit: int) -> None:
        self._database.execute(
            "UPDATE tasks SET errors = errors + 1, message = ?, progress = 0, process = NULL, seconds = ? - started,"
            " status = CASE WHEN errors + 1 >= ? THEN ? ELSE ? END WHERE job_id = ? AND task_id = ?",
            (
                *(_storable(message), time.time(), limit),
                *(TaskStatus.FAILED.value, TaskStatus.QUEUED.value, job_id, task_id),
            ),
        )
        self._task_ended(job_id)

    def _end(self, task: Task, status: TaskStatus, *, message: str, progress: float) -> None:
        self._database.execute(
            "UPDATE tasks SET status = ?, message = ?, progress = ?, process = NULL, seconds = ? - started"
            " WHERE job_id = ? AND task_id = ?",
            (status.value, message, progress, time.time(), task.job_id, task.task_id),
        )

    def _task_ended(self, job_id: str, task_id: int | None = None) -> None:
        """Settles the job, and releases what waited for that task, or any of the job's, or for the whole job."""
        has_ended = self._settle(job_id) in (JobStatus.COMPLETED, JobStatus.FAILED)
        if self._releases_at_once:
            after = None if has_ended or task_id is None else (job_id, task_id)
            self._release(self._dependents(job_id, frame_dependent_only=not has_ended), after=after)

    def _release(self, job_ids: Iterable[str], *, after: tuple[str, int] | None = None) -> None:
        """The pending job scan, for these jobs and those they release in turn; ``after`` the end of a task alone."""
        waiting = deque(job_ids)
        while waiting:
            job_id = waiting.popleft()
            self._release_tasks(job_id, after)
            if self._settle(job_id) is JobStatus.COMPLETED:
                waiting.extend(self._dependents(job_id))

    def _release_tasks(self, job_id: str, after: tuple[str, int] | None) -> None:
        """Queues the job's pending tasks: all once every job that it waits for is complete.

        Of a frame dependent job, each task once those upstream that cover its frames are.
        """
        query = "SELECT frame_dependent FROM jobs WHERE id = ?"
        unmet = self._unmet_dependencies(job_id)
        if not unmet:
            self._database.execute(_RELEASE_ALL, (job_id,))
        elif "Deleted" not in unmet and self._database.execute(query, (job_id,)).fetchone()[0]:
            if after is None:
                self._database.execute(_RELEASE_BY_FRAME, (job_id,))
            else:
                found = self._database.execute(_TASKS_WITH_FRAMES_OF, (job_id, *after)).fetchall()
                self._database.executemany(f"{_RELEASE_BY_FRAME} AND task_id = ?", [(job_id, *row) for row in found])

    def _settle(self, job_id: str) -> JobStatus:
        """The job's status as its tasks make it. One with nothing but pending tasks is pending itself."""
        query = "SELECT 1 FROM tasks WHERE job_id = ? AND status = ? LIMIT 1"  # Whatever number of tasks there is.
        states = {state for state in TaskStatus if self._database.execute(query, (job_id, state.value)).fetchone()}
        if states == {TaskStatus.COMPLETED}:
            status = JobStatus.COMPLETED
        elif states <= {TaskStatus.COMPLETED, TaskStatus.FAILED}:
            status = JobStatus.FAILED
        elif TaskStatus.SUSPENDED in states and not states & {TaskStatus.QUEUED, TaskStatus.RENDERING}:
            status = JobStatus.SUSPENDED
        else:
            status = JobStatus.PENDING if states == {TaskStatus.PENDING} else JobStatus.ACTIVE
        self._database.execute("UPDATE jobs SET status = ? WHERE id = ?", (status.value, job_id))
        return status

    def _dependents(self, job_id: str, *, frame_dependent_only: bool = False) -> list[str]:
        rows = self._database.execute(
            "SELECT job_id FROM dependencies JOIN jobs ON jobs.id = job_id"
            " WHERE upstream_id = ? AND frame_dependent >= ?",
            (job_id, frame_dependent_only),
        )
        return [row[0] for row in rows]

    def _unmet_dependencies(self, job_id: str) -> set[str]:
        """The states of the jobs that the job still waits for; one that does not exist is ``Deleted``."""
        query = "SELECT resume_on FROM jobs WHERE id = ?"
        resume_on = self._database.execute(query, (job_id,)).fetchone()[0].split()
        rows = self._database.execute(
            "SELECT DISTINCT CASE WHEN is_deleted = 0 THEN jobs.status ELSE 'Deleted' END"
            " FROM dependencies LEFT JOIN jobs ON jobs.id = upstream_id WHERE job_id = ?",
            (job_id,),
        )
        return {row[0] for row in rows}.difference(resume_on)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # A full disk has ended the transaction already.
                self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def read_tasks(bundle: Bundle) -> tuple[Task, ...]:
    """The tasks of the bundle's last run, for those who only look; none if it had none, or is just being set up."""
    place = f"{(bundle.folder / OFFLINE / REPOSITORY).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(place, uri=True, timeout=_PATIENCE_OF_LOOKS)) as database:
            return tuple(map(_task_of, database.execute(f"{_SELECT_TASKS} ORDER BY jobs.number, task_id").fetchall()))
    except sqlite3.Error:
        return ()


def _task_of(row: Sequence[Any]) -> Task:
    """The task in a row of ``_SELECT_TASKS``."""
    job_id, key, task_id, frames, status, *rest = row
    return Task(job_id, key, task_id, frames, TaskStatus(status), *rest)


def upstream_ids(job_info: Mapping[str, str]) -> list[str]:
    """The IDs of the jobs that a job waits for, once each."""
    return list(dict.fromkeys(filter(None, map(str.strip, job_info.get("JobDependencies", "").split(",")))))


def is_true(text: str) -> bool:
    """A boolean of a job info file (submission, section 1.1)."""
    return text.strip().lower() in ("true", "1")


def _storable(text: str) -> str:
    """The text without lone surrogates: file names that are not UTF-8 have them, and SQLite refuses them."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
