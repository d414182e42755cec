"""Properties of the Web Service's job objects by the entries of the job info (submission, section 6.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..client import refuse_unknown

# By entry: the name of the property, and its type. Properties whose meaning is not certain are left out.
_PROPERTIES: Mapping[str, tuple[str, type]] = {
    "Name": ("Name", str),
    "Comment": ("Cmmt", str),
    "Department": ("Dept", str),
    "Priority": ("Pri", int),
    "Pool": ("Pool", str),
    "SecondaryPool": ("SecPool", str),
    "Group": ("Grp", str),
    "LimitGroups": ("Limits", list),
    "MachineLimit": ("MachLmt", int),
    "ConcurrentTasks": ("Conc", int),
    "LimitConcurrentTasksToNumberOfCpus": ("ConcLimt", bool),
    "ForceReloadPlugin": ("Reload", bool),
    "Sequential": ("Seq", bool),
    "Interruptible": ("Int", bool),
    "Protected": ("Protect", bool),
    "SuppressEvents": ("NoEvnt", bool),
    "PreTaskScript": ("PrTskScrp", str),
    "PostTaskScript": ("PoTskScrp", str),
}
# Submission, sections 4.1 and 6.3.
_DEPENDENCY: Mapping[str, Any] = {
    "Notes": "",
    "IgnoreFrameOffsets": False,
    "OverrideFrameOffsets": False,
    "StartOffset": 0,
    "EndOffset": 0,
    "OverrideResumeOn": False,
    "ResumeOnComplete": True,
    "ResumeOnDeleted": False,
    "ResumeOnFailed": False,
    "ResumeOnPercentageCompleted": False,
    "ResumeOnPercentageValue": 0.0,
}


def read_entry(properties: Mapping[str, Any], key: str) -> Optional[str]:
    """The entry as text; None where the job does not tell."""
    name, kind = _PROPERTIES.get(key, ("", str))
    value = properties.get(name)
    if type(value) is not kind:
        return None
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def with_entries(properties: Mapping[str, Any], entries: Mapping[str, str]) -> dict[str, Any]:
    """The properties with these entries.

    Raises:
        SubmissionError: The job has no property for one.
    """
    known = {key: pair for key, pair in _PROPERTIES.items() if pair[0] in properties}
    refuse_unknown(entries, known)
    return {**properties, **{known[key][0]: _value(text, known[key][1]) for key, text in entries.items()}}


def with_dependencies(properties: Mapping[str, Any], job_ids: Sequence[str]) -> dict[str, Any]:
    """The properties of a job that depends on these jobs alone; what was set for one of them stays."""
    found: Sequence[Any] = properties.get("Dep") or ()
    there = {str(item.get("JobID")).lower(): item for item in found if isinstance(item, dict)}
    return {**properties, "Dep": [there.get(job_id, {"JobID": job_id, **_DEPENDENCY}) for job_id in job_ids]}


def _value(text: str, kind: type) -> Any:
    if kind is list:
        return [item.strip() for item in text.split(",") if item.strip()]
    if kind is bool:
        return text.strip().lower() in ("true", "1")
    return kind(text)
