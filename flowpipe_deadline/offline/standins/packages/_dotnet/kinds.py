"""Kinds: what a value must be to cross from Python into .NET, and methods that insist on it.

Reference for every rule: hosts and tooling, section 5.3, "Into .NET".
"""

from __future__ import annotations

import enum
import functools
from typing import Any, Callable, Type


class Kind:
    """A .NET type as seen by a Python caller: its name, and a function that converts a value or refuses it."""

    def __init__(self, name: str, convert: Callable[[Any], Any]) -> None:
        self.name = name
        self._convert = convert

    def __repr__(self) -> str:
        return self.name

    def __call__(self, value: Any) -> Any:
        """The value as it arrives on the other side.

        Raises:
            TypeError: the value does not convert.
        """
        return self._convert(value)

    def take(self, value: Any, where: str) -> Any:
        """The same; an error begins with what takes the value."""
        try:
            return self._convert(value)
        except TypeError as error:
            raise TypeError("{}: {}".format(where, error)) from None

    def refuse(self, value: Any, why: str = "") -> TypeError:
        """The error that says what was expected and what came."""
        return TypeError("expected {}, got {!r} of type {}{}".format(self.name, value, type(value).__name__, why))


def _string(value: Any) -> Any:
    if value is None:  # None passes as the null string.
        return None
    if type(value) is not str:  # Of its own classes, pythonnet takes none.
        raise STRING.refuse(value)
    value.encode("utf-16")  # An error for what .NET cannot hold.
    return value


def _integer(kind: Kind, bits: int, value: Any) -> int:
    if not isinstance(value, int):
        raise kind.refuse(value)
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise kind.refuse(value, ", which does not fit into {} bits".format(bits))
    return int(value)  # True arrives as 1.


def _float(value: Any) -> float:
    if not isinstance(value, (int, float)):
        raise FLOAT.refuse(value)
    try:
        return float(value)
    except OverflowError:
        raise FLOAT.refuse(value, ", which is too large") from None


def one_of(kind: Type[Any], name: str = "") -> Kind:
    """A class or an enumeration: only its own instances pass; 0 is not ``PluginType.Simple``."""

    def convert(value: Any) -> Any:
        if not isinstance(value, kind):
            raise found.refuse(value)
        return value

    found = Kind(name or kind.__name__, convert)
    return found


STRING = Kind("a string", _string)
BOOL = one_of(bool, "a bool")
INT = Kind("an int (32 bits)", lambda value: _integer(INT, 32, value))
LONG = Kind("a long (64 bits)", lambda value: _integer(LONG, 64, value))
FLOAT = Kind("a float", _float)
OBJECT = Kind("an object", lambda value: value)


class _NetEnumType(enum.EnumMeta):
    """Enumerations of .NET have no ``PluginType["Simple"]``, and are not iterated."""

    __getitem__ = __iter__ = None


class NetEnum(enum.Enum, metaclass=_NetEnumType):
    """An enumeration, which prints as ``Simple`` and shows as ``<PluginType.Simple: 0>``.

    Its members are no ints, but ``int()`` reads them (hosts and tooling, section 5.3; measured).
    """

    name = value = property()  # Both are Python's, and not readable here.

    def __int__(self) -> int:
        return int(self._value_)

    def __str__(self) -> str:
        return str(self._name_)


def convert_all(name: str, kinds: Any, optional: int, arguments: Any) -> Any:
    """The arguments of a call as .NET receives them.

    Raises:
        TypeError: too few, too many, or one of the wrong kind; the message names the method.
    """
    if not len(kinds) - optional <= len(arguments) <= len(kinds):
        wanted = ", ".join(kind.name for kind in kinds) or "nothing"
        raise TypeError(
            "No method matches given arguments for {}: got {} argument(s), it takes {}{}".format(
                name, len(arguments), wanted, " (the last {} may be left out)".format(optional) if optional else ""
            )
        )
    where = "No method matches given arguments for {}: argument {}"
    return [
        kind.take(argument, where.format(name, number))
        for number, (kind, argument) in enumerate(zip(kinds, arguments), start=1)
    ]


def method(*kinds: Kind, optional: int = 0) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A method that takes positional arguments of these kinds; the last ``optional`` may be left out.

    Keywords are refused: .NET's parameter names are not known well enough to imitate them.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def checked(self: Any, *arguments: Any) -> Any:
            return function(self, *convert_all(function.__name__, kinds, optional, arguments))

        return checked

    return decorate


def static_method(*kinds: Kind, optional: int = 0) -> Callable[[Callable[..., Any]], Any]:
    """The same for a static method."""

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def checked(*arguments: Any) -> Any:
            return function(*convert_all(function.__qualname__, kinds, optional, arguments))

        return staticmethod(checked)

    return decorate
