"""Job settings to job info entries, and everything that is wrong with them at once."""

from __future__ import annotations

import ntpath
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.text import flaw_in
from .context import Captured, capture
from .environment import KINDS
from .job_info_keys import (
    ENVIRONMENT_KEY,
    EXTRA_INFO_KEY,
    misspelt_keys,
    planned_key_of_name,
    planned_reason,
    raw_entries,
    setting_of_key,
)
from .kinds import FULL_PATH, NAMES, InvalidSetting, UnfitError, scalar, shown, suggestion, text
from .rules import exclusions, idle_settings
from .secrets import looks_secret, without_secret
from .table import SETTINGS, JobSetting

Entries = tuple[tuple[str, str], ...]

_PRINTF = re.compile(r"%0?(\d*)d")
_DICT = "a dict of names and texts"
_HIDDEN = "it looks like a secret, so it is not shown"
_ADVICE = "Deadline has no escape for it: take it out, or write the value into a file and pass on the path"


@dataclass(frozen=True)
class OwnSetting:
    """A setting that is not a key of Deadline's."""

    name: str
    key: str
    words: str
    default: str
    about: str


_ROWS = (
    ("environment", f"{ENVIRONMENT_KEY}#", _DICT, "", "Variables to set; a value of None removes one"),
    ("capture_environment", f"{ENVIRONMENT_KEY}#", "a list of names and patterns such as 'REZ_*'", "",
     "Variables to take along from where the graph is planned"),
    ("environment_kinds", "", "a dict of variables, or patterns such as 'SHOW_*', and path, paths or text", "",
     "Variables with paths, which are mapped for each worker; many are known by name, such as OCIO and *_PATH"),
    ("import_roots", "", "true, false, or a list of full paths", "true",
     "Folders that workers import the graph's own modules from; true for those where they come from here"),
    ("extra_info", f"{EXTRA_INFO_KEY}#", _DICT, "", "Names and texts for scripts to find"),
    ("job_info", "", "a dict of Deadline's keys and values", "", "Any other key, and these by Deadline's names"),
)  # fmt: skip
OWN_SETTINGS: Mapping[str, OwnSetting] = {row[0]: OwnSetting(*row) for row in _ROWS}
_SETTING_NAMES = (*SETTINGS, *OWN_SETTINGS)


@dataclass(frozen=True)
class JobEntries:
    """The entries that settings become, and what is wrong with the settings."""

    job_info: Entries = ()
    """Keys and their text, in the order in which they are written."""
    extra_info: Entries = ()
    """Names and texts for scripts to find, as ``ExtraInfoKeyValue#``."""
    environment_kinds: Entries = ()
    """What variables hold, by name or pattern."""
    errors: tuple[InvalidSetting, ...] = ()
    idle: tuple[InvalidSetting, ...] = ()
    """Settings that have no effect without another one, which is not set."""
    missing: tuple[str, ...] = ()
    """Variables to capture that are not set."""
    held_back: tuple[str, ...] = ()
    """Variables that a pattern did not take, as they look like secrets."""
    misspelt: tuple[tuple[str, str], ...] = ()
    """Undocumented keys of ``job_info``, each with the documented key that it looks like."""


def parse_job_settings(settings: Mapping[str, Any], *, environ: Mapping[str, str]) -> JobEntries:
    """The entries of these settings, without those that are wrong. ``environ`` is what may be captured.

    >>> parse_job_settings({"priority": 80, "limits": ["maya", "arnold"]}, environ={}).job_info
    (('Priority', '80'), ('LimitGroups', 'maya,arnold'))
    """
    errors = list(_unknown(settings))
    values = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    _complete_outputs(values, errors)
    given = [(setting, values[name]) for name, setting in SETTINGS.items() if name in values]
    entries = [entry for setting, value in given for entry in _entries(setting, value, errors)]
    captured = _capture(settings.get("capture_environment"), environ, errors)
    explicit = _named(settings, "environment", errors)
    environment = {**captured.values, **explicit}
    pairs = [f"{name}={value}" for name, value in environment.items() if value is not None]
    entries += [(f"{ENVIRONMENT_KEY}{index}", pair) for index, pair in enumerate(pairs)]
    raw = raw_entries(settings.get("job_info"), taken={key for key, _ in entries}, errors=errors)
    chosen = {**{owner.name: own for key, own in raw if (owner := setting_of_key(key)) is not None}, **values}
    errors += exclusions(chosen)
    errors += _import_roots_errors(settings.get("import_roots"))
    kinds = tuple(_kinds(settings, errors))
    return JobEntries(
        job_info=(*entries, *raw),
        extra_info=tuple(
            (name, value) for name, value in _named(settings, "extra_info", errors).items() if value is not None
        ),
        environment_kinds=kinds,
        errors=tuple(errors),
        idle=tuple(idle_settings(chosen)),
        missing=captured.missing,
        held_back=tuple(name for name in captured.held_back if name not in explicit),
        misspelt=misspelt_keys(key for key, _ in raw),
    )


def _unknown(settings: Mapping[Any, Any]) -> Iterator[InvalidSetting]:
    for name in (str(key) for key in settings if key not in _SETTING_NAMES):
        planned = planned_key_of_name(name)
        setting = setting_of_key(name)
        if planned is not None:
            message = f"'{name}' is not a setting, but set by the plan: {planned_reason(planned)}"
        elif setting is not None:
            message = f"unknown setting '{name}'. Deadline's {setting.key} is '{setting.name}' here"
        else:
            advice = "'flowpipe-deadline config --list-settings' shows all"
            message = f"unknown setting '{name}'. {suggestion(name, _SETTING_NAMES, otherwise=advice)}"
        yield InvalidSetting(name, message)


