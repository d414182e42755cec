"""How the plugin and the evaluator communicate: a task as a JSON file, answers as marked lines on stdout.

``plugins/Flowpipe/Flowpipe.py`` cannot import this module (it runs in Deadline's own Python) and repeats the marker and
the keys; a test compares both.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

from ..core.files import RecordError, read_record
from ..core.frames import FrameList

FORMAT = 1


@dataclass(frozen=True)
class TaskRequest:
    """A task as the plugin writes it: evaluate this node of this bundle for these frames."""

    bundle: Path
    node: str
    frames: Optional[FrameList] = None
    """The frames or item numbers of the task; None for a node that is not batched."""
    token: str = ""
    """Marks the answers to this task, so that nothing that a node prints can pass for one."""
    interpreter: str = "python"
    wait: float = 0.0
    """Seconds to wait for upstream results that the file system does not show yet."""
    path_mappings: Tuple[Tuple[str, str], ...] = ()
    """Deadline's path mapping rules for this worker: the beginning of a path, and its replacement."""

    @property
    def chunk(self) -> Optional[FrameList]:
        """The frames in ascending order, whatever order Deadline was given: all outputs of a node come in one."""
        return None if self.frames is None else FrameList(sorted(self.frames))


def read_task(path: Path) -> TaskRequest:
    """The task in a file that the plugin wrote.

    Raises:
        RecordError: The file is missing, damaged, or from another version of the plugin.
    """
    data = read_record(path, version=FORMAT)
    try:
        return TaskRequest(
            bundle=Path(data["bundle"]),
            node=str(data["node"]),
            frames=None if data["frames"] is None else FrameList(data["frames"]),
            token=str(data["token"]),
            interpreter=str(data["interpreter"]),
            wait=float(data["wait"]),
            path_mappings=tuple((str(rule[0]), str(rule[1])) for rule in data["path_mappings"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RecordError(f"{path} is not a task: {error!r}") from error


class Reporter:
    """Writes the evaluator's answers, one line each, even if a node replaces ``sys.stdout``."""

    def __init__(self, token: str) -> None:
        self._mark = f"[flowpipe:{token}]"
        self._output = os.dup(1)

    def status(self, text: str) -> None:
        """What the task is doing, for the Monitor's status column."""
        self._write("status", " ".join(text.split()))

    def failed(self, *, message: str, traceback: str) -> None:
        """The task failed; ``traceback`` is the node's, or empty if the task could not be evaluated."""
        self._write("error", json.dumps({"message": message, "traceback": traceback}))

    def done(self) -> None:
        """The result is in the store."""
        self._write("done", "")

    def _write(self, kind: str, text: str) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # A node may have closed or replaced it.
                stream.flush()
        line = f"{self._mark} {kind} {text}".rstrip() + "\n"
        os.write(self._output, line.encode("ascii", "backslashreplace"))
