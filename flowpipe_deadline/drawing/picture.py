"""What is drawn of a graph: its nodes with their states, and what waits for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal


class State(str, Enum):
    """The state of a node, in the word that stands on its box."""

    PLANNED = "planned"
    """Nothing of it has been done, and nobody is at work on it."""
    PARTLY = "partly done"
    """Some of its results are there, and nobody is at work on it."""
    WAITING = "waiting"
    """It waits for other nodes."""
    BLOCKED = "blocked"
    """It cannot begin, or go on, by itself: something that it waits for has failed, or was deleted."""
    QUEUED = "queued"
    """It could start."""
    RENDERING = "rendering"
    SUSPENDED = "suspended"
    COMPLETE = "complete"
    STALE = "stale"
    """It is complete, but made from results that have been replaced."""
    MISSING = "no results"
    """Its job is complete, and results are missing."""
    FAILED = "failed"
    DELETED = "deleted"
    """Its job was deleted before all of its results were there."""
    UNKNOWN = "unknown"
    """Deadline tells no state."""


@dataclass(frozen=True)
class PictureNode:
    """A box."""

    key: str
    label: str
    """Its real name, with its graph before it where that is another than the whole."""
    state: State
    frames: str | None
    """None for a node that is not batched."""
    total: int
    """How many chunks it has."""
    done: float = 0.0
    """How many of them are complete; those that render count by their progress."""
    failed: int = 0
    stale: int = 0
    seconds: float | None = None
    """How long its chunks took, all together; None if that is not known."""
    reason: str = ""
    """Why it failed, in a line."""
    facts: tuple[tuple[str, str], ...] = ()
    """What else there is to say about it: a heading and a text each."""


@dataclass(frozen=True)
class PictureEdge:
    """A line from a box to another."""

    upstream: str
    downstream: str
    kind: Literal["job", "frame"]
    """``frame``: chunks wait for those of the same frames; ``job``: the whole waits for the whole."""
    reason: str


@dataclass(frozen=True)
class Picture:
    """A graph at one moment."""

    title: str
    name: str
    """Tells it from pictures of anything else."""
    nodes: tuple[PictureNode, ...]
    """Upstream first."""
    edges: tuple[PictureEdge, ...]
    notices: tuple[str, ...] = ()
    """What is unusual, a sentence each."""
    is_over: bool = True
    """Whether nothing of it can change by itself."""

    def counts(self) -> Mapping[State, int]:
        """How many nodes are in each state, in the order of ``State``."""
        found = Counter(node.state for node in self.nodes)
        return {state: found[state] for state in State if found[state]}

    def to_json(self) -> dict[str, Any]:
        """The picture for other programs."""
        return {
            "name": self.name,
            "over": self.is_over,
            "notices": list(self.notices),
            "nodes": [{**vars(node), "state": node.state.value, "facts": dict(node.facts)} for node in self.nodes],
            "edges": [vars(edge) for edge in self.edges],
        }


def duration(seconds: float) -> str:
    """A time for people.

    >>> duration(0.01), duration(0.42), duration(75), duration(7322)
    ('< 0.1 s', '0.4 s', '1 min 15 s', '2 h 2 min')
    """
    if seconds < 0.1:
        return "< 0.1 s"
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
