"""Exceptions of .NET: Python exceptions that carry their text in ``Message`` (plugin API, section 8)."""

from __future__ import annotations

__all__ = [
    "ArgumentException",
    "ArgumentNullException",
    "ArgumentOutOfRangeException",
    "FormatException",
    "IOException",
    "InvalidOperationException",
    "KeyNotFoundException",
    "NetException",
    "NullReferenceException",
]


class NetException(Exception):
    """Root of all .NET exceptions; plugins see it as ``System.Exception``."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.Message = message


class ArgumentException(NetException):
    """An argument has the right type and a value that makes no sense."""


class ArgumentNullException(ArgumentException):
    """An argument is None where .NET needs a value."""


class ArgumentOutOfRangeException(ArgumentException):
    """An index is outside of its list."""


class FormatException(NetException):
    """A text cannot be read as the wanted type."""


class InvalidOperationException(NetException):
    """The object is in no state for this call."""


class IOException(NetException):
    """Reading or writing failed."""


class KeyNotFoundException(NetException):
    """A key is missing. Not a Python ``KeyError`` (hosts and tooling, section 5.3)."""


class NullReferenceException(NetException):
    """A member of nothing was used."""
