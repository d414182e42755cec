"""``flowpipe-deadline results``"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Optional

import click

from ..core.bundle import read_bundle
from ..core.text import counted
from ..results.outputs import NodeResults, read_results
from ..results.plain import plain
from .support.options import bundle_argument, output_option
from .support.output import answer, answer_json, reserve_stdout

_LONGEST_VALUE = 2000


@click.command()
@bundle_argument
@click.argument("node", metavar="[NODE]", required=False)
@click.option("--chunks", is_flag=True, help="The outputs of every chunk as well, before they are merged.")
@output_option
def results(bundle: str, node: Optional[str], chunks: bool, output: str) -> None:
    """Show what the nodes of a bundle gave, and what is missing.

    NODE is a key, a node's name or graph.node; without it, all nodes are shown.

    \b
    Examples:
      flowpipe-deadline results ./bundles/Turntable-20261123-101500-1a2b3c4d
      flowpipe-deadline results ./bundles/Turntable-20261123-101500-1a2b3c4d Render --chunks
    """
    reserve_stdout()
    found = read_results(bundle, node=node)
    if output == "json":
        nodes = {label: one.to_json() for label, one in found.items()}
        answer_json({"bundle": str(read_bundle(bundle).folder), "nodes": nodes})
    else:
        for label, one in found.items():
            _print_node(label, one, chunks=chunks)


def print_outputs(label: str, encoded: Mapping[str, Any]) -> None:
    """Prints a node's outputs, a line each."""
    answer(label if encoded else f"{label} (no outputs)")
    for name, value in encoded.items():
        answer(f"  {name} = {_shown(value)}")


def _print_node(label: str, node: NodeResults, *, chunks: bool) -> None:
    if node.error is not None:
        answer(f"{label}: {node.error}")
    if node.encoded is not None:
        print_outputs(f"{label} (omitted)" if node.is_omitted else label, node.encoded)
        if node.stale is not None:
            frames = "" if node.batch is None else f"{node.batch.mode} {node.shown_frames(node.stale)} "
            answer(f"  {frames}made from results that have been replaced")
    elif node.error is None:
        answer(f"{label}: {node.missing_words}")
    if chunks or node.encoded is None:
        for chunk, outputs in node.chunks:
            print_outputs(f"  {label} {node.shown_frames(chunk)}".rstrip(), outputs)


def _shown(encoded: Any) -> str:
    text = json.dumps(plain(encoded), ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({counted(len(text), 'character')})"
