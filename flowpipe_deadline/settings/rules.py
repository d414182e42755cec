"""Which settings exclude each other, and which have no effect without another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .kinds import InvalidSetting
from .table import SETTINGS

_EXCLUSIVE = (
    ("min_render_time_seconds", "min_render_time_minutes"),
    ("task_timeout_seconds", "task_timeout_minutes"),
    ("start_job_timeout_seconds", "start_job_timeout_minutes"),
    ("allow_list", "deny_list"),
    ("on_job_complete", "delete_on_complete", "archive_on_complete"),
)
_SWITCHES = {
    "interruptible": ("interruptible_percentage", "rem_time_threshold"),
    "machine_limit": ("machine_limit_progress",),
    "override_job_failure_detection": ("failure_detection_job_errors",),
    "override_task_failure_detection": ("failure_detection_task_errors",),
    "override_auto_job_cleanup": ("override_job_cleanup",),
    "override_job_cleanup": ("job_cleanup_days", "override_job_cleanup_type"),
    "override_notification_method": ("email_notification", "popup_notification"),
    "override_task_extra_info_names": tuple(name for name in SETTINGS if name.startswith("task_extra_info_name_")),
}
_DAY_TIMES = tuple(name for name in SETTINGS if name.startswith("scheduled_") and name.endswith("_time"))


def rivals(name: str) -> Collection[str]:
    """The settings that this one excludes.

    >>> rivals("allow_list")
    {'deny_list'}
    """
    return {other for group in _EXCLUSIVE if name in group for other in group if other != name}


def counts(value: Any) -> bool:
    """Whether a value switches its setting on: None and False do not, a number always does.

    >>> counts(0), counts(False), counts(None)
    (True, False, False)
    """
    return value is not None and value is not False and value != "false"


def exclusions(given: Mapping[str, Any]) -> Iterator[InvalidSetting]:
    """Settings that exclude each other.

    >>> print(next(exclusions({"task_timeout_minutes": 5, "task_timeout_seconds": 300})))
    task_timeout_seconds and task_timeout_minutes exclude each other; keep one
    """
    for group in _EXCLUSIVE:
        chosen = [name for name in group if counts(given.get(name))]
        if len(chosen) > 1:
            yield InvalidSetting(chosen[-1], f"{' and '.join(chosen)} exclude each other; keep one")


def idle_settings(given: Mapping[str, Any]) -> Iterator[InvalidSetting]:
    """Settings that have no effect without another one.

    They may stay if that other is switched off explicitly, so that one node can switch off what is set for all.

    >>> print(next(idle_settings({"rem_time_threshold": 60})))
    rem_time_threshold has no effect without 'interruptible'; set that too
    >>> list(idle_settings({"rem_time_threshold": 60, "interruptible": False}))
    []
    """
    for switch, names in _SWITCHES.items():
        if given.get(switch) is None:
            for name in names:
                if given.get(name) is not None:
                    yield InvalidSetting(name, f"{name} has no effect without '{switch}'; set that too")
    yield from (InvalidSetting(name, message) for name, message in _schedule_errors(given))


def _schedule_errors(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    kind = str(given.get("scheduled_type") or "").strip().lower()
    has_times = [name for name in _DAY_TIMES if given.get(name) is not None]
    if kind in ("once", "daily") and given.get("scheduled_start") is None:
        yield "scheduled_type", f"scheduled_type {given['scheduled_type']} needs 'scheduled_start'"
    if kind == "custom" and not has_times:
        yield "scheduled_type", "scheduled_type Custom needs a time of a day, such as 'scheduled_monday_start_time'"
    if given.get("scheduled_start") is not None and not kind:
        yield "scheduled_start", "scheduled_start has no effect without 'scheduled_type', Once or Daily; set that too"
    if given.get("scheduled_days") is not None and kind not in ("daily", "none"):
        yield "scheduled_days", "scheduled_days has no effect without 'scheduled_type' Daily"
    if has_times and kind not in ("custom", "none"):
        yield has_times[0], f"{has_times[0]} has no effect without 'scheduled_type' Custom"
