"""Kinds of values that settings take, and the text that Deadline is given for them.

Forms as in submission, section 1: booleans as ``true`` and ``false``, lists with commas and no escape for
one, days as ``dd/MM/yyyy HH:mm``, times as ``HH:mm:ss``, spans as ``dd:hh:mm:ss``.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, Optional

from ..core.text import is_one_line

_LARGEST = 2**31 - 1  # .NET's Int32.
_FULL_PATH = re.compile(r"/|\\\\|[A-Za-z]:[\\/]")
_SPAN = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2}):([0-9]{2})")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,10}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MOMENTS = ("%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_TIMES = ("%H:%M:%S", "%H:%M")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class UnfitError(Exception):
    """A value that a setting does not take; the message goes on after the setting's name."""


@dataclass(frozen=True)
class WarningKind:
    """What a setting takes."""

    words: str
    """For people."""
    write: Callable[[Any], str]
    """The text that Deadline is given. Raises UnfitError."""
    read: Callable[[str], Any] = str
    """What ``write`` takes, from the text that Deadline would be given. Raises UnfitError."""

    def write_any(self, value: Any) -> str:
        """The text of a value that is given as such or as Deadline's own text, which may be blank.

        Raises:
            UnfitError: It is neither.
        """
        if not isinstance(value, (str, bool, int, float)):
            return self.write(value)
        own = scalar(value)
        return self.write(self.read(own)) if own.strip(" ") else ""


def shown(value: Any) -> str:
    """A value for people, whatever it is.

    >>> shown("a"), shown(10**5000)
    ("'a'", 'a value that cannot be written out')
    """
    try:
        return repr(value)
    except (ValueError, RecursionError):  # Python writes no number of thousands of digits.
        return "a value that cannot be written out"


def text(value: Any) -> str:
    """One line of text.

    Raises:
        UnfitError: It is no text, or holds a character that a reader could take for the end of the line.
    """
    if not isinstance(value, str):
        raise UnfitError(f"is text, not {shown(value)}")
    if not is_one_line(value):
        raise UnfitError(f"has a line break or control character: {value!r}; Deadline has no escape for it")
    return value.strip()


