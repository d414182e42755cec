"""The plan: the jobs that a graph becomes on the farm, as frozen records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..core.bundle import CODE, BundleNode
from ..core.frames import FrameList, shown_frames
from ..core.notebook import Shown
from ..core.text import counted, one_line
from ..core.warnings import PlanWarning
from ..settings.parse import Entries

FrameMode = Literal["frames", "items", "none"]
DependencyKind = Literal["job", "frame", "implied"]
LONGEST_LABEL = 120
"""Characters of a label in messages."""


@dataclass(frozen=True)
class Dependency:
    """A job that another one waits for."""

    upstream: str
    """The key of the job that is waited for."""
    kind: DependencyKind
    """``job``: for all of its tasks; ``frame``: each task for those that cover its frames; ``implied``: nothing to wait
    for, as it is complete before another upstream job begins."""
    reason: str
    """Why, for people: which inputs it feeds."""


@dataclass(frozen=True)
class Job(BundleNode):
    """One node's work on the farm."""

    interpreter: str
    frame_mode: FrameMode
    """What a task's frames are: the frames themselves, item numbers from 0, or nothing to the node."""
    frames: FrameList
    """The job's frame list; ``0`` for a job that is not batched."""
    chunk_size: int
    dependencies: tuple[Dependency, ...]
    job_info: Entries
    """Further job info keys, from the node's settings."""
    extra_info: Entries
    """Names and texts for scripts to find, from the node's settings."""
    record: Mapping[str, Any]
    """The node record, ready for JSON."""
    notes: tuple[str, ...]
    """How it was cut and why, for people."""
    item_frames: FrameList | None = None
    """The frames that its item numbers stand for, if they do."""
    environment_kinds: Entries = ()
    """Names or patterns of variables, and what they hold: ``path``, ``paths`` or ``text``."""

    @property
    def source(self) -> Mapping[str, str | None]:
        """Where its code is defined: ``module``, ``qualname``, and the ``file``, None for what is installed."""
        found: Mapping[str, str | None] = self.record["function"] or self.record["class"]
        return found

    @property
    def short_label(self) -> str:
        """The label for messages."""
        return one_line(self.label, longest=LONGEST_LABEL)

    @property
    def is_frame_dependent(self) -> bool:
        """Whether its tasks wait for frames of upstream jobs, and not for whole jobs."""
        return any(dependency.kind == "frame" for dependency in self.dependencies)

    @property
    def has_job_script(self) -> bool:
        """Whether Deadline adds tasks for scripts, which run before or after all others."""
        return any(key in ("PreJobScript", "PostJobScript") and text for key, text in self.job_info)

    @property
    def awaited_keys(self) -> tuple[str, ...]:
        """The jobs that Deadline has to wait for."""
        return tuple(dependency.upstream for dependency in self.dependencies if dependency.kind != "implied")

    @property
    def task_count(self) -> int:
        """How many tasks Deadline makes of its frames."""
        return self.frames.chunk_count(self.chunk_size)


@dataclass(frozen=True)
class OmittedNode(BundleNode):
    """A node that is switched off: it has no job, and its outputs keep their planned values."""

    record: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Plan(Shown):
    """A whole graph, upstream jobs first."""

    name: str
    jobs: tuple[Job, ...]
    omitted: tuple[OmittedNode, ...] = ()
    warnings: tuple[PlanWarning, ...] = ()
    """What is odd about it."""
    code: Mapping[str, bytes] = field(default_factory=dict)
    """The code that travels with it: files by their path in the bundle."""

    def __repr__(self) -> str:
        tasks = sum(job.task_count for job in self.jobs)
        return f"<Plan of {self.name!r}: {counted(len(self.jobs), 'job')}, {counted(tasks, 'task')}>"

    @property
    def last_jobs(self) -> tuple[Job, ...]:
        """The jobs that no other job waits for."""
        awaited = {dependency.upstream for job in self.jobs for dependency in job.dependencies}
        return tuple(job for job in self.jobs if job.key not in awaited)

    @property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """What the jobs come from, for people, each with the keys of its jobs: files, packages, what was typed."""
        found: dict[str, tuple[str, ...]] = {}
        for job in self.jobs:
            module, file = str(job.source["module"]), job.source["file"]
            place = f"From {file}" if file else f"From the package {module.partition('.')[0]}"
            place = "Typed in this session" if file == f"{CODE}/{module}.py" else place
            found[place] = (*found.get(place, ()), job.key)
        return found

    def with_records(self, change: Callable[[Any], Any], *, code: Mapping[str, bytes]) -> Plan:
        """The same with ``change(record)`` in place of each node record, and further ``code``."""
        jobs = tuple(replace(job, record=change(job.record)) for job in self.jobs)
        omitted = tuple(replace(node, record=change(node.record)) for node in self.omitted)
        return replace(self, jobs=jobs, omitted=omitted, code={**self.code, **code})

    def to_json(self) -> dict[str, Any]:
        """The plan for other programs, without the values of the nodes."""
        return {
            "name": self.name,
            "jobs": [_job_json(job) for job in self.jobs],
            "omitted": omitted_json(self),
            "warnings": [warning.to_json() for warning in self.warnings],
        }


def frames_text(job: Job) -> str | None:
    """The frames for people: None for a job that is not batched."""
    return None if job.frame_mode == "none" else str(job.frames)


def shown_text(job: Job) -> str | None:
    """The same with the frames that item numbers stand for."""
    return None if job.frame_mode == "none" else shown_frames(job.frames, job.item_frames)


def omitted_json(plan: Plan) -> list[dict[str, str]]:
    """The omitted nodes, without their values."""
    return [{"key": node.key, "node": node.node, "graph": node.graph} for node in plan.omitted]


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "key": job.key,
        "node": job.node,
        "graph": job.graph,
        "interpreter": job.interpreter,
        "frame_mode": job.frame_mode,
        "frames": frames_text(job),
        "item_frames": None if job.item_frames is None else str(job.item_frames),
        "chunk_size": job.chunk_size,
        "tasks": job.task_count,
        "depends_on": [{"key": item.upstream, "kind": item.kind, "reason": item.reason} for item in job.dependencies],
        "notes": list(job.notes),
        "source": dict(job.source),
    }
