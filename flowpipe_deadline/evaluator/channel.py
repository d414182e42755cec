"""The evaluator's way to and from who started it: lines in on descriptor 0, marked lines out on descriptor 1.

Both are copied when the process starts, so that nodes cannot read tasks or lose answers: they get the null device as
their input, and may close or replace ``sys.stdout`` and any descriptor.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any

from . import system

MARK = "[flowpipe:"
# Bytes that a pipe takes at once, so that nothing comes between: 4096 on Linux, 512 on macOS; Windows names none.
_LONGEST_WRITE: int = getattr(select, "PIPE_BUF", 4096)
_PAUSE = 0.001  # Seconds between two tries to write into a full pipe that a node made non-blocking.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # .NET may write one before the first text.


class Channel:
    """Reads tasks and writes answers, whatever nodes do to the descriptors of the process.

    ``answers`` is a file beside the task's. It gets answers that are too long for one write into a pipe, which what
    others print could tear apart, and all of them once a node has closed the descriptors.
    """

    def __init__(self, answers: Path) -> None:
        self._answers = answers
        self._input, self._output, self._error = (_keep(number) for number in range(3))
        self._identities = {number: system.identity(number) for number in (self._input, self._output, self._error)}
        # All that were given, the hosts' first: one that is freed closes what others may have wrapped.
        self._streams = [sys.stdin, sys.stdout, sys.stderr]
        self._given: dict[str, Any] = {}
        self._waiting = b""
        self.memory = system.Memory()
        system.set_binary(self._input)
        system.ignore_broken_pipes()
        self.restore()

    @property
    def is_whole(self) -> bool:
        """Whether further tasks can be read and answered."""
        return self._has(self._input) and self._has(self._output)

    def is_heard(self) -> bool:
        """Whether somebody may read the output; if not, answers go into the file."""
        is_pipe = self._has(self._output) and system.is_pipe(self._output)
        if not is_pipe:
            self._identities[self._output] = None
        return is_pipe

    def restore(self) -> None:
        """Gives nodes input and output that are new, as hosts and nodes close, replace and wrap theirs.

        pvpython's output, for one, writes nothing more after an error, and its input has no ``read()``.
        """
        nothing = os.open(os.devnull, os.O_RDONLY)
        if nothing == 0:
            os.set_inheritable(0, True)
        else:
            os.dup2(nothing, 0)  # A node that reads input gets its end, as it would wait for ever otherwise.
            os.close(nothing)
        sys.stdin = os.fdopen(0, encoding="utf-8", errors="replace", closefd=False)
        for number, kept in ((1, self._output), (2, self._error)):
            if self._has(kept):
                system.set_blocking(kept)
                if system.identity(number) != self._identities[kept]:
                    os.dup2(kept, number)
        for number, name in ((1, "stdout"), (2, "stderr")):
            stream = self._given.get(name)
            if stream is not getattr(sys, name) or not _is_open(stream):
                self._given[name] = stream = _new_stream(number)
                self._streams.append(stream)
                setattr(sys, name, stream)

    def read_line(self) -> str | None:
        """The next line that is not blank; None at the end of the input."""
        while True:
            line, end, rest = self._waiting.partition(b"\n")
            if end:
                self._waiting = rest
                text = line[len(_BYTE_ORDER_MARK) :] if line.startswith(_BYTE_ORDER_MARK) else line
                if text.strip():
                    return text.strip().decode("utf-8", "replace")
                continue
            more = os.read(self._input, 65536) if self._has(self._input) else b""
            if not more:
                return None
            self._waiting += more

    def write(self, token: str, kind: str, text: str = "") -> None:
        """Writes an answer behind all that was printed so far.

        Raises:
            OSError: Nobody reads it any more.
        """
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # A node may have closed or replaced it.
                stream.flush()
        line = (f"{MARK}{token}] {kind} {text}".rstrip() + "\n").encode("ascii", "backslashreplace")
        if len(line) > _LONGEST_WRITE or not self._has(self._output):
            with self._answers.open("ab") as file:
                file.write(line)
            line = f"{MARK}{token}] answers\n".encode("ascii")
        if self._has(self._output):
            _write_all(self._output, line)

    def _has(self, number: int) -> bool:
        """Whether the descriptor is still ours."""
        found = self._identities[number]
        return found is not None and system.identity(number) == found


class Reporter:
    """Writes the answers to one task."""

    def __init__(self, channel: Channel, token: str) -> None:
        self._channel = channel
        self._token = token

    def started(self) -> None:
        """This code runs: the process, its Python, and the virtual environment that it is in, if any."""
        environment = sys.prefix if sys.prefix != sys.base_prefix else ""
        python = ".".join(map(str, sys.version_info[:3]))
        facts = {"process": os.getpid(), "python": python, "environment": environment}
        self._write("started", json.dumps(facts))

    def ready(self) -> None:
        """The host is ready for tasks."""
        self._write("ready", "")

    def leaves(self) -> None:
        """The process ends without having begun with the task, which is for a new one."""
        self._write("leaves", "")

    def status(self, text: str) -> None:
        """What the task is doing, for the Monitor's status column."""
        self._write("status", " ".join(text.split()))

    def progress(self, fraction: float, message: str) -> None:
        """How much of the task is done, from 0 to 1, and what it is doing."""
        with contextlib.suppress(OSError):  # Nobody reads it any more, which is not the node's fault.
            self._write("progress", f"{fraction:.4f} {' '.join(message.split())}")

    def warning(self, text: str) -> None:
        """What is odd, and did not keep the task from its result."""
        self._write("warning", " ".join(text.split()))

    def failed(self, *, message: str, traceback: str) -> None:
        """The task failed; ``traceback`` is the node's, or empty if the task could not be evaluated."""
        system.flush_c_output()
        with contextlib.suppress(Exception):  # Where there is no way to say it, the report still has it.
            self._channel.restore()
            sys.stderr.write(traceback or f"Error: {message}\n")
        self._write("error", json.dumps({"message": message, "traceback": traceback}))

    def done(self, *, is_last: bool = False) -> None:
        """The result is in the store; if ``is_last``, the process ends now."""
        system.flush_c_output()
        self._write("done", json.dumps({"memory": round(self._channel.memory.read()), "is_last": is_last}))

    def _write(self, kind: str, text: str) -> None:
        self._channel.write(self._token, kind, text)


def _keep(number: int) -> int:
    try:
        return system.keep_descriptor(number)
    except OSError:  # It is closed: the host has no such stream.
        return -1


def _is_open(stream: Any) -> bool:
    try:
        return stream is not None and not stream.closed
    except ValueError:  # It is detached.
        return False


def _new_stream(number: int) -> Any:
    """A text stream without a buffer, as of ``python -u``; None where the host has closed the descriptor."""
    try:
        raw = io.FileIO(number, "w", closefd=False)
    except OSError:
        return None
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)  # type: ignore[arg-type, type-var, unused-ignore]


def _write_all(number: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(number, data) :]
        except BlockingIOError:
            time.sleep(_PAUSE)
