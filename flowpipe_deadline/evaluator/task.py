"""One task: a node record, the values from upstream, the frames of the chunk; a result in the store."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Callable, Collection, Iterable, List, Optional, Tuple

from ..core.bundle import read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList
from ..results.codec import decode, encode
from ..results.cut import cut_inputs
from ..results.merge import Batch
from ..results.store import ChunkResult, Chunks, DamagedResultError, Store, open_store
from ..results.upstream import UPSTREAM, Record, Upstream, UpstreamValues, patiently
from ..results.versions import counted, is_made_from_later
from .nodes import build_node, evaluate_node, feed_inputs
from .path_mapping import PathMapping
from .protocol import TaskRequest


class TaskError(FlowpipeDeadlineError):
    """A task that does not fit its node."""


def evaluate_request(request: TaskRequest, *, report: Callable[[str], None]) -> ChunkResult:
    """The result of one task, after writing it to the bundle's store; ``report`` is called with what is being done.

    Raises:
        FlowpipeDeadlineError: Something is missing or does not fit; the message says what to do.
        BaseException: Whatever the node raises.
    """
    frames = request.chunk
    mapping = PathMapping(request.path_mappings, report=print)
    record = mapping.record(patiently(lambda: read_node(request.bundle, request.node), seconds=request.wait))
    batch = Batch.from_json(record["batch"])
    if (batch is None) != (frames is None):
        really = "is not batched" if batch is None else "is batched"
        raise TaskError(
            f"{request.node} {really}, but the task says otherwise; submit the bundle's own job files again"
        )
    store = patiently(lambda: open_store(request.bundle), seconds=request.wait)
    report(f"Loading {record['name']}")
    _add_import_roots(record)
    node = build_node(record if batch is None or frames is None else _cut_record(record, batch, frames))

    def read(key: str, chunks: Optional[Chunks]) -> Tuple[ChunkResult, ...]:
        return mapping.results(store.read(key, chunks))

    def take(*, skips_damaged: bool = False) -> Tuple[Tuple[ChunkResult, ...], UpstreamValues]:
        """What there is now: what the result will replace, and what it is made from."""
        chunks = _replaced_chunks(batch, record, frames)
        replaced = store.read_replaced(request.node, chunks, skips_damaged=skips_damaged)
        return replaced, Upstream(record, bundle=request.bundle, read=read, frames=frames).values()

    try:
        replaced, upstream = patiently(take, seconds=request.wait)
    except DamagedResultError:
        replaced, upstream = take(skips_damaged=True)  # What stays damaged is only replaced.
    feed_inputs(node, record=record, upstream=upstream.merged)
    if batch is not None and frames is not None:
        fed = [name for name in batch.over if record["inputs"][name]["source"] and name not in upstream.items]
        parts = cut_inputs({name: node.inputs[name].value for name in fed}, batch=batch, frames=frames)
        for name, part in {**parts, **upstream.items}.items():
            node.inputs[name].value = part
    report(f"Evaluating {record['name']}" + ("" if frames is None else f" {frames}"))
    outputs = evaluate_node(node)
    token = os.urandom(4).hex()
    result = ChunkResult(frames, outputs, version=1, token=token, inputs=upstream.versions, taken=upstream.taken)
    is_planned = batch is None or frames is None or batch.is_planned(frames)
    return patiently(
        lambda: _keep(store, request.node, counted(result, replaced), is_planned=is_planned, known=replaced),
        seconds=request.wait,
    )


def _cut_record(record: Record, batch: Batch, frames: FrameList) -> Record:
    """The node record with the part of each batched input that is not fed; the whole may be long, and flowpipe slow."""
    inputs = dict(record["inputs"])
    for name in batch.over:
        if not inputs[name]["source"]:
            whole = inputs[name]["value"]
            if isinstance(whole, list):  # Its items are cut as they are encoded.
                part = cut_inputs({name: whole}, batch=batch, frames=frames)[name]
            else:
                part = encode(cut_inputs({name: decode(whole)}, batch=batch, frames=frames)[name])
            inputs[name] = {**inputs[name], "value": part}
    return {**record, "inputs": inputs}


def _replaced_chunks(batch: Optional[Batch], record: Record, frames: Optional[FrameList]) -> Optional[Chunks]:
    """The planned chunks that the task replaces, or a part of them; None for all that there are."""
    if batch is None or frames is None:
        return (None,)
    return batch.chunks_of(frames) if UPSTREAM in record else None


def _keep(
    store: Store, node: str, result: ChunkResult, *, is_planned: bool, known: Collection[ChunkResult]
) -> ChunkResult:
    """Writes the result, and gives what is kept: of two that were evaluated at once, what was made from later inputs.

    ``known`` are the results that were there when the inputs were read.
    """
    tokens = {other.token for other in known}
    for other in store.read_replaced(node, (result.frames,)):
        if other.frames == result.frames and other.token not in tokens:
            if is_made_from_later(other, result):
                return other
            result = counted(result, (other,))
    store.write(node, result, is_planned=is_planned)
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
