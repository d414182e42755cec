"""How a part of a bundle is made again, and what came of it.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Mapping, Optional, Tuple

from ..core.frames import FrameList

REPOINT = "repoint"
DELETE = "delete"
LEAVE = "leave"
WAITING = (REPOINT, DELETE, LEAVE)
"""What can be done with jobs downstream, where new jobs come for what they wait for."""

ALL = "all"
FAILED = "failed"
STALE = "stale"
WHICH = (ALL, FAILED, STALE)
"""What can be asked for: everything, what failed, or what was made from results that have been replaced."""

Tasks = Mapping[str, Tuple[Optional[FrameList], ...]]
"""Tasks by node key, upstream first: the frames of each; None for the one of a job without frames."""


@dataclass(frozen=True)
class Wish:
    """What is to be made again."""

    nodes: tuple[str, ...] = ()
    """Keys, ``graph.node`` or names; none for all nodes."""
    frames: str | Iterable[int] | None = None
    """Those of these nodes; None or an empty text for all."""
    which: str = ALL
    """One of ``WHICH``."""
    only: bool = False
    """Whether what is made from it stays as it is."""
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """New values, by node key and input."""

    @property
    def asked(self) -> dict[str, Any]:
        """What ``select`` is asked for."""
        frames = None if self.frames == "" else self.frames
        return {"node": self.nodes, "frames": frames, "which": self.which, "only": self.only, "edited": self.inputs}


@dataclass(frozen=True)
class RedoOptions:
    """How tasks are made again on the farm."""

    new_jobs: bool = False
    """Whether new jobs come for them; otherwise those of the submission are requeued."""
    waiting: str = REPOINT
    """What becomes of jobs that wait for those which new ones replace: one of ``WAITING``."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """Entries of the job info to set, by key."""
    note: str = ""
    """Who asked for it, and why, for the comment of the jobs."""


@dataclass(frozen=True)
class RedoResult:
    """What was made again, or will be by the farm."""

    tasks: Tasks = field(default_factory=dict)
    new_jobs: Mapping[str, str] = field(default_factory=dict)
    """The IDs of the new jobs, by node key."""
    messages: tuple[str, ...] = ()
    """What happened besides, for people."""
    left: Tasks = field(default_factory=dict)
    """Of the tasks, those that came to no new result; told only where this machine ran them."""
