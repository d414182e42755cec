"""Results of chunks: what a store keeps, what every store does, and the store that keeps files in the bundle.

A bundle's store is named by a record beside the manifest, as that is long and the evaluator does not need it.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Iterable, List, Mapping, Optional, Tuple

from ..core.bundle import FILES, RESULTS, STORE
from ..core.bundle import FORMAT as BUNDLE_FORMAT
from ..core.errors import FlowpipeDeadlineError
from ..core.files import NewerFormatError, RecordError, json_bytes, parse_record, read_record, try_to_write, write_whole
from ..core.frames import FrameList
from ..core.rights import make_folder, reason_with_remedy

if TYPE_CHECKING:
    from .redis_store import RedisStore

_FORMAT = 1
_LONGEST_NAME = 60


class StoreError(FlowpipeDeadlineError):
    """A store that cannot be read or written at the moment; requeue the task once that is fixed."""


@dataclass(frozen=True)
class ChunkResult:
    """The outputs of one evaluation: of one chunk of a node, or of the whole node."""

    frames: Optional[FrameList]
    """The frames (or item numbers) of the chunk; None if the node is not batched."""
    outputs: Mapping[str, Any]
    """By output that the evaluation set: ``{"value": encoded, "sub_plugs": {key: encoded}}``."""
    written: int
    """When, in nanoseconds since 1970: of two results of a frame, the later one counts."""
    inputs: Mapping[str, int] = field(default_factory=dict)
    """When, by upstream node, the latest of the results that it was made from was written."""


class Store(ABC):
    """Where results live. A later result of the same chunk replaces the earlier one; nothing else is changed.

    Raises:
        StoreError: By every method: the results cannot be reached; the message says what to do.
    """

    @abstractmethod
    def check_writable(self, node: str) -> None:
        """Makes sure, before the work is done, that a result of the node can be kept."""

    @abstractmethod
    def write(self, node: str, result: ChunkResult) -> None:
        """Keeps the result under the node's key, whole or not at all."""

    @abstractmethod
    def read(self, node: str) -> Tuple[ChunkResult, ...]:
        """All results of the node, the latest first.

        Raises:
            RecordError: A result is damaged; the message names it.
        """

    @abstractmethod
    def chunk_names(self, node: str) -> FrozenSet[str]:
        """The names, as ``chunk_name`` gives them, of the chunks with results; the results are not read."""

    @abstractmethod
    def set_damaged_aside(self, node: str) -> Tuple[str, ...]:
        """Moves the node's damaged results away, so that they count as missing; gives their new places.

        Raises:
            NewerFormatError: A result is from a newer version, and not damaged.
            OSError: A file cannot be renamed.
        """


class FileStore(Store):
    """A store in the ``results`` folder of a bundle: ``results/<node>/<chunk>.json``."""

    def __init__(self, bundle: Path) -> None:
        self._folder = bundle / RESULTS

    def check_writable(self, node: str) -> None:
        """Writes a small file where the result, or the folder for it, will be, and removes it."""
        folder = self._folder / node
        try:
            make_folder(self._folder)
            try_to_write(folder if folder.is_dir() else self._folder)
        except OSError as error:
            reason = reason_with_remedy(error, folder)
            raise StoreError(f"{node}: it was not called, as nothing can be written to {folder}: {reason}") from error

    def write(self, node: str, result: ChunkResult) -> None:
        """Keeps the result in a file."""
        folder = self._folder / node
        try:
            make_folder(folder)
            write_whole(folder / f"{chunk_name(result.frames)}.json", json_bytes(result_record(node, result)))
        except OSError as error:
            reason = reason_with_remedy(error, folder)
            raise StoreError(f"{node}: its result cannot be written to {folder}: {reason}; nothing was kept") from error

    def read(self, node: str) -> Tuple[ChunkResult, ...]:
        """All results of the node, the latest first."""
        return latest_first(_read_result(path) for path in self._paths(node))

    def chunk_names(self, node: str) -> FrozenSet[str]:
        """The names of the files, without their ending."""
        return frozenset(path.stem for path in self._paths(node))

    def set_damaged_aside(self, node: str) -> Tuple[str, ...]:
        """Renames the node's damaged results; gives their new paths."""
        moved = []
        for path in self._paths(node):
            try:
                _read_result(path)
            except NewerFormatError:
                raise
            except RecordError:
                moved.append(str(path.replace(path.with_name(f"{path.name}.damaged"))))
        return tuple(moved)

    def _paths(self, node: str) -> List[Path]:
        folder = self._folder / node
        try:
            return sorted(path for path in folder.iterdir() if path.suffix == ".json" and not path.name.startswith("."))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{node}: its results cannot be read from {folder}: {error.strerror}") from error


