"""``flowpipe-deadline results``"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ..results.history import history_json, history_lines, read_history
from ..results.outputs import NodeResults, read_results
from ..results.plain import shown
from .support.options import bundle_argument, opened_bundle, output_option
from .support.output import answer, answer_json, reserve_stdout


@click.command()
@bundle_argument
@click.argument("node", metavar="[NODE]", required=False)
@click.option("--chunks", is_flag=True, help="The outputs of every chunk as well, before they are merged.")
@click.option(
    "--history",
    "with_history",
    is_flag=True,
    help="Every evaluation as well: when, where, how long, for which task; and the inputs, with who changed them.",
)
@output_option
def results(bundle: str, node: str | None, chunks: bool, with_history: bool, output: str) -> int:
    """Show what the nodes of a bundle gave, and what is missing.

    NODE is a key, a node's name or graph.node; without it, all nodes are shown. Files that differ only in their frame
    are shown as one, such as beauty.[1001-1025].exr; JSON has each. Exits with 1 if outputs of the nodes that are shown
    are missing or cannot be read.

    \b
    Examples:
      flowpipe-deadline results ./bundles/Turntable-20261123-101500-1a2b3c4d
      flowpipe-deadline results ./bundles/Turntable-20261123-101500-1a2b3c4d Render --chunks
      flowpipe-deadline results ./bundles/Turntable-20261123-101500-1a2b3c4d Render --history
    """
    reserve_stdout()
    opened = opened_bundle(bundle)
    found = read_results(opened, node=node)
    history = read_history(opened, node=node) if with_history else {}
    is_complete = all(one.is_there for one in found.values())
    if output == "json":
        nodes = {label: one.to_json() for label, one in found.items()}
        for label, one in found.items() if with_history else ():
            nodes[label].update(inputs=one.plain_inputs(), history=history_json(history.get(label, ())))
        answer_json({"bundle": str(opened.folder), "complete": is_complete, "nodes": nodes})
    elif with_history:
        for line in history_lines(found, history):
            answer(line)
    else:
        for label, one in found.items():
            _print_node(label, one, chunks=chunks)
    return 0 if is_complete else 1


def print_outputs(label: str, encoded: Mapping[str, Any]) -> None:
    """Prints a node's outputs, a line each."""
    answer(label if encoded else f"{label} (no outputs)")
    for name, value in encoded.items():
        answer(f"  {name} = {shown(value)}")


def _print_node(label: str, node: NodeResults, *, chunks: bool) -> None:
    if node.error is not None:
        answer(f"{label}: {node.error}")
    if node.encoded is not None:
        print_outputs(f"{label} (omitted)" if node.is_omitted else label, node.encoded)
        if node.stale is not None:
            frames = "" if node.batch is None else f"{node.batch.mode} {node.shown_frames(node.stale)} "
            answer(f"  {frames}made from results or inputs that have been replaced since")
    elif node.error is None:
        answer(f"{label}: {node.missing_words}")
    if chunks or node.encoded is None:
        for chunk, outputs in node.chunks:
            print_outputs(f"  {label} {node.shown_frames(chunk)}".rstrip(), outputs)
