"""The evaluator's way to and from who started it: lines in on descriptor 0, marked lines out on descriptor 1.

Both are copied when the process starts, so that nodes cannot read tasks or lose answers: they get the null device as
their input, and may close or replace ``sys.stdout`` and any descriptor.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Optional

from . import system

MARK = "[flowpipe:"
_PAUSE = 0.001  # Seconds between two tries to write into a full pipe that a node made non-blocking.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # .NET may write one before the first text.


class Channel:
    """Reads tasks and writes answers, whatever nodes do to the descriptors of the process.

    ``answers`` is a file beside the task's. It gets the answer if a node has closed all descriptors.
    """

    def __init__(self, answers: Path) -> None:
        self._answers = answers
        self._input, self._output, self._error = (_keep(number) for number in range(3))
        self._identities = {number: system.identity(number) for number in (self._input, self._output, self._error)}
        self._streams = (sys.stdout, sys.stderr)
        self._waiting = b""
        self.memory = system.Memory()
        system.set_binary(self._input)
        system.ignore_broken_pipes()
        self.restore()

    @property
    def is_whole(self) -> bool:
        """Whether further tasks can be read and answered."""
        return self._has(self._input) and self._has(self._output)

    def restore(self) -> None:
        """Gives nodes their input and output as they were at first."""
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)  # A node that reads input gets its end, as it would wait for ever otherwise.
        for number, kept in ((1, self._output), (2, self._error)):
            if self._has(kept):
                system.set_blocking(kept)
                if system.identity(number) != self._identities[kept]:
                    os.dup2(kept, number)
        # Not the host's: that of pvpython has no read(), and a node may have closed it.
        sys.stdin = os.fdopen(0, encoding="utf-8", errors="replace", closefd=False)
        sys.stdout, sys.stderr = (_open(stream, number) for number, stream in enumerate(self._streams, start=1))

    def read_line(self) -> Optional[str]:
        """The next line that is not blank; None at the end of the input."""
        while True:
            line, end, rest = self._waiting.partition(b"\n")
            if end:
                self._waiting = rest
                text = line[len(_BYTE_ORDER_MARK) :] if line.startswith(_BYTE_ORDER_MARK) else line
                if text.strip():
                    return text.strip().decode("utf-8", "replace")
                continue
            more = os.read(self._input, 65536)
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
        if self._has(self._output):
            _write_all(self._output, line)
        else:
            with self._answers.open("ab") as file:
                file.write(line)

    def _has(self, number: int) -> bool:
        """Whether the descriptor is still ours."""
        found = self._identities[number]
        return found is not None and system.identity(number) == found


class Reporter:
    """Writes the answers to one task."""

    def __init__(self, channel: Channel, token: str) -> None:
        self._channel = channel
        self._token = token

    def ready(self) -> None:
        """This code runs: the process, its Python, and the virtual environment that it is in, if any."""
        environment = sys.prefix if sys.prefix != sys.base_prefix else ""
        python = ".".join(map(str, sys.version_info[:3]))
        facts = {"process": os.getpid(), "python": python, "environment": environment}
        self._write("ready", json.dumps(facts))

    def status(self, text: str) -> None:
        """What the task is doing, for the Monitor's status column."""
        self._write("status", " ".join(text.split()))

    def progress(self, fraction: float, message: str) -> None:
        """How much of the task is done, from 0 to 1, and what it is doing."""
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


def _open(stream: Any, number: int) -> Any:
    """The stream, or a new one if a node has closed it, or if it is one of the host's without a descriptor.

    What a node prints would be lost there: into C++'s output in pvpython, which writes nothing more after an error.
    """
    with contextlib.suppress(Exception):
        if stream is None or stream.fileno() >= 0:
            return stream
    raw = io.FileIO(number, "w", closefd=False)  # Without a buffer, as of python -u.
    return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", write_through=True)


def _write_all(number: int, data: bytes) -> None:
    while data:
        try:
            data = data[os.write(number, data) :]
        except BlockingIOError:
            time.sleep(_PAUSE)
