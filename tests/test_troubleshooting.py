"""The messages on the page for troubleshooting are those that the product prints."""

from __future__ import annotations

import re

import pytest
from error_texts import error_texts
from pages import CHECKOUT

PAGE = CHECKOUT / "docs" / "troubleshooting.md"
_FEWEST_WORDS = 3
_EXPRESSION = re.compile(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")


def as_printed(text):
    """A text of the code as the page quotes it: ``…`` for what is filled in, blanks as one."""
    return re.sub("…+", "…", " ".join(_EXPRESSION.sub("…", text).split()))


def messages():
    """The quoted messages: items of a list that are one code span."""
    found = re.findall(r"^- `([^`]+)`\n\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [" ".join(message.split()) for message in found]


def is_printed(message, texts):
    """Whether the message is a part of one of the texts; ``…`` at its ends is whatever comes before and behind."""
    return any(message.strip("… ") in text for text in texts)


@pytest.fixture(scope="module")
def texts():
    """All texts of the code, as the page quotes them."""
    return {as_printed(text.text) for text in error_texts()}


def test_the_messages_of_the_page_are_found():
    """Each of them is there once."""
    assert len(messages()) > 50
    assert len(set(messages())) == len(messages())


def test_each_message_of_the_page_is_printed_so(texts):
    """It is a text of the code, or a part of one; one that was reworded is not."""
    assert [message for message in messages() if not is_printed(message, texts)] == []


def test_each_word_of_a_message_counts(texts):
    """With another word in its place, the message would be no text of the code; none has hardly any words."""
    words = {message: re.findall(r"[\w'-]*\w", message) for message in messages()}
    changed = {message: [message.replace(word, f"{word}ly") for word in words[message]] for message in words}

    assert [message for message in words if len(words[message]) < _FEWEST_WORDS] == []
    assert [each for others in changed.values() for each in others if is_printed(each, texts)] == []


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("{path} is not a bundle: it {what}; {LIST!r}", "… is not a bundle: it …; …"),
        ("This worker does not see the bundle {}. Mount it.", "This worker does not see the bundle …. Mount it."),
        ("of {', '.join(names)}{f' and {more}' if more else ''}:  all", "of …: all"),
    ],
)
def test_a_text_is_quoted_as_it_is_printed(text, printed):
    """What is filled in differs each time."""
    assert as_printed(text) == printed
