"""Whether the offline farm is at work on a bundle, and how it is kept away.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Iterator

from ..core.bundle import OFFLINE
from ..core.errors import BundleError
from ..core.files import is_there
from ..core.rights import make_folder, share

_LOCK = "lock.sqlite"


@contextlib.contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Refuses every other run of the bundle in that folder, until this process ends in whatever way.

    Raises:
        BundleError: It is being run.
        OSError, sqlite3.Error: It cannot be written.
    """
    import sqlite3  # noqa: PLC0415 (most verbs do not need it)

    lock = folder / OFFLINE / _LOCK
    make_folder(lock.parent, with_parents=False)  # The bundle may have been deleted.
    connection = sqlite3.connect(str(lock), timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        share(lock)
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" not in str(error):
            raise
        raise BundleError(f"{folder} is being run already; wait for that run, or stop it") from error
    try:
        yield
    finally:
        connection.close()


def is_being_run(folder: Path) -> bool:
    """Whether the offline farm is at work on the bundle in that folder, as far as that is known."""
    lock = folder / OFFLINE / _LOCK
    if not is_there(lock):
        return False
    import sqlite3  # noqa: PLC0415 (as above)

    try:
        with contextlib.closing(
            sqlite3.connect(f"{lock.absolute().as_uri()}?mode=ro", timeout=0, uri=True)
        ) as connection:
            connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.Error as error:
        return "locked" in str(error)
    return False
