"""Encoded values as ordinary JSON, for people and other programs."""

from __future__ import annotations

import json
from typing import Any

from ..core.locate import LoadError
from .codec import TYPE, UnsupportedValueError, decode, encode


def plain(data: Any) -> Any:
    """Encoded data as ordinary JSON for people and other programs: tuples and sets as lists, paths as text.

    No class has to be importable. The values cannot be restored from it.

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
        items = [(plain(key), plain(item)) for key, item in data["items"]]
        return {key if isinstance(key, str) else json.dumps(key): item for key, item in items}
    if kind == "dataclass":
        return {name: plain(item) for name, item in data["fields"].items()}
    if kind == "range":
        return list(range(*data["range"]))
    if kind == "reference":
        return f"{data['class']['module']}.{data['class']['qualname']}"
    if kind in ("ndarray", "numpy_scalar"):
        return _plain_numpy(data)
    if kind == "int":
        return decode(data)
    if kind == "float":
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[data["text"]]  # JSON has no number for these.
    if "items" in data:
        return [plain(item) for item in data["items"]]
    return data["name"] if kind == "enum" else data["text"]


def _plain_numpy(data: Any) -> Any:
    """The numbers as lists; without numpy, the kind of array."""
    try:
        return plain(encode(decode(data).tolist()))
    except (LoadError, UnsupportedValueError):
        return f"<{data['summary']}>"
