"""Tasks as a farm has them: which failed, or ended without a result, and how the Monitor has cut their jobs.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ..core.bundle import Bundle, BundleJob
from ..core.frames import FrameList, FrameListError
from ..deadline.client import COMPLETED, FAILED, DeadlineClient, JobDetails, TaskDetails
from ..results.stale import BundleResults
from ..submit.record import SubmissionRecord
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
    """By node key, the tasks that failed, or have ended without a result; also those of jobs that are gone."""
    coming: FrozenSet[str]
    """The keys of the jobs that may still give results by themselves."""


def read_farm_tasks(
    client: DeadlineClient,
    bundle: Bundle,
    record: SubmissionRecord,
    *,
    results: BundleResults,
    needs_states: bool = False,
) -> FarmTasks:
    """The tasks of the jobs that were cut anew; with ``needs_states``, also of those in which a task may have failed.

    A node that got a new job for some of its frames has the others in the jobs of before.

    Raises:
        SubmissionError: Deadline cannot be asked.
        RecordError: A record or a result is damaged.
    """
    ids = {job.key: record.jobs[job.key] for job in bundle.jobs if job.key in record.jobs}
    details = client.read_jobs(list(ids.values()))
    earlier = {key: record.earlier[key] for key in ids if ids[key] in details and record.earlier.get(key)}
    wanted = [
        job
        for job in bundle.jobs
        if ids.get(job.key) in details
        and (
            job.key in earlier
            or _is_cut_anew(job, details[ids[job.key]])
            or (needs_states and _may_have_failed(job, details[ids[job.key]], results))
        )
    ]
    replaced = [job_id for job_ids in earlier.values() for job_id in job_ids]
    replaced = [job_id for job_id in replaced if job_id in client.list_jobs(replaced)] if replaced else []
    read = client.read_tasks_of([*(ids[job.key] for job in wanted), *replaced]) if wanted else {}
    tasks: Dict[str, Tuple[Optional[FrameList], ...]] = {}
    failed: Dict[str, FrozenSet[Optional[str]]] = {}
    for job in wanted:
        found = _tasks_that_count([read.get(job_id, ()) for job_id in (ids[job.key], *earlier.get(job.key, ())[::-1])])
        if job.is_batched and found:
            tasks[job.key] = tuple(FrameList.parse(task.frames) for task in found)
        states = {(task.frames if job.is_batched else None): task.status for task in found}
        failed[job.key] = failed_or_empty(job, states, results=results)
    for key in ids if needs_states else ():
        if ids[key] not in details:  # It was deleted, and nothing of it will come.
            ended = {None if chunk is None else str(chunk): COMPLETED for chunk in bundle.job(key).chunks}
            failed[key] = failed_or_empty(bundle.job(key), ended, results=results)
    coming = (key for key, job_id in ids.items() if job_id in details and details[job_id].status not in _ENDED)
    return FarmTasks(tasks, failed, frozenset(coming))


def _tasks_that_count(jobs: Sequence[Sequence[TaskDetails]]) -> List[TaskDetails]:
    """The tasks of the newest job, and of earlier ones those with frames that no newer one has; in their order."""
    found: List[TaskDetails] = []
    taken: Set[Optional[int]] = set()
    for tasks in jobs:
        new = [task for task in tasks if taken.isdisjoint(places_of(task.frames or None))]
        taken.update(place for task in new for place in places_of(task.frames or None))
        found += new
    return (
        sorted(found, key=lambda task: min(FrameList.parse(task.frames)))
        if len(jobs) > 1 and all(task.frames for task in found)
        else found
    )


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
