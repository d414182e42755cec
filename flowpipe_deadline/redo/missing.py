"""What selected tasks need and nobody makes: told before anything runs.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Collection, Dict, FrozenSet, Iterable, List, Optional, Set, Tuple

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
    bundle: Bundle, selection: Selection, *, results: BundleResults, coming: Collection[str] = ()
) -> Tuple[Selection, Tuple[Missing, ...]]:
    """The tasks that can run, and what the others miss: those that need such results, and all that is made from them.

    Results of the nodes in ``coming``, by key, do not count as missing: a farm is at work on them.

    Raises:
        RecordError: A record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """
    links = Links(bundle, results)
    jobs = {job.key: job for job in bundle.jobs}
    made: Dict[str, FrozenSet[Optional[int]]] = {}

    def lacking(source: str, places: Iterable[Optional[int]]) -> Tuple[Optional[int], ...]:
        there, new = results.latest(source), made.get(source, ())
        return () if source in coming else tuple(place for place in places if place not in there and place not in new)

    lacking_at_all = lru_cache(maxsize=None)(lambda source: lacking(source, _places(jobs[source].chunks)))
    blocked: Dict[str, FrozenSet[Optional[int]]] = {}
    left: Dict[str, Tuple[Chunk, ...]] = {}
    found: List[Missing] = []
    for job in bundle.jobs:
        chunks = selection.tasks.get(job.key, ())
        if not chunks:
            continue
        waiting: Set[Chunk] = set()
        for chunk in chunks:
            for source, by_frame in links.of(job.key, chunk).items():
                missing = lacking(source, chunk or (None,)) if by_frame else lacking_at_all(source)
                if missing:
                    frames = [place for place in missing if place is not None]
                    found.append(Missing(job.key, chunk, source, FrameList(frames) if frames else None))
                waits = blocked.get(source, frozenset())
                if missing or (waits and not (by_frame and waits.isdisjoint(chunk or (None,)))):
                    waiting.add(chunk)
        free = tuple(chunk for chunk in chunks if chunk not in waiting)
        if free:
            left[job.key] = free
        made[job.key] = _places(chunks)
        blocked[job.key] = _places(waiting)
    asked = {
        key: tuple(chunk for chunk in chunks if chunk in left.get(key, ())) for key, chunks in selection.asked.items()
    }
    return Selection(left, {key: chunks for key, chunks in asked.items() if chunks}), tuple(found)


def _places(chunks: Iterable[Chunk]) -> FrozenSet[Optional[int]]:
    return frozenset(place for chunk in chunks for place in chunk or (None,))
