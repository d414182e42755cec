"""Path mapping (plugin API, section 3.6)."""

from __future__ import annotations

import re
from typing import List, Sequence, Tuple

__all__ = ["map_paths"]


def map_paths(text: str, mappings: Sequence[Tuple[str, str]], *, is_exact: bool = True) -> str:
    """The text with each mapped path replaced, in a path or in a whole argument line; the longest source wins.

    Replaced text is not mapped again. A source counts only where a path begins and, unless it ends in a separator,
    where its last part ends: ``/mnt/a`` does not touch ``/mnt/ab`` or ``/x/mnt/a``. Case counts. Slashes do, unless it
    is not ``is_exact``.

    >>> map_paths('-f "P:/shots/a.ma"', [("P:/", "/mnt/p/")])
    '-f "/mnt/p/shots/a.ma"'
    """
    if not is_exact:
        mappings = [*mappings, *((_turned(source), target) for source, target in mappings)]
    targets = {source: target for source, target in reversed(list(mappings)) if source}
    if not targets:
        return text
    sources: List[str] = sorted(targets, key=len, reverse=True)
    pattern = "|".join(re.escape(source) + ("" if source[-1] in "/\\" else r"(?![\w.-])") for source in sources)
    return re.sub(r"(?<![\w/\\.-])(?:{})".format(pattern), lambda found: targets[found.group()], text)


def _turned(source: str) -> str:
    """The same with the other slashes."""
    return source.replace("/", "\\") if "/" in source else source.replace("\\", "/")
