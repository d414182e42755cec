"""Deadline's own keys: which setting one belongs to, and which only the plan may set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Optional

from .job_settings import SETTINGS, JobSetting

# The same under other keys: R A 3dsmax, O and C LD.
_ALIASES = {
    "Allowlist": "allow_list",
    "Denylist": "deny_list",
    "MaxTasksPerSlave": "concurrent_tasks",
    "LimitTasksToNumberOfCpus": "limit_concurrent_tasks_to_number_of_cpus",
}
_BY_KEY = {setting.key.lower(): setting for setting in SETTINGS.values()}

_CONNECTIONS = "the graph's connections say what a job waits for"
_ONE_REPOSITORY = (
    "the jobs of a graph are counted, checked and released in one repository, that of Deadline's own client"
)
_CHUNKS = "its tasks are the chunks of the node's frames"
PLANNED_KEYS: Mapping[str, str] = {
    "Plugin": "all jobs are rendered by the Flowpipe plugin",
    "Name": "a job is called after graph and node",
    "BatchName": "it groups the jobs of one submission",
    "Frames": "metadata['batch'] says what is cut",
    "ChunkSize": "metadata['batch_size'] says it",
    "InitialStatus": "jobs are submitted suspended, and released together",
    "NetworkRoot": _ONE_REPOSITORY,
    "InitialUncompletedTaskIds": "all tasks are to be done",
    "JobDependencies": _CONNECTIONS,
    "JobDependency#": _CONNECTIONS,
    "JobDependencyNotes#": _CONNECTIONS,
    "JobDependencyFrameOffsetOverride#": _CONNECTIONS,
    "JobDependencyResumeOnOverride#": _CONNECTIONS,
    "JobDependencyPercentage": "a job needs all of what feeds it",
    "IsFrameDependent": _CONNECTIONS,
    "FrameDependencyOffsetStart": "a task needs the frames that it has itself",
    "FrameDependencyOffsetEnd": "a task needs the frames that it has itself",
    "ResumeOnCompleteDependencies": "a job needs the results of what feeds it",
    "ResumeOnDeletedDependencies": "a job needs the results of what feeds it",
    "ResumeOnFailedDependencies": "a job needs the results of what feeds it",
    "TileJob": _CHUNKS,
    "TileJobFrame": _CHUNKS,
    "TileJobTilesInX": _CHUNKS,
    "TileJobTilesInY": _CHUNKS,
    "TileJobTileCount": _CHUNKS,
    "OutputFilename#Tile#": _CHUNKS,
    "MaintenanceJob": _CHUNKS,
    "MaintenanceJobStartFrame": _CHUNKS,
    "MaintenanceJobEndFrame": _CHUNKS,
}
"""Keys that say what was planned, each with the reason why no setting may change it."""
_PLANNED = {key.lower(): reason for key, reason in PLANNED_KEYS.items()}
_NUMBERS = re.compile(r"\d+|(?<=Tile)\?", re.IGNORECASE)
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")


def setting_of_key(key: str) -> Optional[JobSetting]:
    """The setting that a key of Deadline's, or one of a series, belongs to, in whatever case; None if none does.

    >>> setting_of_key("priority").name, setting_of_key("OutputDirectory12").name, setting_of_key("Denylist").name
    ('priority', 'output_directories', 'deny_list')
    """
    alias = next((name for other, name in _ALIASES.items() if other.lower() == key.lower()), None)
    if alias is not None:
        return SETTINGS[alias]
    return _BY_KEY.get(key.lower()) or _BY_KEY.get(_numbers_as_marks(key))


def documented_key(key: str) -> str:
    """The key as Deadline writes it, its number kept; one that is not known stays as it is.

    >>> documented_key("outputdirectory3"), documented_key("DENYLIST"), documented_key("Region")
    ('OutputDirectory3', 'Denylist', 'Region')
    """
    alias = next((other for other in _ALIASES if other.lower() == key.lower()), None)
    setting = setting_of_key(key)
    if alias is not None or setting is None:
        return alias or key
    return setting.key.replace("#", key[len(setting.key) - 1 :]) if setting.is_series else setting.key


def planned_reason(key: str) -> Optional[str]:
    """Why no setting may change the key; None if one may.

    >>> planned_reason("chunksize")
    "metadata['batch_size'] says it"
    """
    return _PLANNED.get(key.lower()) or _PLANNED.get(_numbers_as_marks(key))


def planned_key_of_name(name: str) -> Optional[str]:
    """The planned key that somebody means who takes it for a setting, such as ``chunk_size``.

    >>> planned_key_of_name("chunk_size"), planned_key_of_name("pool")
    ('ChunkSize', None)
    """
    return next((key for key in PLANNED_KEYS if _CAPITALS.sub("_", key).lower() == name), None)


def _numbers_as_marks(key: str) -> str:
    return _NUMBERS.sub("#", key).lower()
