"""Which jobs a job waits for, and how: frame by frame where that is safe, else for all of their tasks.

Deadline has one switch per job for frame dependency (``IsFrameDependent``; submission, section 4.3). So it
is set where every upstream job can be waited for frame by frame, or is complete anyway before one of those begins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flowpipe import INode

from ..core.text import listing
from .chunking import Chunking
from .graph import Connection, connections
from .node_records import Feed
from .plan import Dependency, DependencyKind, Job


class Precedence:
    """Which jobs are complete before a task of another begins; grows job by job, upstream first.

    Sets of jobs are the bits of whole numbers: asked of thousands of jobs, a walk upstream for each takes too long.
    """

    def __init__(self) -> None:
        self._bits: dict[str, int] = {}
        self._before_first: dict[str, int] = {}
        """What is complete before any of the job's tasks begins."""
        self._before_last: dict[str, int] = {}
        """What is complete once the job is: everything upstream of it."""

    def add(self, job: Job) -> None:
        """Takes in a job, after those that it waits for."""
        first, last = 0, 0
        for dependency in job.dependencies:
            key = dependency.upstream
            whole = self._bits[key] | self._before_last[key]
            first |= self._before_first[key] if dependency.kind == "frame" else whole
            last |= whole
        self._bits[job.key] = 1 << len(self._bits)
        self._before_first[job.key], self._before_last[job.key] = first, last

    def is_complete_before(self, key: str, *, later: str) -> bool:
        """Whether no task of ``later`` starts before all tasks of ``key`` are complete."""
        return bool(self._before_first[later] & self._bits[key])


def plan_feeds(
    node: INode,
    chunking: Chunking,
    *,
    over: Collection[str],
    keys: Mapping[int, str],
    planned: Mapping[int, Job],
) -> tuple[Feed, ...]:
    """The connections from nodes that will run.

    ``keys`` are those of all that will run by ``id``, ``planned`` their jobs so far; ``over`` are the cut inputs.
    """
    return tuple(
        Feed(
            connection=item,
            upstream=keys[id(item.source)],
            by_frame=item.input in over
            and id(item.source) in planned
            and _is_by_frame(item, chunking, planned[id(item.source)]),
        )
        for item in connections(node)
        if id(item.source) in keys
    )


def plan_dependencies(
    feeds: Sequence[Feed], *, awaited: Sequence[Job], precedence: Precedence, has_job_script: bool = False
) -> tuple[Dependency, ...]:
    """The dependencies on the ``awaited`` jobs, each once, with the reason for people.

    Where either job has scripts that run as tasks of their own, it is unknown what a frame dependency makes of these
    (submission, section 4.3), so all of the upstream job is waited for.
    """
    by_key: dict[str, list[Feed]] = {}
    for feed in feeds:
        by_key.setdefault(feed.upstream, []).append(feed)
    fitting = {job.key for job in awaited if job.key in by_key and all(feed.by_frame for feed in by_key[job.key])}
    scripted = {job.key for job in awaited if has_job_script or job.has_job_script}
    by_frame = fitting - scripted
    whole = [job.key for job in awaited if job.key not in by_frame]
    implied: dict[str, str | None] = {}
    if by_frame and whole:
        framed = [job.key for job in awaited if job.key in by_frame]
        implied = {key: _begins_after(key, framed, precedence) for key in whole}
    needed = next((key for key, through in implied.items() if through is None), None)
    dependencies = []
    for job in awaited:
        kind, reason = _kind_and_reason(by_frame=job.key in by_frame, needed=needed, implied=implied.get(job.key))
        text = _reason(by_key.get(job.key, ()))
        if kind == "job" and job.key in fitting & scripted:
            reason = ", not frame by frame as there is a job script"
        dependencies.append(Dependency(upstream=job.key, kind=kind, reason=f"{text}{reason}"))
    return tuple(dependencies)


def _kind_and_reason(*, by_frame: bool, needed: str | None, implied: str | None) -> tuple[DependencyKind, str]:
    """``needed`` has to be waited for as a whole; ``implied`` begins only after this one is complete."""
    if by_frame and needed is None:
        return "frame", ", frame by frame"
    if by_frame:
        return "job", f", not frame by frame as all of {needed} is needed"
    if implied is not None and needed is None:
        return "implied", f", complete before {implied} begins"
    return "job", ""


def _is_by_frame(connection: Connection, chunking: Chunking, upstream: Job) -> bool:
    """Whether item i of the input is item i of a list that upstream gives chunk by chunk."""
    if connection.input_key is not None or connection.output_key is not None:
        return False
    if upstream.frame_mode == "none" or (upstream.frame_mode, upstream.frames) != (chunking.mode, chunking.frames):
        return False
    rule = upstream.record["batch"]["merge"].get(connection.output)
    return rule in (None, "concat")


def _begins_after(key: str, others: Sequence[str], precedence: Precedence) -> str | None:
    """One of the other jobs that begins only when ``key`` is complete; None if there is none."""
    return next((other for other in others if precedence.is_complete_before(key, later=other)), None)


def _reason(feeds: Sequence[Feed]) -> str:
    if not feeds:
        return "order only: the node between them is omitted or skipped"
    return f"feeds {listing([_target(feed.connection) for feed in feeds])}"


def _target(connection: Connection) -> str:
    return connection.input if connection.input_key is None else f"{connection.input}.{connection.input_key}"
