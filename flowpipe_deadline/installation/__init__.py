"""Installs plugin, submitters and scripts into a repository's ``custom`` folder, compares, and takes them out again."""

from __future__ import annotations

from .changes import Change, Changes
from .check import Difference, Report, check
from .contents import Contents, read_contents
from .install import EditedFilesError, install, uninstall
from .record import InstallationError, Record, read_installed
from .repository import check_repository

__all__ = [
    "Change",
    "Changes",
    "Contents",
    "Difference",
    "EditedFilesError",
    "InstallationError",
    "Record",
    "Report",
    "check",
    "check_repository",
    "install",
    "read_contents",
    "read_installed",
    "uninstall",
]
