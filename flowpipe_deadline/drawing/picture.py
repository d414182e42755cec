"""What is drawn of a graph: its nodes with their states, from a plan or from a bundle, and what feeds what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, Optional, Union

from ..core.bundle import AnyPath, Bundle, BundleJob, BundleNode, node_labels, read_bundle
from ..core.files import RecordError
from ..core.text import one_line
from ..deadline.client import COMPLETED, FAILED, PENDING, SUSPENDED, DeadlineClient, SubmissionError
from ..offline.look import read_run
from ..offline.states import TaskStatus
from ..planning.plan import Plan, frames_text
from ..results.failures import Failure
from ..results.stale import BundleResults
from ..results.store import StoreError, open_store
from ..status.jobs import DELETED
from ..status.status import SubmissionReader, SubmittedJob
from ..studio.connect import studio_client

_LONGEST_REASON = 300
_REDO = "redo.json"
"""The record of a redo under way."""


class State(str, Enum):
    """The state of a node, in the word that stands on its box."""

    PLANNED = "planned"
    """Nothing of it has been done, and nobody is at work on it."""
    PARTLY = "partly done"
    """Some of its results are there, and nobody is at work on it."""
    WAITING = "waiting"
    """It waits for other nodes."""
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

    def __init__(
        self, bundle: AnyPath, open_client: Optional[Callable[[], DeadlineClient]] = studio_client
    ) -> None:
        """``open_client`` is called once there is something to ask; without it, Deadline is never asked.

        Raises:
            RecordError: The folder is not a bundle, or is damaged.
        """
        self._bundle = read_bundle(bundle)
        self._open_client = None if open_client is None else lru_cache(maxsize=None)(open_client)
        self._labels = _labels(self._bundle.graph, self._bundle.nodes)

    def read(self) -> Picture:
        """The picture now. If Deadline cannot be asked, it shows what the results tell, and says so.

        Raises:
            RecordError: A record of the bundle is damaged.
            StoreError: The results cannot be read.
        """
        bundle, notices = self._bundle, []
        try:
            reader = SubmissionReader(bundle, self._open_client)
            reader.read()
        except SubmissionError as error:
            notices.append(f"Deadline cannot be asked: {error}. This is what the results tell.")
            reader = SubmissionReader(bundle, None)
        status = reader.status(with_progress=True)
        run, is_running = read_run(bundle)
        results = BundleResults(bundle.folder, open_store(bundle.folder))
        running = {key: state.value for key, state in run.jobs.items()} if run is not None and is_running else {}
        tasks = [task for task in run.tasks if task.key in running] if run is not None else []
        rendering = Counter(task.key for task in tasks if task.status is TaskStatus.RENDERING)
        progress = Counter[str]()
        for task in tasks:
            progress[task.key] += task.progress / 100 if task.status is TaskStatus.RENDERING else 0
        seconds = _seconds(bundle)
        nodes = []
        for job, planned in zip(status.jobs, bundle.jobs):
            found = job.status or running.get(job.key)
            found = "Queued" if found == "Active" and not job.status and not rendering[job.key] else found
            node = self._node(job, planned, found, _stale_chunks(results, planned))
            if node.state is State.COMPLETE and not reader.counts.has_all(job.key):
                node = replace(node, state=State.MISSING)
            nodes.append(replace(node, done=min(node.done + progress[job.key], job.total), seconds=seconds.get(job.key)))
        is_redone = (bundle.folder / _REDO).exists()
        if is_redone:
            notices.append("A part of it is being made again.")
        if status.state != "not submitted":
            notices += status.notices
        is_waited_for = is_running or is_redone or any(node.state in _OPEN for node in nodes)
        return Picture(
            title=bundle.graph,
            name=bundle.name,
            nodes=tuple(nodes),
            edges=tuple(
                PictureEdge(key, job.key, "frame" if job.is_frame_dependent else "job", _FRAME_BY_FRAME[job.is_frame_dependent])
                for job in bundle.jobs
                for key in dict.fromkeys(job.depends_on)
            ),
            notices=(*notices, *_omitted([self._labels[node.key] for node in bundle.omitted])),
            is_over=status.is_over and not is_redone if status.state == "submitted" else not is_waited_for,
        )

    def _node(
        self, job: SubmittedJob, planned: BundleJob, found: Optional[str], stale: list[str]
    ) -> PictureNode:
        """``found`` is the job's state in Deadline's words; None where nobody is at work on it."""
        state = State.UNKNOWN if found is not None else State.PARTLY if job.done else State.PLANNED
        state = _OF_DEADLINE.get(found or "", state)
        if found is None and job.failures:
            state = State.FAILED
        elif found is None and job.done == job.total:
            state = State.COMPLETE
        if state is State.COMPLETE and stale:
            state = State.STALE
        facts = [*_facts(planned, planned.interpreter), ("Done", f"{job.done} of {job.total}")]
        if job.job_id:
            facts += [("Job", job.job_id), ("On Deadline", job.status or "not asked")]
        if job.states and len(job.states) > 1:
            facts.append(("Tasks", ", ".join(f"{count} {name.lower()}" for name, count in job.states.items())))
        if job.waits_for and state in (State.WAITING, State.QUEUED):
            facts.append(("Waits for", ", ".join(self._labels[key] for key in job.waits_for)))
        if stale:
            facts.append(("Stale", ", ".join(filter(None, stale)) or "all"))
        facts += [(f"Failed {failure.frames or ''}".rstrip(), reason_of(failure)) for failure in job.failures[:3]]
        return PictureNode(
            key=job.key,
            label=self._labels[job.key],
            state=state,
            frames=planned.frames,
            total=job.total,
            done=job.progress * job.total / 100,
            failed=len(job.failures),
            stale=len(stale),
            reason=reason_of(job.failures[0]) if job.failures else "",
            facts=tuple(facts),
        )


_OPEN = (State.PLANNED, State.PARTLY, State.WAITING, State.QUEUED, State.RENDERING)
_FRAME_BY_FRAME = {True: "frame by frame", False: ""}


def reason_of(failure: Failure) -> str:
    """Why a task failed, in a line."""
    last = next((line.strip() for line in reversed(failure.report.splitlines()) if line.strip()), "")
    return one_line(last, longest=_LONGEST_REASON)


def _stale_chunks(results: BundleResults, job: BundleJob) -> list[str]:
    """The frame lists of the planned chunks that are stale, empty for that of a node that is not batched."""
    try:
        stale = results.stale(job.key)
    except RecordError:  # The results say so themselves.
        return []
    if not stale:
        return []
    return [str(chunk or "") for chunk in job.chunks if not stale.isdisjoint(chunk or (None,))]


def _seconds(bundle: Bundle) -> Mapping[str, float]:
    """How long the chunks of each node took, all together."""
    run, _ = read_run(bundle)
    found: dict[str, float] = {}
    for task in run.tasks if run is not None else ():
        if task.seconds is not None:
            found[task.key] = found.get(task.key, 0.0) + task.seconds
    return found


def _facts(node: BundleNode, interpreter: str) -> tuple[tuple[str, str], ...]:
    return (("Node", node.label), ("Key", node.key), ("Interpreter", interpreter))


def _labels(main: str, nodes: tuple[BundleNode, ...]) -> dict[str, str]:
    """The names of the nodes for people, by key; distinct."""
    names = {node.key: node.node if node.graph == main else node.label for node in nodes}
    counts = Counter(names.values())
    return {key: name if counts[name] == 1 else f"{name} ({key})" for key, name in names.items()}


def _omitted(labels: list[str]) -> tuple[str, ...]:
    return (f"Omitted: {', '.join(labels)}.",) if labels else ()
