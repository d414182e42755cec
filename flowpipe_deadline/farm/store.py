"""Results of chunks, as files in the bundle: ``results/<node>/<chunk>.json``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, List, Mapping, Optional, Protocol, Tuple

from .files import RecordError, json_bytes, read_record, write_whole
from .frames import FrameList

_FORMAT = 1
_WHOLE = "whole"
_LONGEST_NAME = 60


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
    """By upstream node, when the latest of the results that it was made from was written."""


class Store(Protocol):
    """Where results live. A later result of the same chunk replaces the earlier one; nothing else is changed."""

    def write(self, node: str, result: ChunkResult) -> None:
        """Keeps the result under the node's key, whole or not at all."""

    def read(self, node: str) -> Tuple[ChunkResult, ...]:
        """All results of the node, the latest first."""


class FileStore:
    """A store in the ``results`` folder of a bundle."""

    def __init__(self, bundle: Path) -> None:
        self._folder = bundle / "results"

    def write(self, node: str, result: ChunkResult) -> None:
        """Keeps the result as ``results/<node>/<chunk>.json``.

        Raises:
            OSError: The folder cannot be written; nothing was changed.
        """
        folder = self._folder / node
        folder.mkdir(parents=True, exist_ok=True)
        record = {
            "format": _FORMAT,
            "node": node,
            "frames": None if result.frames is None else str(result.frames),
            "written": result.written,
            "inputs": result.inputs,
            "outputs": result.outputs,
        }
        write_whole(folder / f"{chunk_name(result.frames)}.json", json_bytes(record))

    def read(self, node: str) -> Tuple[ChunkResult, ...]:
        """All results of the node, the latest first.

        Raises:
            RecordError: A result is damaged; the message names its file.
        """
        results = [_read_result(path) for path in self._paths(node)]
        return tuple(sorted(results, key=lambda result: result.written, reverse=True))

    def set_damaged_aside(self, node: str) -> Tuple[Path, ...]:
        """Renames the node's damaged results, so that they count as missing; gives their new paths."""
        moved = []
        for path in self._paths(node):
            try:
                _read_result(path)
            except RecordError:
                moved.append(path.replace(path.with_name(f"{path.name}.damaged")))
        return tuple(moved)

    def _paths(self, node: str) -> List[Path]:
        try:
            return sorted(path for path in (self._folder / node).iterdir() if _is_result(path))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RecordError(f"{self._folder / node} cannot be read: {error.strerror}") from error


def chunk_name(frames: Optional[FrameList]) -> str:
    """A file name for the chunk: its frame list, shortened by a hash where that gets long; ``whole`` without frames."""
    if frames is None:
        return _WHOLE
    text = str(frames)
    if len(text) <= _LONGEST_NAME:
        return text
    return f"{min(frames)}-{max(frames)}_{hashlib.sha256(text.encode('ascii')).hexdigest()[:12]}"


def _read_result(path: Path) -> ChunkResult:
    try:
        record = read_record(path, version=_FORMAT, keys=("frames", "outputs", "written", "inputs"))
        return ChunkResult(
            frames=None if record["frames"] is None else FrameList.parse(record["frames"]),
            outputs=_outputs(record["outputs"]),
            written=int(record["written"]),
            inputs=dict(record["inputs"]),
        )
    except (RecordError, TypeError, AttributeError, ValueError) as error:
        raise RecordError(f"the result {path} is damaged; delete it and requeue that task ({error})") from error


def _outputs(data: Any) -> Mapping[str, Any]:
    """The outputs of a record, if they have the shape that is written."""
    for output in data.values():
        if set(output) != {"value", "sub_plugs"}:
            raise TypeError(f"an output has {', '.join(output)}")
    outputs: Mapping[str, Any] = data
    return outputs


def _is_result(path: Path) -> bool:
    return path.suffix == ".json" and not path.name.startswith(".")
