"""Changes to several files: all of them, or none.

New content is written beside its target first, and old content is copied beside it; only then are files replaced. So a
full disk is found before anything has changed, a reader sees each file whole, and every failure is undone. What a
killed process leaves beside the targets is removed by the next installation that succeeds.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..core.files import is_there, write_through
from ..core.interrupts import stop_requests
from ..submit.transaction import ignore
from .record import InstallationError

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{12}\.flowpipe-deadline")
_FILE_MODE = 0o644
_FOLDER_MODE = 0o755


@dataclass(frozen=True)
class FileChange:
    """A file that gets this content; without content, it is removed."""

    path: Path
    data: bytes | None = None


class InterruptedInstallationError(InstallationError):
    """Ctrl+C, or a signal to end; nothing was changed."""

    exit_code = 130


def apply(*groups: Sequence[FileChange]) -> None:
    """Makes the changes in this order, one group after the other; a path may occur more than once.

    Raises:
        InstallationError: A change cannot be made; those before it are undone.
        InterruptedInstallationError: Ctrl+C; likewise.
    """
    undo = ExitStack()
    copies: list[Path] = []
    try:
        for group in groups:
            copies += _make(group, undo)
    except BaseException as error:
        raise _rolled_back(error, undo) from error
    for copy in copies:
        with contextlib.suppress(OSError):
            copy.unlink()


@contextmanager
def about(path: Path) -> Iterator[None]:
    """The block changes this file or folder.

    Raises:
        InstallationError: It cannot be changed.
    """
    try:
        yield
    except OSError as error:
        hint = "; run this as a user who may write there" if isinstance(error, PermissionError) else ""
        raise InstallationError(f"{path} cannot be changed: {error.strerror or error}{hint}") from error


def temporary_name(name: str, digits: str = "") -> str:
    """A name for a file beside the one of that name; different each time, or with these twelve digits."""
    return f".{name}.{digits or secrets.token_hex(6)}.flowpipe-deadline"


def is_temporary(path: Path) -> bool:
    """Whether the file has a name by ``temporary_name``."""
    return _TEMPORARY.fullmatch(path.name) is not None


def make_folder(folder: Path) -> None:
    """Makes a folder that everybody can read, whatever the umask; a setgid bit from its parent stays."""
    if folder.is_dir():
        return
    folder.mkdir(exist_ok=True)
    _set_mode(folder, _FOLDER_MODE | (folder.stat().st_mode & stat.S_ISGID))


def _make(changes: Sequence[FileChange], undo: ExitStack) -> list[Path]:
    """Makes the changes of one group; returns the copies of what was there."""
    staged = [_stage(change, undo) for change in changes]
    copies: dict[Path, Path] = {}
    for path in [change.path for change in changes if is_there(change.path)]:
        copies[path] = copy = path.with_name(temporary_name(path.name))
        undo.callback(copy.unlink, missing_ok=True)
        with about(path):
            shutil.copy2(path, copy)
    for change, source in zip(changes, staged):
        undo.callback(_restore, change.path, copies.get(change.path))
        with about(change.path):
            if source is None:
                change.path.unlink(missing_ok=True)
            else:
                os.replace(source, change.path)
    return list(copies.values())


def _stage(change: FileChange, undo: ExitStack) -> Path | None:
    if change.data is None:
        return None
    source = change.path.with_name(temporary_name(change.path.name))
    with about(change.path):
        for folder in [folder for folder in change.path.parents if not is_there(folder)][::-1]:
            undo.callback(remove_if_empty, folder)
            make_folder(folder)
        undo.callback(source.unlink, missing_ok=True)
        write_through(source, change.data)
        _set_mode(source, _FILE_MODE)
    return source


def _restore(path: Path, copy: Path | None) -> None:
    if copy is None:
        path.unlink(missing_ok=True)
    elif is_there(copy):  # Else it is back already.
        os.replace(copy, path)


def _rolled_back(error: BaseException, undo: ExitStack) -> BaseException:
    """The error to raise once everything is undone."""
    is_interrupt = isinstance(error, KeyboardInterrupt)
    kind = InterruptedInstallationError if is_interrupt else InstallationError
    said = "interrupted" if is_interrupt else str(error)
    try:
        with stop_requests(ignore):
            undo.close()
    except OSError as failure:
        return kind(f"{said}; undoing it failed as well ({failure}): once that is mended, install again")
    return kind(f"{said}; nothing was changed") if isinstance(error, (KeyboardInterrupt, InstallationError)) else error


def remove_if_empty(folder: Path) -> None:
    """Removes the folder, unless something is in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def _set_mode(path: Path, mode: int) -> None:
    if os.name == "posix":
        with contextlib.suppress(PermissionError):  # A mount that has modes of its own.
            path.chmod(mode)
