"""Nodes that do nothing: what is measured is what is around them. They need flowpipe alone, as hosts have no more."""

from __future__ import annotations

import importlib

from flowpipe import Node


@Node(outputs=["seen"])
def act(frames=(), module=""):
    """The frames; ``module`` is imported first: what nodes in a host cannot do without."""
    if module:
        importlib.import_module(module)
    return {"seen": list(frames)}


@Node(outputs=["seen"])
def follow(frames=(), seen=()):  # noqa: ARG001  (its batches are cut by them)
    """The same, fed frame by frame."""
    return {"seen": list(seen)}


@Node(outputs=["count"])
def gather(seen=None):
    """How many came."""
    return {"count": len(seen)}
