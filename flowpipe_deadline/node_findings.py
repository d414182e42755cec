"""What is odd about planned jobs, told from the plan alone: worth a warning, as it may be meant so."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Optional

from .findings import Finding, Kind
from .plan import Job
from .settings import misspelt_metadata
from .text import listing, one_line

LARGE_VALUE = 1_000_000
"""Bytes of JSON from which a single value is large."""
LARGE_RECORD = 5_000_000
"""Bytes of JSON from which all values of a node are large."""

_LONGEST_LABEL = 120


def job_findings(
    job: Job, *, metadata: Mapping[str, Any], interpreters: Optional[Collection[str]]
) -> tuple[Finding, ...]:
    """The warnings about one job; ``interpreters`` are those that are configured, None where nobody knows."""
    return (
        *_metadata_findings(job, metadata),
        *_attribute_findings(job),
        *_interpreter_findings(job, interpreters),
        *_batch_findings(job),
        *_size_findings(job),
    )


def name_findings(jobs: Sequence[Job]) -> tuple[Finding, ...]:
    """The warnings about nodes that have one name, which only sub-graphs of one name can have."""
    keys: dict[str, list[str]] = {}
    for job in jobs:
        keys.setdefault(job.label, []).append(job.key)
    return tuple(
        _warning(
            Kind.SAME_NAME,
            label,
            f"{len(same)} nodes have this name, and their jobs look alike in the Monitor ({listing(same)})",
            "give their graphs names of their own",
        )
        for label, same in keys.items()
        if len(same) > 1
    )


def size_text(count: int) -> str:
    """A number of bytes for people.

    >>> size_text(1_500_000), size_text(2_345)
    ('1.5 MB', '2.3 kB')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _warning(kind: Kind, node: str, text: str, advice: str) -> Finding:
    return Finding(kind=kind, severity="warning", text=text, advice=advice, node=one_line(node, longest=_LONGEST_LABEL))


def _metadata_findings(job: Job, metadata: Mapping[str, Any]) -> Iterator[Finding]:
    for key, meant in misspelt_metadata(metadata):
        yield _warning(Kind.METADATA, job.label, f"metadata '{key}' means nothing here", f"is it '{meant}'?")


def _attribute_findings(job: Job) -> Iterator[Finding]:
    for name in job.record["unkept"]:
        text = f"its attribute '{name}' cannot be kept: a worker has its constructor's"
        yield _warning(Kind.LOST_ATTRIBUTE, job.label, text, "make it an input if the node depends on it")


def _interpreter_findings(job: Job, interpreters: Optional[Collection[str]]) -> Iterator[Finding]:
    if interpreters is not None and job.interpreter not in interpreters:
        text = f"the interpreter '{job.interpreter}' is not configured; its job would fail here"
        yield _warning(Kind.INTERPRETER, job.label, text, "say where its executable is")


def _batch_findings(job: Job) -> Iterator[Finding]:
    batch = job.record["batch"]
    if batch is None:
        return
    for name in batch["over"]:
        held = job.record["inputs"][name]
        if held["source"] is None and isinstance(held.get("value"), str):
            text = f"'{name}' is text; every chunk gets the text of its own frames"
            yield _warning(Kind.TEXT_FRAMES, job.label, text, "give a list if the node expects one")
    if job.task_count == 1:
        what = "frame" if job.frame_mode == "frames" else "item"
        count = f"its {len(job.frames)} {what}s fit" if len(job.frames) > 1 else f"its only {what} fits"
        text = f"{count} into one task of up to {job.chunk_size}"
        yield _warning(Kind.SINGLE_TASK, job.label, text, "no batch is needed")


def _size_findings(job: Job) -> Iterator[Finding]:
    whole = _size(job.record)
    if whole < LARGE_VALUE:
        return
    readers = f"each of its {job.task_count} tasks reads" if job.task_count > 1 else "its task reads"
    advice = "write it into a file that all machines see, and hand on the path"
    for what, value in _values(job.record):
        size = _size(value)
        if size >= LARGE_VALUE:
            yield _warning(Kind.LARGE_VALUE, job.label, f"{what} holds {size_text(size)}, which {readers}", advice)
    if whole >= LARGE_RECORD:
        yield _warning(Kind.LARGE_RECORD, job.label, f"it holds {size_text(whole)}, which {readers}", advice)


def _values(record: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Everything encoded in the record, by what people call it."""
    for kind in ("inputs", "outputs"):
        for name, held in record[kind].items():
            yield f"{kind[:-1]} '{name}'", held.get("value")
            for key, part in held["sub_plugs"].items():
                yield f"{kind[:-1]} '{name}.{key}'", part.get("value")
    for name, value in record["attributes"].items():
        yield f"attribute '{name}'", value
    yield "metadata", record["metadata"]


def _size(encoded: Any) -> int:
    """Bytes of its JSON, without blanks."""
    return len(json.dumps(encoded, separators=(",", ":")))
