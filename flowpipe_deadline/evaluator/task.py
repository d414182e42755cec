"""One task: a node record, the values from upstream, the frames of the chunk; a result in the store."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList
from ..results.backends import open_store
from ..results.codec import decode
from ..results.cut import cut_inputs
from ..results.merge import Batch, MissingResultsError
from ..results.store import ChunkResult, Store
from ..results.upstream import Record, Upstream
from .imports import add_import_roots
from .nodes import build_node, evaluate_node, feed_inputs
from .path_mapping import MappedStore, PathMapping
from .protocol import TaskRequest

_PAUSE = 0.2  # Seconds between two looks for a late result.


def _unheard(text: str) -> None:
    """For callers that do not want to know."""


@dataclass(frozen=True)
class _Inputs:
    """What one task takes from upstream, encoded."""

    merged: Dict[str, Dict[str, Any]]
    items: Dict[str, Any]
    versions: Dict[str, int]


class TaskError(FlowpipeDeadlineError):
    """A task that does not fit its node."""


def evaluate_task(bundle: Path, *, node: str, frames: Optional[FrameList] = None, wait: float = 0.0) -> ChunkResult:
    """The result of one task; as ``evaluate_request``, without path mapping."""
    return evaluate_request(TaskRequest(bundle=bundle, node=node, frames=frames, wait=wait))


def evaluate_request(request: TaskRequest, *, report: Callable[[str], None] = _unheard) -> ChunkResult:
    """The result of one task, which is also in the bundle's store by then; ``report`` hears what is being done.

    Raises:
        FlowpipeDeadlineError: Something is missing or does not fit; the message says what to do.
        BaseException: Whatever the node raises.
    """
    bundle, node, frames = request.bundle, request.node, request.frames
    mapping = PathMapping(request.path_mappings)
    record = mapping.record(read_node(bundle, node))
    batch = Batch.from_json(record["batch"])
    if (batch is None) != (frames is None):
        really = "is not batched" if batch is None else "is batched"
        raise TaskError(f"{node} {really}, but the task says otherwise; submit the bundle's own job files again")
    store = MappedStore(open_store(bundle), mapping)
    report(f"Loading {record['name']}")
    add_import_roots(record)
    instance = build_node(record)
    inputs = _read_upstream(record, bundle=bundle, store=store, frames=frames, wait=request.wait)
    feed_inputs(instance, record=record, upstream=inputs.merged)
    if batch is not None and frames is not None:
        values = {name: instance.inputs[name].value for name in batch.over if name not in inputs.items}
        given = {name: decode(value) for name, value in inputs.items.items()}
        parts = {**cut_inputs(values, batch=batch, frames=frames), **given}
        for name, part in parts.items():
            instance.inputs[name].value = part
    report(f"Evaluating {record['name']}" + ("" if frames is None else f" {frames}"))
    outputs = evaluate_node(instance)
    result = ChunkResult(frames=frames, outputs=outputs, written=time.time_ns(), inputs=inputs.versions)
    store.write(node, result)
    return result


def _read_upstream(record: Record, *, bundle: Path, store: Store, frames: Optional[FrameList], wait: float) -> _Inputs:
    """What the task takes from upstream.

    Network file systems show new files late, so missing results are looked for again until ``wait`` seconds are over.
    """
    deadline = time.monotonic() + wait
    while True:
        upstream = Upstream(record, bundle=bundle, store=store, frames=frames)
        try:
            return _Inputs(merged=upstream.merged(), items=upstream.items(), versions=upstream.versions())
        except MissingResultsError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
