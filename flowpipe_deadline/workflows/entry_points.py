"""The entry points of installed packages."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import PathFinder


def find_entry_points(group: str) -> Iterator[tuple[str, str, str]]:
    """The entry points of the group: name, value and the package that installed it.

    Of a package that is installed twice, those of the first on ``sys.path``.
    """
    if not _may_have(group):
        return
    from importlib import metadata  # noqa: PLC0415 (takes longer to import than a small graph to plan)

    for point in metadata.entry_points(group=group):
        yield point.name, point.value, point.dist.name if point.dist else ""


def _may_have(group: str) -> bool:
    """Whether a package names the group, or can only be read by ``importlib.metadata``: from an archive, say."""
    if any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path):
        return True
    folders = dict.fromkeys(os.path.abspath(entry) for entry in sys.path if isinstance(entry, str))
    return any(_has_group(folder, group.encode()) for folder in folders)


def _has_group(folder: str, group: bytes) -> bool:
    """Whether a package in the folder, or the archive, names the group."""
    try:
        names = os.listdir(folder)
    except NotADirectoryError:
        return True
    except OSError:
        return False
    for name in names:
        if name.lower().endswith((".dist-info", ".egg-info")) or name.lower() == "egg-info":
            with suppress(OSError), open(os.path.join(folder, name, "entry_points.txt"), "rb") as file:
                if group in file.read():
                    return True
    return False
