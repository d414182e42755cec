"""The reports that Deadline keeps of attempts at tasks: their files, and their text (plugin API, section 5.10).

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import bz2
import re
from dataclasses import dataclass
from itertools import islice
from typing import IO, Iterable, Iterator

_COMPRESSED = b"BZh"
_PIECE = 1 << 16
_LONGEST_LINE = 4096
_MOST_LINES = 2000  # In which a report names its frames and worker; the rest is what the task printed.
_RULE = "====="
_HEADINGS = ("Error", "Type", "Stack Trace", "Log", "Details", "Worker Information", "Slave Information")
_FRAMES = re.compile(r"(?:.*: )?Plugin rendering frame\(s\): (\S+)|Frames: (\S+)")
_WORKER = re.compile(r"(?:Worker|Slave) Name: (.+)")
_DATE = re.compile(r"Date: (.+)|(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d): ")


@dataclass(frozen=True)
class Report:
    """What Deadline keeps of one attempt at a task; empty where it says nothing."""

    report_id: str
    """Deadline's own, or the path of its file."""
    is_error: bool
    task_id: int | None = None
    frames: str = ""
    worker: str = ""
    written: str = ""
    """When, in Deadline's words."""
    title: str = ""
    """The message of the error."""
    path: str = ""
    """Its file, if Deadline names one; this machine may not see it."""


def read_report_file(path: str) -> Iterator[bytes]:
    """What is in the file of a report, piece by piece; it may be compressed.

    Raises:
        OSError: It cannot be read here.
    """
    with _open(path) as file:
        yield from iter(lambda: file.read(_PIECE), b"")


def read_report(path: str, *, is_error: bool) -> Report:
    """The report in that file.

    Raises:
        OSError: It cannot be read here, or is not whole; or an EOFError.
    """
    with _open(path) as file:
        lines = iter(lambda: file.readline(_LONGEST_LINE), b"")
        return parse_report((line.decode("utf-8", "replace") for line in lines), path=path, is_error=is_error)


def _open(path: str) -> IO[bytes]:
    with open(path, "rb") as file:
        is_compressed = file.read(len(_COMPRESSED)) == _COMPRESSED
    return bz2.open(path, "rb") if is_compressed else open(path, "rb")


def parse_report(lines: Iterable[str], *, path: str, is_error: bool) -> Report:
    """The report with that text, as far as its beginning tells.

    >>> lines = ["=====", "Error", "=====", "Error: no license", "Frames: 1-4"]
    >>> parse_report(lines, path="a.bz2", is_error=True).title
    'Error: no license'
    """
    found: dict[str, str] = {"frames": "", "worker": "", "written": "", "title": ""}
    for line in map(str.strip, islice(lines, _MOST_LINES)):
        if line in _HEADINGS or line.startswith(_RULE):
            continue
        if is_error and line and not found["title"]:
            found["title"] = line
        for name, pattern in (("frames", _FRAMES), ("worker", _WORKER), ("written", _DATE)):
            match = None if found[name] else pattern.match(line)
            if match:
                found[name] = next(filter(None, match.groups()))
    return Report(report_id=path, is_error=is_error, path=path, **found)  # type: ignore[arg-type]
