"""Nodes whose values say what they were made from: every evaluation has a number of its own."""

from __future__ import annotations

import itertools
import os

from flowpipe import Node

MEANWHILE = []
"""What happens while the next node is evaluated: after it was given its inputs, before its result is written."""
_NUMBERS = itertools.count(1)


def _number():
    """A number that no other evaluation has."""
    meanwhile, MEANWHILE[:] = list(MEANWHILE), []
    for act in meanwhile:
        act()
    return f"{os.getpid()}-{next(_NUMBERS)}"


@Node(outputs=["items"])
def Source(frames=None):
    """A value for each frame."""
    number = _number()
    return {"items": [(frame, number) for frame in frames]}


@Node(outputs=["items"])
def Follow(frames=None, items=None):
    """A value for each frame, made from that of the same frame."""
    number = _number()
    return {"items": [(frame, number, item) for frame, item in zip(frames, items)]}


@Node(outputs=["items"])
def Whole(frames=None, items=None):
    """A value for each frame, made from those of all frames."""
    number = _number()
    return {"items": [(frame, number, tuple(items)) for frame in frames]}


@Node(outputs=["items"])
def Last(items=None):
    """One value, made from those of all frames."""
    return {"items": (_number(), tuple(items))}


@Node(outputs=["items"])
def MayFail(fails=True):
    """Fails, or not."""
    if fails:
        raise ValueError("no scene")
    return {"items": _number()}


@Node(outputs=["items", "uneven"])
def Uneven(frames=None):
    """A value for each frame, and one for each frame whose number is even, twice."""
    number = _number()
    twice = [frame for frame in frames if frame % 2 == 0 for _ in range(2)]
    return {"items": [(frame, number) for frame in frames], "uneven": twice}


@Node(outputs=["items"])
def FollowTwo(frames=None, items=None, others=None):
    """A value for each frame, made from two of the same frame."""
    number = _number()
    return {"items": [(frame, number, item) for frame, item, _ in zip(frames, items, others)]}
