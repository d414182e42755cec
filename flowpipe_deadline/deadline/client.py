"""The client that talks to Deadline, one class for each connection, and what Deadline reports.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import Callable, Collection, Iterator, Mapping, Sequence

from ..bundle.job_files import BUNDLE_KEY, NODE_INFO_KEY
from ..core.errors import FlowpipeDeadlineError
from .reports import Report, read_report_file

ACTIVE = ("Active", "Queued", "Rendering")
"""The states of a job that may render; which of them is named depends on the client (submission, section 5.1)."""
PENDING = "Pending"
SUSPENDED = "Suspended"
COMPLETED = "Completed"
FAILED = "Failed"
UNKNOWN = "Unknown"
TASK_STATES = (COMPLETED, "Rendering", "Queued", PENDING, SUSPENDED, FAILED)

_FULL_PATH = re.compile(r"[A-Za-z]:(?:[/\\]|$)|\\\\|/")

Stop = Callable[[], bool]
"""Returns whether to stop."""


class SubmissionError(FlowpipeDeadlineError):
    """Deadline did not do what it was asked for; the message says what was undone."""


class RefusedError(SubmissionError):
    """One job was not accepted, or that is uncertain."""

    def __init__(
        self, message: str, *, job_id: str | None = None, is_uncertain: bool = False, may_come: bool = False
    ) -> None:
        super().__init__(message)
        self.job_id = job_id
        """The ID that Deadline gave in spite of the error."""
        self.is_uncertain = is_uncertain
        """Whether a job may exist whose ID is not known: the answer was lost."""
        self.may_come = may_come
        """Whether such a job may even be made later: Deadline may still be at work on it."""


@dataclass(frozen=True)
class Created:
    """A job that Deadline has accepted."""

    job_id: str
    warnings: tuple[str, ...] = ()
    """Deadline's own words."""
    others: tuple[str, ...] = ()
    """Further IDs in its answer, if it names several: an event plugin makes jobs of its own. Any one may be the job."""


@dataclass(frozen=True)
class JobDetails:
    """What Deadline says of a job; None where it says nothing."""

    job_id: str
    status: str
    """Active, Queued, Rendering, Pending, Suspended, Completed, Failed, or Unknown."""
    name: str | None = None
    batch_name: str | None = None
    """Empty for a job without one."""
    plugin: str | None = None
    frames: str | None = None
    chunk_size: int | None = None
    task_count: int | None = None
    dependencies: tuple[str, ...] | None = None
    """The IDs of the jobs that it waits for."""
    frame_dependent: bool | None = None
    tasks: Mapping[str, int] = field(default_factory=dict)
    """How many tasks are in each of ``TASK_STATES``; empty if Deadline does not say."""
    errors: int | None = None
    """How many errors its tasks have had."""
    pool: str | None = None
    group: str | None = None
    limits: tuple[str, ...] | None = None


@dataclass(frozen=True)
class TaskDetails:
    """What Deadline says of a task."""

    task_id: int
    frames: str
    status: str
    progress: float | None = None
    """Percent."""
    worker: str = ""
    errors: int | None = None


@dataclass(frozen=True)
class RepositoryInfo:
    """What Deadline says of its repository; None where it says nothing."""

    version: str | None = None
    root: str | None = None
    pools: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    limits: tuple[str, ...] | None = None
    plugins: tuple[str, ...] | None = None
    maximum_priority: int | None = None
    task_limit: int | None = None


@dataclass(frozen=True)
class WorkerDetails:
    """What Deadline says of a worker; None where it says nothing."""

    name: str
    state: str = UNKNOWN
    """Rendering, Idle, Offline, Stalled, StartingJob, HouseCleaning, or Unknown."""
    is_enabled: bool | None = None
    pools: tuple[str, ...] | None = None
    """Without ``none``, in which nearly every worker is; so are the groups."""
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True)
class LimitDetails:
    """What Deadline says of a limit; None where it says nothing."""

    name: str
    maximum: int | None = None
    """None also for a limit that limits nothing."""
    in_use: int | None = None


@dataclass(frozen=True)
class FarmDetails:
    """What Deadline says of its workers and limits; None where it says nothing."""

    workers: tuple[WorkerDetails, ...] | None = None
    limits: tuple[LimitDetails, ...] | None = None


