"""Arrays as arguments."""

from __future__ import annotations

from typing import Any

from _dotnet.arrays import Array
from _dotnet.kinds import Kind

__all__ = ["array_of"]


def array_of(item: Kind) -> Kind:
    """The kind of an array: lists, tuples and arrays pass, item by item; a lone string does not."""

    def convert(value: Any) -> Any:
        if not isinstance(value, (list, tuple, Array)):
            raise found.refuse(value)
        return Array(item, value)

    found = Kind("an array of {}".format(item.name), convert)
    return found
