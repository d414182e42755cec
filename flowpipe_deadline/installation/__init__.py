"""Installs plugin, submitter and scripts into a repository's ``custom`` folder, compares, and uninstalls."""

from __future__ import annotations

from .changes import Changes
from .check import Report, check
from .contents import Contents
from .install import EditedFilesError, install, uninstall
from .record import InstallationError, read_installed
from .repository import check_repository

__all__ = [
    "Changes",
    "Contents",
    "EditedFilesError",
    "InstallationError",
    "Report",
    "check",
    "check_repository",
    "install",
    "read_installed",
    "uninstall",
]
