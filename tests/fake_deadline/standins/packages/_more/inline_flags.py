r"""Inline flags in the middle of a Python pattern, such as ``<(?i)NAME>``.

Vendor plugins use them (plugin API, section 3.8; hosts and tooling, section 4). Python 3.10, which Deadline runs,
accepts them with a warning and applies them to the whole pattern; Python 3.11 and later refuse them. The offline farm
may run on these, and the plugin must do there what it does on the farm: this ``re`` moves such flags to the front.
"""

from __future__ import annotations

import functools
import re
import types
from typing import Any, Callable, Set

__all__ = ["ForgivingRe", "hoist_flags"]

_TOKEN = re.compile(
    r"""
    \\.                                     # an escape
    | \[\^?\]?(?:\\.|[^]\\])*\]             # a class
    | \(\?(?P<flags>[aiLmsux]+)\)           # flags
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_LEADING = re.compile(r"(?:\(\?[aiLmsux]+\))*")  # Flags here are fine everywhere.
_FUNCTIONS = ("compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn", "template")


def hoist_flags(pattern: str) -> str:
    """The pattern with all its inline flags at the front, where every Python accepts them.

    >>> hoist_flags("<(?i)NAME>")
    '(?i)<NAME>'
    """
    flags: Set[str] = set()

    def take(token: Any) -> str:
        flags.update(token.group("flags") or "")
        return "" if token.group("flags") else token.group()

    rest = _TOKEN.sub(take, pattern)
    return "(?{}){}".format("".join(sorted(flags)), rest) if flags else pattern


class ForgivingRe(types.ModuleType):
    """The ``re`` module with this one difference; ``warn`` is called once for each pattern that needs it."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        super().__init__("re", re.__doc__)
        self._warn = warn
        self._warned: Set[str] = set()

    def __getattr__(self, name: str) -> Any:
        found = getattr(re, name)
        if name not in _FUNCTIONS:
            return found

        @functools.wraps(found)
        def forgiving(pattern: Any, *arguments: Any, **keywords: Any) -> Any:
            return found(self._hoisted(pattern), *arguments, **keywords)

        return forgiving

    def _hoisted(self, pattern: Any) -> Any:
        if not isinstance(pattern, str):
            return pattern
        leading = _LEADING.match(pattern)
        body = pattern[leading.end() if leading else 0 :]
        if hoist_flags(body) == body:
            return pattern
        if pattern not in self._warned:
            self._warned.add(pattern)
            self._warn("'{}' has inline flags after its start: an error from Python 3.11".format(pattern))
        return hoist_flags(pattern)
