"""Reads what is to be drawn: from a plan, or from a bundle by its results, a run here, or Deadline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from ..core.bundle import AnyPath, Bundle, BundleJob, BundleNode, job_labels, node_labels, read_bundle
from ..core.frames import FrameList
from ..core.text import counted, listing
from ..deadline.client import COMPLETED, FAILED, PENDING, SUSPENDED, DeadlineClient, SubmissionError
from ..offline.repository import TaskStatus, read_tasks
from ..planning.plan import Plan
from ..results.evaluation import Evaluation
from ..results.history import read_history
from ..status.jobs import DELETED
from ..status.notices import NOT_SUBMITTED
from ..status.run_lock import is_being_run
from ..status.status import SubmissionReader, SubmittedJob
from ..studio.connect import studio_client
from ..submit.redo_record import read_redo
from .picture import Picture, PictureEdge, PictureNode, State, duration

_MOST_REASONS = 5
_MOST_NAMES = 10


_OF_DEADLINE = {
    "Active": State.RENDERING,
    "Rendering": State.RENDERING,
    "Queued": State.QUEUED,
    PENDING: State.WAITING,
    SUSPENDED: State.SUSPENDED,
    COMPLETED: State.COMPLETE,
    FAILED: State.FAILED,
    DELETED: State.DELETED,
}
_NOT_BEGUN = (State.PLANNED, State.PARTLY, State.WAITING)
_OPEN = (*_NOT_BEGUN, State.QUEUED, State.RENDERING)


def picture_of(drawn: Plan | AnyPath, open_client: Callable[[], DeadlineClient] | None = studio_client) -> Picture:
    """The picture of a plan, or of a bundle as it is now; without ``open_client``, Deadline is never asked.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        StoreError: The results cannot be read.
    """
    return _planned(drawn) if isinstance(drawn, Plan) else PictureReader(drawn, open_client).read()


def _planned(plan: Plan) -> Picture:
    labels = job_labels((*plan.jobs, *plan.omitted), main=plan.name)
    nodes = tuple(
        PictureNode(
            key=job.key,
            label=labels[job.key],
            state=State.PLANNED,
            frames=None if job.frame_mode == "none" else str(job.item_frames or job.frames),
            total=job.task_count,
            facts=(*_facts(job, job.interpreter), *(("Note", note) for note in job.notes)),
        )
        for job in plan.jobs
    )
    edges = tuple(
        PictureEdge(one.upstream, job.key, "frame" if one.kind == "frame" else "job", one.reason)
        for job in plan.jobs
        for one in job.dependencies
        if one.kind != "implied"
    )
    return Picture(plan.name, plan.name, nodes, edges, _omitted([labels[node.key] for node in plan.omitted]))


class PictureReader:
    """Reads the picture of one bundle, any number of times."""

    def __init__(self, bundle: AnyPath, open_client: Callable[[], DeadlineClient] | None = studio_client) -> None:
        """``open_client`` is called once there is something to ask; without it, Deadline is never asked.

        Raises:
            RecordError: The folder is not a bundle, or is damaged.
        """
        self._bundle = read_bundle(bundle)
        self._open_client = None if open_client is None else cache(open_client)
        self._labels = job_labels(self._bundle.nodes, main=self._bundle.graph)
        self._histories = node_labels(self._bundle)

    def read(self) -> Picture:
        """The picture now. If Deadline cannot be asked, it shows what the results tell, and says so.

        Raises:
            RecordError: A record of the bundle is damaged.
            StoreError: The results cannot be read.
        """
        bundle, notices, is_out_of_reach = self._bundle, [], False
        redo, run = read_redo(bundle.folder), _OfflineRun(bundle)
        try:
            reader = SubmissionReader(bundle, self._open_client)
            reader.read()
        except SubmissionError as error:
            is_out_of_reach = True
            notices.append(f"Deadline cannot be asked, so this is what the results tell: {error}")
            reader = SubmissionReader(bundle, None)
        status = reader.status(with_progress=True, with_stale=True)
        is_submitted = status.state != NOT_SUBMITTED
        if is_submitted and self._open_client is None:
            notices.append("Deadline was not asked: this is what the results tell.")
        history = read_history(bundle)
        nodes: list[PictureNode] = []
        blocking = set[str]()
        for job, planned in zip(status.jobs, bundle.jobs):
            node = self._node(job, planned, job.status if is_submitted else run.status(job.key) or job.status)
            if node.state in (State.COMPLETE, State.STALE) and not reader.counts.has_all(job.key):
                node = replace(node, state=State.MISSING)
            if node.state in _NOT_BEGUN and blocking.intersection(job.depends_on):
                node = replace(node, state=State.BLOCKED)
            if node.state in (State.FAILED, State.DELETED, State.BLOCKED):
                blocking.add(job.key)
            done = min(node.done + run.progress[job.key], node.total)
            nodes.append(_with_times(replace(node, done=done), planned, history[self._histories[job.key]]))
        if reader.jobs is None:
            is_over = not is_out_of_reach and not run.is_running and not any(one.state in _OPEN for one in nodes)
        else:
            is_over = status.is_over
        return Picture(
            title=bundle.graph,
            name=bundle.name,
            nodes=tuple(nodes),
            edges=tuple(self._edges()),
            notices=(
                *notices,
                *(status.notices if is_submitted else ()),
                *status.changes,
                *_omitted([self._labels[node.key] for node in bundle.omitted]),
            ),
            is_over=is_over and not (redo is not None and redo.is_at_work),
        )

    def _edges(self) -> Iterator[PictureEdge]:
        above = set[str]()
        for job in self._bundle.jobs:
            for key in dict.fromkeys(key for key in job.depends_on if key in above):
                yield PictureEdge(
                    key, job.key, *(("frame", "frame by frame") if job.is_frame_dependent else ("job", ""))
                )
            above.add(job.key)

    def _node(self, job: SubmittedJob, planned: BundleJob, found: str | None) -> PictureNode:
        """``found`` is the job's state in Deadline's words; None where nobody is at work on it."""
        if found is not None:
            state = _OF_DEADLINE.get(found, State.UNKNOWN)
        elif job.failures:
            state = State.FAILED
        elif job.done == job.total:
            state = State.COMPLETE
        else:
            state = State.PARTLY if job.done else State.PLANNED
        if state is State.COMPLETE and job.stale is not None:
            state = State.STALE
        stale = _chunks_in(planned, job.stale)
        reasons = [(planned.shown_frames(failure.frames), failure.reason) for failure in job.failures]
        facts = [*_facts(planned, planned.interpreter), ("Done", f"{job.done} of {counted(job.total, 'chunk')}")]
        if job.job_id:
            facts.append(("Job", job.job_id))
        if len(job.states) > 1:
            facts.append(("Tasks", ", ".join(f"{count} {name.lower()}" for name, count in job.states.items())))
        if job.waits_for and state in (State.WAITING, State.PLANNED):
            facts.append(("Waits for", listing([self._labels[key] for key in job.waits_for], most=_MOST_NAMES)))
        if job.stale is not None:
            facts.append(("Stale", planned.shown_frames(job.stale) or "all of it"))
        facts += [(f"Failed {frames}".rstrip(), reason) for frames, reason in reasons[:_MOST_REASONS]]
        return PictureNode(
            key=job.key,
            label=self._labels[job.key],
            state=state,
            frames=planned.item_frames or planned.frames,
            total=job.total,
            done=job.progress * job.total / 100,
            failed=len(reasons),
            stale=stale,
            reason=reasons[0][1] if reasons else "",
            facts=tuple(facts),
        )


class _OfflineRun:
    """What a run of the bundle on this machine tells, as long as it goes on."""

    def __init__(self, bundle: Bundle) -> None:
        self.is_running = is_being_run(bundle.folder)
        self.progress: dict[str, float] = defaultdict(float)
        """How many tasks those that render amount to, by node."""
        self._states: dict[str, set[TaskStatus]] = defaultdict(set)
        for task in read_tasks(bundle) if self.is_running else ():
            self._states[task.key].add(task.status)
            self.progress[task.key] += task.progress / 100 if task.status is TaskStatus.RENDERING else 0

    def status(self, key: str) -> str | None:
        """The state of the node's job in Deadline's words; None if nobody is at work on it."""
        order = (TaskStatus.RENDERING, TaskStatus.QUEUED, TaskStatus.PENDING, TaskStatus.FAILED, TaskStatus.COMPLETED)
        return next((state.value for state in order if state in self._states[key]), None)


def _chunks_in(job: BundleJob, stale: str | None) -> int:
    """How many of the planned chunks have one of these frames, ``all`` for a node that is not batched."""
    if stale is None or job.frames is None:
        return int(stale is not None)
    frames = set(FrameList.parse(stale))
    return sum(not frames.isdisjoint(chunk or ()) for chunk in job.chunks)


def _with_times(node: PictureNode, job: BundleJob, evaluations: Sequence[Evaluation]) -> PictureNode:
    """The node with how long the results took that are there, which took longest, and how often it was tried."""
    took = {one.frames: one.seconds for one in evaluations if not one.has_failed and one.seconds is not None}
    facts = [("Attempts", str(len(evaluations)))] if len(evaluations) > node.total else []
    longest = max(took, key=lambda frames: took[frames], default=None)
    if len(took) > 1 and took[longest] >= 1:
        facts.append(("Longest", f"{duration(took[longest])}, {job.shown_frames(longest)}"))
    return replace(node, seconds=sum(took.values()) if took else None, facts=(*node.facts, *facts))


def _facts(node: BundleNode, interpreter: str) -> tuple[tuple[str, str], ...]:
    return (("Node", node.label), ("Key", node.key), ("Interpreter", interpreter))


def _omitted(labels: list[str]) -> tuple[str, ...]:
    return (f"Omitted: {', '.join(labels)}.",) if labels else ()
