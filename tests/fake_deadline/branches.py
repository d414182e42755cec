"""Deadline's own Python for a script, as a branch of a process that is warm: imports are most of what one costs.

What the branch finds imported is the standard library alone; whatever else the script needs it finds
as a fresh one does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

_PACKAGES = ("tests", "flowpipe_deadline")
_FIRST_OTHER = 3
"""The first file descriptor that is no standard stream."""


class Branch:
    """A process that runs ``script_host.py``, with pipes to its stdin and stdout; used as ``subprocess.Popen`` is."""

    def __init__(self, arguments: Sequence[str], *, is_hidden: bool) -> None:
        answers, ours = os.pipe()
        theirs, questions = os.pipe()
        self._status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _become(answers, questions, arguments, is_hidden=is_hidden)
        os.close(answers)
        os.close(questions)
        self.stdin = os.fdopen(ours, "wb")
        self.stdout = os.fdopen(theirs, "rb")

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._wait(os.WNOHANG)

    def kill(self) -> None:
        """Ends it at once."""
        os.kill(self.pid, signal.SIGKILL)

    def communicate(self) -> None:
        """Closes the pipes, and waits for its end."""
        with suppress(OSError):
            self.stdin.close()
        self.stdout.close()
        self._wait(0)

    def _wait(self, options: int) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, options)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status


def _become(answers: int, questions: int, arguments: Sequence[str], *, is_hidden: bool) -> None:
    """Does in a branch what the program does in a fresh process, and ends it."""
    code = 1
    try:
        os.dup2(answers, 0)
        os.dup2(questions, 1)
        if is_hidden:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.closerange(_FIRST_OTHER, os.sysconf("SC_OPEN_MAX"))
        _forget()
        sys.argv[:] = arguments
        code = _run(arguments[0])
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code & 0xFF)


def _forget() -> None:
    """Has nothing imported but the standard library, and nothing else on the path."""
    import importlib

    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path[:] = [entry for entry in sys.path if entry != root]
    for name in [name for name in sys.modules if name.partition(".")[0] in _PACKAGES]:
        del sys.modules[name]
    importlib.invalidate_caches()


def _run(path: str) -> int:
    import atexit
    import runpy
    import threading

    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    else:
        code = 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stderr.flush()
    return code
