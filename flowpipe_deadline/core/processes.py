"""Ends processes together with everything they started."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

_PATIENCE = 5.0  # Seconds that killed processes have to be gone.
_PAUSE = 0.02


def end_trees(pids: Iterable[int]) -> None:
    """Kills these processes and all below them; ignores those that are gone already."""
    doomed = [process for pid in pids for process in _tree(pid)]
    for process in doomed:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + _PATIENCE
    while any(map(_is_alive, doomed)) and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _is_alive(process: psutil.Process) -> bool:
    """Whether it can still do anything; a zombie cannot, though its parent may never collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
