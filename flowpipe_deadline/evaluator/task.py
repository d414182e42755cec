"""One task: a node record, the values from upstream, the frames of the chunk; a result in the store."""

from __future__ import annotations

import importlib
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Collection, Iterable

from flowpipe import INode

from ..core.bundle import CODE, read_node
from ..core.errors import FlowpipeDeadlineError
from ..core.files import is_same_folder
from ..core.locate import code_folders, in_bundle, out_of_bundle
from ..results.codec import decode, encode, map_sources
from ..results.cut import cut_inputs
from ..results.evaluation import followed_by
from ..results.inputs.edits import Edit, edited_record, last_number, read_edits
from ..results.merge import Batch
from ..results.store import ChunkResult, Chunks, DamagedResultError, open_store
from ..results.upstream import UPSTREAM, Record, Upstream, UpstreamValues, patiently
from ..results.versions import counted, is_made_from_later
from .attempt import evaluation_of
from .fresh import forget_modules, note_modules
from .nodes import build_node, evaluate_node, feed_inputs
from .path_mapping import PathMapping, mapped_back
from .protocol import TaskRequest


class TaskError(FlowpipeDeadlineError):
    """A task that does not fit its node."""


def evaluate_request(request: TaskRequest, *, report: Callable[[str], None]) -> ChunkResult:
    """The result of one task, after writing it to the bundle's store; ``report`` is called with what is being done.

    Raises:
        FlowpipeDeadlineError: Something is missing or does not fit; the message says what to do.
        BaseException: Whatever the node raises.
    """
    began = time.monotonic()
    task = _Task(request)
    name = task.record["name"]
    report(f"Loading {name}")
    _add_import_roots(task.record, bundle=request.bundle)
    note_modules(task.record, bundle=request.bundle)
    if task.record.get("reload"):
        forget_modules()
    node = build_node(task.cut_record())
    task.store.check_writable(request.node)
    try:
        replaced, upstream = patiently(task.take, seconds=request.wait)
    except DamagedResultError:
        replaced, upstream = task.take(skips_damaged=True)  # What stays damaged is only replaced.
    feed_inputs(node, record=task.record, upstream=upstream.merged)
    task.feed_parts(node, upstream)
    report(f"Evaluating {name}" + task.shown_frames)
    outputs, token = task.kept_outputs(evaluate_node(node)), os.urandom(4).hex()
    result = ChunkResult(
        task.frames,
        outputs,
        version=1,
        token=token,
        inputs=upstream.versions,
        taken=upstream.taken,
        edit=task.edit,
        evaluations=(evaluation_of(request, began=began, edit=task.edit),),
    )
    return patiently(lambda: task.keep(counted(result, replaced), replaced), seconds=request.wait)


