"""A worker of the offline farm: ``python -m flowpipe_deadline.offline.worker SETTINGS``.

It takes tasks from the repository and renders them with the real plugin, through the stand-ins of Deadline's modules.
It stops when its stdin closes, because the farm is done, was interrupted, or died; its task is then cancelled and
queued again. SETTINGS is a `WorkerSettings` as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TextIO

from ..core.files import is_file
from ..core.frames import FrameList
from ..core.rights import share
from ..status.logs import attempt_heading
from .repository import Repository, Task, is_true
from .standins.sandbox import Host, Sandbox, SandboxJob, SandboxTask, TaskCanceled, TaskError
from .timeouts import TaskTimeout, read_timeout

_PAUSE = 0.05  # Seconds between two looks for a task.
_ENVIRONMENT = "EnvironmentKeyValue"
_VIRTUAL = ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_OF_NODE = ("Node", "FrameMode")  # The plugin info that only one task's evaluation needs.


@dataclass(frozen=True)
class WorkerSettings:
    """The settings of a worker."""

    name: str
    repository: str
    plugins: Sequence[str]
    """Folders of plugin folders; the first that has the job's plugin is used."""
    logs: str
    config: Mapping[str, str]
    """The plugin's configuration, as *Configure Plugins* would hold it."""
    failure_limit: int
    releases_at_once: bool = True
    """Whether jobs that waited are released at once, or only by the pending job scan."""
    with_subfolders: bool = True
    """Whether a plugin is copied with its sub-folders."""
    keep_seconds: float = 0.0
    """How long an interpreter is kept for a job that would start the same one; Deadline keeps it for one job alone."""
    is_isolated: bool = False
    """Whether interpreters get none of this Python's environment variables."""
    packages: str = ""
    """An archive that the plugin gets for jobs with one of the ``foreign`` interpreters."""
    foreign: Sequence[str] = ()


class _TaskHost(Host):
    """Passes on what plugin and evaluator report about the task that is rendered.

    Progress and status wait for the next question whether it is cancelled: most tasks end before anybody could look.
    """

    def __init__(self, repository: Repository, stopping: threading.Event) -> None:
        self._repository = repository
        self._stopping = stopping
        self._task: Task | None = None
        self._log: TextIO | None = None
        self._reported: dict[str, Any] = {}
        self.process: int | None = None
        """The process that evaluates tasks."""
        self.expired: TaskTimeout | None = None
        """The time-out of the task, once that is over and ends it."""
        self._timeout: TaskTimeout | None = None
        self._end = 0.0

    @contextlib.contextmanager
    def rendering(self, task: Task, log: Path) -> Iterator[None]:
        """In the block, all reports are about this task."""
        with log.open("a", buffering=1, encoding="utf-8", errors="backslashreplace") as file:
            share(log)
            file.write(f"{attempt_heading(task.frames, worker=task.worker or '', attempt=task.errors + 1)}\n")
            self._task, self._log, self._reported = task, file, {}
            try:
                yield
            finally:
                self._task = self._log = None

    @contextlib.contextmanager
    def within(self, timeout: TaskTimeout | None) -> Iterator[None]:
        """In the block, the task is given up once its time is over."""
        self.expired, self._timeout = None, timeout
        self._end = time.monotonic() + (0.0 if timeout is None else timeout.seconds)
        try:
            yield
        finally:
            self._timeout = None

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """In the block, nothing is about the task: its job is not loaded yet, and another one ends."""
        task, self._task = self._task, None
        log, self._log = self._log, None
        try:
            yield
        finally:
            self._task, self._log = task, log

    def log(self, level: str, text: str) -> None:
        if self._log is not None:
            self._log.write(f"{level}: {text}\n")

    def progress(self, percent: float) -> None:
        if self._task is not None:
            self._reported["progress"] = percent

    def status(self, text: str) -> None:
        if self._task is not None:
            self._reported["message"] = text

    def canceled(self) -> bool:
        """Whether the farm is stopping, or the task is no longer this worker's."""
        if self._task is None:
            return self._stopping.is_set()
        if self._reported:
            self._repository.report(self._task, **self._reported)
            self._reported = {}
        return self._has_expired() or self._stopping.is_set() or not self._repository.is_held(self._task)

    def _has_expired(self) -> bool:
        if self._timeout is not None and time.monotonic() > self._end:
            if self._timeout.end == "nothing":
                self.log("WARNING", self._timeout.words)
            else:
                self.expired = self._timeout
            self._timeout = None
        return self.expired is not None

    def process_started(self, pid: int) -> None:
        """The process that evaluates this task, and perhaps further ones."""
        self.process = pid
        if self._task is not None:
            self._repository.set_process(self._task, pid)

    def process_ended(self, pid: int) -> None:
        if pid == self.process:
            self.process = None
        if self._task is not None:
            self._repository.set_process(self._task, self.process)