def open_store(bundle: Path) -> Store:
    """The store with the results of the bundle; without a record, they are in files.

    Raises:
        RecordError: The record is damaged.
        StoreError: It does not name a store, or this Python lacks the package for it.
    """
    path = bundle / STORE
    if not path.exists():
        return FileStore(bundle)
    record = read_record(path, version=BUNDLE_FORMAT, keys=("store", "submission"))
    return _redis_store(str(record["store"]), submission=str(record["submission"]))


def check_store(store: str, *, submission: str) -> None:
    """Makes sure that results of the submission can be kept in this store.

    Raises:
        StoreError: It is not a store, holds a password, cannot be reached, or does not take writes.
    """
    if store != FILES:
        _redis_store(store, submission=submission).check()


def _redis_store(url: str, *, submission: str) -> RedisStore:
    from .redis_url import RedisAddress  # noqa: PLC0415 (only for bundles in Redis)

    address = RedisAddress.parse(url)
    try:
        from .redis_store import RedisStore  # noqa: PLC0415 (its package is optional)
    except ImportError as error:
        raise StoreError(
            f"the store {address} needs the Python package 'redis' ({error}): install flowpipe-deadline[redis], or, for"
            " the interpreters of the farm, put the package into a folder of the plugin's Python Path"
        ) from error
    return RedisStore(address, submission=submission)


def chunk_name(frames: Optional[FrameList]) -> str:
    """A file name for the chunk: its frame list, a long one shortened by a hash; ``whole`` without frames."""
    if frames is None:
        return "whole"
    text = str(frames)
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{min(frames)}-{max(frames)}_{hashlib.sha256(text.encode('ascii')).hexdigest()[:12]}"


def _read_result(path: Path) -> ChunkResult:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"the result {path} cannot be read: {error.strerror}") from error
    return parse_result(data, name=str(path))


def result_record(node: str, result: ChunkResult) -> Dict[str, Any]:
    """The result as the JSON object that every store keeps."""
    return {
        "format": _FORMAT,
        "node": node,
        "frames": None if result.frames is None else str(result.frames),
        "written": result.written,
        "inputs": result.inputs,
        "outputs": result.outputs,
    }


def parse_result(data: bytes, *, name: str) -> ChunkResult:
    """The result in the bytes; ``name`` says in messages where they are.

    Raises:
        RecordError: They are damaged, or from a newer version.
    """
    try:
        record = parse_record(data, name=name, version=_FORMAT)
        for output in record["outputs"].values():
            if set(output) != {"value", "sub_plugs"}:
                raise TypeError(f"an output has {', '.join(output)}")
        return ChunkResult(
            frames=None if record["frames"] is None else FrameList.parse(record["frames"]),
            outputs=record["outputs"],
            written=int(record["written"]),
            inputs=dict(record["inputs"]),
        )
    except NewerFormatError:
        raise
    except (RecordError, KeyError, TypeError, AttributeError, ValueError) as error:
        reason = "not a record of this format" if isinstance(error, RecordError) else repr(error)
        raise RecordError(f"the result {name} is damaged ({reason}); delete it and requeue that task") from error


def latest_first(results: Iterable[ChunkResult]) -> Tuple[ChunkResult, ...]:
    """The results in the order that every store gives them in."""
    return tuple(sorted(results, key=lambda result: result.written, reverse=True))
