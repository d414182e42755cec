"""The job files of a plan that is submitted again, with other settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.bundle import BundleJob
from ..core.errors import UsageError
from ..settings.changes import changed_job_info
from ..settings.environment import kind_of
from ..settings.job_info_keys import EXTRA_INFO_KEY
from .templates import PATH_KEYS

_OF_PLANNING = ("capture_environment", "import_roots")


def changed_files(
    job: BundleJob, job_info: Mapping[str, str], plugin_info: Mapping[str, str], *, settings: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, str]]:
    """The entries of a job's two files, with these settings in place of those that it has.

    Raises:
        SettingError: A setting does not exist or does not fit.
        UsageError: It says how a graph is planned.
        PreflightError: Several do not fit.
    """
    for name in _OF_PLANNING:
        if settings.get(name) is not None:
            raise UsageError(f"'{name}' is about planning, and a bundle is planned already; submit the graph itself")
    own = tuple((key, text) for key, text in job_info.items() if not key.startswith(EXTRA_INFO_KEY))
    changed, parsed = changed_job_info(own, settings, label=job.label)
    pairs = (text.partition("=") for key, text in job_info.items() if key.startswith(EXTRA_INFO_KEY))
    extra_info = {**{name: text for name, _, text in pairs}, **dict(parsed.extra_info)}
    numbered = {f"{EXTRA_INFO_KEY}{number}": f"{name}={text}" for number, (name, text) in enumerate(extra_info.items())}
    return {**dict(changed), **numbered}, _with_kinds(plugin_info, settings, dict(parsed.environment_kinds))


def _with_kinds(
    plugin_info: Mapping[str, str], settings: Mapping[str, Any], declared: Mapping[str, str]
) -> dict[str, str]:
    """The plugin info with the variables that are set now among those that hold paths, or not."""
    environment = settings.get("environment") or {}
    named = {*environment, *(settings.get("environment_kinds") or {})}
    kinds = {name: kind_of(name, declared) for name in named if environment.get(name, "") is not None}
    changed = dict(plugin_info)
    for kind, key in PATH_KEYS.items():
        old = [name for name in filter(None, plugin_info.get(key, "").split(",")) if name not in named]
        names = ",".join([*old, *sorted(name for name, own in kinds.items() if own == kind and "," not in name)])
        changed.update({key: names})
        if not names:
            del changed[key]
    return changed
