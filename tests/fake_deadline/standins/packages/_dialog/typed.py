"""Methods of a dialog: they hand their arguments on to Qt, which insists on types (plugin API, section 5.7)."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Dict

from _dotnet.kinds import INT, Kind

__all__ = ["FLAG", "NAMES", "NUMBER", "TEXT", "WHOLE", "between", "typed"]


_NONE = inspect.Parameter.empty


def _instance(name: str, kinds: Any, but: Any = ()) -> Kind:
    def convert(value: Any) -> Any:
        if not isinstance(value, kinds) or isinstance(value, but):
            raise found.refuse(value)
        return value

    found = Kind(name, convert)
    return found


def _names(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise NAMES.refuse(value)
    return tuple(value)


TEXT = _instance("a string", str)
FLAG = _instance("a bool", bool)
WHOLE = INT
NUMBER = _instance("a number", (int, float), but=bool)
NAMES = Kind("a list or tuple of strings", _names)


def between(minimum: float, maximum: float) -> Kind:
    """Numbers within these bounds."""

    def convert(value: Any) -> Any:
        if not minimum <= NUMBER(value) <= maximum:
            raise found.refuse(value)
        return value

    found = Kind("a number from {:g} to {:g}".format(minimum, maximum), convert)
    return found


def typed(*parameters: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A method with these parameters, each a name and a kind, and a default where it may be left out.

    They are given by place or by name; the function is called with all of them, by name, in a dictionary.
    """
    kinds: Dict[str, Kind] = {name: kind for name, kind, *_ in parameters}
    signature = inspect.Signature(
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default[0] if default else _NONE)
        for name, _, *default in parameters
    )

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        def checked(self: Any, *arguments: Any, **named: Any) -> Any:
            try:
                bound = signature.bind(*arguments, **named)
                bound.apply_defaults()
                given = {name: _converted(name, kinds[name], value) for name, value in bound.arguments.items()}
            except TypeError as error:
                raise TypeError("{}: {}".format(function.__name__, error)) from None
            return function(self, given)

        checked.__name__, checked.__doc__ = function.__name__, function.__doc__
        return checked

    return decorate


def _converted(name: str, kind: Kind, value: Any) -> Any:
    try:
        return kind(value)
    except TypeError as error:
        raise TypeError("{}: {}".format(name, error)) from None
