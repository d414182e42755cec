"""What a task takes from upstream: merged outputs for whole inputs, items for inputs that are fed frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Optional, Tuple, TypeVar

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.files import NewerFormatError, RecordError, retried
from ..core.frames import FrameList
from .cut import cut_inputs
from .merge import Batch, MergeError, MissingResultsError, chunk_value, merge_results
from .shapes import decode_output
from .store import ALL, ChunkResult, Chunks, StoreError
from .versions import latest_by_frame, latest_whole, mark_of_all, marks_by_frame

UPSTREAM = "upstream"
"""The key of a node record with the batches of the nodes that feed it; earlier versions did not write it."""

Record = Mapping[str, Any]
"""A node record, or a part of one."""
ReadResults = Callable[[str, Optional[Chunks]], Tuple[ChunkResult, ...]]
"""Gives the results of a node by its key, the latest first: all, or those of some chunks, as ``Store.read`` does."""
_Answer = TypeVar("_Answer")


def patiently(action: Callable[[], _Answer], *, seconds: float) -> _Answer:
    """What ``action`` gives; it is tried again for so many seconds while a result is missing, damaged or out of reach.

    Network file systems show new files late, sometimes at first without their content, and servers are restarted.

    Raises:
        NewerFormatError: A newer version has written what is read.
        FlowpipeDeadlineError: What ``action`` raises when the time is over.
    """
    return retried(action, _may_be_late, seconds=seconds)


def _may_be_late(error: Exception) -> bool:
    return isinstance(error, (MissingResultsError, RecordError, StoreError)) and not isinstance(error, NewerFormatError)


def sources(record: Record) -> Iterator[tuple[Record, str, str | None]]:
    """Every connection into the node: its source, the input, and the sub-plug of the input or None."""
    for name, plug in record["inputs"].items():
        if plug["source"]:
            yield plug["source"], name, None
        for key, sub_plug in plug["sub_plugs"].items():
            if sub_plug["source"]:
                yield sub_plug["source"], name, key


class UpstreamValues(NamedTuple):
    """What one task takes from upstream."""

    merged: dict[str, dict[str, Any]]
    """The merged outputs, encoded, by node and output: those that feed whole inputs."""
    items: dict[str, Any]
    """By input that is fed frame by frame, its list for the frames of the task."""
    versions: dict[str, int]
    """The latest version of these results, by node."""
    taken: dict[str, dict[str, str]]
    """The marks of these results, as ``ChunkResult.taken`` holds them."""


class Upstream:
    """The results of all nodes that feed one task, each node's read once; only of its frames, where that will do."""

    def __init__(self, record: Record, *, bundle: Path, read: ReadResults, frames: FrameList | None) -> None:
        """``record`` is of the node that is fed, ``frames`` are those of its task.

        Raises:
            RecordError: A result or a node record is damaged.
            StoreError: The store of the results cannot be read.
        """
        self._frames = frames
        self._read = read
        self._whole: dict[str, set[str]] = {}  # Outputs by node.
        self._by_frame: list[tuple[str, str, str]] = []  # Node, output and the input that it feeds.
        for source, name, _ in sources(record):
            if source["by_frame"]:
                self._by_frame.append((source["node"], source["output"], name))
            else:
                self._whole.setdefault(source["node"], set()).add(source["output"])
        keys = dict.fromkeys(source["node"] for source, _, _ in sources(record))
        known = record.get(UPSTREAM)
        batches = {key: read_node(bundle, key)["batch"] for key in keys} if known is None else known
        self._batches = {key: Batch.from_json(batches[key]) for key in keys}
        # Results of an earlier version's bundle may be of any chunks.
        self._results = {key: read(key, None if known is None else self._needed(key)) for key in keys}

    def values(self) -> UpstreamValues:
        """What the task takes.

        An input that is fed frame by frame gets the items of the task's frames. If upstream gives no list with one item
        per frame, its whole output is cut, provided that all of it is there. Inputs that upstream did not set are left
        out: they keep their planned value.

        Raises:
            MissingResultsError: A planned frame, or a frame of the task, has no result.
            MergeError: Chunks cannot become one value, or an output does not have one item per frame.
            RecordError, StoreError: As from the constructor.
        """
        before = dict(self._results)
        merged = {key: self._merge(key, names) for key, names in self._whole.items()}
        items: dict[str, Any] = {}
        for key, output, name in self._by_frame:
            covering = self._covering(key)
            if any(output in result.outputs for _, result in covering):
                items[name] = self._items(key, output, covering)
        if any(results is not before[key] for key, results in self._results.items()):
            return self.values()  # One output took all results, read anew; others had taken the earlier ones.
        taken = {key: self._taken(key) for key in self._batches}
        versions = {key: max(result.version for result in results) for key, (results, _) in taken.items()}
        return UpstreamValues(merged, items, versions, {key: marks for key, (_, marks) in taken.items()})

    def _needed(self, key: str) -> Chunks | None:
        """The chunks to read; None for all."""
        batch = self._batches[key]
        if batch is None:
            return (None,)
        return None if key in self._whole or self._frames is None else batch.chunks_of(self._frames)

    def _covering(self, key: str) -> list[tuple[int, ChunkResult]]:
        """The latest result of each frame of the task."""
        latest = latest_by_frame(self._results[key])
        missing = [frame for frame in self._frames or () if frame not in latest]
        if missing:
            raise MissingResultsError(key, FrameList(missing), self._batches[key])
        return [(frame, latest[frame]) for frame in self._frames or ()]

    def _items(self, key: str, output: str, covering: list[tuple[int, ChunkResult]]) -> Any:
        batch = self._batches[key]
        assert batch is not None
        assert self._frames is not None
        value, place = chunk_value(output, batch=batch, covering=covering), f"{key}.{output}"
        if value is not None:
            return decode_output(value, place)
        if key not in self._whole:
            self._whole[key] = set()
            self._results[key] = self._read(key, None)
        try:
            whole = decode_output(self._merge(key, {output})[output]["value"], place)
            return cut_inputs({output: whole}, batch=batch, frames=self._frames)[output]
        except FlowpipeDeadlineError as error:
            raise MergeError(
                f"{key}.{output} feeds a batch over the same frames, but its chunks do not have one item per frame, and"
                f" its whole cannot be cut: {error}; return a list as long as the frames, or declare its merge rule"
            ) from error

    def _merge(self, key: str, wanted: set[str]) -> dict[str, Any]:
        return merge_results(key, batch=self._batches[key], results=self._results[key], wanted=wanted)

    def _taken(self, key: str) -> tuple[list[ChunkResult], dict[str, str]]:
        """The results that were taken, and their marks."""
        if self._batches[key] is None:
            whole = latest_whole(self._results[key])
            assert whole is not None  # Else something was missing.
            return [whole], {ALL: whole.mark(None)}
        latest = latest_by_frame(self._results[key])
        if key in self._whole:
            return list(latest.values()), {ALL: mark_of_all(latest)}
        latest = {frame: latest[frame] for frame in self._frames or ()}
        return list(latest.values()), marks_by_frame(latest)
