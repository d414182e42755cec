"""Stand-in of ``Deadline.Plugins``: all of ``DeadlinePlugin`` (plugin API, sections 1 to 3)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

import os
from typing import Any, Tuple

from _dotnet.arrays import Array
from _dotnet.exceptions import InvalidOperationException, refused
from _dotnet.kinds import BOOL, INT, STRING, method, one_of
from _dotnet.members import EventSlot, fire, is_hooked
from _more.entries import entries, parse_boolean
from _more.jobs import Job, Task
from _more.refusal import refusing_function
from _more.running import changed_command_of, run, run_managed
from _worker import plugin
from _worker.context import Context
from _worker.errors import FailRenderException, RenderPluginException
from _worker.launch import Command
from _worker.plugin import PluginType
from FranticX.Processes import ManagedProcess

__all__ = ["DeadlinePlugin", "FailRenderException", "PluginType"]

# Members that exist in Deadline and are left out, with the reference section that knows them.
_LEFT_OUT = {
    "AddStdoutHandler": "1.3",
    "CreateCommandFile": "2.2",
    "DetachMonitoredManagedProcess": "2.2",
    "DoEndJob": "1.6",
    "DoRenderTasks": "1.6",
    "DoStartJob": "1.6",
    "GetSlaveDirectory": "3.3",
    "IsTileJob": "3.2",
    "VerifyAndMoveDirectory": "3.3",
    "WaitForCommandFile": "2.2",
}


@entries("PluginInfoEntry", "plugin info entry", lambda self: self._standin.context.job.plugin_info)
@entries("ConfigEntry", "plugin configuration entry", lambda self: self._standin.context.job.config)
class DeadlinePlugin(plugin.DeadlinePlugin):
    """As the product's, with the members that only other plugins use."""

    MonitoredManagedProcessExitCallback = EventSlot()
    PreRenderTasksCallback = EventSlot()
    PostRenderTasksCallback = EventSlot()
    IsSingleFramesOnlyCallback = EventSlot(returns=BOOL)
    RenderCanceledCallback = EventSlot()
    ModifyCommandLineCallback = EventSlot()

    def __getattr__(self, name: str) -> Any:
        if name in _LEFT_OUT:
            return refusing_function("DeadlinePlugin.{}".format(name), _LEFT_OUT[name])
        return super().__getattr__(name)

    @method()
    def GetJob(self) -> Job:
        return Job(self._standin.context)

    @method()
    def GetCurrentTask(self) -> Task:
        _task(self._standin.context)
        return Task(self._standin.context)

    @method()
    def GetCurrentTaskId(self) -> str:
        """A string (plugin API, section 3.2)."""
        return str(_task(self._standin.context).task_id)

    @method()
    def GetStartFrame(self) -> int:
        return _bounds(self._standin.context)[0]

    @method()
    def GetEndFrame(self) -> int:
        return _bounds(self._standin.context)[1]

    @method()
    def GetDataFilename(self) -> Any:
        """The local path of the first auxiliary file; None without one (plugin API, section 3.3)."""
        job = self._standin.context.job
        return os.path.join(job.jobs_data_directory, job.auxiliary_files[0]) if job.auxiliary_files else None

    @method()
    def GetAuxiliaryFilenames(self) -> Array:
        """Names, to be joined with `GetJobsDataDirectory` (plugin API, section 3.3)."""
        return Array(STRING, self._standin.context.job.auxiliary_files)

    @method()
    def GetSlaveName(self) -> str:
        return self._standin.context.job.worker_name

    @method()
    def GetThreadNumber(self) -> int:
        return self._standin.context.job.thread_number

    @method()
    def IsRunningAsService(self) -> bool:
        """An offline worker never does."""
        return False

    @method()
    def OverrideCpuAffinity(self) -> bool:
        """An offline worker never limits processors (plugin API, section 3.4)."""
        return False

    @method()
    def CpuAffinity(self) -> Array:
        return Array(INT)

    @method()
    def OverrideGpuAffinity(self) -> bool:
        """An offline worker never limits graphics cards (plugin API, section 3.4)."""
        return False

    @method()
    def GpuAffinity(self) -> Array:
        return Array(INT)

    @method(STRING)
    def GetProcessEnvironmentVariable(self, name: str) -> Any:
        """Read back what `SetProcessEnvironmentVariable` set (3.5); for a missing name see 9.8."""
        context = self._standin.context
        return context.process_environment.get(name, context.answers["missing_value"])

    @method()
    def ClearProcessEnvironmentVariables(self) -> None:
        self._standin.context.process_environment.clear()

    @method(STRING)
    def LogStdout(self, text: str) -> None:
        self._standin.context.log("STDOUT", text)

    @method(STRING)
    def DebugMessage(self, text: str) -> None:
        """Logged only with ``DebugLogging=true`` in the plugin configuration (plugin API, section 2.4)."""
        if self.DebugLogging:
            self._standin.context.log("DEBUG", text)

    @property
    def DebugLogging(self) -> bool:
        return bool(parse_boolean(self._standin.context.job.config.get("DebugLogging", "")))

    @method(STRING, STRING, STRING, INT)
    def RunProcess(self, executable: str, arguments: str, directory: str, timeout: int) -> int:
        """Run a program to its end; its output goes nowhere (plugin API, section 2.2)."""
        if timeout != -1:
            raise refused("RunProcess with a timeout (its unit is unknown; vendors pass -1)", "2.2")
        context = self._standin.context
        return run(context, Command(executable, arguments, directory), {}, tree=True, on_line=lambda _: None)

    @method(one_of(ManagedProcess))
    def RunManagedProcess(self, process: ManagedProcess) -> None:
        """Run a managed process to its end (plugin API, section 2.2)."""
        fire(process, "InitializeProcessCallback")
        run_managed(process, self)

    @method(STRING, one_of(ManagedProcess))
    def StartMonitoredManagedProcess(self, name: str, process: ManagedProcess) -> None:
        """Start a managed process and return; ``name`` is its handle (plugin API, section 2.2)."""
        fire(process, "InitializeProcessCallback")
        self._standin.monitored.start(name, process, changed_command_of(process, self))

    @method(STRING, STRING, STRING, STRING)
    def StartMonitoredProgram(self, name: str, executable: str, arguments: str, directory: str) -> None:
        """The same without a class (2.2); its lines are logged at a flush and reach no handler."""
        self._standin.monitored.start(name, ManagedProcess(), Command(executable, arguments, directory))

    @method(STRING)
    def ShutdownMonitoredProgram(self, name: str) -> None:
        self._standin.monitored.shutdown(name)

    @method(STRING)
    def VerifyMonitoredManagedProcess(self, name: str) -> None:
        """Fail the task if the process is gone (plugin API, sections 2.2 and 2.5)."""
        state = self._standin
        found = state.monitored.find(name)
        if not state.monitored.ended(found):
            return
        state.context.log("WARNING", "Monitored managed process {} is no longer running".format(name))
        # The exit callback runs here and not on its own: when Deadline notices a death between calls is unknown. The
        # exit-checking flag decides whether it runs; the task fails either way.
        if found.exit_is_checked and is_hooked(self, "MonitoredManagedProcessExitCallback"):
            fire(self, "MonitoredManagedProcessExitCallback", name)
        raise RenderPluginException('Monitored managed process "{}" has exited or been terminated.'.format(name))

    @method(STRING)
    def MonitoredManagedProcessIsRunning(self, name: str) -> bool:
        monitored = self._standin.monitored
        return name in monitored.by_name and not monitored.ended(monitored.find(name))

    @method(STRING)
    def FlushMonitoredManagedProcessStdoutNoHandling(self, name: str) -> None:
        """Log the lines collected so far (plugin API, section 2.2)."""
        self._standin.monitored.flush(name, handle=False)

    @method(STRING)
    def CheckForMonitoredManagedProcessPopups(self, name: str) -> str:
        """Always "": nothing in the offline farm opens a dialog (plugin API, section 2.2)."""
        self._standin.monitored.find(name)
        return ""

    @method()
    def CancelTask(self) -> None:
        """Make `IsCanceled` true (plugin API, section 2.5)."""
        self._standin.context.cancel_seen = True


def _task(context: Context) -> Any:
    if context.task is None:
        raise InvalidOperationException("no task is running: its number and frames are known while one renders")
    return context.task


def _bounds(context: Context) -> Tuple[int, int]:
    """First and last frame.

    Those of a task with gaps or in reverse order are unknown (plugin API, section 9.9): ``ends`` takes the first and
    last of the list as it stands, ``extremes`` the smallest and largest.
    """
    _task(context)
    if not context.frames:
        raise InvalidOperationException("the task has no frames")
    if context.answers["frame_bounds"] == "extremes":
        return min(context.frames), max(context.frames)
    return context.frames[0], context.frames[-1]
