"""What this machine says of the root: whether bundles can be written there, and whether other machines may see them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..core.bundle import AnyPath
from ..core.text import size_text
from ..core.warnings import Finding, Kind
from ..evaluator.path_mapping import is_windows_path
from .storage import Mounts, Storage, read_mounts

LITTLE_SPACE = 1_000_000_000
"""Bytes below which there is hardly any room for results."""


@dataclass(frozen=True)
class RootFacts:
    """What was found out about a root."""

    path: str
    """The full path."""
    problem: Optional[str]
    """Why nothing can be written there; None if something was."""
    storage: Storage
    free_bytes: Optional[int]
    """None where the system does not say."""


def read_root_facts(root: AnyPath, *, mounts: Optional[Mounts] = None) -> RootFacts:
    """The facts of a root, which need not exist yet.

    A folder with a file in it is made in the nearest existing folder, and deleted again. ``mounts`` are those of this
    machine unless given.
    """
    path = os.fspath(root)
    try:
        if os.name != "nt" and is_windows_path(path) and not path.startswith("/"):
            raise ValueError("it is a path of Windows, and this machine is none")
        path = str(Path(root).expanduser().absolute())
        nearest = _nearest_existing(Path(path))
    except (OSError, RuntimeError, ValueError) as error:  # No current folder; no home; no path of ours.
        return RootFacts(path=path, problem=str(error), storage=Storage("unknown", "no place"), free_bytes=None)
    problem = None
    try:
        _try_to_write(nearest, names=Path(path).parts[len(nearest.parts) :])
    except OSError as error:
        problem = f"{error.strerror or error} (tried in {nearest})"
    # Only now, as a share that is mounted on demand is there by now.
    storage = (mounts or read_mounts()).storage(os.path.realpath(path))
    return RootFacts(path=path, problem=problem, storage=storage, free_bytes=_free_bytes(nearest))


def root_findings(facts: RootFacts, *, allow_local: bool = False) -> tuple[Finding, ...]:
    """What is wrong with the root, or odd; with ``allow_local``, a local one is only odd."""
    findings = []
    if facts.problem is not None:
        findings.append(
            Finding(
                kind=Kind.UNUSABLE_ROOT,
                severity="error",
                text=f"nothing can be written below the root {facts.path}: {facts.problem}",
                advice="create that folder, mend its permissions, or choose another",
            )
        )
    if facts.storage.place == "local":
        findings.append(
            Finding(
                kind=Kind.LOCAL_ROOT,
                severity="warning" if allow_local else "error",
                text=f"the root {facts.path} is on this machine ({facts.storage.text}), where workers do not see it",
                advice="choose a folder on a share, or give --tolerate local-root if they see it all the same",
            )
        )
    if facts.problem is None and facts.free_bytes is not None and facts.free_bytes < LITTLE_SPACE:
        findings.append(
            Finding(
                kind=Kind.LITTLE_SPACE,
                severity="warning",
                text=f"there are only {size_text(facts.free_bytes)} free below the root {facts.path}",
                advice="make room for the results, or choose another",
            )
        )
    return tuple(findings)


def _nearest_existing(path: Path) -> Path:
    """The path itself or the first above it that exists; what exists and is no folder counts, to be refused."""
    if "\0" in str(path):
        raise ValueError("it has a NUL character in it")
    return next((candidate for candidate in (path, *path.parents) if os.path.lexists(candidate)), path)


def _try_to_write(folder: Path, *, names: Sequence[str]) -> None:
    """Makes a folder, in it folders of these names and a file, and deletes them all again."""
    probe = folder / f".flowpipe-deadline-{os.urandom(6).hex()}"
    probe.mkdir()
    try:
        for name in names:
            (probe / name).mkdir()
            (probe / name).rmdir()
        file = probe / "probe"
        try:
            with file.open("xb") as stream:
                stream.write(b"x")
                stream.flush()
                os.fsync(stream.fileno())
        finally:
            file.unlink(missing_ok=True)
    finally:
        probe.rmdir()


def _free_bytes(folder: Path) -> Optional[int]:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
