"""TOML as people write it: read, and where in it something stands."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Optional

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HUGE = "it has a number of too many digits"
_PLACE = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")
_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_ENTRY = re.compile(r"""\s*((?:[A-Za-z0-9_.\s-]|"[^"]*"|'[^']*')+?)\s*=""")
_PART = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")


class TomlError(Exception):
    """A text that is no TOML; ``line`` is where, if that can be told."""

    def __init__(self, reason: str, line: Optional[int]) -> None:
        super().__init__(reason)
        self.line = line


def parse_toml(text: str) -> dict[str, Any]:
    """The table that the text holds.

    Raises:
        TomlError: It is no TOML.
    """
    try:
        return _loaded(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error))
        line = int(place[1]) if place is not None and place[1] else None
        raise TomlError(reason[:1].lower() + reason[1:], line) from error


def parse_value(text: str) -> Any:
    """The TOML value that the text is; a text that is none as it stands.

    >>> parse_value("80"), parse_value("['a', 'b']"), parse_value("cpu"), parse_value("'80'")
    (80, ['a', 'b'], 'cpu', '80')
    """
    try:
        table = _loaded(f"value = {text}")
    except (tomllib.TOMLDecodeError, TomlError):
        return text
    return table["value"] if list(table) == ["value"] and "\n" not in text else text


def _loaded(text: str) -> dict[str, Any]:
    """The table, if it is of a size that can be handled.

    Raises:
        TOMLDecodeError: It is no TOML.
        TomlError: It has numbers of more than 64 bits, which TOML does not ask for, or is nested too deep.
    """
    try:
        table = tomllib.loads(text)
        if _has_huge_number(table):
            raise TomlError(_HUGE, None)
    except tomllib.TOMLDecodeError:
        raise
    except ValueError as error:  # Python reads no number of thousands of digits.
        raise TomlError(_HUGE, None) from error
    except RecursionError as error:
        raise TomlError("it is nested too deep", None) from error
    return table


def _has_huge_number(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_huge_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_huge_number, value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def line_of(text: str, path: Sequence[str]) -> Optional[int]:
    """The line at which that entry stands, or the table that it is in; None if that cannot be told.

    >>> line_of("[presets.comp]" + chr(10) + "pool = 2", ["presets", "comp", "pool"])
    2
    """
    lines = dict(_entries(text))
    for length in range(len(path), 0, -1):
        if tuple(path[:length]) in lines:
            return lines[tuple(path[:length])]
    return None


def _entries(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """The tables and entries of the text, each with its line. Texts over several lines may pass for entries."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header, entry = _TABLE.fullmatch(line), _ENTRY.match(line)
        if header is not None:
            table = _parts(header[1])
            yield table, number
        elif entry is not None:
            yield (*table, *_parts(entry[1])), number


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(next(part for part in match.groups() if part is not None) for match in _PART.finditer(dotted))
