"""What is drawn of a graph: its nodes with their states, from a plan or from a bundle, and what feeds what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, Literal, Optional, Union

from ..core.bundle import AnyPath, Bundle, BundleJob, BundleNode, read_bundle
from ..core.files import RecordError
from ..core.text import counted, listing, one_line
from ..deadline.client import COMPLETED, FAILED, PENDING, SUSPENDED, DeadlineClient, SubmissionError
from ..offline.look import read_run
from ..offline.states import TaskStatus
from ..planning.plan import Plan, frames_text
from ..results.failures import Failure
from ..results.stale import BundleResults
from ..results.store import open_store
from ..status.jobs import DELETED
from ..status.notices import NOT_SUBMITTED
from ..status.status import SubmissionReader, SubmittedJob
from ..studio.connect import studio_client

_LONGEST_REASON = 300
_MOST_REASONS = 5
_MOST_NAMES = 10
_REDO = "redo.json"
"""The record of a redo under way."""
_REDONE = "A part of it is being made again."


class State(str, Enum):
    """The state of a node, in the word that stands on its box."""

    PLANNED = "planned"
    """Nothing of it has been done, and nobody is at work on it."""
    PARTLY = "partly done"
    """Some of its results are there, and nobody is at work on it."""
    WAITING = "waiting"
    """It waits for other nodes."""
    BLOCKED = "blocked"
    """It cannot begin by itself: something that it waits for has failed, or was deleted."""
    QUEUED = "queued"
    """It could start."""
    RENDERING = "rendering"
    SUSPENDED = "suspended"
    COMPLETE = "complete"
    STALE = "stale"
    """It is complete, but made from results that have been replaced."""
    MISSING = "no results"
    """Its job is complete, and results are missing."""
    FAILED = "failed"
    DELETED = "deleted"
    """Its job was deleted before all of its results were there."""
    UNKNOWN = "unknown"
    """Deadline tells no state."""


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


@dataclass(frozen=True)
class PictureNode:
    """A box."""

    key: str
    label: str
    """Its real name, with its graph before it where that is another than the whole."""
    state: State
    frames: Optional[str]
    """None for a node that is not batched."""
    total: int
    """How many chunks it has."""
    done: float = 0.0
    """How many of them are complete; those that render count by their progress."""
    failed: int = 0
    stale: int = 0
    seconds: Optional[float] = None
    """How long its chunks took, all together; None if that is not known."""
    reason: str = ""
    """Why it failed, in a line."""
    facts: tuple[tuple[str, str], ...] = ()
    """What else there is to say about it: a heading and a text each."""


@dataclass(frozen=True)
class PictureEdge:
    """A line from a box to another."""

    upstream: str
    downstream: str
    kind: Literal["job", "frame"]
    """``frame``: chunks wait for those of the same frames; ``job``: the whole waits for the whole."""
    reason: str


@dataclass(frozen=True)
class Picture:
    """A graph at one moment."""

    title: str
    name: str
    """Tells it from pictures of anything else."""
    nodes: tuple[PictureNode, ...]
    """Upstream first."""
    edges: tuple[PictureEdge, ...]
    notices: tuple[str, ...] = ()
    """What is unusual, a sentence each."""
    is_over: bool = True
    """Whether nothing of it can change by itself."""

    def counts(self) -> Mapping[State, int]:
        """How many nodes are in each state, in the order of ``State``."""
        found = Counter(node.state for node in self.nodes)
        return {state: found[state] for state in State if found[state]}

    def to_json(self) -> dict[str, Any]:
        """The picture for other programs."""
        return {
            "name": self.name,
            "over": self.is_over,
            "notices": list(self.notices),
            "nodes": [{**vars(node), "state": node.state.value, "facts": dict(node.facts)} for node in self.nodes],
            "edges": [vars(edge) for edge in self.edges],
        }


def picture_of(
    drawn: Union[Plan, AnyPath], open_client: Optional[Callable[[], DeadlineClient]] = studio_client
) -> Picture:
    """The picture of a plan, or of a bundle as it is now; without ``open_client``, Deadline is never asked.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        StoreError: The results cannot be read.
    """
    return _planned(drawn) if isinstance(drawn, Plan) else PictureReader(drawn, open_client).read()


def _planned(plan: Plan) -> Picture:
    labels = _labels(plan.name, (*plan.jobs, *plan.omitted))
    nodes = tuple(
        PictureNode(
            key=job.key,
            label=labels[job.key],
            state=State.PLANNED,
            frames=frames_text(job),
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

    def __init__(self, bundle: AnyPath, open_client: Optional[Callable[[], DeadlineClient]] = studio_client) -> None:
        """``open_client`` is called once there is something to ask; without it, Deadline is never asked.

        Raises:
            RecordError: The folder is not a bundle, or is damaged.
        """
        self._bundle = read_bundle(bundle)
        self._open_client = None if open_client is None else cache(open_client)
        self._labels = _labels(self._bundle.graph, self._bundle.nodes)

    def read(self) -> Picture:
        """The picture now. If Deadline cannot be asked, it shows what the results tell, and says so.

        Raises:
            RecordError: A record of the bundle is damaged.
            StoreError: The results cannot be read.
        """
        bundle = self._bundle
        notices = [_REDONE] if (is_redone := (bundle.folder / _REDO).exists()) else []
        try:
            reader = SubmissionReader(bundle, self._open_client)
            reader.read()
        except SubmissionError as error:
            notices.append(f"Deadline cannot be asked, so this is what the results tell: {error}")
            reader = SubmissionReader(bundle, None)
        status = reader.status(with_progress=True)
        is_submitted = status.state != NOT_SUBMITTED
        if is_submitted and self._open_client is None:
            notices.append("Deadline was not asked: this is what the results tell.")
        run = _OfflineRun(bundle)
        results = BundleResults(bundle.folder, open_store(bundle.folder))
        nodes: list[PictureNode] = []
        blocking = set[str]()
        for job, planned in zip(status.jobs, bundle.jobs):
            found = job.status if is_submitted else run.status(job)
            node = self._node(job, planned, found, _stale_chunks(results, planned))
            if node.state in (State.COMPLETE, State.STALE) and not reader.counts.has_all(job.key):
                node = replace(node, state=State.MISSING)
            if node.state in (State.WAITING, State.PLANNED) and blocking.intersection(job.depends_on):
                node = replace(node, state=State.BLOCKED)
            if node.state in (State.FAILED, State.DELETED, State.BLOCKED):
                blocking.add(job.key)
            done = min(node.done + run.progress[job.key], node.total)
            nodes.append(replace(node, done=done, seconds=run.seconds.get(job.key)))
        edges = (
            PictureEdge(key, job.key, *(("frame", "frame by frame") if job.is_frame_dependent else ("job", "")))
            for job in bundle.jobs
            for key in dict.fromkeys(job.depends_on)
        )
        is_waited_for = (
            not status.is_over if is_submitted else run.is_running or any(one.state in _OPEN for one in nodes)
        )
        return Picture(
            title=bundle.graph,
            name=bundle.name,
            nodes=tuple(nodes),
            edges=tuple(edges),
            notices=(
                *notices,
                *(status.notices if is_submitted else ()),
                *_omitted([self._labels[node.key] for node in bundle.omitted]),
            ),
            is_over=not is_waited_for and not is_redone,
        )

    def _node(self, job: SubmittedJob, planned: BundleJob, found: Optional[str], stale: list[str]) -> PictureNode:
        """``found`` is the job's state in Deadline's words; None where nobody is at work on it."""
        if found is not None:
            state = _OF_DEADLINE.get(found, State.UNKNOWN)
        elif job.failures:
            state = State.FAILED
        elif job.done == job.total:
            state = State.COMPLETE
        else:
            state = State.PARTLY if job.done else State.PLANNED
        if state is State.COMPLETE and stale:
            state = State.STALE
        reasons = [(failure.frames, reason_of(failure)) for failure in job.failures]
        facts = [*_facts(planned, planned.interpreter), ("Done", f"{job.done} of {counted(job.total, 'chunk')}")]
        if job.job_id:
            facts.append(("Job", f"{job.job_id}, {job.status.lower() if job.status else 'not asked'}"))
        if len(job.states) > 1:
            facts.append(("Tasks", ", ".join(f"{count} {name.lower()}" for name, count in job.states.items())))
        if job.waits_for and state in (State.WAITING, State.PLANNED):
            facts.append(("Waits for", listing([self._labels[key] for key in job.waits_for], most=_MOST_NAMES)))
        if stale:
            facts.append(("Stale", listing(stale, most=_MOST_NAMES)))
        facts += [(f"Failed {frames or ''}".rstrip(), reason) for frames, reason in reasons[:_MOST_REASONS]]
        return PictureNode(
            key=job.key,
            label=self._labels[job.key],
            state=state,
            frames=planned.frames,
            total=job.total,
            done=job.progress * job.total / 100,
            failed=len(reasons),
            stale=len(stale),
            reason=reasons[0][1] if reasons else "",
            facts=tuple(facts),
        )


class _OfflineRun:
    """What a run of the bundle on this machine tells: while it goes on, states and progress, and always the times."""

    def __init__(self, bundle: Bundle) -> None:
        tasks, self.is_running = read_run(bundle)
        self.seconds: dict[str, float] = defaultdict(float)
        """How long the tasks of each node took, all together."""
        self.progress: dict[str, float] = defaultdict(float)
        """How many tasks those that render amount to, by node."""
        self._states: dict[str, set[TaskStatus]] = {}
        for task in tasks:
            if task.seconds is not None:
                self.seconds[task.key] += task.seconds
            if self.is_running:
                self._states.setdefault(task.key, set()).add(task.status)
                self.progress[task.key] += task.progress / 100 if task.status is TaskStatus.RENDERING else 0

    def status(self, job: SubmittedJob) -> Optional[str]:
        """The state of the node's job in Deadline's words; None if nobody is at work on it."""
        states = self._states.get(job.key, set())
        order = (TaskStatus.RENDERING, TaskStatus.QUEUED, TaskStatus.PENDING, TaskStatus.FAILED, TaskStatus.COMPLETED)
        return next((state.value for state in order if state in states), None)


_OPEN = (State.PLANNED, State.PARTLY, State.WAITING, State.QUEUED, State.RENDERING)


def reason_of(failure: Failure) -> str:
    """Why a task failed, in a line."""
    last = next((line.strip() for line in reversed(failure.report.splitlines()) if line.strip()), "")
    return one_line(last, longest=_LONGEST_REASON)


def _stale_chunks(results: BundleResults, job: BundleJob) -> list[str]:
    """The frame lists of the planned chunks that are stale; ``all`` for that of a node that is not batched."""
    try:
        stale = results.stale(job.key)
    except RecordError:  # The results say so themselves.
        return []
    return [str(chunk or "all") for chunk in job.chunks if stale and not stale.isdisjoint(chunk or (None,))]


def _facts(node: BundleNode, interpreter: str) -> tuple[tuple[str, str], ...]:
    return (("Node", node.label), ("Key", node.key), ("Interpreter", interpreter))


def _labels(main: str, nodes: tuple[BundleNode, ...]) -> dict[str, str]:
    """The names of the nodes for people, by key; distinct."""
    names = {node.key: node.node if node.graph == main else node.label for node in nodes}
    counts = Counter(names.values())
    return {key: name if counts[name] == 1 else f"{name} ({key})" for key, name in names.items()}


def _omitted(labels: list[str]) -> tuple[str, ...]:
    return (f"Omitted: {', '.join(labels)}.",) if labels else ()
