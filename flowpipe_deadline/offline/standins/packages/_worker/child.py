"""One running process: its output line by line, its input, its end.

Two threads serve it, one reading and one waiting, so that a line or the end is known at once, without polling. Lines
are only collected here; the caller decides when handlers run. As with .NET, the end may be known before the last lines
are (hosts and tooling, section 5.4).
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import threading
from collections import deque
from typing import IO, Any, Deque, Iterator, Mapping, Optional, Sequence, Union

from _dotnet.exceptions import InvalidOperationException, IOException

from _worker.trees import kill_group, kill_tree

# How long the output of an ended process is awaited when a process that left its group still holds the pipe.
_PIPE_GRACE_SECONDS = 0.5
# In characters. A longer line comes in parts, and a process that prints more than that waits for a flush.
_LONGEST_LINE = 1 << 20
_MOST_WAITING = 16 << 20
_KILL_SECONDS = 10.0
_CREATION_FLAGS = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW if os.name == "nt" else 0


class Child:
    """A process in a session of its own, started at once; stdout and stderr are one stream.

    ``tree`` kills what it leaves behind when it ends by itself.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self,
        command: Union[str, Sequence[str]],
        directory: Optional[str],
        environment: Mapping[str, str],
        *,
        tree: bool,
    ) -> None:
        self._tree = tree
        self._lines: Deque[str] = deque()
        self._waiting = 0  # Characters in the lines.
        self._has_room = threading.Condition()
        self._end = threading.Event()
        self._reaping = threading.Lock()
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=os.name != "nt",
            creationflags=_CREATION_FLAGS,
        )
        self.pid = self._process.pid
        self.stdin: Any = self._process.stdin
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()
        threading.Thread(target=self._await_end, daemon=True).start()

    @property
    def ended(self) -> bool:
        return self._end.is_set()

    @property
    def exit_code(self) -> int:
        """The exit code as .NET gives it: 128 plus the signal for a process that was killed by one."""
        if not self.ended:
            raise InvalidOperationException("process {} has not ended: it has no exit code".format(self.pid))
        code = self._process.returncode
        return 128 - code if code < 0 else code

    def take_lines(self) -> Iterator[str]:
        """The lines that came until now; not more, as a process may print without end."""
        for _ in range(len(self._lines)):
            with self._has_room:
                line = self._lines.popleft()
                self._waiting -= len(line) + 1
                self._has_room.notify()
            yield line

    def write_line(self, text: str) -> None:
        """Write a line to stdin.

        Raises:
            IOException: the process has ended or closed its input.
        """
        try:
            self.stdin.write((text + "\n").encode("utf-8"))
            self.stdin.flush()
        except (OSError, ValueError) as error:
            raise IOException("cannot write to stdin of process {}: {}".format(self.pid, error)) from None

    def wait_for_end(self, seconds: float) -> bool:
        """Return as soon as the process has ended; False if it takes longer. Its last lines may come later."""
        return self._end.wait(seconds)

    def wait_for_output(self) -> None:
        """Return when all output of the ended process is read, but for that of processes that left its group."""
        self._reader.join(_PIPE_GRACE_SECONDS)

    def kill(self) -> None:
        """End the process and everything it started; return when it is gone."""
        with self._reaping:
            # Under the lock the process is not reaped, so its number cannot belong to another one.
            if self._process.returncode is None:
                kill_tree(self.pid)
        self.wait_for_end(_KILL_SECONDS)
        with self._has_room:
            self._waiting = -sys.maxsize  # Nobody holds the reader up any more.
            self._has_room.notify()

    def _read(self, pipe: IO[bytes]) -> None:
        # newline=None ends lines at \r too, as .NET's ReadLine does: progress bars arrive line by line.
        with io.TextIOWrapper(pipe, encoding="utf-8", errors="replace", newline=None) as text:  # type: ignore[type-var]
            for line in iter(lambda: text.readline(_LONGEST_LINE), ""):
                with self._has_room:
                    self._has_room.wait_for(lambda: self._waiting < _MOST_WAITING)
                    self._lines.append(line[:-1] if line.endswith("\n") else line)
                    self._waiting += len(self._lines[-1]) + 1

    def _await_end(self) -> None:
        if hasattr(os, "waitid"):  # Not on Windows, on macOS from Python 3.9.
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._process.wait()
        with self._reaping:
            if self._tree:
                # Not reaped yet where that can be helped, so the group is still its own.
                kill_group(self.pid)
            self._process.wait()
        self._end.set()
        with contextlib.suppress(OSError):  # Unwritten input of an ended process.
            self.stdin.close()
