"""Keys: names of nodes that are distinct, and safe as file names on every system; and names as Deadline has them.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from .text import one_line

_LONGEST = 72  # 80 with a counter behind it.
_LONGEST_GRAPH = 40
_ENDING = re.compile(r"-[0-9]{8}-[0-9]{6}-[0-9a-f]{8}\Z")
_FOREIGN = re.compile(r"[^ -~]+")
_MOST_BYTES = 4  # Of a character in any encoding: as many characters may come of it.
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


def beginning_of(submission: str) -> str:
    """A submission's name without the time and the digits at its end: what it has of the graph."""
    return _ENDING.sub("", submission)


def batch_name_of(graph: str, submission: str) -> str:
    """The batch of a submission: its name, with the graph's own before its end where that is not spelt in ASCII.

    >>> batch_name_of("Кадр", "Kadr-20261123-101500-1a2b3c4d"), batch_name_of("a b", "a_b-20261123-101500-1a2b3c4d")
    ('Кадр-20261123-101500-1a2b3c4d', 'a_b-20261123-101500-1a2b3c4d')
    """
    ending, name = _ENDING.search(submission), one_line(graph, longest=_LONGEST_GRAPH)
    return submission if ending is None or graph.isascii() or not name else name + ending[0]


def is_same_batch(one: str | None, other: str) -> bool:
    """Whether both are the batch of the same submission: they are equal, or have the time and digits of one.

    In which encoding Deadline prints is unknown (submission, section 2.4), so what comes before may be anything.
    """
    ending = _ENDING.search(other)
    return one == other or (one is not None and ending is not None and one.endswith(ending[0]))


def is_same_name(told: str, name: str) -> bool:
    """Whether Deadline may have printed that name, in whatever encoding; case and outer blanks do not count.

    >>> is_same_name("???? - render", "Кадр - render"), is_same_name("Shot - render", "Кадр - render")
    (True, False)
    """
    told, name = told.strip().lower(), name.strip().lower()
    if told == name or name.isascii():
        return told == name
    parts = [re.escape(part) for part in _FOREIGN.split(name)]
    lengths = [_MOST_BYTES * len(run) - 1 for run in _FOREIGN.findall(name)]
    garbled = (rf"(?:[^ -~]|\?).{{0,{length}}}{part}" for length, part in zip(lengths, parts[1:]))
    return re.fullmatch(parts[0] + "".join(garbled), told, re.DOTALL) is not None


def last_part(path: str) -> str:
    """The last name in a path of any system.

    >>> last_part("P:/shots" + chr(92) + "010/"), last_part("/mnt/shots/010")
    ('010', '010')
    """
    return re.split(r"[\\/]", path.rstrip("\\/"))[-1]
