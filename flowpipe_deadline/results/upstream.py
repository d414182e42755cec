"""What a task takes from upstream: merged outputs for whole inputs, items for inputs that are fed frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList
from .codec import decode
from .cut import cut_inputs
from .merge import Batch, MergeError, MissingResultsError, chunk_value, latest_by_frame, merge_results
from .store import ChunkResult

Record = Mapping[str, Any]
"""A node record, or a part of one."""
ReadResults = Callable[[str], Tuple[ChunkResult, ...]]
"""Gives all results of a node by its key, the latest first, as ``Store.read`` does."""


def sources(record: Record) -> Iterator[Tuple[Record, str, Optional[str]]]:
    """Every connection into the node: its source, the input, and the sub-plug of the input or None."""
    for name, plug in record["inputs"].items():
        if plug["source"]:
            yield plug["source"], name, None
        for key, sub_plug in plug["sub_plugs"].items():
            if sub_plug["source"]:
                yield sub_plug["source"], name, key


class UpstreamValues(NamedTuple):
    """What one task takes from upstream."""

    merged: Dict[str, Dict[str, Any]]
    """The merged outputs, encoded, by node and output: those that feed whole inputs."""
    items: Dict[str, Any]
    """By input that is fed frame by frame, its list for the frames of the task."""
    versions: Dict[str, int]
    """When, by node, the latest of these results was written."""


class Upstream:
    """The results of all nodes that feed one task, each node's read once."""

    def __init__(self, record: Record, *, bundle: Path, read: ReadResults, frames: Optional[FrameList]) -> None:
        """``record`` is of the node that is fed, ``frames`` are those of its task.

        Raises:
            RecordError: A result or a node record is damaged.
        """
        self._frames = frames
        self._whole: Dict[str, Set[str]] = {}  # Outputs by node.
        self._by_frame: List[Tuple[str, str, str]] = []  # Node, output and the input that it feeds.
        for source, name, _ in sources(record):
            if source["by_frame"]:
                self._by_frame.append((source["node"], source["output"], name))
            else:
                self._whole.setdefault(source["node"], set()).add(source["output"])
        keys = dict.fromkeys(source["node"] for source, _, _ in sources(record))
        self._batches = {key: Batch.from_json(read_node(bundle, key)["batch"]) for key in keys}
        self._results = {key: read(key) for key in keys}

    def values(self) -> UpstreamValues:
        """What the task takes.

        An input that is fed frame by frame gets the items of the task's frames. If upstream gives no list with one item
        per frame, its whole output is cut, provided that all of it is there. Inputs that upstream did not set are left
        out: they keep their planned value.

        Raises:
            MissingResultsError: A planned frame, or a frame of the task, has no result.
            MergeError: Chunks cannot become one value, or an output does not have one item per frame.
        """
        merged = {key: self._merge(key, names) for key, names in self._whole.items()}
        items: Dict[str, Any] = {}
        for key, output, name in self._by_frame:
            covering = self._covering(key)
            if any(output in result.outputs for _, result in covering):
                items[name] = self._items(key, output, covering)
        return UpstreamValues(merged=merged, items=items, versions=self.versions())

    def versions(self) -> Dict[str, int]:
        """When, by node, the latest of the results that the task takes was written, if there is one."""
        written = {key: [result.written for result in self._taken(key)] for key in self._batches}
        return {key: max(times) for key, times in written.items() if times}

    def _covering(self, key: str) -> List[Tuple[int, ChunkResult]]:
        """The latest result of each frame of the task."""
        batch = self._batches[key]
        latest = {} if batch is None else latest_by_frame(batch, self._results[key])
        missing = [frame for frame in self._frames or () if frame not in latest]
        if missing:
            raise MissingResultsError(key, FrameList(missing))
        return [(frame, latest[frame]) for frame in self._frames or ()]

    def _items(self, key: str, output: str, covering: List[Tuple[int, ChunkResult]]) -> Any:
        batch = self._batches[key]
        assert batch is not None
        assert self._frames is not None
        value = chunk_value(output, batch=batch, covering=covering)
        if value is not None:
            return decode(value)
        try:
            whole = decode(self._merge(key, {output})[output]["value"])
            return cut_inputs({output: whole}, batch=batch, frames=self._frames)[output]
        except FlowpipeDeadlineError as error:
            raise MergeError(
                f"{key}.{output} feeds a batch over the same frames, but its chunks do not have one item per frame, and"
                f" its whole cannot be cut: {error}; return a list as long as the frames, or declare its merge rule"
            ) from error

    def _merge(self, key: str, wanted: Set[str]) -> Dict[str, Any]:
        return merge_results(key, batch=self._batches[key], results=self._results[key], wanted=wanted)

    def _taken(self, key: str) -> Iterable[ChunkResult]:
        batch = self._batches[key]
        if batch is None:
            return [result for result in self._results[key] if result.frames is None][:1]
        latest = latest_by_frame(batch, self._results[key])
        if key in self._whole:
            return latest.values()
        return [latest[frame] for frame in self._frames or () if frame in latest]


def is_stale(record: Record, result: ChunkResult, *, bundle: Path, read: ReadResults) -> bool:
    """Whether an upstream node was evaluated again after this result was made."""
    if not result.inputs:
        return False
    now = Upstream(record, bundle=bundle, read=read, frames=result.frames).versions()
    return any(written > result.inputs.get(node, 0) for node, written in now.items())
