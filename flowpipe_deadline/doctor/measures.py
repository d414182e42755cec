"""What the doctor's graph shows on a farm: which connection is fast, and how long Deadline holds a job back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from ..core.text import counted, one_line
from ..deadline.client import ACTIVE, COMPLETED
from ..deadline.connect import Connection
from ..studio.file import StudioFile
from .probe_graph import SHIFT, TOTAL
from .report import Check

LONGEST = 300
"""Characters of an error."""
# The jobs that are evaluated are released as well, which takes up to as long again.
_MUCH_FASTER = 3.0
_LONG = 30.0  # Seconds between two jobs that are worth a look at the repository options.

Look = tuple[float, Mapping[str, str]]
"""When Deadline was asked, on a monotonic clock, and the states of the jobs by node key."""


def check_submissions(
    submissions: Mapping[str, Mapping[str, Any]], connections: Sequence[Connection], studio: Optional[StudioFile]
) -> Check:
    """How long it took to submit the graph, by connection, or why it failed; and what to write if another is better.

    The first connection is the one in use. ``studio`` is None if it is not the studio's choice.
    """
    texts, check = [], Check("submission", "ok", "", details=submissions)
    for via, info in submissions.items():
        if "error" in info:
            check = replace(check, verdict="warning", advice="please report this, with --output json")
            texts.append(f"{via}: failed ({one_line(info['error'], longest=LONGEST)})")
        else:
            each = info["seconds"] / info["jobs"]
            texts.append(f"{via}: {info['seconds']:.2g} s for {counted(info['jobs'], 'job')}, {each:.2g} s for one")
    seconds = {via: info["seconds"] for via, info in submissions.items() if "seconds" in info}
    fastest = min(connections, key=lambda connection: seconds.get(connection.via, float("inf")))
    used = connections[0]
    if studio and seconds.get(used.via, 0.0) > _MUCH_FASTER * seconds.get(fastest.via, 0.0) and not check.advice:
        check = replace(check, advice=f"{fastest.via} is much faster than {used.via}: {_studio_lines(fastest, studio)}")
    return replace(check, found="; ".join(texts))


def _studio_lines(connection: Connection, studio: StudioFile) -> str:
    """What to write into the studio file, so that everybody uses this connection."""
    lines = f'write  via = "{connection.via}"'
    if connection.webservice is not None and "url" not in studio.webservice:
        lines += f'  and, in its table [webservice],  url = "{connection.webservice.url}"'
    return f"{lines}  into {studio.path or 'a studio file, whose place flowpipe-deadline config says'}"


def check_release(looks: Sequence[Look]) -> Check:
    """How long Deadline held back the last job, once the one that it waits for was complete.

    >>> states = [("Rendering", "Pending"), ("Completed", "Pending"), ("Completed", "Queued")]
    >>> looks = [(5.0 * number, {SHIFT: one, TOTAL: other}) for number, (one, other) in enumerate(states)]
    >>> check_release(looks).found
    'the last job was released 5 s after all before it (give or take 5)'
    """
    complete = _first_with(looks, SHIFT, (COMPLETED,))
    released = _first_with(looks, TOTAL, (*ACTIVE, COMPLETED))
    if not complete or not released:
        return Check("release", "unknown", "when Deadline released the last job was not seen")
    seconds = looks[released][0] - looks[complete][0]
    uncertainty = max(looks[index][0] - looks[index - 1][0] for index in (complete, released))
    found = f"the last job was released {seconds:.2g} s after all before it (give or take {uncertainty:.2g})"
    advice = "graphs take less time if Deadline looks for pending jobs more often: see the repository options"
    details = {"seconds": seconds, "uncertainty": uncertainty}
    return Check("release", "ok", found, advice if seconds > _LONG else "", details)


def _first_with(looks: Sequence[Look], key: str, statuses: Sequence[str]) -> Optional[int]:
    return next((index for index, (_, by_key) in enumerate(looks) if by_key[key] in statuses), None)
