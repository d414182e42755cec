"""Checks of the repository: Deadline's version, the plugin, and the names and limits that jobs have to fit."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..bundle.templates import PLUGIN
from ..core.files import RecordError, read_record
from ..core.text import counted, listing
from ..core.warnings import WarningKind
from ..deadline.client import RepositoryInfo, SubmissionError
from ..deadline.command_output import parse_lines
from ..deadline.process import DeadlineCommand, ProcessClient
from ..installation.check import check
from ..installation.disk import FOLDERS
from ..installation.record import FORMAT, RECORD
from ..offline.packages import own_version
from ..planning.plan import Plan
from ..preflight.repository import TASK_LIMIT, repository_warnings
from .recorder import RecordedCommand
from .report import Check, Verdict

_VERSION = re.compile(r"\bv?((\d+)\.(\d+)(?:\.\d+)+)")
_EARLIEST = (10, 1)  # Deadline 10.0 runs plugins by Python 2.7 (submission, section 8).
_MADE_FOR = 10
# Differences that make tasks fail or go wrong; the others may be the studio's will.
_BROKEN = ("missing", "older", "newer", "unfinished")


def check_version(text: str | None) -> Check:
    """Deadline's version, as it prints it."""
    name = "Deadline"
    found = _VERSION.search(text or "")
    if found is None:
        return Check(name, "unknown", f"it prints no version, but: {text}" if text else "it prints no version")
    shown, numbers = f"version {found[1]}", (int(found[2]), int(found[3]))
    details = {"version": found[1], "told": text}
    if numbers < _EARLIEST:
        advice = f"use {_EARLIEST[0]}.{_EARLIEST[1]} or later: before, it runs plugins by Python 2.7"
        return Check(name, "problem", shown, advice, details)
    if numbers[0] != _MADE_FOR:
        return Check(name, "warning", shown, f"flowpipe-deadline was made for {_MADE_FOR}", details)
    return Check(name, "ok", shown, details=details)


def printed_version(command: RecordedCommand | None) -> str | None:
    """What the last ``-GetVersion`` printed."""
    exchanges = command.exchanges[::-1] if command is not None else []
    return next((one.result.output.strip() for one in exchanges if one.arguments == ("-GetVersion",)), None)


def check_root(info: RepositoryInfo) -> Check:
    """Where the repository is, and whether it can be seen from here."""
    name = "repository"
    if not info.root:
        advice = "see that this machine is connected to a repository: deadlinecommand -GetRepositoryRoot"
        return Check(name, "problem", "Deadline does not say where its repository is", advice)
    advice = "no matter behind a Remote Connection Server; elsewhere, mount the repository there"
    if not Path(info.root).is_dir():
        found = f"{info.root} cannot be seen from this machine"
        return Check(name, "unknown", found, advice, {"visible": False})
    if FOLDERS.isdisjoint(path.name for path in Path(info.root).iterdir()):
        found = f"{info.root} has none of the folders of a repository: {', '.join(sorted(FOLDERS))}"
        return Check(name, "warning", found, advice, {"visible": False})
    return Check(name, "ok", info.root, details={"visible": True})


@dataclass(frozen=True)
class Installed:
    """The plugin that is installed."""

    version: str | None
    """None if there is no record of one."""
    differences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Files that differ from this version's, by how they differ: missing, older, edited, ..."""


def read_installed(root: str | None, command: DeadlineCommand | None) -> Installed | None:
    """What is installed in the repository; None if this machine cannot find out.

    Raises:
        FlowpipeDeadlineError: The repository or the record in it is damaged.
        OSError: The repository cannot be read.
    """
    if root and (Path(root) / "custom").is_dir():
        report = check(root)
        differences: dict[str, tuple[str, ...]] = {}
        for one in report.differences:
            differences[one.difference] = (*differences.get(one.difference, ()), one.path)
        return Installed(report.installed.version, differences)
    if command is not None:
        # A Remote Connection Server hands out files that are asked for by name, and no others.
        with contextlib.suppress(SubmissionError, RecordError):
            lines = parse_lines(ProcessClient(command).run(["-GetRepositoryFilePath", RECORD, "True"]))
            if lines and Path(lines[-1]).is_file():
                return Installed(str(read_record(Path(lines[-1]), version=FORMAT, keys=("version",))["version"]))
    return None


