"""What Deadline checks before it accepts a job (submission, sections 1 and 7)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from flowpipe_deadline.core.errors import FlowpipeDeadlineError
from flowpipe_deadline.offline.repository import upstream_ids

from .settings import Settings

_INITIAL_STATES = ("Active", "Suspended")
_NAMES = (("Pool", "pools", "pool"), ("SecondaryPool", "pools", "secondary pool"), ("Group", "groups", "group"))


class DeadlineError(FlowpipeDeadlineError):
    """Deadline refuses; the message is Deadline's."""


def as_entries(info: Mapping[str, Any]) -> dict[str, str]:
    """The info with every value as text: the Web Service takes numbers and booleans too.

    >>> as_entries({"ChunkSize": 2, "IsFrameDependent": True})
    {'ChunkSize': '2', 'IsFrameDependent': 'true'}
    """
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in info.items()}


def check_submission(
    job_info: Mapping[str, str],
    *,
    settings: Settings,
    plugins: Collection[str],
    count_tasks: Callable[[Mapping[str, str]], int],
    is_job: Callable[[str], bool],
) -> tuple[dict[str, str], list[str]]:
    """The job info as Deadline keeps it, and its warnings.

    Raises:
        DeadlineError: It takes no such job.
    """
    kept = dict(job_info)
    _check_plugin(job_info.get("Plugin", ""), plugins)
    if job_info.get("InitialStatus", "Active") not in _INITIAL_STATES:
        raise DeadlineError(f"InitialStatus={job_info['InitialStatus']}: a job begins Active or Suspended")
    try:
        tasks = count_tasks(job_info)
    except ValueError as error:
        raise DeadlineError(f"The frames or the chunk size cannot be read: {error}") from error
    if tasks > settings.task_limit and settings.unknowns.task_limit == "enforced":
        raise DeadlineError(f"The job has {tasks} tasks, more than the job task limit of {settings.task_limit}")
    strangers = [job_id for job_id in upstream_ids(job_info) if not is_job(job_id)]
    if strangers and settings.unknowns.unknown_parent == "refuse":
        raise DeadlineError(f"The job depends on {strangers[0]}, which does not exist")
    if strangers and settings.unknowns.unknown_parent == "ignore":
        kept["JobDependencies"] = ",".join(item for item in upstream_ids(job_info) if item not in strangers)
    return kept, _check_names(job_info, settings)


def _check_plugin(plugin: str, plugins: Collection[str]) -> None:
    if not plugin:
        raise DeadlineError("The job info names no Plugin")
    if plugin not in plugins:
        raise DeadlineError(f"The plugin {plugin} does not exist in the repository")


def _check_names(job_info: Mapping[str, str], settings: Settings) -> list[str]:
    """The warnings about unknown pools, groups and limits."""
    unknown = [
        f"The {word} {job_info[key]} does not exist"
        for key, known, word in _NAMES
        if job_info.get(key) and job_info[key] not in getattr(settings, known)
    ]
    limits = [item.strip() for item in job_info.get("LimitGroups", "").split(",") if item.strip()]
    unknown += [f"The limit {limit} does not exist" for limit in limits if limit not in settings.limits]
    if unknown and settings.unknowns.unknown_name == "refuse":
        raise DeadlineError(unknown[0])
    return unknown if settings.unknowns.unknown_name == "warn" else []
