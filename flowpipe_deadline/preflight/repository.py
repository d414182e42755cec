"""What a plan asks of the repository and cannot have: numbers above its limits, names that it does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from ..bundle.templates import PLUGIN
from ..core.text import counted, listing
from ..core.warnings import PlanWarning, WarningKind
from ..deadline.client import RepositoryInfo
from ..planning.plan import Job, Plan

TASK_LIMIT = 5000
"""Deadline's own limit of tasks per job, where the repository does not tell another (submission, section 7)."""
_NONE = "none"  # The pool and the group that every repository has.


def repository_warnings(plan: Plan, repository: RepositoryInfo | None) -> tuple[PlanWarning, ...]:
    """What does not fit; what the repository does not tell is not checked, except for the number of tasks."""
    info = repository or RepositoryInfo()
    registers = (
        (WarningKind.UNKNOWN_POOL, "pool", "pool", info.pools, _one_name),
        (WarningKind.UNKNOWN_POOL, "pool", "secondarypool", info.pools, _one_name),
        (WarningKind.UNKNOWN_GROUP, "group", "group", info.groups, _one_name),
        (WarningKind.UNKNOWN_LIMIT, "limit", "limitgroups", info.limits, _several_names),
    )
    warnings: list[PlanWarning] = []
    for job in plan.jobs:
        entries = {key.lower(): value for key, value in job.job_info}
        warnings += _task_warnings(job, info.task_limit)
        warnings += _priority_warnings(job, entries.get("priority", ""), info.maximum_priority)
        for kind, noun, key, known, names_in in registers:
            for name in () if known is None else names_in(entries.get(key, "")):
                warning = _name_warning(kind, noun, name, known)
                warnings += [] if warning is None else [replace(warning, node=job.short_label)]
    return tuple(warnings)


def plugin_warnings(repository: RepositoryInfo | None) -> tuple[PlanWarning, ...]:
    """An error if the repository does not have the plugin."""
    if repository is None or repository.plugins is None:
        return ()
    warning = _name_warning(WarningKind.MISSING_PLUGIN, "plugin", PLUGIN, repository.plugins)
    advice = f"install it:  flowpipe-deadline install {repository.root or 'REPOSITORY'}"
    return () if warning is None else (replace(warning, advice=advice),)


def _task_warnings(job: Job, limit: int | None) -> Iterator[PlanWarning]:
    most = TASK_LIMIT if limit is None else limit
    if 0 < most < job.task_count:  # What a limit of 0 means is not documented; surely not that no jobs are allowed.
        taker = "Deadline takes" if limit is None else "the repository takes"
        text = f"it has {counted(job.task_count, 'task')}, and {taker} {most} per job"
        advice = f"set a batch size of at least {-(-len(job.frames) // most)}"
        yield PlanWarning(WarningKind.TASK_LIMIT, "error", text, advice, node=job.short_label)


def _priority_warnings(job: Job, priority: str, maximum: int | None) -> Iterator[PlanWarning]:
    if maximum is not None and priority.isdecimal() and int(priority) > maximum:
        text = f"a priority of {priority} is above the repository's maximum"
        yield PlanWarning(WarningKind.PRIORITY, "error", text, f"use at most {maximum}", node=job.short_label)


@lru_cache(maxsize=1000)
def _name_warning(kind: WarningKind, noun: str, name: str, known: tuple[str, ...]) -> PlanWarning | None:
    """What is wrong with the name, where the repository knows the ``known``."""
    if name in known:
        return None
    by_folded = {name.casefold(): name for name in known}
    same = by_folded.get(name.casefold())
    if same is not None:
        text = f"the {noun} '{name}' is spelt '{same}' in the repository"
        return PlanWarning(WarningKind.LETTER_CASE, "warning", text, "write it so, as Deadline may tell them apart")
    guess = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    there_are = listing(known, most=10) or "none"
    advice = f"did you mean '{by_folded[guess[0]]}'?" if guess else f"it has {there_are}"
    return PlanWarning(kind, "error", f"the repository has no {noun} '{name}'", advice)


def _one_name(text: str) -> tuple[str, ...]:
    return () if text.casefold() in ("", _NONE) else (text,)


def _several_names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
