"""The offline farm: runs a bundle's jobs on this machine, with workers in processes of their own."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ..bundle.job_files import job_entries, plugin_entries
from ..core.bundle import OFFLINE, AnyPath, Bundle, BundleJob, read_bundle
from ..core.errors import BundleError, InterruptedRunError, UsageError
from ..core.frames import FrameList
from ..core.loading import refuse_while_loading
from ..core.rights import keep_from_others, make_folder, share
from ..results.counts import Finished
from ..results.store import open_store
from ..status.live import refuse_live
from ..status.logs import LOGS, REPOSITORY
from ..status.run_lock import run_lock
from .hosts import needed_hosts
from .packages import ARCHIVE, read_light_packages
from .repository import JobStatus, Repository, Task, TaskStatus, read_tasks
from .setup import WorkerSetup
from .worker import WorkerSettings, task_log_name
from .workers import WorkerPool

_NO_FRAMES = "0"  # The frame list of a job that is not batched.
_COUNTS_AS_DONE = "not selected"  # The message of a task that has no result, as it was not to run.
_PAUSE = 0.03  # Seconds between two looks at the repository.
_KEEP_SECONDS = 5.0
DEFAULT_WORKERS = 2
DEFAULT_FAILURE_LIMIT = 3
SomeTasks = Mapping[str, Sequence[FrameList | None]]
"""Tasks by node key: the frames of each; None for the one of a job without frames."""


@dataclass(frozen=True)
class RunState:
    """The farm at one moment."""

    jobs: Mapping[str, JobStatus]
    """By node key, upstream first."""
    tasks: tuple[Task, ...]

    @property
    def is_complete(self) -> bool:
        """Whether all jobs are."""
        return all(status is JobStatus.COMPLETED for status in self.jobs.values())

    def part(self, some: SomeTasks) -> RunState:
        """The same of these tasks and their jobs alone."""
        names = {(key, _text(frames)) for key, chunks in some.items() for frames in chunks}
        jobs = {key: status for key, status in self.jobs.items() if key in some}
        return RunState(jobs, tuple(task for task in self.tasks if (task.key, task.frames) in names))

    def open_tasks(self, some: SomeTasks) -> dict[str, tuple[FrameList | None, ...]]:
        """Those of these tasks that are not complete."""
        done = {(task.key, task.frames) for task in self.tasks if task.status is TaskStatus.COMPLETED}
        left = {
            key: tuple(frames for frames in chunks if (key, _text(frames)) not in done) for key, chunks in some.items()
        }
        return {key: chunks for key, chunks in left.items() if chunks}


def run_bundle(  # noqa: PLR0913  (five beside the bundle)
    bundle: AnyPath,
    *,
    workers: int = DEFAULT_WORKERS,
    failure_limit: int = DEFAULT_FAILURE_LIMIT,
    setup: WorkerSetup | None = None,
    on_progress: Callable[[RunState], None] | None = None,
    anyway: bool = False,
    select: Callable[[], SomeTasks] | None = None,
    entries: Mapping[str, str] | None = None,
) -> RunState:
    """Runs a bundle until no task can run any more; the results are in the bundle's store.

    Tasks that have results are not run again, so an interrupted or failed run continues where it stopped. A task that
    failed ``failure_limit`` times has failed, and jobs that wait for its job stay pending. ``setup`` names executables
    of interpreters, or a repository whose plugin is used. ``on_progress`` is called with every change.

    A bundle whose jobs have not ended on a farm is refused unless ``anyway``: both would write the same files.

    ``select`` is called once nobody else can run the bundle, and gives the tasks to run, also if they have results:
    these and no others, by node key and frames. ``entries`` take the place of those of each job's info.

    Raises:
        UsageError: The number of workers or the failure limit is less than 1, the repository has no plugin, a
            host is wrongly written, or an interpreter that is still needed is not on this machine.
        RecordError: The folder is not a bundle, or is damaged.
        BundleError: The bundle cannot be written, is being run already, or its workers keep dying; or a farm is at work
            on it, or cannot be asked.
        StoreError: The store of the results cannot be read.
        InterruptedRunError: Ctrl+C; nothing is left running, and the bundle can be run again.
        LoadingError: A script runs it while it is being loaded.
    """
    refuse_while_loading("run")
    if workers < 1 or failure_limit < 1:
        raise UsageError("a farm needs at least one worker, and a failure limit of at least 1")
    opened = read_bundle(bundle)
    if not anyway:
        refuse_live(opened)
    settings = _worker_settings(opened, failure_limit=failure_limit, setup=setup or WorkerSetup())
    with (
        _one_clear_error(opened),
        run_lock(opened.folder),
        _new_repository(opened, failure_limit=failure_limit, select=select, entries=entries or {}) as repository,
    ):
        make_folder(Path(settings.logs))
        tasks = repository.tasks()
        settings = _with_packages(settings, opened, tasks)
        pool = WorkerPool(settings, repository=repository)
        try:
            pool.start(min(workers, sum(task.status is not TaskStatus.COMPLETED for task in tasks)))
            _watch(repository, pool=pool, on_progress=on_progress)
        except KeyboardInterrupt:
            raise InterruptedRunError(f"interrupted; to go on:  flowpipe-deadline run {opened.folder}") from None
        finally:
            pool.stop()
        return _state(repository)


@contextmanager
def _one_clear_error(bundle: Bundle) -> Iterator[None]:
    """Reports a full or read-only disk as one error, whatever it does to the repository."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"{bundle.folder} cannot be written: {reason}; mend that and run it again: what is done stays done"
        raise BundleError(text) from error


