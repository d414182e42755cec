"""Path mapping of values."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from flowpipe_deadline.evaluator.path_mapping import PathMapping
from flowpipe_deadline.results.codec import decode, encode

RULES = [("P:\\", "/mnt/p"), ("P:\\show", "/mnt/show"), ("//server/share", "/mnt/share"), ("/Volumes/x", "/mnt/x")]


@pytest.mark.parametrize(
    ("text", "mapped"),
    [
        ("P:\\show\\a\\b.exr", "/mnt/show/a/b.exr"),
        ("p:/Show/a", "/mnt/show/a"),
        ("P:\\show", "/mnt/show"),
        ("P:\\shows\\a", "/mnt/p/shows/a"),
        ("\\\\SERVER\\share\\a", "/mnt/share/a"),
        ("/Volumes/x/a", "/mnt/x/a"),
        ("/volumes/x/a", "/volumes/x/a"),
        ("/Volumes/xy", "/Volumes/xy"),
        ("see P:\\show", "see P:\\show"),
        ("", ""),
        ("P:", "/mnt/p"),
    ],
)
def test_the_longest_rule_that_a_text_begins_with_counts(text, mapped):
    """Whole folders only; prefixes of Windows in any case and with either slash; separators of this system."""
    assert PathMapping(RULES, separator="/").text(text) == mapped


def test_mapping_to_windows_makes_its_separators():
    """The other way round."""
    mapping = PathMapping([("/mnt/show", "P:\\show")], separator="\\")

    assert mapping.text("/mnt/show/a/b.exr") == "P:\\show\\a\\b.exr"


def test_values_are_mapped_inside_containers():
    """Paths and texts at any depth, with their types; keys, and paths of a declared system, stay as they are."""
    value = {"P:\\show": [(Path("P:\\show\\a"), {"P:\\show\\b"}), {1: "P:\\show\\c"}], "w": PureWindowsPath("P:\\show")}

    mapped = decode(PathMapping(RULES, separator="/").encoded(encode(value)))

    assert mapped == {
        "P:\\show": [(Path("/mnt/show/a"), {"/mnt/show/b"}), {1: "/mnt/show/c"}],
        "w": PureWindowsPath("P:\\show"),
    }


def test_without_rules_nothing_changes():
    """Not even a copy is made."""
    data = encode({"a": ["P:\\show"]})

    assert PathMapping([]).encoded(data) is data
