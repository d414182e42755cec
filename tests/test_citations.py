"""Every fact about Deadline that is cited stands in ``docs/deadline`` under the number that is given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
DOCUMENTS = {"submission": "submission.md", "plugin API": "plugin-api.md", "hosts and tooling": "hosts-and-tooling.md"}
KINDS = (".py", ".md", ".param", ".options", ".jinja", ".toml", ".cfg")
_NUMBER = r"\d+(?:\.\d+)?"
_CITATION = re.compile(
    rf"\b({'|'.join(DOCUMENTS)}), sections? ({_NUMBER}(?:(?:, | and | to ){_NUMBER})*)", flags=re.IGNORECASE
)
_OTHER_FORMS = re.compile(
    r"shared/|(?<!\()reference/|reference plugin|"
    r"deadline-(?:submission|plugin-api)\b|hosts-and-tooling(?!\.md\)|\.md$)|"
    rf"\((?:section )?{_NUMBER.replace('?', '')}\)|(?<!, )\bsections? {_NUMBER}"
)


def sources():
    """The files that may cite: all text of the checkout but the documents themselves, by path."""
    folders = (
        "flowpipe_deadline",
        "plugins",
        "submission",
        "custom_scripts",
        "tests",
        "benchmarks",
        "docs",
        "examples",
    )
    paths = [path for folder in folders for path in (CHECKOUT / folder).rglob("*") if path.suffix in KINDS]
    others = (Path(__file__), CHECKOUT / "docs" / "index.md")  # The latter lists pages by their paths.
    paths = [path for path in paths if CHECKOUT / "docs" / "deadline" not in path.parents and path not in others]
    return [*paths, CHECKOUT / "README.md", CHECKOUT / "setup.cfg"]


def text_of(path):
    """What it says, on one line: a citation may go over the end of a line, in a comment too."""
    return re.sub(r"\s+(?:#\s)?\s*", " ", path.read_text(encoding="utf-8"))


def numbers_of(document):
    """The numbers of the sections and of the numbered questions."""
    text = (CHECKOUT / "docs" / "deadline" / document).read_text(encoding="utf-8")
    headings = re.findall(rf"^#+ ({_NUMBER})\.? ", text, flags=re.MULTILINE)
    questions = re.findall(rf"^\| ({_NUMBER}) \|", text, flags=re.MULTILINE)
    return {*headings, *questions}


def test_each_citation_leads_to_a_heading():
    """Or to a numbered question."""
    known = {name.lower(): numbers_of(document) for name, document in DOCUMENTS.items()}
    cited = [
        (f"{path.relative_to(CHECKOUT)}: {found.group()}", found.group(1).lower(), number)
        for path in sources()
        for found in _CITATION.finditer(text_of(path))
        for number in re.findall(_NUMBER, found.group(2))
    ]

    assert len(cited) > 100
    assert [where for where, name, number in cited if number not in known[name]] == []


def test_there_is_one_form_of_citation():
    """Nothing refers to a section in another way, or to a document that is not in the repository."""
    others = [
        f"{path.relative_to(CHECKOUT)}: {found.group()}"
        for path in sources()
        for found in _OTHER_FORMS.finditer(text_of(path))
    ]

    assert others == []


@pytest.mark.parametrize("document", DOCUMENTS.values())
def test_cross_references_of_the_documents_are_right(document):
    """They cite each other and themselves in the same form."""
    text = text_of(CHECKOUT / "docs" / "deadline" / document)
    cited = [(found.group(1).lower(), found.group(2)) for found in _CITATION.finditer(text)]
    known = {name.lower(): numbers_of(other) for name, other in DOCUMENTS.items()}

    assert [
        (name, number) for name, listed in cited for number in re.findall(_NUMBER, listed) if number not in known[name]
    ] == []
