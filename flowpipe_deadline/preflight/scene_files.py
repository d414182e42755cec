"""What is odd about the files that a scene needs or writes: on this machine only, missing, or of another system."""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ..core.text import counted, listing
from ..core.warnings import PlanWarning, WarningKind
from ..evaluator.path_mapping import is_windows_path
from ..workflows.facts import SceneFile
from .storage import Mounts

_MOST_ALONE = 3
_MOST_FOLDERS = 10
# A part of a name that stands for frames, tiles or views: <UDIM>, ####, %04d, $F4, {frame:04d}.
_PATTERN = re.compile(r"<[^<>]+>|#|%0?\d*d|\$F|\{\w*(?::\w*)?\}")
_ADVICE = {  # For one file, and for many.
    WarningKind.LOCAL_FILE: ("move it to a share, so that workers find it", "move them to a share"),
    WarningKind.MISSING_FILE: ("check the path, or make the file before the jobs begin", "check the paths"),
    WarningKind.FOREIGN_PATH: ("workers find it only if Deadline maps such paths",) * 2,
}


def scene_file_warnings(
    files: Iterable[SceneFile],
    *,
    mounts: Mounts,
    exists: Callable[[str], bool] = os.path.exists,
    real_path: Callable[[str], str] = os.path.realpath,
) -> tuple[PlanWarning, ...]:
    """A warning for each file that workers may not find or see; one for many of a kind in the same folder.

    Outputs need not exist. Relative paths are not judged, as their host alone knows what they mean.
    """
    groups: dict[tuple[WarningKind, str, str, str], dict[str, str]] = {}
    for file in files:
        judged = _judge(file, mounts=mounts, exists=exists, real_path=real_path)
        if judged is not None:
            kind, what = judged
            groups.setdefault((kind, what, file.role, _folder(file.path)), {}).setdefault(file.path, file.node)
    return tuple(_few_folders(list(_warnings(groups))))


def _judge(
    file: SceneFile, *, mounts: Mounts, exists: Callable[[str], bool], real_path: Callable[[str], str]
) -> tuple[WarningKind, str] | None:
    """What is odd about the path, and the words for it that follow "is" or "are"."""
    path = file.path
    on_windows, of_windows = mounts.system == "win32", is_windows_path(path)
    if not of_windows and not path.startswith("/"):
        return None
    if on_windows != of_windows:
        return WarningKind.FOREIGN_PATH, f"named by a path of {'Windows' if of_windows else 'Linux or macOS'}"
    plain = _folder(path) if _PATTERN.search(path) else path
    if file.role != "output" and not exists(plain):
        return WarningKind.MISSING_FILE, "missing on this machine"
    storage = mounts.storage(real_path(plain))
    if storage.place == "local":
        return WarningKind.LOCAL_FILE, f"on this machine only ({storage.text})"
    return None


def _warnings(groups: Mapping[tuple[WarningKind, str, str, str], Mapping[str, str]]) -> Iterator[PlanWarning]:
    for (kind, what, role, folder), nodes in groups.items():
        if len(nodes) <= _MOST_ALONE:
            for path, node in nodes.items():
                text = f"the {role} '{path}' is {what}"
                yield PlanWarning(kind, "warning", text, _ADVICE[kind][0], node=node or None)
        else:
            names = listing([path[len(folder) :].lstrip("/\\") for path in nodes])
            text = f"{len(nodes)} files ({role}) in '{folder}' are {what}: {names}"
            yield PlanWarning(kind, "warning", text, _ADVICE[kind][1])


def _few_folders(warnings: Sequence[PlanWarning]) -> Iterator[PlanWarning]:
    """The first of each kind, and how many more there are: a scene may have hundreds, each in a folder of its own."""
    counts: dict[WarningKind, int] = {}
    for warning in warnings:
        counts[warning.kind] = counts.get(warning.kind, 0) + 1
        if counts[warning.kind] <= _MOST_FOLDERS:
            yield warning
    for kind, count in counts.items():
        if count > _MOST_FOLDERS:
            text = f"{counted(count - _MOST_FOLDERS, 'more warning')} like that: {kind.sentence[:-1].lower()}"
            yield PlanWarning(kind, "warning", text, "see to those above first")


def _folder(path: str) -> str:
    """The folder of the path, before the first part that is a pattern."""
    parent = ntpath.dirname if is_windows_path(path) else posixpath.dirname
    folder: str = parent(path)
    while _PATTERN.search(folder):
        folder = parent(folder)
    return folder
