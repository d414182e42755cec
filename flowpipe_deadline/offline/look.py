"""What the offline farm does at this moment, and what its last run did, for those who only look."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Optional

from ..core.bundle import Bundle
from .farm import RunState
from .states import JobStatus, Task, TaskStatus

_FOLDER, _REPOSITORY, _LOCK = "offline", "repository.sqlite", "lock.sqlite"
_PATIENCE = 2.0  # Seconds that a look waits for those who write.


def read_run(bundle: Bundle) -> tuple[Optional[RunState], bool]:
    """The jobs and tasks of the bundle's last run on this farm, if it can be read, and whether that still runs."""
    folder = bundle.folder / _FOLDER
    try:
        with closing(_open(folder / _REPOSITORY, timeout=_PATIENCE)) as database:
            tasks = database.execute(
                "SELECT job_id, key, task_id, frames, tasks.status, errors, progress, message, worker, seconds"
                " FROM tasks JOIN jobs ON jobs.id = job_id ORDER BY jobs.number, task_id"
            ).fetchall()
            jobs = database.execute("SELECT key, status FROM jobs ORDER BY number").fetchall()
    except sqlite3.Error:  # There was no run, or it is just being set up.
        return None, _is_held(folder / _LOCK)
    states = {key: JobStatus(status) for key, status in jobs}
    found = tuple(Task(*row[:4], TaskStatus(row[4]), *row[5:]) for row in tasks)
    return RunState(jobs=states, tasks=found), _is_held(folder / _LOCK)


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
