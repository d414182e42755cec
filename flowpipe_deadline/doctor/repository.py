"""What of ours lies in the repository, and how that differs from what this version would bring."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from ..bundle.templates import PLUGIN
from ..core.files import RecordError, read_record
from ..core.warnings import WarningKind
from ..deadline.client import RepositoryInfo, SubmissionError
from ..deadline.process import DeadlineCommand, ProcessClient
from ..installation import check
from ..installation.packages import own_version
from ..installation.record import RECORD
from ..planning.plan import Plan
from ..preflight.repository import TASK_LIMIT, repository_warnings
from .report import Check, Verdict, check_of

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
        for one in report.differences:
            differences[one.difference] = (*differences.get(one.difference, ()), one.path)
        return Installed(report.installed.version, differences)
    return None if command is None else _ask_for_record(command)


def _ask_for_record(command: DeadlineCommand) -> Optional[Installed]:
    """What the record says: a Remote Connection Server hands out files that are asked for by name, and no others."""
    try:
        told = ProcessClient(command).run(["-GetRepositoryFilePath", RECORD, "True"]).splitlines()
    except SubmissionError:
        return None
    paths = [Path(line.strip()) for line in told if line.strip()]
    if not paths or not paths[-1].is_file():
        return None
    try:
        return Installed(str(read_record(paths[-1], version=_FORMAT, keys=("version",))["version"]))
    except RecordError:
        return None


# Of what can differ, what keeps tasks from being what they were planned as; the rest may be the studio's will.
_BROKEN = ("missing", "older", "newer", "unfinished")


def check_root(facts: RepositoryInfo) -> Check:
    """Where the repository is, and whether it can be seen from here."""
    name = "repository"
    if not facts.root:
        advice = "see that this machine is connected to a repository: deadlinecommand -GetRepositoryRoot"
        return Check(name, "problem", "Deadline does not say where its repository is", advice)
    if Path(facts.root).is_dir():
        return Check(name, "ok", facts.root, facts={"visible": True})
    found = f"{facts.root} cannot be seen from this machine"
    return Check(name, "unknown", found, "no matter behind a Remote Connection Server", {"visible": False})


def check_plugin(facts: RepositoryInfo, installed: Optional[Installed]) -> Check:
    """Whether the plugin is there, and of this version."""
    is_listed = None if facts.plugins is None else PLUGIN in facts.plugins
    version = None if installed is None else installed.version
    differences = {} if installed is None else dict(installed.differences)
    told = {"listed": is_listed, "version": version, "own_version": own_version(), "differences": differences}
    verdict, found, advice = _judge(is_listed, installed)
    install = f"flowpipe-deadline install {facts.root or 'REPOSITORY'}"
    return Check("plugin", verdict, found, advice.format(install), told)


def _judge(is_listed: Optional[bool], installed: Optional[Installed]) -> tuple[Verdict, str, str]:
    """The verdict, what was found, and what to do."""
    if is_listed is False:
        return "problem", f"the repository has no plugin {PLUGIN}", "install it:  {}"
    if installed is None:
        where = "is there" if is_listed else "may be there"
        advice = "run the doctor where the repository can be seen"
        return "unknown", f"{PLUGIN} {where}; its version cannot be told from here", advice
    if installed.version is None:
        found = f"{PLUGIN} is there, but nothing tells which version" if is_listed else f"{PLUGIN} is not installed"
        return "warning" if is_listed else "problem", found, "install it:  {}"
    if installed.version != own_version():
        found = f"{PLUGIN} {installed.version} is installed, and this is {own_version()}"
        return "problem", found, "use the same version here, or install this one:  {}"
    found = f"{PLUGIN} {installed.version} is installed"
    if not installed.differences:
        return "ok", found, ""
    counts = ", ".join(f"{len(paths)} {kind}" for kind, paths in installed.differences.items())
    is_broken = any(kind in _BROKEN for kind in installed.differences)
    advice = "compare, and install it again:  {0} --check;  {0}"
    return "problem" if is_broken else "warning", f"{found}, but files differ: {counts}", advice


def check_names(facts: RepositoryInfo, plan: Optional[Plan], *, tolerated: Collection[WarningKind]) -> Check:
    """How many pools, groups and limits there are, and whether those that the settings name are among them."""
    lists = {"pools": facts.pools, "groups": facts.groups, "limits": facts.limits}
    counts = {kind: None if names is None else len(names) for kind, names in lists.items()}
    found = ", ".join(f"{kind}: {'not told' if count is None else count}" for kind, count in counts.items())
    warnings = () if plan is None else repository_warnings(plan, facts)
    verdict: Verdict = "unknown" if None in counts.values() else "ok"
    return check_of("pools and groups", warnings, Check("", verdict, found, facts=counts), tolerated=tolerated)


def check_limits(facts: RepositoryInfo) -> Check:
    """Maximum priority, and tasks per job."""
    name = "limits of jobs"
    told = {"maximum_priority": facts.maximum_priority, "task_limit": facts.task_limit}
    if None in told.values():
        advice = f"{TASK_LIMIT} tasks per job are taken for the limit" * (facts.task_limit is None)
        return Check(name, "unknown", "Deadline does not tell all of them", advice, told)
    found = f"priority up to {facts.maximum_priority}, {facts.task_limit} tasks per job"
    return Check(name, "ok", found, facts=told)
