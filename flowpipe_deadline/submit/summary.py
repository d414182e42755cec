"""What a bundle contains, and how far its submission is, in words for a dialog.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

from ..bundle.job_files import read_batch_name
from ..core.bundle import MANIFEST, AnyPath, BundleJob, job_labels, read_bundle
from ..core.files import DamagedRecordError
from ..core.frames import FrameListError
from ..core.text import counted
from .record import SUBMITTED, SubmissionRecord, read_submission


@dataclass(frozen=True)
class Summary:
    """What a dialog shows of a bundle."""

    name: str
    """The submission's."""
    batch: str
    """What its jobs are grouped as in the Monitor."""
    graph: str
    contents: str
    """The number of jobs and of tasks."""
    planned: str
    """When it was planned."""
    submission: str
    """How far the submission is."""
    is_submitted: bool
    """Whether only a copy of it can be submitted."""
    labels: tuple[str, ...]
    """What its jobs are called while they are submitted."""
    jobs: tuple[str, ...]
    """A line per job, upstream first: its node, its tasks, and its ID if it has one."""


def read_summary(bundle: AnyPath) -> Summary:
    """What a dialog shows of the bundle in that folder.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
    """
    opened = read_bundle(bundle)
    record = read_submission(opened.folder)
    ids: Mapping[str, str] = {} if record is None else record.jobs
    try:
        counts = [job.task_count for job in opened.jobs]
        lines = tuple(_line(job, count, ids.get(job.key)) for job, count in zip(opened.jobs, counts))
    except FrameListError as error:
        path = opened.folder / MANIFEST
        raise DamagedRecordError(path, error) from error
    return Summary(
        name=opened.name,
        batch=read_batch_name(opened),
        graph=opened.graph,
        contents=f"{counted(len(lines), 'job')}, {counted(sum(counts), 'task')}",
        planned=(opened.created or "unknown").replace("T", " "),
        submission=_progress(record),
        is_submitted=record is not None and record.state == SUBMITTED,
        labels=tuple(job_labels(opened.jobs, main=opened.graph).values()),
        jobs=lines,
    )


def _line(job: BundleJob, task_count: int, job_id: str | None) -> str:
    what = f"{job.frame_mode} {job.shown_frames(job.frames)}, " if job.is_batched else ""
    return f"{job.label}: {what}{counted(task_count, 'task')}" + (f", job {job_id}" if job_id else "")


def _progress(record: SubmissionRecord | None) -> str:
    if record is None:
        return "not yet"
    if record.state == SUBMITTED:
        return "done"
    if record.is_at_work:
        return f"under way, by process {record.process} on {record.host}" if record.process else "under way"
    return "ended half-way; what is left of it is deleted before it is submitted anew"
