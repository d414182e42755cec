"""A repository on disk, and the files below its ``custom`` folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..core.bundle import AnyPath
from ..core.errors import UsageError, words_of
from ..core.files import is_there
from .apply import is_temporary
from .contents import OWN_FOLDERS, TOP_FOLDERS, digest_of
from .lock import LOCK
from .record import InstallationError

CACHE = "__pycache__"
CUSTOM = "."
"""The name of the folder itself, below itself."""
FOLDERS = frozenset({"custom", "plugins", "settings", "scripts", "submission", "events"})
"""Some folders of every repository (plugin API, section 4.8)."""
_CLIENT_FILES = frozenset({"deadlinecommand", "deadlinecommand.exe", "deadlineworker", "deadlineworker.exe"})


class Custom:
    """The ``custom`` folder of a repository."""

    def __init__(self, repository: AnyPath) -> None:
        """As ``check_repository``."""
        self.folder = check_repository(repository) / "custom"

    def digest(self, path: str) -> str | None:
        """The digest of a file; None if there is none.

        Raises:
            InstallationError: It is a folder, or cannot be read.
        """
        try:
            return digest_of((self.folder / path).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InstallationError(f"{self.folder / path} cannot be read: {words_of(error)}") from error

    def own_files(self) -> Iterator[str]:
        """All files in the folders that hold nothing but ours, except temporary ones."""
        for path in self._below(OWN_FOLDERS):
            if path.is_file() and not is_temporary(path) and CACHE not in path.parts:
                yield path.relative_to(self.folder).as_posix()

    def unfinished(self) -> list[Path]:
        """Lock and temporary files of an installation that is running, or was killed."""
        lock = self.folder / LOCK
        return [*self.temporary_files(), *([lock] if is_there(lock) else [])]

    def temporary_files(self) -> list[Path]:
        """The temporary files of all installations."""
        return [path for path in (*self.folder.glob(".*"), *self._below(TOP_FOLDERS)) if is_temporary(path)]

    def _below(self, folders: Iterable[str]) -> Iterator[Path]:
        for name in folders:
            yield from sorted((self.folder / name).rglob("*"))


def check_repository(folder: AnyPath) -> Path:
    """The full path of the repository; an empty folder may become one.

    Raises:
        UsageError: It does not exist, or is not a repository.
    """
    path = Path(folder).expanduser().absolute()
    if not is_there(path):
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
    if ("deadline10", "cache") in itertools.pairwise(parts):  # plugin API, section 4.8
        raise UsageError(
            f"{path} is this machine's cache of what a Remote Connection Server handed out; install on a machine that"
            " sees the repository itself"
        )
    if path.name == "custom" and names:
        raise UsageError(f"{path} is a part of the repository; give its root, {path.parent}")
    if names and not names & FOLDERS:
        raise UsageError(
            f"{path} does not look like a Deadline repository: it is not empty, and has none of the folders"
            f" {', '.join(sorted(FOLDERS))}"
        )
    return path
