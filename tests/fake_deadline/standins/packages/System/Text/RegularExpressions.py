"""Stand-in of ``System.Text.RegularExpressions`` (plugin API, section 8); see ``_more.expressions``."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

import functools
import re
from typing import Any, Callable, Dict, Iterator, List, Optional
from typing import Match as PythonMatch

from _dotnet.kinds import STRING, convert_all
from _more.exceptions import ArgumentNullException
from _more.expressions import Expression, expression

__all__ = ["Group", "Match", "Regex", "RegexOptions"]

_REPLACEMENT = re.compile(r"\$(?:(\$)|(\d+)|\{(\w+)\}|([&`'+_]))")


class RegexOptions:
    """Options of an expression; they combine with ``|``."""

    None_: RegexOptions
    IgnoreCase: RegexOptions
    Multiline: RegexOptions
    Singleline: RegexOptions

    def __init__(self, flags: int) -> None:
        self._flags = flags

    def __or__(self, other: Any) -> RegexOptions:
        if not isinstance(other, RegexOptions):
            return NotImplemented
        return RegexOptions(self._flags | other._flags)


RegexOptions.None_ = RegexOptions(0)
RegexOptions.IgnoreCase = RegexOptions(re.IGNORECASE.value)
RegexOptions.Multiline = RegexOptions(re.MULTILINE.value)
RegexOptions.Singleline = RegexOptions(re.DOTALL.value)


class Group:
    """What one group caught; a group that took no part has the value ""."""

    def __init__(self, value: Optional[str], index: int) -> None:
        self.Success = value is not None
        self.Value = value or ""
        self.Index = max(index, 0)
        self.Length = len(self.Value)

    def __str__(self) -> str:
        return self.Value


class _Groups:
    """``match.Groups``: by number or by name; an unknown group did not succeed, as in .NET."""

    def __init__(self, groups: List[Group], by_name: Any) -> None:
        self._groups = groups
        self._by_name = by_name

    @property
    def Count(self) -> int:
        return len(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups)

    def __getitem__(self, key: Any) -> Group:
        if key is None:
            raise ArgumentNullException("Value cannot be null. (name)")
        if isinstance(key, str):
            return self._by_name.get(STRING(key), Group(None, 0))
        if not isinstance(key, int):
            raise TypeError("a group is named by an int or a string, not {!r}".format(key))
        return self._groups[key] if 0 <= key < len(self._groups) else Group(None, 0)


class Match(Group):
    """One match, or the failure to match: then ``Success`` is False."""

    def __init__(self, pattern: Expression, found: Optional[PythonMatch[str]]) -> None:
        super().__init__(found.group() if found else None, found.start() if found else 0)
        self._pattern = pattern
        self._found = found
        groups = [self]
        by_name: Dict[str, Group] = {}
        if found:
            groups += [Group(found.group(number), found.start(number)) for number in pattern.order[1:]]
            unnamed = len(groups) - len(pattern.compiled.groupindex)
            by_name.update((str(number), group) for number, group in enumerate(groups[:unnamed]))
            for name in pattern.compiled.groupindex:
                by_name[name] = Group(found.group(name), found.start(name))
        self.Groups = _Groups(groups, by_name)

    def NextMatch(self) -> Match:
        if not self._found:
            return self
        found = self._found
        start = found.end() + (1 if found.end() == found.start() else 0)
        if start > len(found.string):
            return Match(self._pattern, None)
        return Match(self._pattern, self._pattern.compiled.search(found.string, start))


class _InstanceOrStatic:
    """A method .NET has twice: ``regex.Match(text)`` and ``Regex.Match(text, pattern)``."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: Any) -> Any:
        return functools.partial(self._call, instance)

    def _call(self, instance: Any, text: Any, *others: Any) -> Any:
        if instance is None:
            if not others:
                raise TypeError("No method matches given arguments for Regex.{}".format(self._function.__name__))
            instance, others = Regex(others[0]), others[1:]
        text = convert_all("Regex." + self._function.__name__, (STRING,), 0, (text,))[0]
        if text is None:
            raise ArgumentNullException("Value cannot be null. (input)")
        return self._function(instance, text, *others)


class Regex:
    """A compiled .NET expression."""

    def __init__(self, pattern: str, options: Optional[RegexOptions] = None) -> None:
        pattern = convert_all("Regex..ctor", (STRING,), 0, (pattern,))[0]
        if pattern is None:
            raise ArgumentNullException("Value cannot be null. (pattern)")
        if options is not None and not isinstance(options, RegexOptions):
            raise TypeError(
                "No method matches given arguments for Regex..ctor: {!r} is no RegexOptions".format(options)
            )
        self._expression = expression(pattern, options._flags if options else 0)

    @_InstanceOrStatic
    def Match(self: Any, text: str) -> Match:
        """The first match."""
        return Match(self._expression, self._expression.search(text))

    @_InstanceOrStatic
    def IsMatch(self: Any, text: str) -> bool:
        """Whether there is a match."""
        return self._expression.search(text) is not None

    @_InstanceOrStatic
    def Matches(self: Any, text: str) -> List[Match]:
        """All matches."""
        return [Match(self._expression, found) for found in self._expression.compiled.finditer(text)]

    @_InstanceOrStatic
    def Replace(self: Any, text: str, replacement: str) -> str:
        """The text with each match replaced; ``$1``, ``${name}``, ``$$`` and ``$&`` stand for what they do in .NET."""
        replacement = convert_all("Regex.Replace", (STRING,), 0, (replacement,))[0]
        pattern = self._expression

        def expand(found: PythonMatch[str]) -> str:
            def part(piece: PythonMatch[str]) -> str:
                if piece.group(1):
                    return "$"
                if piece.group(4):
                    if piece.group(4) != "&":
                        raise NotImplementedError("the replacement {} is not imitated".format(piece.group()))
                    return found.group()
                name = piece.group(2) or piece.group(3)
                known = name in pattern.compiled.groupindex or (name.isdigit() and int(name) < len(pattern.order))
                return (pattern.group(found, name) or "") if known else piece.group()

            return _REPLACEMENT.sub(part, replacement)

        return pattern.compiled.sub(expand, text)
