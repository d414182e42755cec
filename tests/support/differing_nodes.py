"""Nodes that see where they are evaluated."""

from __future__ import annotations

import threading

from flowpipe import INode, InputPlug, Node, OutputPlug

CALLS = []


@Node(outputs=["items"])
def Make():
    """The same list twice."""
    item = [1]
    return {"items": [item, item]}


@Node(outputs=["items"])
def Change(items=None):
    """Changes what it is given."""
    items[0].append(2)
    CALLS.append("Change")
    return {"items": items}


@Node(outputs=["items", "calls"])
def Look(items=None):
    """What it is given, and which nodes were evaluated in this process."""
    CALLS.append("Look")
    return {"items": items, "calls": list(CALLS)}


@Node(outputs=["lock"])
def Lock():
    """Something that belongs to a process."""
    return {"lock": threading.Lock()}


class Neighbours(INode):
    """Looks around in its graph, and remembers it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seen = None
        InputPlug("items", self)
        OutputPlug("found", self)

    def compute(self, items):  # noqa: ARG002 (it looks around)
        """What is upstream, and how many nodes there are."""
        self.seen = [node.name for node in self.parents]
        return {"found": [self.graph.name, len(self.graph.nodes), self.seen, bool(self.inputs["items"].connections)]}
