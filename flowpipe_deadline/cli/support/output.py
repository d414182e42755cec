"""What the commands print: the answer alone on stdout, everything else on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Optional, TextIO

import click

from ...core.warnings import PlanWarning, warning_lines

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN_WIDTH = 160
_answer: Optional[TextIO] = None


def reserve_stdout() -> None:
    """Keeps stdout for the answer, until the process ends.

    Whatever else writes there, a script that is loaded, its children, an exit handler, goes to stderr instead.
    """
    global _answer  # noqa: PLW0603  (there is one stdout)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    except (OSError, AttributeError):  # Closed by whoever started us: nobody wants an answer.
        kept = os.open(os.devnull, os.O_WRONLY)
    _answer = open(kept, "w", encoding=encoding, errors="backslashreplace")  # noqa: SIM115  (open to the end)
    sys.stdout = sys.stderr


def answer(text: str) -> None:
    """Writes the text as part of the answer. A reader that has gone, as ``head`` does, is no error."""
    stream = _answer or sys.stdout
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def answer_json(data: Any) -> None:
    """Writes the data as strict JSON."""
    answer(json.dumps(data, indent=2, allow_nan=False))


def say(text: str) -> None:
    """Tells a person something that is not the answer. Nobody there to hear it is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(text, err=True)


def say_warnings(warnings: Iterable[PlanWarning]) -> None:
    """Tells a person what is odd, a line for each."""
    for line in warning_lines(warnings):
        say_warning(line)


def say_warning(line: str) -> None:
    """Tells a person one thing that is odd."""
    say(f"Warning: {line}")


def answer_console() -> Console:
    """For answers with tables: as wide as the terminal; elsewhere lines long enough not to be cut."""
    from rich.console import Console  # noqa: PLC0415 (most answers are lines or JSON)

    stream = _answer or sys.stdout
    return Console(file=stream, width=None if stream.isatty() else _PLAIN_WIDTH, highlight=False, emoji=False)


def progress_console() -> Console:
    """For progress: the terminal, if stderr is one."""
    from rich.console import Console  # noqa: PLC0415 (as above)

    return Console(stderr=True, highlight=False, emoji=False)
