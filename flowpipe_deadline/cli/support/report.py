"""What ``run`` and ``wait`` print at the end: outputs, errors, and jobs that never began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...core.text import listing
from ...results.outputs import NodeResults
from ..results import print_outputs
from .output import say

MOST_NAMES = 10  # Of jobs, in one line.


def print_answer(results: Mapping[str, NodeResults]) -> None:
    """Prints the outputs of the last nodes, and why any node has none."""
    for label, node in results.items():
        if node.is_last and node.encoded is not None:
            print_outputs(label, node.encoded)
        if node.error is not None:
            say(f"{label}: {node.error}")


def answer_parts(results: Mapping[str, NodeResults]) -> dict[str, Any]:
    """The outputs of all nodes, and why some have none, for JSON."""
    return {
        "outputs": {label: outputs for label, node in results.items() if (outputs := node.plain_outputs()) is not None},
        "problems": [node.error for node in results.values() if node.error],
    }


def has_answer(results: Mapping[str, NodeResults]) -> bool:
    """Whether all of the last nodes have outputs."""
    return all(node.is_there for node in results.values() if node.is_last)


def pending_lines(labels: Sequence[str]) -> Iterator[str]:
    """A line with the jobs that can never begin, if there are any."""
    if labels:
        yield f"Pending, as what they wait for failed: {listing(labels, most=MOST_NAMES)}"
