"""What a plugin can ask and say about its job, task and Worker (plugin API, section 3)."""

from __future__ import annotations

import os
import uuid
from typing import Any, Tuple

from _dotnet.arrays import Array
from _dotnet.exceptions import InvalidOperationException
from _dotnet.kinds import FLOAT, INT, STRING, method
from _dotnet.refusal import refused
from FranticX.Processes import ManagedProcess

from _worker.context import Context
from _worker.entries import entries, parse_boolean
from _worker.jobs import Job, Task

__all__ = ["Questions"]


@entries("PluginInfoEntry", "plugin info entry", lambda self: self._standin.context.job.plugin_info)
@entries("ConfigEntry", "plugin configuration entry", lambda self: self._standin.context.job.config)
class Questions(ManagedProcess):
    """The half of ``DeadlinePlugin`` that only asks and reports; a class of its own to keep both halves readable."""

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
    def GetJobsDataDirectory(self) -> str:
        return self._standin.context.job.jobs_data_directory

    @method()
    def GetPluginDirectory(self) -> str:
        return self._standin.context.job.plugin_directory

    @method(STRING)
    def CreateTempDirectory(self, prefix: str) -> str:
        """Make ``<jobsData>/<prefix>_temp<6 characters>``; unloading removes it (plugin API, section 3.3)."""
        context = self._standin.context
        name = "{}_temp{}".format(prefix or "", uuid.uuid4().hex[:6])
        path = os.path.join(context.job.jobs_data_directory, name)
        os.makedirs(path)
        context.temp_directories.append(path)
        return path

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

    @method(STRING, STRING)
    def SetProcessEnvironmentVariable(self, name: str, value: str) -> None:
        """Set a variable of every process this plugin starts from now on (plugin API, section 3.5)."""
        if not name or value is None:
            raise refused("an environment variable without name or value", "3.5")
        context = self._standin.context
        context.log("INFO", "Setting Process Environment Variable {} to {}".format(name, value))
        context.process_environment[name] = value

    @method(STRING)
    def GetProcessEnvironmentVariable(self, name: str) -> Any:
        """Read back what `SetProcessEnvironmentVariable` set (3.5); for a missing name see 9.8."""
        context = self._standin.context
        return context.process_environment.get(name, context.answers["missing_value"])

    @method()
    def ClearProcessEnvironmentVariables(self) -> None:
        self._standin.context.process_environment.clear()

    @method(FLOAT)
    def SetProgress(self, percent: float) -> None:
        """0 to 100 (plugin API, section 2.4)."""
        self._standin.context.tell("progress", percent)

    @method(STRING)
    def SetStatusMessage(self, text: str) -> None:
        self._standin.context.tell("status", text or "")

    @method(STRING)
    def LogInfo(self, text: str) -> None:
        self._standin.context.log("INFO", text)

    @method(STRING)
    def LogWarning(self, text: str) -> None:
        self._standin.context.log("WARNING", text)

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

    @method()
    def IsCanceled(self) -> bool:
        """Whether the task is to end; vendor plugins then call FailRender (plugin API, section 2.5)."""
        return self._standin.context.canceled()

    @method()
    def CancelTask(self) -> None:
        """Make `IsCanceled` true (plugin API, section 2.5)."""
        self._standin.context.cancel()


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
