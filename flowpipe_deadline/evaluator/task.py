"""One task: a node record, the values from upstream, the frames of the chunk; a result in the store."""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Callable, Collection, Iterable, List

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError
from ..results.cut import cut_inputs
from ..results.merge import Batch, MissingResultsError
from ..results.store import ChunkResult, open_store
from ..results.upstream import ReadResults, Record, Upstream, UpstreamValues
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
    mapping = PathMapping(request.path_mappings, report=print)
    record = mapping.record(read_node(request.bundle, request.node))
    batch = Batch.from_json(record["batch"])
    if (batch is None) != (frames is None):
        really = "is not batched" if batch is None else "is batched"
        raise TaskError(
            f"{request.node} {really}, but the task says otherwise; submit the bundle's own job files again"
        )
    store = open_store(request.bundle)
    report(f"Loading {record['name']}")
    _add_import_roots(record)
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


def _add_import_roots(record: Record) -> None:
    """Makes the graph's own modules importable: the folders that they came from are appended to ``sys.path``.

    They come last because they belong to the Python that the graph was planned with: other modules in them, compiled
    for another version, say, must not hide those of a host application. A node's own module is found by its file.

    Only folders that were in PYTHONPATH are added to PYTHONPATH, so that Python processes started by the node find the
    same modules as without a farm. The others would come before the child's own, which may be of another application.
    ``multiprocessing`` passes on all of ``sys.path``.
    """
    imports = record.get("imports")
    if not imports:
        return
    sys.path.extend(_new(imports["roots"], sys.path))
    importlib.invalidate_caches()
    inherited = list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    python_path = [*inherited, *_new(imports["python_path"], inherited)]
    if python_path:
        os.environ["PYTHONPATH"] = os.pathsep.join(python_path)


def _new(folders: Iterable[str], known: Collection[str]) -> List[str]:
    """The folders that exist on this machine and are not among ``known``."""
    return [folder for folder in folders if folder not in known and os.path.exists(folder)]


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
