"""A node that does to its task whatever a test says."""

from __future__ import annotations

from flowpipe import Node


@Node(outputs=["value"])
def Do(code="", frames=None):
    """Runs the code; ``value`` is what it calls so, by default its frames."""
    names = {"frames": frames, "value": frames}
    exec(code, names)
    return {"value": names["value"]}
