"""Which jobs a job waits for, and how: frame by frame where that is safe, else for all of their tasks.

Deadline has one switch per job for frame dependency (``IsFrameDependent``; deadline-submission.md, section 4.3). So it
is set where every upstream job can be waited for frame by frame, or is complete anyway before one of those begins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flowpipe import INode

from .chunking import Chunking
from .node_records import Feed
from .plan import Dependency, DependencyKind, Job
from .walk import Connection, connections


def plan_feeds(
    node: INode, chunking: Chunking, *, over: Collection[str], planned: Mapping[int, Job]
) -> tuple[Feed, ...]:
    """The connections from nodes that will run; ``planned`` holds these by ``id``, ``over`` are the cut inputs."""
    feeds = [item for item in connections(node) if id(item.source) in planned]
    return tuple(
        Feed(
            connection=item,
            upstream=planned[id(item.source)].key,
            by_frame=item.input in over and _is_by_frame(item, chunking, planned[id(item.source)]),
        )
        for item in feeds
    )


def plan_dependencies(
    feeds: Sequence[Feed], *, awaited: Sequence[Job], planned: Mapping[int, Job]
) -> tuple[Dependency, ...]:
    """The dependencies on the ``awaited`` jobs, each once, with the reason for people."""
    by_key: dict[str, list[Feed]] = {}
    for feed in feeds:
        by_key.setdefault(feed.upstream, []).append(feed)
    by_frame = [job.key for job in awaited if job.key in by_key and all(feed.by_frame for feed in by_key[job.key])]
    whole = [job.key for job in awaited if job.key not in by_frame]
    implied: dict[str, str | None] = {}
    if by_frame and whole:
        jobs = {job.key: job for job in planned.values()}
        implied = {key: _completed_before(key, [jobs[other] for other in by_frame], jobs) for key in whole}
    needed = next((key for key, through in implied.items() if through is None), None)
    dependencies = []
    for job in awaited:
        kind, reason = _kind_and_reason(by_frame=job.key in by_frame, needed=needed, implied=implied.get(job.key))
        text = _reason(by_key.get(job.key, ()))
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


def _completed_before(key: str, by_frame: Sequence[Job], jobs: Mapping[str, Job]) -> str | None:
    """One of the jobs, no task of which starts before all tasks of ``key`` are complete; None if there is none."""
    return next((job.key for job in by_frame if _waits_for_all_of(job, key, jobs)), None)


def _waits_for_all_of(job: Job, key: str, jobs: Mapping[str, Job]) -> bool:
    """Whether no task of the job starts before all tasks of ``key`` are complete."""
    queue = [(dependency, False) for dependency in job.dependencies]
    seen = set()
    while queue:
        dependency, is_after_whole = queue.pop()
        is_whole = is_after_whole or dependency.kind != "frame"
        if is_whole and dependency.upstream == key:
            return True
        if (dependency.upstream, is_whole) not in seen:
            seen.add((dependency.upstream, is_whole))
            queue += [(further, is_whole) for further in jobs[dependency.upstream].dependencies]
    return False


def _reason(feeds: Sequence[Feed]) -> str:
    if not feeds:
        return "order only: the node between them is omitted or skipped"
    targets = [_target(feed.connection) for feed in feeds]
    return f"feeds {', '.join(targets[:3])}" + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")


def _target(connection: Connection) -> str:
    return connection.input if connection.input_key is None else f"{connection.input}.{connection.input_key}"
