"""Which tasks run again: those that are asked for, and all that is made from them.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Collection, FrozenSet, Iterable, Mapping, Optional

from ..core.bundle import Bundle, BundleJob, find_nodes, node_labels, read_node
from ..core.errors import UsageError
from ..core.frames import FrameList, FrameListError
from ..results.codec import TYPE
from ..results.counts import BundleTasks
from ..results.merge import Batch
from ..results.stale import BundleResults
from ..results.store import ALL as ALL_RESULTS
from ..results.upstream import sources
from .options import ALL, FAILED, STALE, WHICH, Tasks

Chunk = Optional[FrameList]
Places = FrozenSet[Optional[int]]
"""Frames; None stands for the one task of a job without frames."""


@dataclass(frozen=True)
class Selection:
    """The tasks that run again."""

    tasks: Tasks = field(default_factory=dict)
    asked: Tasks = field(default_factory=dict)
    """Of these, the ones that were asked for; the others are made from them."""

    @property
    def count(self) -> int:
        """How many tasks run again."""
        return sum(map(len, self.tasks.values()))


def select(  # noqa: PLR0913  (what is there, and what is asked for)
    bundle: Bundle,
    *,
    results: BundleResults,
    failed: Mapping[str, Collection[str | None]],
    node: str | Collection[str] | None = None,
    frames: str | Iterable[int] | None = None,
    which: str = ALL,
    only: bool = False,
    edited: Collection[str] = (),
    tasks: Tasks | None = None,
) -> Selection:
    """The tasks to run again; none if nothing of that kind is there.

    ``failed`` are the frame lists, by node key, of tasks that failed or have ended without a result. ``node``, a key,
    ``graph.node`` or name, or several of them, and ``frames`` limit what is asked for; frames are real ones, also where
    tasks carry item numbers. With ``only``, nothing else runs. Otherwise, what is made from that runs as well: by frame
    where a connection is frame by frame, else all of a node. Nodes whose inputs were ``edited``, by key, run again as
    well; if nothing else is asked for, they alone. ``tasks`` are those of the farm, where they are known; of other
    jobs, the results tell how they are cut.

    Raises:
        UsageError: There is no such node, several have that name, it is omitted, or it does not have these frames.
        RecordError: A record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """
    if which not in WHICH:
        raise UsageError(f"'{which}' cannot be made again; choose {', '.join(WHICH)}")
    of = {find_key(bundle, name) for name in ([node] if isinstance(node, str) else node or ())}
    if frames is not None and not of:
        raise UsageError(f"the frames {frames} of which node? Name it before them")
    if not of and not (edited and which == ALL):
        of = {job.key for job in bundle.jobs}
    links = Links(bundle, results)
    needed = links.downstream({*of, *edited})
    cut = BundleTasks(bundle, results, keys=needed)
    chosen: dict[str, tuple[Chunk, ...]] = {}
    asked: dict[str, tuple[Chunk, ...]] = {}
    changed: dict[str, Places] = {}
    for job in bundle.jobs:
        if job.key not in needed:
            continue
        chunks = tasks[job.key] if tasks is not None and job.key in tasks else cut.chunks(job)
        first: set[Chunk] = set(chunks) if job.key in edited and job.key not in of else set()
        if job.key in of:
            wanted = None if frames is None else _task_frames(bundle, job, frames, chunks)
            wrong = _wrong(job, results, failed, which)
            first = {chunk for chunk in chunks if _shares(chunk, wanted) and _shares(chunk, wrong)}
        found = tuple(
            chunk for chunk in chunks if chunk in first or (not only and links.takes(job.key, chunk, of=changed))
        )
        if found:
            chosen[job.key] = found
            changed[job.key] = frozenset(place for chunk in found for place in chunk or (None,))
        if first:
            asked[job.key] = tuple(chunk for chunk in chunks if chunk in first)
    return Selection(chosen, asked)


def find_key(bundle: Bundle, node: str) -> str:
    """The key of the one node with that key, ``graph.node`` or name.

    Raises:
        UsageError: There is no such node, several have that name, or it is omitted and has no task.
    """
    found = find_nodes(bundle, node)
    labels = node_labels(bundle)
    if len(found) > 1 and node not in found:
        names = ", ".join(sorted(labels[key] for key in found))
        raise UsageError(f"'{node}' is the name of several nodes; choose one of {names}")
    key = node if node in found else next(iter(found))
    if key in {omitted.key for omitted in bundle.omitted}:
        raise UsageError(f"{labels[key]} is omitted, so it has no task that could run again")
    return key


class Links:
    """What the tasks of a bundle take from upstream."""

    def __init__(self, bundle: Bundle, results: BundleResults) -> None:
        self._bundle = bundle
        self._results = results
        self.record = lru_cache(maxsize=None)(lambda key: read_node(bundle.folder, key))
        """The record of a node by its key."""

    def downstream(self, keys: Collection[str]) -> frozenset[str]:
        """The keys of these nodes, and of all that may be made from them."""
        found = set(keys)
        for job in self._bundle.jobs:
            if not found.isdisjoint(source["node"] for source, _, _ in sources(self.record(job.key))):
                found.add(job.key)
        return frozenset(found)

    def of(self, key: str, chunk: Chunk) -> dict[str, bool]:
        """By key, the nodes that a task takes results from, and whether only those of its own frames."""
        links: dict[str, bool] = {}
        for source, _, _ in sources(self.record(key)):
            by_frame = bool(source["by_frame"]) and not self._took_all(key, chunk, source["node"])
            links[source["node"]] = by_frame and links.get(source["node"], True)
        return links

    def takes(self, key: str, chunk: Chunk, *, of: Mapping[str, Places]) -> bool:
        """Whether the task is made from one of these results."""
        places = frozenset(chunk or (None,))
        for source, by_frame in self.of(key, chunk).items() if of else ():
            changed = of.get(source)
            if changed and not (by_frame and changed.isdisjoint(places)):
                return True
        return False

    def _took_all(self, key: str, chunk: Chunk, source: str) -> bool:
        """Whether the results of the task's frames were made from all of that node: its chunks could not be cut."""
        latest = self._results.latest(key)
        made = {id(latest[place]): latest[place] for place in chunk or (None,) if place in latest}.values()
        return any(ALL_RESULTS in result.taken.get(source, ()) for result in made)


