"""What comes from upstream: merged outputs for a whole node, single items for a chunk that is fed frame by frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Collection, Dict, Iterable, Iterator, List, Mapping, Optional, Set, Tuple

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList
from .codec import decode, encode
from .cut import cut_inputs
from .merge import Batch, MergeError, MissingResultsError, chunk_value, latest_by_frame, merge_results
from .store import ChunkResult, Store

Record = Mapping[str, Any]
"""A node record, or a part of one."""


def sources(record: Record) -> Iterator[Tuple[Record, str, Optional[str]]]:
    """Every connection into the node: its source, the input, and the sub-plug of the input or None."""
    for name, plug in record["inputs"].items():
        if plug["source"]:
            yield plug["source"], name, None
        for key, sub_plug in plug["sub_plugs"].items():
            if sub_plug["source"]:
                yield sub_plug["source"], name, key


class Upstream:
    """The results of all nodes that feed one task, each node's read once."""

    def __init__(self, record: Record, *, bundle: Path, store: Store, frames: Optional[FrameList]) -> None:
        """``record`` is of the node that is fed, ``frames`` are those of its task.

        Raises:
            RecordError: A result or a node record is damaged.
        """
        self._sources = list(sources(record))
        self._frames = frames
        keys = dict.fromkeys(source["node"] for source, _, _ in self._sources)
        self._whole = {source["node"] for source, _, _ in self._sources if not source["by_frame"]}
        self._batches = {key: Batch.from_json(read_node(bundle, key)["batch"]) for key in keys}
        self._results = {key: store.read(key) for key in keys}

    def merged(self) -> Dict[str, Dict[str, Any]]:
        """The merged outputs, by node, of those that feed a whole input; of each node what is connected, and no more.

        Raises:
            MissingResultsError: A planned frame has no result.
            MergeError: Chunks cannot become one value.
        """
        wanted: Dict[str, Set[str]] = {}
        for source, _, _ in self._sources:
            if not source["by_frame"]:
                wanted.setdefault(source["node"], set()).add(source["output"])
        return {key: self._merge(key, names) for key, names in wanted.items()}

    def items(self) -> Dict[str, Any]:
        """By input that is fed frame by frame, its encoded list for the frames of the task.

        Where upstream gives no list with one item per frame, its whole is cut, if that is there by now. Inputs that
        upstream did not set are left out: they keep what they were planned with.

        Raises:
            MissingResultsError: A frame of the task has no result.
            MergeError: An output is no list by frame, and its whole is not there or has not one item per frame.
        """
        found = {name: self._items(source) for source, name, _ in self._sources if source["by_frame"]}
        return {name: value for name, value in found.items() if value is not None}

    def _items(self, source: Record) -> Optional[Any]:
        key, output = source["node"], source["output"]
        batch = self._batches[key]
        assert batch is not None
        assert self._frames is not None
        covering = self._covering(key)
        if not any(output in result.outputs for _, result in covering):
            return None
        value = chunk_value(output, batch=batch, covering=covering)
        if value is not None:
            return value
        try:
            whole = self._merge(key, {output})[output]["value"]
            part = cut_inputs({output: decode(whole)}, batch=batch, frames=self._frames)[output]
            return encode(part)
        except FlowpipeDeadlineError as error:
            raise MergeError(
                f"{key}.{output} feeds a batch over the same frames, but its chunks have not one item per frame, and as"
                f" a whole it cannot be cut: {error}; return a list as long as the frames, or declare its merge rule"
            ) from error

    def _merge(self, key: str, wanted: Collection[str]) -> Dict[str, Any]:
        return merge_results(key, batch=self._batches[key], results=self._results[key], wanted=wanted)

    def versions(self) -> Dict[str, int]:
        """When, by node, the latest of the results that the task takes was written; those without any are left out."""
        written = {key: [result.written for result in self._taken(key)] for key in self._batches}
        return {key: max(times) for key, times in written.items() if times}

    def _taken(self, key: str) -> Iterable[ChunkResult]:
        batch = self._batches[key]
        if batch is None:
            return [result for result in self._results[key] if result.frames is None][:1]
        latest = latest_by_frame(batch, self._results[key])
        if key in self._whole:
            return latest.values()
        return [latest[frame] for frame in self._frames or () if frame in latest]

    def _covering(self, key: str) -> List[Tuple[int, ChunkResult]]:
        """The latest result of each frame of the task."""
        batch = self._batches[key]
        latest = {} if batch is None else latest_by_frame(batch, self._results[key])
        missing = [frame for frame in self._frames or () if frame not in latest]
        if missing:
            raise MissingResultsError(key, FrameList(missing))
        return [(frame, latest[frame]) for frame in self._frames or ()]
