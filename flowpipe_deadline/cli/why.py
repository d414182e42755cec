"""``flowpipe-deadline why``"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from ..core.bundle import Bundle, job_labels, node_labels
from ..deadline.client import DeadlineClient, SubmissionError
from ..status.why import Reason, why_lines
from ..status.why import why as read_reasons
from ..studio.connect import studio_client
from ..submit.record import read_submission
from .support.options import bundle_argument, opened_bundle, output_option, via_option
from .support.output import answer, answer_json, reserve_stdout


@click.command()
@bundle_argument
@click.argument("node", metavar="[NODE]", required=False)
@via_option
@output_option
def why(bundle: str, node: str | None, via: str | None, output: str) -> None:
    """Say why a submission, or a node of it, waits, failed or lacks results, and what to do.

    NODE is a key, a node's name or graph.node. Causes are shown once, with the commands that help and the jobs that
    wait for them. Works on bundles that were run here, too; without Deadline, it says what the bundle itself tells.

    \b
    Examples:
      flowpipe-deadline why ./Shot-20261123-101500-1a2b3c4d
      flowpipe-deadline why ./Shot-20261123-101500-1a2b3c4d Render
      flowpipe-deadline why ./Shot-20261123-101500-1a2b3c4d -o json
    """
    reserve_stdout()
    opened = opened_bundle(bundle, via)
    client, error = _client(opened, via)
    reasons = read_reasons(opened, client, node=node, unreachable=error)
    if output == "json":
        answer_json(_to_json(opened, reasons))
        return
    labels = job_labels(opened.jobs, main=opened.graph)
    for line in why_lines(reasons, labels):
        answer(line)
    if not reasons:
        answer(f"nothing is wrong: all jobs of {opened.name} are complete, and so are their results")


def _client(bundle: Bundle, via: str | None) -> tuple[DeadlineClient | None, str]:
    """The client, if the bundle was submitted, or why there is none."""
    if read_submission(bundle.folder) is None:
        return None, ""
    try:
        return studio_client(via=via), ""
    except SubmissionError as error:
        return None, str(error)


def _to_json(bundle: Bundle, reasons: Sequence[Reason]) -> dict[str, Any]:
    labels = node_labels(bundle)
    return {
        "bundle": str(bundle.folder),
        "submission": bundle.name,
        "asked": [reason.key for reason in reasons],
        "reasons": [
            {
                "key": reason.key,
                "node": labels.get(reason.key),
                "kind": reason.kind,
                "text": reason.text,
                "because": [cause.key for cause in reason.because],
                "advice": reason.advice,
            }
            for reason in _all_of(reasons)
        ],
    }


def _all_of(reasons: Sequence[Reason]) -> Iterator[Reason]:
    """The reasons and all below them, once each."""
    waiting, seen = list(reasons), set[int]()
    for reason in waiting:  # Grows meanwhile.
        if id(reason) not in seen:
            seen.add(id(reason))
            waiting += reason.because
            yield reason
