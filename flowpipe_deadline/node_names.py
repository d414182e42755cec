"""What the nodes of a bundle are called by people, and which of them somebody means."""

from __future__ import annotations

from .bundle import Bundle
from .errors import UsageError


def node_labels(bundle: Bundle) -> dict[str, str]:
    """``graph.node`` by key, of all nodes; where several are called the same, followed by the key."""
    labels: dict[str, str] = {}
    seen: set[str] = set()
    for entry in (*bundle.manifest["jobs"], *bundle.manifest["omitted"]):
        label = f"{entry['graph']}.{entry['node']}"
        labels[entry["key"]] = f"{label} ({entry['key']})" if label in seen else label
        seen.add(label)
    return labels


def find_nodes(bundle: Bundle, wanted: str) -> frozenset[str]:
    """The keys of the nodes that are meant by a key, a node's name or ``graph.node``.

    Raises:
        UsageError: There is no such node.
    """
    labels = node_labels(bundle)
    entries = (*bundle.manifest["jobs"], *bundle.manifest["omitted"])
    found = frozenset(
        entry["key"]
        for entry in entries
        if wanted in (entry["key"], entry["node"], labels[entry["key"]], f"{entry['graph']}.{entry['node']}")
    )
    if not found:
        raise UsageError(f"{bundle.folder} has no node '{wanted}'; it has {', '.join(labels.values())[:400]}")
    return found