def _entries(setting: JobSetting, value: Any, errors: list[InvalidSetting]) -> list[tuple[str, str]]:
    items = [(setting.name, setting.key, value)]
    if setting.is_series:
        if not isinstance(value, (list, tuple)):
            errors.append(InvalidSetting(setting.name, f"{setting.name} must be {setting.words}, not {shown(value)}"))
            return []
        items = [(f"{setting.name}[{i}]", setting.key.replace("#", str(i)), item) for i, item in enumerate(value)]
    entries = []
    for place, key, item in items:
        try:
            entries.append((key, setting.kind.write(item)))
        except UnfitError as error:
            errors.append(InvalidSetting(setting.name, f"{place} {error}"))
    return [entry for entry in entries if entry[1] or value not in ([], ())]


def _complete_outputs(values: dict[str, Any], errors: list[InvalidSetting]) -> None:
    """Makes pairs of folders and file names, as *View Output* needs both; full paths are split."""
    names, folders = values.get("output_filenames"), values.get("output_directories")
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return
    place = "output_filenames"
    reasons = []
    for name in names:
        numbers = _PRINTF.search(name)
        if numbers is not None:
            hashes = _PRINTF.sub("#" * int(numbers[1] or 1), name)
            reasons.append(f": write {hashes!r} for {name!r}: Deadline's way")
    if folders is None:
        split = [(ntpath if "\\" in name else posixpath).split(name) for name in names]
        bare = next((name for name, (folder, last) in zip(names, split) if not folder or not last), None)
        if bare is not None:
            reasons.append(f" has {bare!r}, not a full path; set 'output_directories' as well")
            del values[place]
        else:
            values["output_directories"], values[place] = (list(part) for part in zip(*split)) if split else ([], [])
    elif isinstance(folders, (list, tuple)) and len(folders) != len(names):
        count = f"{len(names)} for {len(folders)} of output_directories"
        reasons.append(f" has {count}; each file name belongs to the folder of its number")
    elif any("/" in name or "\\" in name for name in names):
        reasons.append(" has a path, and output_directories are set too; give bare names")
    errors += [InvalidSetting(place, f"{place}{reason}") for reason in reasons]


def _named(settings: Mapping[str, Any], name: str, errors: list[InvalidSetting]) -> dict[str, str | None]:
    """A setting that is a dict of names and texts; a text of None stays None."""
    value = settings.get(name)
    if not isinstance(value, Mapping):
        found = without_secret(shown(value))
        advice = f"on the command line, write --set {name}.NAME=VALUE"
        errors += [] if value is None else [InvalidSetting(name, f"{name} must be a dict, not {found}; {advice}")]
        return {}
    texts: dict[str, str | None] = {}
    for member, item in value.items():
        if not isinstance(member, str) or not member.strip() or "=" in member or flaw_in(member):
            flaw = flaw_in(member) if isinstance(member, str) else ""
            reason = f"which has {flaw}" if flaw else "which is not a name: it is empty, or has a ="
            errors.append(InvalidSetting(name, f"{name} has {without_secret(shown(member))}, {reason}"))
            continue
        try:
            texts[member] = None if item is None else text(scalar(item))
        except UnfitError as error:
            reason = str(error)
            if name == "environment" and looks_secret(member, shown(item)):
                flaw = flaw_in(item) if isinstance(item, str) else ""
                what = f"has {flaw}, for which Deadline has no escape"
                reason = f"{what if flaw else 'must be text, a number or a boolean'}; {_HIDDEN}"
            errors.append(InvalidSetting(f"{name}.{member}", f"{name}.{member} {reason}"))
    return texts


def _kinds(settings: Mapping[str, Any], errors: list[InvalidSetting]) -> Iterator[tuple[str, str]]:
    for name, kind in _named(settings, "environment_kinds", errors).items():
        if kind in KINDS:
            yield name, kind
        elif kind is not None:
            place = f"environment_kinds.{name}"
            errors.append(InvalidSetting(place, f"{place} must be path, paths or text, not {kind!r}"))


def _capture(wanted: Any, environ: Mapping[str, str], errors: list[InvalidSetting]) -> Captured:
    if wanted is None:
        return Captured(values={})
    setting = "capture_environment"
    try:
        NAMES.write(wanted)
    except UnfitError as error:
        errors.append(InvalidSetting(setting, f"{setting} {error}"))
        return Captured(values={})
    found = capture([name for name in wanted if "=" not in name], environ)
    reasons = [
        *(f" has {without_secret(repr(name))}, which is not a name" for name in wanted if "=" in name),
        *(f": the value of {name} has {flaw_in(environ[name])}; {_ADVICE}" for name in found.unfit),
    ]
    errors += [InvalidSetting(setting, f"{setting}{reason}") for reason in reasons]
    return found


def _import_roots_errors(value: Any) -> Iterator[InvalidSetting]:
    if value is None or isinstance(value, bool):
        return
    if not isinstance(value, (list, tuple)):
        yield InvalidSetting(
            "import_roots", f"import_roots must be {OWN_SETTINGS['import_roots'].words}, not {shown(value)}"
        )
        return
    for index, folder in enumerate(value):
        try:
            FULL_PATH.write(folder)
        except UnfitError as error:
            yield InvalidSetting("import_roots", f"import_roots[{index}] {error}")
