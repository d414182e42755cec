"""Plan hooks: functions of the studio that are given every plan and return it adjusted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.errors import HookError, error_line
from ..core.text import is_one_line
from ..core.warnings import PlanWarning, WarningKind
from ..planning.checks import secret_warnings
from ..planning.plan import Dependency, Job, Plan
from ..settings.environment import KINDS
from ..settings.job_info_keys import check_entries
from ..settings.kinds import suggestion
from ..settings.layers import changed_job_info
from ..workflows.entry_points import find_entry_points

GROUP = "flowpipe_deadline.plan_hooks"
# What is evaluated, and how it is cut: the node records say the same.
_FIXED = ("key", "node", "graph", "interpreter", "frame_mode", "frames", "chunk_size")


@dataclass(frozen=True)
class Hook:
    """An installed plan hook."""

    name: str
    value: str
    """Where it is: ``module:function``."""
    package: str
    """The package that installed it."""

    def __str__(self) -> str:
        return f"the plan hook '{self.name}' ({self.value}, of {self.package})"


def find_hooks() -> tuple[Hook, ...]:
    """The installed hooks, in the order in which they run: that of their names."""
    found = {Hook(*point) for point in find_entry_points(GROUP)}
    return tuple(sorted(found, key=lambda hook: (hook.name, hook.value, hook.package)))


def apply_hooks(plan: Plan, *, disabled: Collection[str] = ()) -> Plan:
    """The plan as the hooks return it, one after the other, without those whose names are ``disabled``.

    A disabled name that no hook has is a warning of the plan, and so are variables of theirs that look like secrets.

    Raises:
        HookError: A hook cannot be loaded, raises, or returns something other than a plan of the same work.
    """
    planned, found = plan, find_hooks()
    hooks = [hook for hook in found if hook.name not in disabled]
    records = _record_texts(plan) if hooks else {}
    for hook in hooks:
        plan = _applied(hook, plan, records)
    new, known = ([job.job_info for job in jobs] for jobs in (plan.jobs, planned.jobs))
    odd = (*unknown_hooks(disabled, found), *secret_warnings(new, known=known))
    return replace(plan, warnings=(*plan.warnings, *odd)) if odd else plan


def unknown_hooks(disabled: Iterable[str], found: Iterable[Hook]) -> tuple[PlanWarning, ...]:
    """A warning for each disabled name that no hook has.

    It is not an error, because one studio file serves machines and applications with different packages.
    """
    names = list(dict.fromkeys(hook.name for hook in found))
    listed = f"installed here: {', '.join(names)}" if names else "no hook is installed here"
    return tuple(
        PlanWarning(
            WarningKind.UNKNOWN_HOOK,
            "warning",
            f"there is no plan hook '{name}' here, which the studio file disables",
            suggestion(name, names, otherwise=listed).replace("Did", "did", 1),
        )
        for name in disabled
        if name not in names
    )


def with_settings(job: Job, settings: Mapping[str, Any]) -> Job:
    """The job with these settings, named as in ``metadata["deadline"]``, in place of those that it has.

    A list replaces the whole list, and settings that a new one excludes are removed. Environment variables are added to
    those that the job has, and so is what they hold.

    Raises:
        SettingError: A setting does not exist or does not fit.
        PreflightError: Several do not.
    """
    job_info, parsed = changed_job_info(job.job_info, settings, label=job.label)
    return replace(
        job,
        job_info=job_info,
        extra_info=tuple({**dict(job.extra_info), **dict(parsed.extra_info)}.items()),
        environment_kinds=tuple({**dict(job.environment_kinds), **dict(parsed.environment_kinds)}.items()),
    )


def _failure(hook: Hook, what: str, error: BaseException) -> HookError:
    advice = f"to go without it, set  disabled = ['{hook.name}']  in [hooks] of the studio file"
    return HookError(f"{hook} {what} {error_line(error)}; {advice}")


def _applied(hook: Hook, plan: Plan, records: Mapping[str, str]) -> Plan:
    from importlib import metadata  # noqa: PLC0415 (takes long to import, and most studios have no hooks)

    try:
        function = metadata.EntryPoint(hook.name, hook.value, GROUP).load()
    except (Exception, SystemExit) as error:  # Anybody's module.
        raise _failure(hook, "cannot be loaded:", error) from error
    try:
        adjusted = function(plan)
    except (Exception, SystemExit) as error:  # Anybody's function.
        raise _failure(hook, "raised", error) from error
    if not isinstance(adjusted, Plan):
        raise HookError(f"{hook} returned {adjusted!r:.80}; it has to return the plan, adjusted")
    errors = list(_type_errors(adjusted)) or list(_plan_errors(adjusted, plan, records))
    if errors:
        raise HookError(f"{hook} returned a plan that cannot be submitted: {'; '.join(errors[:3])}")
    return adjusted


def _record_texts(plan: Plan) -> dict[str, str]:
    """The node records by key, as texts: a hook could change a record in place."""
    jobs = {job.key: json.dumps(job.record) for job in plan.jobs}
    return {**jobs, **{node.key: json.dumps(node.record) for node in plan.omitted}}


def _type_errors(plan: Plan) -> Iterator[str]:
    """What is not of the declared type; the tuples first, as nothing else can be read without them."""
    untyped = [name for name in ("jobs", "omitted", "warnings") if not isinstance(getattr(plan, name), tuple)]
    if untyped:
        yield from (f"its {name} is not a tuple" for name in untyped)
        return
    yield from (f"{job!r:.80} is not a job" for job in plan.jobs if not isinstance(job, Job))
    yield from (f"{item!r:.80} is not a warning" for item in plan.warnings if not isinstance(item, PlanWarning))


def _plan_errors(adjusted: Plan, plan: Plan, records: Mapping[str, str]) -> Iterator[str]:
    """What makes it a plan of other work than ``plan``, whose node records were ``records``."""
    planned = {job.key: job for job in plan.jobs}
    keys = [job.key for job in adjusted.jobs]
    if sorted(keys) != sorted(planned):
        missing, added = sorted(planned.keys() - set(keys)), sorted(set(keys) - planned.keys())
        yield f"its jobs are not those that were planned: {', '.join(missing)} missing, {', '.join(added)} added"
        return
    if adjusted.name != plan.name or adjusted.omitted != plan.omitted:
        yield "its name or its omitted nodes are not those that were planned"
    if adjusted.code != plan.code:
        yield "the code that travels with it was changed"
    if any(records.get(key) != record for key, record in _record_texts(adjusted).items()):
        yield "a node record was changed"
    seen: set[str] = set()
    for job in adjusted.jobs:
        yield from (f"{job.key}: {error}" for error in _job_errors(job, planned[job.key], seen))
        seen.add(job.key)


def _job_errors(job: Job, planned: Job, seen: Collection[str]) -> Iterator[str]:
    yield from (f"its {name} was changed" for name in _FIXED if getattr(job, name) != getattr(planned, name))
    for name in ("job_info", "extra_info", "environment_kinds"):
        entries = getattr(job, name)
        if not _are_entries(entries):
            yield f"its {name} is not a tuple of pairs of texts, each of one line"
        elif name == "job_info":
            yield from map(str, check_entries(entries))
        elif name == "environment_kinds":
            yield from (f"its {name} has {kind!r}, not a kind" for _, kind in entries if kind not in KINDS)
        else:
            bad = [key for key, _ in entries if not key.strip() or "=" in key]
            yield from (f"extra_info has {key!r}, which is not a name" for key in bad)
    if not isinstance(job.notes, tuple) or not all(isinstance(note, str) for note in job.notes):
        yield "its notes are not a tuple of texts"
    if isinstance(job.dependencies, tuple) and all(isinstance(item, Dependency) for item in job.dependencies):
        yield from _dependency_errors(job, planned, seen)
    else:
        yield "its dependencies are not a tuple of dependencies"


def _dependency_errors(job: Job, planned: Job, seen: Collection[str]) -> Iterator[str]:
    """A planned dependency stays as it is, or becomes one on the whole job; new ones are on whole jobs."""
    kinds = {item.upstream: item.kind for item in job.dependencies}
    before = {item.upstream: item.kind for item in planned.dependencies}
    if len(kinds) < len(job.dependencies):
        yield "it waits for a job twice"
    for upstream, kind in kinds.items():
        if upstream not in seen:
            yield f"it waits for {upstream}, which is not a job that comes before it"
        if kind not in (before.get(upstream, "job"), "job"):
            yield f"it waits for {upstream} by '{kind}', which was not planned so"
    for upstream in before.keys() - kinds.keys():
        yield f"it does not wait any more for {upstream}, which feeds it"
    if {"frame", "job"} <= set(kinds.values()):
        yield "it waits for one job frame by frame, and for all of another: Deadline has one switch for both"


def _are_entries(entries: Any) -> bool:
    if not isinstance(entries, tuple) or not all(isinstance(entry, tuple) and len(entry) == 2 for entry in entries):
        return False
    texts = [text for entry in entries for text in entry]
    return all(isinstance(text, str) and is_one_line(text) and text == text.strip() for text in texts)
