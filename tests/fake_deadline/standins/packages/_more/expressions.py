"""Regular expressions of .NET, translated to Python's ``re``.

Standard output handlers are .NET expressions (plugin API, section 2.4) and vendor plugins put inline flags in the
middle of them (plugin API, section 3.8): .NET applies such a flag from there to the end of the group, Python 3.10 to
the whole expression, Python 3.11 not at all. What has no exact counterpart is refused rather than approximated.
"""

from __future__ import annotations

import functools
import re
import sys
from typing import Any, List, Match, Optional, Pattern, Set

from _dotnet.exceptions import ArgumentException

__all__ = ["Expression", "expression"]

_QUANTIFIER = re.compile(r"[*+?]|\{\d+(,\d*)?\}")
_FLAGS = re.compile(r"\(\?([a-z]*)(-[a-z]*)?([:)])", re.IGNORECASE)
_NAMED = re.compile(r"\(\?(?:<([^\W\d]\w*)>|'([^\W\d]\w*)')")
_BACK_REFERENCE = re.compile(r"\\k(?:<([^\W\d]\w*)>|'([^\W\d]\w*)')")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|c[@-_a-z]|[0-7]{1,3}|.)", re.DOTALL)


class Expression:
    """One compiled .NET expression. Groups are counted as .NET does: the unnamed ones first, then the named."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pattern = pattern
        try:
            self.compiled: Pattern[str] = re.compile(_Translation(pattern).text(), flags)
        except re.error as error:
            raise ArgumentException("Invalid pattern '{}': {}".format(pattern, error)) from None
        named = self.compiled.groupindex
        unnamed = [number for number in range(1, self.compiled.groups + 1) if number not in named.values()]
        self.order = [0, *unnamed, *sorted(named.values())]

    def search(self, text: str) -> Optional[Match[str]]:
        """The first match anywhere in the text, or None."""
        return self.compiled.search(text)

    def group(self, match: Match[str], group: Any) -> Optional[str]:
        """The text of a group by .NET's number or name; None if it took no part or does not exist."""
        if isinstance(group, str) and not group.isdigit():
            return match.group(group) if group in self.compiled.groupindex else None
        number = int(group)
        return match.group(self.order[number]) if 0 <= number < len(self.order) else None


@functools.lru_cache(maxsize=512)
def expression(pattern: str, flags: int = 0) -> Expression:
    """The compiled expression.

    Raises:
        ArgumentException: .NET refuses the pattern as well.
        NotImplementedError: .NET understands it, and Python has nothing equal.
    """
    return Expression(pattern, flags)


