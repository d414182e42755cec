"""One running process: its output line by line, its input, its end.

Two threads serve it, one reading and one waiting, so that a line or the end is known at once, without polling. Lines
are only collected here; the caller decides when handlers run.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import threading
from collections import deque
from typing import IO, Deque, Mapping, Optional, Sequence, Union

from _dotnet.exceptions import InvalidOperationException, IOException

from _worker.trees import kill_group, kill_tree

__all__ = ["Child"]

# How long the output of an ended process is awaited when a process that left its group still holds the pipe.
_PIPE_GRACE_SECONDS = 0.5
_KILL_SECONDS = 10.0


class Child:
    """A process in a session of its own, started at once.

    ``stdin`` gives it a pipe, else there is nothing to read; ``capture`` collects stdout and stderr as one stream,
    else they go nowhere; ``tree`` kills what it leaves behind when it ends by itself.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self,
        command: Union[str, Sequence[str]],
        directory: Optional[str],
        environment: Mapping[str, str],
        *,
        stdin: bool = False,
        capture: bool = True,
        tree: bool = True,
    ) -> None:
        self._tree = tree
        self._lines: Deque[str] = deque()
        self._news = threading.Condition()
        self._exit_code: Optional[int] = None
        self._reaping = threading.Lock()
        self._process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=os.name != "nt",
            creationflags=_creation_flags(),
        )
        self.pid = self._process.pid
        self._reader: Optional[threading.Thread] = None
        if self._process.stdout is not None:
            self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)
            self._reader.start()
        threading.Thread(target=self._await_end, daemon=True).start()

    @property
    def ended(self) -> bool:
        return self._exit_code is not None

    @property
    def exit_code(self) -> int:
        """The exit code as .NET gives it: 128 plus the signal for a process that was killed by one."""
        if self._exit_code is None:
            raise InvalidOperationException("process {} has not ended: it has no exit code".format(self.pid))
        return 128 - self._exit_code if self._exit_code < 0 else self._exit_code

    def next_line(self) -> Optional[str]:
        """The oldest line that was not taken yet, or None."""
        try:
            return self._lines.popleft()
        except IndexError:
            return None

    def waiting_lines(self) -> int:
        """How many lines were not taken yet."""
        return len(self._lines)

    def wait_for_news(self, seconds: float) -> None:
        """Return as soon as there is a line or the process has ended, at the latest after ``seconds``."""
        with self._news:
            self._news.wait_for(lambda: bool(self._lines) or self.ended, seconds)

    def wait_for_end(self, seconds: float) -> bool:
        """Return as soon as the process has ended and its output is read; False if it takes longer."""
        with self._news:
            return self._news.wait_for(lambda: self.ended, seconds)

    def write_line(self, text: str) -> None:
        """Write one line to stdin.

        Raises:
            IOException: the process has ended or closed its input.
        """
        if self._process.stdin is None:
            raise InvalidOperationException("process {} was started without stdin".format(self.pid))
        try:
            self._process.stdin.write((text + "\n").encode("utf-8"))
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise IOException("cannot write to stdin of process {}: {}".format(self.pid, error)) from None

    def kill(self) -> None:
        """End the process and everything it started; return when it is gone."""
        with self._reaping:
            # Under the lock the process is not reaped, so its number cannot belong to another one.
            if self._process.returncode is None:
                kill_tree(self.pid)
        self.wait_for_end(_KILL_SECONDS)

    def _read(self, pipe: IO[bytes]) -> None:
        # newline=None ends lines at \r too, as .NET's ReadLine does: progress bars arrive line by line.
        with io.TextIOWrapper(pipe, encoding="utf-8", errors="replace", newline=None) as text:  # type: ignore[type-var]
            for line in text:
                with self._news:
                    self._lines.append(line[:-1] if line.endswith("\n") else line)
                    self._news.notify_all()

    def _await_end(self) -> None:
        if hasattr(os, "waitid"):  # Not on Windows, on macOS from Python 3.9.
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        else:
            self._process.wait()
        with self._reaping:
            if self._tree:
                # Not reaped yet where that can be helped, so the group is still its own.
                kill_group(self.pid)
            code = self._process.wait()
        if self._reader:
            self._reader.join(_PIPE_GRACE_SECONDS)
        if self._process.stdin:
            with contextlib.suppress(OSError):  # Unwritten input of an ended process.
                self._process.stdin.close()
        with self._news:
            self._exit_code = code
            self._news.notify_all()


def _creation_flags() -> int:
    if os.name != "nt":
        return 0
    return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
