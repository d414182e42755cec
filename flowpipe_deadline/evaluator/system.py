"""What differs between systems and hosts about the process that evaluates: descriptors, C's output, signals, memory.

The branches for Windows and macOS follow the documentation of Python and of these systems.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import stat
import sys
import threading
import time
from typing import Any, Collection, NoReturn

_FIRST_DESCRIPTOR = 200  # Above those that careless code closes by number.
_MEGABYTE = 1024 * 1024
_MUCH = 100.0  # MB by which a process may grow before garbage is collected.


def keep_descriptor(number: int) -> int:
    """A copy of a descriptor that child processes do not get, with a number that nobody else uses."""
    if os.name != "nt":
        import fcntl  # noqa: PLC0415  (not on Windows)

        with contextlib.suppress(OSError):  # Fewer descriptors are allowed.
            return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _FIRST_DESCRIPTOR)
    return os.dup(number)


def identity(number: int) -> tuple[int, ...] | None:
    """What a descriptor leads to, to be compared; None if it is closed."""
    try:
        found = os.fstat(number)
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415  (on Windows only; there, pipes have no number)

            return (found.st_mode, msvcrt.get_osfhandle(number))  # type: ignore[attr-defined, unused-ignore]
    except OSError:
        return None
    return (found.st_dev, found.st_ino)


def is_pipe(number: int) -> bool:
    """Whether a descriptor leads to a pipe or a socket, not to a file or a device."""
    mode = os.fstat(number).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def set_binary(number: int) -> None:
    """Lets a descriptor pass on bytes as they are, which only Windows does not do anyway."""
    if os.name == "nt" and number >= 0:
        import msvcrt  # noqa: PLC0415  (on Windows only)

        msvcrt.setmode(number, os.O_BINARY)  # type: ignore[attr-defined, unused-ignore]


def set_blocking(number: int) -> None:
    """Lets writing into a full pipe wait again, where asyncio or a child process has made it an error for all."""
    with contextlib.suppress(AttributeError, OSError):  # Windows, before Python 3.12.
        os.set_blocking(number, True)


def umask() -> int:
    """The umask of this process."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def wait_for_threads(known: Collection[threading.Thread], *, seconds: float) -> bool:
    """Waits for threads that are not among the ``known``, as Python does at its end: whether they have ended.

    Daemons do not count, nor threads of pools, which wait for work for ever.
    """
    pools = getattr(sys.modules.get("concurrent.futures.thread"), "_threads_queues", ())
    end = time.monotonic() + seconds
    new = [thread for thread in threading.enumerate() if thread not in known and thread not in pools]
    for thread in new:
        if not thread.daemon and thread is not threading.current_thread():
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                return False
    return True


def flush_c_output() -> None:
    """Writes what libraries in C have printed so far: Krita and Scribus keep it until they end."""
    with contextlib.suppress(Exception):  # An interpreter without ctypes, or without that name.
        import ctypes  # noqa: PLC0415  (takes time that not every process has to spend)

        library: Any = ctypes.CDLL(None) if os.name != "nt" else ctypes.CDLL("ucrtbase")
        library.fflush(None)


def ignore_broken_pipes() -> None:
    """Makes writing into a closed pipe an error, as Python does by itself; some hosts leave it deadly."""
    if hasattr(signal, "SIGPIPE"):
        with contextlib.suppress(ValueError):  # Only the main thread may say so.
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)


class Memory:
    """The memory of this process.

    Garbage is collected where it has grown by much: a node and its plugs refer to one another, so what they hold stays
    until then.
    """

    def __init__(self) -> None:
        self._settled = 0.0

    def read(self) -> float:
        """How much it is, in MB; 0 if that cannot be told."""
        memory = _used_memory()
        if memory > self._settled + _MUCH:
            gc.collect()
            memory = self._settled = _used_memory()
        return memory


def _used_memory() -> float:
    with contextlib.suppress(Exception):  # It is only to be renewed where it can be told.
        if sys.platform.startswith("linux"):
            with open("/proc/self/statm", "rb") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
        return _memory_on_windows() if os.name == "nt" else _memory_by_ps()
    return 0.0


def _memory_by_ps() -> float:
    """As every POSIX system tells it; of macOS, ``getrusage()`` tells the most that there ever was."""
    import subprocess  # noqa: PLC0415  (not needed on Linux)

    answer = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], stdout=subprocess.PIPE, check=True)
    return int(answer.stdout) / 1024


def _memory_on_windows() -> float:
    import ctypes  # noqa: PLC0415  (as above)
    from ctypes import wintypes  # noqa: PLC0415

    class Counters(ctypes.Structure):  # PROCESS_MEMORY_COUNTERS
        _fields_ = [
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            *((name, ctypes.c_size_t) for name in ("PeakWorkingSetSize", "WorkingSetSize", *map(str, range(6)))),
        ]

    counters = Counters(cb=ctypes.sizeof(Counters))
    kernel: Any = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.K32GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
    kernel.K32GetProcessMemoryInfo(kernel.GetCurrentProcess(), ctypes.byref(counters), counters.cb)
    return float(counters.WorkingSetSize) / _MEGABYTE


def leave(code: int, *, waits: bool = True) -> NoReturn:
    """Ends the process as Python does, but without what the host does at its end.

    bpy 4.5 waits there for ever where a class stays registered, and Blender 3.4 may end by a signal. Threads are waited
    for, and what is registered to be called at the end is called, unless nobody ``waits`` for the end.
    """
    import atexit  # noqa: PLC0415  (needed here only)

    steps: Any = (threading._shutdown, atexit._run_exitfuncs)  # type: ignore[attr-defined]
    for step in steps if waits else ():
        with contextlib.suppress(BaseException):
            step()
    for stream in (sys.stdout, sys.stderr) if waits else ():
        with contextlib.suppress(BaseException):  # A host may have none.
            stream.flush()
    flush_c_output()
    if not waits and hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # With all that nodes have started: there is nobody else to end it.
    os._exit(code)