def check_plugin(info: RepositoryInfo, installed: Installed | None) -> Check:
    """Whether the plugin is installed, in this version."""
    is_listed = None if info.plugins is None else PLUGIN in info.plugins
    version = None if installed is None else installed.version
    differences = {} if installed is None else dict(installed.differences)
    details = {"listed": is_listed, "version": version, "own_version": own_version(), "differences": differences}
    verdict, found, advice = _judge(is_listed, installed)
    install = f"flowpipe-deadline install {info.root or 'REPOSITORY'}"
    return Check("plugin", verdict, found, advice.format(install), details)


def _judge(is_listed: bool | None, installed: Installed | None) -> tuple[Verdict, str, str]:
    """The verdict, what was found, and what to do."""
    if is_listed is False:
        return "problem", f"the repository has no plugin {PLUGIN}", "install it:  {}"
    if installed is None:
        found = f"Deadline lists {PLUGIN}" if is_listed else f"whether {PLUGIN} is installed is not known"
        advice = "run the doctor where the repository can be seen"
        return "unknown", f"{found}; its version cannot be found out from here", advice
    if installed.version is None:
        lost = [path for path in installed.differences.get("missing", ()) if path.startswith("plugins/")]
        if is_listed and not lost:
            return "warning", f"{PLUGIN} is there, without a record of its version", "install it:  {}"
        found = f"Deadline lists {PLUGIN}, but its custom folder lacks" if is_listed else f"{PLUGIN} is not installed"
        return "problem", found + (f" {listing(lost)}" if is_listed else ""), "install it:  {}"
    if installed.version != own_version():
        found = f"{PLUGIN} {installed.version} is installed, and this is {own_version()}"
        return "problem", found, "use the same version here, or install this one:  {}"
    found = f"{PLUGIN} {installed.version} is installed"
    if not installed.differences:
        return "ok", found, ""
    counts = ", ".join(f"{len(paths)} {kind}" for kind, paths in installed.differences.items())
    is_broken = not installed.differences.keys().isdisjoint(_BROKEN)
    advice = "compare, and install it again:  {0} --check;  {0}"
    return "problem" if is_broken else "warning", f"{found}, but files differ: {counts}", advice


def check_names(info: RepositoryInfo, plan: Plan | None, *, tolerated: Collection[WarningKind]) -> Check:
    """How many pools, groups and limits there are, and whether those of the settings are among them."""
    lists = {"pools": info.pools, "groups": info.groups, "limits": info.limits}
    counts = {kind: None if names is None else len(names) for kind, names in lists.items()}
    found = ", ".join(f"{kind}: {'unknown' if count is None else count}" for kind, count in counts.items())
    check = Check("pools and groups", "unknown" if None in counts.values() else "ok", found, details=counts)
    return check if plan is None else check.with_warnings(repository_warnings(plan, info), tolerated=tolerated)


def check_limits(info: RepositoryInfo) -> Check:
    """The highest priority, and how many tasks a job may have."""
    name = "limits of jobs"
    details = {"maximum_priority": info.maximum_priority, "task_limit": info.task_limit}
    if info.task_limit == 0:  # What that means is not documented.
        return Check(name, "unknown", "Deadline gives a limit of 0 tasks per job", "no limit is assumed", details)
    if None in details.values():
        advice = "" if info.task_limit is not None else f"{TASK_LIMIT} tasks per job are assumed as the limit"
        return Check(name, "unknown", "Deadline does not give all of them", advice, details)
    found = f"priority up to {info.maximum_priority}, {counted(info.task_limit or 0, 'task')} per job"
    return Check(name, "ok", found, details=details)
