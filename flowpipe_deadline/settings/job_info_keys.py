"""Deadline's own keys: which setting each belongs to, which only the plan may set, and the entries of ``job_info``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from .kinds import TEXT, InvalidSetting, UnfitError, shown
from .secrets import without_secret
from .table import SETTINGS, JobSetting

ENVIRONMENT_KEY = "EnvironmentKeyValue"
EXTRA_INFO_KEY = "ExtraInfoKeyValue"
# Other keys of the same settings: R A 3dsmax, O and C LD.
_ALIASES = {
    "Allowlist": "allow_list",
    "Denylist": "deny_list",
    "MaxTasksPerSlave": "concurrent_tasks",
    "LimitTasksToNumberOfCpus": "limit_concurrent_tasks_to_number_of_cpus",
}
# Setting and documented key, by the key in lower case.
_KNOWN = {setting.key.lower(): (setting, setting.key) for setting in SETTINGS.values()}
_KNOWN.update((alias.lower(), (SETTINGS[name], alias)) for alias, name in _ALIASES.items())

_CONNECTIONS = "the graph's connections say what a job waits for"
_CHUNKS = "its tasks are the chunks of the node's frames"
PLANNED_KEYS: Mapping[str, str] = {
    "Plugin": "all jobs are rendered by the Flowpipe plugin",
    "Name": "a job is named after graph and node",
    "BatchName": "it groups the jobs of one submission",
    "Frames": "metadata['batch'] sets what is cut",
    "ChunkSize": "metadata['batch_size'] sets it",
    "InitialStatus": "jobs are submitted suspended, and released together",
    "NetworkRoot": "the jobs of a graph are counted, checked and released in one repository, the Deadline Client's",
    "InitialUncompletedTaskIds": "all tasks must be rendered",
    "JobDependencies": _CONNECTIONS,
    "JobDependency#": _CONNECTIONS,
    "JobDependencyNotes#": _CONNECTIONS,
    "JobDependencyFrameOffsetOverride#": _CONNECTIONS,
    "JobDependencyResumeOnOverride#": _CONNECTIONS,
    "JobDependencyPercentage": "a job needs all of what feeds it",
    "IsFrameDependent": _CONNECTIONS,
    "FrameDependencyOffsetStart": "a task needs its own frames",
    "FrameDependencyOffsetEnd": "a task needs its own frames",
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
"""Keys that the plan sets, each with the reason why no setting may change it."""
_PLANNED = {key.lower(): reason for key, reason in PLANNED_KEYS.items()}
_NUMBERS = re.compile(r"\d+|(?<=Tile)\?", re.IGNORECASE)
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_Found = TypeVar("_Found")
_JOB_INFO_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def setting_of_key(key: str) -> JobSetting | None:
    """The setting that a key of Deadline's, or one of a series, belongs to, in any case; None for an unknown key.

    >>> setting_of_key("priority").name, setting_of_key("OutputDirectory12").name, setting_of_key("Denylist").name
    ('priority', 'output_directories', 'deny_list')
    """
    known = _looked_up(key, _KNOWN)
    return None if known is None else known[0]


def documented_key(key: str) -> str:
    """The key as Deadline writes it, with its number; an unknown key stays as it is.

    >>> documented_key("outputdirectory3"), documented_key("DENYLIST"), documented_key("Region")
    ('OutputDirectory3', 'Denylist', 'Region')
    """
    known = _looked_up(key, _KNOWN)
    if known is None:
        return key
    _, documented = known
    return documented.replace("#", key[len(documented) - 1 :])


def planned_reason(key: str) -> str | None:
    """Why no setting may change the key; None for a key that settings may change.

    >>> planned_reason("chunksize")
    "metadata['batch_size'] sets it"
    """
    return _looked_up(key, _PLANNED)


def planned_key_of_name(name: str) -> str | None:
    """The planned key that is meant by a setting of that name, such as ``chunk_size``.

    >>> planned_key_of_name("chunk_size"), planned_key_of_name("pool")
    ('ChunkSize', None)
    """
    return next((key for key in PLANNED_KEYS if _CAPITALS.sub("_", key).lower() == name), None)


def _looked_up(key: str, table: Mapping[str, _Found]) -> _Found | None:
    """What the table has for the key in any case, or for the series that it belongs to."""
    return table.get(key.lower()) or table.get(_NUMBERS.sub("#", key).lower())


def raw_entries(raw: Any, *, taken: Collection[str], errors: list[InvalidSetting]) -> list[tuple[str, str]]:
    """The entries of ``job_info``; a key that belongs to a setting is checked like that setting.

    ``taken`` are the keys that other settings have set. What is wrong is added to ``errors``.
    """
    if raw is None:
        return []
    if not isinstance(raw, Mapping):
        errors.append(InvalidSetting("job_info", f"job_info must be a dict, not {shown(raw)}"))
        return []
    known = {key.lower() for key in taken}
    names = {setting.name for key in taken if (setting := setting_of_key(key)) is not None}
    entries: list[tuple[str, str]] = []
    for key, value in raw.items():
        refusal = _refusal(key, known, names)
        if refusal is not None:
            errors.append(InvalidSetting(f"job_info.{key}", refusal))
            continue
        setting = setting_of_key(key)
        kind = TEXT if setting is None else setting.kind
        try:
            entries.append((documented_key(key), kind.write_any(value)))
        except UnfitError as error:
            errors.append(InvalidSetting(f"job_info.{key}", f"{key} {error}"))
        known.add(key.lower())
        names |= set() if setting is None or setting.is_series else {setting.name}
    errors += _gaps(entries)
    return entries


def misspelt_keys(keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The keys that are not documented but look like one that is, with that one.

    Deadline has undocumented keys, so this is a warning, not an error.

    >>> misspelt_keys(["Prioritty", "Region", "Pool"])
    (('Prioritty', 'Priority'),)
    """
    documented = [setting.key for setting in SETTINGS.values()]
    unknown = [key for key in keys if setting_of_key(key) is None]
    guesses = [(key, difflib.get_close_matches(key, documented, n=1, cutoff=0.85)) for key in unknown]
    return tuple((key, guess[0]) for key, guess in guesses if guess)


