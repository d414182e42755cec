"""Whether a folder looks like a Deadline repository."""

from __future__ import annotations

from pathlib import Path

from ..core.bundle import AnyPath
from ..core.errors import UsageError

_FOLDERS = frozenset({"custom", "plugins", "settings", "scripts", "submission", "events"})
"""Some folders of every repository (plugin API, section 4.8)."""
_CLIENT_FILES = frozenset({"deadlinecommand", "deadlinecommand.exe", "deadlineworker", "deadlineworker.exe"})


def check_repository(folder: AnyPath) -> Path:
    """The full path of the repository; an empty folder may become one.

    Raises:
        UsageError: It does not exist, or is not a repository.
    """
    path = Path(folder).expanduser().absolute()
    if not path.exists():
        raise UsageError(f"{path} does not exist; give the root of the Deadline repository")
    if not path.is_dir():
        raise UsageError(f"{path} is a file; give the root of the Deadline repository, which is a folder")
    names = {entry.name for entry in path.iterdir()}
    if names & _CLIENT_FILES:
        raise UsageError(
            f"{path} is the bin folder of a Deadline Client; give the root of the repository, which"
            " 'deadlinecommand -GetRepositoryRoot' names"
        )
    parts = [part.lower() for part in path.parts]
    if ("deadline10", "cache") in zip(parts, parts[1:]):  # plugin API, section 4.8
        raise UsageError(
            f"{path} is this machine's cache of what a Remote Connection Server handed out; install on a machine that"
            " sees the repository itself"
        )
    if path.name == "custom" and names:
        raise UsageError(f"{path} is a part of the repository; give its root, {path.parent}")
    if names and not names & _FOLDERS:
        raise UsageError(
            f"{path} does not look like a Deadline repository: it is not empty, and has none of the folders"
            f" {', '.join(sorted(_FOLDERS))}"
        )
    return path
