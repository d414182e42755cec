"""Pictures for tests."""

from __future__ import annotations

import random

from flowpipe_deadline.drawing.picture import Picture, PictureEdge, PictureNode, State


def node(key, state=State.PLANNED, **more):
    """A box that is called as its key."""
    return PictureNode(**{"key": key, "label": key, "state": state, "frames": None, "total": 1, **more})


def edges(*pairs, kind="job"):
    """Lines between boxes."""
    return tuple(PictureEdge(upstream, downstream, kind, "") for upstream, downstream in pairs)


def picture(*nodes, edges=(), name="Shot", **more):
    """A picture of these."""
    return Picture(name, name, tuple(nodes), tuple(edges), **more)


def many(count, *, seed=1):
    """A picture of so many nodes in all states, each after up to three of the thirty before it."""
    chance = random.Random(seed)
    states = list(State)
    pairs = {
        (f"n{chance.randint(max(0, index - 30), index - 1)}", f"n{index}")
        for index in range(1, count)
        for _ in range(chance.randint(1, 3))
    }
    nodes = [node(f"n{index}", states[index % len(states)], total=4, done=2.0) for index in range(count)]
    return picture(*nodes, edges=edges(*sorted(pairs)), name="Many")
