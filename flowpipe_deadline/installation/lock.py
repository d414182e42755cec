"""One installation at a time: a file that says who is at it."""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Optional

import psutil

from .apply import about, temporary
from .record import InstallationError

LOCK = ".flowpipe-deadline.lock"
_SAME_START = 2.0  # Seconds by which two looks at the start of one process may differ.


@dataclass(frozen=True)
class _Holder:
    """The process that is at it."""

    host: str
    process: int
    started: float
    since: str

    def __str__(self) -> str:
        return f"process {self.process} on {self.host} since {self.since}"

    def is_dead(self) -> bool:
        """Whether it ran on this machine, and does no more."""
        if self.host != platform.node():
            return False
        try:
            process = psutil.Process(self.process)
            is_another = abs(float(process.create_time()) - self.started) > _SAME_START
            return is_another or bool(process.status() == psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Keeps other installations away from the folder, on whatever machine, until the block ends.

    A lock whose process has died on this machine is taken over.

    Raises:
        InstallationError: Another one is at it; the message says who, and what to do if that is not so. Or the folder
            cannot be written.
    """
    lock = folder / LOCK
    with about(folder):
        while not _took(lock):
            _remove_stale(lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _took(lock: Path) -> bool:
    """Whether the lock is ours now; it appears with all that it says."""
    text = json.dumps(asdict(_this_process()))
    own = temporary(lock)
    try:
        own.write_text(text, encoding="ascii")
        try:
            os.link(own, lock)
        except FileExistsError:
            return False
        except OSError:  # A file system without hard links.
            return _took_in_two_steps(lock, text)
        return True
    finally:
        own.unlink(missing_ok=True)


def _took_in_two_steps(lock: Path, text: str) -> bool:
    try:
        with lock.open("x", encoding="ascii") as file:
            file.write(text)
    except FileExistsError:
        return False
    except BaseException:
        lock.unlink(missing_ok=True)
        raise
    return True


def _remove_stale(lock: Path) -> None:
    """Returns once the lock of a dead process is gone."""
    try:
        text = lock.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    holder = _parse(text)
    if holder is None or not holder.is_dead():
        raise InstallationError(
            f"{lock.parent} is being installed into already, by {holder or 'somebody'}; wait for that, or, if nothing"
            f" is running there any more, delete {lock}"
        )
    taken = temporary(lock)
    with contextlib.suppress(FileNotFoundError):
        os.rename(lock, taken)
        if taken.read_text(encoding="utf-8") != text:  # That of one who was faster, and is alive.
            with contextlib.suppress(OSError):
                os.link(taken, lock)
        taken.unlink()


def _this_process() -> _Holder:
    return _Holder(
        host=platform.node(),
        process=os.getpid(),
        started=psutil.Process().create_time(),
        since=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def _parse(text: str) -> Optional[_Holder]:
    """Who holds the lock; None if that cannot be told."""
    try:
        data = json.loads(text)
        return _Holder(
            host=data["host"], process=int(data["process"]), started=float(data["started"]), since=data["since"]
        )
    except (ValueError, TypeError, KeyError):
        return None
