"""What is below a root: the folders of bundles, whose they are, and when they were made.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Callable, Iterable, TypeVar

from ..core.bundle import MANIFEST, AnyPath, Bundle, read_bundle
from ..core.errors import UsageError, words_of
from ..core.files import RecordError
from ..core.rights import user_name

NAME = re.compile(r"(?P<graph>.+)-(?P<time>[0-9]{8}-[0-9]{6})-[0-9a-f]{8}")
"""What the folders of bundles are called."""
_AT_ONCE = 16  # On a network disk, each file costs a few round trips: they are waited for together.
_Item = TypeVar("_Item")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Found:
    """A folder that is a bundle, or should be one."""

    folder: Path
    bundle: Bundle | None
    """None if it cannot be read."""
    error: str
    """Why it cannot be read; empty if it can."""
    user: str | None
    """Who wrote it; None if nobody can tell."""
    made: float
    """When it was written, in seconds since 1970."""

    @property
    def graph(self) -> str:
        """The name of its graph, as far as that is known."""
        if self.bundle is not None:
            return self.bundle.graph
        match = NAME.fullmatch(self.folder.name)
        return match["graph"] if match else self.folder.name

    def is_of(self, user: str) -> bool:
        """Whether that user wrote it. Systems differ in how they write names."""
        return self.user is not None and self.user.lower() == user.lower()


def full_path(folder: AnyPath) -> Path:
    """The path without ``~`` and ``..``."""
    return Path(os.path.abspath(os.path.expanduser(os.fspath(folder))))


def list_folders(root: Path) -> tuple[Path, ...]:
    """The folders below the root, in no order, without links, and bundles that are being written or deleted.

    Raises:
        UsageError: The root does not exist, or cannot be read.
    """
    try:
        with os.scandir(str(root)) as entries:
            return tuple(root / entry.name for entry in entries if not entry.name.startswith(".") and _is_dir(entry))
    except FileNotFoundError:
        raise UsageError(f"{root} does not exist; name the root that bundles were written to:  --root FOLDER") from None
    except OSError as error:
        raise UsageError(f"{root} cannot be read: {words_of(error)}") from error


def is_link(folder: Path) -> bool:
    """Whether the folder is elsewhere: a link, or a junction of Windows."""
    place = os.path.join(os.path.realpath(str(folder.parent)), folder.name)
    return os.path.normcase(os.path.realpath(str(folder))) != os.path.normcase(place)


def read_root(root: Path) -> tuple[Found, ...]:
    """The bundles below the root, the newest first. Other folders are left out, and those that are gone meanwhile.

    Raises:
        UsageError: The root does not exist, or cannot be read.
    """
    found = at_once(read_folder, list_folders(root))
    return tuple(sorted(filter(None, found), key=lambda one: (one.made, one.folder.name), reverse=True))


def read_folder(folder: Path) -> Found | None:
    """The bundle in that folder; None if it is not one and is not called like one, or does not exist."""
    bundle, error = None, ""
    try:
        bundle = read_bundle(folder)
    except (RecordError, OSError) as reason:
        error = words_of(reason)
    try:
        found = os.stat(str(folder / MANIFEST if bundle is not None else folder))
        owner = os.stat(str(folder)).st_uid if bundle is None or bundle.user is None else None
    except OSError:
        return None
    if bundle is None and not os.path.lexists(str(folder / MANIFEST)) and not NAME.fullmatch(folder.name):
        return None
    user = None if bundle is None else bundle.user
    return Found(folder, bundle, error, user or _owner(owner), _made(bundle, found.st_mtime))


def at_once(act: Callable[[_Item], _Answer], items: Iterable[_Item]) -> list[_Answer]:
    """What ``act`` returns for each of the items, several at a time: it waits for a disk."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(act, items))


def _made(bundle: Bundle | None, written: float) -> float:
    """When the bundle was made: as it says, but not later than its manifest was written.

    So a clock that was ahead makes no bundle newer than others, nor does copying all of them to another disk.
    """
    try:
        return min(written, datetime.fromisoformat(str(bundle and bundle.created)).timestamp())
    except (ValueError, OverflowError, OSError):  # The last on Windows, for a year before 1970.
        return written


def _owner(number: int | None) -> str | None:
    """The name of the user with that number; Windows has no such numbers."""
    return None if number is None or os.name == "nt" else user_name(number)


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
