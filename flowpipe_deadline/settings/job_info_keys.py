"""Deadline's own keys: which setting one belongs to, and which only the plan may set."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

from .kinds import TEXT, Problem, UnfitError, WarningKind, shown
from .table import SETTINGS, JobSetting

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


ENVIRONMENT_KEY = "EnvironmentKeyValue"
EXTRA_INFO_KEY = "ExtraInfoKeyValue"
_JOB_INFO_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def raw_entries(raw: Any, *, taken: Collection[str], errors: list[Problem]) -> list[tuple[str, str]]:
    """The entries under Deadline's own keys: one that is known by a readable name is checked as that."""
    if raw is None:
        return []
    if not isinstance(raw, Mapping):
        errors.append(Problem("job_info", f"job_info is a dict, not {shown(raw)}"))
        return []
    known = {key.lower() for key in taken}
    names = {setting.name for key in taken if (setting := setting_of_key(key)) is not None}
    entries: list[tuple[str, str]] = []
    for key, value in raw.items():
        refusal = _refusal(key, known, names)
        if refusal is not None:
            errors.append(Problem(f"job_info.{key}", refusal))
            continue
        setting = setting_of_key(key)
        kind: WarningKind = TEXT if setting is None else setting.kind
        try:
            entries.append((documented_key(key), kind.write_any(value)))
        except UnfitError as error:
            errors.append(Problem(f"job_info.{key}", f"{key} {error}"))
        known.add(key.lower())
        names |= set() if setting is None or setting.is_series else {setting.name}
    errors += _gaps(entries)
    return entries


def misspelt_keys(keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Those that are not documented and look like one that is, with that one.

    Deadline has keys that nobody documents, so these are worth a warning and no error.

    >>> misspelt_keys(["Prioritty", "Region", "Pool"])
    (('Prioritty', 'Priority'),)
    """
    documented = [setting.key for setting in SETTINGS.values()]
    strangers = [key for key in keys if setting_of_key(key) is None]
    guesses = [(key, difflib.get_close_matches(key, documented, n=1, cutoff=0.85)) for key in strangers]
    return tuple((key, guess[0]) for key, guess in guesses if guess)


def check_entries(entries: Sequence[tuple[str, str]]) -> tuple[Problem, ...]:
    """What is wrong with entries that did not come from settings: as with raw keys, but ``EnvironmentKeyValue#`` may be
    among them.

    >>> [str(problem) for problem in check_entries([("Priority", "high"), ("EnvironmentKeyValue0", "SHOW=x")])]
    ["Priority is a whole number from 0, not 'high'"]
    """
    errors: list[Problem] = []
    environment = [(key, text) for key, text in entries if _series_number(key, ENVIRONMENT_KEY) is not None]
    for number, (key, text) in enumerate(environment):
        if key != f"{ENVIRONMENT_KEY}{number}" or not text.partition("=")[0].strip() or "=" not in text:
            errors.append(Problem(key, f"{key}={text!r} is no {ENVIRONMENT_KEY}{number}=NAME=VALUE"))
    rest = [entry for entry in entries if entry not in environment]
    seen: set[str] = set()
    for key, _ in rest:
        if key.lower() in seen:
            errors.append(Problem(key, f"the job info key '{key}' stands there twice"))
        seen.add(key.lower())
    raw_entries(dict(rest), taken=set(), errors=errors)
    return tuple(errors)


def _refusal(key: Any, known: Collection[str], names: Collection[str]) -> Optional[str]:
    if not isinstance(key, str) or not _JOB_INFO_KEY.fullmatch(key):
        return f"{key!r} is no job info key"
    reason = planned_reason(key)
    if reason is not None:
        return f"the job info key '{key}' is set by the plan: {reason}"
    for series, setting in ((ENVIRONMENT_KEY, "environment"), (EXTRA_INFO_KEY, "extra_info")):
        if _series_number(key, series) is not None:
            return f"for the job info key '{key}', use the setting '{setting}'"
    owner = setting_of_key(key)
    if key.lower() in known or (owner is not None and owner.name in names):
        return f"the job info key '{key}' is set by another setting" + (f", '{owner.name}'" if owner else "")
    return None


def _gaps(entries: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """Numbered keys are written from 0 without gaps: whether Deadline reads on after one is unknown."""
    numbers: dict[str, list[int]] = {}
    for key, _ in entries:
        setting = setting_of_key(key)
        if setting is not None and setting.is_series:
            numbers.setdefault(setting.key[:-1], []).append(int(key[len(setting.key) - 1 :]))
    for series, found in numbers.items():
        if sorted(found) != list(range(len(found))):
            yield Problem(f"job_info.{series}", f"the job info keys {series}… are to be numbered from 0 without gaps")


def _series_number(key: str, series: str) -> Optional[int]:
    digits = key[len(series) :]
    return int(digits) if key.lower().startswith(series.lower()) and digits.isdecimal() and digits.isascii() else None
