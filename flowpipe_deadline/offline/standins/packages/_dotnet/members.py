"""Events and typed properties of .NET objects that Python classes derive from.

An object that has them keeps a `MemberState` in its attribute ``_standin``, put there by ``__new__``: state must exist
without ``__init__``, as plugins below Deadline 10.3 do not call the base constructor (plugin API, section 1.2).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from _dotnet.kinds import Kind


class MemberState:
    """What one object holds behind its events and properties."""

    def __init__(self) -> None:
        self.events: Dict[str, Event] = {}
        self.values: Dict[str, Any] = {}

    def require_base(self, member: str = "") -> None:
        """Overridden where the base constructor has to run before any member is used."""


class Event:
    """The handlers hooked to one event of one object, in order; the same handler twice fires twice.

    Reference plugin API, section 1.2: an unhooked callback reads as None. ``+=`` needs an object to work on, so the
    imitation is an object that equals None and counts as false; ``is None`` is the one test it cannot answer.
    """

    def __init__(self, slot: EventSlot) -> None:
        self._slot = slot
        self._handlers: List[Callable[..., Any]] = []

    def __iadd__(self, handler: Any) -> Event:
        if not callable(handler):
            raise TypeError("event handlers must be callable: {} += {!r}".format(self._slot.name, handler))
        self._handlers.append(handler)
        return self

    def __isub__(self, handler: Any) -> Event:
        if handler not in self._handlers:
            raise ValueError("unknown event handler: {} -= {!r}".format(self._slot.name, handler))
        del self._handlers[len(self._handlers) - 1 - self._handlers[::-1].index(handler)]  # the newest one
        return self

    def __bool__(self) -> bool:
        return bool(self._handlers)

    def __eq__(self, other: object) -> bool:
        return not self._handlers if other is None else self is other

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "<event '{}' with {} handler(s)>".format(self._slot.name, len(self._handlers))


class EventSlot:
    """An event of a class: ``+=`` hooks, ``-=`` unhooks, ``del`` unhooks all, assigning is refused.

    ``del`` raises in stock pythonnet; Deadline's build allows it, hooked or not (hosts and tooling, section 5.3,
    plugin API, section 1.2).
    """

    def __init__(self, returns: Optional[Kind] = None) -> None:
        self.returns = returns
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        state = instance._standin
        state.require_base(self.name)
        return state.events.setdefault(self.name, Event(self))

    def __set__(self, instance: Any, value: Any) -> None:
        if value is None or value is not instance._standin.events.get(self.name):
            raise TypeError("cannot set event attributes: use {} += function".format(self.name))

    def __delete__(self, instance: Any) -> None:
        instance._standin.events.pop(self.name, None)


def is_hooked(instance: Any, name: str) -> bool:
    return bool(instance._standin.events.get(name))


def fire(instance: Any, name: str, *arguments: Any) -> Any:
    """Call what is hooked, in order; the answer is the last one's, as with .NET's delegates.

    The return type is checked as .NET does for a delegate: a ``Path`` for a string or a 1 for a bool is refused.

    Raises:
        TypeError: a function takes other arguments, or returns another type, than the event has.
    """
    event = instance._standin.events.get(name)
    answer = None
    for handler in list(event._handlers) if event else ():
        answer = handler(*arguments)
        if event._slot.returns is not None:
            answer = event._slot.returns.take(answer, "{}: wrong return value".format(name))
    return answer


class Property:
    """A typed property with a default."""

    def __init__(self, kind: Kind, default: Any) -> None:
        self._kind = kind
        self._default = default
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return instance._standin.values.get(self._name, self._default)

    def __set__(self, instance: Any, value: Any) -> None:
        instance._standin.values[self._name] = self._kind.take(value, self._name)

    def __delete__(self, instance: Any) -> None:
        raise TypeError("cannot delete the .NET property {}".format(self._name))
