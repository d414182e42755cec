"""Which jobs a job waits for, and how: frame by frame where that is safe, otherwise for all of their tasks.

Deadline has one switch per job for frame dependency (``IsFrameDependent``; submission, section 4.3). It is set if every
upstream job can be waited for frame by frame, or is complete before one of those begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ..core.text import listing
from .chunking import Chunking
from .graph import Connection
from .node_records import Feed
from .plan import Dependency, DependencyKind, Job


class Precedence:
    """Which jobs are complete before any task of another begins. Jobs are added one by one, upstream first.

    Sets of jobs are bits of integers: searching upstream for each of thousands of jobs would take too long.
    """

    def __init__(self) -> None:
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
        self._bits[job.key] = 1 << len(self._bits)
        self._before_first[job.key], self._before_last[job.key] = first, last

    def is_complete_before(self, key: str, *, later: str) -> bool:
        """Whether no task of ``later`` starts before all tasks of ``key`` are complete."""
        return bool(self._before_first[later] & self._bits[key])


def plan_feeds(
    connections: Iterable[Connection], chunking: Chunking, *, over: Collection[str], planned: Mapping[str, Job]
) -> tuple[Feed, ...]:
    """How these connections, all from nodes that will run, feed a node.

    ``over`` are the node's inputs that are cut, and ``planned`` the jobs so far by key.
    """
    return tuple(
        Feed(
            connection,
            by_frame=connection.input in over
            and connection.source in planned
            and _is_by_frame(connection, chunking, planned[connection.source]),
        )
        for connection in connections
    )


def plan_dependencies(
    job: Job, feeds: Sequence[Feed], *, awaited: Sequence[Job], precedence: Precedence
) -> tuple[Dependency, ...]:
    """The job's dependencies on the ``awaited`` jobs, each once, with the reason for people.

    If either job has scripts that run as tasks of their own, all of the upstream job is waited for: it is unknown what
    frame dependency makes of such tasks (submission, section 4.3).
    """
    by_key: dict[str, list[Feed]] = {}
    for feed in feeds:
        by_key.setdefault(feed.connection.source, []).append(feed)
    fitting = {other.key for other in awaited if other.key in by_key and all(f.by_frame for f in by_key[other.key])}
    scripted = {other.key for other in awaited if job.has_job_script or other.has_job_script}
    by_frame = fitting - scripted
    framed = [other.key for other in awaited if other.key in by_frame]
    whole = [other.key for other in awaited if other.key not in by_frame]
    implied = {key: _begins_after(key, framed, precedence) for key in whole} if framed else {}
    needed = next((key for key, through in implied.items() if through is None), None)
    dependencies = []
    for key in (other.key for other in awaited):
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


def _is_by_frame(connection: Connection, chunking: Chunking, upstream: Job) -> bool:
    """Whether item i of the input is item i of a list that the upstream job gives chunk by chunk."""
    if connection.input_key is not None or connection.output_key is not None:
        return False
    if upstream.frame_mode == "none" or (upstream.frame_mode, upstream.frames) != (chunking.mode, chunking.frames):
        return False
    rule = upstream.record["batch"]["merge"].get(connection.output)
    return rule in (None, "concat")


def _begins_after(key: str, others: Sequence[str], precedence: Precedence) -> str | None:
    """One of the other jobs that begins only when ``key`` is complete, if there is one."""
    return next((other for other in others if precedence.is_complete_before(key, later=other)), None)


def _purpose(feeds: Sequence[Feed]) -> str:
    if not feeds:
        return "order only: the node between them is omitted or skipped"
    inputs = [(feed.connection.input, feed.connection.input_key) for feed in feeds]
    return f"feeds {listing([name if key is None else f'{name}.{key}' for name, key in inputs])}"
