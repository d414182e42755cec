"""Job settings to job info entries, and everything that is wrong with them at once."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from .context import Captured, capture
from .job_info_keys import (
    ENVIRONMENT_KEY,
    EXTRA_INFO_KEY,
    misspelt_keys,
    planned_key_of_name,
    planned_reason,
    raw_entries,
    setting_of_key,
)
from .kinds import FULL_PATH, NAMES, Problem, UnfitError, check_name, scalar, shown, suggestion, text
from .rules import exclusions, idle_settings
from .table import SETTINGS, JobSetting

Entries = tuple[tuple[str, str], ...]

_PRINTF = re.compile(r"%0?(\d*)d")
_DICT = "a dict of names and texts"


@dataclass(frozen=True)
class OwnSetting:
    """A setting that becomes no single key of Deadline's."""

    name: str
    key: str
    words: str
    default: str
    about: str


OWN_SETTINGS: Mapping[str, OwnSetting] = {
    setting.name: setting
    for setting in (
        OwnSetting(
            "environment", f"{ENVIRONMENT_KEY}#", _DICT, "", "Variables to set; a value of None takes one away again"
        ),
        OwnSetting(
            *("capture_environment", f"{ENVIRONMENT_KEY}#", "a list of names and patterns such as 'REZ_*'", ""),
            about="Variables to take along from where the graph is planned",
        ),
        OwnSetting(
            *("import_roots", "", "true, false, or a list of full paths", "true"),
            about="Folders that workers import the graph's own modules from; true for those where they come from here",
        ),
        OwnSetting("extra_info", f"{EXTRA_INFO_KEY}#", _DICT, "", "Names and texts for scripts to find"),
        OwnSetting(
            "job_info", "", "a dict of Deadline's keys and values", "", "Any other key, and these by Deadline's names"
        ),
    )
}
SETTING_NAMES: tuple[str, ...] = (*SETTINGS, *OWN_SETTINGS)


@dataclass(frozen=True)
class JobEntries:
    """What settings come to."""

    job_info: Entries
    """Keys and their text, in the order in which they are written."""
    extra_info: Entries
    errors: tuple[Problem, ...]
    """What is wrong with any of them."""
    idle: tuple[Problem, ...]
    """What has no effect without another that is not there."""
    missing: tuple[str, ...]
    """Variables that were to be captured and are not set."""
    odd: tuple[tuple[str, str], ...]
    """Deadline's own keys that are none, but look like the one beside them."""


def parse_job_settings(settings: Mapping[str, Any], *, environ: Mapping[str, str]) -> JobEntries:
    """The entries of these settings; those with a problem are left out. ``environ`` is what may be captured.

    >>> parse_job_settings({"priority": 80, "limits": ["maya", "arnold"]}, environ={}).job_info
    (('Priority', '80'), ('LimitGroups', 'maya,arnold'))
    """
    errors = list(_unknown(settings))
    values = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    _complete_outputs(values, errors)
    said = [(setting, values[name]) for name, setting in SETTINGS.items() if name in values]
    entries = [entry for setting, value in said for entry in _entries(setting, value, errors)]
    captured = _capture(settings.get("capture_environment"), environ, errors)
    explicit = _named(settings, "environment", errors)
    environment = {**captured.values, **explicit}
    pairs = [f"{name}={value}" for name, value in environment.items() if value is not None]
    entries += [(f"{ENVIRONMENT_KEY}{index}", pair) for index, pair in enumerate(pairs)]
    raw = raw_entries(settings.get("job_info"), taken={key for key, _ in entries}, errors=errors)
    given = {**{owner.name: own for key, own in raw if (owner := setting_of_key(key)) is not None}, **values}
    errors += [Problem(name, message) for name, message in exclusions(given)]
    errors += _import_roots_problems(settings.get("import_roots"))
    return JobEntries(
        job_info=(*entries, *raw),
        extra_info=tuple(
            (name, value) for name, value in _named(settings, "extra_info", errors).items() if value is not None
        ),
        errors=tuple(errors),
        idle=tuple(Problem(name, message) for name, message in idle_settings(given)),
        missing=captured.missing,
        odd=misspelt_keys(key for key, _ in raw),
    )


