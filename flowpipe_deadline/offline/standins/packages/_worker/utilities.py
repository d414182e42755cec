"""The utilities of ``Deadline.Scripting`` that the Flowpipe plugin uses (plugin API, sections 3.6 and 5.4)."""

from __future__ import annotations

import os

from _dotnet.arrays import Array
from _dotnet.kinds import BOOL, OBJECT, STRING, static_method


class ClientUtils:
    """The client: an offline farm needs none."""

    @static_method()
    def GetBinDirectory() -> str:
        """The folder of an installed client's programs (submission, section 2.1), or ""."""
        return os.environ.get("DEADLINE_PATH", "")


class RepositoryUtils:
    """The repository's path mapping: an offline farm has none."""

    @static_method(STRING, BOOL, optional=1)
    def CheckPathMapping(text: str, _: bool = False) -> str:
        """The text with mapped paths replaced. What the second argument means is unknown (9.5): it changes nothing."""
        return text

    @static_method()
    def GetPathMappings() -> Array:
        """Pairs of source and target."""
        return Array(OBJECT)


class FileUtils:
    """Files."""

    @static_method(STRING)
    def SearchFileList(files: str) -> str:
        """The first existing file of a list separated by ``;``, or ""."""
        found = (path.strip() for path in (files or "").split(";"))
        return next(filter(os.path.isfile, found), "")
