"""Killing a process with everything it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import Callable, Dict, List


def kill_tree(pid: int) -> None:
    """Kill the process, its group, and descendants that moved into groups of their own (these on Linux only)."""
    if os.name == "nt":
        subprocess.call(
            ["taskkill", "/T", "/F", "/PID", str(pid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return
    # Looked up first: a process whose parent died no longer tells where it came from.
    descendants = _descendants(pid)
    kill_group(pid)
    for descendant in descendants:
        _kill(os.kill, descendant)


def kill_group(pid: int) -> None:
    """Kill what is left in the process group that ``pid`` leads."""
    if os.name != "nt":
        _kill(os.killpg, pid)


def _kill(kill: Callable[[int, int], None], pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # Gone; macOS says so with the second.
        kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> List[int]:
    children: Dict[int, List[int]] = {}
    try:
        processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    for process in processes:
        try:
            with open("/proc/{}/stat".format(process), "rb") as stream:
                fields = stream.read().rpartition(b")")[2].split()
        except OSError:  # Ended meanwhile.
            continue
        if len(fields) > 1:
            children.setdefault(int(fields[1]), []).append(process)
    found: List[int] = []
    parents = [pid]
    while parents:
        born = children.get(parents.pop(), [])
        found += born
        parents += born
    return found
