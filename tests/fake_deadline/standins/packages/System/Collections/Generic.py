"""Stand-in of ``System.Collections.Generic``: ``List[str]()``, ``Dictionary[str, int]()``.

Reference: hosts and tooling, section 5.3.
"""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

from typing import Any, Dict, Iterator
from typing import List as PythonList

from _dotnet.arrays import Array
from _dotnet.exceptions import ArgumentException, KeyNotFoundException
from _dotnet.kinds import BOOL, FLOAT, INT, OBJECT, STRING, Kind
from _more.exceptions import ArgumentOutOfRangeException

__all__ = ["Dictionary", "KeyNotFoundException", "KeyValuePair", "List"]

_KINDS = {str: STRING, bool: BOOL, int: INT, float: FLOAT, object: OBJECT}


def _kind(kind: Any) -> Kind:
    if kind not in _KINDS:
        raise TypeError("expected str, bool, int, float or object as type argument, got {!r}".format(kind))
    return _KINDS[kind]


class List:
    """``List[str]()``: iterable, ``in``, ``len`` and ``.Count``."""

    _kind: Kind = OBJECT

    def __class_getitem__(cls, kind: Any) -> Any:
        return type("List", (List,), {"_kind": _kind(kind)})

    def __init__(self) -> None:
        if type(self) is List:
            raise TypeError("List needs a type argument: List[str]()")
        self._items: PythonList[Any] = []

    def Add(self, item: Any) -> None:
        self._items.append(self._kind(item))

    def AddRange(self, items: Any) -> None:
        if not isinstance(items, (Array, type(self))):
            raise TypeError("AddRange takes an array or a {}, not {!r}".format(type(self).__name__, items))
        self._items += [self._kind(item) for item in items]

    def Contains(self, item: Any) -> bool:
        return self._kind(item) in self._items

    def Remove(self, item: Any) -> bool:
        if self._kind(item) not in self._items:
            return False
        self._items.remove(item)
        return True

    def Clear(self) -> None:
        self._items.clear()

    @property
    def Count(self) -> int:
        return len(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._items))

    def __contains__(self, item: Any) -> bool:
        return item in self._items

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

    def __class_getitem__(cls, kinds: Any) -> Any:
        key, value = kinds
        return type("Dictionary", (Dictionary,), {"_kinds": (_kind(key), _kind(value))})

    def __init__(self) -> None:
        if type(self) is Dictionary:
            raise TypeError("Dictionary needs type arguments: Dictionary[str, str]()")
        self._values: Dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        if key not in self._values:
            raise KeyNotFoundException("The given key '{}' was not present in the dictionary.".format(key))
        return self._values[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._values[self._kinds[0](key)] = self._kinds[1](value)

    def Add(self, key: Any, value: Any) -> None:
        if key in self._values:
            raise ArgumentException("An item with the same key has already been added. Key: {}".format(key))
        self[key] = value

    def ContainsKey(self, key: Any) -> bool:
        return self._kinds[0](key) in self._values

    def Remove(self, key: Any) -> bool:
        return self._values.pop(key, self) is not self

    @property
    def Count(self) -> int:
        return len(self._values)

    @property
    def Keys(self) -> PythonList[Any]:
        return list(self._values)

    @property
    def Values(self) -> PythonList[Any]:
        return list(self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: Any) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[KeyValuePair]:
        return iter([KeyValuePair(key, value) for key, value in self._values.items()])
