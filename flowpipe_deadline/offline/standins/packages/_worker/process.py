"""``ManagedProcess`` (plugin API, sections 1.2, 1.3, 1.6 and 2.1), as far as the Flowpipe plugin uses it."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator

from _dotnet.exceptions import NullReferenceException, refused
from _dotnet.kinds import BOOL, INT, STRING, method
from _dotnet.members import EventSlot, MemberState, Property

from _worker.context import Context, current
from _worker.stdout import RegexHandlerCallback, StdoutState


class _ProcessState(MemberState):
    """Made by ``__new__``, so that it is there whether or not the base constructor runs."""

    def __init__(self, owner: Any, context: Context) -> None:
        super().__init__()
        self.owner_name = type(owner).__name__
        self.context = context
        self.stdout = StdoutState()
        self.environment: Dict[str, str] = {}
        self.base_called = False

    def require_base(self, member: str = "") -> None:
        """Deadline 10.3+: the base constructor must run before anything else (plugin API, section 1.2).

        Raises:
            NullReferenceException: it did not; the message says what to write.
        """
        if self.context.base_constructor_required and not self.base_called:
            raise NullReferenceException(
                "{}: the base constructor has not run{}. Deadline 10.3 and later need super().__init__() as the "
                "first statement of __init__".format(
                    self.owner_name, " before the use of {}".format(member) if member else ""
                )
            )


class ManagedProcess:
    """Base of a plugin's own processes, and of plugins themselves.

    As under pythonnet (hosts and tooling, section 5.3): no second base class, no ``__dict__``, plain attributes can be
    set. Windows and pop-ups are accepted and ignored: an offline worker has no use for them.
    """

    InitializeProcessCallback = EventSlot()
    RenderExecutableCallback = EventSlot(returns=STRING)
    RenderArgumentCallback = EventSlot(returns=STRING)
    StartupDirectoryCallback = EventSlot(returns=STRING)

    # Defaults: plugin API, section 1.6. Where it has none, a plugin has to ask for what it wants: False.
    StdoutHandling = Property(BOOL, False)
    PopupHandling = Property(BOOL, False)
    UseProcessTree = Property(BOOL, True)
    HideDosWindow = Property(BOOL, True)

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if len(cls.__bases__) != 1:
            raise TypeError(
                "class {}: a class that derives from a .NET class can have no other base".format(cls.__name__)
            )

    def __new__(cls, *_: Any, **__: Any) -> Any:
        self = object.__new__(cls)
        object.__setattr__(self, "_standin", _ProcessState(self, current()))
        return self

    def __init__(self) -> None:
        self._standin.base_called = True

    def __setattr__(self, name: str, value: Any) -> None:
        self._standin.require_base(name)
        object.__setattr__(self, name, value)

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise AttributeError("'{}' object has no attribute '__dict__'".format(type(self).__name__))

    @property
    def StdoutHandlers(self) -> Iterator[RegexHandlerCallback]:
        return iter(list(self._standin.stdout.handlers))

    @method(STRING)
    def AddStdoutHandlerCallback(self, pattern: str) -> RegexHandlerCallback:
        """Watch for a pattern; hook the answer's ``HandleCallback`` (plugin API, section 2.1).

        It is a .NET expression (plugin API, section 2.4). The Flowpipe plugin's mean the same in Python.
        """
        self._standin.require_base("AddStdoutHandlerCallback")
        return self._standin.stdout.add(re.compile(pattern))

    @method(STRING, STRING)
    def SetEnvironmentVariable(self, name: str, value: str) -> None:
        """Set a variable of this object's own process (plugin API, section 3.5)."""
        if not name or value is None:
            raise refused("an environment variable without name or value", "3.5")
        self._standin.environment[name] = value

    @method(INT)
    def GetRegexMatch(self, group: int) -> str:
        """A group of the current match, 0 being all of it; always a string (plugin API, sections 2.1, 2.4)."""
        return self._standin.stdout.group(group)

    @method()
    def SuppressThisLine(self) -> None:
        """Keep the line being handled out of the log (plugin API, section 2.1)."""
        self._standin.stdout.suppress()
