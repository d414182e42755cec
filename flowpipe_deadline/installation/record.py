"""The record of an installation: ``installed.json`` beside the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ..core.errors import FlowpipeDeadlineError
from ..core.files import RecordError, json_bytes, parse_record
from .contents import PLUGIN_FOLDER

RECORD = f"{PLUGIN_FOLDER}/installed.json"
FORMAT = 1
_KEYS = ("version", "packages", "files", "folders", "pending")


class InstallationError(FlowpipeDeadlineError):
    """A repository cannot be installed into."""


@dataclass(frozen=True)
class Record:
    """What was installed; without a version, nothing yet."""

    version: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    """The versions of what the archive of packages holds, by distribution."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The digest of each file as that version brought it, by path below ``custom``."""
    folders: tuple[str, ...] = ()
    """The folders that were made for it, and for versions before it: others may have kept these from going."""
    pending: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further digests that each file may have while it is being installed. Only a killed installation leaves any."""

    def is_ours(self, path: str, digest: str) -> bool:
        """Whether the file is as it was, or was to be, installed, and was not edited."""
        return digest in (self.files.get(path), *self.pending.get(path, ()))

    @property
    def paths(self) -> tuple[str, ...]:
        """All files that were, or were to be, installed."""
        return tuple(sorted({*self.files, *self.pending}))

    def to_bytes(self) -> bytes:
        """The file's content."""
        return json_bytes({"format": FORMAT, **asdict(self)})


def read_installed(custom: Path) -> Record:
    """The record below this ``custom`` folder; an empty one if nothing was installed there.

    Raises:
        InstallationError: It is damaged, or of a newer version.
        OSError: It cannot be read.
    """
    path = custom / RECORD
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Record()
    try:
        return _parse(parse_record(data, name=str(path), version=FORMAT, keys=_KEYS))
    except (RecordError, TypeError, ValueError, AttributeError) as error:
        raise InstallationError(
            f"{path} is damaged, or written by a newer version of flowpipe-deadline: use that version; or delete the"
            " file and install again, then files that differ count as edited"
        ) from error


def _parse(data: Mapping[str, Any]) -> Record:
    record = Record(
        version=data["version"],
        packages=dict(data["packages"]),
        files=dict(data["files"]),
        folders=tuple(data["folders"]),
        pending={path: tuple(digests) for path, digests in data["pending"].items()},
    )
    for path in (*record.paths, *record.folders):
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\\" in path or ":" in path:
            raise ValueError(f"{path} is outside of the folder")
    return record
