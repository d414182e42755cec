"""``flowpipe-deadline logs``"""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from ..core.bundle import Bundle, find_nodes, node_labels
from ..core.errors import UsageError
from ..status.logs import LoggedTask, choose_task, is_on_farm, logged_tasks, read_log
from ..studio.connect import studio_client
from .support.options import bundle_argument, opened_bundle, output_option, via_option
from .support.output import answer, answer_json, answer_piece, reserve_stdout, say

_MOST_TASKS = 30  # In a list to choose from.


@click.command()
@bundle_argument
@click.argument("node", metavar="NODE")
@click.argument("frame", metavar="[FRAME]", required=False)
@click.option(
    "-f", "--follow", is_flag=True, help="Go on until the task has ended; Ctrl+C ends only that, not the task."
)
@via_option
@output_option
def logs(bundle: str, node: str, frame: str | None, follow: bool, via: str | None, output: str) -> None:
    """Show what a task printed, here or on the farm, while it renders or afterwards.

    NODE is a key, a node's name or graph.node, and FRAME a frame of the task. Without FRAME, it is the node's only
    task, or the one that failed last; else the tasks are listed. All attempts are shown, the latest at the end.
    Deadline has what an attempt printed once that has ended; a run on this machine is shown as it goes.

    \b
    Examples:
      flowpipe-deadline logs ./Shot-20261123-101500-1a2b3c4d Render
      flowpipe-deadline logs ./Shot-20261123-101500-1a2b3c4d Render 3 -f
      flowpipe-deadline logs ./Shot-20261123-101500-1a2b3c4d Render 3 -o json
    """
    reserve_stdout()
    opened = opened_bundle(bundle, via)
    key = _one_node(opened, node)
    task = choose_task(opened, key, frame)
    if task is None:
        _print_choice(opened, key, logged_tasks(opened, key), output=output)
        return
    client = studio_client(via=via) if is_on_farm(opened, key, task) else None
    lines = read_log(opened, key, task, client, follow=follow, say=say)
    try:
        if output == "json":
            _answer_json(opened, key, task, lines)
        else:
            all(answer_piece(text) for text in lines)
    except KeyboardInterrupt:
        if not follow:
            raise


def _one_node(bundle: Bundle, node: str) -> str:
    keys = find_nodes(bundle, node)
    if len(keys) > 1:
        labels = node_labels(bundle)
        names = ", ".join(f"{key} ({labels[key]})" for key in sorted(keys))
        raise UsageError(f"{bundle.folder} has several nodes '{node}'; name the key of one: {names}")
    return next(iter(keys))


def _print_choice(bundle: Bundle, key: str, tasks: tuple[LoggedTask, ...], *, output: str) -> None:
    if output == "json":
        listed = [{"frames": task.frames, "real_frames": task.real_frames, "result": task.has_result} for task in tasks]
        answer_json({"bundle": str(bundle.folder), "node": key, "tasks": listed})
        return
    answer(f"{key} has {len(tasks)} tasks, none of which failed; name a frame of one:")
    for task in tasks[:_MOST_TASKS]:
        answer(f"  {task.shown}{'' if task.has_result else '  (no result)'}")
    if len(tasks) > _MOST_TASKS:
        answer(f"  and {len(tasks) - _MOST_TASKS} more")


def _answer_json(bundle: Bundle, key: str, task: LoggedTask, pieces: Iterator[str]) -> None:
    """One JSON object, line by line, so that a long log is never held whole."""
    head = {"bundle": str(bundle.folder), "node": key, "frames": task.frames, "real_frames": task.real_frames}
    begin = "".join(f"  {json.dumps(name)}: {json.dumps(value)},\n" for name, value in head.items())
    answer_piece(f'{{\n{begin}  "lines": [')
    separator = "\n"
    try:
        for line in _lines(pieces):
            if not answer_piece(f"{separator}    {json.dumps(line)}"):
                break
            separator = ",\n"
    finally:
        answer_piece("\n  ]\n}\n")


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        yield from lines
    if rest:
        yield rest
