"""What tasks raised, so that the same error can be raised elsewhere: ``errors/<node>/<chunk>.json`` in the bundle."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from ..core.files import RecordError, json_bytes, read_record, write_whole
from ..core.frames import FrameList
from ..core.locate import NotImportableError, Source, describe, resolve
from .codec import UnsupportedValueError, decode, encode
from .store import chunk_name

ERRORS = "errors"
_FORMAT = 1


@dataclass(frozen=True)
class Failure:
    """How the last attempt at a task failed."""

    frames: Optional[str]
    """The frame list of the chunk; None if the node is not batched."""
    report: str
    """The node's traceback, or the message where that says it all."""
    raised: Mapping[str, Any]
    """The error: its ``class`` (None if no other process could find that), ``arguments`` and ``attributes``."""
    written: int
    """When, in nanoseconds since 1970."""


def write_failure(bundle: Path, node: str, frames: Optional[FrameList], *, error: BaseException, report: str) -> None:
    """Keeps the failure in the bundle, in place of an earlier one of the same chunk.

    Raises:
        OSError: The bundle cannot be written.
    """
    record = {
        "format": _FORMAT,
        "node": node,
        "frames": None if frames is None else str(frames),
        "report": report,
        "raised": _raised(error),
        "written": time.time_ns(),
    }
    folder = bundle / ERRORS / node
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{chunk_name(frames)}.json", json_bytes(record))


def read_failures(bundle: Path, node: str) -> Tuple[Failure, ...]:
    """The failures of the node's tasks, the latest first; also of tasks that succeeded later."""
    return tuple(sorted(_failures(bundle / ERRORS / node), key=lambda failure: failure.written, reverse=True))


def rebuild_error(failure: Failure) -> Optional[BaseException]:
    """The error as it was raised, of its own class; None if that cannot be had here."""
    raised = failure.raised
    if raised["class"] is None:
        return None
    try:
        cls = resolve(Source.from_json(raised["class"]))
        arguments = decode(raised["arguments"])
        # The class's own constructor takes what it likes; what it made of that are arguments and attributes.
        error: BaseException = cls.__new__(cls, *arguments)
        builtin = next(base for base in cls.__mro__ if base.__module__ == "builtins")
        builtin.__init__(error, *arguments)
        for name, value in raised["attributes"].items():
            setattr(error, name, decode(value))
    except Exception:  # Anybody's module and class; the report is there in any case.
        return None
    return error if isinstance(error, BaseException) else None


def _failures(folder: Path) -> Iterator[Failure]:
    for path in sorted(folder.glob("[!.]*.json")) if folder.is_dir() else ():
        try:
            record = read_record(path, version=_FORMAT)
            yield Failure(
                frames=record["frames"], report=record["report"], raised=record["raised"], written=record["written"]
            )
        except (RecordError, KeyError):  # It would only have said more about a failure that is known.
            continue


def _raised(error: BaseException) -> Dict[str, Any]:
    try:
        cls = describe(type(error)).to_json()
    except NotImportableError:
        return {"class": None, "arguments": None, "attributes": {}}
    arguments, attributes = _reduced(error)
    return {"class": cls, "arguments": _encoded(arguments, error), "attributes": dict(_kept(attributes))}


def _reduced(error: BaseException) -> Tuple[Tuple[Any, ...], Mapping[str, Any]]:
    """What pickle would make it of again: also the file names of an OSError, and the module of an ImportError."""
    reduced = error.__reduce__()
    if not isinstance(reduced, tuple) or reduced[0] is not type(error):
        return error.args, vars(error)
    state = reduced[2] if len(reduced) > 2 else None
    return reduced[1], state if isinstance(state, dict) else vars(error)


def _encoded(arguments: Tuple[Any, ...], error: BaseException) -> Any:
    try:
        return encode(arguments)
    except UnsupportedValueError:
        return encode((str(error),))


def _kept(attributes: Mapping[str, Any]) -> Iterator[Tuple[str, Any]]:
    for name, value in attributes.items():
        try:
            yield name, encode(value)
        except UnsupportedValueError:
            continue
