"""Warnings about planned jobs: what is odd about them, judged by the plan alone, but may be intended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.text import listing, one_line, size_text
from ..core.warnings import PlanWarning, Severity, WarningKind
from ..evaluator.nodes import LARGE_ADVICE, LARGE_VALUE, size_of
from ..settings.environment import kind_of, variables_of
from ..settings.kinds import begins_like_a_path
from ..settings.metadata import NodeSettings
from ..settings.parse import Entries
from ..settings.secrets import looks_secret
from .plan import Job

LARGE_RECORD = 5_000_000
"""Bytes of JSON from which all values of a node together are large."""
# NAME=VALUE, without the NUL at its end. Bytes on Linux: 32 pages for one, a quarter of the stack of 8 MB for all, with
# the worker's own and the arguments (hosts and tooling, section 4). macOS: ARG_MAX for all. Windows: UTF-16 units for
# one; for all there has been no limit since Vista (Microsoft: SetEnvironmentVariable, CreateProcess).
_LINUX_VARIABLE = 131_071
_WINDOWS_VARIABLE = 32_766
_LINUX_ENVIRONMENT = 2_097_152
_MACOS_ENVIRONMENT = 1_048_576
_VANISHING = {
    ("OnJobComplete", "Delete"): "deleted",
    ("OnJobComplete", "Archive"): "archived",
    ("DeleteOnComplete", "true"): "deleted",
    ("ArchiveOnComplete", "true"): "archived",
}


def job_warnings(job: Job, *, settings: NodeSettings, interpreters: Collection[str] | None) -> tuple[PlanWarning, ...]:
    """The warnings about one job; ``interpreters`` are the configured ones, None if they are not known."""
    return (
        *_metadata_warnings(job, settings),
        *_interpreter_warnings(job, interpreters),
        *_batch_warnings(job),
        *_size_warnings(job),
        *_job_info_warnings(job, settings),
        *_environment_warnings(job),
    )


def plan_warnings(jobs: Sequence[Job], *, held_back: Iterable[str]) -> tuple[PlanWarning, ...]:
    """The warnings that take all jobs of the graph; ``held_back`` are variables that patterns did not take."""
    secrets = secret_warnings(job.job_info for job in jobs)
    return (*_name_warnings(jobs), *_vanishing_job_warnings(jobs), *_held_back(sorted(set(held_back))), *secrets)


def secret_warnings(job_infos: Iterable[Entries], *, known: Iterable[Entries] = ()) -> Iterator[PlanWarning]:
    """The warning about variables of jobs that look like secrets, except for those of ``known`` jobs."""
    names = sorted(_secrets(job_infos) - _secrets(known))
    if names:
        text = f"variables look like secrets, and all who see a job in Deadline can read them: {_listed(names)}"
        advice = "let the workers have them by themselves, unless that does no harm"
        yield PlanWarning(WarningKind.SECRET_VARIABLE, "warning", text, advice)


def _held_back(names: Sequence[str]) -> Iterator[PlanWarning]:
    if names:
        text = f"capture_environment: patterns take no variables along that look like secrets: {_listed(names)}"
        advice = f'name one to take it along all the same: capture_environment = ["{names[0]}"]'
        yield PlanWarning(WarningKind.HELD_BACK, "warning", text, advice)


def _secrets(job_infos: Iterable[Entries]) -> set[str]:
    variables = (pair for entries in job_infos for pair in variables_of(entries).items())
    return {name for name, value in variables if looks_secret(name, value)}


def _listed(names: Sequence[str]) -> str:
    return listing([one_line(name, longest=80) for name in names], most=10)


def _warning(job: Job, kind: WarningKind, text: str, advice: str) -> PlanWarning:
    return PlanWarning(kind=kind, severity="warning", text=text, advice=advice, node=job.short_label)


def _metadata_warnings(job: Job, settings: NodeSettings) -> Iterator[PlanWarning]:
    for key, meant in settings.misspelt_keys:
        yield _warning(job, WarningKind.METADATA, f"metadata '{key}' has no meaning here", f"is it '{meant}'?")
    for name in job.record["unkept"]:
        text = f"its attribute '{name}' cannot be kept: on a worker it has the value that the constructor gives it"
        yield _warning(job, WarningKind.LOST_ATTRIBUTE, text, "make it an input if the node depends on it")


def _interpreter_warnings(job: Job, interpreters: Collection[str] | None) -> Iterator[PlanWarning]:
    if interpreters is not None and job.interpreter not in interpreters:
        text = f"the interpreter '{job.interpreter}' is not configured; its job would fail here"
        yield _warning(job, WarningKind.INTERPRETER, text, "say where its executable is")


def _batch_warnings(job: Job) -> Iterator[PlanWarning]:
    batch = job.record["batch"]
    if batch is None:
        return
    for name in batch["over"]:
        held = job.record["inputs"][name]
        if held["source"] is None and isinstance(held.get("value"), str):
            text = f"'{name}' is text; every chunk gets the text of its own frames"
            yield _warning(job, WarningKind.TEXT_FRAMES, text, "give a list if the node expects one")
    if job.task_count == 1:
        what = "frame" if job.frame_mode == "frames" else "item"
        count = f"its {len(job.frames)} {what}s fit" if len(job.frames) > 1 else f"its only {what} fits"
        text = f"{count} into one task of up to {job.chunk_size}"
        yield _warning(job, WarningKind.SINGLE_TASK, text, "no batch is needed")


def _size_warnings(job: Job) -> Iterator[PlanWarning]:
    whole = size_of(job.record)
    if whole < LARGE_VALUE:
        return
    readers = f"each of its {job.task_count} tasks reads" if job.task_count > 1 else "its task reads"
    for what, value in _values(job.record):
        size = size_of(value)
        if size >= LARGE_VALUE:
            text = f"{what} holds {size_text(size)}, which {readers}"
            yield _warning(job, WarningKind.LARGE_VALUE, text, LARGE_ADVICE)
    if whole >= LARGE_RECORD:
        yield _warning(job, WarningKind.LARGE_RECORD, f"it holds {size_text(whole)}, which {readers}", LARGE_ADVICE)


def _values(record: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Every encoded value of the record, with its name for people."""
    for kind in ("inputs", "outputs"):
        for name, held in record[kind].items():
            yield f"{kind[:-1]} '{name}'", held.get("value")
            for key, part in held["sub_plugs"].items():
                yield f"{kind[:-1]} '{name}.{key}'", part.get("value")
    for name, value in record["attributes"].items():
        yield f"attribute '{name}'", value
    yield "metadata", record["metadata"]