def scalar(value: Any) -> str:
    """A text, number or boolean as Deadline writes it.

    Raises:
        UnfitError: It is none of these.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise UnfitError(f"is text, a number or a boolean, not {shown(value)}")
    try:
        return str(value)
    except ValueError as error:
        raise UnfitError("is a number of too many digits") from error


def check_name(name: Any) -> None:
    """Makes sure that it can stand before the ``=`` that ends it in the file.

    Raises:
        UnfitError: It cannot.
    """
    if not isinstance(name, str) or not name.strip() or "=" in name or not is_one_line(name):
        raise UnfitError(f"has {name!r}, which is no name")


def whole_number(low: int, high: int = _LARGEST) -> WarningKind:
    """Whole numbers of a range."""
    words = f"a whole number from {low}" + ("" if high == _LARGEST else f" to {high}")

    def write(value: Any) -> str:
        if type(value) is not int or not low <= value <= high:
            raise UnfitError(f"is {words}, not {shown(value)}")
        return str(value)

    return WarningKind(words, write, lambda given: int(given) if _WHOLE_NUMBER.fullmatch(given.strip()) else given)


def choice(*words: str) -> WarningKind:
    """One of these words, in whatever case."""
    listed = f"{', '.join(words[:-1])} or {words[-1]}"
    by_lower_case = {word.lower(): word for word in words}

    def write(value: Any) -> str:
        found = by_lower_case.get(value.strip().lower()) if isinstance(value, str) else None
        if found is None:
            guess = difflib.get_close_matches(shown(value).lower(), by_lower_case, n=1)
            advice = f"; did you mean '{by_lower_case[guess[0]]}'?" if guess else ""
            raise UnfitError(f"is {listed}, not {shown(value)}{advice}")
        return found

    return WarningKind(listed, write)


def _write_boolean(value: Any) -> str:
    if not isinstance(value, bool):
        raise UnfitError(f"is true or false, not {shown(value)}")
    return scalar(value)


def _write_progress(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnfitError(f"is {MACHINE_PROGRESS.words}, not {shown(value)}")
    if value != -1 and not 0 <= value <= 100:
        raise UnfitError(f"is {MACHINE_PROGRESS.words}, not {shown(value)}")
    return format(Decimal(repr(float(value))), "f")


def _read_number(given: str) -> Any:
    try:
        return float(given)
    except ValueError:
        return given


def _write_note(value: Any) -> str:
    """The one text that has an escape for line breaks."""
    return text(_LINE_BREAK.sub("[EOL]", value) if isinstance(value, str) else value)


def _write_path(value: Any) -> str:
    path = text(os.fspath(value) if isinstance(value, os.PathLike) else value)
    if not _FULL_PATH.match(path):
        raise UnfitError(f"is a full path, not {path!r}: the workers do not stand where you do")
    return path


def _write_items(value: Any, *, words: str, write: Callable[[Any], str]) -> str:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise UnfitError(f"is {words}, not {shown(value)}")
    return ",".join(_item(item, write) for item in value)


def _item(value: Any, write: Callable[[Any], str]) -> str:
    try:
        item = write(value)
    except UnfitError as error:
        raise UnfitError(f"has an item that {error}") from error
    if not item or "," in item:
        raise UnfitError(f"has an item {item!r}: it cannot be empty or hold a comma, by which Deadline separates items")
    return item


def _split(given: str) -> list[str]:
    return [item.strip() for item in given.split(",")] if given.strip() else []


def _write_moment(value: Any) -> str:
    moment = _parsed(value, _MOMENTS) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise UnfitError(f"is {MOMENT.words}, not {shown(value)}")
    if moment.tzinfo is not None or moment.second or moment.microsecond:
        raise UnfitError(f"is {MOMENT.words}, not {value!s}: Deadline knows neither time zones nor seconds here")
    return f"{moment.day:02d}/{moment.month:02d}/{moment.year:04d} {moment.hour:02d}:{moment.minute:02d}"


def _write_time(value: Any) -> str:
    parsed = _parsed(value, _TIMES) if isinstance(value, str) else value
    moment = parsed.time() if isinstance(parsed, datetime) else parsed
    if not isinstance(moment, time) or moment.tzinfo is not None or moment.microsecond:
        raise UnfitError(f"is {TIME_OF_DAY.words}, not {shown(value)}")
    return moment.strftime("%H:%M:%S")


def _parsed(given: str, forms: tuple[str, ...]) -> Optional[datetime]:
    for form in forms:
        try:
            return datetime.strptime(given.strip(), form)
        except ValueError:
            continue
    return None


def _write_span(value: Any) -> str:
    if isinstance(value, timedelta):
        seconds, rest = divmod(value, timedelta(seconds=1))
        if rest or not 0 <= seconds < 100 * 86400:
            raise UnfitError(f"is {SPAN.words}, not {shown(value)}")
        return f"{seconds // 86400:02d}:{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    parts = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if parts is None or int(parts[2]) > 23 or int(parts[3]) > 59 or int(parts[4]) > 59:
        raise UnfitError(f"is {SPAN.words}, not {shown(value)}")
    return f"{int(parts[1]):02d}:{parts[2]}:{parts[3]}:{parts[4]}"


TEXT = WarningKind("text", text)
NOTE = WarningKind("text, also of several lines", _write_note)
BOOLEAN = WarningKind("true or false", _write_boolean, lambda given: _BOOLEANS.get(given.strip().lower(), given))
MACHINE_PROGRESS = WarningKind("a number from 0 to 100, or -1", _write_progress, _read_number)
FULL_PATH = WarningKind("a full path", _write_path)
NAMES = WarningKind(
    "a list of texts", lambda value: _write_items(value, words="a list of texts", write=text), read=_split
)
FULL_PATHS = WarningKind(
    "a list of full paths",
    lambda value: _write_items(value, words="a list of full paths", write=_write_path),
    read=_split,
)
MOMENT = WarningKind("a day and time such as 2026-01-31 20:00 or 31/01/2026 20:00", _write_moment)
TIME_OF_DAY = WarningKind("a time of day such as 20:00:00", _write_time)
SPAN = WarningKind("a span of time as dd:hh:mm:ss", _write_span)


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a setting."""

    setting: str
    """Its name; of a key among ``job_info``, that too: ``job_info.Priority``."""
    message: str

    def __str__(self) -> str:
        return self.message


def suggestion(name: str, known: Collection[str], *, otherwise: str) -> str:
    """``Did you mean …?`` for a name that is none of the known, else what is to be said otherwise.

    >>> suggestion("prioritty", ["pool", "priority"], otherwise="")
    "Did you mean 'priority'?"
    """
    guess = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean '{guess[0]}'?" if guess else otherwise
