"""The history of a bundle: every evaluation of its chunks that is kept, and lines of text for people.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import time
from typing import Any, Iterator, Mapping, Sequence

from ..core.bundle import AnyPath, find_nodes, node_labels, read_bundle
from ..core.frames import FrameList
from .evaluation import Evaluation, in_order
from .failures import read_failures
from .inputs.edits import Edit
from .outputs import NodeInput, NodeResults
from .plain import shown
from .store import open_store

__all__ = ["Evaluation", "history_json", "history_lines", "read_history"]

_Histories = Mapping[str, Sequence[Evaluation]]


def read_history(bundle: AnyPath, *, node: str | None = None) -> dict[str, tuple[Evaluation, ...]]:
    """The evaluations of each job by ``graph.node``, oldest first, as ``read_results`` gives its outputs.

    Of each chunk, the last twenty results and the last twenty failures are kept. Of results of earlier versions, it is
    only known when they were written.

    Raises:
        RecordError: The folder is not a bundle, or a record in it is damaged.
        UsageError: There is no such node.
        StoreError: The store of the results cannot be read.
    """
    opened = read_bundle(bundle)
    labels, store = node_labels(opened), open_store(opened.folder)
    wanted = labels if node is None else find_nodes(opened, node)
    history = {}
    for job in opened.jobs:
        if job.key in wanted:
            series: dict[str | None, list[Sequence[Evaluation]]] = {}
            for result in store.read_replaced(job.key, skips_damaged=True):
                frames = None if result.frames is None else str(result.frames)
                series.setdefault(frames, []).append(result.evaluations)
            for failure in read_failures(opened.folder, job.key):
                series.setdefault(failure.frames, []).append(failure.evaluations)
            found = [one for each in series.values() for one in in_order(*each)]
            history[labels[job.key]] = tuple(sorted(found, key=lambda one: one.written))
    return history


def history_json(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """The evaluations of a node as plain JSON."""
    return [dict(vars(one)) for one in evaluations]


def history_lines(results: Mapping[str, NodeResults], history: _Histories) -> list[str]:
    """What is known of each of these nodes, as lines for people.

    Its inputs with who changed them; for each chunk its evaluations, oldest first, and its outputs; what is missing,
    and what is older than its inputs. Both arguments have the same keys, as ``read_results`` and ``read_history`` give.
    """
    return [line for label, node in results.items() for line in _node_lines(label, node, history.get(label, ()))]


def _node_lines(label: str, node: NodeResults, evaluations: Sequence[Evaluation]) -> Iterator[str]:
    yield f"{label} (omitted)" if node.is_omitted else label
    if node.error is not None:
        yield f"  {node.error}"
    for one in node.inputs:
        yield from _input_lines(one)
    outputs = dict(node.chunks)
    if node.is_omitted:
        yield from (f"  {name} = {shown(value)}" for name, value in (node.encoded or {}).items())
    stale = None if node.stale in (None, "all") else FrameList.parse(str(node.stale))
    for frames in sorted({*outputs, *(one.frames for one in evaluations)}, key=_place):
        older = node.stale == "all" or (stale and frames and not set(stale).isdisjoint(FrameList.parse(frames)))
        state = "" if frames in outputs else ", no result"
        yield f"  {_frames_text(node, frames or 'all')}{state}{', older than its inputs' if older else ''}"
        yield from (f"    {_evaluation_text(one)}" for one in evaluations if one.frames == frames)
        yield from (f"    {name} = {shown(value)}" for name, value in outputs.get(frames, {}).items())
    if node.missing is not None:
        yield f"  missing {_frames_text(node, node.missing)}"
    if node.stale is not None:
        yield f"  older than its inputs: {_frames_text(node, node.stale)}"


def _frames_text(node: NodeResults, frames: str) -> str:
    """``all``, ``frames 1-4``, or ``items 0-3 (frames 1001-1031x10)``."""
    if frames == "all":
        return frames
    return f"frames {frames}" if node.batch is None else f"{node.batch.mode} {node.shown_frames(frames)}"


def _input_lines(one: NodeInput) -> Iterator[str]:
    yield f"  input {one.name} {f'from {one.source}' if one.source else f'= {shown(one.encoded)}'}"
    for edit in one.edits:
        yield f"    {_edit_text(edit)}"


def _edit_text(edit: Edit) -> str:
    taken_back = ", taken back since" if edit.withdrawn else ""
    return f"{_moment(edit.written)}  {edit.user} set it to {shown(edit.value)}, from {shown(edit.was)}{taken_back}"


def _evaluation_text(one: Evaluation) -> str:
    parts = [_moment(one.written)]
    parts += [f"{one.seconds:.1f} s"] if one.seconds is not None else []
    parts += [f"on {one.worker}"] if one.worker else []
    parts += [f"task {one.task} of {one.job}"] if one.job else []
    parts += [f"attempt {one.attempt}"]
    parts += [f"with edit {one.edit}"] if one.edit else []
    return ", ".join(parts) + (f": {one.error}" if one.error is not None else "")


def _moment(nanoseconds: int) -> str:
    """A time of this machine's zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(nanoseconds / 10**9))


def _place(frames: str | None) -> tuple[int, str]:
    return (-1, "") if frames is None else (FrameList.parse(frames)[0], frames)
