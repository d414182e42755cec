"""What both ``status`` and ``wait`` print of a submission."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ...core.bundle import BundleJob
from ...core.text import counted
from ...deadline.client import TaskDetails
from ...results.failures import Failure
from ...status.notices import NOT_SUBMITTED
from ...status.status import SubmissionStatus, SubmittedJob

_ORDER = (
    *("completed", "rendering", "active", "queued", "pending", "suspended", "failed", "deleted", "unknown"),
    *("begun", "not run"),
)
_NO_JOB = "without a job"
MOST_FAILURES = 10  # Of a job: a thousand frames that lack one file have the same error.


def summary(submitted: SubmissionStatus) -> str:
    """One line: how many jobs are in which state, and how many tasks are done."""
    counts = Counter(_state(job, submitted).lower() for job in submitted.jobs)
    states = sorted(counts, key=lambda state: _ORDER.index(state) if state in _ORDER else len(_ORDER))
    jobs = ", ".join(f"{counts[state]} {state}" for state in states)
    done, total = sum(job.done for job in submitted.jobs), sum(job.total for job in submitted.jobs)
    return f"{counted(len(submitted.jobs), 'job')}: {jobs}; {done} of {counted(total, 'task')} done"


def _state(job: SubmittedJob, submitted: SubmissionStatus) -> str:
    if job.status is not None or submitted.state != NOT_SUBMITTED:
        return job.status or _NO_JOB
    return "begun" if job.done else "not run"


def stale_lines(submitted: SubmissionStatus, labels: Mapping[str, str]) -> Iterator[str]:
    """A line for each job with results that were made from others than are there now, and what to do."""
    stale = [job for job in submitted.jobs if job.stale is not None]
    for job in stale:
        frames = job.planned.shown_frames(None if job.stale == "all" else job.stale)
        yield f"{labels[job.key]} {frames}".rstrip() + ": made from results or inputs that have been replaced since"
    if stale:
        # A part of it may be on its way.
        when = "To make that anew" if submitted.is_over else "To make anew what is still so once the jobs have ended"
        yield f"{when}:  flowpipe-deadline redo {submitted.bundle.folder} --stale"


def failure_lines(job: SubmittedJob, label: str) -> Iterator[str]:
    """The errors of the job's tasks, a line each."""
    for failure in job.failures[:MOST_FAILURES]:
        yield failure_line(failure, label, job)
    if len(job.failures) > MOST_FAILURES:
        yield f"{label}: {len(job.failures) - MOST_FAILURES} more"


def failure_line(failure: Failure, label: str, job: SubmittedJob) -> str:
    """The error of a task, with its frames if it has any."""
    return f"{label} {job.planned.shown_frames(failure.frames)}".rstrip() + f": {failure.reason}"


def submitted_json(submitted: SubmissionStatus) -> dict[str, Any]:
    """The whole status, for JSON."""
    return {
        "bundle": str(submitted.bundle.folder),
        "submission": submitted.bundle.name,
        "state": submitted.state,
        "notices": [*submitted.notices, *submitted.changes],
        "complete": submitted.is_complete,
        "over": submitted.is_over,
        "progress": round(submitted.progress, 1),
        "stuck": list(submitted.stuck),
        "jobs": [_job_json(job) for job in submitted.jobs],
    }


def _job_json(job: SubmittedJob) -> dict[str, Any]:
    return {
        "key": job.key,
        "node": job.node,
        "graph": job.graph,
        "id": job.job_id,
        "status": job.status,
        "done": job.done,
        "total": job.total,
        "counted_by": "Deadline" if job.is_reported else "results",
        "states": dict(job.states),
        "progress": round(job.progress, 1),
        "errors": job.errors,
        "depends_on": list(job.depends_on),
        "waits_for": list(job.waits_for),
        "stale": job.stale,
        "failures": [
            {
                "frames": failure.frames,
                "real_frames": job.planned.real_frames(failure.frames),
                "error": failure.reason,
            }
            for failure in job.failures
        ],
        "tasks": None if job.tasks is None else [_task_json(task, job.planned) for task in job.tasks],
    }


def _task_json(task: TaskDetails, job: BundleJob) -> dict[str, Any]:
    return {
        "id": task.task_id,
        "frames": task.frames if job.is_batched else None,
        "real_frames": job.real_frames(task.frames) if job.is_batched else None,
        "status": task.status,
        "progress": task.progress,
        "worker": task.worker or None,
        "errors": task.errors,
    }
