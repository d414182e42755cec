"""What an installation would change, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import Literal

from .contents import CONFIGURATION, Contents
from .record import Record

Action = Literal["add", "replace", "remove", "keep", "refuse"]
Digest = Callable[[str], str | None]
"""The digest of a file below ``custom`` as it is now; None if there is none."""

NEW = ".new"
EDITED = ".edited"


@dataclass(frozen=True)
class Change:
    """What becomes of one file."""

    path: str
    """Below ``custom``."""
    action: Action
    """``keep``: the studio edited the file, and it stays; ``refuse``: the studio edited it, and it is in the way."""
    note: str = ""
    copy: str | None = None
    """Where an edited file is copied first."""


@dataclass(frozen=True)
class Changes:
    """What becomes of all files, without those that are as they should be."""

    files: tuple[Change, ...]
    before: Record
    after: Record
    """Without a version if nothing stays."""

    @property
    def acting(self) -> tuple[Change, ...]:
        """Those that write or remove something."""
        return tuple(change for change in self.files if change.action in ("add", "replace", "remove"))

    @property
    def refused(self) -> tuple[str, ...]:
        """The edited files that are in the way."""
        return tuple(change.path for change in self.files if change.action == "refuse")

    @property
    def is_nothing(self) -> bool:
        """Whether all is as it should be."""
        return not self.acting and not self.refused and self.before == self.after


def plan_install(contents: Contents, before: Record, *, digest: Digest, overwrite_edited: bool) -> Changes:
    """What would be changed to install these contents over what ``before`` records."""
    planner = _Planner(before, digest=digest, overwrite_edited=overwrite_edited)
    for path, ours in contents.digests.items():
        planner.plan(path, ours)
    for path in before.paths:
        if path not in planner.files:
            planner.plan(path, None)
    after = Record(version=contents.version, packages=contents.packages, files=planner.files, folders=before.folders)
    return Changes(files=tuple(planner.changes), before=before, after=after)


def plan_uninstall(before: Record, *, digest: Digest, remove_edited: bool) -> Changes:
    """What would be removed; edited files stay, unless ``remove_edited``."""
    changes = []
    for path in before.paths:
        have = digest(path)
        if have is not None:
            is_edited = not before.is_ours(path, have)
            action: Action = "keep" if is_edited and not remove_edited else "remove"
            changes.append(Change(path, action, note="edited here" if is_edited else ""))
    return Changes(files=tuple(changes), before=before, after=Record())


class _Planner:
    """Collects changes, and the files that there are afterwards."""

    def __init__(self, before: Record, *, digest: Digest, overwrite_edited: bool) -> None:
        self.changes: list[Change] = []
        self.files: dict[str, str] = {}
        self._before = before
        self._digest = digest
        self._overwrite_edited = overwrite_edited

    def plan(self, path: str, ours: str | None) -> None:
        """A file of this version, or one that it no longer has (None)."""
        if ours is not None:
            self.files[path] = ours
        have = self._digest(path)
        action: Action = "remove" if ours is None else "replace"
        gone = "not part of this version" if ours is None else ""
        note = f"edited here; {gone}" if gone else "edited here"
        if have == ours:
            return
        if have is None:
            self._add(path, "add")
        elif self._before.is_ours(path, have):
            self._add(path, action, gone)
        elif path in CONFIGURATION and ours is not None:
            self._bring_beside(path, ours)
        elif path.removesuffix(NEW) in CONFIGURATION:
            self._add(path, "keep", note)
        elif self._overwrite_edited:
            self._set_aside(path, have, action)
        else:
            self._add(path, "refuse", note)

    def _bring_beside(self, path: str, ours: str) -> None:
        """Edited configuration stays, and gets this version's beside it, once per version of that file."""
        beside = path + NEW
        have = self._digest(beside)
        is_ours = have is not None and (have == ours or self._before.is_ours(beside, have))
        if self._before.files.get(path) == ours and not is_ours:
            self._add(path, "keep", "edited here")
            if beside in self._before.files and have is None:  # It was there, and the studio has taken it away.
                self.files[beside] = ours
            return
        self.files[beside] = ours
        self._add(path, "keep", f"edited here; compare with {PurePosixPath(beside).name}")
        if have is None:
            self._add(beside, "add", "this version's")
        elif have != ours and is_ours:
            self._add(beside, "replace", "this version's")
        elif have != ours:
            self._set_aside(beside, have, "replace")

    def _set_aside(self, path: str, have: str, action: Action) -> None:
        names = (f"{path}{EDITED}{'' if number == 1 else number}" for number in count(1))
        copy = next(name for name in names if self._digest(name) in (None, have))
        self._add(path, action, f"edited here; kept as {PurePosixPath(copy).name}", copy)

    def _add(self, path: str, action: Action, note: str = "", copy: str | None = None) -> None:
        self.changes.append(Change(path, action, note, copy))
