"""Merges the results of chunks into the outputs of a node.

Rules work on encoded values, so that putting two lists together imports none of the user's classes.
"""

from __future__ import annotations

import functools
import itertools
import operator
import re
import sys
from bisect import bisect_left
from dataclasses import dataclass
from typing import (
    Any,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Sequence,
)

from ..core.errors import FlowpipeDeadlineError
from ..core.frames import FrameList, shown_frames
from ..core.loading import LoadingError
from ..core.locate import LoadError, load_module
from .codec import TYPE, canonical, compound, decode, encode, identical, members
from .plain import plain
from .store import ChunkResult
from .versions import latest_by_frame, latest_whole

_CHUNKS = "chunks"
_LONGEST = 80  # Of a value in an error.
# The rule to suggest for values without a default rule.
_FITTING_RULES = {
    **dict.fromkeys(("tuple", "ndarray"), "concat"),
    **dict.fromkeys(("set", "frozenset"), "union"),
    **dict.fromkeys(("bytes", "bytearray"), "sum"),
}
_DICTS = ("dict", "ordered")
_DIVISIBLE = ("list", "tuple", "ndarray", *_DICTS)
_JOINED = {"list", "tuple", "text"}  # Adding them up is the same as joining them.
_FUNCTION = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")


class MissingResultsError(FlowpipeDeadlineError):
    """Results of a node that are missing, for some of its frames."""

    frames: FrameList | None = None
    shown = ""
    """These frames for people, also of an error that was kept in a bundle; empty for a node without frames."""
    planned = ""
    """All frames of the node, as Deadline was given them."""

    def __init__(self, node: str, frames: FrameList | None, batch: Batch | None = None) -> None:
        """``batch`` is how the node was planned."""
        super().__init__(node, frames)
        self.node = node
        self.frames = frames
        if frames is not None:
            self.shown = str(frames) if batch is None else batch.shown(frames)
            self.planned = "" if batch is None else str(batch.frames)

    def __str__(self) -> str:
        part = f"the results of {self.shown} are" if self.shown else "its result is"
        return f"{self.node}: {part} missing; {missing_advice(self.planned)}"


def missing_advice(planned: str) -> str:
    """What to do about missing results of a node; ``planned`` are its frames in Deadline, if it has any.

    Whether these results still have tasks, only Deadline knows.
    """
    advice = "requeue their tasks, or wait for the file system to show them"
    if not planned:
        return advice.replace("their tasks", "its task").replace("them", "it")
    change = f"if the job's frame range was shortened in the Monitor, set it back to {planned} (Modify Frame Range)"
    return f"{advice}; or, {change}"


class MergeError(FlowpipeDeadlineError):
    """Chunk results that cannot be merged; the message names node, output and values, and says what to do."""


