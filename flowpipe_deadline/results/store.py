"""Results of chunks: what a store keeps, what every store does, and the store that keeps files in the bundle.

A bundle's store is named by a record beside the manifest, as that is long and the evaluator does not need it.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Optional,
    Sequence,
)

from ..core.bundle import FILES, RESULTS, STORE
from ..core.bundle import FORMAT as BUNDLE_FORMAT
from ..core.errors import FlowpipeDeadlineError, words_of
from ..core.files import NewerFormatError, RecordError, json_bytes, parse_record, read_record, write_whole
from ..core.frames import FrameList, FrameListError
from ..core.rights import make_folder, reason_with_remedy, share, try_to_write
from .evaluation import Evaluation, evaluations_json, parse_evaluations
from .shapes import Change, Shape, TrustedCode, are_counts, check_members, check_outputs, is_count, matches

if TYPE_CHECKING:
    from .redis.store import RedisStore

_FORMAT = 1
OTHER_CHUNKS = ".other-chunks"
"""Where the names of the results of chunks that were not planned are: nobody has to look for them among all others."""
ALL = "all"
"""In place of a frame list: all results of a node."""
_LONGEST_NAME = 60
_PART = r"(?:0|[1-9]\d{0,9})(?:-(?:0|[1-9]\d{0,9})(?:x[1-9]\d{0,9})?)?"
_NAME = re.compile(rf"whole|\d{{1,10}}-\d{{1,10}}_[0-9a-f]{{12}}|{_PART}(?:,{_PART})*", re.ASCII)


class DamagedResultError(RecordError):
    """A result that cannot be read, or only in part; over a network it may just not be there yet."""


class StoreError(FlowpipeDeadlineError):
    """A store that cannot be read or written at the moment; requeue the task once that is fixed."""


@dataclass(frozen=True)
class ChunkResult:
    """The outputs of one evaluation: of one chunk of a node, or of the whole node."""

    frames: FrameList | None
    """The frames (or item numbers) of the chunk; None if the node is not batched."""
    outputs: Mapping[str, Any]
    """By output that the evaluation set: ``{"value": encoded, "sub_plugs": {key: encoded}}``."""
    version: int
    """Later than those of all results that it replaced and of all that it was made from, counted from them."""
    lower_versions: Mapping[str, int] = field(default_factory=dict)
    """The versions, by frame list, of frames that replaced and were made from less."""
    token: str = ""
    """Tells it from any other result of the same version."""
    inputs: Mapping[str, int] = field(default_factory=dict)
    """By upstream node, the latest version of the results that it was made from."""
    taken: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By upstream node, the ``mark`` of what it was made from, by frame list; ``all`` for all results of that node.
    Empty in results of earlier versions."""
    edit: int = 0
    """The number of the last edit of the node's inputs that it was made with."""
    evaluations: tuple[Evaluation, ...] = ()
    """Those of this chunk that gave a result, this one last; empty in results of earlier versions."""
    _lower: Mapping[int | None, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lower = {frame: one for frames, one in self.lower_versions.items() for frame in FrameList.parse(frames)}
        object.__setattr__(self, "_lower", lower)

    def version_of(self, frame: int | None) -> int:
        """The version of one of its frames; None stands for a result without frames."""
        return self._lower.get(frame, self.version)

    def mark(self, frame: int | None) -> str:
        """Tells it from all other results of that frame; begins with its version."""
        return f"{self.version_of(frame)}.{self.token}"


Chunks = Sequence[Optional[FrameList]]
"""Chunks by their frames; None for that of a node that is not batched."""


class Store(ABC):
    """Where results live. A later result of the same chunk replaces the earlier one; nothing else is changed.

    Raises:
        StoreError: By every method: the results cannot be reached; the message says what to do.
    """

    trusted = TrustedCode(Path())
    """The code that its results may name."""

    def read(self, node: str, chunks: Chunks | None = None) -> tuple[ChunkResult, ...]:
        """All results of the node, the latest first; with ``chunks``, those that share a frame with one of these.

        Results of other frames are not opened. All are listed only if a frame has no result, or one of an earlier
        version, which did not mark those of chunks that were not planned.

        Raises:
            DamagedResultError: A result is damaged; the message names it.
            NewerFormatError: A newer version has written it.
        """
        return self._read_sharing(node, chunks, needs_all=True)

    def read_replaced(
        self, node: str, chunks: Chunks | None = None, *, skips_damaged: bool = True
    ) -> tuple[ChunkResult, ...]:
        """The results that a new one of these planned chunks replaces: as ``read``, but frames may have no result."""
        return self._read_sharing(node, chunks, needs_all=False, skips_damaged=skips_damaged)

    def delete_all(self) -> None:  # noqa: B027  (files are deleted with their bundle)
        """Deletes all results of the submission that are not in its bundle."""

    @abstractmethod
    def check_writable(self, node: str) -> None:
        """Makes sure, before the work is done, that a result of the node can be kept."""

    @abstractmethod
    def write(self, node: str, result: ChunkResult, *, is_planned: bool = False) -> None:
        """Keeps the result under the node's key, whole or not at all.

        ``is_planned`` says that the node was planned with this chunk, so that readers find it by its name.
        """

    @abstractmethod
    def chunk_names(self, node: str) -> frozenset[str]:
        """The names, as ``chunk_name`` gives them, of the chunks with results; the results are not read."""

    def count(self, node: str) -> int | None:
        """How many results there are; None if some are of chunks that were not planned, so that they have to be read.

        An earlier version did not mark those.
        """
        return None if self._other_chunks(node) else len(self.chunk_names(node))

    def set_damaged_aside(self, node: str) -> tuple[str, ...]:
        """Moves the node's damaged results away, so that they count as missing; gives their new places.

        Raises:
            NewerFormatError: A result is from a newer version, and not damaged.
        """
        moved = []
        for name, place, data in self._load(node, sorted(self.chunk_names(node))):
            try:
                self._parse(node, name, place, data)
            except DamagedResultError:
                moved.append(self._set_aside(node, name))
        return tuple(moved)

    @abstractmethod
    def _other_chunks(self, node: str) -> Collection[str]:
        """The names of the results of chunks that were not planned."""

    @abstractmethod
    def _load(self, node: str, names: Iterable[str]) -> Iterator[tuple[str, str, bytes | DamagedResultError]]:
        """Of each of these chunks that has a result: name, place for messages, and record or why it is unreadable."""

    @abstractmethod
    def _set_aside(self, node: str, name: str) -> str:
        """Moves the result of this chunk away; gives its new place."""

    def _read_sharing(
        self, node: str, chunks: Chunks | None, *, needs_all: bool, skips_damaged: bool = False
    ) -> tuple[ChunkResult, ...]:
        """Results that share a frame with one of the chunks, or all; with ``needs_all`` each frame must have one."""
        if chunks is None:
            return self._read(node, sorted(self.chunk_names(node)), skips_damaged=skips_damaged)
        known = dict.fromkeys([*map(chunk_name, chunks), *_sharing(self._other_chunks(node), chunks)])
        found = self._read(node, known, skips_damaged=skips_damaged)
        missing = _places(chunks).difference(*(_places([result.frames]) for result in found)) if needs_all else ()
        if not missing and all(result.token for result in found):
            return found
        return self._read(node, _sharing(self.chunk_names(node), chunks), skips_damaged=skips_damaged)

    def _read(self, node: str, names: Iterable[str], *, skips_damaged: bool = False) -> tuple[ChunkResult, ...]:
        found = (self._parse(node, *loaded, skips_damaged=skips_damaged) for loaded in self._load(node, names))
        latest_first = sorted(filter(None, found), key=lambda result: (result.version, result.token), reverse=True)
        return tuple(latest_first)

    def _parse(
        self, node: str, name: str, place: str, data: bytes | DamagedResultError, *, skips_damaged: bool = False
    ) -> ChunkResult | None:
        """The result; None if it is damaged and that may be skipped, or if it is not what its name says: a copy."""
        try:
            if isinstance(data, DamagedResultError):
                raise data
            result = parse_result(data, name=place, node=node, change=self.trusted.change(node))
        except DamagedResultError:
            if skips_damaged:
                return None
            raise
        return result if result is not None and chunk_name(result.frames) == name else None


class FileStore(Store):
    """A store in the ``results`` folder of a bundle: ``results/<node>/<chunk>.json``."""

    def __init__(self, bundle: Path) -> None:
        self.trusted = TrustedCode(bundle)
        self._folder = bundle / RESULTS

    def check_writable(self, node: str) -> None:
        """Makes something where the result, or the folder for it, will be, and removes it."""
        folder = self._folder / node
        try:
            make_folder(self._folder, with_parents=False)  # Not the bundle, which may have been deleted.
            try_to_write(folder if folder.is_dir() else self._folder)
        except OSError as error:
            reason = reason_with_remedy(error, folder)
            raise StoreError(f"{node}: it was not called, as nothing can be written to {folder}: {reason}") from error

    def write(self, node: str, result: ChunkResult, *, is_planned: bool = False) -> None:
        """Keeps the result in a file."""
        folder = self._folder / node
        try:
            make_folder(self._folder, with_parents=False)  # As above.
            make_folder(folder)
            if not is_planned:  # First: whoever finds the result may look for it.
                self._mark(folder / OTHER_CHUNKS / chunk_name(result.frames))
            write_whole(folder / f"{chunk_name(result.frames)}.json", json_bytes(result_record(node, result)))
        except OSError as error:
            reason = reason_with_remedy(error, folder)
            raise StoreError(f"{node}: its result cannot be written to {folder}: {reason}; nothing was kept") from error

    def _mark(self, path: Path) -> None:
        """Makes an empty file, unless there is one."""
        if not path.exists():
            make_folder(path.parent)
            path.touch()
            share(path)

    def chunk_names(self, node: str) -> frozenset[str]:
        """The names of the files, without their ending; files of other names are none of ours."""
        return _chunk_names(self._list(node))

    def count(self, node: str) -> int | None:
        """By one look at the folder."""
        names = self._list(node)
        return None if OTHER_CHUNKS in names else len(_chunk_names(names))

    def _other_chunks(self, node: str) -> Collection[str]:
        return self._list(node, OTHER_CHUNKS)

    def _list(self, node: str, *subfolder: str) -> list[str]:
        folder = self._folder.joinpath(node, *subfolder)
        try:
            return os.listdir(str(folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{node}: its results cannot be read from {folder}: {words_of(error)}") from error

    def _load(self, node: str, names: Iterable[str]) -> Iterator[tuple[str, str, bytes | DamagedResultError]]:
        for name in names:
            path = self._folder / node / f"{name}.json"
            try:
                yield name, str(path), path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                if not os.path.isdir(str(path)):  # Also where that cannot be read: Path.is_dir would raise.
                    yield name, str(path), _damaged(str(path), words_of(error))

    def _set_aside(self, node: str, name: str) -> str:
        path = self._folder / node / f"{name}.json"
        try:
            os.replace(str(path), f"{path}.damaged")
        except OSError as error:
            raise StoreError(f"{node}: the damaged {path} cannot be renamed: {words_of(error)}") from error
        return f"{path}.damaged"


def _chunk_names(files: Iterable[str]) -> frozenset[str]:
    return frozenset(name[:-5] for name in files if name.endswith(".json") and is_chunk_name(name[:-5]))


def open_store(bundle: Path, *, mapped: Callable[[str], str] = str) -> Store:
    """The store with the results of the bundle; without a record, they are in files.

    ``mapped`` gives paths of the bundle's records as they are on this machine.

    Raises:
        RecordError: The record is damaged.
        StoreError: It does not name a store, cannot be read, or this Python lacks the package for it.
    """
    path = bundle / STORE
    store: Store = FileStore(bundle)
    if _exists(path):
        record = read_record(path, version=BUNDLE_FORMAT, keys=("store", "submission"))
        store = _redis_store(str(record["store"]), submission=str(record["submission"]))
    store.trusted = TrustedCode(bundle, mapped)
    return store


def check_store(store: str, *, submission: str) -> None:
    """Makes sure that results of the submission can be kept in this store.

    Raises:
        StoreError: It is not a store, holds a password, cannot be reached, or does not take writes.
    """
    if store != FILES:
        _redis_store(store, submission=submission).check()


def _exists(path: Path) -> bool:
    """Whether there is a file; raises StoreError where that cannot be told, as over a network at the moment."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {words_of(error)}") from error
    return True


def _redis_store(url: str, *, submission: str) -> RedisStore:
    from .redis.url import RedisAddress  # noqa: PLC0415 (only for bundles in Redis)

    address = RedisAddress.parse(url)
    try:
        from .redis.store import RedisStore  # noqa: PLC0415 (its package is optional)
    except ImportError as error:
        raise StoreError(
            f"the store {address} needs the Python package 'redis' ({error}): install flowpipe-deadline[redis], or, for"
            " the interpreters of the farm, put the package into a folder of the plugin's Python Path"
        ) from error
    return RedisStore(address, submission=submission)


def chunk_name(frames: FrameList | None) -> str:
    """A file name for the chunk: its frame list, a long one shortened by a hash; ``whole`` without frames."""
    if frames is None:
        return "whole"
    text = str(frames)
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{min(frames)}-{max(frames)}_{hashlib.sha256(text.encode('ascii')).hexdigest()[:12]}"


def is_chunk_name(name: str) -> bool:
    """Whether ``chunk_name`` could have given that name."""
    match = _NAME.fullmatch(name)
    if match is None or ("," not in name and "x" not in name):
        return match is not None
    try:
        return str(FrameList.parse(name)) == name
    except FrameListError:
        return False


def _places(chunks: Chunks) -> set[int | None]:
    """The frames of these chunks; None stands for the one of a node that is not batched."""
    return {place for chunk in chunks for place in chunk or (None,)}


def _sharing(names: Iterable[str], chunks: Chunks) -> list[str]:
    """Those of the names whose results share a frame with one of the chunks, or may: long names are shortened."""
    frames = {frame for chunk in chunks for frame in chunk or ()}
    if not frames:
        return [name for name in names if name == chunk_name(None)]
    low, high = min(frames), max(frames)
    return sorted(name for name in names if is_chunk_name(name) and _may_share(name, frames, low, high))


def _may_share(name: str, frames: Collection[int], low: int, high: int) -> bool:
    """Whether the chunk of that name has one of the frames, which lie from ``low`` to ``high``, or may have one."""
    first, dash, last = name.partition("-")
    last = last.partition("_")[0]  # What may follow stands for the frames between.
    if first.isdecimal() and last.isdecimal():
        return min(int(first), int(last)) <= high and low <= max(int(first), int(last))
    if not dash and first.isdecimal():
        return int(first) in frames
    return name != chunk_name(None) and not set(frames).isdisjoint(FrameList.parse(name))


def result_record(node: str, result: ChunkResult) -> dict[str, Any]:
    """The result as the JSON object that every store keeps.

    The version is in ``written``, as it was a time once: readers of then take the larger for the later, too.
    """
    return {
        "format": _FORMAT,
        "node": node,
        "frames": None if result.frames is None else str(result.frames),
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),  # For people; nothing reads it.
        "written": result.version,
        **({"lower_versions": result.lower_versions} if result.lower_versions else {}),
        "token": result.token,
        "inputs": result.inputs,
        "taken": result.taken,
        **({"edit": result.edit} if result.edit else {}),
        "evaluations": evaluations_json(result.evaluations),
        "outputs": result.outputs,
    }


def _are_marks(data: Any) -> bool:
    """Whether it is what ``ChunkResult.taken`` holds."""
    for marks in data.values() if type(data) is dict else (None,):
        if type(marks) is not dict or not all(map(_is_mark, marks.values())):
            return False
        for frames in marks:
            if frames != ALL:
                FrameList.parse(frames)  # It says what is wrong with them.
    return True


_is_mark = matches(r"[0-9]{1,30}\.[\w.-]{0,100}")
_MEMBERS: Mapping[str, Shape] = {
    "node": str,
    "written": is_count,
    "lower_versions": are_counts,
    "token": matches(r"[\w.-]{0,100}"),
    "inputs": are_counts,
    "taken": _are_marks,
    "edit": is_count,
}


def parse_result(data: bytes, *, name: str, node: str, change: Change) -> ChunkResult | None:
    """The result in the bytes, if it is this node's; ``name`` says in messages where they are.

    ``change`` gives the sources of the classes in it.

    Raises:
        DamagedResultError: They are damaged.
        NewerFormatError: They are from a newer version.
        RecordError: What the node was planned with cannot be read.
    """
    try:
        record = parse_record(data, name=name, version=_FORMAT)
    except NewerFormatError:
        raise
    except RecordError as error:
        raise _damaged(name, "not a record of this format") from error
    try:
        check_members(record, _MEMBERS)
        if record.get("node", node) != node:
            return None
        frames = None if record["frames"] is None else FrameList.parse(record["frames"])
        return ChunkResult(
            frames=frames,
            outputs=check_outputs(record["outputs"], change),
            version=record["written"],
            lower_versions=record.get("lower_versions", {}),
            token=record.get("token", ""),
            inputs=record["inputs"],
            taken=record.get("taken", {}),
            edit=record.get("edit", 0),
            evaluations=_evaluations(record, frames),
        )
    except NewerFormatError as error:
        raise NewerFormatError(f"{name}: {error}") from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _damaged(name, words_of(error)) from error


def _evaluations(record: Mapping[str, Any], frames: FrameList | None) -> tuple[Evaluation, ...]:
    """Those in the record; of a result of an earlier version, when it was written."""
    if "evaluations" in record:
        return parse_evaluations(record["evaluations"], frames=frames)
    try:
        written = int(datetime.fromisoformat(record["time"].replace("Z", "+00:00")).timestamp()) * 10**9
    except (KeyError, AttributeError, TypeError, ValueError):
        return ()
    return (Evaluation(None if frames is None else str(frames), max(0, written)),)


def _damaged(name: str, reason: str) -> DamagedResultError:
    return DamagedResultError(
        f"the result {name} is damaged, or cannot be read as a whole yet ({reason}); if that lasts, requeue its task"
    )
