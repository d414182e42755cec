"""Files that are written whole or not at all, and JSON records that are checked as they are read."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Mapping, Sequence, TypeVar

from .errors import FlowpipeDeadlineError, words_of
from .rights import share

IS_WINDOWS = os.name == "nt"
_PATIENCE = 10.0  # Seconds.
_PAUSE = 0.1  # Seconds between two tries.
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP}
# Of Windows: no disk in the drive, a name that no file can have, a link to nowhere.
_ABSENT_NUMBERS = {21, 123, 1921}
Result = TypeVar("Result")
RESTORE = "restore it, or submit the graph itself again"  # What to do about a file that cannot be used.


class RecordError(FlowpipeDeadlineError):
    """A record of a bundle that is missing, damaged, or from a newer version."""


class DamagedRecordError(RecordError):
    """A record that is not what it should be; ``reason`` says why."""

    def __init__(self, path: object, reason: object) -> None:
        super().__init__(f"{path} is damaged: {reason}; {RESTORE}")
        self.reason = str(reason)


class NewerFormatError(RecordError):
    """A record that a newer version has written."""


def is_same_folder(path: str, folder: Path) -> bool:
    """Whether the path leads to the folder, on this machine: both may be reached by several names."""
    try:
        return os.path.realpath(path) == os.path.realpath(str(folder)) or os.path.samefile(path, folder)
    except (OSError, ValueError):
        return False


def is_there(path: Path) -> bool:
    """Whether there is something; from Python 3.14 on, ``Path.exists`` says no also where nobody can tell.

    Raises:
        OSError: Nobody can tell: a folder cannot be read, a share is away.
    """
    return _mode(path) != 0


def is_file(path: Path) -> bool:
    """Whether there is a file.

    Raises:
        OSError: As ``is_there``.
    """
    return stat.S_ISREG(_mode(path))


def _mode(path: Path) -> int:
    try:
        return os.stat(path).st_mode
    except ValueError:  # No path has a null character.
        return 0
    except OSError as error:
        if error.errno in _ABSENT or getattr(error, "winerror", None) in _ABSENT_NUMBERS:
            return 0
        raise


def write_whole(path: Path, data: bytes, *, is_windows: bool = IS_WINDOWS) -> None:
    """Writes the file so that a reader sees all of it, or what was there before, even after a crash.

    It has the rights of its folder, whoever wrote what was there before.

    Raises:
        OSError: For example, the disk is full or read-only; the file is as it was, and nothing is left beside it.
    """
    write_together({path: data}, is_windows=is_windows)


def write_together(files: Mapping[Path, bytes], *, is_windows: bool = IS_WINDOWS) -> None:
    """Writes several files as ``write_whole`` does one; none is changed before all of them are on the disk."""
    temporary = {path: path.with_name(temporary_name(path.name)) for path in files}
    try:
        for path, data in files.items():
            write_through(temporary[path], data)
            share(temporary[path])
        for path, written in temporary.items():
            retried_on_windows(partial(os.replace, written, path), is_windows=is_windows)
    except BaseException as error:
        for path, written in temporary.items():
            if isinstance(error, OSError) and error.filename == str(written):
                error.filename = str(path)  # The name that a person knows.
            with contextlib.suppress(FileNotFoundError):
                written.unlink()
        raise


def write_through(path: Path, data: bytes) -> None:
    """Writes a new file, which is on the disk then, also after a crash."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def retried(act: Callable[[], Result], may_pass: Callable[[Exception], bool], *, seconds: float) -> Result:
    """What ``act`` returns; it is called again for so many seconds while it raises something that ``may_pass``."""
    end = time.monotonic() + seconds
    while True:
        try:
            return act()
        except Exception as error:
            if not may_pass(error) or time.monotonic() >= end:
                raise
            time.sleep(_PAUSE)


def retried_on_windows(act: Callable[[], Result], *, is_windows: bool = IS_WINDOWS) -> Result:
    """What ``act`` returns. Windows forbids it while somebody reads or removes the file, which takes a moment."""
    return retried(act, lambda error: is_windows and isinstance(error, PermissionError), seconds=_PATIENCE)


def temporary_name(name: str, digits: str = "") -> str:
    """A name for a file that gets its final name once it is written; different each time, or with these digits."""
    return f".{name[:40]}-{digits or os.urandom(6).hex()}.tmp"


def json_bytes(data: Any) -> bytes:
    """The data as strict, ASCII-only JSON with a final newline."""
    return (json.dumps(data, indent=1, allow_nan=False) + "\n").encode("ascii")


def read_record(path: Path, *, version: int, keys: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON object in the file, with at least these keys.

    Raises:
        RecordError: It is missing, not a JSON object, its ``format`` is not ``version``, or it lacks a key.
        NewerFormatError: Its ``format`` is above ``version``.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise RecordError(f"{path} is missing; {RESTORE}") from None
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {words_of(error)}") from error
    return parse_record(data, name=str(path), version=version, keys=keys)


def parse_record(data: bytes, *, name: str, version: int, keys: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON object in the bytes; ``name`` says where they are from.

    Raises:
        RecordError: It is not a JSON object, its ``format`` is not ``version``, or it lacks a key.
        NewerFormatError: Its ``format`` is above ``version``.
    """
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedRecordError(name, error) from error
    if not isinstance(record, dict):
        raise DamagedRecordError(name, "it is not a JSON object")
    found = record.get("format")
    if isinstance(found, int) and found > version:
        raise NewerFormatError(
            f"{name} has format {found}, and this flowpipe-deadline reads format {version}: a newer version wrote it;"
            " use that version here too, and put it onto the farm:  flowpipe-deadline install"
        )
    if found != version:
        raise DamagedRecordError(name, f"it is not a record of format {version}")
    for key in keys:
        if key not in record:
            raise DamagedRecordError(name, f"it has no '{key}'")
    return record
