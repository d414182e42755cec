"""The utilities of ``Deadline.Scripting`` that the Flowpipe plugin uses (plugin API, sections 3.6 and 5.4)."""

from __future__ import annotations

import os
from typing import Any

from _dotnet.arrays import Array, array_of
from _dotnet.kinds import BOOL, STRING, static_method
from _dotnet.refusal import StaticClass

from _worker.context import current
from _worker.mapping import map_paths

__all__ = ["FileUtils", "RepositoryUtils"]


class RepositoryUtils(metaclass=StaticClass):
    """The repository's path mapping."""

    @static_method(STRING, BOOL, optional=1)
    def CheckPathMapping(text: str, _: bool = False) -> Any:
        """The text with mapped paths replaced. What the second argument means is unknown (9.5): it changes nothing."""
        return None if text is None else map_paths(text, current().job.path_mappings)

    @static_method()
    def GetPathMappings() -> Array:
        """Pairs of source and target."""
        pair = array_of(STRING)
        return Array(pair, [list(mapping) for mapping in current().job.path_mappings])


class FileUtils(metaclass=StaticClass):
    """Files."""

    @static_method(STRING)
    def SearchFileList(files: str) -> str:
        """The first existing file of a list separated by ``;``, or ""."""
        found = (path.strip() for path in (files or "").split(";"))
        return next(filter(os.path.isfile, found), "")
