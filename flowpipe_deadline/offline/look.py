"""The tasks of a run on the offline farm, for those who only look."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from ..core.bundle import OFFLINE, Bundle
from ..status.logs import REPOSITORY
from .repository import SELECT_TASKS, task_of
from .states import Task

_PATIENCE = 2.0  # Seconds that a look waits for those who write.


def read_tasks(bundle: Bundle) -> tuple[Task, ...]:
    """The tasks of the bundle's last run; none if it had none, or one is just being set up."""
    path = (bundle.folder / OFFLINE / REPOSITORY).absolute()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as database:
            return tuple(map(task_of, database.execute(f"{SELECT_TASKS} ORDER BY jobs.number, task_id").fetchall()))
    except sqlite3.Error:
        return ()
