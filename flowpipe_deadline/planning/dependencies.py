"""Which jobs a job waits for, and how: frame by frame where that is safe, otherwise for all of their tasks.

Deadline has one switch per job for frame dependency (``IsFrameDependent``; submission, section 4.3). It is set if every
upstream job can be waited for frame by frame, or is complete before one of those begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..core.text import listing
from .chunking import Chunking
from .graph import Connection
from .plan import Dependency, DependencyKind, Job


class PlannedJobs:
    """The jobs so far, upstream first, and which of them are complete before any task of another begins.

    Sets of jobs are bits of integers: searching upstream for each of thousands of jobs would take too long.
    """

    def __init__(self) -> None:
        self.by_key: dict[str, Job] = {}
        self._bits: dict[str, int] = {}
        self._before_first: dict[str, int] = {}
        """The jobs that are complete before any task of the job begins."""
        self._before_last: dict[str, int] = {}
        """The jobs that are complete once the job is: all upstream of it."""

    def add(self, job: Job) -> None:
        """Adds a job, after those that it waits for."""
        first, last = 0, 0
        for dependency in job.dependencies:
            key = dependency.upstream
            whole = self._bits[key] | self._before_last[key]
            first |= self._before_first[key] if dependency.kind == "frame" else whole
            last |= whole
        self.by_key[job.key] = job
        self._bits[job.key] = 1 << len(self._bits)
        self._before_first[job.key], self._before_last[job.key] = first, last

    def one_after(self, key: str, others: Iterable[str]) -> str | None:
        """One of the others of which no task begins before the job is complete, if there is one."""
        return next((other for other in others if self._before_first[other] & self._bits[key]), None)


def plan_feeds(
    connections: Iterable[Connection], chunking: Chunking, *, planned: PlannedJobs
) -> tuple[Connection, ...]:
    """These connections into a node, all from nodes that will run, and which are by frame."""
    return tuple(
        replace(connection, by_frame=_is_by_frame(connection, chunking, planned.by_key.get(connection.source)))
        for connection in connections
    )


def plan_dependencies(
    job: Job, feeds: Iterable[Connection], *, awaited: Iterable[str], planned: PlannedJobs
) -> tuple[Dependency, ...]:
    """The job's dependencies on those of the ``awaited`` jobs that are planned, with the reason for people.

    If either job has scripts that run as tasks of their own, all of the upstream job is waited for: it is unknown what
    frame dependency makes of such tasks (submission, section 4.3).
    """
    by_key: dict[str, list[Connection]] = {}
    for feed in feeds:
        by_key.setdefault(feed.source, []).append(feed)
    keys = [key for key in awaited if key in planned.by_key]
    fitting = {key for key in keys if key in by_key and all(feed.by_frame for feed in by_key[key])}
    scripted = {key for key in keys if job.has_job_script or planned.by_key[key].has_job_script}
    by_frame = fitting - scripted
    framed = [key for key in keys if key in by_frame]
    implied = {key: planned.one_after(key, framed) for key in keys if key not in by_frame} if framed else {}
    needed = next((key for key, through in implied.items() if through is None), None)
    dependencies = []
    for key in keys:
        kind, reason = _kind_and_reason(by_frame=key in by_frame, needed=needed, implied=implied.get(key))
        if kind == "job" and key in fitting & scripted:
            reason = ", not frame by frame as there is a job script"
        dependencies.append(Dependency(upstream=key, kind=kind, reason=f"{_purpose(by_key.get(key, ()))}{reason}"))
    return tuple(dependencies)


def _kind_and_reason(*, by_frame: bool, needed: str | None, implied: str | None) -> tuple[DependencyKind, str]:
    """``needed`` is a job that must be waited for as a whole; ``implied`` is one that begins only after this one."""
    if by_frame and needed is None:
        return "frame", ", frame by frame"
    if by_frame:
        return "job", f", not frame by frame as all of {needed} is needed"
    if implied is not None and needed is None:
        return "implied", f", complete before {implied} begins"
    return "job", ""


def _is_by_frame(connection: Connection, chunking: Chunking, upstream: Job | None) -> bool:
    """Whether item i of the input is item i of a list that the upstream job gives chunk by chunk."""
    if upstream is None or connection.input not in chunking.over:
        return False
    if connection.input_key is not None or connection.output_key is not None:
        return False
    if upstream.frame_mode == "none" or (upstream.frame_mode, upstream.frames) != (chunking.mode, chunking.frames):
        return False
    return upstream.record["batch"]["merge"].get(connection.output) in (None, "concat")


def _purpose(feeds: Sequence[Connection]) -> str:
    if not feeds:
        return "order only: the node between them is omitted or skipped"
    names = [feed.input if feed.input_key is None else f"{feed.input}.{feed.input_key}" for feed in feeds]
    return f"feeds {listing(names)}"
