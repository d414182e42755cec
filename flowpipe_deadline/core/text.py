"""Text for files and output that are read line by line.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

_BREAKING = ("Cc", "Zl", "Zp", "Cs")  # Controls, line and paragraph separators, and what has no UTF-8 form.
_CALLED = {
    **dict.fromkeys(("\n", "\r", "\x85", "Zl", "Zp"), "a line break"),
    "\t": "a tab",
    "\x1b": "an escape character",
    "\0": "a NUL character",
    "Cc": "a control character",
    "Cs": "half of a surrogate pair",
}
"""What breaks a line, by the character or its category."""


def is_one_line(text: str) -> bool:
    """Whether every reader takes the text for one line, and can decode it."""
    return not flaw_in(text)


def flaw_in(text: str) -> str:
    r"""What keeps readers from taking the text for one line, or from decoding it, and where; empty if nothing does.

    >>> flaw_in("a\tb"), flaw_in("/sh\udce4w"), flaw_in("a b")
    ('a tab (U+0009) at character 2', 'the byte 0xE4, which is not UTF-8, at character 4', '')
    """
    for place, character in enumerate(text, start=1):
        if _breaks(character):
            code = ord(character)
            if 0xDC80 <= code <= 0xDCFF:  # How Python keeps a byte that it cannot decode.
                return f"the byte 0x{code - 0xDC00:X}, which is not UTF-8, at character {place}"
            called = _CALLED.get(character) or _CALLED[unicodedata.category(character)]
            return f"{called} (U+{code:04X}) at character {place}"
    return ""


def one_line(text: str, *, longest: int) -> str:
    """The text as one line: line breaks become blanks, and what is too long is cut.

    >>> one_line(chr(10).join(['a', 'b=c']), longest=80)
    'a b=c'
    """
    text = text.lstrip()[: 2 * longest]  # It may be very long.
    line = "".join(" " if _breaks(character) else character for character in text).strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def counted(number: int, noun: str) -> str:
    """The number with its noun.

    >>> counted(1, "job"), counted(0, "task"), counted(2, "batch")
    ('1 job', '0 tasks', '2 batches')
    """
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def listing(names: Sequence[str], *, most: int = 3) -> str:
    """The names with commas between them, and how many more there are.

    >>> listing(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def grouped_lines(messages: Iterable[tuple[str | None, str]]) -> list[str]:
    """A line per message, in order, with its nodes before it.

    >>> grouped_lines([("shot.a", "is too large"), (None, "no plugin"), ("shot.b", "is too large")])
    ['shot.a, shot.b: is too large', 'no plugin']
    """
    lines: dict[tuple[bool, str], list[str]] = {}
    for node, message in messages:
        lines.setdefault((node is None, message), []).append(node or "")
    return [message if is_of_none else f"{listing(nodes)}: {message}" for (is_of_none, message), nodes in lines.items()]


def size_text(size: float) -> str:
    """The bytes for people.

    >>> size_text(900), size_text(1_234_567)
    ('900 bytes', '1.2 MB')
    """
    units = ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.{int(units[0] != 'bytes')}f} {units[0]}"


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _BREAKING
