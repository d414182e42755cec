"""Whether the process that submits a bundle is still at work.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Tuple


def is_running(process: int, *, started: str = "") -> bool:
    """Whether there is a process of that number on this machine; with ``started``, one that began at that mark."""
    if process <= 0:
        return False
    if not (_runs_on_windows(process) if sys.platform == "win32" else _runs_on_posix(process)):
        return False
    state, now = _state_and_start(process)
    # One that has ended may still be listed; and numbers of processes are used again.
    return state not in ("Z", "X") and (not started or not now or started == now)


def start_mark(process: int) -> str:
    """When that process began, in the system's own words; empty where it does not tell."""
    return _state_and_start(process)[1]


def _state_and_start(process: int) -> Tuple[str, str]:
    """State and start of a process as Linux tells them; both empty elsewhere."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""


def seconds_since_written(paths: list[Path], *, folder: Path) -> float:
    """How long ago the last of these files was written, by the clock of the file system that holds them."""
    written = [path.stat().st_mtime for path in paths if path.exists()]
    return _time_of(folder) - max(written, default=0.0)


def _time_of(folder: Path) -> float:
    """The time that the folder's file system gives to a file now; a share may have another clock than this machine."""
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=str(folder)) as file:
        file.write(b".")
        file.flush()
        return os.fstat(file.fileno()).st_mtime
    return time.time()


def _runs_on_posix(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _runs_on_windows(process: int) -> bool:
    """Asked of the system: ``os.kill`` would end the process, whatever the signal."""
    import ctypes  # noqa: PLC0415  (Windows only)

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(query_limited_information, False, process)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == still_active
