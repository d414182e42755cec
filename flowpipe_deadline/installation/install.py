"""Installing and uninstalling: planned, shown, and then done under a lock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ..core.bundle import AnyPath
from .apply import FileChange, about, apply, make_folder, remove_if_empty
from .changes import NEW, Change, Changes, plan_install, plan_uninstall
from .contents import OWN_FOLDERS, Contents, read_contents
from .disk import CACHE, CUSTOM, Custom
from .lock import exclusive
from .record import RECORD, InstallationError, Record, read_installed

OnChanges = Callable[[Changes], None]


class EditedFilesError(InstallationError):
    """Files that a studio has edited are in the way; ``paths`` are below ``custom``."""

    def __init__(self, folder: Path, paths: Sequence[str]) -> None:
        super().__init__(
            f"in {folder}, these files were edited since they were installed: {', '.join(paths)}; nothing was changed."
            " Put them back, or use --overwrite-edited, which keeps a copy of each"
        )
        self.paths = tuple(paths)


def install(
    repository: AnyPath,
    *,
    overwrite_edited: bool = False,
    dry_run: bool = False,
    contents: Contents | None = None,
    on_changes: OnChanges | None = None,
) -> Changes:
    """Installs this version, or ``contents``, into the repository; returns what was changed.

    ``on_changes`` is called before anything is changed; with ``dry_run`` nothing is. Edited configuration stays; other
    edited files are only replaced with ``overwrite_edited``, which keeps a copy of each.

    Raises:
        UsageError: There is no repository.
        EditedFilesError: Edited files are in the way.
        InstallationError: Another installation is running, or a file cannot be changed; nothing is changed then.
        PackagingError: A package that the farm needs is missing here, or is not pure Python.
        OSError: The repository cannot be read or written.
    """
    custom = Custom(repository)
    ours = contents or read_contents()
    made = {folder for folder in _folders_of([RECORD, *ours.files]) if not (custom.folder / folder).is_dir()}

    def plan() -> Changes:
        before = read_installed(custom.folder)
        planned = plan_install(ours, before, digest=custom.digest, overwrite_edited=overwrite_edited)
        needed = _folders_of([RECORD, *planned.after.files])
        folders = tuple(sorted({*before.folders, *(needed & made)}))
        return replace(planned, after=replace(planned.after, folders=folders))

    return _change(custom, plan, ours.files, dry_run=dry_run, on_changes=on_changes)


def uninstall(
    repository: AnyPath,
    *,
    remove_edited: bool = False,
    dry_run: bool = False,
    on_changes: OnChanges | None = None,
) -> Changes:
    """Removes the files that were installed, and folders made for them that are empty then; returns what was removed.

    Edited files stay, unless ``remove_edited``; files that were never installed always stay.

    Raises:
        UsageError: There is no repository.
        InstallationError: Nothing was installed there, another installation is running, or a file cannot be removed;
            nothing is removed then.
        OSError: The repository cannot be read or written.
    """
    custom = Custom(repository)
    if read_installed(custom.folder) == Record() and not custom.unfinished():
        raise InstallationError(f"{custom.folder} holds no {RECORD}: nothing was installed there, nothing is removed")

    def plan() -> Changes:
        before = read_installed(custom.folder)
        planned = plan_uninstall(before, digest=custom.digest, remove_edited=remove_edited)
        others = [path for path in custom.own_files() if path not in {*before.paths, RECORD}]
        kept = [Change(path, "keep", note="not part of the installation") for path in others]
        return replace(planned, files=(*planned.files, *kept))

    changes = _change(custom, plan, {}, dry_run=dry_run, on_changes=on_changes)
    if CUSTOM in changes.before.folders and not dry_run:
        remove_if_empty(custom.folder)
    return changes


def _folders_of(paths: Iterable[str]) -> set[str]:
    return {str(parent) for path in paths for parent in PurePosixPath(path).parents}


def _change(
    custom: Custom,
    plan: Callable[[], Changes],
    files: Mapping[str, bytes],
    *,
    dry_run: bool,
    on_changes: OnChanges | None,
) -> Changes:
    """Does what is planned, with the content of ``files``; planned anew under the lock, when nobody else changes it."""
    changes = plan()
    if dry_run or (changes.is_nothing and not custom.unfinished()):
        _announce(changes, custom, on_changes)
        return changes
    is_made = not custom.folder.is_dir()
    with about(custom.folder):
        make_folder(custom.folder)
    try:
        with exclusive(custom.folder):
            changes = plan()
            _announce(changes, custom, on_changes)
            record, steps = custom.folder / RECORD, list(_file_changes(changes, custom, files))
            if changes.after == Record():
                apply([*steps, FileChange(record)])
            else:  # Whichever of the files a killed installation has brought, the next one knows them as ours.
                before = [FileChange(record, _while_changing(changes).to_bytes())]
                apply(before, [*steps, FileChange(record, changes.after.to_bytes())])
            _tidy_up(changes, custom)
    finally:
        if is_made:
            remove_if_empty(custom.folder)
    return changes


def _announce(changes: Changes, custom: Custom, on_changes: OnChanges | None) -> None:
    """Passes the changes on; fails if edited files are in the way."""
    if on_changes is not None:
        on_changes(changes)
    if changes.refused:
        raise EditedFilesError(custom.folder, changes.refused)


def _file_changes(changes: Changes, custom: Custom, files: Mapping[str, bytes]) -> Iterator[FileChange]:
    """The single steps. Copies of edited files come before what replaces them."""
    for change in changes.acting:
        if change.copy is not None:
            yield FileChange(custom.folder / change.copy, (custom.folder / change.path).read_bytes())
    for change in changes.acting:
        data = files.get(change.path, files.get(change.path.removesuffix(NEW)))
        yield FileChange(custom.folder / change.path, None if change.action == "remove" else data)


def _while_changing(changes: Changes) -> Record:
    """The record while files change: each may be as it was, or as any installation was to bring it."""
    before, after = changes.before, changes.after
    pending = {path: before.pending.get(path, ()) for path in {*before.pending, *after.files}}
    for path, digest in after.files.items():
        pending[path] = tuple(sorted({*pending[path], digest}))
    return replace(before, pending=pending, folders=tuple(sorted({*before.folders, *after.folders})))


def _tidy_up(changes: Changes, custom: Custom) -> None:
    """Removes temporary files, compiled copies and empty folders; what cannot be removed is left for the next time."""
    removed = [custom.folder / change.path for change in changes.acting if change.action == "remove"]
    compiled = [cache for path in removed for cache in (path.parent / CACHE).glob(f"{path.stem}.*.pyc")]
    for path in (*custom.temporary_files(), *compiled):
        with contextlib.suppress(OSError):
            path.unlink()
    is_over = changes.after == Record()
    names = {*changes.before.folders, *(OWN_FOLDERS if is_over else ())}
    needed = set() if is_over else _folders_of([RECORD, *changes.after.files])
    emptied = [custom.folder / name for name in names - {CUSTOM, *needed}]
    for folder in sorted([*emptied, *(path.parent / CACHE for path in removed)], reverse=True):
        remove_if_empty(folder)