@dataclass(frozen=True)
class Batch:
    """How a node is cut into chunks and merged, as its record says."""

    over: tuple[str, ...]
    """The inputs that are cut, all alike."""
    mode: str
    """``frames`` if tasks carry the frames themselves, ``items`` if they carry item numbers from 0."""
    frames: FrameList
    """The planned frames, or ``0-(n-1)``: position i is item i."""
    merge: Mapping[str, str]
    """Merge rules by output, or by ``output.key`` for one sub-plug."""
    size: int = 1
    """The planned number of frames in a chunk."""
    item_frames: FrameList | None = None
    """The frames that item numbers stand for, if they do."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Batch | None:
        """The batch of a node record; None for a node that is not batched."""
        if data is None:
            return None
        return cls(
            over=tuple(data["over"]),
            mode=data["mode"],
            frames=FrameList.parse(data["frames"]),
            merge=data["merge"],
            size=int(data["size"]),
            item_frames=FrameList.parse(data["item_frames"]) if data.get("item_frames") else None,
        )

    def shown(self, frames: FrameList) -> str:
        """Some of the frames for people, and what they are if they are item numbers."""
        return shown_frames(frames, self.item_frames)

    def places(self, frames: FrameList) -> list[int | None]:
        """Where each of these frames is among the planned ones, from 0; None for a frame that was not planned."""
        nearest = [bisect_left(self.frames, frame, hi=len(self.frames) - 1) for frame in frames]  # They ascend.
        return [place if self.frames[place] == frame else None for place, frame in zip(nearest, frames)]

    def chunks_of(self, frames: FrameList) -> tuple[FrameList, ...]:
        """The planned chunks that share a frame with these, and one of the frames that were not planned."""
        places = self.places(frames)
        numbers = sorted({place // self.size for place in places if place is not None})
        planned = [FrameList(self.frames[number * self.size : (number + 1) * self.size]) for number in numbers]
        added = [frame for frame, place in zip(frames, places) if place is None]
        return (*planned, *([FrameList(added)] if added else ()))

    def is_planned(self, frames: FrameList) -> bool:
        """Whether the node was planned with this chunk, so that whoever looks for its frames finds it by its name."""
        return None not in self.places(frames) and self.chunks_of(frames) == (frames,)


def merge_results(
    node: str, *, batch: Batch | None, results: Sequence[ChunkResult], wanted: Collection[str] | None = None
) -> dict[str, Any]:
    """The node's outputs, ``{name: {"value": encoded, "sub_plugs": {key: encoded}}}``; those never set are left out.

    The latest result of each frame counts, and all outputs come in ascending order of the frames. ``wanted`` limits the
    outputs to merge, so that an error in another one does not matter.

    Raises:
        MissingResultsError: A planned frame has no result.
        MergeError: Chunks differ where the rule wants them equal, or overlap in a way that cannot be resolved.
    """
    if batch is None:
        whole = latest_whole(results)
        if whole is None:
            raise MissingResultsError(node, None)
        return dict(whole.outputs)
    missing = missing_frames(batch, results)
    if missing is not None:
        raise MissingResultsError(node, missing, batch)
    latest = latest_by_frame(results)
    groups = [tuple(group) for _, group in itertools.groupby(latest, key=lambda frame: id(latest[frame]))]
    segments = [(latest[frames[0]], frames) for frames in groups]
    names = dict.fromkeys(name for result, _ in segments for name in result.outputs)
    return {name: _merge_plug(node, name, batch, segments) for name in names if wanted is None or name in wanted}


def chunk_value(output: str, *, batch: Batch, covering: Sequence[tuple[int, ChunkResult]]) -> Any | None:
    """The encoded list that an output holds for some frames, one item each, from the result that covers the frame.

    A tuple or array counts only if the merge rule is ``concat``. None if a result does not have one item per frame:
    then only the whole output can be cut.
    """
    kinds = ("list", "tuple", "ndarray") if batch.merge.get(output) == "concat" else ("list",)
    parts = []
    for _, group in itertools.groupby(covering, key=lambda pair: id(pair[1])):
        frames, (result, *_) = zip(*group)
        value = result.outputs[output]["value"] if output in result.outputs else None
        part = _items_of(value, result.frames, frames) if _kind(value) in kinds else None
        if part is None:
            return None
        parts.append(part)
    return _concat(parts) if len({_kind(part) for part in parts}) == 1 else None


def missing_frames(batch: Batch, results: Iterable[ChunkResult]) -> FrameList | None:
    """The planned frames (or item numbers) that no result covers; None if all are there."""
    done = {frame for result in results if result.frames is not None for frame in result.frames}
    missing = [frame for frame in batch.frames if frame not in done]
    return FrameList(missing) if missing else None


def check_rule(rule: str) -> None:
    """Raises MergeError for an unknown merge rule."""
    names = (*_RULES, _CHUNKS)
    if rule not in names and not _FUNCTION.fullmatch(rule):
        raise MergeError(f"there is no merge rule '{rule}'; choose {', '.join(names)}, or name a module:function")


def rule_function(rule: str) -> Callable[[list[Any]], Any]:
    """The function that a rule ``module:function`` names.

    Raises:
        MergeError: It cannot be imported here.
    """
    module, _, attribute = rule.partition(":")
    try:
        function: Callable[[list[Any]], Any] | None = getattr(load_module(module, file=None), attribute, None)
    except (LoadError, LoadingError) as error:
        raise MergeError(f"the function cannot be imported here ({error})") from error
    if function is None or not callable(function):
        raise MergeError(f"the function cannot be imported here ({module} has no function '{attribute}')")
    return function


class _Piece(NamedTuple):
    """What one result gives for neighbouring frames, in the order of all frames."""

    result: ChunkResult
    frames: tuple[int, ...]
    value: Any
    """The output, or the encoded value of it or of one of its sub-plugs."""


def _merge_plug(
    node: str, name: str, batch: Batch, segments: Sequence[tuple[ChunkResult, tuple[int, ...]]]
) -> dict[str, Any]:
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


def _merge_values(node: str, place: str, rule: str | None, pieces: Sequence[_Piece]) -> Any:
    by_result = {id(piece.result): piece for piece in pieces}.values()
    encoded: Sequence[Any] = [piece.value for piece in by_result]
    chosen = rule or _default_rule(encoded)
    try:
        if chosen == "concat" or (chosen == "sum" and set(map(_kind, encoded)) <= _JOINED):
            return _concat(_parts(pieces))
        if chosen != "same":
            _refuse_partial_overlap(pieces)
        if chosen == _CHUNKS:
            return {str(piece.result.frames): piece.value for piece in by_result}
        if chosen == "last":
            return pieces[-1].value
        if chosen == "union":
            encoded = _in_order(pieces) or encoded
        merge = _RULES.get(chosen) or _computed(rule_function(chosen))
        merged = merge(encoded)
        if rule is None:
            _refuse_growing(
                _shared(encoded) if chosen == "union" else [merged], chosen, [piece.result for piece in by_result]
            )
        return merged
    except Exception as error:  # A rule may be the user's function.
        fitting = _FITTING_RULES.get(_kind(encoded[0]), _CHUNKS)
        advice = "" if rule else f"; declare how, such as metadata['batch']['merge'] = {{'{place}': '{fitting}'}}"
        raise MergeError(f"{node}.{place}: the rule '{chosen}' cannot merge its chunks: {error}{advice}") from error


def _parts(pieces: Sequence[_Piece]) -> Sequence[Any]:
    """The values to put one after the other: whole chunks as they are, of others the items of their frames.

    Raises:
        ValueError: Only a part of a chunk counts, or it lies between others, and it does not have one item per frame.
    """
    parts = []
    for piece in pieces:
        part = piece.value
        if piece.frames != piece.result.frames:
            part = _items_of(piece.value, piece.result.frames, piece.frames)
        if part is None:
            _refuse_partial_overlap(pieces)
            raise ValueError(
                f"the frames {piece.result.frames} of one task lie between those of others, or do not ascend; requeue"
                " all tasks of this job, so that each has neighbouring frames"
            )
        parts.append(part)
    return parts


def _refuse_partial_overlap(pieces: Sequence[_Piece]) -> None:
    """Raises if a later result covers some, but not all, frames of an earlier one."""
    counting: dict[int, int] = {}
    for piece in pieces:
        counting[id(piece.result)] = counting.get(id(piece.result), 0) + len(piece.frames)
    for piece in pieces:
        frames = piece.result.frames or ()
        if counting[id(piece.result)] < len(frames):
            others = (other for other in pieces if other.result is not piece.result)
            covering = (other.result.frames for other in others if not set(other.frames).isdisjoint(frames))
            later = next(covering, "some of its frames")
            raise ValueError(
                f"the results of {frames} and, written later, of {later} overlap in part; requeue all tasks of"
                " this job, so that they have one chunk size"
            )


def _items_of(value: Any, frames: FrameList | None, wanted: Sequence[int]) -> Any | None:
    """The part of an encoded value with the items of these frames; None if it does not have one for each frame."""
    if frames is None or _kind(value) not in _DIVISIBLE or _length(value) != len(frames):
        return None
    if tuple(wanted) == tuple(frames):
        return value
    place = {frame: index for index, frame in enumerate(frames)}
    places = [place[frame] for frame in wanted]
    if _kind(value) == "ndarray":
        return encode(decode(value)[places])
    if _kind(value) in _DICTS:
        pairs = list(_pairs(value))
        return _dict_of([pairs[place] for place in places], [value])
    items = value if isinstance(value, list) else value["items"]
    return _like(value, [items[place] for place in places])


def _length(value: Any) -> int | None:
    """How many items an encoded value has whose type may grow with its frames; of an array, its first axis."""
    kind = _kind(value)
    if kind == "ndarray":
        shape = value["summary"].rpartition(" [")[2].rstrip("]")
        return int(shape.partition(",")[0]) if shape else None
    if kind == "range":
        items = range(*value["range"])
        return None if items[sys.maxsize :] else len(items)
    if kind in ("bytes", "bytearray"):
        return len(decode(value))
    if kind in ("list", "tuple", "set", "frozenset"):
        return len(value if isinstance(value, list) else value["items"])
    return len(_pairs(value)) if kind in _DICTS else None


def _in_order(pieces: Sequence[_Piece]) -> Sequence[Any] | None:
    """The values in the order of their frames, where they have one item per frame; None where that makes no difference.

    Raises:
        ValueError: Their order counts, and cannot be told.
    """
    if all(piece.frames == piece.result.frames for piece in pieces):
        return None
    parts = [_items_of(piece.value, piece.result.frames, piece.frames) for piece in pieces]
    if None not in parts:
        return parts
    return _parts(pieces) if any(_kind(piece.value) == "ordered" for piece in pieces) else None


def _refuse_growing(values: Iterable[Any], rule: str, results: Sequence[ChunkResult]) -> None:
    """Raises if one of the values, which all chunks have, may be an item for each frame: then they are only alike."""
    counts = {len(result.frames or ()) for result in results}
    if len(results) == 1 or len(counts) != 1:
        return
    (count,) = counts
    for value in values:
        if (rule == "same" and _length(value) == count) or any(_length(array) == count for array in _arrays(value)):
            raise ValueError(
                "all chunks have the same value, which has as many items as they have frames: say whether they belong"
                " one after the other, or are one ('same')"
            )


def _shared(encoded: Sequence[Any]) -> list[Any]:
    """The values that several dicts have by the same key."""
    seen: dict[str, int] = {}
    pairs = [(canonical(key), item) for value in encoded for key, item in _pairs(value)]
    for key, _ in pairs:
        seen[key] = seen.get(key, 0) + 1
    return [item for key, item in pairs if seen[key] > 1]


def _arrays(value: Any) -> Iterator[Any]:
    """All encoded arrays in an encoded value."""
    if _kind(value) == "ndarray":
        yield value
    elif isinstance(value, (list, dict)):
        for item in value if isinstance(value, list) else value.values():
            yield from _arrays(item)


def _like(value: Any, items: list[Any]) -> Any:
    return items if isinstance(value, list) else {TYPE: "tuple", "items": items}


def _default_rule(encoded: Sequence[Any]) -> str:
    kinds = {_kind(value) for value in encoded}
    if kinds == {"list"}:
        return "concat"
    return "union" if kinds in ({"dict"}, {"ordered"}) else "same"


def _same(encoded: Sequence[Any]) -> Any:
    for value in encoded[1:]:
        if not identical(encoded[0], value):
            one, other = _told_apart(encoded[0], value)
            raise ValueError(f"one chunk has {one}, another {other}")
    return encoded[0]


def _concat(encoded: Sequence[Any]) -> Any:
    kinds = {_kind(value) for value in encoded}
    if kinds == {"text"}:
        return "".join(encoded)
    if kinds == {"ndarray"}:
        return _concat_arrays([decode(value) for value in encoded])
    if not kinds <= {"list", "tuple"} or len(kinds) != 1:
        raise ValueError(f"it joins lists, tuples, texts or arrays of one kind, and got {', '.join(sorted(kinds))}")
    items = [item for value in encoded for item in (value if isinstance(value, list) else value["items"])]
    return _like(encoded[0], items)


def _concat_arrays(arrays: Sequence[Any]) -> Any:
    """The arrays one after the other along their first axis; numbers of different precision become the better one."""
    import numpy  # noqa: PLC0415 (there are arrays, so it is loaded)

    kinds = sorted({array.dtype.kind for array in arrays})
    if len(kinds) > 1:
        raise ValueError(f"it joins arrays of one kind of items, and got {', '.join(kinds)}")
    joined = numpy.concatenate(arrays)  # In the byte order of this machine, and without gaps between fields.
    return encode(joined.astype(arrays[0].dtype) if len({array.dtype for array in arrays}) == 1 else joined)


def _union(encoded: Sequence[Any]) -> Any:
    kinds = {_kind(value) for value in encoded}
    if kinds <= {"set", "frozenset"} and len(kinds) == 1:
        items: dict[Any, Any] = {}
        for item in (item for value in encoded for item in value["items"]):
            items.setdefault(_key(item), item)
        return {TYPE: kinds.pop(), "items": sorted(items.values(), key=canonical)}
    if kinds not in ({"dict"}, {"ordered"}):
        raise ValueError(f"it unites dicts or sets of one kind, and got {', '.join(sorted(kinds))}")
    united: dict[Any, tuple[Any, Any]] = {}
    for key, item in (pair for value in encoded for pair in _pairs(value)):
        _, known = united.setdefault(_key(key), (key, item))
        if not identical(known, item):
            raise ValueError(f"the key {_short(key)} is {_short(known)} in one chunk, {_short(item)} in another")
    return _dict_of(united.values(), encoded)


def _key(data: Any) -> Any:
    """What is the same for encoded keys that are one to Python: also for 1, 1.0 and True, of which the first stays."""
    return data if isinstance(data, (int, float)) else canonical(data)


def _dict_of(pairs: Iterable[tuple[Any, Any]], like: Sequence[Any]) -> Any:
    """The pairs as an encoded dict of the kind of these."""
    if all(TYPE not in value for value in like):
        return dict(pairs)
    return {TYPE: _kind(like[0]), "items": [list(pair) for pair in pairs]}


def _pairs(value: Mapping[str, Any]) -> Collection[tuple[Any, Any]]:
    """The encoded keys and values of an encoded dict."""
    pairs: Collection[tuple[Any, Any]] = value["items"] if TYPE in value else value.items()
    return pairs


def _computed(function: Callable[[list[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    """A rule that works on the decoded values."""
    return lambda encoded: encode(function([decode(value) for value in encoded]))


def _kind(value: Any) -> str:
    """What merging sees in an encoded value: list, dict, tuple, set, frozenset, text, or another type's name."""
    if isinstance(value, list):
        return "list"
    if isinstance(value, dict):
        return str(value.get(TYPE, "dict"))
    return "text" if isinstance(value, str) else type(value).__name__


def _told_apart(one: Any, other: Any) -> tuple[str, str]:
    """Two encoded values that differ, as short texts: as JSON for people if they differ in that too."""
    texts = (_words(one), _words(other))
    if "ndarray" not in (_kind(one), _kind(other)):
        readable = (canonical(plain(one)), canonical(plain(other)))
        texts = readable if readable[0] != readable[1] else texts
    alike = next((index for index, (a, b) in enumerate(zip(*texts)) if a != b), min(map(len, texts)))
    start = 0 if alike < _LONGEST // 2 else alike - _LONGEST // 4
    first, second = (f"...{text[start:]}" if start else text for text in texts)
    return _cut(first), _cut(second)


def _short(value: Any) -> str:
    return _cut(_words(value))


def _words(value: Any) -> str:
    if _kind(value) in ("numpy_scalar", "ndarray"):  # What encodes them says nothing to people.
        return f"{value['summary']} {canonical(plain(value))}"
    return canonical(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


_RULES: dict[str, Callable[[Sequence[Any]], Any]] = {
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
