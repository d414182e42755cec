"""The files below a repository's ``custom`` folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Optional

from .apply import is_temporary
from .contents import OWN_FOLDERS, TOP_FOLDERS, digest_of
from .lock import LOCK
from .record import InstallationError

CACHE = "__pycache__"
CUSTOM = "."
"""The name of the folder itself, below itself."""


class Custom:
    """The ``custom`` folder."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "custom"

    def digest(self, path: str) -> Optional[str]:
        """The digest of a file; None if there is none.

        Raises:
            InstallationError: It is a folder, or cannot be read.
        """
        try:
            return digest_of((self.folder / path).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InstallationError(f"{self.folder / path} cannot be read: {error.strerror}") from error

    def missing_folders(self, paths: Iterable[str]) -> set[str]:
        """The folders of these files that do not exist."""
        folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
        return {folder for folder in folders if not (self.folder / folder).is_dir()}

    def own_files(self) -> Iterator[str]:
        """All files in the folders that hold nothing but ours, except temporary ones."""
        for path in self._below(OWN_FOLDERS):
            if path.is_file() and not is_temporary(path) and CACHE not in path.parts:
                yield path.relative_to(self.folder).as_posix()

    def unfinished(self) -> list[Path]:
        """Lock and temporary files of an installation that is running, or was killed."""
        lock = self.folder / LOCK
        return [*self.temporary_files(), *([lock] if lock.exists() else [])]

    def temporary_files(self) -> list[Path]:
        """The temporary files of all installations."""
        return [path for path in (*self.folder.glob(".*"), *self._below(TOP_FOLDERS)) if is_temporary(path)]

    def _below(self, folders: Iterable[str]) -> Iterator[Path]:
        for name in folders:
            yield from sorted((self.folder / name).rglob("*"))
