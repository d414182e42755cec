"""The status of a submission: its jobs and tasks, and how far they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ..core.bundle import AnyPath, Bundle, BundleJob, find_nodes, job_labels, read_bundle
from ..core.errors import UsageError
from ..core.files import RecordError
from ..core.frames import FrameList, FrameListError
from ..deadline.client import (
    COMPLETED,
    FAILED,
    UNKNOWN,
    DeadlineClient,
    JobDetails,
    SubmissionError,
    TaskDetails,
    with_frames,
)
from ..results.counts import ResultCounts
from ..results.failures import Failure
from ..results.merge import missing_advice
from ..results.stale import BundleResults, places_text
from ..results.store import StoreError, open_store
from ..studio.connect import studio_client
from ..submit.record import SubmissionRecord, read_submission
from .jobs import DELETED, DeadlineJobs, told_done
from .notices import SUBMITTING, notices_of, state_of
from .run_lock import is_being_run

_MAY_RENDER = ("Rendering", "Active")  # The second where Deadline does not tell how many tasks render.
_MOST_READ = 12  # Jobs whose tasks are read for their progress alone: each may cost the start of a process.


@dataclass(frozen=True)
class SubmittedJob:
    """A planned job, and what became of it."""

    key: str
    node: str
    graph: str
    planned: BundleJob
    """The job itself."""
    job_id: str | None
    """None if it has no job."""
    status: str | None
    """In Deadline's words: Queued, Rendering, Active, Pending, Suspended, Completed or Failed.

    Unknown if Deadline lists it without a state; Deleted if Deadline does not list it any more, and results are
    missing. None if it has no job, or Deadline was not asked. Of a bundle that is not submitted, it is Completed or
    Failed by its results, and None if it is neither.
    """
    done: int
    """How many of its tasks are complete."""
    total: int
    is_batched: bool
    """Whether its tasks have frames."""
    is_reported: bool
    """Whether Deadline reports how many are complete; else the planned chunks that have results are counted."""
    states: Mapping[str, int]
    """The number of tasks by state; empty if Deadline does not report it."""
    errors: int | None
    """How many errors its tasks have had; None if Deadline does not report it."""
    depends_on: tuple[str, ...]
    waits_for: tuple[str, ...]
    """The keys of those that it depends on and that are not complete."""
    failures: tuple[Failure, ...]
    """What its tasks raised, the latest first, except for tasks that have succeeded since."""
    tasks: tuple[TaskDetails, ...] | None = None
    """None if they were not asked for."""
    stale: str | None = None
    """The frames whose results were made from others than are there now, ``all`` for a job without frames; None if
    there are none, or that was not asked."""

    @property
    def progress(self) -> float:
        """Percent; rendering tasks count by their own progress, if that is known."""
        shares = sum(task.progress or 0.0 for task in self.tasks or () if task.status == "Rendering")
        return min(100.0, (100.0 * self.done + shares) / self.total) if self.total else 100.0


@dataclass(frozen=True)
class SubmissionStatus:
    """The submission of a bundle at one moment."""

    bundle: Bundle
    state: str
    """``submitted``, ``not submitted``, ``submitting``, ``half submitted`` or ``half undone``."""
    jobs: tuple[SubmittedJob, ...]
    """Those that were asked for, upstream first."""
    stuck: tuple[str, ...]
    """The keys of jobs that cannot go on by themselves: something that they wait for has failed, or was deleted."""
    is_over: bool
    """Whether no job of it can go on."""
    notices: tuple[str, ...]
    """What is unusual about it, a sentence each."""
    changes: tuple[str, ...] = ()
    """Jobs that have no tasks any more for some of their planned frames, a sentence each."""

    @property
    def is_complete(self) -> bool:
        """Whether all jobs are."""
        return all(job.status == COMPLETED for job in self.jobs)

    @property
    def progress(self) -> float:
        """Percent of the tasks."""
        total = sum(job.total for job in self.jobs)
        return sum(job.progress * job.total for job in self.jobs) / total if total else 100.0


def read_submission_status(
    bundle: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    node: str | None = None,
    with_tasks: bool = False,
    with_stale: bool = True,
) -> SubmissionStatus:
    """The status of the bundle's submission now, or of one node's job: ``node`` is a key, a name or ``graph.node``.

    All jobs are read at once, and all tasks if ``with_tasks``. ``open_client`` is called if the bundle was submitted;
    otherwise its results say how far it is. With ``with_stale``, all results are read, for which of them are stale.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        UsageError: There is no such node, or it has no job.
        SubmissionError: Deadline cannot be asked.
        StoreError: The results of a job have to be counted, and cannot be listed.
    """
    opened = read_bundle(bundle)
    wanted = None if node is None else find_nodes(opened, node)
    if wanted is not None and wanted.isdisjoint(job.key for job in opened.jobs):
        raise UsageError(f"{node} is omitted in {opened.folder}: it has no job")
    reader = SubmissionReader(opened, open_client)
    reader.read()
    return reader.status(wanted, with_tasks=with_tasks, with_stale=with_stale)


class SubmissionReader:
    """Reads the status of one submission, any number of times."""

    def __init__(self, bundle: Bundle, open_client: Callable[[], DeadlineClient] | None) -> None:
        """Reads the bundle's record. Deadline is not asked yet, and without ``open_client`` never.

        Raises:
            RecordError: The bundle's record is damaged.
            SubmissionError: Deadline cannot be reached from this machine.
        """
        self.bundle = bundle
        self.counts = ResultCounts(bundle)
        self._record: SubmissionRecord | None = read_submission(bundle.folder)
        self._notices = notices_of(bundle, self._record)
        if is_being_run(bundle.folder):
            self._notices = (*self._notices, f"{bundle.name} is being run offline at this moment")
        recorded = self._record.jobs if self._record is not None else {}
        self._ids = {job.key: recorded[job.key] for job in bundle.jobs if job.key in recorded}
        self.jobs = None
        if open_client is not None and self._ids:
            self._client = open_client()
            self.jobs = DeadlineJobs(bundle, self._ids, client=self._client, has_results=self.counts.has_all)
        self._unknown: Collection[str] = ()
        self._by_results: Mapping[str, str | None] = {}
        """The states of the jobs of a bundle that is not submitted."""
        self._labels = job_labels(bundle.jobs, main=bundle.graph)
        self._whole: set[str] = set()
        """Jobs that were cut differently in Deadline, and have all results."""

    def read(self) -> None:
        """Reads all jobs.

        Raises:
            SubmissionError: Deadline cannot be asked.
            StoreError: The results of a deleted job cannot be listed.
        """
        if self.jobs is not None:
            self._unknown = self.jobs.read(self._ids)

    def status(
        self,
        wanted: Collection[str] | None = None,
        *,
        with_tasks: bool = False,
        with_progress: bool = False,
        with_stale: bool = False,
    ) -> SubmissionStatus:
        """The status by what was read last of all jobs, or of the ``wanted`` keys; their tasks are read now.

        With ``with_progress``, only tasks of jobs that render are read, as far as Deadline can be asked for them. With
        ``with_stale``, all results are.

        Raises:
            SubmissionError: Deadline cannot be asked for the tasks.
            StoreError: The results of a job have to be counted, and cannot be listed.
        """
        jobs = [job for job in self.bundle.jobs if wanted is None or job.key in wanted]
        tasks: dict[str, tuple[TaskDetails, ...]] = {}
        if with_tasks:
            tasks = self._read_tasks([job.key for job in jobs])
        elif with_progress:
            with suppress(SubmissionError):
                tasks = self._read_tasks(self._rendering()[:_MOST_READ])
        failed, state = self.counts.failed_nodes(), state_of(self._record)
        if self._record is None:
            self._by_results = {job.key: self._result_status(job.key, failed) for job in self.bundle.jobs}
        stale, doubts = self._stale(jobs) if with_stale else ({}, ())
        found = (self._job(job, tasks.get(job.key), failed) for job in jobs)
        return SubmissionStatus(
            bundle=self.bundle,
            state=state,
            jobs=tuple(replace(job, stale=stale.get(job.key)) for job in found),
            stuck=tuple(self.jobs.stuck()) if self.jobs is not None else (),
            is_over=not self.jobs.due() if self.jobs is not None else state != SUBMITTING,
            notices=(*self._notices, *doubts),
            changes=tuple(filter(None, map(self._change, jobs))),
        )

    def _change(self, job: BundleJob) -> str:
        """A sentence on a job whose frame range was shortened in the Monitor, as far as that is known; else empty."""
        details = self.jobs.details.get(job.key) if self.jobs is not None else None
        status = self._status(job.key)
        if details is None or job.frames is None or status == DELETED or job.key in self._whole:
            return ""
        told = _told_frames(details)
        cut = set(FrameList.parse(job.frames)).difference(told or ())
        if not cut or (told is None and status != COMPLETED):
            return ""
        lost = [frame for frame in self.counts.missing_frames(job.key) if frame in cut]
        if not lost:
            self._whole.add(job.key)
            return ""
        label, shown = self._labels[job.key], job.shown_frames(str(FrameList(lost)))
        if told is None:
            return f"{label} is complete, and the results of {shown} are missing: {missing_advice(job.frames)}"
        return (
            f"{label} has the frames {told} in Deadline, so no task makes the results of {shown}; to get them, set its"
            f" frame range back to {job.frames} in the Monitor (Modify Frame Range)"
        )

    def _stale(self, jobs: Sequence[BundleJob]) -> tuple[Mapping[str, str | None], tuple[str, ...]]:
        """The stale frames of these jobs by key, and where that cannot be told, a sentence each."""
        stale: dict[str, str | None] = {}
        doubts = []
        try:
            results = BundleResults(self.bundle.folder, open_store(self.bundle.folder))
            for job in jobs:
                try:
                    stale[job.key] = places_text(results.stale(job.key))
                except RecordError as error:
                    doubts.append(f"{job.label}: which of its results are stale is unknown: {error}")
        except StoreError as error:
            doubts.append(f"which results are stale is unknown: {error}")
        return stale, tuple(doubts)

    def _result_status(self, key: str, failed: Collection[str]) -> str | None:
        if key in failed and self.counts.failures(key):
            return FAILED
        return COMPLETED if self.counts.has_all(key) else None

    def _rendering(self) -> list[str]:
        """The jobs that render, or may."""
        if self.jobs is None:
            return []
        rendering = {key for key, job in self.jobs.details.items() if job.tasks.get("Rendering")}
        return [key for key, status in self.jobs.statuses.items() if status in _MAY_RENDER or key in rendering]

    def _read_tasks(self, keys: Sequence[str]) -> dict[str, tuple[TaskDetails, ...]]:
        if self.jobs is None:
            return {}
        known = {self._ids[key]: key for key in keys if self._status(key) not in (None, DELETED)}
        known = {job_id: key for job_id, key in known.items() if key in self.jobs.details}
        found = self._client.read_tasks_of(list(known)) if known else {}
        return {known[job_id]: with_frames(tasks, self.counts.frames(known[job_id])) for job_id, tasks in found.items()}

    def _status(self, key: str) -> str | None:
        if self.jobs is None or key not in self.jobs.statuses:
            return self._by_results.get(key)
        return UNKNOWN if key in self._unknown else self.jobs.statuses[key]

    def _job(self, job: BundleJob, tasks: tuple[TaskDetails, ...] | None, failed: Collection[str]) -> SubmittedJob:
        key, status = job.key, self._status(job.key)
        details = self.jobs.details.get(key) if self.jobs is not None else None
        states = _states(details, tasks) if status not in (None, DELETED) else {}
        done, total, is_reported = self._done(key, status, details, states)
        is_failing = key in failed and status != COMPLETED and not (details is not None and details.errors == 0)
        return SubmittedJob(
            key=key,
            node=job.node,
            graph=job.graph,
            planned=job,
            job_id=self._ids.get(key),
            status=status,
            done=done,
            total=total,
            is_batched=job.is_batched,
            is_reported=is_reported,
            states=states,
            errors=_errors(details, tasks),
            depends_on=job.depends_on,
            waits_for=tuple(other for other in job.depends_on if self._status(other) != COMPLETED),
            failures=self.counts.failures(key) if is_failing else (),
            tasks=tasks,
        )

    def _done(
        self, key: str, status: str | None, details: JobDetails | None, states: Mapping[str, int]
    ) -> tuple[int, int, bool]:
        """How many tasks are complete, of how many, and whether Deadline reports it."""
        planned = self.counts.planned(key)
        reported = details.task_count if details is not None else None
        total = reported or max(planned, sum(states.values()))
        is_ended = status == COMPLETED and self._record is None  # By its results.
        told = None if is_ended else told_done(status, states, total)
        if told is not None:
            return told, total, True
        failed = len(self.counts.failures(key, with_results=True)) if status == FAILED and self._record is None else 0
        return max(0, min(self.counts.done(key), total) - failed), total, False


def _told_frames(details: JobDetails) -> FrameList | None:
    """The job's frames in Deadline; None if it does not tell them, or in words of its own."""
    try:
        return FrameList.parse(details.frames) if details.frames else None
    except FrameListError:
        return None


def _states(details: JobDetails | None, tasks: Sequence[TaskDetails] | None) -> Mapping[str, int]:
    if tasks:
        return Counter(task.status for task in tasks)
    return details.tasks if details is not None else {}


def _errors(details: JobDetails | None, tasks: Sequence[TaskDetails] | None) -> int | None:
    if tasks and all(task.errors is not None for task in tasks):
        return sum(task.errors or 0 for task in tasks)
    return details.errors if details is not None else None
