"""The nodes that ``flowpipe-deadline doctor --probe`` sends to the farm.

They are in this folder because every interpreter that evaluates nodes has it, even with just the plugin's own packages.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Dict, List, Optional

from flowpipe import Node

MEASURES = ("seconds", "python")
"""Outputs that describe the evaluation itself, and differ between workers."""


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


def _measures(started: float) -> Dict[str, Any]:
    version = ".".join(map(str, sys.version_info[:3]))
    return {"seconds": time.perf_counter() - started, "python": f"{version} on {sys.platform}"}
