"""Maps paths of one system to those of another, by Deadline's path mapping rules."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import Any, Callable, Iterable, Mapping, Sequence

from ..results.codec import TYPE, canonical
from ..results.store import ChunkResult

_WINDOWS = re.compile(r"[A-Za-z]:|\\\\|//")
_FULL_PATH = re.compile(r"[A-Za-z]:(?:[/\\]|\Z)|\\\\|/")
_DEVICE = re.compile(r"[/\\]{2}\?[/\\](UNC(?=[/\\]))?", re.IGNORECASE)  # \\?\P:\show, \\?\UNC\server\share
_TOKEN = re.compile(r"<[\w:.]+>|\{\w*(?::\w*)?\}")  # Parts of names: <UDIM>, <attr:name>, ${F4}, {frame:04d}.
# What makes a text more than a path, or may do so. Names may hold blanks, though hardly at an end.
_MORE_THAN_A_PATH = re.compile(
    r"""[\x00-\x1f"<>|`:;]            # Lines, lists, shells; and no name of Windows has any of these.
    | \s[/\\] | (?:^|[/\\])\s | \s$ | ,[/\\]
    | \s-\S | \s' | \s\S*= | && | \$\(
    | \.(?:bat|cmd|com|exe|mel|pl|ps1|py|rb|sh)\s
    | \\[dsw][+*{?]                   # A regular expression.""",
    re.VERBOSE | re.IGNORECASE,
)
_PATH_KINDS = ("path", "posix_path", "windows_path")
_PATH_FIELDS = ("class", "function", "imports")
_VALUE_FIELDS = ("attributes", "metadata")
_PLUG_FIELDS = ("inputs", "outputs")
_MOST_REPORTS = 20


class PathMapping:
    """Replaces the beginning of paths, by the longest rule that matches; separators become those of this system.

    Prefixes of Windows match in any case and with either slash; ``/mnt//proj`` and ``/mnt/./proj`` count as
    ``/mnt/proj``. A rule applies to whole folders: the folder ``proj`` of drive ``P:`` is not the beginning of a path
    in ``project``.
    """

    def __init__(
        self,
        rules: Iterable[tuple[str, str]],
        *,
        separator: str = os.sep,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``rules`` are pairs of the beginning of a path and its replacement.

        ``report`` is given a line for each text that stays as it is although it begins like a path of a rule.
        """
        longest_first = sorted(
            (rule for rule in rules if all(rule)), key=lambda rule: len(_plain(rule[0])), reverse=True
        )
        self._separator = separator
        self._rules = [(_pattern(_plain(prefix)), self._base(new)) for prefix, new in longest_first]
        self._report = report
        self._reported: set[str] = set()

    def text(self, text: str) -> str:
        """The text, mapped if it is one path or a list of paths; a list gets the separator of this system.

        All other texts stay as they are, and so does a list with a path of another system that no rule matches.
        """
        if not _FULL_PATH.match(text.lstrip(":;")):
            return text
        if _is_path(text):
            return self.path(text)
        mapped = self._list(text)
        if mapped is not None:
            return mapped
        if text not in self._reported and any(pattern.match(_without_device(text)) for pattern, _ in self._rules):
            self._reported.add(text)
            if len(self._reported) <= _MOST_REPORTS:
                self._report(
                    f"Path mapping leaves {text[:100]!a} as it is: it begins like a path, but is neither one path"
                    " nor a list of paths that are all mapped"
                )
        return text

    def path(self, path: str) -> str:
        """The path, mapped if a rule matches its beginning."""
        bare = _without_device(path)
        for pattern, base in self._rules:
            match = pattern.match(bare)
            if match is not None and match["rest"] is not None:
                rest = match["rest"].replace("\\", "/") if is_windows_path(bare) else match["rest"]
                if not rest and base[1:] in ("", ":"):
                    rest = "/"  # The root, or a whole drive.
                return base + rest.replace("/", self._separator)
        return path

    def _base(self, replacement: str) -> str:
        """What the rest of a path, with its separator in front, is added to."""
        native = replacement.replace("\\" if self._separator == "/" else "/", self._separator)
        return native.rstrip(self._separator) or native[1:]

    def _list(self, text: str) -> str | None:
        """The text with the paths that it lists mapped; None if it is not a list, or has paths of another system."""
        here = self._separator == "\\"
        for separator in ";:":
            paths = text.split(separator)
            systems = {is_windows_path(path) for path in paths if path}
            if sum(map(bool, paths)) < 2 or len(systems) > 1 or not all(_is_path(path) for path in paths if path):
                continue
            mapped = [self.path(path) for path in paths]
            if (separator == ":" and True in systems) or any(is_windows_path(path) != here for path in mapped if path):
                continue
            joint = separator if here in systems else ";" if here else ":"
            if not any(joint in path for path in mapped):  # As in {frame:04d}.
                return joint.join(mapped)
        return None

    def encoded(self, data: Any) -> Any:
        """Encoded data with all texts and paths in it mapped, also in containers; keys of dicts stay as they are.

        A pure path becomes one of the system that it is mapped to: one of Windows would turn the slashes of ``/mnt/p``.
        """
        if not self._rules:
            return data
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, list):
            return [self.encoded(item) for item in data]
        if not isinstance(data, dict):
            return data
        kind = data.get(TYPE)
        if kind in _PATH_KINDS:
            mapped = self.path(data["text"])
            if kind != "path" and mapped != data["text"]:
                kind = "windows_path" if is_windows_path(mapped) else "posix_path"
            return {**data, TYPE: kind, "text": mapped}
        if kind in ("dict", "ordered"):
            return {**data, "items": [[key, self.encoded(item)] for key, item in data["items"]]}
        if kind is None:
            return {key: self.encoded(value) for key, value in data.items()}
        changed = {key: self.encoded(data[key]) for key in ("items", "fields") if key in data}
        if kind in ("set", "frozenset"):
            changed["items"].sort(key=canonical)
        if "class" in data:
            changed["class"] = self._paths(data["class"])
        return {**data, **changed}

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A node record with its values, and the files of its classes, mapped."""
        values = {key: self.encoded(record[key]) for key in _VALUE_FIELDS if key in record}
        plugs = {key: self._plugs(record[key]) for key in _PLUG_FIELDS if key in record}
        return {**record, **values, **plugs, **{key: self._paths(record[key]) for key in _PATH_FIELDS if key in record}}

    def results(self, results: Iterable[ChunkResult]) -> tuple[ChunkResult, ...]:
        """The results with the paths in their outputs mapped, so that workers of two systems can merge theirs."""
        return tuple(replace(result, outputs=self.encoded(result.outputs)) for result in results)

    def _plugs(self, plugs: Mapping[str, Any]) -> dict[str, Any]:
        """Plugs with their values mapped; their names, and those of what feeds them, stay."""
        mapped = {}
        for name, plug in plugs.items():
            value = {"value": self.encoded(plug["value"])} if "value" in plug else {}
            mapped[name] = {**plug, **value, "sub_plugs": self._plugs(plug.get("sub_plugs", {}))}
        return mapped

    def _paths(self, data: Any) -> Any:
        """Data in which every text is a path, or a name, with all paths mapped."""
        if isinstance(data, str):
            return self.path(data)
        if isinstance(data, list):
            return [self._paths(item) for item in data]
        return {key: self._paths(item) for key, item in data.items()} if isinstance(data, dict) else data


def mapped_back(data: Any, rules: Sequence[tuple[str, str]]) -> Any:
    r"""Encoded data with the paths that these rules have made as they were before; of two systems, those of Windows.

    >>> mapped_back(["/mnt/p/show", "/new/show"], [("/old", "/new"), ("P:\\", "/mnt/p")])
    ['P:\\show', '/old/show']
    """
    for is_windows, separator in ((True, "\\"), (False, "/")):
        back = [(new, old) for old, new in rules if is_windows_path(old) == is_windows]
        data = PathMapping(back, separator=separator).encoded(data)
    return data


def is_windows_path(text: str) -> bool:
    """Whether the text begins with a drive or, with either slash, a share.

    >>> is_windows_path("P:/show"), is_windows_path("//server/show"), is_windows_path("/mnt/show")
    (True, True, False)
    """
    return _WINDOWS.match(text) is not None


def _is_path(text: str) -> bool:
    """Whether the text is one full path, which may have a pattern for frames in it, and nothing else."""
    bare = _without_device(text)
    beginning = _FULL_PATH.match(bare)
    if beginning is None or ("\\" in bare and not is_windows_path(bare)):
        return False
    return not _MORE_THAN_A_PATH.search(_TOKEN.sub("x", bare[beginning.end() :]))


def _without_device(path: str) -> str:
    device = _DEVICE.match(path)
    return path if device is None else ("\\" if device[1] else "") + path[device.end() :]


def _plain(prefix: str) -> str:
    """The prefix with single slashes only, and without those at its end; of a share, with both at its beginning."""
    bare = _without_device(prefix)
    slashes = r"[/\\]" if is_windows_path(bare) else "/"
    words = [word for word in re.split(slashes, bare) if word not in ("", ".")]
    return re.match(slashes + "{0,2}", bare)[0].replace("\\", "/") + "/".join(words)  # type: ignore[index]


def _pattern(plain: str) -> re.Pattern[str]:
    """Matches the prefix at the beginning of a text; ``rest`` is the rest of the path, None if other text follows."""
    is_windows = is_windows_path(plain)
    slash = r"[/\\]" if is_windows else "/"
    words, end = (plain[:-1], "") if plain.endswith("/") else (plain, r"\Z|")
    body = rf"{slash}+(?:\.{slash}+)*".join(map(re.escape, words.split("/")))
    more = "" if plain[1:] == ":" else "|(?=[\\s:;,|\"'])"
    return re.compile(rf"{body}(?:(?P<rest>{end}{slash}.*){more})", (re.IGNORECASE if is_windows else 0) | re.DOTALL)
