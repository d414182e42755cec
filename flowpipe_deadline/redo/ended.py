"""Tasks as a farm has them: which failed, or ended without a result, and how the Monitor has cut their jobs.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Tuple

from ..core.bundle import Bundle, BundleJob
from ..core.frames import FrameList, FrameListError
from ..deadline.client import COMPLETED, FAILED, DeadlineClient, JobDetails
from ..results.stale import BundleResults
from .options import Tasks

States = Mapping[Optional[str], str]
"""The state of each task in Deadline's words, by its frame list; None for the one of a job without frames."""

_ENDED = (COMPLETED, FAILED)


@dataclass(frozen=True)
class FarmTasks:
    """What a farm says of the tasks of a bundle."""

    tasks: Tasks
    """Of the jobs that were asked for."""
    failed: Mapping[str, FrozenSet[Optional[str]]]
    """By node key, the tasks that failed, or have ended without a result."""
    coming: FrozenSet[str]
    """The keys of the jobs that may still give results by themselves."""


def read_farm_tasks(
    client: DeadlineClient,
    bundle: Bundle,
    job_ids: Mapping[str, str],
    *,
    results: BundleResults,
    needs_states: bool = False,
) -> FarmTasks:
    """The tasks of the jobs that were cut anew; with ``needs_states``, also of those in which a task may have failed.

    Raises:
        SubmissionError: Deadline cannot be asked.
        RecordError: A record or a result is damaged.
    """
    ids = {job.key: job_ids[job.key] for job in bundle.jobs if job.key in job_ids}
    details = client.read_jobs(list(ids.values()))
    wanted = [
        job
        for job in bundle.jobs
        if ids.get(job.key) in details
        and (
            _is_cut_anew(job, details[ids[job.key]])
            or (needs_states and _may_have_failed(job, details[ids[job.key]], results))
        )
    ]
    read = client.read_tasks_of([ids[job.key] for job in wanted]) if wanted else {}
    tasks: Dict[str, Tuple[Optional[FrameList], ...]] = {}
    failed: Dict[str, FrozenSet[Optional[str]]] = {}
    for job in wanted:
        found = read.get(ids[job.key], ())
        if job.is_batched and found:
            tasks[job.key] = tuple(FrameList.parse(task.frames) for task in found)
        states = {(task.frames if job.is_batched else None): task.status for task in found}
        failed[job.key] = failed_or_empty(job, states, results=results)
    coming = (key for key, job_id in ids.items() if job_id in details and details[job_id].status not in _ENDED)
    return FarmTasks(tasks, failed, frozenset(coming))


def failed_or_empty(job: BundleJob, states: States, *, results: BundleResults) -> FrozenSet[Optional[str]]:
    """The tasks of the job that failed, or have ended without a result."""
    there = results.latest(job.key)
    found: List[Optional[str]] = []
    for frames, state in states.items():
        if state == FAILED or (state == COMPLETED and not all(place in there for place in places_of(frames))):
            found.append(frames)
    return frozenset(found)


def places_of(frames: Optional[str]) -> Iterable[Optional[int]]:
    """The frames of a frame list; None alone for a task without one."""
    return (None,) if frames is None else FrameList.parse(frames)


def _is_cut_anew(job: BundleJob, details: JobDetails) -> bool:
    """Whether the job has other tasks than planned, as far as Deadline tells."""
    if not job.is_batched:
        return False
    try:
        has_frames = details.frames is None or FrameList.parse(details.frames) == FrameList.parse(str(job.frames))
    except FrameListError:
        return True
    return not has_frames or details.chunk_size not in (None, job.chunk_size)


def _may_have_failed(job: BundleJob, details: JobDetails, results: BundleResults) -> bool:
    """Whether a task of it may have failed, or ended without a result."""
    if details.status == FAILED or not details.tasks or details.tasks.get(FAILED):
        return True
    there = results.latest(job.key)
    return bool(details.tasks.get(COMPLETED)) and any(
        place not in there for chunk in job.chunks for place in chunk or (None,)
    )
