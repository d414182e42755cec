"""Stand-in of ``Deadline.Plugins``: ``DeadlinePlugin`` and what comes with it (plugin API, sections 1 to 3)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

from typing import Any

from _dotnet.enums import NetEnum
from _dotnet.kinds import BOOL, INT, STRING, method, one_of
from _dotnet.members import EventSlot, Property
from _dotnet.refusal import refused, refusing_function
from _worker.errors import FailRenderException
from _worker.launch import Command, command_of, launch, run_managed, run_to_end
from _worker.monitored import MonitoredProcesses
from _worker.questions import Questions
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


class PluginType(NetEnum):
    """Simple runs one process per task, Advanced whatever it likes (plugin API, section 1.5)."""

    Simple = 0
    Advanced = 1


class DeadlinePlugin(Questions):
    """Base of every plugin. What it asks and reports is in `Questions`; here are its callbacks and processes."""

    StartJobCallback = EventSlot()
    RenderTasksCallback = EventSlot()
    EndJobCallback = EventSlot()
    MonitoredManagedProcessExitCallback = EventSlot()
    PreRenderTasksCallback = EventSlot()
    PostRenderTasksCallback = EventSlot()
    IsSingleFramesOnlyCallback = EventSlot(returns=BOOL)
    RenderCanceledCallback = EventSlot()
    ModifyCommandLineCallback = EventSlot()

    PluginType = Property(one_of(PluginType), PluginType.Simple)  # Default: 1.5, inferred there.
    SingleFramesOnly = Property(BOOL, False)

    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        self = super().__new__(cls, *arguments, **keywords)
        self._standin.monitored = MonitoredProcesses(self._standin.context)
        return self

    def __getattr__(self, name: str) -> Any:
        if name in _LEFT_OUT:
            return refusing_function("DeadlinePlugin.{}".format(name), _LEFT_OUT[name])
        return super().__getattr__(name)

    @method(STRING)
    def FailRender(self, message: str) -> None:
        """Fail the task (plugin API, section 2.5)."""
        raise FailRenderException(message or "")

    @method(STRING, STRING, STRING, INT)
    def RunProcess(self, executable: str, arguments: str, directory: str, timeout: int) -> int:
        """Run a program to its end; its output goes nowhere (plugin API, section 2.2)."""
        if timeout != -1:
            raise refused("RunProcess with a timeout (its unit is unknown; vendors pass -1)", "2.2")
        context = self._standin.context
        child = launch(context, Command(executable, arguments, directory), {}, capture=False)
        return run_to_end(context, child, lambda _: None)

    @method(one_of(ManagedProcess))
    def RunManagedProcess(self, process: ManagedProcess) -> None:
        """Run a managed process to its end (plugin API, section 2.2)."""
        run_managed(process, self, initialize=True)

    @method(STRING, one_of(ManagedProcess))
    def StartMonitoredManagedProcess(self, name: str, process: ManagedProcess) -> None:
        """Start a managed process and return; ``name`` is its handle (plugin API, section 2.2)."""
        command = command_of(process, self, initialize=True)
        self._standin.monitored.start(name, process, command, process._standin.environment, tree=process.UseProcessTree)

    @method(STRING, STRING, STRING, STRING)
    def StartMonitoredProgram(self, name: str, executable: str, arguments: str, directory: str) -> None:
        """The same without a class (2.2); its lines are logged at a flush and reach no handler."""
        self._standin.monitored.start(name, None, Command(executable, arguments, directory), {}, tree=True)

    @method(STRING)
    def ShutdownMonitoredProgram(self, name: str) -> None:
        self._standin.monitored.shutdown(name)

    @method(STRING)
    def VerifyMonitoredManagedProcess(self, name: str) -> None:
        """Fail the task if the process is gone (plugin API, section 2.2)."""
        self._standin.monitored.verify(name, self)

    @method(STRING)
    def MonitoredManagedProcessIsRunning(self, name: str) -> bool:
        return self._standin.monitored.is_running(name)

    @method(STRING)
    def FlushMonitoredManagedProcessStdout(self, name: str) -> None:
        """Log the lines collected so far and run the handlers on them (plugin API, section 2.2)."""
        self._standin.monitored.flush(name, handle=True)

    @method(STRING)
    def FlushMonitoredManagedProcessStdoutNoHandling(self, name: str) -> None:
        """Log the lines collected so far (plugin API, section 2.2)."""
        self._standin.monitored.flush(name, handle=False)

    @method(STRING, STRING)
    def WriteStdinToMonitoredManagedProcess(self, name: str, text: str) -> None:
        """Write one statement: the text and a line end (plugin API, section 2.2)."""
        self._standin.monitored.write(name, text or "")

    @method(STRING)
    def CheckForMonitoredManagedProcessPopups(self, name: str) -> str:
        """Always "": nothing in the offline farm opens a dialog (plugin API, section 2.2)."""
        self._standin.monitored.check_known(name)
        return ""

    @method(STRING, INT)
    def WaitForMonitoredManagedProcessToExit(self, name: str, milliseconds: int) -> bool:
        """Whether the process has ended; returns at once when it does (plugin API, section 2.2)."""
        return self._standin.monitored.wait(name, milliseconds)

    @method(STRING, BOOL)
    def SetMonitoredManagedProcessExitCheckingFlag(self, name: str, flag: bool) -> None:
        """False: the end of the process is expected (plugin API, section 2.2)."""
        self._standin.monitored.check_exit(name, flag)

    @method(STRING)
    def GetMonitoredManagedProcessExitCode(self, name: str) -> int:
        return self._standin.monitored.exit_code(name)

    @method(STRING)
    def ShutdownMonitoredManagedProcess(self, name: str) -> None:
        """End the process and everything it started (plugin API, section 2.2)."""
        self._standin.monitored.shutdown(name)
