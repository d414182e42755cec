"""Whether a plan that a hook gave back is one of the same work."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.errors import HookError, SettingError
from ..core.warnings import ErrorCollector, PlanWarning, WarningKind
from ..planning.plan import Dependency, Job, Plan
from ..settings.job_info_keys import ENVIRONMENT_KEY, check_entries
from ..settings.kinds import UnfitError, suggestion, text
from ..settings.layers import ousted_settings, setting_name
from ..settings.parse import parse_job_settings
from .entry_points import find_entry_points

# What is done, how it is cut, and for which node: also in the node records, which must say the same.
_FIXED = ("key", "node", "graph", "interpreter", "frame_mode", "frames", "chunk_size")


def record_texts(plan: Plan) -> dict[str, str]:
    """The node records by key, as texts: a hook could change a record in place."""
    jobs = {job.key: json.dumps(job.record) for job in plan.jobs}
    return {**jobs, **{node.key: json.dumps(node.record) for node in plan.omitted}}


def violations(adjusted: Plan, plan: Plan, *, records: Mapping[str, str]) -> list[str]:
    """What is wrong with the plan that came back for ``plan``; ``records`` are those that were planned."""
    wrong = [f"its {name} is no tuple" for name in ("jobs", "omitted", "warnings") if not _is_tuple(adjusted, name)]
    if wrong:
        return wrong
    wrong += [f"{job!r:.80} is no job" for job in adjusted.jobs if not isinstance(job, Job)]
    wrong += [f"{warning!r:.80} is no finding" for warning in adjusted.warnings if not isinstance(warning, PlanWarning)]
    if wrong:
        return wrong
    planned = {job.key: job for job in plan.jobs}
    keys = [job.key for job in adjusted.jobs]
    if sorted(keys) != sorted(planned):
        missing, added = sorted(planned.keys() - set(keys)), sorted(set(keys) - planned.keys())
        return [f"its jobs are not those that were planned: {', '.join(missing)} missing, {', '.join(added)} added"]
    if adjusted.name != plan.name or adjusted.omitted != plan.omitted:
        wrong.append("its name or its omitted nodes are not those that were planned")
    if {key: record for key, record in record_texts(adjusted).items() if records.get(key) != record}:
        wrong.append("a node record was changed")
    seen: set[str] = set()
    for job in adjusted.jobs:
        wrong += [f"{job.key}: {reason}" for reason in _job_violations(job, planned[job.key], seen)]
        seen.add(job.key)
    return wrong


def _is_tuple(plan: Plan, name: str) -> bool:
    return isinstance(getattr(plan, name), tuple)


def _job_violations(job: Job, planned: Job, seen: set[str]) -> Iterator[str]:
    yield from (f"its {name} was changed" for name in _FIXED if getattr(job, name) != getattr(planned, name))
    for name in ("job_info", "extra_info"):
        entries = getattr(job, name)
        if not _are_entries(entries):
            yield f"its {name} is no tuple of pairs of texts, each of one line"
        elif name == "job_info":
            yield from (str(problem) for problem in check_entries(entries))
        else:
            yield from (
                f"extra_info has {key!r}, which is no name" for key, _ in entries if not key.strip() or "=" in key
            )
    if not isinstance(job.notes, tuple) or not all(isinstance(note, str) for note in job.notes):
        yield "its notes are no tuple of texts"
    if not isinstance(job.dependencies, tuple) or not all(isinstance(item, Dependency) for item in job.dependencies):
        yield "its dependencies are no tuple of dependencies"
        return
    yield from _dependency_violations(job, planned, seen)


def _dependency_violations(job: Job, planned: Job, seen: set[str]) -> Iterator[str]:
    """Every planned dependency has to stay, as it was or as one on the whole job; further ones are on whole jobs."""
    kinds = {item.upstream: item.kind for item in job.dependencies}
    before = {item.upstream: item.kind for item in planned.dependencies}
    if len(kinds) < len(job.dependencies):
        yield "it waits for a job twice"
    for upstream, kind in kinds.items():
        if upstream not in seen:
            yield f"it waits for {upstream}, which is no job that comes before it"
        if kind not in (before.get(upstream, "job"), "job"):
            yield f"it waits for {upstream} by '{kind}', which was not planned so"
    for upstream in before.keys() - kinds.keys():
        yield f"it does not wait for {upstream} any more, which feeds it"
    if {"frame", "job"} <= set(kinds.values()):
        yield "it waits for one job frame by frame, and for all of another: Deadline has one switch for both"


def _are_entries(entries: Any) -> bool:
    if not isinstance(entries, tuple):
        return False
    return all(isinstance(entry, tuple) and len(entry) == 2 and all(map(_is_line, entry)) for entry in entries)


def _is_line(value: Any) -> bool:
    try:
        return bool(text(value) == value)
    except UnfitError:
        return False


GROUP = "flowpipe_deadline.plan_hooks"


@dataclass(frozen=True)
class Hook:
    """A plan hook that is installed."""

    name: str
    value: str
    """Where it is: ``module:function``."""
    package: str
    """What installed it."""

    def __str__(self) -> str:
        return f"the plan hook '{self.name}' ({self.value}, of {self.package})"


def find_hooks() -> tuple[Hook, ...]:
    """The hooks that are installed, in the order in which they are run: that of their names."""
    found = {Hook(*point) for point in find_entry_points(GROUP)}
    return tuple(sorted(found, key=lambda hook: (hook.name, hook.value, hook.package)))


def apply_hooks(plan: Plan, *, disabled: Collection[str] = ()) -> Plan:
    """The plan as the hooks give it back, one after the other; ``disabled`` are the names of those that do not run.

    A name among these that no hook has is a warning of the plan.

    Raises:
        HookError: A hook cannot be loaded, raises, or gives what is no plan of the same work.
    """
    found = find_hooks()
    hooks = [hook for hook in found if hook.name not in disabled]
    records = record_texts(plan) if hooks else {}
    for hook in hooks:
        plan = _applied(hook, plan, records)
    strange = unknown_hooks(disabled, found)
    return replace(plan, warnings=(*plan.warnings, *strange)) if strange else plan


def unknown_hooks(disabled: Iterable[str], found: Iterable[Hook]) -> tuple[PlanWarning, ...]:
    """A warning for each name that is switched off and that no hook has: nothing is switched off by it.

    No error, because one studio file serves machines and applications that have different packages.
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
    """The job with these settings, called as in ``metadata["deadline"]``, in place of what it says of them.

    A list takes the place of the whole list, and what cannot stand beside a setting goes. Variables of the environment
    come to those that it has.

    Raises:
        SettingError: A setting does not exist or does not fit.
        PreflightError: Several do not.
    """
    own = [entry for entry in job.job_info if not entry[0].startswith(ENVIRONMENT_KEY)]
    variables = [text.partition("=")[::2] for key, text in job.job_info if key.startswith(ENVIRONMENT_KEY)]
    environment = {**dict(variables), **(settings.get("environment") or {})}
    parsed = parse_job_settings({**settings, "environment": environment}, environ={})
    ErrorCollector(SettingError(job.label, str(problem)) for problem in parsed.errors).raise_all()
    said = {key.lower() for key, _ in parsed.job_info}
    ousted = {*ousted_settings(settings), *filter(None, (setting_name(key) for key, _ in parsed.job_info))}
    kept = [entry for entry in own if entry[0].lower() not in said and setting_name(entry[0]) not in ousted]
    return replace(
        job,
        job_info=(*kept, *parsed.job_info),
        extra_info=tuple({**dict(job.extra_info), **dict(parsed.extra_info)}.items()),
    )


def _applied(hook: Hook, plan: Plan, records: Mapping[str, str]) -> Plan:
    from importlib import metadata  # noqa: PLC0415 (takes long to import, and most studios have no hooks)

    try:
        function = metadata.EntryPoint(hook.name, hook.value, GROUP).load()
    except (Exception, SystemExit) as error:  # Anybody's module.
        raise HookError(f"{hook} cannot be loaded: {type(error).__name__}: {error}") from error
    try:
        adjusted = function(plan)
    except (Exception, SystemExit) as error:  # Anybody's function.
        raise HookError(f"{hook} raised {type(error).__name__}: {error}") from error
    if not isinstance(adjusted, Plan):
        raise HookError(f"{hook} gave {adjusted!r:.80}, which is no plan; it has to return the plan that it was given")
    wrong = violations(adjusted, plan, records=records)
    if wrong:
        raise HookError(f"{hook} gave a plan that cannot be: {'; '.join(wrong[:3])}")
    return adjusted