def check_entries(entries: Sequence[tuple[str, str]]) -> tuple[InvalidSetting, ...]:
    """What is wrong with entries that did not come from settings; unlike ``job_info``, they may set the environment.

    >>> [str(error) for error in check_entries([("Priority", "high"), ("EnvironmentKeyValue0", "SHOW=x")])]
    ["Priority must be a whole number from 0, not 'high'"]
    """
    errors: list[InvalidSetting] = []
    environment = [(key, text) for key, text in entries if _series_number(key, ENVIRONMENT_KEY) is not None]
    for number, (key, text) in enumerate(environment):
        if key != f"{ENVIRONMENT_KEY}{number}" or not text.partition("=")[0].strip() or "=" not in text:
            reason = f"{key}={without_secret(text)!r} is not {ENVIRONMENT_KEY}{number}=NAME=VALUE"
            errors.append(InvalidSetting(key, reason))
    rest = [entry for entry in entries if entry not in environment]
    seen: set[str] = set()
    for key, _ in rest:
        if key.lower() in seen:
            errors.append(InvalidSetting(key, f"the job info key '{key}' is set twice"))
        seen.add(key.lower())
    raw_entries(dict(rest), taken=set(), errors=errors)
    return tuple(errors)


def _refusal(key: Any, known: Collection[str], names: Collection[str]) -> str | None:
    if not isinstance(key, str) or not _JOB_INFO_KEY.fullmatch(key):
        return f"{key!r} is not a job info key, which has letters and digits only"
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


def _gaps(entries: Sequence[tuple[str, str]]) -> Iterator[InvalidSetting]:
    """Numbered keys that do not run from 0 without a gap: whether Deadline reads on after one is unknown."""
    numbers: dict[str, list[int]] = {}
    for key, _ in entries:
        setting = setting_of_key(key)
        if setting is not None and setting.is_series:
            numbers.setdefault(setting.key[:-1], []).append(int(key[len(setting.key) - 1 :]))
    for series, found in numbers.items():
        if sorted(found) != list(range(len(found))):
            yield InvalidSetting(f"job_info.{series}", f"job info keys {series}… must be numbered from 0 without gaps")


def _series_number(key: str, series: str) -> int | None:
    digits = key[len(series) :]
    return int(digits) if key.lower().startswith(series.lower()) and digits.isdecimal() and digits.isascii() else None
