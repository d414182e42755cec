"""What the offline farm does at this moment, and what its last run did, for those who only look."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ..core.bundle import Bundle
from .states import Task, TaskStatus

_FOLDER, _REPOSITORY, _LOCK = "offline", "repository.sqlite", "lock.sqlite"
_PATIENCE = 2.0  # Seconds that a look waits for those who write.


def read_run(bundle: Bundle) -> tuple[tuple[Task, ...], bool]:
    """The tasks of the bundle's last run on this farm, none if it had none, and whether somebody runs it now."""
    folder = bundle.folder / _FOLDER
    is_running = _is_held(folder / _LOCK)
    query = (
        "SELECT job_id, key, task_id, frames, tasks.status, errors, progress, message, worker, seconds"
        " FROM tasks JOIN jobs ON jobs.id = job_id ORDER BY jobs.number, task_id"
    )
    try:
        with closing(_open(folder / _REPOSITORY, timeout=_PATIENCE)) as database:
            rows = database.execute(query).fetchall()
    except sqlite3.Error:  # There was no run, or one is just being set up.
        return (), is_running
    return tuple(
        Task(job_id, key, task_id, frames, TaskStatus(status), *rest)
        for job_id, key, task_id, frames, status, *rest in rows
    ), is_running


def _is_held(lock: Path) -> bool:
    """Whether somebody runs the bundle."""
    try:
        with closing(_open(lock, timeout=0)) as database:
            database.execute("SELECT 1 FROM sqlite_master").fetchall()
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    return False


def _open(path: Path, *, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=timeout)
