"""What the evaluator is asked: a task in a JSON file, or a session, whose tasks are lines of JSON on descriptor 0.

``plugins/Flowpipe/Flowpipe.py`` cannot import this module (it runs in Deadline's own Python) and repeats the keys; a
test compares both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Mapping

from ..core.errors import error_line
from ..core.files import RecordError, parse_record, read_record
from ..core.frames import FrameList

FORMAT = 1


@dataclass(frozen=True)
class TaskRequest:
    """A task as the plugin writes it: evaluate this node of this bundle for these frames."""

    bundle: Path
    node: str
    frames: FrameList | None = None
    """The frames or item numbers of the task; None for a node that is not batched."""
    token: str = ""
    """Marks the answers to this task, so that nothing that a node prints can pass for one."""
    interpreter: str = "python"
    wait: float = 0.0
    """Seconds to wait for upstream results that the file system does not show yet."""
    path_mappings: tuple[tuple[str, str], ...] = ()
    """The path mapping rules for this worker: the beginning of a path, and its replacement."""
    maps_back: bool = False
    """Whether results have paths as they were before the rules: the folders of this worker may be gone afterwards."""
    job: str = ""
    """The ID of the job on the farm; empty where there is none, or an earlier version of the plugin asks."""
    task: str = ""
    """The number of the task in its job."""
    worker: str = ""

    @property
    def chunk(self) -> FrameList | None:
        """The frames in ascending order, whatever order Deadline was given: all outputs of a node come in one."""
        return None if self.frames is None else FrameList(sorted(self.frames))

    def to_json(self) -> dict[str, Any]:
        """The task as ``read_request`` takes it, in a file."""
        return {
            "format": FORMAT,
            **vars(self),
            "bundle": str(self.bundle),
            "frames": None if self.frames is None else list(self.frames),
            "path_mappings": [list(rule) for rule in self.path_mappings],
        }


@dataclass(frozen=True)
class SessionRequest:
    """A session: the process stays, and evaluates one task after the other."""

    token: str
    """Marks the answers that belong to no task."""
    interpreter: str = "python"


def read_request(path: Path) -> TaskRequest | SessionRequest:
    """What a file that the plugin wrote asks for.

    Raises:
        RecordError: The file is missing, damaged, or from another version of the plugin.
    """
    data = read_record(path, version=FORMAT)
    if "session" not in data:
        return _task(data, str(path))
    return SessionRequest(token=str(data["session"]), interpreter=str(data.get("interpreter", "python")))


def parse_task(line: str) -> TaskRequest:
    """The task in a line of a session.

    Raises:
        RecordError: It is damaged, or from another version of the plugin.
    """
    return _task(parse_record(line.encode("utf-8"), name="the task", version=FORMAT), "it")


def _task(data: Mapping[str, Any], name: str) -> TaskRequest:
    try:
        return TaskRequest(
            bundle=Path(data["bundle"]),
            node=str(data["node"]),
            frames=None if data["frames"] is None else FrameList(data["frames"]),
            token=str(data["token"]),
            interpreter=str(data["interpreter"]),
            wait=float(data["wait"]),
            path_mappings=tuple((str(rule[0]), str(rule[1])) for rule in data["path_mappings"]),
            maps_back=bool(data.get("maps_back", False)),
            **{name: str(data.get(name, "")) for name in ("job", "task", "worker")},
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise RecordError(f"{name} is not a task: {error_line(error)}") from error