class _Task:
    """What belongs to one task: its frames, the record of its node, and the store of the results."""

    def __init__(self, request: TaskRequest) -> None:
        self.frames = request.chunk
        self._request = request
        self._mapping = PathMapping(request.path_mappings, report=print)
        planned, edits = patiently(self._read_node, seconds=request.wait)
        record = self._mapping.record(edited_record(planned, edits))
        self.edit = last_number(edits)
        self._has_code = os.path.isdir(str(request.bundle / CODE))
        # With full paths, as a node may change the working folder.
        own = ("class", "function")
        self.record = map_sources(record, in_bundle(request.bundle), own=own) if self._has_code else record
        self._batch = Batch.from_json(self.record["batch"])
        if (self._batch is None) != (self.frames is None):
            really = "is not batched" if self._batch is None else "is batched"
            raise TaskError(f"{request.node} {really}, but the task says otherwise; submit its bundle again")
        self.store = patiently(lambda: open_store(request.bundle, mapped=self._mapping.path), seconds=request.wait)

    def _read_node(self) -> tuple[Record, tuple[Edit, ...]]:
        """The record of the node as it was planned, and what has been changed of its inputs since."""
        bundle, node = self._request.bundle, self._request.node
        return read_node(bundle, node), read_edits(bundle, node)

    @property
    def shown_frames(self) -> str:
        """The frames for people, with a blank before them."""
        return "" if self.frames is None or self._batch is None else f" {self._batch.shown(self.frames)}"

    def kept_outputs(self, outputs: dict[str, Any]) -> dict[str, Any]:
        """The outputs as results keep them, so that every machine finds their classes, and paths, where they are."""
        kept: dict[str, Any] = map_sources(outputs, out_of_bundle(self._request.bundle)) if self._has_code else outputs
        return dict(mapped_back(kept, self._request.path_mappings)) if self._request.maps_back else kept

    def cut_record(self) -> Record:
        """The record with the part of each batched input that is not fed; the whole may be long, and flowpipe slow."""
        inputs = dict(self.record["inputs"])
        for name, plug in inputs.items():
            if self._batch is not None and name in self._batch.over and not plug["source"]:
                whole = plug["value"]
                # The items of a list are cut as they are encoded.
                part = self._cut({name: whole if isinstance(whole, list) else decode(whole)})[name]
                inputs[name] = {**plug, "value": part if isinstance(whole, list) else encode(part)}
        return {**self.record, "inputs": inputs}

    def take(self, *, skips_damaged: bool = False) -> tuple[tuple[ChunkResult, ...], UpstreamValues]:
        """What there is now: the results that the task replaces, and what it takes from upstream."""

        def read(key: str, chunks: Chunks | None) -> tuple[ChunkResult, ...]:
            return self._mapping.results(self.store.read(key, chunks))

        chunks: Chunks | None = (None,)
        if self._batch is not None and self.frames is not None:
            chunks = self._batch.chunks_of(self.frames) if UPSTREAM in self.record else None
        replaced = self.store.read_replaced(self._request.node, chunks, skips_damaged=skips_damaged)
        upstream = Upstream(self.record, bundle=self._request.bundle, read=read, frames=self.frames)
        return replaced, upstream.values()

    def feed_parts(self, node: INode, upstream: UpstreamValues) -> None:
        """Sets the batched inputs that are fed to the part for the frames of the task."""
        over = () if self._batch is None else self._batch.over
        fed = [name for name in over if self.record["inputs"][name]["source"] and name not in upstream.items]
        parts = self._cut({name: node.inputs[name].value for name in fed})
        for name, part in {**parts, **upstream.items}.items():
            node.inputs[name].value = part

    def keep(self, result: ChunkResult, replaced: Collection[ChunkResult]) -> ChunkResult:
        """Writes the result, and gives what is kept.

        Of two that are evaluated at once, that is the one that was made with later edits, or from later inputs.
        ``replaced`` are the results that were there when the inputs were read.
        """
        tokens = {other.token for other in replaced}
        earlier = {other.frames: other.evaluations for other in replaced}.get(self.frames, ())
        for other in self.store.read_replaced(self._request.node, (self.frames,)):
            if other.frames == self.frames and other.token not in tokens:
                if is_made_from_later(other, result):
                    return other
                result = counted(result, (other,))
                earlier = other.evaluations
        result = replace(result, evaluations=followed_by(earlier, result.evaluations[-1]))
        is_planned = self._batch is None or self.frames is None or self._batch.is_planned(self.frames)
        self.store.write(self._request.node, result, is_planned=is_planned)
        return result

    def _cut(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The parts of inputs for the frames of the task."""
        if self._batch is None or self.frames is None:
            return {}
        return cut_inputs(inputs, batch=self._batch, frames=self.frames)


def _add_import_roots(record: Record, *, bundle: Path) -> None:
    """Makes the graph's own modules importable: the folders that they came from are appended to ``sys.path``.

    They come last because they belong to the Python that the graph was planned with: other modules in them, compiled
    for another version, say, must not hide those of a host application. A node's own module is found by its file.
    Folders of code that the bundle brings along come first: they hold nothing else.

    Only folders that were in PYTHONPATH are added to PYTHONPATH, so that Python processes started by the node find the
    same modules as without a farm. The others would come before the child's own, which may be of another application.
    ``multiprocessing`` passes on all of ``sys.path``.
    """
    if sys.path and is_same_folder(sys.path[0] or os.curdir, bundle):
        del sys.path[0]  # Python puts the working folder there, which is where results are, and not code.
    imports = record.get("imports")
    if not imports:
        return
    sys.path[:] = _extended(sys.path, imports["roots"], bundle)
    importlib.invalidate_caches()
    inherited = list(filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)))
    python_path = _extended(inherited, imports["python_path"], bundle)
    if python_path:
        os.environ["PYTHONPATH"] = os.pathsep.join(python_path)


def _extended(known: list[str], folders: Iterable[str], bundle: Path) -> list[str]:
    """The known folders, before them those of the bundle, and behind them those that exist on this machine."""
    brought = code_folders(folders, bundle=bundle)
    others = [each for each in folders if each not in known and os.path.isabs(each) and os.path.exists(each)]
    return [*brought, *(each for each in known if each not in brought), *others]
