"""``flowpipe-deadline list``"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ..core.names import beginning_of
from ..core.text import one_line
from ..status.listing import BundleEntry, list_bundles
from ..studio.connect import studio_client
from ..studio.file import known_root
from .support.options import output_option, root_option, via_option
from .support.output import answer, answer_json, print_columns, reserve_stdout, say_warning

_HEADINGS = ("State", "Progress", "Tasks", "User", "Submission")
_LONGEST_ERROR = 300
_LONGEST_GRAPH = 60


@click.command(name="list")
@root_option(help_text="The folder that has the bundles; else the studio file's, else that of 'run'.")
@click.option("-a", "--all", "everyone", is_flag=True, help="Those of all users; else only mine.")
@via_option
@output_option
def list_command(root: Path | None, everyone: bool, via: str | None, output: str) -> None:
    """Show my bundles and submissions, the newest first, with their state and progress.

    Each of them can be named where other commands want a BUNDLE, by its whole name or a beginning that no other has.
    Deadline is asked once for all their jobs. Where it does not say how many tasks are done, or cannot be asked, the
    chunks that have results are counted, and marked with *.

    \b
    Examples:
      flowpipe-deadline list
      flowpipe-deadline list --all --root //server/show/farm
      flowpipe-deadline list -o json
    """
    reserve_stdout()
    messages: list[str] = []
    where = known_root(root)
    entries = list_bundles(
        where, everyone=everyone, open_client=lambda: studio_client(via=via), on_message=messages.append
    )
    for message in messages:
        say_warning(message)
    if output == "json":
        answer_json({"root": str(where), "messages": messages, "bundles": [_json(entry) for entry in entries]})
    else:
        _print_entries(entries, where, everyone=everyone)


def _print_entries(entries: tuple[BundleEntry, ...], root: Path, *, everyone: bool) -> None:
    if not entries:
        answer(f"There are no bundles{'' if everyone else ' of yours'} below {root}")
        return
    shown = [index for index, heading in enumerate(_HEADINGS) if everyone or heading != "User"]
    rows = [[_cells(entry)[index] for index in shown] for entry in entries]
    print_columns([_HEADINGS[index] for index in shown], rows)
    for entry in entries:
        if entry.error:
            answer(f"{entry.name}: {one_line(entry.error, longest=_LONGEST_ERROR)}")


def _cells(entry: BundleEntry) -> tuple[str, ...]:
    mark = "" if entry.is_reported else "*"
    graph = one_line(entry.graph, longest=_LONGEST_GRAPH)
    return (
        entry.status,
        f"{entry.progress:.0f} %{mark}" if entry.total else "-",
        f"{entry.done}/{entry.total}{mark}" if entry.total else "-",
        entry.user or "-",
        entry.name if beginning_of(entry.name) == entry.graph else f"{entry.name}  {graph}",
    )


def _json(entry: BundleEntry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "bundle": str(entry.folder),
        "graph": entry.graph,
        "user": entry.user,
        "created": entry.created,
        "state": entry.state,
        "status": entry.status,
        "jobs": dict(entry.jobs),
        "done": entry.done,
        "total": entry.total,
        "progress": round(entry.progress, 1),
        "counted_by": "Deadline" if entry.is_reported else "results",
        "error": entry.error or None,
    }