class Worker:
    """Renders one task after the other; the plugin stays loaded between tasks of the same job, or of one like it."""

    def __init__(self, settings: WorkerSettings, *, stopping: threading.Event, scratch: Path) -> None:
        self._settings = settings
        self._stopping = stopping
        self._scratch = scratch
        self._repository = Repository(
            Path(settings.repository),
            failure_limit=settings.failure_limit,
            releases_at_once=settings.releases_at_once,
        )
        self._host = _TaskHost(self._repository, stopping)
        self._sandbox: Sandbox | None = None
        self._job_id: str | None = None
        self._kind: object = None

    def run(self) -> None:
        """Takes tasks until it is stopped."""
        kept_until = 0.0
        while not self._stopping.is_set():
            task = self._repository.claim(self._settings.name, job_id=self._job_id, process=self._host.process)
            if task is None:
                if time.monotonic() >= kept_until:
                    self._unload()
                self._stopping.wait(_PAUSE)
                continue
            with self._host.rendering(task, Path(self._settings.logs) / task_log_name(task)):
                self._render(task)
            kept_until = time.monotonic() + self._settings.keep_seconds
        self._unload()

    def _render(self, task: Task) -> None:
        try:
            if task.job_id != self._job_id:
                self._load(task)
            assert self._sandbox is not None
            frames = tuple(FrameList.parse(task.frames))
            job_info, _ = self._repository.job_files(task.job_id)
            with self._host.within(read_timeout(job_info, frame_count=len(frames))):
                self._sandbox.render_task(SandboxTask(frames=frames, frame_text=task.frames, task_id=task.task_id))
        except TaskCanceled:
            self._unload()
            if self._host.expired is not None:
                self._end_late(task, self._host.expired)
            else:
                self._repository.requeue(task)
        except TaskError as error:
            self._host.log("ERROR", str(error))
            # Deadline ends the job after a failed task, and loads it for the next one (plugin API, section 1.4).
            self._unload()
            self._repository.fail(task, str(error))
        else:
            self._repository.complete(task)

    def _end_late(self, task: Task, timeout: TaskTimeout) -> None:
        """Ends a task that has taken too long, and of which nothing is left running."""
        if timeout.end == "completion":
            self._host.log("WARNING", timeout.words)
            self._repository.complete(task)
            return
        self._host.log("ERROR", timeout.words)
        _, plugin_info = self._repository.job_files(task.job_id)
        bundle, node = plugin_info.get("Bundle", ""), plugin_info.get("Node", "")
        if node and os.path.isdir(bundle):
            from ..results.failures import write_failure  # noqa: PLC0415 (few workers need it)

            frames = None if plugin_info.get("FrameMode") == "none" else FrameList.parse(task.frames)
            with contextlib.suppress(OSError):
                write_failure(Path(bundle), node, frames, error=TimeoutError(timeout.words), report=timeout.words)
        self._repository.fail(task, timeout.words, for_good=timeout.end == "failure")

    def _load(self, task: Task) -> None:
        """Loads the task's job; one that would start the same interpreter as the loaded one goes on with that."""
        job_info, plugin_info = self._repository.job_files(task.job_id)
        plugin = job_info["Plugin"]
        lasting = {key: value for key, value in plugin_info.items() if key not in _OF_NODE}
        kind = (plugin, lasting, _environment(job_info), job_info.get("UseJobEnvironmentOnly"))
        # Other hosts have a scene, which a job on the farm would not find as another job left it.
        can_keep = self._settings.keep_seconds > 0 and plugin_info.get("Interpreter") == "python"
        if self._sandbox is not None and can_keep and kind == self._kind:
            self._sandbox.change_job(task.job_id, plugin_info)
            self._job_id = task.job_id
            return
        with self._host.ending():
            self._unload()
        jobs_data = self._scratch / "jobsData" / task.job_id
        jobs_data.mkdir(parents=True, exist_ok=True)
        job = SandboxJob(
            plugin_directory=str(self._copy_plugin(plugin, task.job_id, plugin_info.get("Interpreter", ""))),
            jobs_data_directory=str(jobs_data),
            plugin_info=plugin_info,
            config=dict(self._settings.config),
            environment=_environment(job_info),
            environment_only=is_true(job_info.get("UseJobEnvironmentOnly", "")),
            job_id=task.job_id,
            worker_name=self._settings.name,
        )
        self._sandbox = Sandbox(plugin, job, self._host)
        self._job_id, self._kind = task.job_id, kind
        self._sandbox.load()
        self._sandbox.start_job()

    def _copy_plugin(self, plugin: str, job_id: str, interpreter: str) -> Path:
        """The worker's own copy of the plugin, as Deadline makes one (plugin API, section 1.1)."""
        folders, copy = self._settings.plugins, self._scratch / "plugins" / job_id
        found = (Path(folder, plugin) for folder in folders)
        source = next((folder for folder in found if is_file(folder / f"{plugin}.py")), None)
        if source is None:
            where = f"is in none of {', '.join(folders)}; install it by  flowpipe-deadline install"
            raise TaskError(f"the plugin {plugin} {where}")
        try:
            copy.mkdir(parents=True, exist_ok=True)
            for entry in source.iterdir():
                if not entry.is_dir():
                    shutil.copy2(entry, copy)
                elif self._settings.with_subfolders:
                    shutil.copytree(entry, copy / entry.name, dirs_exist_ok=True)
            if interpreter in self._settings.foreign:
                shutil.copy2(self._settings.packages, copy)
        except OSError as error:
            raise TaskError(f"the plugin cannot be copied from {source}: {error.strerror or error}") from error
        return copy

    def _unload(self) -> None:
        """Ends the loaded job, if any; an error of its plugin is only logged."""
        sandbox, self._sandbox, self._job_id = self._sandbox, None, None
        if sandbox is None:
            return
        for phase in (sandbox.end_job, sandbox.unload):
            try:
                phase()
            except TaskError as error:
                self._host.log("WARNING", f"The plugin failed while it was unloaded: {error}")


def task_log_name(task: Task) -> str:
    """The name of the task's log file."""
    return f"{task.key}.{task.task_id}.log"


def main() -> None:
    """Runs a worker with the settings on the command line until stdin closes."""
    settings = WorkerSettings(**json.loads(sys.argv[1]))
    if settings.is_isolated:
        for name in [name for name in os.environ if name.startswith("PYTHON") or name in _VIRTUAL]:
            del os.environ[name]
    stopping = threading.Event()
    threading.Thread(target=_wait_for_end, args=(stopping,), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-") as scratch:
        Worker(settings, stopping=stopping, scratch=Path(scratch)).run()


def _wait_for_end(stopping: threading.Event) -> None:
    while os.read(0, 1024):
        continue
    stopping.set()


def _environment(job_info: Mapping[str, str]) -> dict[str, str]:
    """The variables in the series ``EnvironmentKeyValue0=NAME=VALUE``; of one that is there twice, the last."""
    texts = takewhile(bool, (job_info.get(f"{_ENVIRONMENT}{number}") for number in count()))
    return {name: value for name, _, value in (str(text).partition("=") for text in texts)}


if __name__ == "__main__":
    main()
