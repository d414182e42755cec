"""What ``docs/architecture.md`` and ``docs/decisions.md`` say of the package is so."""

from __future__ import annotations

import ast
import configparser
import re
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "flowpipe_deadline"
PAGE = (CHECKOUT / "docs" / "architecture.md").read_text(encoding="utf-8")
DECISIONS = (CHECKOUT / "docs" / "decisions.md").read_text(encoding="utf-8")
MOST_MODULES = 15
VERBS = "cli"  # A module for each.


def rooms_of_contract():
    """The rooms that import-linter knows, lowest first; what stands at the top of the package is no room."""
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    layers = config["importlinter:contract:rooms"]["layers"].split("\n")
    return [layer.split(" | ")[0].strip() for layer in reversed(layers) if layer.strip()]


def test_every_file_that_it_names_exists():
    """Below the package, or below the checkout."""
    named = re.findall(r"`((?:\w+/)*\w+\.py)`", re.sub(r"^\| `\w+` \|.*$", "", PAGE + DECISIONS, flags=re.MULTILINE))

    assert len(named) > 20
    assert [name for name in named if not (PACKAGE / name).is_file() and not (CHECKOUT / name).is_file()] == []


def test_its_rooms_are_those_of_the_contract_in_the_same_order():
    """And the module to look at first is there."""
    table = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", PAGE, flags=re.MULTILINE)

    assert [room for room, _ in table] == rooms_of_contract()
    assert [
        f"{room}/{name}"
        for room, names in table
        for name in re.findall(r"`(\w+\.py)`", names)
        if not (PACKAGE / room / name).is_file()
    ] == []


def test_every_folder_is_a_room_that_says_what_it_may_import():
    """In its own first lines."""
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    said = {
        room: ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))) or ""
        for room in folders
    }

    assert folders == set(rooms_of_contract())
    assert [room for room, text in said.items() if "import" not in text.lower()] == []


def test_rooms_can_be_overlooked():
    """About a dozen modules in each, and at most six at the top."""
    counts = {folder.name: len(list(folder.glob("*.py"))) - 1 for folder in PACKAGE.iterdir() if folder.is_dir()}

    assert {room: count for room, count in counts.items() if count > MOST_MODULES and room != VERBS} == {}
    assert len(list(PACKAGE.glob("*.py"))) <= 6
