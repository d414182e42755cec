"""Settings that change on the way: entries of the job info, set on jobs that there are, and read back.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Dict, Mapping, Optional

from ..deadline.client import DeadlineClient, SubmissionError


def same_entry(one: Optional[str], other: str) -> bool:
    """Whether both texts mean the same: booleans, numbers and lists are written in several ways.

    >>> same_entry("True", "true"), same_entry("nuke, arnold", "nuke,arnold"), same_entry(None, "")
    (True, True, False)
    """
    if one is None:
        return False
    return _plain(one) == _plain(other)


def read_before(client: DeadlineClient, job_id: str, label: str, entries: Mapping[str, str]) -> Dict[str, str]:
    """What these entries of a job are now.

    Raises:
        SubmissionError: Deadline does not tell one of them, so that it could not be undone.
    """
    now = client.read_entries(job_id, list(entries)) if entries else {}
    untold = [key for key in entries if now.get(key) is None]
    if untold:
        raise SubmissionError(
            f"{label}: Deadline does not tell {', '.join(untold)} of job {job_id} by this connection, so it cannot be"
            " changed there and changed back; use --new-jobs, or another connection"
        )
    return {key: value for key, value in now.items() if value is not None}


def set_verified(client: DeadlineClient, job_id: str, label: str, entries: Mapping[str, str]) -> None:
    """Sets entries of a job.

    Raises:
        SubmissionError: Deadline has others afterwards.
    """
    client.set_entries(job_id, entries)
    now = client.read_entries(job_id, list(entries))
    for key, value in entries.items():
        if not same_entry(now.get(key), value):
            raise SubmissionError(
                f"{label}: Deadline has {key}={now.get(key)} after {value} was set on job {job_id}; use --new-jobs"
            )


def _plain(text: str) -> str:
    return ",".join(item.strip() for item in text.strip().lower().split(","))
