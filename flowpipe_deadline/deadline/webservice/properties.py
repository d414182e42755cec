"""Properties of the Web Service's job objects by the entries of the job info (submission, section 6.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from ..client import refuse_unknown
from ..properties import PROPERTIES, entry_text, entry_value

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
    held = PROPERTIES.get(key)
    value = None if held is None else properties.get(held.webservice)
    return entry_text(value, held.kind) if held is not None and type(value) is held.kind else None


def with_entries(properties: Mapping[str, Any], entries: Mapping[str, str]) -> dict[str, Any]:
    """The properties with these entries.

    Raises:
        SubmissionError: The job has no property for one.
    """
    known = {key: held for key, held in PROPERTIES.items() if held.webservice in properties}
    refuse_unknown(entries, known)
    return {
        **properties,
        **{known[key].webservice: entry_value(text, known[key].kind) for key, text in entries.items()},
    }


def with_dependencies(properties: Mapping[str, Any], job_ids: Sequence[str]) -> dict[str, Any]:
    """The properties of a job that depends on these jobs alone; what was set for one of them stays."""
    found: Sequence[Any] = properties.get("Dep") or ()
    there = {str(item.get("JobID")).lower(): item for item in found if isinstance(item, dict)}
    return {**properties, "Dep": [there.get(job_id, {"JobID": job_id, **_DEPENDENCY}) for job_id in job_ids]}
