"""Plan hooks: functions of a studio's own packages that adjust a plan before it is written.

A package offers one as an entry point of the group ``flowpipe_deadline.plan_hooks``: a callable that takes a ``Plan``
and gives one. It may change what Deadline is told of the jobs (``job_info``, ``extra_info``: ``with_settings`` does it
by readable names), their order and notes, and let them wait for more; the work itself stays as it was planned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any

from .errors import HookError, SettingError
from .findings import Finding, Kind
from .hook_checks import record_texts, violations
from .job_entries import parse_job_settings
from .layers import ousted_settings, setting_name
from .plan import Job, Plan
from .problems import Problems
from .raw_entries import ENVIRONMENT_KEY
from .setting_problems import suggestion

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
    found = {Hook(point.name, point.value, package) for point, package in _entry_points()}
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


def unknown_hooks(disabled: Iterable[str], found: Iterable[Hook]) -> tuple[Finding, ...]:
    """A warning for each name that is switched off and that no hook has: nothing is switched off by it.

    No error, because one studio file serves machines and applications that have different packages.
    """
    names = list(dict.fromkeys(hook.name for hook in found))
    listed = f"installed here: {', '.join(names)}" if names else "no hook is installed here"
    return tuple(
        Finding(
            Kind.UNKNOWN_HOOK,
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
    Problems(SettingError(job.label, str(problem)) for problem in parsed.problems).raise_all()
    said = {key.lower() for key, _ in parsed.job_info}
    ousted = {*ousted_settings(settings), *filter(None, (setting_name(key) for key, _ in parsed.job_info))}
    kept = [entry for entry in own if entry[0].lower() not in said and setting_name(entry[0]) not in ousted]
    return replace(
        job,
        job_info=(*kept, *parsed.job_info),
        extra_info=tuple({**dict(job.extra_info), **dict(parsed.extra_info)}.items()),
    )


def _applied(hook: Hook, plan: Plan, records: Mapping[str, str]) -> Plan:
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


def _entry_points() -> Iterator[tuple[metadata.EntryPoint, str]]:
    """Those of our group, with the name of what installed them; of a package that is there twice, the first one's."""
    # Python 3.9: entry_points() takes no group, and its points do not know where they come from.
    seen = set()
    for distribution in metadata.distributions():
        points = [point for point in distribution.entry_points if point.group == GROUP]
        package = str(distribution.metadata["Name"]) if points else ""
        if points and package not in seen:
            seen.add(package)
            yield from ((point, package) for point in points)
