"""Versions of results: which of two counts, and what a result was made from.

No clock decides, as those of workers differ. A version is counted, for each frame: one more than the latest of the
results that the new one replaces there and of those that it was made from. The mark of a result is its version with a
token of its own, so that two results that were counted alike by two workers are still two.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Iterable, Mapping, TypeVar

from ..core.frames import FrameList
from .store import ALL, ChunkResult

_Value = TypeVar("_Value")


def latest_by_frame(results: Iterable[ChunkResult]) -> dict[int, ChunkResult]:
    """The result that counts for each frame, in ascending order of the frames.

    It is the one of the latest version; of two with the same, the one that was made with later edits, or from later
    inputs. One without a token, of an earlier version of this package, counts only where there is no other: tasks do
    not look for more.
    """
    latest: dict[int, ChunkResult] = {}
    inputs: dict[int, Mapping[int | None, int]] = {}  # By the id of a result.

    def order(result: ChunkResult, frame: int) -> tuple[bool, int, int, int, str]:
        if id(result) not in inputs:
            inputs[id(result)] = _inputs(result)
        later = _input(inputs[id(result)], frame)
        return bool(result.token), result.version_of(frame), result.edit, later, result.token

    for result in tuple(results):
        for frame in result.frames or ():
            known = latest.setdefault(frame, result)
            if known is not result and order(known, frame) < order(result, frame):
                latest[frame] = result
    return {frame: latest[frame] for frame in sorted(latest)}


def latest_whole(results: Iterable[ChunkResult]) -> ChunkResult | None:
    """The result of a node that is not batched, if there is one."""
    return next((result for result in results if result.frames is None), None)


def mark_of_all(latest: Mapping[int, ChunkResult]) -> str:
    """The mark of all results of a node together; it begins with the sum of their versions."""
    text = ",".join(f"{frame}:{result.mark(frame)}" for frame, result in latest.items())
    total = sum(result.version_of(frame) for frame, result in latest.items())
    return f"{total}.{hashlib.sha256(text.encode('ascii')).hexdigest()[:16]}"


def marks_by_frame(results: Mapping[int, ChunkResult]) -> dict[str, str]:
    """The marks of these results by the frames of each that are given."""
    return {frames: mark for mark, frames in _grouped({frame: results[frame].mark(frame) for frame in results})}


def expanded(marks: Mapping[str, str]) -> dict[int | None, str]:
    """The mark for each frame; None stands for all results of the node."""
    found: dict[int | None, str] = {}
    for frames, mark in marks.items():
        found.update(dict.fromkeys((None,) if frames == ALL else FrameList.parse(frames), mark))
    return found


def version_in(mark: str) -> int:
    """The version that a mark begins with."""
    return int(mark.partition(".")[0])


def counted(result: ChunkResult, replaced: Iterable[ChunkResult]) -> ChunkResult:
    """The result with versions that are later than those of all that it replaces and is made from."""
    taken = {node: expanded(marks) for node, marks in result.taken.items()}
    older: dict[int | None, int] = {}
    for one in replaced:
        for frame in one.frames or (None,):
            older[frame] = max(older.get(frame, 0), one.version_of(frame))
    versions: dict[int | None, int] = {}
    for frame in result.frames or (None,):
        inputs = [result.inputs[node] if None in marks else version_in(marks[frame]) for node, marks in taken.items()]
        versions[frame] = max(result.version_of(frame), 1 + max([older.get(frame, 0), *inputs]))
    latest = max(versions.values())
    lower = {frame: version for frame, version in versions.items() if frame is not None and version < latest}
    return replace(result, version=latest, lower_versions={frames: version for version, frames in _grouped(lower)})


def is_made_from_later(one: ChunkResult, other: ChunkResult) -> bool:
    """Whether the first of two results of the same frames was made with later edits, or from later inputs."""
    if one.edit != other.edit:
        return one.edit > other.edit
    mine, theirs = _inputs(one), _inputs(other)
    counts = [(_input(mine, frame), _input(theirs, frame)) for frame in one.frames or (None,)]
    return all(own >= others for own, others in counts) and any(own > others for own, others in counts)


def _inputs(result: ChunkResult) -> Mapping[int | None, int]:
    """The versions that its frames were made from, added up; None stands for what all of them were made from."""
    totals: dict[int | None, int] = {}
    for marks in result.taken.values():
        for place, mark in expanded(marks).items():
            totals[place] = totals.get(place, 0) + version_in(mark)
    return totals


def _input(inputs: Mapping[int | None, int], frame: int | None) -> int:
    """The versions of all that the frame was made from, added up."""
    return sum(inputs.get(place, 0) for place in {None, frame})


def _grouped(values: Mapping[int, _Value]) -> list[tuple[_Value, str]]:
    """Each value with the list of the frames that have it."""
    frames: dict[_Value, list[int]] = {}
    for frame, value in values.items():
        frames.setdefault(value, []).append(frame)
    return [(value, str(FrameList(numbers))) for value, numbers in frames.items()]
