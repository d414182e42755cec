"""Maps paths of one system to those of another, by Deadline's path mapping rules."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any, Dict, Iterable, Mapping, Sequence, Tuple

from ..results.codec import TYPE
from ..results.store import ChunkResult

_WINDOWS = re.compile(r"[A-Za-z]:|\\\\|//")
_RECORD_FIELDS = ("class", "function", "attributes", "metadata", "inputs", "outputs", "imports")


class PathMapping:
    """Replaces the beginning of paths, by the longest rule that matches; separators become those of this system.

    Prefixes of Windows match in any case and with either slash. A rule applies to whole folders: the folder ``proj`` of
    drive ``P:`` is not the beginning of a path in ``project``.
    """

    def __init__(self, rules: Iterable[Tuple[str, str]], *, separator: str = os.sep) -> None:
        """``rules`` are pairs of the beginning of a path and its replacement."""
        longest_first = sorted((rule for rule in rules if all(rule)), key=lambda rule: len(rule[0]), reverse=True)
        self._rules = [(_pattern(prefix), replacement) for prefix, replacement in longest_first]
        self._separator = separator

    def text(self, text: str) -> str:
        """The text, mapped if a rule matches its beginning."""
        for pattern, replacement in self._rules:
            match = pattern.match(text)
            if match is not None:
                mapped = replacement.rstrip("/\\") + match["rest"] if match["rest"] else replacement
                return mapped.replace("\\" if self._separator == "/" else "/", self._separator)
        return text

    def encoded(self, data: Any) -> Any:
        """Encoded data with all texts and paths in it mapped, also in containers; keys of dicts stay as they are."""
        if not self._rules:
            return data
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, list):
            return [self.encoded(item) for item in data]
        if not isinstance(data, dict):
            return data
        kind = data.get(TYPE)
        if kind in ("dict", "ordered"):
            return {**data, "items": [[key, self.encoded(item)] for key, item in data["items"]]}
        if kind == "path" or kind is None or "class" in data or "items" in data:
            return {key: value if key == TYPE else self.encoded(value) for key, value in data.items()}
        return data

    def record(self, record: Mapping[str, Any]) -> Dict[str, Any]:
        """A node record with its values, and the files of its classes, mapped."""
        return {key: self.encoded(value) if key in _RECORD_FIELDS else value for key, value in record.items()}

    def results(self, results: Iterable[ChunkResult]) -> Tuple[ChunkResult, ...]:
        """The results with the paths in their outputs mapped, so that workers of two systems can merge theirs."""
        return tuple(replace(result, outputs=self.encoded(result.outputs)) for result in results)


def is_windows_path(text: str) -> bool:
    """Whether the text begins with a drive or, with either slash, a share.

    >>> is_windows_path("P:/show"), is_windows_path("//server/show"), is_windows_path("/mnt/show")
    (True, True, False)
    """
    return _WINDOWS.match(text) is not None


def _pattern(prefix: str) -> re.Pattern[str]:
    """Matches the prefix at the beginning of a text, up to the end of a folder's name."""
    bare = prefix.rstrip("/\\")
    is_windows = is_windows_path(prefix)
    words: Sequence[str] = re.split(r"[/\\]", bare) if is_windows else [bare]
    slash = r"[/\\]"
    body = slash.join(map(re.escape, words))
    return re.compile(f"{body}(?P<rest>$|{slash}.*)", (re.IGNORECASE if is_windows else 0) | re.DOTALL)
