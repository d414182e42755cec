"""The nodes that ``flowpipe-deadline doctor --probe`` sends to the farm.

They are in this folder because every interpreter that evaluates nodes has it, even with just the plugin's own packages.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Dict, List, Optional

from flowpipe import Node

MEASURES = ("seconds", "python")
"""Outputs that describe the evaluation itself, and differ between workers."""
_VERSIONS = {"bpy": "app.version_string", "hou": "applicationVersionString", "nuke": "NUKE_VERSION_STRING"}
"""Where hosts say their versions, by the module that they have loaded."""


@Node(outputs=["values", *MEASURES])
def square(frames: Optional[List[int]] = None) -> Dict[str, Any]:
    """The square of each frame."""
    started = time.perf_counter()
    return {"values": [frame * frame for frame in frames or ()], **_measures(started)}


@Node(outputs=["values", *MEASURES])
def shift(frames: Optional[List[int]] = None, values: Optional[List[int]] = None) -> Dict[str, Any]:
    """Each value with its frame added."""
    started = time.perf_counter()
    return {"values": [frame + value for frame, value in zip(frames or (), values or ())], **_measures(started)}


@Node(outputs=["total", *MEASURES])
def total(values: Optional[List[int]] = None) -> Dict[str, Any]:
    """The sum of all values."""
    started = time.perf_counter()
    return {"total": sum(values or ()), **_measures(started)}


@Node(outputs=["processes", "version", *MEASURES])
def host(frames: Optional[List[int]] = None) -> Dict[str, Any]:
    """The process that evaluates each frame, and the version of the application that it is, as far as it tells."""
    started = time.perf_counter()
    return {"processes": [os.getpid() for _ in frames or ()], "version": _version(), **_measures(started)}


def _version() -> str:
    for module, member in _VERSIONS.items():
        value: Any = sys.modules.get(module)
        if value is not None:
            for name in member.split("."):
                value = getattr(value, name)
            return f"version {value() if callable(value) else value}, "
    return ""


def _measures(started: float) -> Dict[str, Any]:
    version = ".".join(map(str, sys.version_info[:3]))
    return {"seconds": time.perf_counter() - started, "python": f"{version} on {sys.platform}"}
