"""Settings of several sources as one: a node's own over the graph's, these over presets, these over the studio's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import SettingError
from ..core.warnings import ErrorCollector
from .environment import variables_of
from .job_info_keys import ENVIRONMENT_KEY, setting_of_key
from .parse import Entries, JobEntries, parse_job_settings
from .rules import counts, rivals

_BY_VARIABLE = ("environment", "environment_kinds")
_RAW = "job_info"


@dataclass(frozen=True)
class Layer:
    """The settings of one source."""

    source: str
    """For people."""
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Layers:
    """The settings of all sources of a graph, the weakest first."""

    layers: tuple[Layer, ...] = ()

    def merged(self) -> dict[str, Any]:
        """The settings that hold for the graph.

        >>> studio = Layer("studio", {"pool": "cpu", "environment": {"SHOW": "x", "SITE": "a"}})
        >>> Layers((studio, Layer("--set", {"environment": {"SHOW": "y"}}))).merged()
        {'pool': 'cpu', 'environment': {'SHOW': 'y', 'SITE': 'a'}}
        """
        merged: dict[str, Any] = {}
        for layer in self.layers:
            merged = merge_settings(merged, layer.settings)
        return {name: value for name, value in merged.items() if value is not None}

    def sources(self) -> dict[str, str]:
        """Where each setting, and each variable of the environment, comes from.

        >>> Layers((Layer("studio", {"pool": "cpu"}), Layer("preset 'comp'", {"pool": "gpu"}))).sources()
        {'pool': "preset 'comp'"}
        """
        origins = {place: layer.source for layer in self.layers for place, _ in places(layer.settings)}
        return {place: origins[place] for place, _ in places(self.merged())}


def merge_settings(weaker: Mapping[str, Any], stronger: Mapping[str, Any]) -> dict[str, Any]:
    """Both, with the stronger taking precedence; only variables of the environment, and their kinds, are put together.

    A setting also replaces those that it excludes, and the same setting under Deadline's own key. None removes it.

    >>> merge_settings({"allow_list": ["w1"], "job_info": {"Pool": "a"}}, {"deny_list": ["w2"], "pool": "b"})
    {'deny_list': ['w2'], 'pool': 'b'}
    """
    ousted = ousted_settings(stronger)
    merged = {name: value for name, value in weaker.items() if name not in ousted}
    if isinstance(merged.get(_RAW), Mapping):
        raw = {key: value for key, value in merged.pop(_RAW).items() if setting_name(key) not in ousted}
        merged.update({_RAW: raw} if raw else {})
    merged.update(stronger)
    for name in _BY_VARIABLE:
        if isinstance(weaker.get(name), Mapping) and isinstance(stronger.get(name), Mapping):
            merged[name] = {**weaker[name], **stronger[name]}
    return merged


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


def ousted_settings(settings: Mapping[str, Any]) -> set[str]:
    """The names of the settings that these replace: the same ones, and those that they exclude.

    >>> sorted(ousted_settings({"pool": "a", "job_info": {"Whitelist": "w1"}}))
    ['allow_list', 'deny_list', 'job_info', 'pool']
    """
    raw = settings.get(_RAW)
    named = {setting_name(key): value for key, value in raw.items()} if isinstance(raw, Mapping) else {}
    values = {name: value for name, value in {**named, **settings}.items() if name}
    return {*values, *(rival for name, value in values.items() if counts(value) for rival in rivals(name))}


def setting_name(key: Any) -> str:
    """The name of the setting that a key of Deadline's belongs to; empty for an unknown key."""
    setting = setting_of_key(key) if isinstance(key, str) else None
    return "" if setting is None else setting.name


def places(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings one by one, those of the environment as ``environment.NAME``."""
    for name, value in settings.items():
        if name in _BY_VARIABLE and isinstance(value, Mapping):
            yield from ((f"{name}.{variable}", text) for variable, text in value.items())
        else:
            yield name, value