def _wrong(
    job: BundleJob, results: BundleResults, failed: Mapping[str, Collection[str | None]], which: str
) -> Places | None:
    """The places of the job that are asked for; None for all."""
    if which == STALE:
        return results.stale(job.key)
    if which == FAILED:
        texts = failed.get(job.key, ())
        return frozenset(
            place for text in texts for place in (FrameList.parse(text) if text and job.is_batched else (None,))
        )
    return None


def _shares(chunk: Chunk, places: Places | None) -> bool:
    return places is None or not places.isdisjoint(chunk or (None,))


def _task_frames(bundle: Bundle, job: BundleJob, frames: str | Iterable[int], chunks: tuple[Chunk, ...]) -> Places:
    """The frames as the tasks of the job carry them.

    Raises:
        UsageError: They are no frame list, or the job does not have all of them.
    """
    label = node_labels(bundle)[job.key]
    try:
        wanted = FrameList.parse(frames) if isinstance(frames, str) else FrameList(frames)
    except FrameListError as error:
        raise UsageError(f"{label}: {error}") from error
    if not job.is_batched:
        raise UsageError(f"{label} has no frames: it is one task; name it without {wanted}")
    there = {place: (place,) for chunk in chunks for place in chunk or ()}
    if job.frame_mode == "items":
        real = _frames_of_items(read_node(bundle.folder, job.key))
        if real is not None:
            there = {}
            for item, frame in enumerate(real):
                there[frame] = (*there.get(frame, ()), item)
    unknown = [frame for frame in wanted if frame not in there]
    if unknown:
        raise UsageError(f"{label} has no frame {FrameList(unknown)}; it has {FrameList(sorted(there))}")
    return frozenset(item for frame in wanted for item in there[frame])


def _frames_of_items(record: Mapping[str, Any]) -> list[int] | None:
    """The frame that each item stands for; None if items are something else, or come from upstream."""
    batch = Batch.from_json(record["batch"])
    assert batch is not None
    value = record["inputs"][batch.over[0]].get("value")
    if isinstance(value, dict):
        value = range(*value["range"]) if value.get(TYPE) == "range" else value.get("items")
    elif isinstance(value, str):
        value = FrameList.parse(value)
    items = list(value or ())
    is_frames = len(items) == len(batch.frames) and all(type(item) is int and item >= 0 for item in items)
    return items if is_frames else None
