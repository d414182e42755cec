"""What is on record of a redo under way: which jobs it changes, what they were before, and which it has made.

``redo.json`` in the bundle. It is there as long as the redo is under way, or is half done: then what it has changed can
be undone by it. Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping

from ..core.bundle import FORMAT
from ..core.files import DamagedRecordError, RecordError, is_there, read_record
from .ownership import is_at_work, owner_of

REDO = "redo.json"
REDO_IDS = "redo.ids"
_LINE = re.compile(r"(?P<key>\S+) (?P<id>[0-9a-f]{24})")


@dataclass(frozen=True)
class JobBefore:
    """What a job was before the redo."""

    key: str
    status: str
    task_count: int = 0
    tasks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """The numbers of the tasks that the redo changes, by the state that they had."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """The entries of the job info that it changes."""
    dependencies: tuple[str, ...] | None = None
    """What it depended on, if the redo changes that."""

    def to_json(self) -> dict[str, Any]:
        """As it stands in the record."""
        tasks = {state: list(numbers) for state, numbers in self.tasks.items()}
        return {**vars(self), "tasks": tasks, "entries": dict(self.entries)}


@dataclass(frozen=True)
class RedoRecord:
    """How far a redo is."""

    is_left: bool
    """Whether it failed, and not all of it could be undone."""
    is_at_work: bool
    """Whether it is under way at this moment, as far as that is known."""
    owner: str
    """The process that does it, or did, for a sentence; empty if that is not known."""
    before: Mapping[str, JobBefore]
    """The jobs that it changes, by ID, upstream first."""
    jobs: Mapping[str, str]
    """The IDs of the jobs that it has made, by node key."""
    kept: tuple[str, ...] | None
    """The jobs of the submission that were there before new ones were made; None where none are."""
    token: str


def read_redo(folder: Path) -> RedoRecord | None:
    """The record of a redo of the bundle in that folder; None without one.

    Raises:
        RecordError: It is damaged, or a newer version wrote it.
    """
    path = folder / REDO
    if not is_there(path):
        return None
    try:
        data = read_record(path, version=FORMAT, keys=("before", "jobs", "kept"))
        return RedoRecord(
            is_left=data["state"] == "left",
            is_at_work=data["state"] != "left" and is_at_work(data, [path, folder / REDO_IDS]),
            owner=owner_of(data),
            before={str(job_id): _parse_before(item) for job_id, item in data["before"].items()},
            jobs={**{str(key): str(job_id) for key, job_id in data["jobs"].items()}, **read_lines(folder / REDO_IDS)},
            kept=None if data["kept"] is None else tuple(map(str, data["kept"])),
            token=str(data.get("token", "")),
        )
    except FileNotFoundError:
        return None  # It has ended this moment.
    except (DamagedRecordError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(
            f"{path} is damaged: {getattr(error, 'reason', error)}; a redo of {folder.name} was under way: see in the"
            " Monitor how its jobs are, and delete that file"
        ) from error


def read_lines(path: Path) -> dict[str, str]:
    """Job IDs by node key, of the lines that are whole; the last may have been cut off."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    return {match["key"]: match["id"] for match in map(_LINE.fullmatch, lines) if match}


def _parse_before(item: Mapping[str, Any]) -> JobBefore:
    waits = item.get("dependencies")
    return JobBefore(
        key=str(item["key"]),
        status=str(item["status"]),
        task_count=int(item["task_count"]),
        tasks={str(state): tuple(map(int, numbers)) for state, numbers in item["tasks"].items()},
        entries={str(key): str(value) for key, value in item["entries"].items()},
        dependencies=None if waits is None else tuple(map(str, waits)),
    )
