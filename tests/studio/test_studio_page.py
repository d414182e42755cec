"""The page about the studio file names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from flowpipe_deadline import WarningKind
from flowpipe_deadline.studio.checks import KEYS, WEBSERVICE_KEYS

PAGE = (Path(__file__).parents[2] / "docs" / "studio.md").read_text(encoding="utf-8")


def rows(heading):
    """The rows of the table below a heading, by what stands in backquotes in their first cell."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", section, flags=re.MULTILINE))


def test_the_page_names_all_kinds_of_warnings():
    """In the order of the code, with its sentences, and what is an error by itself."""
    kinds = rows("Warnings")

    assert list(kinds) == [kind.word for kind in WarningKind]
    assert all(kinds[kind.word].startswith(kind.sentence.rstrip(".")) for kind in WarningKind)
    assert [word for word, row in kinds.items() if row.endswith(" notice")] == ["held-back", "secret-variable"]


def test_the_page_names_all_keys_of_the_studio_file():
    """And no others; and those of the Web Service."""
    keys = rows("All keys")

    assert sorted(keys) == sorted(KEYS)
    assert ", ".join(f"`{key}`" for key in WEBSERVICE_KEYS) in keys["webservice"]
