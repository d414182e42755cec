"""What selected tasks need and nobody makes: told before anything runs.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Collection, Iterable, Iterator, Sequence

from ..core.bundle import Bundle, node_labels
from ..core.errors import BundleError
from ..core.frames import FrameList
from ..core.text import listing
from ..results.stale import BundleResults
from ..results.store import open_store
from .selection import Chunk, Links, Selection

_MOST_MISSING = 5


@dataclass(frozen=True)
class Missing:
    """Results that a task needs, which are not there, and are not made either."""

    key: str
    """The node of the task."""
    chunk: FrameList | None
    """The frames of the task; None if it has none."""
    source: str
    """The node whose results are missing."""
    frames: FrameList | None
    """Their frames; None for a node without frames."""


def without_blocked(
    bundle: Bundle, selection: Selection, *, results: BundleResults, coming: Collection[str] = ()
) -> tuple[Selection, tuple[Missing, ...]]:
    """The tasks that can run, and what the others miss: those that need such results, and all that is made from them.

    Results of the nodes in ``coming``, by key, do not count as missing: a farm is at work on them.

    Raises:
        RecordError: A record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """
    links = Links(bundle, results)
    jobs = {job.key: job for job in bundle.jobs}
    made: dict[str, frozenset[int | None]] = {}

    def lacking(source: str, places: Iterable[int | None]) -> tuple[int | None, ...]:
        there, new = results.latest(source), made.get(source, ())
        return () if source in coming else tuple(place for place in places if place not in there and place not in new)

    lacking_at_all = lru_cache(maxsize=None)(lambda source: lacking(source, _places(jobs[source].chunks)))
    blocked: dict[str, frozenset[int | None]] = {}
    left: dict[str, tuple[Chunk, ...]] = {}
    found: list[Missing] = []
    for job in bundle.jobs:
        chunks = selection.tasks.get(job.key, ())
        if not chunks:
            continue
        waiting: set[Chunk] = set()
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


def runnable(
    bundle: Bundle, selection: Selection, *, results: BundleResults | None = None, coming: Collection[str] = ()
) -> tuple[Selection, tuple[str, ...]]:
    """The selected tasks that have what they need, and a line for those that have not; ``results`` if they are read.

    Raises:
        BundleError: One that was asked for misses results that nobody makes.
    """
    left, missing = without_blocked(bundle, selection, results=results or tolerant_results(bundle), coming=coming)
    if not missing:
        return left, ()
    asked = [one for one in missing if one.chunk in selection.asked.get(one.key, ())]
    text = listing(list(_lines(bundle, asked or missing)), most=_MOST_MISSING)
    if asked:
        first = asked[0]
        frames = "" if first.frames is None else bundle.job(first.source).real_frames(str(first.frames)) or first.frames
        raise BundleError(
            f"nothing was run: {text}. Make that first, with what is made from it:"
            f"  {f'flowpipe-deadline redo {bundle.folder} {first.source} {frames}'.rstrip()}"
        )
    return left, (f"Not run, with what is made from it: {text}",)


def left_stale(bundle: Bundle, selection: Selection, keys: Iterable[str], *, advice: str) -> tuple[str, ...]:
    """A line for each of the nodes, whose inputs have changed, of which not all planned frames run again."""
    return tuple(
        f"{key}: its other frames were made with the values of before{advice}"
        for key in keys
        if _places(bundle.job(key).chunks) - _places(selection.tasks.get(key, ()))
    )


def tolerant_results(bundle: Bundle) -> BundleResults:
    """The results of the bundle as they are now; a damaged one counts as missing."""
    return BundleResults(bundle.folder, open_store(bundle.folder), skips_damaged=True)


def _lines(bundle: Bundle, missing: Sequence[Missing]) -> Iterator[str]:
    """For each two nodes a line: which frames of one need which of the other."""
    labels = node_labels(bundle)
    pairs: dict[tuple[str, str], list[Missing]] = {}
    for one in missing:
        pairs.setdefault((one.key, one.source), []).append(one)

    def named(key: str, chunks: Iterable[Chunk]) -> str:
        frames = sorted({frame for chunk in chunks for frame in chunk or ()})
        text = bundle.job(key).shown_frames(str(FrameList(frames))) if frames else ""
        return f"{labels[key]} {text}".rstrip()

    for (key, source), some in pairs.items():
        needing, needed = named(key, [one.chunk for one in some]), named(source, [one.frames for one in some])
        yield f"{needing} needs {needed}, which is missing"


def _places(chunks: Iterable[Chunk]) -> frozenset[int | None]:
    return frozenset(place for chunk in chunks for place in chunk or (None,))
