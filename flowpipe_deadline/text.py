"""Text that goes into files and lines which others read line by line."""

from __future__ import annotations

import unicodedata

_BREAKING = ("Cc", "Zl", "Zp", "Cs")  # Controls, line and paragraph separators, and what has no UTF-8 form.


def is_one_line(text: str) -> bool:
    """Whether no reader could take a character of it for the end of a line, or fail to decode it."""
    return not any(_breaks(character) for character in text)


def one_line(text: str, *, longest: int) -> str:
    """The text as one line: what would break it becomes a blank, what is too long is cut.

    >>> one_line(chr(10).join(['a', 'b=c']), longest=80)
    'a b=c'
    """
    line = "".join(" " if _breaks(character) else character for character in text).strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _BREAKING
