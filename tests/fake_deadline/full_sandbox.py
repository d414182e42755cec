"""The sandbox for any plugin: Simple ones, pre-load files, either answer to what is unknown, and strict .NET patterns.

As the product's, it runs in every Python from 3.7.
"""

from __future__ import annotations

import importlib
import shlex
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flowpipe_deadline.offline.standins import sandbox
from flowpipe_deadline.offline.standins.sandbox import Host, SandboxTask, TaskError

from .standins import PACKAGES

__all__ = ["Sandbox", "SandboxJob", "SandboxTask", "Unknowns", "install"]

_CHOICES = {
    "handlers": ("first", "all"),
    "frame_bounds": ("ends", "extremes"),
    "quotes": ("dotnet", "mono"),
    "after_error": ("stop", "keep"),
    "report": ("named", "bare"),
}


@dataclass(frozen=True)
class SandboxJob(sandbox.SandboxJob):
    """A job with all that a plugin can ask for. ``path_mappings`` are pairs of source and target."""

    name: str = "Untitled"
    batch_name: str = ""
    user_name: str = ""
    frames: str = "0"
    frames_list: tuple[int, ...] = (0,)
    frames_per_task: int = 1
    extra_info: dict[str, str] = field(default_factory=dict)
    auxiliary_files: list[str] = field(default_factory=list)
    thread_number: int = 0
    path_mappings: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Unknowns:
    """How the sandbox decides what is undocumented (plugin API, section 9)."""

    frame_bounds: str = "ends"
    """Start and end frame of a task with gaps or in reverse order: its ``ends``, or its ``extremes`` (9.9)."""
    missing_value: str | None = ""
    """What a missing key of the job's ``…KeyValue`` getters reads as: ``""`` or None (9.8)."""
    quotes: str = "dotnet"
    """Who splits arguments on Linux and macOS: ``dotnet``, or ``mono``, for which single quotes are quotes.

    Mono splits like a Unix shell, as the vendor's CommandLine plugin expects; a quote that is never closed is a
    ValueError.
    """
    after_error: str = "stop"
    """Monitored processes after a failed task: ``stop`` them at once, or ``keep`` them until EndJob has run (1.4)."""
    report: str = "named"
    """A report's line: with the exception's name before it, as up to 10.2, or ``bare``, as in 10.3.

    See hosts and tooling, section 5.4.
    """


def install() -> None:
    """Make the product's stand-ins importable in this process, and before them those of the kit."""
    sandbox.install()
    if PACKAGES not in sys.path:
        sys.path.insert(0, PACKAGES)


