"""One table of what .NET takes and refuses, played on .NET and on the stand-ins: these are never more lenient."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cases
import pytest
from dotnet_runs import play


def answers(*tables, of):
    """What the table says: of .NET (0) or of the stand-ins (1)."""
    return {
        f"{name}: {case}": (answer if isinstance(answer, tuple) else (answer, answer))[of]
        for table in tables
        for name, (_, group) in table.items()
        for case, answer in group.items()
    }


def test_on_dotnet():
    """The table says what .NET does."""
    [said] = play("stock", [{"cases": "all"}])

    assert said == answers(cases.PRODUCT, cases.KIT, of=0)


@pytest.mark.parametrize(
    ("kind", "tables"), [("product", [cases.PRODUCT]), ("kit", [cases.PRODUCT, cases.KIT])], ids=["product", "kit"]
)
def test_on_stand_ins(kind, tables):
    """And what the stand-ins do; each in a process of its own."""
    command = [sys.executable, Path(cases.__file__), kind]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert said == answers(*tables, of=1)


def test_stand_ins_are_never_more_lenient():
    """Where they differ from .NET, they refuse."""
    dotnet, ours = (answers(cases.PRODUCT, cases.KIT, of=of) for of in (0, 1))

    differing = {case: answer for case, answer in ours.items() if answer != dotnet[case]}

    assert [case for case, answer in differing.items() if not answer.endswith(("Error", "Exception"))] == []
