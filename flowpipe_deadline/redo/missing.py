"""What selected tasks need and nobody makes: told before anything runs.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, List, Optional, Set, Tuple

from ..core.bundle import Bundle
from ..core.frames import FrameList
from ..results.stale import BundleResults
from .selection import Chunk, Links, Selection


@dataclass(frozen=True)
class Missing:
    """Results that a task needs, which are not there, and are not made either."""

    key: str
    """The node of the task."""
    chunk: Optional[FrameList]
    """The frames of the task; None if it has none."""
    source: str
    """The node whose results are missing."""
    frames: Optional[FrameList]
    """Their frames; None for a node without frames."""


def without_blocked(
    bundle: Bundle, selection: Selection, *, results: BundleResults
) -> Tuple[Selection, Tuple[Missing, ...]]:
    """The tasks that can run, and what the others miss: those that need such results, and all that is made from them.

    Raises:
        RecordError: A record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """
    links = Links(bundle, results)
    planned = {job.key: frozenset(place for chunk in job.chunks for place in chunk or (None,)) for job in bundle.jobs}
    there: Dict[str, Set[Optional[int]]] = {}
    blocked: Dict[str, FrozenSet[Optional[int]]] = {}
    left: Dict[str, Tuple[Chunk, ...]] = {}
    found: List[Missing] = []
    for job in bundle.jobs:
        there[job.key] = set(results.latest(job.key))
        chunks = selection.tasks.get(job.key, ())
        if not chunks:
            continue
        waiting: Set[Chunk] = set()
        for chunk in chunks:
            for source, by_frame in links.of(job.key, chunk).items():
                needed = frozenset(chunk or (None,)) if by_frame else planned[source]
                missing = needed.difference(there[source])
                if missing:
                    frames = sorted(place for place in missing if place is not None)
                    found.append(Missing(job.key, chunk, source, FrameList(frames) if frames else None))
                if missing or not blocked.get(source, frozenset()).isdisjoint(needed):
                    waiting.add(chunk)
        free = tuple(chunk for chunk in chunks if chunk not in waiting)
        if free:
            left[job.key] = free
        there[job.key].update(place for chunk in chunks for place in chunk or (None,))
        blocked[job.key] = frozenset(place for chunk in waiting for place in chunk or (None,))
    asked = {
        key: tuple(chunk for chunk in chunks if chunk in left.get(key, ())) for key, chunks in selection.asked.items()
    }
    return Selection(left, {key: chunks for key, chunks in asked.items() if chunks}), tuple(found)
