"""The inputs of one chunk: every input in ``over`` cut alike, item i with item i."""

from __future__ import annotations

from typing import Any, Sequence

from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList, FrameListError
from ..core.text import counted
from .merge import Batch


class CutError(FlowpipeDeadlineError):
    """An input that cannot be cut into the chunks of its node."""


def items_of(value: Any) -> Sequence[Any]:
    """The items of a batched input: a list, tuple or range itself, or the frames that a text lists.

    Raises:
        CutError: The value is something else.
    """
    if isinstance(value, str):
        try:
            return FrameList.parse(value)
        except FrameListError as error:
            raise CutError(f"{value[:40]!r} is not a frame list: {error}") from error
    if isinstance(value, (list, tuple, range)):
        return value
    what = "it is not set" if value is None else f"what it holds, of type {type(value).__name__}, has no items to cut"
    raise CutError(f"{what}; give a list, tuple or frame list")


def cut_inputs(inputs: dict[str, Any], *, batch: Batch, frames: FrameList) -> dict[str, Any]:
    """The part of each of these inputs that belongs to ``frames`` (item numbers in ``items`` mode), its type kept.

    Unplanned frames, from a frame range that was changed in the Monitor, are passed on as they are.

    Raises:
        CutError: An input does not have its planned length, or has no item for a frame.
    """
    places = batch.places(frames)
    unplanned = [frame for frame, place in zip(frames, places) if place is None]
    parts = {}
    for name, value in inputs.items():
        if unplanned and name == batch.over[0] and batch.mode == "frames":
            parts[name] = _like(value, list(frames))
            continue
        if unplanned:
            raise CutError(f"{name} has no item for frame {unplanned[0]}: {batch.shown(batch.frames)} were planned")
        try:
            items = items_of(value)
        except CutError as error:
            raise CutError(f"{name}: {error}") from error
        if len(items) != len(batch.frames):
            raise CutError(f"{name} has {counted(len(items), 'item')} where {batch.over[0]} has {len(batch.frames)}")
        parts[name] = _pick(value, items, [place for place in places if place is not None])
    return parts


def _pick(value: Any, items: Sequence[Any], places: list[int]) -> Any:
    steps = {later - earlier for earlier, later in zip(places, places[1:])}
    if isinstance(value, range) and len(steps) <= 1 and min(steps, default=1) > 0:
        return value[places[0] : places[-1] + 1 : min(steps, default=1)]
    return _like(value, [items[place] for place in places])


def _like(value: Any, items: list[Any]) -> Any:
    """The items in the type of the whole input; uneven parts of a range become a list."""
    if isinstance(value, str):
        return str(FrameList(items))
    return tuple(items) if isinstance(value, tuple) else items
