"""Keeps what tasks raised in ``errors/<node>/<chunk>.json`` of the bundle, to raise the same error elsewhere."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

from ..core.bundle import ERRORS
from ..core.files import RecordError, json_bytes, read_record, write_whole
from ..core.frames import FrameList
from ..core.locate import NotImportableError, describe, in_bundle, out_of_bundle, resolve
from ..core.rights import make_folder
from .codec import UnsupportedValueError, decode, encode, map_sources
from .store import chunk_name

_FORMAT = 1


@dataclass(frozen=True)
class Failure:
    """How the last attempt at a task failed."""

    frames: Optional[str]
    """The frame list of the chunk; None if the node is not batched."""
    report: str
    """The node's traceback, or just the message if the node did not fail."""
    raised: Mapping[str, Any]
    """The error: its ``class`` (None if no other process could import it), ``arguments`` and ``attributes``."""
    written: int
    """When, in nanoseconds since 1970."""


def write_failure(bundle: Path, node: str, frames: Optional[FrameList], *, error: BaseException, report: str) -> None:
    """Keeps the failure in the bundle, replacing an earlier one of the same chunk.

    Raises:
        OSError: The bundle cannot be written.
    """
    record = {
        "format": _FORMAT,
        "node": node,
        "frames": None if frames is None else str(frames),
        "report": report,
        "raised": map_sources(_raised(error), out_of_bundle(bundle), own=("class",)),
        "written": time.time_ns(),
    }
    folder = bundle / ERRORS / node
    make_folder(folder.parent, with_parents=False)  # Not the bundle, which may have been deleted.
    make_folder(folder)
    write_whole(folder / f"{chunk_name(frames)}.json", json_bytes(record))


def read_failures(bundle: Path, node: str) -> Tuple[Failure, ...]:
    """The failures of the node's tasks, the latest first, including those of tasks that succeeded later."""
    failures = []
    for path in sorted((bundle / ERRORS / node).glob("[!.]*.json")):
        with suppress(RecordError, KeyError):  # Deadline reports the failure in any case.
            record = read_record(path, version=_FORMAT)
            record["raised"] = map_sources(record["raised"], in_bundle(bundle), own=("class",))
            failures.append(Failure(**{field.name: record[field.name] for field in fields(Failure)}))
    return tuple(sorted(failures, key=lambda failure: failure.written, reverse=True))


def rebuild_error(failure: Failure) -> Optional[BaseException]:
    """The error as it was raised, of its own class; None if it cannot be rebuilt here."""
    raised = failure.raised
    if raised["class"] is None:
        return None
    try:
        cls = resolve(raised["class"])
        arguments = decode(raised["arguments"])
        # Not by the class's constructor: it may take other arguments than those that the error ended up with.
        error: BaseException = cls.__new__(cls, *arguments)
        builtin = next(base for base in cls.__mro__ if base.__module__ == "builtins")
        builtin.__init__(error, *arguments)
        for name, value in raised["attributes"].items():
            setattr(error, name, decode(value))
    except Exception:  # The module and class are the user's; there is always the report.
        return None
    return error if isinstance(error, BaseException) else None


def _raised(error: BaseException) -> Dict[str, Any]:
    try:
        cls = describe(type(error))
    except NotImportableError:
        return {"class": None, "arguments": None, "attributes": {}}
    arguments, attributes = _reduced(error)
    try:
        encoded = encode(arguments)
    except UnsupportedValueError:
        encoded = encode((str(error),))
    kept = {}
    for name, value in attributes.items():
        with suppress(UnsupportedValueError):
            kept[name] = encode(value)
    return {"class": cls, "arguments": encoded, "attributes": kept}


def _reduced(error: BaseException) -> Tuple[Tuple[Any, ...], Mapping[str, Any]]:
    """Arguments and attributes as pickle sees them, with the files of an OSError and the module of an ImportError."""
    reduced = error.__reduce__()
    if not isinstance(reduced, tuple) or reduced[0] is not type(error):
        return error.args, vars(error)
    state = reduced[2] if len(reduced) > 2 else None
    return reduced[1], state if isinstance(state, dict) else vars(error)
