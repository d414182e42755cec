"""Merges the results of chunks into the outputs of a node.

Rules work on encoded values, so that putting two lists together imports none of the user's classes.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
from dataclasses import dataclass
from typing import Any, Callable, Collection, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList
from ..core.loading import LoadingError
from ..core.locate import LoadError, load_module
from .codec import TYPE, canonical, compound, decode, encode, identical, members
from .store import ChunkResult

_CHUNKS = "chunks"
# The rule to suggest for values without a default rule.
_FITTING_RULES = {"tuple": "concat", "set": "union", "frozenset": "union"}
_FUNCTION = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")


class MissingResultsError(FlowpipeDeadlineError):
    """Results of a node that are missing, for some of its frames."""

    def __init__(self, node: str, frames: Optional[FrameList]) -> None:
        super().__init__(node, frames)
        self.node = node
        self.frames = frames

    def __str__(self) -> str:
        part = "its result is" if self.frames is None else f"the results of {self.frames} are"
        return f"{self.node}: {part} missing; requeue those tasks, or wait for the file system to show them"


class MergeError(FlowpipeDeadlineError):
    """Chunk results that cannot be merged; the message names node, output and values, and says what to do."""


@dataclass(frozen=True)
class Batch:
    """How a node is cut into chunks and merged, as its record says."""

    over: Tuple[str, ...]
    """The inputs that are cut, all alike."""
    mode: str
    """``frames`` if tasks carry the frames themselves, ``items`` if they carry item numbers from 0."""
    frames: FrameList
    """The planned frames, or ``0-(n-1)``: position i is item i."""
    merge: Mapping[str, str]
    """Merge rules by output, or by ``output.key`` for one sub-plug."""

    @classmethod
    def from_json(cls, data: Optional[Mapping[str, Any]]) -> Optional[Batch]:
        """The batch of a node record; None for a node that is not batched."""
        if data is None:
            return None
        return cls(
            over=tuple(data["over"]),
            mode=data["mode"],
            frames=FrameList.parse(data["frames"]),
            merge=data["merge"],
        )


def merge_results(
    node: str, *, batch: Optional[Batch], results: Sequence[ChunkResult], wanted: Optional[Collection[str]] = None
) -> Dict[str, Any]:
    """The node's outputs, ``{name: {"value": encoded, "sub_plugs": {key: encoded}}}``; those never set are left out.

    ``results`` come latest first, as a store gives them, and the latest result of each frame counts. ``wanted`` limits
    the outputs to merge, so that an error in another one does not matter.

    Raises:
        MissingResultsError: A planned frame has no result.
        MergeError: Chunks differ where the rule wants them equal, or overlap in a way that cannot be resolved.
    """
    if batch is None:
        whole = [result for result in results if result.frames is None]
        if not whole:
            raise MissingResultsError(node, None)
        return dict(whole[0].outputs)
    missing = missing_frames(batch, results)
    if missing is not None:
        raise MissingResultsError(node, missing)
    latest = latest_by_frame(batch, results)
    groups = [tuple(group) for _, group in itertools.groupby(latest, key=lambda frame: id(latest[frame]))]
    segments = [(latest[frames[0]], frames) for frames in groups]
    names = dict.fromkeys(name for result, _ in segments for name in result.outputs)
    return {name: _merge_plug(node, name, batch, segments) for name in names if wanted is None or name in wanted}


def latest_by_frame(batch: Batch, results: Iterable[ChunkResult]) -> Dict[int, ChunkResult]:
    """The latest result of each frame: planned frames in their order, then those that were added in the Monitor."""
    latest: Dict[int, ChunkResult] = {}
    for result in results:
        for frame in result.frames or ():
            latest.setdefault(frame, result)
    planned = [frame for frame in batch.frames if frame in latest]
    added = sorted(latest.keys() - batch.frames)
    return {frame: latest[frame] for frame in (*planned, *added)}


def chunk_value(output: str, *, batch: Batch, covering: Sequence[Tuple[int, ChunkResult]]) -> Optional[Any]:
    """The encoded list that an output holds for some frames, one item each, from the result that covers the frame.

    A tuple counts only if the merge rule is ``concat``. None if a result does not have one item per frame: then only
    the whole output can be cut.
    """
    is_concat = batch.merge.get(output) == "concat"
    items = []
    for frame, result in covering:
        value = result.outputs[output]["value"] if output in result.outputs else None
        by_frame = _items_by_frame(value, result.frames) if is_concat or isinstance(value, list) else None
        if by_frame is None:
            return None
        items.append(by_frame[frame])
    return _like(covering[0][1].outputs[output]["value"], items)


def missing_frames(batch: Batch, results: Iterable[ChunkResult]) -> Optional[FrameList]:
    """The planned frames (or item numbers) that no result covers; None if all are there."""
    done = {frame for result in results if result.frames is not None for frame in result.frames}
    missing = [frame for frame in batch.frames if frame not in done]
    return FrameList(missing) if missing else None


def check_rule(rule: str) -> None:
    """Raises MergeError for an unknown merge rule."""
    names = (*_RULES, _CHUNKS)
    if rule not in names and not _FUNCTION.fullmatch(rule):
        raise MergeError(f"there is no merge rule '{rule}'; choose {', '.join(names)}, or name a module:function")


def rule_function(rule: str) -> Callable[[List[Any]], Any]:
    """The function that a rule ``module:function`` names.

    Raises:
        MergeError: It cannot be imported here.
    """
    module, _, attribute = rule.partition(":")
    try:
        function: Optional[Callable[[List[Any]], Any]] = getattr(load_module(module, file=None), attribute, None)
    except (LoadError, LoadingError) as error:
        raise MergeError(f"the function cannot be imported here ({error})") from error
    if function is None or not callable(function):
        raise MergeError(f"the function cannot be imported here ({module} has no function '{attribute}')")
    return function


class _Piece(NamedTuple):
    """What one result gives for neighbouring frames, in the order of all frames."""

    result: ChunkResult
    frames: Tuple[int, ...]
    value: Any
    """The output, or the encoded value of it or of one of its sub-plugs."""


def _merge_plug(
    node: str, name: str, batch: Batch, segments: Sequence[Tuple[ChunkResult, Tuple[int, ...]]]
) -> Dict[str, Any]:
    """One output: each of its sub-plugs, and the value that a plain connection carries."""
    outputs = [_Piece(result, frames, result.outputs[name]) for result, frames in segments if name in result.outputs]
    rule = batch.merge.get(name)
    sub_plugs = {}
    for key in dict.fromkeys(key for output in outputs for key in output.value["sub_plugs"]):
        having = [output for output in outputs if key in output.value["sub_plugs"]]
        pieces = [output._replace(value=output.value["sub_plugs"][key]) for output in having]
        sub_plugs[key] = _merge_values(node, f"{name}.{key}", batch.merge.get(f"{name}.{key}", rule), pieces)
    if sub_plugs and all(_is_compound(output.value) for output in outputs):
        unset = {key: value for output in outputs for key, value in members(output.value["value"]).items()}
        return {"value": compound({**unset, **sub_plugs}), "sub_plugs": sub_plugs}
    pieces = [output._replace(value=output.value["value"]) for output in outputs]
    return {"value": _merge_values(node, name, rule, pieces), "sub_plugs": sub_plugs}


def _is_compound(output: Mapping[str, Any]) -> bool:
    """Whether the plain value is just the dict of all sub-plugs, including those that were not set."""
    values = members(output["value"])
    return all(key in values and identical(values[key], value) for key, value in output["sub_plugs"].items())


def _merge_values(node: str, place: str, rule: Optional[str], pieces: Sequence[_Piece]) -> Any:
    by_result = {id(piece.result): piece for piece in pieces}.values()
    encoded = [piece.value for piece in by_result]
    chosen = rule or _default_rule(encoded)
    try:
        if chosen == "concat":
            return _concat(_parts(pieces) or encoded)
        if chosen != "same":
            _refuse_partial_overlap(pieces)
        if chosen == _CHUNKS:
            return {str(piece.result.frames): piece.value for piece in by_result}
        merge = _RULES.get(chosen) or _computed(rule_function(chosen))
        return merge(encoded)
    except Exception as error:  # A rule may be the user's function.
        fitting = _FITTING_RULES.get(_kind(encoded[0]), _CHUNKS)
        advice = "" if rule else f"; declare how, such as metadata['batch']['merge'] = {{'{place}': '{fitting}'}}"
        raise MergeError(f"{node}.{place}: the rule '{chosen}' cannot merge its chunks: {error}{advice}") from error


def _parts(pieces: Sequence[_Piece]) -> Optional[List[Any]]:
    """The values to put one after the other: whole chunks as they are, of others the items of their frames.

    None if a result does not have one item per frame: then all count whole.
    """
    parts = []
    for piece in pieces:
        value = piece.value
        if piece.frames != piece.result.frames:
            items = _items_by_frame(value, piece.result.frames)
            if items is None:
                _refuse_partial_overlap(pieces)
                return None
            value = _like(value, [items[frame] for frame in piece.frames])
        parts.append(value)
    return parts


def _refuse_partial_overlap(pieces: Sequence[_Piece]) -> None:
    """Raises if a later result covers some, but not all, frames of an earlier one."""
    for result in {id(piece.result): piece.result for piece in pieces}.values():
        frames = result.frames or ()
        if sum(len(piece.frames) for piece in pieces if piece.result is result) < len(frames):
            others = [piece for piece in pieces if piece.result is not result]
            covering = [other.result.frames for other in others if not set(other.frames).isdisjoint(frames)]
            later = covering[0] if covering else "some of its frames"
            raise ValueError(
                f"the results of {frames} and, written later, of {later} overlap in part; requeue all tasks of"
                " this job, so that they have one chunk size"
            )


def _items_by_frame(value: Any, frames: Optional[FrameList]) -> Optional[Dict[int, Any]]:
    """The items of an encoded list or tuple by frame; None if it does not have one per frame."""
    items = value["items"] if _kind(value) == "tuple" else value
    if frames is None or not isinstance(items, list) or len(items) != len(frames):
        return None
    return dict(zip(frames, items))


def _like(value: Any, items: List[Any]) -> Any:
    return items if isinstance(value, list) else {TYPE: "tuple", "items": items}


def _default_rule(encoded: Sequence[Any]) -> str:
    kinds = {_kind(value) for value in encoded}
    if kinds == {"list"}:
        return "concat"
    return "union" if kinds == {"dict"} else "same"


def _same(encoded: Sequence[Any]) -> Any:
    for value in encoded[1:]:
        if not identical(encoded[0], value):
            raise ValueError(f"one chunk has {_short(encoded[0])}, another {_short(value)}")
    return encoded[0]


def _concat(encoded: Sequence[Any]) -> Any:
    kinds = {_kind(value) for value in encoded}
    if kinds == {"text"}:
        return "".join(encoded)
    if not kinds <= {"list", "tuple"} or len(kinds) != 1:
        raise ValueError(f"it joins lists, tuples or texts of one kind, and got {', '.join(sorted(kinds))}")
    items = [item for value in encoded for item in (value if isinstance(value, list) else value["items"])]
    return _like(encoded[0], items)


def _union(encoded: Sequence[Any]) -> Any:
    kinds = {_kind(value) for value in encoded}
    if kinds <= {"set", "frozenset"} and len(kinds) == 1:
        items = {canonical(item): item for value in encoded for item in value["items"]}
        return {TYPE: kinds.pop(), "items": [items[text] for text in sorted(items)]}
    if kinds != {"dict"}:
        raise ValueError(f"it unites dicts or sets of one kind, and got {', '.join(sorted(kinds))}")
    united: Dict[str, Tuple[Any, Any]] = {}
    pairs = (pair for value in encoded for pair in (value["items"] if TYPE in value else value.items()))
    for key, item in pairs:
        _, known = united.setdefault(canonical(key), (key, item))
        if not identical(known, item):
            raise ValueError(f"the key {_short(key)} is {_short(known)} in one chunk, {_short(item)} in another")
    if all(isinstance(value, dict) and TYPE not in value for value in encoded):
        return dict(united.values())
    return {TYPE: "dict", "items": [list(pair) for pair in united.values()]}


def _computed(function: Callable[[List[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    """A rule that works on the decoded values."""
    return lambda encoded: encode(function([decode(value) for value in encoded]))


def _kind(value: Any) -> str:
    """What merging sees in an encoded value: list, dict, tuple, set, frozenset, text, or another type's name."""
    if isinstance(value, list):
        return "list"
    if isinstance(value, dict):
        return str(value.get(TYPE, "dict"))
    return "text" if isinstance(value, str) else type(value).__name__


def _short(value: Any) -> str:
    text = canonical(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


_RULES: Dict[str, Callable[[Sequence[Any]], Any]] = {
    "concat": _concat,
    "union": _union,
    "same": _same,
    "first": lambda encoded: encoded[0],
    "last": lambda encoded: encoded[-1],
    "sum": _computed(lambda values: functools.reduce(operator.add, values)),
    "min": _computed(min),
    "max": _computed(max),
    "all": _computed(all),
    "any": _computed(any),
}
