"""Tasks as a farm has them: which failed, or ended without a result, and how the Monitor has cut their jobs.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, Mapping, Optional, Sequence

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
    failed: Mapping[str, frozenset[str | None]]
    """By node key, the tasks that failed, or have ended without a result; also those of jobs that are gone."""
    coming: frozenset[str]
    """The keys of the jobs that may still give results by themselves."""


def read_farm_tasks(
    client: DeadlineClient,
    bundle: Bundle,
    record: SubmissionRecord,
    *,
    results: BundleResults,
    needs_states: bool = False,
) -> FarmTasks:
    """The tasks of jobs that were cut anew, or in part replaced by others.

    With ``needs_states``, also of those in which a task may have failed.

    Raises:
        SubmissionError: Deadline cannot be asked.
        RecordError: A record or a result is damaged.
    """
    holders = {key: record.jobs_of(key) for key in record.jobs}
    details = client.read_jobs([job_id for job_ids in holders.values() for job_id in job_ids])
    there = {key: [job_id for job_id in job_ids if job_id in details] for key, job_ids in holders.items()}
    wanted = []
    for job in bundle.jobs:
        found = [details[job_id] for job_id in there.get(job.key, ())]
        is_cut_anew = len(found) > 1 or any(_is_cut_anew(job, each) for each in found)
        if is_cut_anew or (needs_states and any(_may_have_failed(job, each, results) for each in found)):
            wanted.append(job)
    read = client.read_tasks_of([job_id for job in wanted for job_id in there[job.key]]) if wanted else {}
    tasks: dict[str, tuple[FrameList | None, ...]] = {}
    failed: dict[str, frozenset[str | None]] = {}
    for job in wanted:
        states = _states(job, [read.get(job_id, ()) for job_id in there[job.key]])
        if job.is_batched and states:
            cut = [FrameList.parse(text) for text in states if text is not None]
            tasks[job.key] = tuple(sorted(cut) if len(there[job.key]) > 1 else cut)
        failed[job.key] = failed_or_empty(job, states, results=results)
    for key in there if needs_states else ():
        if not there[key]:  # It was deleted, and nothing of it will come.
            ended = dict.fromkeys(bundle.job(key).task_frames, COMPLETED)
            failed[key] = failed_or_empty(bundle.job(key), ended, results=results)
    coming = (key for key, job_ids in there.items() if any(details[each].status not in _ENDED for each in job_ids))
    return FarmTasks(tasks, failed, frozenset(coming))


def _states(job: BundleJob, tasks: Iterable[Sequence[TaskDetails]]) -> dict[str | None, str]:
    """The states of the tasks of a node, by their frame lists; of each job in turn, those with frames of their own."""
    states: dict[str | None, str] = {}
    seen: set[int | None] = set()
    for some in tasks:
        own = {task.frames if job.is_batched else None: task.status for task in some}
        new = {text: state for text, state in own.items() if not seen.issuperset(places_of(text))}
        seen.update(place for text in own for place in places_of(text))
        states.update({text: state for text, state in new.items() if text not in states})
    return states


def failed_or_empty(job: BundleJob, states: States, *, results: BundleResults) -> frozenset[str | None]:
    """The tasks of the job that failed, or have ended without a result."""
    there = results.latest(job.key)
    found: list[str | None] = []
    for frames, state in states.items():
        if state == FAILED or (state == COMPLETED and not all(place in there for place in places_of(frames))):
            found.append(frames)
    return frozenset(found)


def places_of(frames: str | None) -> Iterable[int | None]:
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
