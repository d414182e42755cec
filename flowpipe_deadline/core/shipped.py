"""The folders that are meant for Deadline: inside the package once installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def shipped_folder(name: str) -> Path:
    """The folder of that name, such as ``plugins/Flowpipe`` or ``submission/Flowpipe/Main``."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def packages_folder() -> Path:
    """The folder that holds this package, for a Python that does not have it installed."""
    return _PACKAGE.parent
