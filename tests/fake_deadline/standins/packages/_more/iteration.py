"""Iterating a collection of .NET."""

from __future__ import annotations

from typing import Any, Iterable, Iterator

from _dotnet.exceptions import InvalidOperationException

__all__ = ["iterate"]


def iterate(collection: Any, items: Iterable[Any]) -> Iterator[Any]:
    """The items, as long as the collection counts no new ``_changes``."""
    changes = collection._changes
    for item in [*items, collection]:
        if collection._changes != changes:
            raise InvalidOperationException("Collection was modified; enumeration operation may not execute.")
        if item is not collection:
            yield item
