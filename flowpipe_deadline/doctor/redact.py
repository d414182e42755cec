"""What a report leaves out: users, machines, addresses, paths, and the names of jobs, pools and plugins."""

from __future__ import annotations

import contextlib
import getpass
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Names that are not private, and common in Deadline's own texts.
_COMMON = frozenset({"none", "root", "admin", "administrator", "deadline", "render", "user", "job", "localhost"})
_END = r"\s\"'<>|,;"  # Characters that end a path in a text.
_PATTERNS = (
    (re.compile(rf"\b(?!index:)[a-z][a-z0-9+.-]*://[^{_END}]+", re.IGNORECASE), "<url>"),
    (re.compile(rf"[^{_END}@=:]+@[^{_END}@=:]+\.[a-z]+", re.IGNORECASE), "<address>"),
    (re.compile(r"(?<![\w.])(?:\d+\.){3}\d+:\d+"), "<address>"),
    (re.compile(r"(?<![\w.])[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}:\d+", re.IGNORECASE), "<address>"),
    (re.compile(r"(?<![\w.])[\w-]*[a-z][\w-]*:\d{4,5}\b", re.IGNORECASE), "<address>"),
    (re.compile(r"(?<=Submitting to Repository: ).+"), "<repository>"),
    (re.compile(rf"(?<!\w)[a-z]:[\\/][^{_END}]*", re.IGNORECASE), "<path>"),
    (re.compile(rf"\\\\[^{_END}]+"), "<path>"),
    (re.compile(rf"(?<![\w<>…/.:~\\-])~?/[^{_END}:=()]*[^{_END}:=().]"), "<path>"),
)
_OPEN = ("repository", "root", "package", "client")
"""Places with nothing private below them."""

_KEY_VALUE = re.compile(r"\s*([\w#]+)\s*=\s*(.*?)\s*")
_ERRORS = ("Error:", "Submission Error:", "Bad submission arguments")
_NAMES = re.compile(r"\[[^\]\[{}]*\"[^\]\[{}]*\]")
"""A list of texts, in JSON."""
_HEADER = re.compile(r"\[([^\]]*)\]")
_SAFE = re.compile(
    r"[-\d.,:x% /]*|true|false|none|[0-9a-f]{24}(,[0-9a-f]{24})*|[a-z]{3} \d\d/\d\d +\d\d:\d\d:\d\d"
    r"|(unknown|active|queued|rendering|pending|suspended|completed|failed)( \(\d+\))?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(\d+\.){3}\d+")
_NAMING = ("name", "user", "machine", "comment", "address", "version")
_JOB_READERS = frozenset({"getjob", "getjobs", "getjobdetails", "getjobtask", "getjobtasks", "getjobsfilter"})
_LISTS = frozenset(
    {"getpoolnames", "pools", "getgroupnames", "groups", "getlimitgroupnames", "limitgroups", "getpluginnames"}
    | {"getjobids", "getjobidsfilter", "getjobidsfilterand", "getslavenames", "slaves"}
)


class Redaction:
    """Takes what is private out of texts."""

    def __init__(self, private: Mapping[str, str]) -> None:
        """``private`` are texts, each with what it is: ``{"/mnt/show": "root"}`` becomes ``<root>``."""
        known = sorted(private.items(), key=lambda item: len(item[0]), reverse=True)
        self._known = [
            (_pattern(text), _replacement(name))
            for text, name in known
            if len(text) > 1 and text.lower() not in _COMMON
        ]

    def hide(self, text: str) -> str:
        r"""The text without what is private.

        >>> Redaction({"lisa": "user"}).hide(r"Error: lisa cannot write //server/show/a.exr at C:\\Temp")
        'Error: <user> cannot write <path> at <path>'
        """
        for pattern, replacement in self._known:
            text = pattern.sub(replacement, text)
        for pattern, name in _PATTERNS:
            text = pattern.sub(name, text)
        return text

    def hide_in(self, data: Any) -> Any:
        """The same for every text in plain data, except the keys."""
        if isinstance(data, str):
            return self.hide(data)
        if isinstance(data, Mapping):
            return {str(key): self.hide_in(value) for key, value in data.items()}
        return [self.hide_in(item) for item in data] if isinstance(data, (list, tuple)) else data

    def hide_output(self, arguments: Sequence[str], output: str) -> list[str]:
        """What a command printed, line by line: the keys of jobs and tasks, the lengths of lists, else all words."""
        name = arguments[0].lstrip("-").lower() if arguments else ""
        lines = output.splitlines()
        errors = [line for line in lines if line.startswith(_ERRORS)]
        if name in _LISTS:
            return [f"<{len(lines) - len(errors)} lines>", *map(self.hide, errors)]
        counted = [_NAMES.sub(lambda names: f"[<{names[0].count(',') + 1} names>]", line) for line in lines]
        shown = [self.hide(line) for line in counted]
        if name in _JOB_READERS:
            return [text if line in errors else shape(line) for line, text in zip(lines, shown)]
        return shown


def shape(line: str) -> str:
    """A line about a job: its key, and its value only if that cannot be a name.

    >>> shape("JobName=Shot 12"), shape("JobStatus=Rendering (3)"), shape("TaskCount=12")
    ('JobName=<text>', 'JobStatus=Rendering (3)', 'TaskCount=12')
    """
    header = _HEADER.fullmatch(line.strip())
    if header:
        return line.strip() if _SAFE.fullmatch(header[1]) else "[<text>]"
    found = _KEY_VALUE.fullmatch(line)
    if not found:
        return "<text>" if line.strip() else ""
    key, value = found[1], found[2]
    is_name = any(word in key.lower() for word in _NAMING) or _ADDRESS.fullmatch(value)
    is_safe = _SAFE.fullmatch(value) and not is_name
    return f"{key}={value if is_safe or not value else '<text>'}"


def own_names() -> dict[str, str]:
    """User, machine and home folder of this process."""
    host = socket.gethostname()
    names = {host: "machine", host.partition(".")[0]: "machine", str(Path.home()): "home"}
    with contextlib.suppress(OSError, KeyError, ImportError):  # ImportError: Windows without any of the variables.
        names[getpass.getuser()] = "user"
    return names


def _pattern(text: str) -> re.Pattern[str]:
    """Finds the text as a word of its own, or as the beginning of a path, with slashes of either kind."""
    escaped = "".join(r"[\\/]+" if character in "\\/" else re.escape(character) for character in text.rstrip("\\/"))
    return re.compile(rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])((?:[\\/]+[^{_END}\\/]+)*)", re.IGNORECASE)


def _replacement(name: str) -> Callable[[re.Match[str]], str]:
    """What replaces the text: of a path below it, all parts if they are Deadline's or ours, else only the last."""

    def replace(found: re.Match[str]) -> str:
        below = [part for part in re.split(r"[\\/]+", found[1]) if part]
        shown = below if name in _OPEN or len(below) < 2 else ["…", below[-1]]
        return "/".join([f"<{name}>", *shown])

    return replace