def with_frames(tasks: Sequence[TaskDetails], planned: Sequence[str | None]) -> tuple[TaskDetails, ...]:
    """The tasks with the planned frames where Deadline does not tell any, unless there are others than planned."""
    if len(planned) != len(tasks):
        return tuple(tasks)
    return tuple(replace(task, frames=task.frames or frames or "") for task, frames in zip(tasks, planned))


def refuse_unknown(entries: Mapping[str, str], known: Collection[str]) -> None:
    """Raises a SubmissionError if an entry of the job info is none that can be changed on a job that there is."""
    unknown = [key for key in entries if key not in known]
    if unknown:
        raise SubmissionError(
            f"{', '.join(unknown)} cannot be changed on a submitted job; use --new-jobs, or change only"
            f" {', '.join(sorted(known))}"
        )


def unknown_job(job_id: str) -> SubmissionError:
    """The error for a job that Deadline does not have."""
    return SubmissionError(f"Deadline does not know job {job_id}: it was deleted, or is in another repository")


def bundles_of(infos: Mapping[str, Mapping[str, str]]) -> dict[str, tuple[str, str]]:
    """Bundle and node of the jobs whose plugin info, by job ID, names a bundle."""
    found = {job_id: (info.get(BUNDLE_KEY, ""), info.get(NODE_INFO_KEY, "")) for job_id, info in infos.items()}
    return {job_id: pair for job_id, pair in found.items() if pair[0]}


def _spellings(path: str) -> list[str]:
    """A full path, and of Windows its other spellings; whether a rule matches them all is unknown (plugin API, 3.6).

    The plugin has the same.
    """
    if not _FULL_PATH.match(path):
        return []
    slashes = [path]
    if not path.startswith("/") or path.startswith("//"):
        slashes += [path.replace("/", "\\"), path.replace("\\", "/")]
    slashes += [other[0].swapcase() + other[1:] for other in slashes if other[0].isalpha()]
    return list(dict.fromkeys(slashes))


