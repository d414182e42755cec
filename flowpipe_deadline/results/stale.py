"""Which results are older than what they were made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

from ..core.bundle import Bundle, BundleJob, read_node
from .store import ChunkResult, Store
from .upstream import ReadResults, Upstream, sources


def is_stale(record: Mapping[str, Any], result: ChunkResult, *, bundle: Path, read: ReadResults) -> bool:
    """Whether an upstream node was evaluated again after this result was made."""
    if not result.inputs:
        return False
    now = Upstream(record, bundle=bundle, read=read, frames=result.frames).versions()
    return any(written > result.inputs.get(node, 0) for node, written in now.items())


class Finished:
    """The tasks of a bundle that need no other run: they have a result, and so has everything they were made from.

    The results of each node are read once.
    """

    def __init__(self, bundle: Bundle, store: Store) -> None:
        self._bundle = bundle
        self._read = lru_cache(maxsize=None)(store.read)
        self._open: dict[str, frozenset[int]] = {}

    def chunks(self, job: BundleJob) -> frozenset[Optional[str]]:
        """The frame lists of the job's finished chunks; None for the task of a job that is not batched.

        Call it for all jobs in order, upstream first.
        """
        key = job.key
        results = self._read(key)
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
        return not is_stale(record, result, bundle=self._bundle.folder, read=self._read)


def _frames_of(job: BundleJob, done: frozenset[Optional[str]]) -> Iterable[int]:
    """The frames of the chunks that are not done; 0 stands for a job that is not batched."""
    if not job.is_batched:
        return () if None in done else (0,)
    return [frame for chunk in job.chunks if chunk is not None and str(chunk) not in done for frame in chunk]
