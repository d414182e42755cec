"""How a node is cut into tasks: its frames for Deadline, and the inputs that are cut with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flowpipe import INode

from ..core.errors import PlanError
from ..core.frames import FrameList, FrameListError
from ..core.text import counted
from ..core.warnings import ErrorCollector
from ..results.cut import CutError, items_of
from ..settings.metadata import BatchSettings
from .graph import label
from .plan import FrameMode


@dataclass(frozen=True)
class Chunking:
    """The tasks of one node."""

    mode: FrameMode
    frames: FrameList
    chunk_size: int
    note: str
    """How it was cut and why, for people."""
    batch: BatchSettings | None = None
    """What it was cut by; None if it was not."""
    item_frames: FrameList | None = None
    """The frames that item numbers stand for, if they do."""

    @property
    def over(self) -> tuple[str, ...]:
        """The inputs that are cut."""
        return () if self.batch is None else self.batch.over

    def to_json(self) -> dict[str, Any] | None:
        """The batch of the node's record; None if the node is not cut."""
        if self.batch is None:
            return None
        return {
            "over": list(self.over),
            "size": self.chunk_size,
            "mode": self.mode,
            "frames": str(self.frames),
            "merge": dict(self.batch.merge),
            **({} if self.item_frames is None else {"item_frames": str(self.item_frames)}),
        }


# The frame is Deadline's own default for a job without frames.
NOT_CUT = Chunking(mode="none", frames=FrameList([0]), chunk_size=1, note="one task: no batch size is set")


def plan_chunks(node: INode, batch: BatchSettings | None, *, fed: Collection[str]) -> Chunking:
    """How the node is cut; ``fed`` are the inputs that get their value from upstream only.

    Raises:
        PlanError: A batched input does not exist or cannot be cut, or they differ in the number of items; or all are
            fed, so that the number of tasks is unknown before upstream has run.
        PreflightError: Several inputs cannot be cut.
    """
    if batch is None:
        return NOT_CUT
    known = _known_items(node, batch, fed)
    first, items = next(iter(known.items()))
    for name, others in known.items():
        if len(others) != len(items):
            counts = f"{counted(len(items), 'item')} and '{name}' with {len(others)}; give both as many"
            raise PlanError(label(node), f"is batched over '{first}' with {counts}")
    if not items:
        return replace(NOT_CUT, note=f"one task: '{first}' has no items")
    note = f"'{first}' cut into chunks of {batch.chunk_size}"
    frames = None
    if first == batch.over[0]:
        with suppress(FrameListError):
            frames = FrameList(items)
    if frames is not None and (frames.is_contiguous or (frames.is_ascending and batch.chunk_size == 1)):
        return Chunking("frames", frames, batch.chunk_size, note, batch)
    try:
        numbers = FrameList(range(len(items)))
    except FrameListError as error:
        raise PlanError(label(node), f"is batched over '{first}': {error}") from error
    note = f"{note}, by item number: {_why_not_frames(frames)}"
    return Chunking("items", numbers, batch.chunk_size, note, batch, item_frames=frames)


def _known_items(node: INode, batch: BatchSettings, fed: Collection[str]) -> dict[str, Sequence[Any]]:
    """The items of every batched input whose items are known when planning."""
    known: dict[str, Sequence[Any]] = {}
    errors = ErrorCollector()
    for name in batch.over:
        with errors.collected():
            if name not in fed or name not in node.inputs or node.inputs[name].sub_plugs:
                known[name] = _items_of_input(node, name)
    errors.raise_all()
    if not known:
        reason = "the number of its tasks would be known only after upstream has run; batch over an input that is set"
        raise PlanError(label(node), f"is batched over {', '.join(batch.over)}, all fed by other nodes: {reason}")
    return known


def _items_of_input(node: INode, name: str) -> Sequence[Any]:
    plug = node.inputs.get(name)
    if plug is None:
        advice = f"name one of its inputs in metadata['batch']['over']: {', '.join(node.inputs) or 'it has none'}"
        raise PlanError(label(node), f"is batched over '{name}', which it does not have; {advice}")
    if plug.sub_plugs:
        raise PlanError(label(node), f"is batched over '{name}', which has sub-plugs; batch over a list instead")
    try:
        return items_of(plug.value)
    except CutError as error:
        raise PlanError(label(node), f"is batched over '{name}', but {error}") from error


def _why_not_frames(frames: FrameList | None) -> str:
    if frames is None:
        return "the items are not distinct whole numbers from 0"
    return "how Deadline cuts frames with gaps between them is unknown" if frames.is_ascending else "they do not ascend"
