"""Refusals: members Deadline has and the stand-ins do not imitate say so, instead of returning an invention."""

from __future__ import annotations

from typing import Any, Callable, Tuple

__all__ = ["StaticClass", "names", "refused", "refusing_class", "refusing_function"]


def names(text: str) -> Tuple[str, ...]:
    """The names of left-out members, written as plain text."""
    return tuple(text.split())


def refused(what: str, section: str) -> NotImplementedError:
    """The error for a member that is left out, with the reference section that describes it."""
    return NotImplementedError(
        "{} is not imitated by the offline stand-ins (plugin API, section {}). Test this part on a real farm.".format(
            what, section
        )
    )


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

    def __call__(cls, *_: Any) -> Any:
        raise TypeError("cannot instantiate the static class {}".format(cls.__name__))


class _RefusingClass(StaticClass):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return refusing_function("{}.{}".format(cls.__name__, name), cls._section)


def refusing_class(name: str, section: str) -> Any:
    """A static class of which nothing is imitated: it can be imported, each of its members refuses."""
    description = "Not imitated (plugin API, section {}).".format(section)
    return _RefusingClass(name, (), {"_section": section, "__doc__": description})
