"""From the results of chunks to the outputs of a node: the rules of the law of batches.

Rules work on encoded values, so that no class of a user has to be imported to put two lists together.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from .codec import canonical, compound, decode, encode, identical
from .errors import FlowpipeDeadlineError
from .frames import FrameList
from .store import ChunkResult

_CHUNKS = "chunks"


class MissingResultsError(FlowpipeDeadlineError):
    """Upstream results that should be there, by node and frames."""

    def __init__(self, node: str, frames: Optional[FrameList]) -> None:
        super().__init__(node, frames)
        self.node = node
        self.frames = frames

    def __str__(self) -> str:
        part = "its result is" if self.frames is None else f"the results of {self.frames} are"
        return f"{self.node}: {part} missing; requeue those tasks, or wait for the file system to show them"


class MergeError(FlowpipeDeadlineError):
    """Chunk results that cannot become one value; the message names node, output, values and a way out."""


@dataclass(frozen=True)
class Batch:
    """How a node is cut into chunks and put together again, as its record says."""

    over: Tuple[str, ...]
    """The inputs that are cut, item by item alike."""
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


def merge_results(node: str, *, batch: Optional[Batch], results: Sequence[ChunkResult]) -> Dict[str, Any]:
    """The node's outputs, ``{name: {"value": encoded, "sub_plugs": {key: encoded}}}``; those never set are left out.

    ``results`` come latest first, as a store gives them.

    Raises:
        MissingResultsError: A planned frame has no result.
        MergeError: Chunks overlap in part, or differ where the rule wants them equal.
    """
    if batch is None:
        whole = [result for result in results if result.frames is None]
        if not whole:
            raise MissingResultsError(node, None)
        return dict(whole[0].outputs)
    missing = missing_frames(batch, results)
    if missing is not None:
        raise MissingResultsError(node, missing)
    chunks = _newest_per_frame(node, batch, results)
    names = dict.fromkeys(name for chunk in chunks for name in chunk.outputs)
    return {name: _merge_plug(node, name, batch, chunks) for name in names}


def missing_frames(batch: Batch, results: Iterable[ChunkResult]) -> Optional[FrameList]:
    """The planned frames (or item numbers) that no result covers; None if all are there."""
    done = {frame for result in results if result.frames is not None for frame in result.frames}
    missing = [frame for frame in batch.frames if frame not in done]
    return FrameList(missing) if missing else None


def check_rule(rule: str) -> None:
    """Raises MergeError if there is no such merge rule."""
    names = (*_RULES, _CHUNKS)
    if rule not in names and ":" not in rule:
        raise MergeError(f"there is no merge rule '{rule}'; choose {', '.join(names)}, or name a module:function")


def _newest_per_frame(node: str, batch: Batch, results: Sequence[ChunkResult]) -> List[ChunkResult]:
    """The results that count, in the order of their frames: a result wholly covered by later ones is dropped."""
    counting: List[ChunkResult] = []
    taken: Dict[int, ChunkResult] = {}
    for result in results:
        if result.frames is None:
            continue
        covered = [frame for frame in result.frames if frame in taken]
        if len(covered) == len(result.frames):
            continue
        if covered:
            later = taken[covered[0]].frames
            raise MergeError(
                f"{node}: the results of {result.frames} and, written later, of {later} overlap in part;"
                " requeue the tasks of this job, so that all have one chunk size"
            )
        counting.append(result)
        taken.update(dict.fromkeys(result.frames, result))
    place = {frame: index for index, frame in enumerate(batch.frames)}
    return sorted(counting, key=lambda result: _place(result, place))


def _place(result: ChunkResult, place: Mapping[int, int]) -> Tuple[int, int]:
    """Planned frames in their planned order, frames that somebody added in the Monitor after them."""
    assert result.frames is not None
    first = result.frames[0]
    return (place.get(first, len(place)), first)


def _merge_plug(node: str, name: str, batch: Batch, chunks: Sequence[ChunkResult]) -> Dict[str, Any]:
    """One output: each of its sub-plugs, and the value that a plain connection carries."""
    parts = [(chunk.frames, chunk.outputs[name]) for chunk in chunks if name in chunk.outputs]
    rule = batch.merge.get(name)
    sub_plugs = {}
    for key in dict.fromkeys(key for _, part in parts for key in part["sub_plugs"]):
        values = [(frames, part["sub_plugs"][key]) for frames, part in parts if key in part["sub_plugs"]]
        sub_plugs[key] = _merge_values(node, f"{name}.{key}", batch.merge.get(f"{name}.{key}", rule), values)
    if sub_plugs and all(identical(part["value"], compound(part["sub_plugs"])) for _, part in parts):
        return {"value": compound(sub_plugs), "sub_plugs": sub_plugs}
    values = [(frames, part["value"]) for frames, part in parts]
    return {"value": _merge_values(node, name, rule, values), "sub_plugs": sub_plugs}


def _merge_values(
    node: str, output: str, rule: Optional[str], values: Sequence[Tuple[Optional[FrameList], Any]]
) -> Any:
    if rule == _CHUNKS:
        return {str(frames): value for frames, value in values}
    encoded = [value for _, value in values]
    chosen = rule or _default_rule(encoded)
    try:
        if chosen in _RULES:
            return _RULES[chosen](encoded)
        return encode(_function(chosen)([decode(value) for value in encoded]))
    except Exception as error:  # A rule may be anybody's function.
        advice = "" if rule else f"; declare how, such as metadata['batch']['merge'] = {{'{output}': 'chunks'}}"
        raise MergeError(f"{node}.{output}: the rule '{chosen}' cannot merge its chunks: {error}{advice}") from error


def _default_rule(encoded: Sequence[Any]) -> str:
    kinds = {_kind(value) for value in encoded}
    if kinds == {"list"}:
        return "concat"
    return "union" if kinds == {"dict"} else "same"


class _ConflictError(Exception):
    """Two chunks have different values where there must be one."""


def _same(encoded: Sequence[Any]) -> Any:
    for value in encoded[1:]:
        if not identical(encoded[0], value):
            raise _ConflictError(f"one chunk has {_short(encoded[0])}, another {_short(value)}")
    return encoded[0]


def _concat(encoded: Sequence[Any]) -> Any:
    kinds = {_kind(value) for value in encoded}
    if kinds == {"text"}:
        return "".join(encoded)
    if not kinds <= {"list", "tuple"} or len(kinds) != 1:
        raise _ConflictError(f"it joins lists, tuples or texts of one kind, and got {', '.join(sorted(kinds))}")
    items = [item for value in encoded for item in (value if isinstance(value, list) else value["items"])]
    return items if kinds == {"list"} else {"$type": "tuple", "items": items}


def _union(encoded: Sequence[Any]) -> Any:
    kinds = {_kind(value) for value in encoded}
    if kinds <= {"set", "frozenset"} and len(kinds) == 1:
        items = {canonical(item): item for value in encoded for item in value["items"]}
        return {"$type": kinds.pop(), "items": [items[text] for text in sorted(items)]}
    if kinds != {"dict"}:
        raise _ConflictError(f"it unites dicts or sets of one kind, and got {', '.join(sorted(kinds))}")
    united: Dict[str, Tuple[Any, Any]] = {}
    for key, item in (pair for value in encoded for pair in _pairs(value)):
        _, known = united.setdefault(canonical(key), (key, item))
        if not identical(known, item):
            raise _ConflictError(f"the key {_short(key)} is {_short(known)} in one chunk, {_short(item)} in another")
    if all(isinstance(value, dict) and "$type" not in value for value in encoded):
        return dict(united.values())
    return {"$type": "dict", "items": [list(pair) for pair in united.values()]}


def _pairs(value: Any) -> Iterable[Any]:
    return list(value["items"] if "$type" in value else value.items())


def _computed(function: Callable[[List[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    """A rule that needs the values themselves."""
    return lambda encoded: encode(function([decode(value) for value in encoded]))


def _total(values: List[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _function(name: str) -> Callable[[List[Any]], Any]:
    module, _, attribute = name.partition(":")
    try:
        function: Callable[[List[Any]], Any] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise _ConflictError(f"the function cannot be imported here ({error})") from error
    return function


def _kind(value: Any) -> str:
    """What merging sees in an encoded value: list, dict, tuple, set, frozenset, text, or another type's name."""
    if isinstance(value, list):
        return "list"
    if isinstance(value, dict):
        return str(value.get("$type", "dict"))
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
    "sum": _computed(_total),
    "min": _computed(min),
    "max": _computed(max),
    "all": _computed(all),
    "any": _computed(any),
}
