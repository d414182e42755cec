"""More exceptions of .NET (plugin API, section 8)."""

from __future__ import annotations

import os

from _dotnet.exceptions import ArgumentException, InvalidOperationException, IOException, NetException

__all__ = [
    "ArgumentNullException",
    "ArgumentOutOfRangeException",
    "DirectoryNotFoundException",
    "FileNotFoundException",
    "IOException",
    "ObjectDisposedException",
    "UnauthorizedAccessException",
    "of_file",
]


class ArgumentNullException(ArgumentException):
    """An argument is None where .NET needs a value."""


class ArgumentOutOfRangeException(ArgumentException):
    """An index is outside of its list."""


class ObjectDisposedException(InvalidOperationException):
    """A stream is closed."""


class UnauthorizedAccessException(NetException):
    """The user may not, or it is a folder. Not an ``IOException``."""


class FileNotFoundException(IOException):
    """There is no such file."""


class DirectoryNotFoundException(IOException):
    """There is no such folder."""


def of_file(path: str, error: OSError) -> NetException:
    """The exception of .NET for a failed access to a file."""
    kind = IOException
    if isinstance(error, FileNotFoundError):
        has_folder = os.path.isdir(os.path.dirname(os.path.abspath(path)))
        kind = FileNotFoundException if has_folder else DirectoryNotFoundException
    elif isinstance(error, (IsADirectoryError, PermissionError)):
        kind = UnauthorizedAccessException
    return kind("{}: '{}'".format(error.strerror or error, path))
