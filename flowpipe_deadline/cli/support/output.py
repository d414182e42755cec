"""What the commands print: only the answer on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click

from ...core.warnings import PlanWarning, warning_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_PLAIN_WIDTH = 80
_LEAST_BELOW = 30  # Columns that a text needs which may stand below its row.
_LEAST = 6
_GAP = 2
_INDENT = 4
_NUMBERS = ("Disk", "Files", "Tasks", "Errors", "Task", "Progress")
_answer: TextIO | None = None


def can_ask() -> bool:
    """Whether a person sits at a terminal, who can be asked something."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


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
    rows: Iterable[Sequence[str | Text]],
    *,
    title: str | None = None,
    is_first_whole: bool = False,
    below: Collection[str] = (),
) -> None:
    """Writes a table as part of the answer, as wide as the terminal, or COLUMNS, and 80 columns elsewhere.

    ``is_first_whole`` never breaks the first column's lines. Where that is too narrow, what the columns ``below`` have
    stands under each row instead.
    """
    from rich import box  # noqa: PLC0415 (as below)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    cells = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    widths = [max([len(name), *(row[index].cell_len for row in cells)]) for index, name in enumerate(headings)]
    top = None if title is None else Text(title, style="table.title")
    console = answer_console()
    least = sum(min(width, _LEAST_BELOW) if name in below else width for name, width in zip(headings, widths))
    if below and least + _GAP * len(headings) > console.width:
        if top is not None:
            console.print(top)
        _print_narrow(console, headings, cells, widths, below)
        return
    table = Table(title=top, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False)
    for index, heading in enumerate(headings):
        table.add_column(heading, justify=_side(heading), overflow="fold", no_wrap=is_first_whole and index == 0)
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _print_narrow(
    console: Console, headings: Sequence[str], rows: Iterable[Sequence[Text]], widths: list[int], below: Collection[str]
) -> None:
    """Writes each row as a line of the columns that are not ``below``, and those under it, each with its heading."""
    from rich.padding import Padding  # noqa: PLC0415 (as below)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    beside = [index for index, name in enumerate(headings) if name not in below]
    while (excess := sum(widths[index] + _GAP for index in beside) - _GAP - console.width) > 0:
        widest = max(beside, key=lambda index: widths[index])
        others = max((widths[index] for index in beside if index != widest), default=0)
        if widths[widest] <= _LEAST:
            break
        widths[widest] = max(_LEAST, min(widths[widest] - 1, max(others, widths[widest] - excess)))

    def line(cells: Sequence[Text]) -> Table:
        grid = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
        for index in beside:
            grid.add_column(width=widths[index], justify=_side(headings[index]), overflow="fold")
        grid.add_row(*(cells[index] for index in beside))
        return grid

    console.print(line([Text(name, style="bold") for name in headings]))
    rule = "─" if console.encoding.startswith("utf") else "-"
    console.print(rule * min(console.width, sum(widths[index] + _GAP for index in beside) - _GAP))
    for row in rows:
        console.print(line(row))
        for index, name in enumerate(headings):
            if name in below and row[index].plain not in ("", "-"):
                text = Text.assemble(f"{name}: ", row[index], style="dim", overflow="fold")
                console.print(Padding(text, (0, 0, 0, _INDENT), expand=False))


def _side(heading: str) -> Literal["left", "right"]:
    return "right" if heading in _NUMBERS else "left"


def print_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Writes a line for each row as part of the answer; the last column is never broken, so that it can be copied."""
    lines = (headings, *rows)
    widths = [max(len(line[index]) for line in lines) for index in range(len(headings) - 1)]
    for line in lines:
        cells = [
            text.rjust(width) if _side(heading) == "right" else text.ljust(width)
            for heading, text, width in zip(headings, line, widths)
        ]
        answer("  ".join((*cells, line[-1])))


def answer_line(text: str) -> None:
    """Writes a line of an answer with tables, broken at blanks only: a path stays whole."""
    from rich.text import Text  # noqa: PLC0415 (most answers are lines or JSON)

    answer_console().print(Text(text), overflow="ignore", crop=False)


def answer_console() -> Console:
    """A console for answers with tables."""
    from rich.console import Console  # noqa: PLC0415 (most answers are lines or JSON)

    stream = _answer or sys.stdout
    return Console(file=stream, width=_width(stream), highlight=False, emoji=False)


def _width(stream: TextIO) -> int:
    """COLUMNS, also in a pipe; else the width of the terminal, and 80 without one."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or _PLAIN_WIDTH
    return _PLAIN_WIDTH
