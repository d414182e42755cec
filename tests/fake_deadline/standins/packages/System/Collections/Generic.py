"""Stand-in of ``System.Collections.Generic``: ``List[str]()``, ``Dictionary[str, int]()``.

Reference: hosts and tooling, section 5.3.
"""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

from typing import Any, Dict, Iterable, Iterator
from typing import List as PythonList

from _dotnet.arrays import Array
from _dotnet.exceptions import ArgumentException, KeyNotFoundException
from _dotnet.kinds import BOOL, FLOAT, INT, OBJECT, STRING, Kind
from _more.exceptions import ArgumentNullException, ArgumentOutOfRangeException
from _more.iteration import iterate

__all__ = ["Dictionary", "KeyNotFoundException", "KeyValuePair", "List"]

_KINDS = {str: STRING, bool: BOOL, int: INT, float: FLOAT, object: OBJECT}


def _kind(kind: Any) -> Kind:
    if kind not in _KINDS:
        raise TypeError("expected str, bool, int, float or object as type argument, got {!r}".format(kind))
    return _KINDS[kind]


class List:
    """``List[str]()``: iterable, ``in``, ``len`` and ``.Count``."""

    _kind: Kind = OBJECT
    _changes = 0

    def __class_getitem__(cls, kind: Any) -> Any:
        return type("List", (List,), {"_kind": _kind(kind)})

    def __init__(self) -> None:
        if type(self) is List:
            raise TypeError("List needs a type argument: List[str]()")
        self._items: PythonList[Any] = []

    def _changed(self) -> PythonList[Any]:
        self._changes += 1
        return self._items

    def Add(self, item: Any) -> None:
        self._changed().append(self._kind(item))

    def AddRange(self, items: Any) -> None:
        if not isinstance(items, (Array, type(self))):
            raise TypeError("AddRange takes an array or a {}, not {!r}".format(type(self).__name__, items))
        self._changed().extend([self._kind(item) for item in items])

    def Contains(self, item: Any) -> bool:
        return self._kind(item) in self._items

    def Remove(self, item: Any) -> bool:
        if self._kind(item) not in self._items:
            return False
        self._changed().remove(item)
        return True

    def Clear(self) -> None:
        self._changed().clear()

    @property
    def Count(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iterate(self, self._items)

    __contains__ = Contains

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, int):
            raise TypeError("list index has type {}, expected an integer".format(type(index).__name__))
        if not 0 <= index < len(self._items):
            raise ArgumentOutOfRangeException("Index was out of range.")
        return self._items[index]


class KeyValuePair:
    """What iterating a dictionary gives."""

    def __init__(self, key: Any, value: Any) -> None:
        self.Key = key
        self.Value = value


class Dictionary:
    """``Dictionary[str, int]()``: iterates pairs; a missing key is a ``KeyNotFoundException``, no ``KeyError``."""

    _kinds = (OBJECT, OBJECT)
    _changes = 0

    def __class_getitem__(cls, kinds: Any) -> Any:
        key, value = kinds
        return type("Dictionary", (Dictionary,), {"_kinds": (_kind(key), _kind(value))})

    def __init__(self) -> None:
        if type(self) is Dictionary:
            raise TypeError("Dictionary needs type arguments: Dictionary[str, str]()")
        self._values: Dict[Any, Any] = {}

    def _key(self, key: Any) -> Any:
        if key is None:
            raise ArgumentNullException("Value cannot be null. (key)")
        return self._kinds[0](key)

    def __getitem__(self, key: Any) -> Any:
        if self._key(key) not in self._values:
            raise KeyNotFoundException("The given key '{}' was not present in the dictionary.".format(key))
        return self._values[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._values[self._key(key)] = self._kinds[1](value)
        self._changes += 1

    def Add(self, key: Any, value: Any) -> None:
        if self._key(key) in self._values:
            raise ArgumentException("An item with the same key has already been added. Key: {}".format(key))
        self[key] = value

    def ContainsKey(self, key: Any) -> bool:
        return self._key(key) in self._values

    __contains__ = ContainsKey

    def Remove(self, key: Any) -> bool:
        """Whether it was there. Iterating may go on after that, as in .NET Core 3 and later."""
        return self._values.pop(self._key(key), self) is not self

    @property
    def Count(self) -> int:
        return len(self._values)

    @property
    def Keys(self) -> _Part:
        return _Part(self, self._values)

    @property
    def Values(self) -> _Part:
        return _Part(self, self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iterate(self, [KeyValuePair(key, value) for key, value in self._values.items()])


class _Part:
    """The keys or the values of a dictionary; they have no index."""

    def __init__(self, owner: Any, items: Iterable[Any]) -> None:
        self._owner = owner
        self._items = list(items)

    @property
    def Count(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iterate(self._owner, self._items)

    def __contains__(self, item: Any) -> bool:
        return item in self._items
