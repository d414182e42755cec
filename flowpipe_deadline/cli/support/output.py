"""What the commands print: only the answer on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Optional, TextIO, Union

import click

from ...core.warnings import PlanWarning, warning_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PLAIN_WIDTH = 160
_NUMBERS = ("Tasks", "Errors", "Task", "Progress")
_answer: Optional[TextIO] = None


def reserve_stdout() -> None:
    """Keeps stdout for the answer, until the process ends.

    What anything else writes there, such as a script that is loaded, its children or an exit handler, goes to stderr.
    """
    global _answer  # noqa: PLW0603  (there is one stdout)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, AttributeError):  # It is closed: nobody wants an answer.
        kept = os.open(os.devnull, os.O_WRONLY)
    _answer = open(kept, "w", encoding=encoding, errors="backslashreplace")  # noqa: SIM115  (open to the end)
    sys.stdout = sys.stderr


def answer(text: str) -> None:
    """Writes the text as a line of the answer. A reader that ends early, as ``head`` does, is not an error."""
    answer_piece(text + "\n")


def answer_piece(text: str) -> bool:
    """Writes the text as part of the answer, which may end within a line; returns whether somebody still reads it."""
    stream = _answer or sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True


def answer_json(data: Any) -> None:
    """Writes the data as strict JSON."""
    answer(json.dumps(data, indent=2, allow_nan=False))


def say(text: str) -> None:
    """Writes something for people that is not the answer, if stderr can be written to."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(text, err=True)


def say_warnings(warnings: Iterable[PlanWarning]) -> None:
    """Writes the warnings for people, a line for each."""
    for line in warning_lines(warnings):
        say_warning(line)


def say_warning(line: str) -> None:
    """Tells a person one thing that is odd."""
    say(f"Warning: {line}")


def print_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[Union[str, Text]]],
    *,
    title: Union[str, Text, None] = None,
    is_first_whole: bool = False,
) -> None:
    """Writes a table as part of the answer; ``is_first_whole`` never breaks the first column's lines."""
    from rich import box  # noqa: PLC0415 (as below)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    def plain(text: Union[str, Text]) -> Text:
        return Text(text) if isinstance(text, str) else text

    table = Table(title=title and plain(title), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for index, heading in enumerate(headings):
        side: Literal["left", "right"] = "right" if heading in _NUMBERS else "left"
        table.add_column(heading, justify=side, overflow="fold", no_wrap=is_first_whole and index == 0)
    for row in rows:
        table.add_row(*map(plain, row))
    answer_console().print(table)


def answer_console() -> Console:
    """A console for answers with tables: as wide as the terminal, or wide enough for long lines elsewhere."""
    from rich.console import Console  # noqa: PLC0415 (most answers are lines or JSON)

    stream = _answer or sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PLAIN_WIDTH, highlight=False, emoji=False)
