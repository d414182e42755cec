"""What of ours lies in the repository, and how that differs from what this version would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from ..deadline import SubmissionError
from ..farm.files import RecordError, read_record
from ..installation import check
from ..installation.record import RECORD
from ..ways.command import CommandFarm, DeadlineCommand

_FORMAT = 1


@dataclass(frozen=True)
class Installed:
    """What was installed."""

    version: Optional[str]
    """None if nothing was."""
    differences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Files that are not as this version would bring them, by how they differ: missing, older, edited, ..."""


def read_installed(root: Optional[str], command: Optional[DeadlineCommand]) -> Optional[Installed]:
    """What was installed into the repository; None if nobody here can tell.

    Raises:
        FlowpipeDeadlineError: The repository or the record in it is damaged.
        OSError: The repository cannot be read.
    """
    if root and (Path(root) / "custom").is_dir():
        report = check(root)
        differences: dict[str, tuple[str, ...]] = {}
        for finding in report.findings:
            differences[finding.difference] = (*differences.get(finding.difference, ()), finding.path)
        return Installed(report.installed.version, differences)
    return None if command is None else _ask_for_record(command)


def _ask_for_record(command: DeadlineCommand) -> Optional[Installed]:
    """What the record says: a Remote Connection Server hands out files that are asked for by name, and no others."""
    try:
        told = CommandFarm(command).run(["-GetRepositoryFilePath", RECORD, "True"]).splitlines()
    except SubmissionError:
        return None
    paths = [Path(line.strip()) for line in told if line.strip()]
    if not paths or not paths[-1].is_file():
        return None
    try:
        return Installed(str(read_record(paths[-1], version=_FORMAT, keys=("version",))["version"]))
    except RecordError:
        return None
