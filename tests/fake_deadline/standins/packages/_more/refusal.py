"""Refusals: members of Deadline that the stand-ins do not imitate raise an error instead of inventing an answer."""

from __future__ import annotations

from typing import Any, Callable, Tuple

from _dotnet.exceptions import refused

__all__ = ["StaticClass", "refusing_function"]


def refusing_function(what: str, section: str) -> Callable[..., Any]:
    """A function that can be looked up as in Deadline and refuses to be called."""

    def refuse(*_: Any) -> Any:
        raise refused(what, section)

    return refuse


class StaticClass(type):
    """Metaclass of .NET's static classes: known members refuse, unknown ones do not exist.

    A class names the members it leaves out in ``_left_out`` and their reference section in ``_section``.
    """

    _left_out: Tuple[str, ...] = ()
    _section = ""

    def __getattr__(cls, name: str) -> Any:
        if name in cls._left_out:
            return refusing_function("{}.{}".format(cls.__name__, name), cls._section)
        raise AttributeError("type object '{}' has no attribute '{}'".format(cls.__name__, name))

    def __setattr__(cls, name: str, value: Any) -> None:
        raise TypeError("{}.{} is read-only".format(cls.__name__, name))

    def __call__(cls, *_: Any) -> Any:
        raise TypeError("cannot instantiate the static class {}".format(cls.__name__))