def _unknown(settings: Mapping[Any, Any]) -> Iterator[Problem]:
    for name in settings:
        if name in SETTING_NAMES:
            continue
        planned = planned_key_of_name(str(name))
        setting = setting_of_key(str(name))
        if planned is not None:
            yield Problem(str(name), f"'{name}' is no farm setting, but set by the plan: {planned_reason(planned)}")
        elif setting is not None:
            yield Problem(
                str(name), f"unknown farm setting '{name}'. Deadline's {setting.key} is '{setting.name}' here"
            )
        else:
            advice = suggestion(
                str(name), SETTING_NAMES, otherwise="'flowpipe-deadline config --list-settings' shows all"
            )
            yield Problem(str(name), f"unknown farm setting '{name}'. {advice}")


def _entries(setting: JobSetting, value: Any, errors: list[Problem]) -> list[tuple[str, str]]:
    try:
        if not setting.is_series:
            written = setting.kind.write(value)
            return [] if not written and value in ([], ()) else [(setting.key, written)]
        if isinstance(value, str) or not isinstance(value, (list, tuple)):
            raise UnfitError(f"is {setting.words}, not {shown(value)}")
    except UnfitError as error:
        errors.append(Problem(setting.name, f"{setting.name} {error}"))
        return []
    entries = []
    for index, item in enumerate(value):
        try:
            entries.append((setting.key.replace("#", str(index)), setting.kind.write(item)))
        except UnfitError as error:
            errors.append(Problem(setting.name, f"{setting.name}[{index}] {error}"))
    return entries


def _complete_outputs(values: dict[str, Any], errors: list[Problem]) -> None:
    """Makes pairs of folders and file names, both of which *View Output* needs; full paths are taken apart."""
    names, folders = values.get("output_filenames"), values.get("output_directories")
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return
    place = "output_filenames"
    for name in names:
        if _PRINTF.search(name):
            hashes = "#" * int(_PRINTF.search(name)[1] or 1)  # type: ignore[index]
            errors.append(Problem(place, f"{place}: write {_PRINTF.sub(hashes, name)!r} for {name!r}: Deadline's way"))
    if folders is None:
        split = [(ntpath if "\\" in name else posixpath).split(name) for name in names]
        bare = next((name for name, (folder, last) in zip(names, split) if not folder or not last), None)
        if bare is not None:
            errors.append(Problem(place, f"{place} has {bare!r}, no full path; set 'output_directories' as well"))
            del values[place]
        else:
            values["output_directories"], values[place] = (list(part) for part in zip(*split)) if split else ([], [])
    elif isinstance(folders, (list, tuple)) and len(folders) != len(names):
        count = f"{len(names)} for {len(folders)} of output_directories"
        errors.append(Problem(place, f"{place} has {count}; each file name belongs to the folder of its number"))
    elif any("/" in name or "\\" in name for name in names):
        errors.append(Problem(place, f"{place} has a path, and output_directories are set too; give bare names"))


def _named(settings: Mapping[str, Any], name: str, errors: list[Problem]) -> dict[str, Optional[str]]:
    """A setting that is a dict of names and texts; a text of None stays None."""
    value = settings.get(name)
    if not isinstance(value, Mapping):
        errors += [] if value is None else [Problem(name, f"{name} is a dict, not {shown(value)}")]
        return {}
    texts: dict[str, Optional[str]] = {}
    for member, item in value.items():
        try:
            check_name(member)
        except UnfitError as error:
            errors.append(Problem(name, f"{name} {error}"))
            continue
        try:
            texts[member] = None if item is None else text(scalar(item))
        except UnfitError as error:
            errors.append(Problem(f"{name}.{member}", f"{name}.{member} {error}"))
    return texts


def _capture(wanted: Any, environ: Mapping[str, str], errors: list[Problem]) -> Captured:
    nothing = Captured(values={}, missing=(), unfit=())
    if wanted is None:
        return nothing
    try:
        NAMES.write(wanted)
    except UnfitError as error:
        errors.append(Problem("capture_environment", f"capture_environment {error}"))
        return nothing
    bad = [name for name in wanted if "=" in name]
    found = capture([name for name in wanted if name not in bad], environ)
    errors += [Problem("capture_environment", f"capture_environment has {name!r}, which is no name") for name in bad]
    errors += [
        Problem(
            "capture_environment", f"capture_environment: the value of {name} has several lines; Deadline has no escape"
        )
        for name in found.unfit
    ]
    return found


def _import_roots_problems(value: Any) -> Iterator[Problem]:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        yield Problem("import_roots", f"import_roots is {OWN_SETTINGS['import_roots'].words}, not {shown(value)}")
        return
    for index, folder in enumerate(value):
        try:
            FULL_PATH.write(folder)
        except UnfitError as error:
            yield Problem("import_roots", f"import_roots[{index}] {error}")