def last_states(bundle: Bundle) -> dict[str, dict[str | None, str]]:
    """The state of each task in the last run, by node key and frame list, None without frames; empty if not known."""
    batched = {job.key for job in bundle.jobs if job.is_batched}
    states: dict[str, dict[str | None, str]] = {}
    for task in read_tasks(bundle):
        if task.message != _COUNTS_AS_DONE:
            states.setdefault(task.key, {})[task.frames if task.key in batched else None] = task.status.value
    return states


def task_log(bundle: Bundle, task: Task) -> Path:
    """The log file of the task."""
    return bundle.folder / OFFLINE / LOGS / task_log_name(task)


def _watch(repository: Repository, *, pool: WorkerPool, on_progress: Callable[[RunState], None] | None) -> None:
    """Returns when no task is queued or rendering any more."""
    last: RunState | None = None
    while True:
        started = time.monotonic()
        is_over = not repository.has_work()
        if on_progress is not None:
            state = _state(repository)
            if state != last:
                on_progress(state)
            last = state
        if is_over:
            return
        pool.replace_the_dead()
        effort = time.monotonic() - started
        time.sleep(max(_PAUSE, 9 * effort))  # Watching costs a tenth of a core at most.


def _state(repository: Repository) -> RunState:
    tasks = repository.tasks()  # First: where all are complete, so are the jobs that are read after them.
    return RunState(jobs=repository.job_status(), tasks=tasks)


@contextmanager
def _new_repository(
    bundle: Bundle, *, failure_limit: int, select: Callable[[], SomeTasks] | None, entries: Mapping[str, str]
) -> Iterator[Repository]:
    """The bundle's repository, with all jobs submitted, upstream first; finished tasks are complete.

    Every run makes a new one: only the results say what was done before, so nothing can contradict them. A result that
    was made from others than are there is made again. Where tasks are selected, all others are complete.
    """
    selected = None if select is None else select()
    path = bundle.folder / OFFLINE / REPOSITORY
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    store = open_store(bundle.folder)
    path.touch(mode=0o600)
    share(path)
    keep_from_others(path, root=bundle.folder.parent)
    repository = Repository(path, failure_limit=failure_limit)
    try:
        finished = Finished(bundle, store)
        job_ids: dict[str, str] = {}
        for job in bundle.jobs:
            if selected is None:
                done = frozenset(_NO_FRAMES if frames is None else frames for frames in finished.chunks(job))
            else:
                again = selected.get(job.key, ())
                done = frozenset(_text(chunk) for chunk in finished.tasks.chunks(job) if chunk not in again)
            job_ids[job.key] = repository.submit(
                key=job.key,
                job_info={**job_entries(bundle, job, job_ids=job_ids), **entries},
                # The bundle may have been copied or moved since it was written.
                plugin_info={**plugin_entries(bundle, job), "Bundle": str(bundle.folder)},
                completed=done if job.is_batched else done & {_NO_FRAMES},
                added=finished.tasks.added(job),
            )
            if selected is not None:
                _mark_empty(repository, job, job_ids[job.key], there=finished.results.latest(job.key))
        yield repository
    finally:
        repository.close()


def _mark_empty(repository: Repository, job: BundleJob, job_id: str, *, there: Collection[int | None]) -> None:
    """Marks the job's tasks that are complete from the start and have no result, for whoever asks what failed."""
    for task in repository.tasks_of(job_id):
        places = FrameList.parse(task.frames) if job.is_batched else (None,)
        if task.status is TaskStatus.COMPLETED and not all(place in there for place in places):
            repository.report(task, message=_COUNTS_AS_DONE)


def _text(frames: FrameList | None) -> str:
    return _NO_FRAMES if frames is None else str(frames)


def _worker_settings(bundle: Bundle, *, failure_limit: int, setup: WorkerSetup) -> WorkerSettings:
    return WorkerSettings(
        name="",
        repository=str(bundle.folder / OFFLINE / REPOSITORY),
        plugins=(str(setup.plugins_folder()),),
        logs=str(bundle.folder / OFFLINE / LOGS),
        config=setup.plugin_config(),
        failure_limit=failure_limit,
        with_subfolders=setup.with_subfolders,
        keep_seconds=_KEEP_SECONDS,
        is_isolated=setup.repository is not None,
    )


def _with_packages(settings: WorkerSettings, bundle: Bundle, tasks: Sequence[Task]) -> WorkerSettings:
    """The settings with packages for the interpreters that are not this Python, which may lack them.

    Raises:
        UsageError: An interpreter that is still needed is not on this machine.
        PackagingError: The packages cannot be packed here.
    """
    needed = dict[str, list[str]]()
    left = {task.key for task in tasks if task.status is not TaskStatus.COMPLETED}
    for job in bundle.jobs:
        if job.key in left:
            needed.setdefault(job.interpreter or plugin_entries(bundle, job)["Interpreter"], []).append(job.node)
    hosts = needed_hosts(settings.config, needed)
    foreign = [name for name, host in hosts.items() if host.executable != os.path.abspath(sys.executable)]
    if settings.is_isolated or not foreign:
        return settings
    packages = Path(settings.repository).with_name(ARCHIVE)
    packages.write_bytes(read_light_packages().archive())
    share(packages)
    return replace(settings, packages=str(packages), foreign=foreign)