class DeadlineClient(ABC):
    """A way to talk to Deadline; each way is a subclass.

    Raises:
        SubmissionError: Of every call, that Deadline could not be asked, or refuses; with its own words.
    """

    undo_pauses: tuple[float, ...] = (0.0, 1.0, 3.0)
    """Seconds before each round of an undo: a deletion may work the second time, and a job whose answer was lost may
    still be coming."""

    @abstractmethod
    def submit(self, job_file: str, plugin_file: str) -> Created:
        """The job that Deadline makes of these two files.

        Raises:
            RefusedError: It makes none, or nobody can tell.
        """

    @abstractmethod
    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more)."""

    def list_jobs(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Deadline lists: not the deleted ones."""
        return set(self.read_jobs(job_ids))

    def read_listed(self, job_ids: Sequence[str]) -> tuple[dict[str, JobDetails], set[str]]:
        """The jobs by ID, and those that Deadline lists and says nothing of."""
        found = self.read_jobs(job_ids) if job_ids else {}
        unread = [job_id for job_id in job_ids if job_id not in found]
        return found, self.list_jobs(unread) if unread else set()

    def read_batches(self, job_ids: Sequence[str]) -> dict[str, str | None]:
        """The batch of each of the jobs that Deadline knows; empty for a job without one, None if it does not tell."""
        return {job_id: job.batch_name for job_id, job in self.read_jobs(job_ids).items()}

    @abstractmethod
    def read_tasks(self, job_id: str) -> tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""

    def read_tasks_of(self, job_ids: Sequence[str]) -> dict[str, tuple[TaskDetails, ...]]:
        """The tasks of several jobs, by job ID and number."""
        return {job_id: self.read_tasks(job_id) for job_id in job_ids}

    @abstractmethod
    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> list[str]:
        """The IDs of all jobs of that batch; ``known`` are some that must be among them."""

    @abstractmethod
    def change(self, command: str, job_ids: Sequence[str]) -> None:
        """Gives Deadline one of the commands below, by name; or ``requeue``, ``resumefailed`` or ``complete``.

        What these do to each task of a job, and which states allow it: submission, section 5.2.
        """

    @abstractmethod
    def change_tasks(self, command: str, job_id: str, task_ids: Sequence[int]) -> None:
        """Gives Deadline a command for some tasks of a job.

        That is ``requeue``, ``resumefailed``, ``complete``, ``suspend``, ``resume`` or ``fail``; see submission,
        sections 2.5 and 6.2.
        """

    def change_tasks_of(self, command: str, tasks: Mapping[str, Sequence[int]]) -> None:
        """Gives the command for some tasks of several jobs, by job ID; of as many as possible, also after an error."""
        errors: list[SubmissionError] = []
        for job_id, task_ids in tasks.items():
            try:
                self.change_tasks(command, job_id, task_ids)
            except SubmissionError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def resume(self, job_ids: Sequence[str]) -> None:
        """Lets suspended jobs go on."""
        self.change("resume", job_ids)

    def pend(self, job_ids: Sequence[str]) -> None:
        """Makes jobs with dependencies wait for them."""
        self.change("pend", job_ids)

    def suspend(self, job_ids: Sequence[str]) -> None:
        """Holds jobs back."""
        self.change("suspend", job_ids)

    def delete(self, job_ids: Sequence[str]) -> None:
        """Deletes jobs."""
        self.change("delete", job_ids)

    def ignore_stop_requests(self) -> None:  # noqa: B027  (there may be nothing to do)
        """What is asked from now on comes to its end, even if somebody wants to stop: something is being undone."""

    @abstractmethod
    def read_plugin_info(self, job_id: str) -> dict[str, str]:
        """The plugin info of a job: at least its Bundle and its Node.

        Raises:
            SubmissionError: Deadline does not know the job.
        """

    @abstractmethod
    def find_bundle_jobs(self) -> dict[str, tuple[str, str]]:
        """The bundle, as it stands in the job, and the key of the node, of every listed job of our plugin, by ID."""

    def map_path(self, text: str) -> str:
        """The path as Deadline's path mapping has it on this machine; as it is where that cannot be asked."""
        for spelling in _spellings(text):
            mapped = self.mapped(spelling)
            if mapped != spelling:
                is_native = os.sep == "/" and spelling.startswith("/")  # A name may hold a backslash there.
                return mapped if is_native else mapped.replace("\\" if os.sep == "/" else "/", os.sep)
        return text

    def mapped(self, path: str) -> str:
        """The path as a rule of the path mapping changes it, or as it is."""
        return path

    @abstractmethod
    def set_dependencies(self, job_id: str, upstream_ids: Sequence[str]) -> None:
        """Makes a job depend on these jobs alone. What came of it has to be read, and it has to be pended."""

    @abstractmethod
    def read_entries(self, job_id: str, keys: Sequence[str]) -> dict[str, str | None]:
        """Entries of the job info by key, as texts; None where Deadline does not tell."""

    @abstractmethod
    def set_entries(self, job_id: str, entries: Mapping[str, str]) -> None:
        """Sets entries of a job's info, all or an error. What came of it has to be read.

        Raises:
            SubmissionError: An entry cannot be set on a job that there is; before anything is changed.
        """

    @abstractmethod
    def read_repository(self) -> RepositoryInfo:
        """What is known of the repository, in as few questions as possible."""

    def read_reports(self, job_id: str, task_id: int | None = None) -> tuple[Report, ...]:  # noqa: ARG002
        """What Deadline keeps of each attempt at the job's tasks, or at one, the earliest first."""
        return ()

    def read_report_log(self, job_id: str, report: Report) -> Iterator[bytes]:
        """The log in one of the job's reports; from its file if this machine sees it, which need not be held whole."""
        is_here = bool(report.path) and os.path.isfile(report.path)
        text = None if is_here else self.read_report_text(job_id, report.report_id, report.task_id)
        return read_report_file(report.path) if text is None else iter([text.encode("utf-8", "replace")])

    def read_report_text(self, job_id: str, report_id: str, task_id: int | None) -> str | None:  # noqa: ARG002
        """The log in a report, by its ID; None where Deadline tells no more than its file."""
        return None

    def read_farm(self, *, pools: Sequence[str] = (), groups: Sequence[str] = ()) -> FarmDetails:  # noqa: ARG002
        """What is known of all workers and limits; of these pools and groups, also who is in them."""
        return FarmDetails()
