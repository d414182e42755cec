"""Keys: names of nodes that are distinct, and safe as file names on every system.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_LONGEST = 72  # 80 with a counter behind it.
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(10))}


def unique_keys(names: Iterable[str]) -> Iterator[str]:
    """One key per name, in order: readable, at most 80 characters, distinct without regard to case.

    >>> list(unique_keys(["Render", "render", "Größe 1", "a/b", "..."]))
    ['Render', 'render-2', 'Groe_1', 'a_b', 'node']
    """
    taken: set[str] = set()
    counters: dict[str, int] = {}
    for name in names:
        base = safe_name(name)
        folded = base.lower()
        key, count = base, counters.get(folded, 1)
        while key.lower() in taken:
            count += 1
            key = f"{base}-{count}"
        counters[folded] = count
        taken.add(key.lower())
        yield key


def safe_name(name: str, *, longest: int = _LONGEST) -> str:
    """The name with everything but ASCII letters, digits, ``_`` and ``-`` replaced; ``node`` if nothing is left."""
    ascii_name = unicodedata.normalize("NFKD", name[: 4 * longest]).encode("ascii", "ignore").decode("ascii")
    safe = _UNSAFE.sub("_", ascii_name)[:longest].strip("_-")
    if not safe:
        return "node"
    return f"{safe}_" if safe.lower() in _RESERVED else safe
