"""What a plan asks of the repository and cannot have: numbers above its limits, names that it does not know."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Optional

from ..bundle.templates import PLUGIN
from ..core.text import listing
from ..core.warnings import PlanWarning, WarningKind
from ..deadline.client import RepositoryInfo
from ..planning.plan import Job, Plan

TASK_LIMIT = 5000
"""Deadline's own limit of tasks per job, where the repository does not tell another (submission, section 7)."""
_NONE = "none"  # The pool and the group that every repository has.


def repository_warnings(plan: Plan, repository: Optional[RepositoryInfo]) -> tuple[PlanWarning, ...]:
    """What does not fit; what the repository does not tell is not judged, but for the number of tasks."""
    info = repository or RepositoryInfo()
    registers = _registers(info)
    verdicts: dict[tuple[str, str], Optional[PlanWarning]] = {}
    warnings: list[PlanWarning] = []
    for job in plan.jobs:
        entries = {key.lower(): value for key, value in job.job_info}
        warnings += _task_warnings(job, info.task_limit)
        warnings += _priority_warnings(job, entries.get("priority", ""), info.maximum_priority)
        for register in registers:
            for name in register.names_in(entries.get(register.key, "")):
                if (register.key, name) not in verdicts:
                    verdicts[register.key, name] = register.judge(name)
                verdict = verdicts[register.key, name]
                warnings += [] if verdict is None else [replace(verdict, node=job.short_label)]
    return tuple(warnings)


def plugin_warnings(repository: Optional[RepositoryInfo]) -> tuple[PlanWarning, ...]:
    """An error if the repository has not got the plugin."""
    if repository is None or repository.plugins is None:
        return ()
    register = _Register(WarningKind.MISSING_PLUGIN, "plugin", "plugin", repository.plugins, _one_name)
    warning = register.judge(PLUGIN)
    if warning is None:
        return ()
    return (replace(warning, advice=f"install it:  flowpipe-deadline install {repository.root or 'REPOSITORY'}"),)


def _task_warnings(job: Job, limit: Optional[int]) -> Iterator[PlanWarning]:
    most = TASK_LIMIT if limit is None else limit
    if 0 < most < job.task_count:  # What a limit of 0 means is not documented; surely not that there are no jobs.
        whose = "Deadline takes" if limit is None else "the repository takes"
        fitting = -(-len(job.frames) // most)
        text = f"it has {job.task_count} tasks, and {whose} {most} per job"
        advice = f"set a batch size of at least {fitting}"
        yield _error(WarningKind.TASK_LIMIT, job, text, advice)


def _priority_warnings(job: Job, priority: str, maximum: Optional[int]) -> Iterator[PlanWarning]:
    if maximum is not None and priority.isdecimal() and int(priority) > maximum:
        text = f"a priority of {priority} is above the repository's maximum"
        yield _error(WarningKind.PRIORITY, job, text, f"use at most {maximum}")


@dataclass(frozen=True)
class _Register:
    """Names of one kind that the repository knows."""

    kind: WarningKind
    noun: str
    key: str
    """The job info key that names them, in small letters."""
    known: tuple[str, ...]
    names_in: Callable[[str], tuple[str, ...]]
    """The names in the value of that key."""

    def judge(self, name: str) -> Optional[PlanWarning]:
        """What is wrong with the name, if anything is."""
        if name in self.known:
            return None
        by_folded = {known.casefold(): known for known in self.known}
        same = by_folded.get(name.casefold())
        if same is not None:
            return PlanWarning(
                kind=WarningKind.LETTER_CASE,
                severity="warning",
                text=f"the {self.noun} '{name}' is spelt '{same}' in the repository",
                advice="write it so, as Deadline may tell them apart",
            )
        guess = difflib.get_close_matches(name.casefold(), by_folded, n=1)
        there_are = listing(self.known, most=10) or "none"
        return PlanWarning(
            kind=self.kind,
            severity="error",
            text=f"the repository has no {self.noun} '{name}'",
            advice=f"did you mean '{by_folded[guess[0]]}'?" if guess else f"it has {there_are}",
        )


def _registers(info: RepositoryInfo) -> list[_Register]:
    """A register for each kind of name that the repository tells."""
    registers = (
        (WarningKind.UNKNOWN_POOL, "pool", "pool", info.pools, _one_name),
        (WarningKind.UNKNOWN_POOL, "pool", "secondarypool", info.pools, _one_name),
        (WarningKind.UNKNOWN_GROUP, "group", "group", info.groups, _one_name),
        (WarningKind.UNKNOWN_LIMIT, "limit", "limitgroups", info.limits, _several_names),
    )
    return [
        _Register(kind=kind, noun=noun, key=key, known=known, names_in=names_in)
        for kind, noun, key, known, names_in in registers
        if known is not None
    ]


def _one_name(text: str) -> tuple[str, ...]:
    return () if text.casefold() in ("", _NONE) else (text,)


def _several_names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))


def _error(kind: WarningKind, job: Job, text: str, advice: str) -> PlanWarning:
    return PlanWarning(kind=kind, severity="error", text=text, advice=advice, node=job.short_label)
