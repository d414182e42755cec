"""Reading plugin info and plugin configuration values (plugin API, section 3.1)."""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping, Optional

from _dotnet.exceptions import FormatException, KeyNotFoundException
from _dotnet.kinds import BOOL, FLOAT, INT, LONG, STRING, Kind, convert_all

__all__ = ["entries", "parse_boolean"]

_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*\Z")
_FLOAT = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*\Z")

_KINDS = {"": STRING, "Boolean": BOOL, "Integer": INT, "Float": FLOAT, "Long": LONG}


def entries(suffix: str, what: str, values: Callable[[Any], Mapping[str, str]]) -> Callable[[Any], Any]:
    """A class decorator: ``Get[Boolean|Integer|Float|Long]<suffix>[WithDefault]``, ten getters.

    ``values`` gives the mapping to read from the object a getter is called on. What Deadline raises for a key that is
    missing without a default is unknown (9.1), as is how it reads a blank number: both are refused loudly. A default
    must have exactly the getter's type.
    """

    def decorate(kind_of_object: Any) -> Any:
        for prefix, kind in _KINDS.items():
            for with_default in (False, True):
                name = "Get{}{}{}".format(prefix, suffix, "WithDefault" if with_default else "")
                setattr(kind_of_object, name, _getter(name, what, values, kind, with_default))
        return kind_of_object

    return decorate


def _getter(
    name: str, what: str, values: Callable[[Any], Mapping[str, str]], kind: Kind, with_default: bool
) -> Callable[..., Any]:
    def read(self: Any, *arguments: Any) -> Any:
        converted = convert_all(name, (STRING, kind) if with_default else (STRING,), 0, arguments)
        found = values(self).get(converted[0])
        if found is not None:
            return _parse(found, kind, "{} '{}'".format(what, converted[0]))
        if with_default:
            return converted[1]
        raise KeyNotFoundException("{}: {} '{}' is missing and has no default".format(name, what, converted[0]))

    read.__name__ = name
    return read


def parse_boolean(text: str) -> Optional[bool]:
    """True or False as written in any case (3.1); None for anything else."""
    return {"true": True, "false": False}.get(text.strip().lower())


def _parse(text: str, kind: Kind, what: str) -> Any:
    if kind is STRING:
        return text
    if kind is BOOL:
        flag = parse_boolean(text)
        if flag is not None:
            return flag
    elif kind in (INT, LONG) and _INTEGER.match(text):
        try:
            return kind(int(text))
        except TypeError:
            pass
    elif kind is FLOAT and _FLOAT.match(text):
        return float(text)
    raise FormatException("{} is '{}', which is not {}".format(what, text, kind.name))
