"""Compares what is installed in a repository with this version."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.bundle import AnyPath
from .changes import EDITED, NEW
from .contents import CONFIGURATION, Contents, read_contents
from .disk import Custom
from .record import RECORD, Record, read_installed

DifferenceKind = Literal["missing", "older", "newer", "other", "edited", "stranger", "unfinished"]


@dataclass(frozen=True)
class Difference:
    """A file that differs from this version's."""

    path: str
    """Below ``custom``."""
    difference: DifferenceKind
    """``older``, ``newer`` or ``other``: of another version, or another build of this one; ``stranger``: not installed,
    but in a folder of ours; ``unfinished``: left by an installation that was killed."""


@dataclass(frozen=True)
class Report:
    """How a repository differs from this version."""

    root: Path
    version: str
    """This version."""
    installed: Record
    differences: tuple[Difference, ...]


def check(repository: AnyPath, *, contents: Contents | None = None) -> Report:
    """How the repository differs from this version, or from ``contents``.

    Raises:
        UsageError: There is no repository.
        InstallationError: The record of the installation is damaged.
        PackagingError: A package that the farm needs is missing here, or is not pure Python.
        OSError: The repository cannot be read.
    """
    custom = Custom(repository)
    ours = contents or read_contents()
    installed = read_installed(custom.folder)
    known = {*ours.files, *installed.paths, RECORD}
    differences = [
        *_of_record(installed, ours),
        *_of_files(installed, ours, custom),
        *(Difference(path.relative_to(custom.folder).as_posix(), "unfinished") for path in custom.unfinished()),
        # An installation keeps copies of edited files.
        *(
            Difference(path, "stranger")
            for path in custom.own_files()
            if known.isdisjoint((path, path.rpartition(EDITED)[0].removesuffix(NEW)))
        ),
    ]
    return Report(root=custom.folder.parent, version=ours.version, installed=installed, differences=tuple(differences))


def _of_record(installed: Record, ours: Contents) -> Iterator[Difference]:
    if installed.pending:
        yield Difference(RECORD, "unfinished")
    elif installed.version is None:
        yield Difference(RECORD, "missing")
    elif (installed.version, installed.packages) != (ours.version, ours.packages):
        yield Difference(RECORD, _age(installed, ours))


def _of_files(installed: Record, ours: Contents, custom: Custom) -> Iterator[Difference]:
    for path in sorted({*ours.files, *installed.paths}):
        have, wanted = custom.digest(path), ours.digests.get(path)
        if have == wanted or path.removesuffix(NEW) in CONFIGURATION - {path}:
            continue
        is_ours = have is not None and installed.is_ours(path, have)
        yield Difference(path, "missing" if have is None else _age(installed, ours) if is_ours else "edited")


def _age(installed: Record, ours: Contents) -> DifferenceKind:
    theirs, own = _numbers(installed.version or ""), _numbers(ours.version)
    if theirs == own:
        return "other"
    return "older" if theirs < own else "newer"


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, in order: (1, 2) for 1.2.0rc1."""
    release = re.match(r"[0-9.]*", version)
    numbers = [int(number) for number in (release.group() if release else "").split(".") if number]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
