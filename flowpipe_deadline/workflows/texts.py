"""Texts that people write to values, and back."""

from __future__ import annotations

import ast
import contextlib
import enum
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import PurePath
from typing import Any, Literal

from ..core.frames import FrameList, FrameListError

_CONTAINERS: tuple[type, ...] = (list, tuple, set, frozenset, dict)
_WORDS: Mapping[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    date: "a date such as 2026-01-31",
    datetime: "a time such as 2026-01-31T12:00",
    type(None): "none",
    Sequence: "a list",
    Iterable: "a list",
}


def text_of(value: Any) -> str | None:
    """The text that ``value_of`` reads as this value; None if there is none.

    >>> text_of(["a", "b"]), text_of(True), text_of(range(1, 11))
    ('a, b', 'true', '1-10')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (str, PurePath, int, float)):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence) and all(isinstance(item, (str, PurePath, enum.Enum)) for item in value):
        texts = [item.name if isinstance(item, enum.Enum) else str(item) for item in value]
        listed = ", ".join(texts)
        plain = all(text and text == text.strip() and "," not in text and literal(text) == text for text in texts)
        return listed if plain and literal(listed) == listed else repr(texts)
    if isinstance(value, range):
        with contextlib.suppress(FrameListError):
            return str(FrameList(value))
    text = repr(value)
    try:
        return text if ast.literal_eval(text) == value else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def value_of(text: str, kinds: Sequence[Any]) -> Any:
    """The value that the text means for one of these types; for none, the Python literal that it looks like.

    Raises:
        ValueError: It means none; the message says what would, and follows "must be".
    """
    if not kinds:
        return literal(text)
    # Any text is a str, so that comes last; "none" is one where nothing else is meant.
    for kind in sorted(kinds, key=lambda kind: (kind is not type(None), kind is str)):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            return _convert(text, kind)
    wanted = " or ".join(_description(kind) for kind in kinds if kind is not type(None))
    raise ValueError(f"{wanted}, not '{text}'")


def _convert(text: str, kind: Any) -> Any:
    """The text as that type; a Python literal for a type that cannot be read from text.

    Raises:
        ValueError, TypeError, KeyError: The text is not a value of that type.
    """
    origin = typing.get_origin(kind) or kind
    if origin is Literal:
        return {str(choice): choice for choice in typing.get_args(kind)}[text]
    if not isinstance(origin, type):
        return literal(text)
    if issubclass(origin, enum.Enum):
        return origin.__members__[text]
    if issubclass(origin, (str, PurePath)):
        return origin(text)
    if issubclass(origin, date):
        return origin.fromisoformat(text)
    value = literal(text)
    if origin is float and type(value) is int:
        return float(value)
    item = item_kind(kind)
    if item is not None and not isinstance(value, _CONTAINERS):
        value = [_convert(part.strip(), item) for part in text.split(",") if part.strip()]
    elif item is not None and not isinstance(value, dict):
        value = [_convert(str(part), item) for part in value]
    if origin in (Sequence, Iterable):
        origin = list
    if origin in _CONTAINERS and text.strip() == "":
        value = {} if origin is dict else []
    if origin in _CONTAINERS and isinstance(value, _CONTAINERS) and (origin is dict) == isinstance(value, dict):
        container: Callable[[Any], Any] = origin
        return container(value)
    if origin in (bool, int, float, type(None), *_CONTAINERS) and type(value) is not origin:
        raise ValueError(text)
    return value


def item_kind(kind: Any) -> Any:
    """What the items of a list are, where all of them are alike and can be read from text; else None."""
    origin, arguments = typing.get_origin(kind), [item for item in typing.get_args(kind) if item is not Ellipsis]
    if origin not in (list, tuple, set, frozenset, Sequence, Iterable) or len(arguments) != 1:
        return None
    item = arguments[0]
    if typing.get_origin(item) is Literal:
        return item
    return item if isinstance(item, type) and issubclass(item, (str, PurePath, enum.Enum)) else None


def literal(text: str) -> Any:
    """The value that the text is in Python, or the text."""
    try:
        return ast.literal_eval(text.strip())  # Python 3.9 minds blanks before it.
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def _description(kind: Any) -> str:
    item = item_kind(kind)
    if item is not None and (typing.get_origin(item) is Literal or issubclass(item, enum.Enum)):
        return f"a list, each {_description(item)}"
    if typing.get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, typing.get_args(kind)))}"
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return f"one of {', '.join(kind.__members__)}"
    origin = typing.get_origin(kind) or kind
    return _WORDS.get(origin, f"a {getattr(origin, '__name__', kind)}".lower())
