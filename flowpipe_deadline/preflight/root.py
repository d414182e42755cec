"""Whether bundles can be written below the root, and whether other machines may see them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.bundle import RESULTS, AnyPath
from ..core.files import write_through
from ..core.rights import describe, lets_all_write, make_folder, only_writer, share
from ..core.text import flaw_in, size_text
from ..core.warnings import PlanWarning, WarningKind
from ..evaluator.path_mapping import is_windows_path
from .storage import Mounts, Storage, read_mounts

LITTLE_SPACE = 1_000_000_000
"""Bytes below which there may not be enough room for results."""


@dataclass(frozen=True)
class RootInfo:
    """What is known of a root."""

    path: str
    """The full path."""
    error: str | None
    """Why nothing can be written there; None if something was."""
    storage: Storage
    free_bytes: int | None
    """None where the system does not tell."""
    only_writer: str | None = None
    """The only user who could write in a bundle below it, and the rights that say so; None if there are others, or
    that is not known."""
    is_open: bool = False
    """Whether all who reach it may write there, and read what bundles hold."""


def read_root_info(root: AnyPath, *, mounts: Mounts | None = None) -> RootInfo:
    """What is known of a root, which need not exist yet.

    A folder with a file in it is made in the nearest existing folder, and deleted again. ``mounts`` are those of this
    machine unless given.
    """
    path = os.fspath(root)
    try:
        if os.name != "nt" and is_windows_path(path) and not path.startswith("/"):
            raise ValueError("it is a path of Windows, and this is another system")
        path = str(Path(root).expanduser().absolute())
        flaw = flaw_in(path)
        if flaw:
            path = ascii(path)
            raise ValueError(f"it has {flaw}, which no file of a job can hold")
        # The path itself, or the first above it that exists, even if it is not a folder: it is refused below.
        places = (Path(path), *Path(path).parents)
        nearest = next(filter(os.path.lexists, places), places[0])
    except (OSError, RuntimeError, ValueError) as error:  # No current folder; no home; no path of ours.
        return RootInfo(path=path, error=str(error), storage=Storage("unknown", "no place"), free_bytes=None)
    error_text, writer, is_open = None, None, False
    try:
        writer = _try_to_write(nearest, names=Path(path).parts[len(nearest.parts) :])
        is_open = os.name != "nt" and lets_all_write(nearest.stat().st_mode)
    except OSError as error:
        error_text = f"{error.strerror or error} (tried in {nearest})"
    # Only now: writing has mounted a share that is mounted on demand.
    storage = (mounts or read_mounts()).storage(os.path.realpath(path))
    free_bytes = None
    with suppress(OSError):
        free_bytes = shutil.disk_usage(nearest).free
    return RootInfo(path, error_text, storage, free_bytes, only_writer=writer, is_open=is_open)


def root_warnings(info: RootInfo) -> Iterator[PlanWarning]:
    """What is wrong with the root, or odd."""
    if info.error is not None:
        text = f"nothing can be written below the root {info.path}: {info.error}"
        advice = "create that folder, change its permissions, or choose another"
        yield PlanWarning(WarningKind.UNUSABLE_ROOT, "error", text, advice)
    if info.storage.place == "local":
        text = f"the root {info.path} is on this machine ({info.storage.text}), where workers do not see it"
        advice = (
            "choose a folder on a share; if they do see it, --tolerate local-root, or allow_local_root = true in the"
            " studio file, makes this a mere warning"
        )
        yield PlanWarning(WarningKind.LOCAL_ROOT, "error", text, advice)
    if info.only_writer is not None and info.storage.place == "network":
        text = f"in a bundle below the root {info.path} only {info.only_writer} could write"
        remedy = "chgrp GROUP ROOT, and chmod u+rwx,g+rwxs,-t ROOT"
        advice = f"if workers run as another user, give the root to a group of both:  {remedy}"
        yield PlanWarning(WarningKind.PRIVATE_ROOT, "warning", text, advice)
    if info.error is None and info.free_bytes is not None and info.free_bytes < LITTLE_SPACE:
        text = f"only {size_text(info.free_bytes)} are free below the root {info.path}"
        advice = "make room for the results, or choose another root"
        yield PlanWarning(WarningKind.LITTLE_SPACE, "warning", text, advice)


def _try_to_write(folder: Path, *, names: Sequence[str]) -> str | None:
    """Makes a folder as a bundle is made, in it folders of these names and a file, and deletes them all again.

    Gives the only user who could write a result there, with the rights of the folder.
    """
    probe = folder / f".flowpipe-deadline-{os.urandom(6).hex()}"
    inner = probe / RESULTS
    probe.mkdir()
    try:
        share(probe)
        for name in names:
            (probe / name).mkdir()
            (probe / name).rmdir()
        make_folder(inner)
        write_through(inner / "probe", b"x")
        writer = only_writer(inner)
        return None if writer is None else f"{writer} ({describe(folder)})"
    finally:
        shutil.rmtree(probe)
