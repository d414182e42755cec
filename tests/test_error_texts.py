"""Laws for every text that can reach somebody as an error, a warning or a notice: what, where, and what to do.

``python tests/support/error_texts.py`` prints the texts.
"""

from __future__ import annotations

import re

import click
import pytest
from error_texts import error_texts

from flowpipe_deadline.cli.main import VERBS, LazyGroup

_MOST_WORDS = 45
_COMMAND = re.compile(
    r"(?:^|  |'|run |: )flowpipe-deadline (?!is |has |was |could )([a-z]+)((?:\s+(?:\{[^}]*\}|[A-Z]+|--[a-z-]+))*)"
)
_SENTENCE_ENDS = re.compile(r"[.;:]\s|\n")


def places(pattern: str, *, flags: int = 0) -> list[str]:
    """The texts that the pattern occurs in."""
    return [text.place for text in error_texts() if re.search(pattern, text.text, flags)]


def test_the_texts_are_found():
    """Those of every room, and those that a variable carries to an error."""
    found = {text.text for text in error_texts()}

    assert len(error_texts()) > 1000
    assert "no graph is named" in found
    assert "{path} is not a bundle: it {what}; 'flowpipe-deadline list' shows yours" in found
    assert "No job is selected. Select jobs of flowpipe-deadline in the list of jobs, and choose this again." in found


@pytest.mark.parametrize(
    "words",
    [
        *(r"\binvalid\b", r"\billegal\b", r"\bnot valid\b", r"went wrong", r"\bunexpected", r"\boops"),
        *(r"(?<!there )\b(is|are) no (?!longer)", r"\bunable to\b", r"\bplease enter\b", r"\berror occurred\b"),
        *(r"\bwrite the bundle again\b", r"\bthat is there; use\b", r"\bsee the documentation\b"),
    ],
)
def test_no_text_has_empty_words(words):
    """Such words say neither what is wrong nor what would be right."""
    assert places(words, flags=re.IGNORECASE) == []


def test_no_text_shows_an_exception_as_python_writes_it():
    """``{error!r}`` gives the class with brackets and quotes; ``words_of`` gives a sentence."""
    assert places(r"\{\w*(error|cause|exception|reason)\w*!r\}") == []


def test_no_text_puts_a_fixed_article_before_a_name():
    """``a {type(value).__name__}`` becomes ``a int``."""
    assert places(r"\ban? \{(_?type|type\()") == []


def test_sentences_are_short():
    """One that needs a second reading is two."""
    long = [
        text.place
        for text in error_texts()
        for part in _SENTENCE_ENDS.split(text.text)
        if len(part.split()) > _MOST_WORDS
    ]

    assert long == []


def test_messages_do_not_mix_the_two_styles():
    """The package's are clauses without a full stop; sentences in windows and in the plugin have one at each end."""
    mixed = [
        text.place
        for text in error_texts()
        if text.carrier.startswith("raise ") and text.text[:1].islower() and text.text.endswith(".")
    ]

    assert mixed == []


def test_every_command_in_a_text_is_one_that_there_is():
    """With options that it has."""
    wrong = []
    for text in error_texts():
        for verb, rest in _COMMAND.findall(text.text):
            command = LazyGroup().get_command(click.Context(click.Group()), verb) if verb in VERBS else None
            known = {option for parameter in command.params for option in parameter.opts} if command else set()
            if command is None or not set(re.findall(r"--[a-z-]+", rest)) <= known:
                wrong.append(text.place)

    assert wrong == []


def test_words_on_files_come_from_one_place():
    """``strerror`` may be None; ``words_of`` never is."""
    assert places(r"\{\w+\.strerror\}") == []
