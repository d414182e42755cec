"""TOML as people write it: read, and where in it something stands."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HUGE = "it has a number of too many digits"
_PLACE = re.compile(r"\s*\(at line (\d+), column \d+\)|\s*\(at end of document\)")


class TomlError(Exception):
    """A text that is not TOML; ``line`` is where, if that is known."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.line = line


def parse_toml(text: str) -> dict[str, Any]:
    """The table that the text holds.

    Raises:
        TomlError: It is not TOML, is nested too deep, or has a number of more than 64 bits, which TOML does not
            demand.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        reason = _PLACE.sub("", str(error)).replace("Cannot overwrite a value", "a key is there twice")
        line = int(place[1]) if place is not None and place[1] else len(text.splitlines())
        raise TomlError(reason[:1].lower() + reason[1:], line) from error
    except ValueError as error:  # Python reads no number of thousands of digits.
        raise TomlError(_HUGE, None) from error
    except RecursionError as error:
        raise TomlError("it is nested too deep", None) from error
    if _has_huge_number(table):
        raise TomlError(_HUGE, None)
    return table


def parse_value(text: str) -> Any:
    """The TOML value that the text is, or the text itself if it is not one.

    >>> parse_value("80"), parse_value("['a', 'b']"), parse_value("cpu"), parse_value("'80'")
    (80, ['a', 'b'], 'cpu', '80')
    """
    try:
        table = parse_toml(f"value = {text}")
    except TomlError:
        return text
    return table["value"] if list(table) == ["value"] and "\n" not in text else text


def _has_huge_number(value: Any) -> bool:
    if isinstance(value, (dict, list)):
        return any(map(_has_huge_number, value.values() if isinstance(value, dict) else value))
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def find_lines(text: str, paths: Sequence[Sequence[str]]) -> list[int | None]:
    """For each path of keys the line of its entry, else of the innermost table around it; None if there is neither.

    >>> find_lines("[presets.comp]" + chr(10) + "pool = 2", [["presets", "comp", "pool"], ["presets", "fx"], ["via"]])
    [2, 1, None]
    """
    # An entry stands between the last lines that are TOML without it and the first that are TOML with it.
    found: list[tuple[int, int | None]] = [(0, None) for _ in paths]
    lines, begin = text.split("\n") if paths else [], 1
    for end in range(1, len(lines) + 1):
        try:
            table = parse_toml("\n".join(lines[:end]) + "\n")
        except TomlError:
            continue
        found = [max(held, (_depth(table, path), begin), key=lambda it: it[0]) for held, path in zip(found, paths)]
        begin = end + 1
    return [line if depth else None for depth, line in found]


def _depth(table: Any, path: Sequence[str]) -> int:
    """How many keys of the path are there."""
    for depth, key in enumerate(path):
        if not isinstance(table, dict) or key not in table:
            return depth
        table = table[key]
    return len(path)
