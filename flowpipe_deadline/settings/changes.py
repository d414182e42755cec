"""Settings for jobs that are planned already, or even submitted: what they change, and which come too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import SettingError, UsageError
from ..core.warnings import ErrorCollector
from .environment import variables_of
from .job_info_keys import ENVIRONMENT_KEY, planned_key_of_name
from .layers import ousted_settings, setting_name
from .parse import OWN_SETTINGS, Entries, JobEntries, parse_job_settings
from .table import SETTINGS

CHANGEABLE = (
    "comment",
    "department",
    "pool",
    "secondary_pool",
    "group",
    "priority",
    "concurrent_tasks",
    "limit_concurrent_tasks_to_number_of_cpus",
    "machine_limit",
    "limits",
    "task_timeout_seconds",
    "start_job_timeout_seconds",
    "initialize_plugin_timeout_seconds",
    "min_render_time_seconds",
    "enable_auto_timeout",
    "force_reload_plugin",
    "sequential",
    "interruptible",
    "protected",
    "suppress_events",
    "pre_task_script",
    "post_task_script",
)
"""The settings that Deadline can change of a job that it has (plugin API, section 5.5)."""


def is_setting(name: str) -> bool:
    """Whether that names a setting, or what only the plan sets; everything else may be a node.

    >>> is_setting("priority"), is_setting("chunk_size"), is_setting("render")
    (True, True, False)
    """
    return name in SETTINGS or name in OWN_SETTINGS or planned_key_of_name(name) is not None


def entries_for_jobs(settings: Mapping[str, Any]) -> dict[str, str]:
    """The job info entries to set on jobs that there are.

    >>> entries_for_jobs({"priority": 80, "limits": ["maya", "arnold"]})
    {'Priority': '80', 'LimitGroups': 'maya,arnold'}

    Raises:
        UsageError: A setting does not exist or fit, or cannot be changed any more.
        PreflightError: Several are wrong.
    """
    parsed = parse_job_settings(settings, environ={})
    errors = ErrorCollector(UsageError(str(error)) for error in parsed.errors)
    for name in settings:
        if name not in CHANGEABLE and (name in SETTINGS or name in OWN_SETTINGS):
            errors.add(
                UsageError(
                    f"'{name}' cannot be changed of a job that there is, but for a new submission: submit --again. What"
                    f" can be: {', '.join(CHANGEABLE)}; and inputs of nodes, as NODE.INPUT=VALUE"
                )
            )
    errors.raise_all()
    return dict(parsed.job_info)


def changed_job_info(job_info: Entries, settings: Mapping[str, Any], *, label: str) -> tuple[Entries, JobEntries]:
    """The job info with these settings in place of those that it has, and what else they become.

    A list replaces the whole list, and settings that a new one excludes are removed. Environment variables are added to
    those that the job has.

    Raises:
        SettingError: A setting does not exist or does not fit; of the node with that ``label``.
        PreflightError: Several do not.
    """
    own = [entry for entry in job_info if not entry[0].startswith(ENVIRONMENT_KEY)]
    environment = {**variables_of(job_info), **(settings.get("environment") or {})}
    parsed = parse_job_settings({**settings, "environment": environment}, environ={})
    ErrorCollector(SettingError(label, str(error)) for error in parsed.errors).raise_all()
    new = {key.lower() for key, _ in parsed.job_info}
    ousted = {*ousted_settings(settings), *filter(None, (setting_name(key) for key, _ in parsed.job_info))}
    kept = [entry for entry in own if entry[0].lower() not in new and setting_name(entry[0]) not in ousted]
    return (*kept, *parsed.job_info), parsed
