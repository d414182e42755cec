"""Results of chunks: what a store keeps, what every store promises, and the store that keeps files in the bundle."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Protocol, Tuple

from .errors import FlowpipeDeadlineError
from .files import RecordError, json_bytes, read_record, write_whole
from .frames import FrameList, FrameListError

RESULT_FORMAT = 1
_WHOLE = "whole"
_LONGEST_NAME = 60


class StoreError(FlowpipeDeadlineError):
    """A store that cannot be read or written at the moment; the task can be requeued once that is mended."""


@dataclass(frozen=True)
class ChunkResult:
    """The outputs of one evaluation: of one chunk of a node, or of the whole node."""

    frames: Optional[FrameList]
    """The frames (or item numbers) of the chunk; None if the node is not batched."""
    outputs: Mapping[str, Any]
    """By output that the evaluation set: ``{"value": encoded, "sub_plugs": {key: encoded}}``."""
    written: int
    """When, in nanoseconds since 1970: of two results of a frame, the later one counts."""


class Store(Protocol):
    """Where results live. A later result of the same chunk replaces the earlier one; nothing else is changed."""

    def write(self, node: str, result: ChunkResult) -> None:
        """Keeps the result under the node's key, whole or not at all.

        Raises:
            StoreError: It cannot be kept.
        """

    def read(self, node: str) -> Tuple[ChunkResult, ...]:
        """All results of the node, the latest first.

        Raises:
            StoreError: They cannot be read.
            RecordError: A result is damaged; the message names it.
        """


class FileStore:
    """A store in the ``results`` folder of a bundle: ``results/<node>/<chunk>.json``."""

    def __init__(self, bundle: Path) -> None:
        self._folder = bundle / "results"

    def write(self, node: str, result: ChunkResult) -> None:
        """Keeps the result as ``results/<node>/<chunk>.json``.

        Raises:
            StoreError: The folder cannot be written; nothing was changed.
        """
        folder = self._folder / node
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / f"{chunk_name(result.frames)}.json", json_bytes(result_record(node, result)))
        except OSError as error:
            raise StoreError(
                f"{node}: its result cannot be written to {folder}: {error.strerror}; nothing was kept"
            ) from error

    def read(self, node: str) -> Tuple[ChunkResult, ...]:
        """All results of the node, the latest first.

        Raises:
            StoreError: The folder cannot be read.
            RecordError: A result is damaged; the message names its file.
        """
        return latest_first(self._results(node))

    def _results(self, node: str) -> Iterator[ChunkResult]:
        for path in self._paths(node):
            yield result_from(read_record(path, version=RESULT_FORMAT), name=str(path))

    def _paths(self, node: str) -> List[Path]:
        folder = self._folder / node
        try:
            return sorted(path for path in folder.iterdir() if _is_result(path))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{node}: its results cannot be read from {folder}: {error.strerror}") from error


def chunk_name(frames: Optional[FrameList]) -> str:
    """A file name for the chunk: its frame list, shortened by a hash where that gets long; ``whole`` without frames."""
    if frames is None:
        return _WHOLE
    text = str(frames)
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{min(frames)}-{max(frames)}_{hashlib.sha256(text.encode('ascii')).hexdigest()[:12]}"


def result_record(node: str, result: ChunkResult) -> Dict[str, Any]:
    """The result as the JSON object that every store keeps."""
    return {
        "format": RESULT_FORMAT,
        "node": node,
        "frames": None if result.frames is None else str(result.frames),
        "written": result.written,
        "outputs": result.outputs,
    }


def result_from(record: Mapping[str, Any], *, name: str) -> ChunkResult:
    """The result in the record, which ``name`` tells where to find.

    Raises:
        RecordError: The record is damaged.
    """
    try:
        frames, outputs, written = record["frames"], record["outputs"], record["written"]
        if not isinstance(outputs, dict) or not isinstance(written, int):
            raise TypeError("outputs or written")
        return ChunkResult(frames=None if frames is None else FrameList.parse(frames), outputs=outputs, written=written)
    except (KeyError, TypeError, FrameListError) as error:
        raise RecordError(f"{name} is damaged ({error!r}); requeue that task") from error


def latest_first(results: Iterable[ChunkResult]) -> Tuple[ChunkResult, ...]:
    """The results in the order that every store gives them in."""
    return tuple(sorted(results, key=lambda result: result.written, reverse=True))


def _is_result(path: Path) -> bool:
    return path.suffix == ".json" and not path.name.startswith(".")
