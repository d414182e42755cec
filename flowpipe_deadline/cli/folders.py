"""Folders on the command line: as full paths, seen from where the command was called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Optional

import click

from ..farm.mapping import is_windows_path


class Folder(click.ParamType):  # type: ignore[misc]  # click is not followed
    """A folder as a full path without ``~`` and ``..``; an empty text, such as an unset variable of a shell, is none.

    Deadline's path mapping compares the beginnings of paths, and workers have other homes.
    """

    name = "directory"

    def convert(self, value: Any, param: Optional[click.Parameter], ctx: Optional[click.Context]) -> Optional[Path]:
        """The path; fails for one of Windows on another system."""
        text = str(value)
        if not text:
            return None
        if is_windows_path(text) and os.name != "nt":
            self.fail(f"'{text}' is a path of Windows, and this machine is none", param, ctx)
        return Path(os.path.abspath(os.path.expanduser(text)))
