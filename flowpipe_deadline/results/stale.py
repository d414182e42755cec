"""The results of a bundle that count, and which of them were made from others than are there now.

What counts is whether what was taken is still there, and not which is later: a result that an old evaluation wrote late
must be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, FrozenSet, Optional

from ..core.bundle import read_node
from ..core.frames import FrameList
from .inputs.edits import is_outdated, read_edits
from .merge import Batch, missing_frames
from .store import ChunkResult, Store
from .upstream import sources
from .versions import expanded, latest_by_frame, latest_whole, mark_of_all, version_in

Places = FrozenSet[Optional[int]]
"""Frames; None stands for the result of a node that is not batched."""


def places_text(places: Places) -> str | None:
    """The frames as a frame list, ``all`` for a node that is not batched; None if there are none."""
    frames = sorted(frame for frame in places if frame is not None)
    return str(FrameList(frames)) if frames else "all" if places else None


class BundleResults:
    """The results of a bundle's nodes, each node's read once.

    Raises:
        RecordError: By every method: a record or a result is damaged.
        StoreError: The store of the results cannot be read.
    """

    def __init__(self, bundle: Path, store: Store, *, skips_damaged: bool = False) -> None:
        self._bundle = bundle
        self.read = lru_cache(maxsize=None)(store.read_replaced if skips_damaged else store.read)
        """All results of a node by its key, the latest first; those that are damaged may count as missing."""
        self.latest = lru_cache(maxsize=None)(self._latest)
        """The node's results that count, by frame."""
        self.edits = lru_cache(maxsize=None)(partial(read_edits, bundle))
        """The edits of a node's inputs by its key."""
        self._marks_there = lru_cache(maxsize=None)(self._marks)

    def _latest(self, node: str) -> Mapping[int | None, ChunkResult]:
        results = self.read(node)
        if read_node(self._bundle, node)["batch"] is not None:
            return {frame: result for frame, result in latest_by_frame(results).items()}  # noqa: C416 (its type is wider)
        whole = latest_whole(results)
        return {} if whole is None else {None: whole}

    def stale(self, node: str) -> Places:
        """The frames whose latest result was made from others than are there, or with other values of its inputs.

        Where what it was made from is gone, it is not told.
        """
        stale: dict[int, Places] = {}  # By the id of a result.
        found = set()
        for place, result in self.latest(node).items():
            if id(result) not in stale:
                stale[id(result)] = self._changed(node, result)
            if place in stale[id(result)]:
                found.add(place)
        return frozenset(found)

    def _changed(self, node: str, result: ChunkResult) -> Places:
        """Those of the result's frames that were made from others than are there."""
        everywhere: Places = frozenset(result.frames or (None,))
        if is_outdated(self.edits(node), result.edit):
            return everywhere
        changed: set[int | None] = set()
        for source, marks in result.taken.items():
            there = self._marks_there(source)
            different = {place for place, mark in expanded(marks).items() if there.get(place, mark) != mark}
            changed |= everywhere if None in different else different
        if result.inputs and not result.taken and self._has_later_inputs(read_node(self._bundle, node), result):
            return everywhere
        return frozenset(changed)

    def _has_later_inputs(self, record: Mapping[str, Any], result: ChunkResult) -> bool:
        """The same for a result of an earlier version, which only says how late the latest of its inputs was.

        That was a time, and versions go on from the times of what they replace: a later one may be lower than it.
        """
        for source, _, _ in sources(record):
            known = result.inputs.get(source["node"])
            there = self._marks_there(source["node"])
            # The mark of all together counts for a node that is not batched only.
            places = result.frames or () if source["by_frame"] else there.keys() - ({None} if len(there) > 1 else set())
            if known is not None and any(_is_later(there[place], known) for place in places if place in there):
                return True
        return False

    def _marks(self, node: str) -> Mapping[int | None, str]:
        """The marks of the node's results by frame, and of all together under None, if all are there."""
        latest = self.latest(node)
        marks = {place: result.mark(place) for place, result in latest.items()}
        batch = Batch.from_json(read_node(self._bundle, node)["batch"])
        if batch is not None and missing_frames(batch, self.read(node)) is None:
            marks[None] = mark_of_all({frame: result for frame, result in latest.items() if frame is not None})
        return marks


def _is_later(mark: str, known: int) -> bool:
    """Whether this may be later than all that an earlier version saw: its own results, without a token, have times.

    What it made from results with a token counts as stale, as it did not keep which.
    """
    return not mark.endswith(".") or version_in(mark) > known
