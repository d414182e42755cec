"""Which results are older than what they were made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Optional

from ..core.bundle import Bundle, BundleJob, read_node
from ..evaluator.nodes import sources
from .store import ChunkResult, Store
from .upstream import Upstream


class RememberedStore:
    """Reads each node's results of a store once; for a look at a bundle, not for a farm at work."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, tuple[ChunkResult, ...]] = {}

    def write(self, node: str, result: ChunkResult) -> None:
        """Keeps the result, and forgets what was read of the node."""
        self._store.write(node, result)
        self._read.pop(node, None)

    def set_damaged_aside(self, node: str) -> tuple[str, ...]:
        """Moves the node's damaged results out of the way."""
        self._read.pop(node, None)
        return self._store.set_damaged_aside(node)

    def chunk_names(self, node: str) -> frozenset[str]:
        """Of which chunks the node has results."""
        return self._store.chunk_names(node)

    def read(self, node: str) -> tuple[ChunkResult, ...]:
        """All results of the node, the latest first."""
        if node not in self._read:
            self._read[node] = self._store.read(node)
        return self._read[node]


def is_stale(record: Mapping[str, Any], result: ChunkResult, *, bundle: Path, store: Store) -> bool:
    """Whether upstream was evaluated again after this result of the node was made from it."""
    if not result.inputs:
        return False
    now = Upstream(record, bundle=bundle, store=store, frames=result.frames).versions()
    return any(written > result.inputs.get(node, 0) for node, written in now.items())


class Finished:
    """The tasks of a bundle that need not be done again: they have a result, and so has all they were made from."""

    def __init__(self, bundle: Bundle, store: Store) -> None:
        self._bundle = bundle
        self._store = RememberedStore(store)
        self._open: dict[str, frozenset[int]] = {}

    def chunks(self, job: BundleJob) -> frozenset[Optional[str]]:
        """The frame lists of the job's finished chunks, None for the one of a job that is not batched.

        Jobs have to be asked for upstream first.
        """
        key = job.key
        results = self._store.read(key)
        record = read_node(self._bundle.folder, key) if results else {"inputs": {}}
        done = frozenset(
            None if result.frames is None else str(result.frames)
            for result in results
            if self._is_up_to_date(record, result)
        )
        self._open[key] = frozenset(_frames_of(job, done))
        return done

    def _is_up_to_date(self, record: Mapping[str, Any], result: ChunkResult) -> bool:
        for source, _, _ in sources(record):
            still_open = self._open[source["node"]]
            if still_open and not (source["by_frame"] and still_open.isdisjoint(result.frames or ())):
                return False
        return not is_stale(record, result, bundle=self._bundle.folder, store=self._store)


def _frames_of(job: BundleJob, done: frozenset[Optional[str]]) -> Iterable[int]:
    """The frames of the chunks that are not done; 0 stands for a job that is not batched."""
    if not job.is_batched:
        return () if None in done else (0,)
    return [frame for chunk in job.chunks if chunk is not None and str(chunk) not in done for frame in chunk]
