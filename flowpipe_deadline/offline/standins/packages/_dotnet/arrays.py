"""Arrays: .NET sequences, which are not Python lists.

They can be indexed, measured, iterated and joined, but not sliced, compared with a list or written as JSON (hosts and
tooling, section 5.3). How they print: plugin API, section 8.
"""

from __future__ import annotations

from typing import Any, Iterable, Iterator, List

from _dotnet.kinds import BOOL, FLOAT, INT, LONG, STRING, Kind

_NAMES = {
    STRING: "System.String",
    INT: "System.Int32",
    LONG: "System.Int64",
    FLOAT: "System.Double",
    BOOL: "System.Boolean",
}


class Array:
    """An array of one kind. Two arrays are equal only if they are the same object, as in .NET."""

    def __init__(self, kind: Kind, items: Iterable[Any] = ()) -> None:
        self._kind = kind
        self._items: List[Any] = [kind(item) for item in items]

    @property
    def Length(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[self._checked(index)]

    def __setitem__(self, index: Any, item: Any) -> None:
        self._items[self._checked(index)] = self._kind(item)

    def _checked(self, index: Any) -> int:
        if not isinstance(index, int):
            raise TypeError("array index has type {}, expected an integer".format(type(index).__name__))
        if not -len(self._items) <= index < len(self._items):
            raise IndexError("array index out of range")
        return index

    def __str__(self) -> str:
        return _NAMES.get(self._kind, "System.Object") + "[]"

    def __repr__(self) -> str:
        return "<{} object at {:#x}>".format(self, id(self))
