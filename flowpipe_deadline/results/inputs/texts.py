"""Texts that people write to values of the type that was planned.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import ast
import difflib
import json
from datetime import datetime, time
from typing import Any, Callable, Iterable, Mapping, Sequence

from ...core.frames import FrameList
from ...core.locate import LoadError
from ..codec import TYPE, DamagedValueError, UnsupportedValueError, decode, encode, members

_WORDS: Mapping[str, str] = {
    "none": "nothing",
    "text": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "range": "a range of frames",
    "path": "a path",
    "posix_path": "a path of Linux or macOS",
    "windows_path": "a path of Windows",
    "enum": "a member of",
    "dataclass": "an object of",
    "namedtuple": "an object of",
    "reference": "a class or function:",
    "ndarray": "an array of numpy",
    "numpy_scalar": "a number of numpy",
}
_CONTAINERS: Mapping[str, Callable[[Any], Any]] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def kind_of(data: Any) -> str:
    """The kind of an encoded value, with the name of its class if it has one of its own."""
    if not isinstance(data, dict):
        return {type(None): "none", str: "text"}.get(type(data), type(data).__name__)
    if "class" in data and TYPE in data:
        return f"{data[TYPE]} {data['class']['module']}.{data['class']['qualname']}"
    return str(data.get(TYPE, "dict"))


def kind_words(data: Any) -> str:
    """The kind of an encoded value, for a sentence.

    >>> kind_words(5), kind_words(encode((1, 2)))
    ('a whole number', 'a tuple')
    """
    kind, _, name = kind_of(data).partition(" ")
    return f"{_WORDS.get(kind, f'a {kind}')} {name}".strip()


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that does not exist: what may be meant, or what there is."""
    names = sorted(set(known))
    guess = difflib.get_close_matches(name, names, n=1)
    if guess:
        return f"; did you mean '{guess[0]}'?"
    return f"; it has {', '.join(names)}"[:300] if names else ""


def value_in(text: str, planned: Any) -> Any:
    """The value that the text means in place of an encoded one; where nothing was planned, what it looks like.

    >>> value_in("64", 32), value_in("1, 2", encode((5.0,))), value_in("a,b", ["x"]), value_in("1-3", encode(range(5)))
    (64, (1.0, 2.0), ['a', 'b'], range(1, 4))

    Raises:
        ValueError: It is no such value; the message says so, behind what it should be.
    """
    kind = kind_of(planned).partition(" ")[0]
    try:
        if kind in _READERS:
            return _READERS[kind](text)
        if kind == "enum":
            return decode({**planned, "name": text.strip()})
        if kind in _TEXT_KINDS:
            return decode({TYPE: kind, "text": text})
        if kind in (*_CONTAINERS, "dict"):
            value = _literal(text)
            if isinstance(value, str):
                value = _refused() if kind == "dict" else [part.strip() for part in value.split(",") if part.strip()]
            return _fitting(value, planned)
    except (ArithmeticError, TypeError, ValueError, SyntaxError, DamagedValueError) as error:
        raise ValueError(f"'{text}' is not one") from error
    except LoadError as error:
        raise ValueError(f"'{text}' cannot be read here, as {error}") from error
    raise ValueError("a text cannot say that; change it by redo_bundle(inputs=…) in Python")


def _fitting(value: Any, planned: Any) -> Any:
    """The value as what was planned: its items are read alike, where those that were planned are all alike."""
    kind = kind_of(planned)
    if planned is None:
        return value
    if isinstance(value, str) and kind != "text":
        return value_in(value, planned)
    if kind in _CONTAINERS and isinstance(value, (list, tuple, set, frozenset)):
        items: list[Any] = planned if kind == "list" else planned["items"]
        is_alike = len(set(map(kind_of, items))) == 1
        return _CONTAINERS[kind](_fitting(item, items[0] if is_alike else None) for item in value)
    if kind == "dict" and isinstance(value, dict):
        known = members(planned)
        return {key: _fitting(item, known.get(key)) for key, item in value.items()}
    if kind == "float" and type(value) is int:
        return float(value)
    try:
        found = kind_of(encode(value))
    except UnsupportedValueError as error:
        raise ValueError(str(error)) from error
    if found != kind:
        raise ValueError(f"{value!r} is not {kind_words(planned)}")
    return value


def _literal(text: str) -> Any:
    """The value that the text is in JSON or in Python, or the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _truth(text: str) -> bool:
    value = {"true": True, "false": False}.get(text.strip().lower())
    return _refused() if value is None else value


def _refused() -> Any:
    raise ValueError


def _whole(text: str) -> int:
    value = ast.literal_eval(text.strip())
    return value if type(value) is int else _refused()


def _octets(text: str) -> bytes:
    value = ast.literal_eval(text.strip())
    return value if type(value) is bytes else _refused()


def _range(text: str) -> Sequence[int]:
    frames = FrameList.parse(text)
    step = frames[1] - frames[0] if len(frames) > 1 else 1
    found = range(frames[0], frames[-1] + (1 if step > 0 else -1), step)
    if tuple(found) != tuple(frames):
        _refused()
    return found if max(found) < 256 else list(found)  # flowpipe 1.3.0 takes no larger numbers in a range.


_READERS: dict[str, Callable[[str], Any]] = {
    "none": _literal,
    "text": str,
    "bool": _truth,
    "int": _whole,
    "float": float,
    "range": _range,
    "complex": complex,
    "bytes": _octets,
    "bytearray": lambda text: bytearray(_octets(text)),
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}
_TEXT_KINDS = ("path", "posix_path", "windows_path", "date", "decimal", "uuid")
