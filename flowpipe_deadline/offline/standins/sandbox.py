"""The sandbox: loads a plugin file and runs its life cycle as a Worker does (plugin API, section 1.4).

The imitated .NET objects are dynamic: they are imported by name after `install`, and typed ``Any`` here.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

__all__ = [
    "Host",
    "Sandbox",
    "SandboxJob",
    "SandboxTask",
    "TaskCanceled",
    "TaskError",
    "Unknowns",
    "install",
    "read_param",
]

_CHOICES = {
    "handlers": ("first", "all"),
    "frame_bounds": ("ends", "extremes"),
    "quotes": ("dotnet", "mono"),
    "after_error": ("stop", "keep"),
}
PACKAGES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "packages")


@dataclass(frozen=True)
class SandboxJob:
    """The job a plugin runs for. ``config`` are the values of the plugin configuration, defaults included.

    ``plugin_directory`` holds the plugin's file; ``path_mappings`` are pairs of source and target.
    """

    job_id: str
    name: str = "Untitled"
    batch_name: str = ""
    user_name: str = ""
    frames: str = "0"
    frames_list: Tuple[int, ...] = (0,)
    frames_per_task: int = 1
    plugin_info: Dict[str, str] = field(default_factory=dict)
    config: Dict[str, str] = field(default_factory=dict)
    environment: Dict[str, str] = field(default_factory=dict)
    environment_only: bool = False
    extra_info: Dict[str, str] = field(default_factory=dict)
    auxiliary_files: List[str] = field(default_factory=list)
    jobs_data_directory: str = ""
    plugin_directory: str = ""
    worker_name: str = "offline"
    thread_number: int = 0
    path_mappings: List[Tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class SandboxTask:
    """One task: its number, its frames, and the same frames as text."""

    task_id: int
    frames: Tuple[int, ...]
    frame_text: str


@dataclass(frozen=True)
class Unknowns:
    """How the sandbox decides what is undocumented (plugin API, section 9)."""

    frame_bounds: str = "ends"
    """Start and end frame of a task with gaps or in reverse order: its ``ends``, or its ``extremes`` (9.9)."""
    missing_value: Optional[str] = ""
    """What a missing key of the job's ``…KeyValue`` getters reads as: ``""`` or None (9.8)."""
    quotes: str = "dotnet"
    """Who splits arguments on Linux and macOS: ``dotnet``, or ``mono``, for which single quotes are quotes."""
    after_error: str = "stop"
    """Monitored processes after a failed task: ``stop`` them at once, or ``keep`` them until EndJob has run (1.4)."""


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
    """A phase failed: the line for the error report, and the traceback for its text (plugin API, section 2.5)."""

    def __init__(self, message: str, traceback_text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.traceback_text = traceback_text


class TaskCanceled(TaskError):
    """The phase ended because the host cancelled the task."""


def install(packages: Sequence[str] = ()) -> None:
    """Make ``Deadline`` and ``FranticX`` importable in this process, and what lies in further folders before them."""
    for folder in [PACKAGES, *packages]:
        if folder not in sys.path:
            sys.path.insert(0, folder)


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

    ``handlers`` says whether the ``first`` stdout handler that matches a line runs, or ``all`` that do (9.3).
    ``packages`` are folders with further modules for the plugin, such as stand-ins that only other plugins use. Every
    phase raises `TaskError` when it fails and `TaskCanceled` when the host cancelled it.
    """

    def __init__(
        self,
        plugin_name: str,
        job: SandboxJob,
        host: Host,
        deadline_version: Tuple[int, ...] = (10, 4),
        *,
        handlers: str = "first",
        unknowns: Unknowns = Unknowns(),
        packages: Sequence[str] = (),
    ) -> None:
        answers = dict(vars(unknowns), handlers=handlers)
        for name, choices in _CHOICES.items():
            if answers[name] not in choices:
                raise ValueError("{}={!r}: choose one of {}".format(name, answers[name], ", ".join(choices)))
        install(packages)
        self._plugin_name = plugin_name
        self._job = job
        self._after_error = unknowns.after_error
        self._context: Any = _part("_worker.context").Context(plugin_name, job, host, deadline_version, answers)
        self._files: Any = _part("_worker.loading").LoadedFiles(self._context)
        self._module: Any = None
        self._plugin: Any = None
        self._started = False

    def load(self) -> None:
        """Initialize Plugin: ``PluginPreLoad.py`` if there is one, the plugin file, and InitializeProcess."""
        with self._phase():
            if self._files.has("PluginPreLoad.py"):
                self._files.load("PluginPreLoad.py").__main__()
            self._module = self._files.load(self._plugin_name + ".py", forgiving=True)
            self._plugin = _part("_worker.loading").plugin_of(self._module)
            _fire(self._plugin, "InitializeProcessCallback")
            if "About" in self._job.config:
                self._context.log("INFO", "About: " + self._job.config["About"])

    def start_job(self) -> None:
        """Start Job: ``JobPreLoad.py`` if there is one, then StartJob, which only Advanced plugins have (1.3)."""
        self._started = True
        with self._phase():
            if self._files.has("JobPreLoad.py"):
                self._files.load("JobPreLoad.py").__main__(self._loaded())
            if self._is_advanced():
                _fire(self._loaded(), "StartJobCallback")

    def render_task(self, task: SandboxTask) -> None:
        """Render Task: once, or frame by frame if the plugin wants single frames (1.6)."""
        self._context.begin_task(task)
        with self._phase():
            plugin = self._loaded()
            self._context.log("INFO", "Plugin rendering frame(s): {}".format(task.frame_text))
            single = plugin.SingleFramesOnly
            if _part("_dotnet.members").is_hooked(plugin, "IsSingleFramesOnlyCallback"):
                single = _fire(plugin, "IsSingleFramesOnlyCallback")
            runs: List[Tuple[int, ...]] = [(frame,) for frame in task.frames] if single else [task.frames]
            for frames in runs:
                self._context.frames = frames
                self._render_or_cancel(plugin)

    def end_job(self) -> None:
        """End Job: the EndJob callback of an Advanced plugin whose job was started; then nothing is left running.

        A cancel does not touch it: it has to tidy up after a cancelled task.
        """
        started, self._started = self._started, False
        try:
            with self._phase(cancelable=False):
                if started and self._is_advanced():
                    _fire(self._loaded(), "EndJobCallback")
        finally:
            self._shut_down()

    def unload(self) -> None:
        """Unload: CleanupDeadlinePlugin, then warn of every callback that is still hooked (1.2: it leaks)."""
        plugin, self._plugin = self._plugin, None
        try:
            with self._phase(cancelable=False):
                if plugin is not None:
                    self._module.CleanupDeadlinePlugin(plugin)
                    for leak in _part("_worker.reports").leaks(self._context):
                        self._context.log("WARNING", leak)
        finally:
            if plugin is not None:
                plugin._standin.monitored.shutdown_all()
            self._module = None
            for directory in self._context.temp_directories:
                shutil.rmtree(directory, ignore_errors=True)
            self._files.forget()

    def _render_or_cancel(self, plugin: Any) -> None:
        try:
            self._render(plugin)
            if self._context.cancel_seen:
                # The plugin returned without an error when it was cancelled; the task is still not complete.
                raise _part("_worker.errors").Canceled("the task was cancelled")
        except Exception:
            if self._context.canceled():
                _fire(plugin, "RenderCanceledCallback")
            raise

    def _render(self, plugin: Any) -> None:
        if self._is_advanced():
            if not _part("_dotnet.members").is_hooked(plugin, "RenderTasksCallback"):
                raise _error("the Advanced plugin {} hooks no RenderTasksCallback".format(self._plugin_name))
            _fire(plugin, "RenderTasksCallback")
            return
        _fire(plugin, "PreRenderTasksCallback")
        _part("_worker.launch").run_managed(plugin, plugin, initialize=False)
        _fire(plugin, "PostRenderTasksCallback")

    def _is_advanced(self) -> bool:
        return bool(self._loaded().PluginType is _part("Deadline.Plugins").PluginType.Advanced)

    def _loaded(self) -> Any:
        if self._plugin is None:
            raise _error("plugin {} is not loaded".format(self._plugin_name))
        return self._plugin

    @contextmanager
    def _phase(self, *, cancelable: bool = True) -> Iterator[None]:
        """Run plugin code: what it prints goes to the log, its failure becomes a `TaskError`."""
        with ExitStack() as stack:
            stack.enter_context(_part("_worker.context").active(self._context))
            stack.enter_context(_part("_worker.printing").printing_to_log(self._context))
            self._context.cancelable = cancelable
            if self._plugin is not None:
                self._plugin._standin.monitored.note_ends()
            try:
                yield
            except (Exception, SystemExit) as error:
                failure = self._failure(error)
                self._stop_after_error()
                raise failure from None
            except BaseException:  # Ctrl+C: leave nothing running, then let it through.
                self._shut_down()
                raise

    def _failure(self, error: BaseException) -> TaskError:
        reports = _part("_worker.reports")
        canceled = isinstance(error, _part("_worker.errors").Canceled) or self._context.canceled()
        kind = TaskCanceled if canceled else TaskError
        return kind(reports.message_of(error), reports.traceback_of(error, self._job.plugin_directory))

    def _stop_after_error(self) -> None:
        # Deadline runs EndJob after a failed task, and no process outlives it (1.4). Whether one still lives in EndJob
        # is unknown; stopped here, its name stays known.
        if self._plugin is not None and self._after_error == "stop":
            self._plugin._standin.monitored.stop_all()

    def _shut_down(self) -> None:
        if self._plugin is not None:
            self._plugin._standin.monitored.shutdown_all()


def _fire(plugin: Any, event: str) -> Any:
    return _part("_dotnet.members").fire(plugin, event)


def _error(message: str) -> Exception:
    error: Exception = _part("_worker.errors").RenderPluginException(message)
    return error


def _part(name: str) -> Any:
    return importlib.import_module(name)