class _BusyHost:
    """A host, and whether this thread is inside of one of its methods: what it prints is not the plugin's."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._in_host = threading.local()

    @property
    def busy(self) -> bool:
        return getattr(self._in_host, "busy", False)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._host, name)

        def call(*arguments: Any) -> Any:
            outer, self._in_host.busy = self.busy, True
            try:
                return method(*arguments)
            finally:
                self._in_host.busy = outer

        return call


class Sandbox(sandbox.Sandbox):
    """One loaded plugin of any kind.

    ``handlers`` says whether the ``first`` stdout handler that matches a line runs, or ``all`` that do (9.3). Before
    ``deadline_version`` 10.3, the base constructor need not run. A `TaskError` has the traceback from the plugin's
    first line on in ``traceback_text``, and its line in ``message``.
    """

    def __init__(
        self,
        plugin_name: str,
        job: SandboxJob,
        host: Host,
        deadline_version: tuple[int, ...] = (10, 4),
        *,
        handlers: str = "first",
        unknowns: Unknowns = Unknowns(),
    ) -> None:
        answers = dict(vars(unknowns), handlers=handlers)
        for name, choices in _CHOICES.items():
            if answers[name] not in choices:
                raise ValueError("{}={!r}: choose one of {}".format(name, answers[name], ", ".join(choices)))
        install()
        super().__init__(plugin_name, job, _BusyHost(host))  # type: ignore[arg-type]
        self._context.answers = answers
        self._context.base_constructor_required = tuple(deadline_version) >= (10, 3)
        if answers["quotes"] == "mono":
            self._context.split_arguments = shlex.split
        self._keeps_processes = False
        self._files: Any = _part("_more.loading").LoadedFiles(self._context)

    def load(self) -> None:
        """Initialize Plugin: ``PluginPreLoad.py`` if there is one, the plugin file, and InitializeProcess."""
        if self._files.has("PluginPreLoad.py"):
            with self._phase():
                self._files.load("PluginPreLoad.py").__main__()
        super().load()

    def start_job(self) -> None:
        """Start Job: ``JobPreLoad.py`` if there is one, then StartJob, which only Advanced plugins have (1.3)."""
        self._started = self._is_advanced()
        if self._files.has("JobPreLoad.py"):
            with self._phase():
                self._files.load("JobPreLoad.py").__main__(self._plugin)
        if self._is_advanced():
            super().start_job()

    def _load_plugin(self) -> None:
        self._module = self._files.load(self._plugin_name + ".py", forgiving=True)
        self._plugin = _part("_more.loading").plugin_of(self._module)

    def _render(self) -> None:
        """Once, or frame by frame if the plugin wants single frames (1.6)."""
        plugin, frames = self._plugin, self._context.task.frames
        single = plugin.SingleFramesOnly
        if _is_hooked(plugin, "IsSingleFramesOnlyCallback"):
            single = _fire(plugin, "IsSingleFramesOnlyCallback")
        try:
            for self._context.frames in [(frame,) for frame in frames] if single else [frames]:
                self._render_frames()
        except Exception:
            if self._context.canceled():
                _fire(plugin, "RenderCanceledCallback")
            raise

    def _render_frames(self) -> None:
        if not self._is_advanced():
            _fire(self._plugin, "PreRenderTasksCallback")
            _part("_more.running").run_managed(self._plugin, self._plugin)
            _fire(self._plugin, "PostRenderTasksCallback")
            if self._context.cancel_seen:
                raise _part("_worker.errors").RenderPluginException("the task was cancelled")
        elif _is_hooked(self._plugin, "RenderTasksCallback"):
            super()._render()
        else:
            message = f"the Advanced plugin {self._plugin_name} hooks no RenderTasksCallback"
            raise _part("_worker.errors").RenderPluginException(message)

    def unload(self) -> None:
        """Unload: CleanupDeadlinePlugin, then warn of every callback that is still hooked (1.2: it leaks)."""
        plugin = self._plugin
        try:
            super().unload()
            for leak in _part("_more.reports").leaks(self._context) if plugin is not None else ():
                self._context.log("WARNING", leak)
        finally:
            self._files.forget()

    def _is_advanced(self) -> bool:
        return bool(self._plugin.PluginType is _part("Deadline.Plugins").PluginType.Advanced)

    @contextmanager
    def _phase(self, *, cancelable: bool = True) -> Iterator[None]:
        """What the plugin prints goes to the log."""
        with super()._phase(cancelable=cancelable), _part("_more.printing").printing_to_log(self._context):
            self._note_ends()
            yield

    def _note_ends(self) -> None:
        """Tell the host of processes that ended since it was last asked."""
        if self._plugin is not None:
            monitored = self._plugin._standin.monitored
            for found in list(monitored.by_name.values()):
                monitored.ended(found)

    def _failure(self, error: BaseException) -> TaskError:
        failure: Any = super()._failure(error)
        failure.traceback_text = _part("_more.reports").traceback_of(error, self._job.plugin_directory)
        if not isinstance(error, _part("_worker.errors").RenderPluginException):
            text = getattr(error, "Message", str(error))
            is_bare = getattr(error, "from_stdout", False) or self._context.answers["report"] == "bare"
            failure.args = (text if is_bare else f"{type(error).__name__} : {text}",)
        failure.message = str(failure)
        self._keeps_processes = self._context.answers["after_error"] == "keep"
        return failure  # type: ignore[no-any-return]

    def _stop_processes(self) -> None:
        # After an error they may be kept, once: `_failure` comes before.
        keeps, self._keeps_processes = self._keeps_processes, False
        if not keeps:
            super()._stop_processes()


def _is_hooked(plugin: Any, event: str) -> bool:
    return bool(_part("_dotnet.members").is_hooked(plugin, event))


def _fire(plugin: Any, event: str) -> Any:
    return _part("_dotnet.members").fire(plugin, event)


def _part(name: str) -> Any:
    return importlib.import_module(name)
