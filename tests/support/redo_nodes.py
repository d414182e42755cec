"""Nodes whose outputs tell everything that they were made from, and that are wrong where a test says so."""

from __future__ import annotations

import zlib

from flowpipe import Node

BAD = set()
"""Names of nodes with the frames, None without one, for which they give something wrong."""


@Node(outputs=["items", "total", "table"])
def Work(title=None, value=None, frames=None, items=None, others=None):
    """A number for each frame, made of the item that belongs to it and of all that arrives whole."""
    places = [None] if frames is None else list(frames)
    mates = list(items or [None] * len(places))
    assert len(places) == len(mates)
    made = [_mixed(title, place, mate, value, others, (title, place) in BAD) for place, mate in zip(places, mates)]
    return {"items": made, "total": sum(made), "table": {str(place): one for place, one in zip(places, made)}}


def _mixed(*parts):
    return zlib.crc32(repr(parts).encode("utf-8"))
