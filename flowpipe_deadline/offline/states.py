"""Jobs and tasks of the offline farm; the states have Deadline's names (submission, section 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Optional


class JobStatus(str, Enum):
    """The states of a job."""

    ACTIVE = "Active"
    """It has tasks to render, or is rendering some."""
    PENDING = "Pending"
    """It waits for other jobs."""
    SUSPENDED = "Suspended"
    """It waits to be resumed."""
    COMPLETED = "Completed"
    """All of its tasks are complete."""
    FAILED = "Failed"
    """A task failed for good, and no other is left to run."""


class TaskStatus(str, Enum):
    """The states of a task."""

    QUEUED = "Queued"
    """The next free worker takes it."""
    PENDING = "Pending"
    """Its job waits for other jobs."""
    SUSPENDED = "Suspended"
    """It waits to be resumed."""
    RENDERING = "Rendering"
    """A worker renders it."""
    COMPLETED = "Completed"
    """Done; its result is in the store."""
    FAILED = "Failed"
    """It failed as often as the failure limit allows."""


@dataclass(frozen=True)
class Task:
    """A task as it stands."""

    job_id: str
    key: str
    task_id: int
    frames: str
    status: TaskStatus
    errors: int
    progress: float
    """Percent, as the plugin reports it."""
    message: str
    """The last status of a rendering task, the last error of one that failed."""
    worker: Optional[str]
    seconds: Optional[float]
    """How long the last evaluation took; None before it ended."""


def upstream_ids(job_info: Mapping[str, str]) -> list[str]:
    """The IDs of the jobs that a job waits for, once each."""
    return list(dict.fromkeys(filter(None, map(str.strip, job_info.get("JobDependencies", "").split(",")))))


def is_true(text: str) -> bool:
    """A boolean of a job info file (submission, section 1.1)."""
    return text.strip().lower() in ("true", "1")
