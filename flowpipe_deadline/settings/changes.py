"""Settings for jobs that are planned already: what they change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import SettingError
from ..core.warnings import ErrorCollector
from .environment import variables_of
from .job_info_keys import ENVIRONMENT_KEY
from .layers import ousted_settings, setting_name
from .parse import Entries, JobEntries, parse_job_settings


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
