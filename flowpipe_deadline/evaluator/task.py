"""One task: a node record, the values from upstream, the frames of the chunk; a result in the store."""

from __future__ import annotations

import time
from typing import Callable

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError
from ..results.backends import open_store
from ..results.cut import cut_inputs
from ..results.merge import Batch, MissingResultsError
from ..results.store import ChunkResult
from ..results.upstream import ReadResults, Record, Upstream, UpstreamValues
from .imports import add_import_roots
from .nodes import build_node, evaluate_node, feed_inputs
from .path_mapping import PathMapping
from .protocol import TaskRequest

_PAUSE = 0.2  # Seconds between two looks for a late result.


class TaskError(FlowpipeDeadlineError):
    """A task that does not fit its node."""


def evaluate_request(request: TaskRequest, *, report: Callable[[str], None]) -> ChunkResult:
    """The result of one task, after writing it to the bundle's store; ``report`` is called with what is being done.

    Raises:
        FlowpipeDeadlineError: Something is missing or does not fit; the message says what to do.
        BaseException: Whatever the node raises.
    """
    frames = request.frames
    mapping = PathMapping(request.path_mappings)
    record = mapping.record(read_node(request.bundle, request.node))
    batch = Batch.from_json(record["batch"])
    if (batch is None) != (frames is None):
        really = "is not batched" if batch is None else "is batched"
        raise TaskError(
            f"{request.node} {really}, but the task says otherwise; submit the bundle's own job files again"
        )
    store = open_store(request.bundle)
    report(f"Loading {record['name']}")
    add_import_roots(record)
    node = build_node(record)
    upstream = _await_upstream(record, request, read=lambda key: mapping.results(store.read(key)))
    feed_inputs(node, record=record, upstream=upstream.merged)
    if batch is not None and frames is not None:
        whole = {name: node.inputs[name].value for name in batch.over if name not in upstream.items}
        parts = {**cut_inputs(whole, batch=batch, frames=frames), **upstream.items}
        for name, part in parts.items():
            node.inputs[name].value = part
    report(f"Evaluating {record['name']}" + ("" if frames is None else f" {frames}"))
    outputs = evaluate_node(node)
    result = ChunkResult(frames=frames, outputs=outputs, written=time.time_ns(), inputs=upstream.versions)
    store.write(request.node, result)
    return result


def _await_upstream(record: Record, request: TaskRequest, *, read: ReadResults) -> UpstreamValues:
    """What the task takes from upstream.

    Network file systems show new files late, so missing results are looked for during ``request.wait`` seconds.
    """
    deadline = time.monotonic() + request.wait
    while True:
        try:
            return Upstream(record, bundle=request.bundle, read=read, frames=request.frames).values()
        except MissingResultsError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
