"""Why jobs of a bundle wait, failed or lack results: from each job down to what keeps it.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Callable, Collection, Mapping, Sequence

from ..core.bundle import Bundle, find_nodes
from ..core.text import counted, listing
from ..deadline.client import DeadlineClient
from ..submit.record import read_submission
from .causes.explanation import Explanation
from .causes.reasons import KINDS, WENT_WELL, Reason, of_bundle
from .notices import HALF_SUBMITTED, HALF_UNDONE, SUBMITTING, home_of, notices_of, state_of

__all__ = ["KINDS", "Reason", "why", "why_lines"]

_MOST_LINES = 20
_MOST_NAMES = 5


def why(
    bundle: Bundle,
    client: DeadlineClient | None,
    *,
    node: str | None = None,
    map_path: Callable[[str], str] | None = None,
    unreachable: str = "",
) -> tuple[Reason, ...]:
    """Why the nodes are as they are: those that are not well, or the one that is named by key, name or ``graph.node``.

    ``client`` is needed for a bundle that was submitted; ``unreachable`` says why there is none. ``map_path`` is
    Deadline's path mapping, by default the client's.

    Raises:
        UsageError: There is no such node.
        RecordError: A record of the bundle is damaged.
        StoreError: The store of the results cannot be read.
    """
    wanted = None if node is None else find_nodes(bundle, node)
    record = read_submission(bundle.folder)
    state = state_of(record)
    if state in (SUBMITTING, HALF_SUBMITTED, HALF_UNDONE):
        return (of_bundle(bundle, state, notices_of(bundle, record)[0].split(";")[0]),)
    asked = Explanation(bundle, record, client, unreachable)
    elsewhere = _elsewhere(bundle, map_path or (client.map_path if client is not None else str)) if record else None
    if elsewhere is not None and elsewhere.advice:
        return (elsewhere,)
    reasons = asked.reasons(None if wanted is None else _with_upstream(bundle, wanted))
    if wanted is None:
        found = [reasons[job.key] for job in bundle.jobs if reasons[job.key].kind not in WENT_WELL]
    else:
        found = [reasons.get(key) or Reason(key, "omitted", "omitted: it has no job") for key in sorted(wanted)]
    return (*filter(None, (elsewhere, *asked.of_all)), *found)


def why_lines(reasons: Sequence[Reason], labels: Mapping[str, str]) -> list[str]:
    """The reasons for people: each cause once, with what to do and what waits for it. ``labels`` are by node key.

    >>> render = Reason("a", "suspended", "suspended", advice="resume it")
    >>> why_lines([render, Reason("b", "upstream", "waits", because=(render,))], {"a": "render", "b": "comp"})
    ['render: suspended', '  resume it', '  1 job waits for it: comp']
    """
    chain = [_chain_line(reason, labels) for reason in reasons if len(reasons) == 1 and reason.because]
    causes: dict[tuple[str, str], list[Reason]] = {}
    waiting: dict[tuple[str, str], list[str]] = {}
    for reason in reasons:
        for cause in reason.ends:
            group = causes.setdefault((cause.kind, cause.text), [])
            if cause not in group:
                group.append(cause)
            if cause is not reason and reason.key not in waiting.setdefault((cause.kind, cause.text), []):
                waiting[cause.kind, cause.text].append(reason.key)
    order = list(KINDS)
    groups = sorted(causes.items(), key=lambda item: order.index(item[0][0]))
    lines = list(chain)
    for about, group in groups[:_MOST_LINES]:
        names = listing([labels.get(cause.key, cause.key) for cause in group if cause.key], most=_MOST_NAMES)
        lines.append(f"{names}: {about[1]}" if names else about[1])
        if group[0].advice:
            lines.append(f"  {group[0].advice}")
        if waiting.get(about) and not chain:
            keys = [labels.get(key, key) for key in waiting[about]]
            verb = "waits" if len(keys) == 1 else "wait"
            lines.append(f"  {counted(len(keys), 'job')} {verb} for it: {listing(keys, most=_MOST_NAMES)}")
    if len(groups) > _MOST_LINES:
        lines.append(f"and {len(groups) - _MOST_LINES} more causes")
    return lines


def _chain_line(reason: Reason, labels: Mapping[str, str]) -> str:
    """From the job to the nearest end of its chain."""
    way, current = [], reason
    while current.because:
        current = min(current.because, key=lambda item: item.distance)
        way.append(labels.get(current.key, current.key))
    through = f", through {listing(way[:-1], most=_MOST_NAMES)}" if len(way) > 1 else ""
    return f"{labels.get(reason.key, reason.key)}: waits for {way[-1]}{through}"


def _with_upstream(bundle: Bundle, keys: Collection[str]) -> frozenset[str]:
    found = set(keys)
    for job in reversed(bundle.jobs):
        if job.key in found:
            found.update(job.depends_on)
    return frozenset(found)


def _elsewhere(bundle: Bundle, map_path: Callable[[str], str]) -> Reason | None:
    """That the bundle is a copy, with advice; or that its jobs know it by another name, without."""
    home = home_of(bundle, map_path)
    if home is None:
        return None
    if home.exists():
        return of_bundle(bundle, "elsewhere", f"{bundle.folder} is a copy of {home}, whose jobs these are")
    text = f"the jobs use {home}: {bundle.folder} was moved or copied, or is that folder by another name"
    return Reason("", "elsewhere", text)
