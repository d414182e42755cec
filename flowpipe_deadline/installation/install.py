"""Installing and uninstalling: planned, shown, and then done under a lock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Optional

from ..core.bundle import AnyPath
from .apply import FileChange, about, apply, make_folder, remove_if_empty
from .changes import NEW, Change, Changes, plan_install, plan_uninstall
from .contents import OWN_FOLDERS, Contents, read_contents
from .disk import CACHE, CUSTOM, Custom
from .lock import exclusive
from .record import RECORD, InstallationError, Record, read_installed
from .repository import check_repository


class EditedFilesError(InstallationError):
    """Files that a studio has edited are in the way; ``paths`` are below ``folder``."""

    def __init__(self, folder: Path, paths: Sequence[str]) -> None:
        super().__init__(folder, tuple(paths))
        self.folder = folder
        self.paths = tuple(paths)

    def __str__(self) -> str:
        return (
            f"in {self.folder}, these files were edited since they were installed: {', '.join(self.paths)}; nothing was"
            " changed. Put them back, or use --overwrite-edited, which keeps a copy of each"
        )


def install(
    repository: AnyPath,
    *,
    overwrite_edited: bool = False,
    dry_run: bool = False,
    contents: Optional[Contents] = None,
    on_changes: Optional[Callable[[Changes], None]] = None,
) -> Changes:
    """What was changed to bring this version into the repository; nothing if it is there.

    ``on_changes`` hears of it before anything is; with ``dry_run`` nothing is. ``contents`` are by default those of the
    version that runs this. Configuration that the studio edited stays; any other edited file has to be given up with
    ``overwrite_edited``, which keeps a copy.

    Raises:
        UsageError: There is no repository.
        EditedFilesError: Files that the studio edited are in the way.
        InstallationError: Another installation is at it, or a file cannot be changed: nothing is, then.
        PackagingError: A package that the farm needs is missing here, or is not pure Python.
        OSError: The repository cannot be read or written.
    """
    custom = Custom(check_repository(repository))
    ours = contents or read_contents()
    made = custom.missing_folders([RECORD, *ours.files])

    def plan() -> Changes:
        before = read_installed(custom.folder)
        planned = plan_install(ours, before, digest=custom.digest, overwrite_edited=overwrite_edited)
        return replace(planned, after=_with_folders(planned.after, made))

    def carry_out(changes: Changes) -> None:
        record = custom.folder / RECORD
        # Whichever of the files a killed installation has brought, the next one knows them as ours.
        apply(
            [FileChange(record, _while_changing(changes).to_bytes())],
            [*_file_changes(changes, custom, ours), FileChange(record, changes.after.to_bytes())],
        )

    changes = plan()
    tell = on_changes or _unheard
    if dry_run or (changes.is_nothing and not custom.unfinished()):
        tell(changes)
        _refuse(changes, custom)
        return changes
    return _act(custom, plan, carry_out, tell)


def uninstall(
    repository: AnyPath,
    *,
    remove_edited: bool = False,
    dry_run: bool = False,
    on_changes: Optional[Callable[[Changes], None]] = None,
) -> Changes:
    """What was removed: the files that were installed, and folders that are empty then.

    Files that the studio edited stay, unless ``remove_edited``; what was never installed stays in any case.

    Raises:
        UsageError: There is no repository.
        InstallationError: Nothing was installed there, another installation is at it, or a file cannot be removed:
            nothing is, then.
        OSError: The repository cannot be read or written.
    """
    custom = Custom(check_repository(repository))

    def plan() -> Changes:
        before = read_installed(custom.folder)
        planned = plan_uninstall(before, digest=custom.digest, remove_edited=remove_edited)
        strangers = [path for path in custom.own_files() if path not in {*before.paths, RECORD}]
        kept = [Change(path, "keep", note="nobody installed it") for path in strangers]
        return replace(planned, files=(*planned.files, *kept))

    def carry_out(changes: Changes) -> None:
        removed = [FileChange(custom.folder / change.path) for change in changes.acting]
        apply([*removed, FileChange(custom.folder / RECORD)])

    changes = plan()
    tell = on_changes or _unheard
    if changes.before == Record() and not custom.unfinished():
        raise InstallationError(f"{custom.folder} holds no {RECORD}: nothing was installed there, nothing is removed")
    if dry_run:
        tell(changes)
        return changes
    changes = _act(custom, plan, carry_out, tell)
    if CUSTOM in changes.before.folders:
        remove_if_empty(custom.folder)
    return changes


def _act(
    custom: Custom,
    plan: Callable[[], Changes],
    carry_out: Callable[[Changes], None],
    tell: Callable[[Changes], None],
) -> Changes:
    """Plans again once nobody else can change anything, and does it."""
    with _existing(custom.folder), exclusive(custom.folder):
        changes = plan()
        tell(changes)
        _refuse(changes, custom)
        carry_out(changes)
        _tidy_up(changes, custom)
    return changes


def _file_changes(changes: Changes, custom: Custom, contents: Contents) -> Iterator[FileChange]:
    """The single steps. Copies of edited files come before what replaces them."""
    for change in changes.acting:
        if change.copy is not None:
            yield FileChange(custom.folder / change.copy, (custom.folder / change.path).read_bytes())
    for change in changes.acting:
        data = contents.files.get(change.path, contents.files.get(change.path.removesuffix(NEW)))
        yield FileChange(custom.folder / change.path, None if change.action == "remove" else data)


def _with_folders(record: Record, made: Collection[str]) -> Record:
    """The record with those of the folders that were made for it, now or before, and are needed."""
    needed = {str(parent) for path in (RECORD, *record.files) for parent in PurePosixPath(path).parents}
    return replace(record, folders=tuple(sorted(needed & {*record.folders, *made})))


def _while_changing(changes: Changes) -> Record:
    """The record while files change: each may be as it was, or as any installation was to bring it."""
    before, after = changes.before, changes.after
    pending = {path: before.pending.get(path, ()) for path in {*before.pending, *after.files}}
    for path, digest in after.files.items():
        pending[path] = tuple(sorted({*pending[path], digest}))
    return replace(before, pending=pending, folders=tuple(sorted({*before.folders, *after.folders})))


def _refuse(changes: Changes, custom: Custom) -> None:
    if changes.refused:
        raise EditedFilesError(custom.folder, changes.refused)


def _tidy_up(changes: Changes, custom: Custom) -> None:
    """Takes away what nobody needs any more; whatever cannot go is left for the next time."""
    removed = [custom.folder / change.path for change in changes.acting if change.action == "remove"]
    compiled = [cache for path in removed for cache in (path.parent / CACHE).glob(f"{path.stem}.*.pyc")]
    for path in (*custom.temporary_files(), *compiled):
        with contextlib.suppress(OSError):
            path.unlink()
    names = {*changes.before.folders, *(OWN_FOLDERS if changes.after == Record() else ())}
    emptied = [custom.folder / name for name in names - {CUSTOM, *changes.after.folders}]
    for folder in sorted([*emptied, *(path.parent / CACHE for path in removed)], reverse=True):
        remove_if_empty(folder)


@contextmanager
def _existing(folder: Path) -> Iterator[None]:
    """Makes the folder where there is none; it goes again if it stays empty."""
    is_made = not folder.is_dir()
    with about(folder):
        make_folder(folder)
    try:
        yield
    finally:
        if is_made:
            remove_if_empty(folder)


def _unheard(changes: Changes) -> None:
    """For callers that do not want to know."""
