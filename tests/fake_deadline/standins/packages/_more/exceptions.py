"""More exceptions of .NET (plugin API, section 8)."""

from __future__ import annotations

from _dotnet.exceptions import ArgumentException, IOException

__all__ = ["ArgumentNullException", "ArgumentOutOfRangeException", "IOException"]


class ArgumentNullException(ArgumentException):
    """An argument is None where .NET needs a value."""


class ArgumentOutOfRangeException(ArgumentException):
    """An index is outside of its list."""
