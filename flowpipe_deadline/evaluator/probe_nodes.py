"""The nodes that ``flowpipe-deadline doctor --probe`` sends to the farm.

They are in this folder because every interpreter that evaluates nodes has it, even with just the plugin's own packages.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from flowpipe import Node

_VERSIONS = {"bpy": "app.version_string", "hou": "applicationVersionString", "nuke": "NUKE_VERSION_STRING"}
"""Where hosts say their versions, by the module that they have loaded."""


@Node(outputs=["values", "python"])
def square(frames: list[int] | None = None) -> dict[str, Any]:
    """The square of each frame."""
    return {"values": [frame * frame for frame in frames or ()], "python": _python()}


@Node(outputs=["values", "python"])
def shift(frames: list[int] | None = None, values: list[int] | None = None) -> dict[str, Any]:
    """Each value with its frame added."""
    return {"values": [frame + value for frame, value in zip(frames or (), values or ())], "python": _python()}


@Node(outputs=["total", "python"])
def total(values: list[int] | None = None) -> dict[str, Any]:
    """The sum of all values."""
    return {"total": sum(values or ()), "python": _python()}


@Node(outputs=["processes", "version", "python"])
def host(frames: list[int] | None = None) -> dict[str, Any]:
    """The process that evaluates each frame, and the version of the application that it is, as far as it tells."""
    return {"processes": [os.getpid() for _ in frames or ()], "version": _version(), "python": _python()}


def _version() -> str:
    for module, member in _VERSIONS.items():
        value: Any = sys.modules.get(module)
        if value is not None:
            for name in member.split("."):
                value = getattr(value, name)
            return f"version {value() if callable(value) else value}, "
    return ""


def _python() -> str:
    """The version and the system, which differ between workers."""
    return f"{'.'.join(map(str, sys.version_info[:3]))} on {sys.platform}"