class _Translation:
    """One pass over a pattern. ``_open`` holds, per open group, the inline flags that end with that group."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: List[str] = []
        self._open: List[List[str]] = [[]]
        self._names: Set[str] = set()
        self._counted_reference = ""

    def text(self) -> str:
        while self._at < len(self._pattern):
            character = self._pattern[self._at]
            if character == "\\":
                self._escape()
            elif character == "[":
                self._character_class()
            elif character == "(":
                self._group()
            elif character == ")":
                self._emit(")", ")" * (len(self._open.pop()) + 1))
                if not self._open:
                    raise ArgumentException("Invalid pattern '{}'. Too many )'s.".format(self._pattern))
            elif character == "|":
                # The flags of this group hold in its next branch too: close them, and open them again.
                flags = self._open[-1]
                self._emit("|", ")" * len(flags) + "|" + "".join(flags))
            else:
                self._plain(character)
        if len(self._open) > 1:
            raise ArgumentException("Invalid pattern '{}'. Not enough )'s.".format(self._pattern))
        if self._names and self._counted_reference:  # .NET counts named groups last, Python in place.
            raise self._refuse("{} beside named groups".format(self._counted_reference))
        return "".join(self._out) + ")" * len(self._open[0])

    def _emit(self, consumed: str, translated: str) -> None:
        self._at += len(consumed)
        self._out.append(translated)

    def _refuse(self, construct: str) -> NotImplementedError:
        return NotImplementedError(
            "the .NET expression '{}' uses {}, which has no equal in Python {}.{}".format(
                self._pattern, construct, *sys.version_info[:2]
            )
        )

    def _plain(self, character: str) -> None:
        quantifier = _QUANTIFIER.match(self._pattern, self._at)
        if not quantifier:
            # A brace that is no quantifier is a brace: Python would read {,2} as one.
            self._emit(character, "\\" + character if character in "{}" else character)
            return
        self._emit(quantifier.group(), quantifier.group())
        if self._pattern.startswith("?", self._at):
            self._emit("?", "?")
        if _QUANTIFIER.match(self._pattern, self._at):  # Python 3.11 would read a++ as possessive.
            raise ArgumentException("Invalid pattern '{}'. Nested quantifier.".format(self._pattern))

    def _escape(self) -> None:
        reference = _BACK_REFERENCE.match(self._pattern, self._at)
        if reference:
            self._emit(reference.group(), "(?P={})".format(reference.group(1) or reference.group(2)))
            return
        found = _ESCAPE.match(self._pattern, self._at)
        if not found:
            raise ArgumentException("Invalid pattern '{}'. Illegal \\ at end.".format(self._pattern))
        escape = found.group(1)
        if escape == "Z":  # .NET: the end, or before a last line feed.
            self._emit(found.group(), "(?=\\n?\\Z)")
        elif escape == "z":
            self._emit(found.group(), "\\Z")
        elif escape in ("A", "b", "B"):
            self._emit(found.group(), found.group())
        else:
            if escape[0] in "123456789":
                self._counted_reference = found.group()
            self._emit(found.group(), self._character(found.group(), escape))

    def _character(self, whole: str, escape: str) -> str:
        """An escape that stands for one character or a set, alone or inside a class."""
        if escape[0] in "pPGX":
            raise self._refuse(whole)
        if escape == "e":
            return "\\x1b"
        if escape[0] == "c" and len(escape) == 2:
            return "\\x{:02x}".format(ord(escape[1].upper()) - 64)
        if escape in ("a", "f", "n", "r", "t", "v", "d", "D", "s", "S", "w", "W") or escape[0].isdigit():
            return whole
        if len(escape) > 1 and escape[0] in "xu":
            return whole
        if escape == "_" or escape.isalnum():
            raise ArgumentException(
                "Invalid pattern '{}'. Unrecognized escape sequence {}.".format(self._pattern, whole)
            )
        return re.escape(escape)

    def _character_class(self) -> None:
        opening = "[^" if self._pattern.startswith("[^", self._at) else "["
        self._emit(opening, opening)
        first = True
        while self._at < len(self._pattern):
            character = self._pattern[self._at]
            if character == "]" and not first:
                self._emit("]", "]")
                return
            if self._pattern.startswith("-[", self._at):
                raise self._refuse("a class subtraction")
            if character == "\\":
                found = _ESCAPE.match(self._pattern, self._at)
                if not found:
                    break
                escape = found.group(1)
                self._emit(found.group(), "\\b" if escape == "b" else self._character(found.group(), escape))
            else:
                # Python warns of a coming meaning of these; escaped they stay what they are in .NET.
                self._emit(character, "\\" + character if character in "[]&~|" else character)
            first = False
        raise ArgumentException("Invalid pattern '{}'. Unterminated [] set.".format(self._pattern))

    def _group(self) -> None:
        named = _NAMED.match(self._pattern, self._at)
        flags = _FLAGS.match(self._pattern, self._at)
        if named:
            name = named.group(1) or named.group(2)
            if name in self._names:
                raise self._refuse("the group name {} twice".format(name))
            self._names.add(name)
            self._emit(named.group(), "(?P<{}>".format(name))
        elif self._pattern.startswith("(?#", self._at):
            end = self._pattern.find(")", self._at)
            if end < 0:
                raise ArgumentException("Invalid pattern '{}'. Unterminated comment.".format(self._pattern))
            self._at = end + 1
            return
        elif flags and (flags.group(1) or flags.group(2)):
            opener = self._flags(flags)
            if flags.group(3) == ")":
                self._open[-1].append(opener)
                self._emit(flags.group(), opener)
                return
            self._emit(flags.group(), opener)
        else:
            self._other_group()
        self._open.append([])

    def _flags(self, found: Match[str]) -> str:
        on, off = found.group(1).lower(), (found.group(2) or "").lower().lstrip("-")
        if set(on + off) & set("nx"):
            raise self._refuse("the flag n or x")
        if set(on + off) - set("ims"):
            raise ArgumentException("Invalid pattern '{}'. Unrecognized grouping construct.".format(self._pattern))
        return "(?{}{}:".format("".join(sorted(set(on) - set(off))), "-" + "".join(sorted(set(off))) if off else "")

    def _other_group(self) -> None:
        for opening in ("(?:", "(?=", "(?!", "(?<=", "(?<!"):
            if self._pattern.startswith(opening, self._at):
                self._emit(opening, opening)
                return
        if self._pattern.startswith("(?>", self._at):
            if sys.version_info < (3, 11):
                raise self._refuse("an atomic group")
            self._emit("(?>", "(?>")
        elif re.compile(r"\(\?[<'(]").match(self._pattern, self._at):
            raise self._refuse("a numbered, balancing or conditional group")
        elif self._pattern.startswith("(?", self._at):
            raise ArgumentException("Invalid pattern '{}'. Unrecognized grouping construct.".format(self._pattern))
        else:
            self._emit("(", "(")
