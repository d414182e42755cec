"""The sandbox: loads a plugin file and runs its life cycle as a Worker does (plugin API, section 1.4).

It is for Advanced plugins that need no more than the Flowpipe plugin does. The imitated .NET objects are dynamic: they
are imported by name after `install`, and typed ``Any`` here.
"""

from __future__ import annotations

import os
import shutil
import sys
import types
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Dict, Iterator, Tuple

PACKAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")


@dataclass(frozen=True)
class SandboxJob:
    """The job a plugin runs for. ``config`` are the values of the plugin configuration, defaults included.

    ``plugin_directory`` holds the plugin's file.
    """

    plugin_directory: str = ""
    jobs_data_directory: str = ""
    plugin_info: Dict[str, str] = field(default_factory=dict)
    config: Dict[str, str] = field(default_factory=dict)
    environment: Dict[str, str] = field(default_factory=dict)
    environment_only: bool = False
    job_id: str = ""
    worker_name: str = "offline"


@dataclass(frozen=True)
class SandboxTask:
    """One task: its frames, the same frames as text, and its number."""

    frames: Tuple[int, ...]
    frame_text: str
    task_id: int = 0


class Host:
    """Receives what a plugin reports, to be subclassed.

    Its methods are called on the thread that runs the phase, unless the plugin starts threads of its own.
    """

    def log(self, level: str, text: str) -> None:
        """One line. Levels: INFO, WARNING, DEBUG, STDOUT, PYTHON."""

    def progress(self, percent: float) -> None:
        """The plugin set the progress of the task."""

    def status(self, text: str) -> None:
        """The plugin set the status message of the task."""

    def canceled(self) -> bool:
        """Whether the task is to end; called about ten times a second while the sandbox waits for a process."""
        return False

    def process_started(self, pid: int) -> None:
        """A process was started; it leads a process group of its own."""

    def process_ended(self, pid: int) -> None:
        """The process and what it started are gone; for one that ends by itself, called at the next occasion."""


class TaskError(Exception):
    """A phase failed: the line for the error report (plugin API, section 2.5)."""


class TaskCanceled(TaskError):
    """The phase ended because the host cancelled the task."""


def install() -> None:
    """Make ``Deadline`` and ``FranticX`` importable in this process."""
    if PACKAGES not in sys.path:
        sys.path.insert(0, PACKAGES)


def read_param(path: str) -> Dict[str, str]:
    """The ``Default=`` value of each section of a ``.param`` file that has one (plugin API, section 4.1)."""
    defaults: Dict[str, str] = {}
    section = ""
    with open(path, encoding="utf-8-sig", errors="replace") as stream:
        for line in stream:
            key, equals, value = line.strip().partition("=")
            if key.startswith("[") and key.endswith("]") and not equals:
                section = key[1:-1]
            elif equals and section and key.strip().lower() == "default":
                defaults[section] = value.strip()
    return defaults


class Sandbox:
    """One loaded plugin. The phases are called in order; `unload` ends it and may be called at any time.

    Every phase raises `TaskError` when it fails and `TaskCanceled` when the host cancelled it.
    """

    def __init__(self, plugin_name: str, job: SandboxJob, host: Host) -> None:
        install()
        self._plugin_name = plugin_name
        self._job = job
        self._context: Any = import_module("_worker.context").Context(plugin_name, job, host)
        self._module: Any = None
        self._plugin: Any = None
        self._started = False

    def load(self) -> None:
        """Initialize Plugin: the plugin file, and InitializeProcess."""
        with self._phase():
            self._load_plugin()
            _fire(self._plugin, "InitializeProcessCallback")
            if "About" in self._job.config:
                self._context.log("INFO", "About: " + self._job.config["About"])

    def start_job(self) -> None:
        """Start Job."""
        self._started = True
        with self._phase():
            _fire(self._plugin, "StartJobCallback")

    def render_task(self, task: SandboxTask) -> None:
        """Render Task."""
        self._context.task, self._context.cancel_seen = task, False
        with self._phase():
            self._context.log("INFO", "Plugin rendering frame(s): {}".format(task.frame_text))
            self._render()

    def change_job(self, job_id: str, plugin_info: Dict[str, str]) -> None:
        """Go on with another job that has the same settings but for these, which Deadline does not do."""
        self._context.job = replace(self._job, job_id=job_id, plugin_info=plugin_info)

    def end_job(self) -> None:
        """End Job: the EndJob callback of a plugin whose job was started; then nothing is left running.

        A cancel does not touch it: it has to tidy up after a cancelled task.
        """
        started, self._started = self._started, False
        try:
            with self._phase(cancelable=False):
                if started:
                    _fire(self._plugin, "EndJobCallback")
        finally:
            self._stop_processes()

    def unload(self) -> None:
        """Unload: CleanupDeadlinePlugin."""
        try:
            with self._phase(cancelable=False):
                if self._plugin is not None:
                    self._module.CleanupDeadlinePlugin(self._plugin)
        finally:
            self._stop_processes()
            self._module = self._plugin = None
            for directory in self._context.temp_directories:
                shutil.rmtree(directory, ignore_errors=True)

    def _load_plugin(self) -> None:
        """Run the plugin's file, in a new module for each sandbox (plugin API, sections 1.1 and 3.7)."""
        path = os.path.join(self._job.plugin_directory, self._plugin_name + ".py")
        self._module = types.ModuleType(self._plugin_name)
        self._module.__file__ = path
        with open(path, "rb") as stream:
            code = compile(stream.read(), path, "exec", dont_inherit=True)
        exec(code, self._module.__dict__)  # noqa: S102 (running a plugin is the purpose)
        self._plugin = self._module.GetDeadlinePlugin()

    def _render(self) -> None:
        _fire(self._plugin, "RenderTasksCallback")
        if self._context.cancel_seen:
            # The plugin returned without an error when it was cancelled; the task is still not complete.
            raise import_module("_worker.errors").RenderPluginException("the task was cancelled")

    @contextmanager
    def _phase(self, *, cancelable: bool = True) -> Iterator[None]:
        """Run plugin code; its failure becomes a `TaskError`."""
        with import_module("_worker.context").active(self._context):
            self._context.cancelable = cancelable
            try:
                yield
            except (Exception, SystemExit) as error:
                failure = self._failure(error)
                # Deadline runs EndJob after a failed task, and no process outlives it (1.4). Whether one still lives in
                # EndJob is unknown; stopped here, its name stays known.
                self._stop_processes()
                raise failure from None
            except BaseException:  # Ctrl+C: leave nothing running, then let it through.
                self._stop_processes()
                raise

    def _failure(self, error: BaseException) -> TaskError:
        kind = TaskCanceled if self._context.canceled() else TaskError
        return kind(import_module("_worker.errors").message_of(error))

    def _stop_processes(self) -> None:
        if self._plugin is not None:
            self._plugin._standin.monitored.stop_all()


def _fire(plugin: Any, event: str) -> None:
    import_module("_dotnet.members").fire(plugin, event)