def _job_info_warnings(job: Job, settings: NodeSettings) -> Iterator[PlanWarning]:
    for name in settings.job.missing:
        text = f"capture_environment: {name} is not set here, so its job does not get it"
        advice = "set it, or ask for it by a pattern if it may be missing"
        yield _warning(job, WarningKind.MISSING_VARIABLE, text, advice)
    for key, meant in settings.job.misspelt:
        text = f"the job info key '{key}' is not documented"
        yield _warning(job, WarningKind.JOB_INFO_KEY, text, f"is it '{meant}'?")


def _environment_warnings(job: Job) -> Iterator[PlanWarning]:
    variables, declared = variables_of(job.job_info), dict(job.environment_kinds)
    paths = [name for name, value in variables.items() if begins_like_a_path(value)]
    unknown = [name for name in paths if kind_of(name, declared) is None]
    if unknown:
        text = f"variables that begin like paths, but may be text, reach workers unmapped: {listing(unknown, most=10)}"
        advice = f'say what they hold: environment_kinds = {{ {unknown[0]} = "path" }}, or "paths" or "text"'
        yield _warning(job, WarningKind.ENVIRONMENT_KIND, text, advice)
    advice = f"{LARGE_ADVICE}; capture only what a job needs"
    for severity, text in _environment_excess(variables):
        yield replace(_warning(job, WarningKind.LARGE_ENVIRONMENT, text, advice), severity=severity)


def _environment_excess(variables: Mapping[str, str]) -> Iterator[tuple[Severity, str]]:
    """What is too large for a system, and whether it is for all that farms usually have."""
    whole = 0
    for name, value in variables.items():
        pair = f"{name}={value}"
        size, units = len(pair.encode()), len(pair.encode("utf-16-le")) // 2
        whole += size + 9  # With a NUL and a pointer.
        if size > _LINUX_VARIABLE:
            yield "error", f"the variable {name} has {size} bytes, and Linux takes {_LINUX_VARIABLE}"
        elif units > _WINDOWS_VARIABLE:
            yield "warning", f"the variable {name} has {units} characters, and Windows takes {_WINDOWS_VARIABLE}"
    if whole > _LINUX_ENVIRONMENT:
        yield "error", f"its variables have {whole} bytes together, and Linux takes {_LINUX_ENVIRONMENT}"
    elif whole > _MACOS_ENVIRONMENT:
        yield "warning", f"its variables have {whole} bytes together, and macOS takes {_MACOS_ENVIRONMENT}"


def _name_warnings(jobs: Sequence[Job]) -> Iterator[PlanWarning]:
    """Only nodes of sub-graphs with one name can have the same name."""
    by_name: dict[str, list[Job]] = {}
    for job in jobs:
        by_name.setdefault(job.label, []).append(job)
    for same in by_name.values():
        if len(same) > 1:
            keys = listing([job.key for job in same])
            text = f"{len(same)} nodes have this name, and their jobs ({keys}) look alike in the Monitor"
            yield _warning(same[0], WarningKind.SAME_NAME, text, "give their graphs names of their own")


def _vanishing_job_warnings(jobs: Sequence[Job]) -> Iterator[PlanWarning]:
    """Jobs that are deleted or archived while others wait for them.

    A deleted upstream job releases no job, and whether an archived one does is unknown (submission, section 4.2);
    either may be gone before Deadline checks.
    """
    waiting: dict[str, str] = {}
    for job in jobs:
        for key in job.awaited_keys:
            waiting.setdefault(key, job.label)
    for job in jobs:
        for entry in job.job_info:
            if entry in _VANISHING and job.key in waiting:
                text = f"it is {_VANISHING[entry]} once complete, and {waiting[job.key]} may then wait for it for ever"
                yield _warning(job, WarningKind.VANISHING_JOB, text, "set that for the last jobs of a graph only")
