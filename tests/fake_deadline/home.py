"""A fake Deadline's folder: its settings, its plugins, and the log of what it was asked.

Its folder:

========================= ==============================================================
``repository/``           what the repository's share would be: plugins/, custom/, …
``bin/deadlinecommand``   set DEADLINE_PATH to this folder
``settings.json``         what it is like, and what goes wrong; may be changed at any time
``jobs.sqlite``           the jobs
``calls.sqlite``          what it was asked
========================= ==============================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .calls import CallLog
from .executables import write_executables
from .faults import CALL_ACTIONS, OPERATION_ACTIONS, Fault
from .intake import DeadlineError
from .jobs import JobRepository
from .settings import Settings, SettingsError, read_settings, write_settings

_SETTINGS = "settings.json"
_JOBS = "jobs.sqlite"
_CALLS = "calls.sqlite"
_REPOSITORY_FOLDERS = ("plugins", "custom/plugins", "custom/submission", "custom/scripts", "submission", "scripts")
_Home = TypeVar("_Home", bound="Home")


class Home:
    """A fake Deadline's folder, opened."""

    def __init__(self, folder: str | Path) -> None:
        """Opens the one in the folder.

        Raises:
            SettingsError: There is none, or its settings are damaged.
        """
        self.folder = Path(folder).absolute()
        self._settings_stamp: object = None
        settings = self.settings
        self.repository = JobRepository(
            self.folder / _JOBS,
            failure_limit=settings.failure_limit,
            consecutive_chunks=settings.unknowns.consecutive_chunks,
            partly_pending=lambda: self.settings.unknowns.partly_pending,
            releases_at_once=False,
        )
        self.log = CallLog(self.folder / _CALLS)

    @classmethod
    def create(cls: type[_Home], folder: str | Path, **settings: Any) -> _Home:
        """A new one in the folder, without a job; the settings are those of ``Settings``.

        Raises:
            SettingsError: The folder holds one already, or a setting makes no sense.
        """
        path = Path(folder).absolute()
        if (path / _SETTINGS).exists():
            raise SettingsError(f"{path} holds a fake Deadline already; open it, or take another folder")
        wanted = Settings().changed(**settings)
        for name in _REPOSITORY_FOLDERS:
            (path / "repository" / name).mkdir(parents=True, exist_ok=True)
        write_executables(path)
        write_settings(path / _SETTINGS, wanted)
        return cls(path)

    def close(self) -> None:
        """Closes its files."""
        self.repository.close()
        self.log.close()

    def __enter__(self: _Home) -> _Home:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def root(self) -> Path:
        """The repository's folder."""
        return self.folder / "repository"

    @property
    def bin(self) -> Path:
        """The folder for DEADLINE_PATH."""
        return self.folder / "bin"

    @property
    def settings(self) -> Settings:
        """The settings in the file, read now."""
        try:
            status = os.stat(self.folder / _SETTINGS)
        except OSError as error:
            raise SettingsError(f"{self.folder} holds no fake Deadline: {error.strerror}") from error
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._settings_stamp:
            self._settings = read_settings(self.folder / _SETTINGS)
            self._settings_stamp = stamp
        return self._settings

    def change_settings(self, **changes: Any) -> None:
        """Changes settings for every process that asks from now on; ``unknowns`` may be a dictionary of some.

        Raises:
            SettingsError: There is no such setting, or it has no such value.
        """
        write_settings(self.folder / _SETTINGS, self.settings.changed(**changes))
        if "faults" in changes:
            self.log.restart_counts()

    def set_faults(self, *faults: Fault | Mapping[str, Any]) -> None:
        """Sets the faults in place of the earlier ones; calls are counted from here."""
        self.change_settings(faults=faults)

    @property
    def plugins(self) -> tuple[str, ...]:
        """The names of its plugins."""
        folders = [self.root / "plugins", self.root / "custom" / "plugins"]
        found = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_dir()}
        return tuple(sorted(found | set(self.settings.plugins)))

    def call_faults(self, *names: str) -> tuple[Fault, ...]:
        """The faults of the call with these names; to be called once per call."""
        return self.log.due(self.settings.faults, names, CALL_ACTIONS)

    def _begin(self, operation: str, arguments: Sequence[str] = ()) -> tuple[Fault, ...]:
        """Records the operation; the faults that it has to act out itself."""
        self.log.add("operation", operation, arguments)
        faults = self.log.due(self.settings.faults, [operation], OPERATION_ACTIONS)
        for fault in faults:
            if fault.do == "refuse":
                raise DeadlineError(fault.text("The repository is out of reach"))
        return faults
