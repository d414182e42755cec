"""The format of job info and plugin info files, as Deadline reads it.

``Key=Value`` per line, the first ``=`` splits (submission, section 1.1). There is no escape for a line
break, so no value may hold one. Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import re
from typing import Iterable

from ..core.errors import FlowpipeDeadlineError

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_UTF8_MARK = b"\xef\xbb\xbf"


class InfoFileError(FlowpipeDeadlineError):
    """A text that is not an info file."""


def parse_entries(text: str) -> list[tuple[str, str]]:
    """The keys and values of an info file, in order; empty lines are ignored.

    Raises:
        InfoFileError: A line is not ``Key=Value``, or a key occurs twice.
    """
    entries: dict[str, tuple[str, str]] = {}
    for line in filter(str.strip, text.splitlines()):
        key, equals, value = line.partition("=")
        if not equals or not _KEY.fullmatch(key):
            raise InfoFileError(f"the line {line[:80]!r} is not Key=Value")
        if key.lower() in entries:
            raise InfoFileError(f"the key {key} occurs twice")
        entries[key.lower()] = (key, value)
    return list(entries.values())


def format_entries(entries: Iterable[tuple[str, str]]) -> str:
    """The text of an info file."""
    return "".join(f"{key}={value}\n" for key, value in entries)


def encode_info(text: str) -> bytes:
    """The bytes of an info file: ASCII as it is, anything else as UTF-8 with a byte order mark.

    Deadline recognizes the encoding by that mark (submission, section 1.1); ASCII is the same in both.
    """
    return text.encode("ascii") if text.isascii() else _UTF8_MARK + text.encode("utf-8")


def decode_info(data: bytes) -> str:
    """The text of an info file; its byte order mark tells the encoding, and without one it is UTF-8.

    Raises:
        UnicodeDecodeError: The bytes are not in that encoding.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")
