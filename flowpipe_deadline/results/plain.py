"""Encoded values as ordinary JSON, for people and other programs, and as text, for people alone.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import json
import re
from typing import Any, Sequence

from ..core.frames import FrameList
from ..core.locate import LoadError
from .codec import TYPE, DamagedValueError, UnsupportedValueError, decode, encode

_LONGEST_TEXT = 2000
_LONGEST_RANGE = 100_000
_WIDEST = 4300 * 3  # Larger integers, by bits, may have no decimal text: Python 3.11+ refuses more than 4300 digits.
_FEWEST_FOLDED = 3
# The last number in a file's name, before an ending; one with a sign is negative.
_NUMBERED = re.compile(r"(?P<head>(?:.*[^0-9])?)(?P<number>[0-9]{1,9})(?P<tail>[^0-9/\\]*\.[A-Za-z]\w*)", re.DOTALL)
_SIGNED = re.compile(r"(?:^|[^A-Za-z0-9])-\Z")


def plain(data: Any) -> Any:
    """Encoded data as ordinary JSON for people and other programs: tuples and sets as lists, paths as text.

    No class has to be importable. The values cannot be restored from it. A dict is a list of pairs if two of its keys
    are the same as text; a very long range, and an integer of thousands of digits, are texts as Python writes them.

    >>> from pathlib import Path
    >>> plain(encode({1: Path("/a"), "b": (1, 2)}))
    {'1': '/a', 'b': [1, 2]}
    """
    if isinstance(data, list):
        return [plain(item) for item in data]
    if not isinstance(data, dict):
        return data
    kind = data.get(TYPE)
    if kind is None:
        return {key: plain(item) for key, item in data.items()}
    if kind in ("dict", "ordered"):
        pairs = [[plain(key), plain(item)] for key, item in data["items"]]
        by_text = {key if isinstance(key, str) else json.dumps(key): item for key, item in pairs}
        return by_text if len(by_text) == len(pairs) else pairs
    if kind == "dataclass":
        return {name: plain(item) for name, item in data["fields"].items()}
    if kind == "range":
        frames = range(*data["range"])
        return list(frames) if not frames[_LONGEST_RANGE:] else str(frames)
    if kind == "reference":
        return f"{data['class']['module']}.{data['class']['qualname']}"
    if kind in ("ndarray", "numpy_scalar"):
        return _plain_numpy(data)
    if kind == "int":
        number = decode(data)
        return number if number.bit_length() <= _WIDEST else data["text"]
    if kind == "float":
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[data["text"]]  # JSON has no number for these.
    if "items" in data:
        return [plain(item) for item in data["items"]]
    return data["name"] if kind == "enum" else data["text"]


def shown(encoded: Any) -> str:
    """An encoded value as people read it, in a line: files in a sequence are folded, and what is too long is cut.

    >>> shown([f"/a/beauty.{frame:04d}.exr" for frame in (8, 9, 10, 15)])
    '["/a/beauty.[0008-0010,0015].exr"]'
    """
    text = json.dumps(_folded_lists(plain(encoded)), ensure_ascii=False)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({len(text)} characters)"


def fold(texts: Sequence[str]) -> list[tuple[str, int]]:
    """The texts in order, each with the number of those that it stands for: files that differ in their frame are one.

    The frames ascend and are padded alike; of all other texts, each stands for itself.

    >>> fold(["a.8.exr", "a.9.exr", "a.10.exr", "b.1.exr"])
    [('a.[8-10].exr', 3), ('b.1.exr', 1)]
    """
    folded: list[tuple[str, int]] = []
    run: list[str] = []
    for text in (*texts, None):
        if run and (text is None or not _goes_on(run[-1], text, first=run[0])):
            folded += [(_run_text(run), len(run))] if len(run) >= _FEWEST_FOLDED else [(each, 1) for each in run]
            run = []
        run += [] if text is None else [text]
    return folded


def _goes_on(last: str, text: str, *, first: str) -> bool:
    """Whether this is the same file at a later frame."""
    one, other = _numbered(last), _numbered(text)
    if one is None or other is None or (one["head"], one["tail"]) != (other["head"], other["tail"]):
        return False
    number = other["number"]
    return int(number) > int(one["number"]) and number == number.lstrip("0").zfill(_width(_numbered(first)))


def _numbered(text: str) -> re.Match[str] | None:
    match = _NUMBERED.fullmatch(text)
    return None if match is None or _SIGNED.search(match["head"]) else match


def _width(first: re.Match[str] | None) -> int:
    """How many digits the numbers of a run have at least, as its first one says."""
    number = first["number"] if first is not None else ""
    return len(number) if number.startswith("0") else 1


def _run_text(run: Sequence[str]) -> str:
    first = _numbered(run[0])
    assert first is not None  # It goes on.
    numbers = str(FrameList(int(match["number"]) for match in map(_numbered, run) if match is not None))
    padded = re.sub(r"(?<![x0-9])[0-9]+", lambda match: match[0].zfill(_width(first)), numbers)
    return f"{first['head']}[{padded}]{first['tail']}"


def _folded_lists(data: Any) -> Any:
    """Plain data with the texts of each list folded."""
    if isinstance(data, dict):
        return {key: _folded_lists(item) for key, item in data.items()}
    if not isinstance(data, list):
        return data
    if all(isinstance(item, str) for item in data):
        return [text for text, _ in fold(data)]
    return [_folded_lists(item) for item in data]


def _plain_numpy(data: Any) -> Any:
    """The numbers as lists; the kind of array without numpy, and where it is damaged."""
    try:
        value = decode(data)
        longer = {"g": "f8", "G": "c16"}.get(value.dtype.char)  # Than the numbers of Python.
        return plain(encode((value.astype(longer) if longer else value).tolist()))
    except (LoadError, UnsupportedValueError, DamagedValueError):
        return f"<{data['summary']}>"
