"""Tables fit the terminal, COLUMNS, or 80 columns, and can be read there."""

from __future__ import annotations

import pytest
from harness import run_cli
from rich.cells import cell_len

from flowpipe_deadline.cli.support.output import print_table

HEADINGS = ("Job", "Interpreter", "Frames", "Tasks", "Waits for", "Why")
RENDER = ("render", "python", "1001-1191x10", "20", "-", "'frames' cut into chunks of 1")
ROWS = [
    RENDER,
    ("合成と表示のための長い名前のノード" * 3, "maya-2025", "1-10000", "1000", "render, " * 20, "frame by frame"),
    ("a" * 100, "-", "-", "1", "-", "/a/path/that/has/no/blanks" * 8),
]


def printed(capsys):
    """The lines that were written."""
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("below", [(), HEADINGS[-2:]], ids=["beside", "below"])
def test_no_line_is_longer_than_columns(capsys, monkeypatch, width, below):
    """Whatever is in it; and of what may stand below, nothing is lost."""
    monkeypatch.setenv("COLUMNS", str(width))

    print_table(HEADINGS, ROWS, title="Shot", below=below)

    lines = printed(capsys)
    assert max(map(cell_len, lines)) <= width
    if below:
        letters = sorted("".join(lines).replace(" ", ""))
        for letter in "".join(cell for row in ROWS for cell in row if cell != "-").replace(" ", ""):
            letters.remove(letter)


def test_what_does_not_fit_stands_below_its_row(capsys, monkeypatch):
    """With its heading, broken at blanks; a column that is short stays beside the others."""
    monkeypatch.setenv("COLUMNS", "60")
    end = ("end", "python", "-", "1", "render", "one task: no batch size is set")

    print_table(HEADINGS, [RENDER, end], below=HEADINGS[-2:])

    assert [line.rstrip() for line in printed(capsys)] == [
        "Job     Interpreter  Frames        Tasks",
        "────────────────────────────────────────",
        "render  python       1001-1191x10     20",
        "    Why: 'frames' cut into chunks of 1",
        "end     python       -                 1",
        "    Waits for: render",
        "    Why: one task: no batch size is set",
    ]


@pytest.mark.parametrize(("columns", "width"), [("", 80), ("50", 50)])
def test_plan_fits_in_a_pipe(monkeypatch, columns, width):
    """Only a path may be longer."""
    monkeypatch.setenv("COLUMNS", columns)

    lines = run_cli("plan", "examples/turntable.py").stdout.splitlines()

    assert max(len(line) for line in lines if "/" not in line) <= width
    assert "    Waits for: Render" in lines
