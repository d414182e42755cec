"""Stand-in of the .NET namespace ``System``, as far as plugins use it (plugin API, section 8).

Like the real one it carries an ``Exception`` that shadows Python's after a star import (hosts and tooling, section
5.3).
"""

from __future__ import annotations

import importlib
import os
import socket
from typing import Any

from _dotnet.exceptions import (
    ArgumentException,
    FormatException,
    InvalidOperationException,
    NetException,
    NullReferenceException,
    refused,
)
from _dotnet.kinds import STRING, static_method
from _more.exceptions import ArgumentNullException, ObjectDisposedException, UnauthorizedAccessException
from _more.refusal import StaticClass
from _worker.context import current

__all__ = [
    "ArgumentException",
    "ArgumentNullException",
    "Environment",
    "Exception",
    "FormatException",
    "InvalidOperationException",
    "NullReferenceException",
    "ObjectDisposedException",
    "UnauthorizedAccessException",
]

Exception = NetException

_NAMESPACES = ("Collections", "Diagnostics", "IO", "Text")


class Environment(metaclass=StaticClass):
    """The Worker's environment (3.5): as it was when the sandbox began, not what a plugin writes to ``os.environ``."""

    _section = "8"
    _left_out = (
        "SetEnvironmentVariable",
        "Exit",
        "GetFolderPath",
        "GetEnvironmentVariables",
        "ExpandEnvironmentVariables",
    )

    MachineName = socket.gethostname()
    NewLine = os.linesep
    ProcessorCount = os.cpu_count() or 1

    @static_method(STRING)
    def GetEnvironmentVariable(name: str) -> Any:
        """The value, or None."""
        if name is None:
            raise ArgumentNullException("Value cannot be null. (variable)")
        return current().worker_environment.get(name)


def __getattr__(name: str) -> Any:
    if name in _NAMESPACES:
        return importlib.import_module("System." + name)
    if name.startswith("_"):
        raise AttributeError("module 'System' has no attribute '{}'".format(name))
    raise refused("System.{}".format(name), "8")
