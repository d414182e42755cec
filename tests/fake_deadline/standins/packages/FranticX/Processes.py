"""Stand-in of ``FranticX.Processes``: all of ``ManagedProcess`` (plugin API, sections 1.2, 1.3, 1.6 and 2.1)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

from typing import Any

from _dotnet.exceptions import refused
from _dotnet.kinds import BOOL, INT, OBJECT, STRING, NetEnum, method, one_of
from _dotnet.members import EventSlot, Property
from _more.arrays import array_of
from _more.expressions import expression
from _more.refusal import refusing_function
from _more.reports import remember
from _more.stdout import HandlerList, Stdout
from _worker import process
from _worker.errors import RenderPluginException
from _worker.stdout import RegexHandlerCallback

__all__ = ["ManagedProcess"]


class ProcessPriorityClass(NetEnum):
    """Priority of a process; accepted, not applied."""

    Normal = 0x20
    Idle = 0x40
    High = 0x80
    RealTime = 0x100
    BelowNormal = 0x4000
    AboveNormal = 0x8000


class AbortLevel(NetEnum):
    """How badly a render is aborted. The names are known, the numbers are not."""

    Minor = 0
    Major = 1
    Fatal = 2
    Success = 3


# Members that exist in Deadline and are left out, with the reference section that knows them.
_LEFT_OUT_METHODS = {
    "CheckForPopups": "1.6",
    "ClearEnvironmentVariables": "1.6",
    "EnvironmentVariableExists": "1.6",
    "Execute": "1.6",
    "ExitWithSuccess": "1.6",
    "FlushStdout": "1.6",
    "GetExitCode": "1.6",
    "GetManagedProcessIDs": "2.1",
    "SetUpdateTimeout": "2.1",
}
_LEFT_OUT_PROPERTIES = {
    "DetectLoop": "1.6",
    "Domain": "1.6",
    "EnvironmentVariables": "1.6",
    "ExecutableEnvironmentVariable": "1.6",
    "FatalPythonErrors": "1.6",
    "Password": "1.6",
    "plugin_initialized": "1.2",
}


class ManagedProcess(process.ManagedProcess):
    """As the product's, with the members that only other plugins use, and the expressions of .NET.

    Priority and affinity are accepted and ignored: an offline worker has no use for them.
    """

    RegexHandlerCallback = RegexHandlerCallback
    AbortLevel = AbortLevel

    CheckExitCodeCallback = EventSlot()

    CreateNewConsole = Property(BOOL, False)
    TerminateOnExit = Property(BOOL, False)
    AsynchronousStdout = Property(BOOL, False)
    HandleQtPopups = Property(BOOL, False)
    HandleWindows10Popups = Property(BOOL, False)
    ProcessPriority = Property(one_of(ProcessPriorityClass), ProcessPriorityClass.BelowNormal)
    ProcessAffinity = Property(array_of(INT), None)
    PopupButtonClasses = Property(array_of(STRING), None)
    PopupTextClasses = Property(array_of(STRING), None)
    PopupMaxChildWindows = Property(INT, 0)

    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        self = super().__new__(cls, *arguments, **keywords)
        self._standin.stdout = Stdout(self._standin.context)
        self._standin.ignored_exit_codes = set()
        remember(self)
        return self

    def __getattr__(self, name: str) -> Any:
        what = "{}.{}".format(type(self).__name__, name)
        if name in _LEFT_OUT_METHODS:
            return refusing_function(what, _LEFT_OUT_METHODS[name])
        if name in _LEFT_OUT_PROPERTIES:
            raise refused(what, _LEFT_OUT_PROPERTIES[name])
        raise AttributeError("'{}' object has no attribute '{}'".format(type(self).__name__, name))

    @property
    def StdoutHandlers(self) -> HandlerList:
        return HandlerList(self._standin.stdout.handlers)

    @method(STRING)
    def AddStdoutHandlerCallback(self, pattern: str) -> RegexHandlerCallback:
        """Watch for a .NET expression; hook the answer's ``HandleCallback`` (plugin API, section 2.1)."""
        self._standin.require_base("AddStdoutHandlerCallback")
        return self._standin.stdout.add(pattern)

    @method(STRING, one_of(AbortLevel), optional=1)
    def AbortRender(self, message: str, level: AbortLevel = AbortLevel.Major) -> None:
        """End the task; without a level the abort is Major (plugin API, section 2.1)."""
        if level is AbortLevel.Success:
            raise refused("AbortRender with AbortLevel.Success", "2.1")
        raise RenderPluginException(message or "")

    @method(INT)
    def AddExitCodeToIgnore(self, code: int) -> None:
        """Count this exit code as success (plugin API, section 2.1)."""
        self._standin.ignored_exit_codes.add(code)

    @method(STRING, OBJECT, OBJECT, optional=1)
    def AddPopupHandler(self, title: str, *others: Any) -> None:
        """Checked and ignored, as nothing on the offline farm opens a dialog (plugin API, section 2.1)."""
        for pattern in (title, *others[:-1]):
            expression(STRING(pattern))

    @method(STRING, STRING, optional=1)
    def AddPopupIgnorer(self, title: str, content: str = "") -> None:
        """Accepted and checked, as `AddPopupHandler`."""
        expression(title)
        expression(content)

    @method()
    def GetPreviousStdoutLine(self) -> str:
        """The line before the one being handled (plugin API, section 2.1)."""
        return self._standin.stdout.previous_line

    @method(STRING)
    def GetEnvironmentVariable(self, name: str) -> str:
        """The variable as this object's process gets it; "" if unset, as vendors expect (plugin API, section 3.5)."""
        state = self._standin
        return state.environment.get(name, state.context.environment().get(name, ""))
