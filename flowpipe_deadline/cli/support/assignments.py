"""``--set NAME=VALUE`` texts to settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...core.errors import UsageError
from ...core.warnings import ErrorCollector
from ...settings.job_info_keys import planned_key_of_name
from ...settings.kinds import FULL_PATH, NAMES, NOTE, TEXT, UnfitError
from ...settings.parse import OWN_SETTINGS, parse_job_settings
from ...settings.table import SETTINGS
from ...studio.toml import parse_value

_DICTS = ("environment", "environment_kinds", "extra_info", "job_info")
_TEXTS = (TEXT, NOTE, FULL_PATH)


def parse_assignments(texts: Sequence[str]) -> dict[str, Any]:
    """The settings in the texts, of which the last of a name counts; each value as TOML, or as Deadline has it.

    >>> parse_assignments(["pool=2026", "priority=80", "limits=maya,arnold", "environment.SHOW=x"])
    {'pool': '2026', 'priority': 80, 'limits': ['maya', 'arnold'], 'environment': {'SHOW': 'x'}}

    Raises:
        UsageError: A text is not an assignment, or its setting does not exist or does not fit.
        PreflightError: Several are not, or do not.
    """
    errors = ErrorCollector()
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name, _, member = name.strip().partition(".")
        if not equals or not name:
            errors.add(UsageError(f"'{text}' sets nothing; write --set NAME=VALUE"))
        elif member and name in _DICTS:
            held = settings.get(name)
            settings[name] = {**(held if isinstance(held, dict) else {}), member: _as_text(value)}
        else:
            settings[f"{name}.{member}" if member else name] = _typed(name, value)
    for error in parse_job_settings(settings, environ={}).errors:
        errors.add(UsageError(f"--set: {error}"))
    errors.raise_all()
    return settings


def split_assignments(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The texts that set settings, and those that set inputs of nodes; a setting's name wins over a node's.

    >>> split_assignments(["priority=80", "environment.SHOW=x", "render.samples=64", "prioritty=80"])
    (['priority=80', 'environment.SHOW=x', 'prioritty=80'], ['render.samples=64'])
    """
    parts: tuple[list[str], list[str]] = ([], [])
    for text in texts:
        name, dot, _ = text.partition("=")[0].strip().partition(".")
        is_setting = name in SETTINGS or name in OWN_SETTINGS or planned_key_of_name(name) is not None
        parts[bool(dot) and not is_setting].append(text)
    return parts


def _typed(name: str, given: str) -> Any:
    """The value of a setting. A list may be written with commas and without brackets."""
    setting = SETTINGS.get(name)
    if setting is not None and setting.kind in _TEXTS and not setting.is_series:
        return _as_text(given)
    value = parse_value(given)
    if not isinstance(value, str):
        return value
    if setting is None or setting.is_series:
        return value if name in _DICTS else NAMES.read(value)
    try:
        return setting.kind.read(value)
    except UnfitError:
        return value


def _as_text(given: str) -> str:
    """The text, without its quotes if it is a TOML string."""
    value = parse_value(given)
    return value if isinstance(value, str) else given
