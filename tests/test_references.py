"""The pages by which one finds the others, and the references that are written by hand, are complete."""

from __future__ import annotations

import re

from pages import CHECKOUT, read_page

import flowpipe_deadline

DOCS = CHECKOUT / "docs"


def test_each_page_is_in_a_table_of_contents():
    """So that a reader of the built pages finds it."""
    blocks = [block for block in read_page(DOCS / "index.md").blocks if block.language == "{toctree}"]
    lines = [line for block in blocks for line in block.text.splitlines() if line and not line.startswith(":")]
    listed = [re.sub(r".*<(.+)>", r"\1", line) for line in lines]

    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md")}
    assert pages - {"index"} - set(listed) == set()
    assert len(listed) == len(set(listed))


def first_column(page):
    """What stands in backquotes in the first column of the page's tables."""
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    return set(re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE))


def test_the_page_of_variables_has_all_that_the_code_reads():
    """And no variable of yesterday."""
    folders = ("flowpipe_deadline", "plugins", "submission", "custom_scripts")
    code = "\n".join(path.read_text("utf-8") for folder in folders for path in (CHECKOUT / folder).rglob("*.py"))
    named = set(re.findall(r"\bFLOWPIPE_DEADLINE_[A-Z_]*[A-Z]\b", code))
    named |= {f"FLOWPIPE_DEADLINE_WEBSERVICE{end}" for end in re.findall(r'f"\{URL_VARIABLE\}(_[A-Z]+)"', code)}

    assert first_column("variables.md") - {"DEADLINE_PATH", "_FLOWPIPE_DEADLINE_COMPLETE"} == named


def test_the_page_of_python_has_each_public_name():
    """Of the package; the errors' module is there as a whole."""
    text = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")

    names = re.findall(r"^\.\. (?:auto|py:)(?!module)\w+:: (\w+)$", text, flags=re.MULTILINE)
    assert sorted(names) == sorted(flowpipe_deadline.__all__)
