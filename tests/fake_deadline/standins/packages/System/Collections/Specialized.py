"""Stand-in of ``System.Collections.Specialized``: ``StringCollection`` (plugin API, sections 5.4 and 8)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

from typing import Any, Iterator, List

from _dotnet.kinds import STRING, method
from _more.exceptions import ArgumentOutOfRangeException
from _more.iteration import iterate

__all__ = ["StringCollection"]


class StringCollection:
    """A list of strings."""

    _changes = 0

    def __init__(self) -> None:
        self._items: List[Any] = []

    @method(STRING)
    def Add(self, text: str) -> int:
        """Append, and answer the place."""
        self._items.append(text)
        self._changes += 1
        return len(self._items) - 1

    @method(STRING)
    def Contains(self, text: str) -> bool:
        return text in self._items

    @method(STRING)
    def Remove(self, text: str) -> None:
        if text in self._items:
            self._items.remove(text)
            self._changes += 1

    @method()
    def Clear(self) -> None:
        self._items.clear()
        self._changes += 1

    @property
    def Count(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iterate(self, self._items)

    def __contains__(self, item: Any) -> bool:
        # Measured: pythonnet offers ``in`` only for generic collections.
        raise TypeError("use Contains: 'in' does not work on a StringCollection")

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, int):
            raise TypeError("index has type {}, expected an integer".format(type(index).__name__))
        if not 0 <= index < len(self._items):
            raise ArgumentOutOfRangeException("Index was out of range.")
        return self._items[index]
