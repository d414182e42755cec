"""Stand-in of ``FranticX.Processes``: ``ManagedProcess`` (plugin API, sections 1.2, 1.3, 1.6 and 2.1)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

from typing import Any

from _dotnet.arrays import array_of
from _dotnet.enums import NetEnum
from _dotnet.expressions import expression
from _dotnet.kinds import BOOL, INT, OBJECT, STRING, method, one_of
from _dotnet.members import EventSlot, Property
from _dotnet.refusal import refused, refusing_function
from _worker.context import current
from _worker.errors import RenderPluginException
from _worker.state import ProcessState
from _worker.stdout import HandlerList, RegexHandlerCallback

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


class ManagedProcess:
    """Base of a plugin's own processes, and of plugins themselves.

    As under pythonnet (hosts and tooling, section 5.3): no second base class, no ``__dict__``, plain attributes can be
    set. Priority, affinity, windows and pop-ups are accepted and ignored: an offline worker has no use for them.
    """

    RegexHandlerCallback = RegexHandlerCallback
    AbortLevel = AbortLevel

    InitializeProcessCallback = EventSlot()
    RenderExecutableCallback = EventSlot(returns=STRING)
    RenderArgumentCallback = EventSlot(returns=STRING)
    StartupDirectoryCallback = EventSlot(returns=STRING)
    CheckExitCodeCallback = EventSlot()

    # Defaults: plugin API, section 1.6. Where it has none, a plugin has to ask for what it wants: False.
    StdoutHandling = Property(BOOL, False)
    PopupHandling = Property(BOOL, False)
    UseProcessTree = Property(BOOL, True)
    HideDosWindow = Property(BOOL, True)
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

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if len(cls.__bases__) != 1:
            raise TypeError(
                "class {}: a class that derives from a .NET class can have no other base".format(cls.__name__)
            )

    def __new__(cls, *_: Any, **__: Any) -> Any:
        self = object.__new__(cls)
        object.__setattr__(self, "_standin", ProcessState(self, current()))
        return self

    def __init__(self) -> None:
        self._standin.base_called = True

    def __setattr__(self, name: str, value: Any) -> None:
        self._standin.require_base(name)
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        what = "{}.{}".format(type(self).__name__, name)
        if name in _LEFT_OUT_METHODS:
            return refusing_function(what, _LEFT_OUT_METHODS[name])
        if name in _LEFT_OUT_PROPERTIES:
            raise refused(what, _LEFT_OUT_PROPERTIES[name])
        raise AttributeError("'{}' object has no attribute '{}'".format(type(self).__name__, name))

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise AttributeError("'{}' object has no attribute '__dict__'".format(type(self).__name__))

    @property
    def StdoutHandlers(self) -> HandlerList:
        return HandlerList(self._standin.stdout.handlers)

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

    @method(STRING)
    def AddStdoutHandlerCallback(self, pattern: str) -> RegexHandlerCallback:
        """Watch for a pattern; hook the answer's ``HandleCallback`` (plugin API, section 2.1)."""
        return self._standin.stdout.add(pattern)

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

    @method(INT)
    def GetRegexMatch(self, group: int) -> str:
        """A group of the current match, 0 being all of it; always a string (plugin API, sections 2.1, 2.4)."""
        return self._standin.stdout.group(group)

    @method()
    def GetPreviousStdoutLine(self) -> str:
        """The line before the one being handled (plugin API, section 2.1)."""
        return self._standin.stdout.previous_line

    @method()
    def SuppressThisLine(self) -> None:
        """Keep the line being handled out of the log (plugin API, section 2.1)."""
        self._standin.stdout.suppress()

    @method(STRING, STRING)
    def SetEnvironmentVariable(self, name: str, value: str) -> None:
        """Set a variable of this object's own process (plugin API, section 3.5)."""
        if not name or value is None:
            raise refused("an environment variable without name or value", "3.5")
        self._standin.environment[name] = value

    @method(STRING)
    def GetEnvironmentVariable(self, name: str) -> str:
        """The variable as this object's process gets it; "" if unset, as vendors expect (plugin API, section 3.5)."""
        state = self._standin
        return state.environment.get(name, state.context.environment().get(name, ""))
