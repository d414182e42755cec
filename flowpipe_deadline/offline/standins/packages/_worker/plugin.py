"""``DeadlinePlugin`` (plugin API, sections 1 to 3), as far as the Flowpipe plugin uses it."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from typing import Any

from _dotnet.arrays import Array
from _dotnet.exceptions import FormatException, InvalidOperationException, KeyNotFoundException, refused
from _dotnet.kinds import BOOL, FLOAT, INT, STRING, NetEnum, method, one_of
from _dotnet.members import EventSlot, Property, fire
from FranticX.Processes import ManagedProcess

from _worker.errors import FailRenderException
from _worker.launch import command_of
from _worker.monitored import MonitoredProcesses

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*\Z")


class PluginType(NetEnum):
    """Simple runs one process per task, Advanced whatever it likes (plugin API, section 1.5)."""

    Simple = 0
    Advanced = 1


class Job:
    """The running job, read-only (plugin API, section 5.5)."""

    __slots__ = ("_job",)

    def __init__(self, job: Any) -> None:
        self._job = job

    JobId = property(lambda self: self._job.job_id)
    JobUseJobEnvironmentOnly = property(lambda self: self._job.environment_only)

    @method(STRING)
    def GetJobEnvironmentKeyValue(self, key: str) -> str:
        """The value; of a missing key "", though it may be None (9.8)."""
        return self._job.environment.get(key, "")


class Task:
    """The running task, read-only (plugin API, section 5.6)."""

    __slots__ = ("_task",)

    def __init__(self, task: Any) -> None:
        self._task = task

    TaskFrameList = property(lambda self: Array(INT, self._task.frames))


class DeadlinePlugin(ManagedProcess):
    """Base of every plugin."""

    StartJobCallback = EventSlot()
    RenderTasksCallback = EventSlot()
    EndJobCallback = EventSlot()

    PluginType = Property(one_of(PluginType), PluginType.Simple)  # Default: 1.5, inferred there.
    SingleFramesOnly = Property(BOOL, False)

    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        self = super().__new__(cls, *arguments, **keywords)
        self._standin.monitored = MonitoredProcesses(self._standin.context)
        return self

    @method(STRING)
    def GetPluginInfoEntry(self, key: str) -> str:
        """A value of the plugin info (plugin API, section 3.1); what a missing one raises is unknown (9.1)."""
        value = self._standin.context.job.plugin_info.get(key)
        if value is None:
            raise KeyNotFoundException(
                "GetPluginInfoEntry: plugin info entry '{}' is missing and has no default".format(key)
            )
        return value

    @method(STRING, STRING)
    def GetPluginInfoEntryWithDefault(self, key: str, default: str) -> str:
        return self._standin.context.job.plugin_info.get(key, default)

    @method(STRING, STRING)
    def GetConfigEntryWithDefault(self, key: str, default: str) -> str:
        return self._standin.context.job.config.get(key, default)

    @method(STRING, INT)
    def GetIntegerConfigEntryWithDefault(self, key: str, default: int) -> int:
        """A value of the configuration (plugin API, section 3.1); how a blank one reads is unknown: it is refused."""
        text = self._standin.context.job.config.get(key)
        if text is None:
            return default
        if _INTEGER.match(text):
            with contextlib.suppress(TypeError):  # More than 32 bits.
                return INT(int(text))
        raise FormatException("plugin configuration entry '{}' is '{}', which is not {}".format(key, text, INT.name))

    @method()
    def GetJob(self) -> Job:
        return Job(self._standin.context.job)

    @method()
    def GetCurrentTask(self) -> Task:
        task = self._standin.context.task
        if task is None:
            raise InvalidOperationException("no task is running: its number and frames are known while one renders")
        return Task(task)

    @method()
    def GetCurrentTaskId(self) -> str:
        """A string (plugin API, section 3.2)."""
        if self._standin.context.task is None:
            raise InvalidOperationException("no task is running: its number is known while one renders")
        return str(self._standin.context.task.task_id)

    @method()
    def GetSlaveName(self) -> str:
        return self._standin.context.job.worker_name

    @method()
    def GetThreadNumber(self) -> int:
        """An offline worker has one render thread."""
        return 0

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

    @method(STRING, STRING)
    def SetProcessEnvironmentVariable(self, name: str, value: str) -> None:
        """Set a variable of every process this plugin starts from now on (plugin API, section 3.5)."""
        if not name or value is None:
            raise refused("an environment variable without name or value", "3.5")
        context = self._standin.context
        context.log("INFO", "Setting Process Environment Variable {} to {}".format(name, value))
        context.process_environment[name] = value

    @method(STRING)
    def GetProcessEnvironmentVariable(self, name: str) -> str:
        """Read that back (plugin API, section 3.5); of a missing name "", though it may be None (9.8)."""
        return self._standin.context.process_environment.get(name, "")

    @method(FLOAT)
    def SetProgress(self, percent: float) -> None:
        """0 to 100 (plugin API, section 2.4)."""
        self._standin.context.host.progress(percent)

    @method(STRING)
    def SetStatusMessage(self, text: str) -> None:
        self._standin.context.host.status(text or "")

    @method(STRING)
    def LogInfo(self, text: str) -> None:
        self._standin.context.log("INFO", text)

    @method(STRING)
    def LogWarning(self, text: str) -> None:
        self._standin.context.log("WARNING", text)

    @method()
    def IsCanceled(self) -> bool:
        """Whether the task is to end; vendor plugins then call FailRender (plugin API, section 2.5)."""
        return self._standin.context.canceled()

    @method(STRING)
    def FailRender(self, message: str) -> None:
        """Fail the task (plugin API, section 2.5)."""
        raise FailRenderException(message or "")

    @method(STRING, one_of(ManagedProcess))
    def StartMonitoredManagedProcess(self, name: str, process: ManagedProcess) -> None:
        """Start a managed process and return; ``name`` is its handle (plugin API, section 2.2)."""
        fire(process, "InitializeProcessCallback")
        self._standin.monitored.start(name, process, command_of(process))

    @method(STRING)
    def FlushMonitoredManagedProcessStdout(self, name: str) -> None:
        """Log the lines collected so far and run the handlers on them (plugin API, section 2.2)."""
        self._standin.monitored.flush(name, handle=True)

    @method(STRING, STRING)
    def WriteStdinToMonitoredManagedProcess(self, name: str, text: str) -> None:
        """Write one statement: the text and a line end (plugin API, section 2.2)."""
        self._standin.monitored.find(name).child.write_line(text or "")

    @method(STRING, INT)
    def WaitForMonitoredManagedProcessToExit(self, name: str, milliseconds: int) -> bool:
        """Whether the process has ended; returns at once when it does (plugin API, section 2.2)."""
        return self._standin.monitored.wait(name, milliseconds)

    @method(STRING, BOOL)
    def SetMonitoredManagedProcessExitCheckingFlag(self, name: str, flag: bool) -> None:
        """False: the end of the process is expected (plugin API, section 2.2)."""
        self._standin.monitored.find(name).exit_is_checked = flag

    @method(STRING)
    def GetMonitoredManagedProcessExitCode(self, name: str) -> int:
        return self._standin.monitored.find(name).child.exit_code

    @method(STRING)
    def ShutdownMonitoredManagedProcess(self, name: str) -> None:
        """End the process and everything it started (plugin API, section 2.2)."""
        self._standin.monitored.shutdown(name)
