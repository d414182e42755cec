"""Exceptions of .NET: Python exceptions that carry their text in ``Message`` (plugin API, section 8)."""

from __future__ import annotations

from _dotnet.kinds import STRING


class NetException(Exception):
    """Root of all .NET exceptions; plugins see it as ``System.Exception``."""

    def __init__(self, message: str = "") -> None:
        super().__init__(STRING(message))
        self.Message = message


NetException.__name__ = "Exception"


class ArgumentException(NetException):
    """An argument has the right type and a value that makes no sense."""


class FormatException(NetException):
    """A text cannot be read as the wanted type."""


class InvalidOperationException(NetException):
    """The object is in no state for this call."""


class KeyNotFoundException(NetException):
    """A key is missing. Not a Python ``KeyError`` (hosts and tooling, section 5.3)."""


class IOException(NetException):
    """A file or pipe cannot be read or written."""


class NullReferenceException(NetException):
    """A member of nothing was used."""


def refused(what: str, section: str) -> NotImplementedError:
    """The error for a member that is left out, with the reference section that describes it."""
    return NotImplementedError(
        "{} is not imitated by the offline stand-ins (plugin API, section {}). Test this part on a real farm.".format(
            what, section
        )
    )
