"""Lock files, and whether the process that a lock or a record names is still running.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Callable, ContextManager, Iterator

from .files import retried_on_windows, temporary_name
from .rights import share

_PS_SECONDS = 10.0
_GUARD_LIFE = 5.0  # Seconds after which the removal of a lock is a dead process's: it takes a moment only.
_PAUSE = 0.01
_BRIEF_LIFE = 60.0  # Seconds after which a lock that is held for a moment only is a dead process's.
_BRIEF_PATIENCE = 20.0
_BRIEF_PAUSE = 0.05
_released: set[tuple[Path, str]] = set()
"""Locks of this process that are not held any more and could not be removed."""


@contextlib.contextmanager
def locked(
    path: Path,
    text: str,
    *,
    is_stale: Callable[[str], bool],
    refuse: Callable[[str], None],
    temporary: Callable[..., str] = temporary_name,
) -> Iterator[Callable[[], bool]]:
    """Holds the lock file, with this text in it, until the block ends; the text differs from that of all others.

    The lock of somebody else is removed if ``is_stale`` says so of its text. Otherwise ``refuse`` is called, which
    raises, or waits a moment before the next try. ``temporary`` names files beside it, as ``temporary_name`` does.

    The block gets a function that tells whether the lock is still ours. Whoever may have been taken for dead asks it
    before he writes: between the answer and the writing, no file system keeps others away.

    Raises:
        OSError: The folder cannot be written.
    """

    def is_ours() -> bool:
        return _read(path) == text

    def is_left(found: str) -> bool:
        return (path, found) in _released or is_stale(found)

    try:
        while not _take(path, text, beside=path.with_name(temporary(path.name))):
            found = _read(path)
            if found is not None and not is_left(found):
                refuse(found)
            elif found is not None and not _remove(path, found, is_stale=is_left, temporary=temporary):
                time.sleep(_PAUSE)
        yield is_ours
    finally:
        _released.add((path, text))
        try:
            if not is_ours() or _remove(path, text, is_stale=is_left, temporary=temporary):
                _released.discard((path, text))
        except OSError:  # A full disk, for example. If it stays, it is taken for stale.
            with contextlib.suppress(OSError):
                if is_ours():
                    _unlink(path)


def locked_briefly(path: Path, refusal: Exception) -> ContextManager[Callable[[], bool]]:
    """Holds, as ``locked``, a lock file that everybody holds for a moment only.

    It waits for others, and raises the ``refusal`` if that takes long. The lock of a dead process falls after a minute.
    """
    end = time.monotonic() + _BRIEF_PATIENCE

    def wait(_: str) -> None:
        if time.monotonic() > end:
            raise refusal
        time.sleep(_BRIEF_PAUSE)

    def is_stale(_: str) -> bool:
        return seconds_since_written([path], folder=path.parent) > _BRIEF_LIFE

    return locked(path, uuid.uuid4().hex, is_stale=is_stale, refuse=wait)


def _take(path: Path, text: str, *, beside: Path) -> bool:
    """Whether the lock is ours now; it appears with its whole text."""
    try:
        beside.write_text(text, encoding="utf-8")
        try:
            share(beside)  # Others have to read it.
            os.link(str(beside), str(path))
        except FileExistsError:
            return _read(path) == text  # A share may answer a second time, as if the first had not been.
        except FileNotFoundError:
            return False  # Whoever holds the lock has tidied up around it.
        except OSError:
            return _take_in_two_steps(path, text)  # A file system without hard links.
    finally:
        _unlink(beside)
    return True


def _take_in_two_steps(path: Path, text: str) -> bool:
    try:
        file = retried_on_windows(lambda: path.open("x", encoding="utf-8"))
    except FileExistsError:
        return False
    try:
        with file:
            file.write(text)
        share(path)
    except BaseException:
        _unlink(path)
        raise
    return _read(path) == text  # Whoever hesitates between the steps may be taken for dead.


def _remove(path: Path, text: str, *, is_stale: Callable[[str], bool], temporary: Callable[..., str]) -> bool:
    """Removes the lock with this text, and no other that has taken its place; False if somebody else is doing so.

    Whoever removes a lock, its holder too, first makes a file that is named after its text, which one alone can. As
    long as that is there, a lock with this text stays, so it can be taken away under a name of one's own.
    """
    guard = path.with_name(temporary(path.name, hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]))
    try:
        retried_on_windows(lambda: guard.open("x").close())
    except FileExistsError:
        with contextlib.suppress(FileNotFoundError):
            if clock_of(path.parent) - guard.stat().st_mtime > _GUARD_LIFE:
                guard.unlink()  # Its maker died within the moment that this takes.
        return False
    try:
        if _read(path) == text and is_stale(text):
            taken = path.with_name(temporary(path.name))
            with contextlib.suppress(FileNotFoundError):  # A share may answer a second time: it is gone already.
                retried_on_windows(lambda: os.rename(str(path), str(taken)))
            if _read(taken) not in (text, None):  # We were slow, and taken for dead ourselves.
                with contextlib.suppress(OSError):
                    os.link(str(taken), str(path))
            _unlink(taken)
    finally:
        _unlink(guard)
    return True


def _read(path: Path) -> str | None:
    """What the lock says; None if there is none, empty if it is another user's alone, who died before sharing it."""
    try:
        return retried_on_windows(lambda: path.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return None
    except PermissionError:
        return ""


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        retried_on_windows(path.unlink)


def is_running(process: int, *, started: str = "") -> bool:
    """Whether there is a process of that number on this machine; with ``started``, one with that ``start_mark``."""
    if process <= 0:
        return False
    if sys.platform == "win32":
        mark = _start_on_windows(process)
        return mark is not None and (not mark or not started or started == mark)
    try:
        with contextlib.suppress(PermissionError):  # It runs, for another user.
            os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    if _linux_state_and_start(process)[0] in ("Z", "X"):  # Ended, and still listed.
        return False
    mark = start_mark(process) if started else ""
    return not mark or started == mark  # Numbers of processes are used again.


def start_mark(process: int) -> str:
    """When that process began, in the system's own words; empty where the system does not tell."""
    if sys.platform == "win32":
        return _start_on_windows(process) or ""
    return _linux_state_and_start(process)[1] or _start_by_ps(process)


def _linux_state_and_start(process: int) -> tuple[str, str]:
    """State and start of a process as Linux tells them; both empty elsewhere."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""


def _start_by_ps(process: int) -> str:
    """As ``ps`` tells it, which every other POSIX system has."""
    command = ["ps", "-o", "lstart=", "-p", str(process)]
    try:
        result = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PS_SECONDS,
            check=True,
            env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return " ".join(result.stdout.decode("ascii", "replace").split())


def _start_on_windows(process: int) -> str | None:
    """The creation time in units of 100 nanoseconds since 1601; empty if unknown, None if it does not run.

    ``os.kill`` would end the process, whatever the signal.
    """
    import ctypes  # noqa: PLC0415  (Windows only)

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(query_limited_information, False, process)
    if not handle:
        return None
    code = ctypes.c_ulong()
    times = [ctypes.c_ulonglong() for _ in range(4)]  # Creation, exit, kernel and user time.
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    is_known = kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
    kernel.CloseHandle(handle)
    if code.value != still_active:
        return None
    return str(times[0].value) if is_known else ""


def seconds_since_written(paths: list[Path], *, folder: Path) -> float:
    """How long ago the last of these files was written, by the clock of the file system that holds them."""
    written = [0.0]
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            written.append(path.stat().st_mtime)
    return clock_of(folder) - max(written)


def clock_of(folder: Path) -> float:
    """The time by the file system that holds the folder: a share may have another clock than this machine."""
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=str(folder)) as file:
        file.write(b".")
        file.flush()
        return os.fstat(file.fileno()).st_mtime
    return time.time()
