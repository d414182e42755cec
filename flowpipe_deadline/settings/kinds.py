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
from typing import Any

from ..core.text import flaw_in, one_line

_LARGEST = 2**31 - 1  # .NET's Int32.
_LONGEST = 200  # Characters of a value in a message.
_FULL_PATH = re.compile(r"/|\\\\|[A-Za-z]:[\\/]")
_SPAN = re.compile(r"([0-9]{1,2}):([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])")
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,10}")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_MOMENTS = ("%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
_TIMES = ("%H:%M:%S", "%H:%M")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class UnfitError(Exception):
    """A value that a setting does not take; the message continues a sentence that begins with the setting's name."""


@dataclass(frozen=True)
class InvalidSetting:
    """What is wrong with one setting."""

    setting: str
    """Its name; for a key in ``job_info``, that too: ``job_info.Priority``."""
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class ValueKind:
    """What a setting takes."""

    words: str
    """For people."""
    form: Callable[[Any], str | None]
    """The text that Deadline is given; None for a value that does not fit. May raise UnfitError, to say more."""
    read: Callable[[str], Any] = str
    """The value for ``write``, from the text that Deadline would be given; a text that does not fit stays as it is."""

    def write(self, value: Any) -> str:
        """The text that Deadline is given.

        Raises:
            UnfitError: The value does not fit.
        """
        written = self.form(value)
        if written is None:
            raise UnfitError(f"must be {self.words}, not {shown(value)}")
        return written

    def write_any(self, value: Any) -> str:
        """The text of a value, or of Deadline's own text for one, which may be blank.

        Raises:
            UnfitError: It is neither.
        """
        if not isinstance(value, (str, bool, int, float)):
            return self.write(value)
        own = scalar(value)
        return self.write(self.read(own)) if own.strip(" ") else ""


def suggestion(name: str, known: Collection[str], *, otherwise: str) -> str:
    """``Did you mean …?`` with the known name that is most like ``name``; ``otherwise`` if none is like it.

    >>> suggestion("prioritty", ["pool", "priority"], otherwise="")
    "Did you mean 'priority'?"
    """
    guess = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean '{guess[0]}'?" if guess else otherwise


def shown(value: Any) -> str:
    """Any value for people.

    >>> shown("a"), shown(10**5000)
    ("'a'", 'a value that cannot be written out')
    """
    try:
        return one_line(repr(value), longest=_LONGEST)
    except Exception:  # Python writes no number of thousands of digits, and others may do as they like.
        return "a value that cannot be written out"


def text(value: Any) -> str:
    """One line of text.

    Raises:
        UnfitError: It is not text, or holds a character that a reader could take for the end of the line.
    """
    if not isinstance(value, str):
        raise UnfitError(f"must be text, not {shown(value)}")
    flaw = flaw_in(value)
    if flaw:
        raise UnfitError(f"has {flaw}, for which Deadline has no escape: {shown(value)}")
    return value.strip()


def scalar(value: Any) -> str:
    """A text, number or boolean as Deadline writes it.

    Raises:
        UnfitError: It is something else.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise UnfitError(f"must be text, a number or a boolean, not {shown(value)}")
    try:
        return str(value)
    except ValueError as error:
        raise UnfitError("is a number of too many digits") from error


def whole_number(low: int, high: int = _LARGEST) -> ValueKind:
    """Whole numbers of a range."""
    words = f"a whole number from {low}" + ("" if high == _LARGEST else f" to {high}")
    return ValueKind(
        words,
        lambda value: str(value) if type(value) is int and low <= value <= high else None,
        lambda given: int(given) if _WHOLE_NUMBER.fullmatch(given.strip()) else given,
    )


def choice(*words: str) -> ValueKind:
    """One of these words, in upper or lower case."""
    listed = f"{', '.join(words[:-1])} or {words[-1]}"
    by_lower_case = {word.lower(): word for word in words}

    def form(value: Any) -> str | None:
        found = by_lower_case.get(value.strip().lower()) if isinstance(value, str) else None
        guess = [] if found else difflib.get_close_matches(shown(value).lower(), by_lower_case, n=1)
        if guess:
            raise UnfitError(f"must be {listed}, not {shown(value)}; did you mean '{by_lower_case[guess[0]]}'?")
        return found

    return ValueKind(listed, form)


def _list_of(words: str, write_item: Callable[[Any], str]) -> ValueKind:
    """Lists, of which Deadline is given the items with commas between them."""

    def form(value: Any) -> str | None:
        return ",".join(map(checked, value)) if isinstance(value, (list, tuple)) else None

    def checked(value: Any) -> str:
        try:
            item = write_item(value)
        except UnfitError as error:
            raise UnfitError(f"has an item that {error}") from error
        if not item or "," in item:
            raise UnfitError(f"has an item {item!r}: it cannot be empty or hold a comma, which separates items")
        return item

    def read(given: str) -> list[str]:
        return [item.strip() for item in given.split(",")] if given.strip() else []

    return ValueKind(words, form, read)


def _form_boolean(value: Any) -> str | None:
    return scalar(value) if isinstance(value, bool) else None


def _form_progress(value: Any) -> str | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = is_number and (value == -1 or 0 <= value <= 100)
    return format(Decimal(repr(float(value))), "f") if fits else None


def _read_number(given: str) -> Any:
    try:
        return float(given)
    except ValueError:
        return given


def _form_note(value: Any) -> str:
    """The one text that has an escape for line breaks."""
    return text(_LINE_BREAK.sub("[EOL]", value) if isinstance(value, str) else value)


def begins_like_a_path(text: str) -> bool:
    """Whether the text begins like a full path of any system."""
    return _FULL_PATH.match(text) is not None


def _form_path(value: Any) -> str:
    path = text(os.fspath(value) if isinstance(value, os.PathLike) else value)
    if not begins_like_a_path(path):
        raise UnfitError(f"must be a full path, not {path!r}: workers have another current folder")
    return path


def _form_moment(value: Any) -> str | None:
    moment = _parsed(value, _MOMENTS) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        return None
    if moment.tzinfo is not None or moment.second or moment.microsecond:
        raise UnfitError(f"must be {MOMENT.words}, not {value!s}: Deadline knows neither time zones nor seconds here")
    return f"{moment.day:02d}/{moment.month:02d}/{moment.year:04d} {moment.hour:02d}:{moment.minute:02d}"


def _form_time(value: Any) -> str | None:
    parsed = _parsed(value, _TIMES) if isinstance(value, str) else value
    moment = parsed.time() if isinstance(parsed, datetime) else parsed
    if not isinstance(moment, time) or moment.tzinfo is not None or moment.microsecond:
        return None
    return moment.strftime("%H:%M:%S")


def _parsed(given: str, forms: tuple[str, ...]) -> datetime | None:
    for form in forms:
        try:
            return datetime.strptime(given.strip(), form)
        except ValueError:
            continue
    return None


def _form_span(value: Any) -> str | None:
    if isinstance(value, timedelta):
        seconds, rest = divmod(value, timedelta(seconds=1))
        if rest or not 0 <= seconds < 100 * 86400:
            return None
        return f"{seconds // 86400:02d}:{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    parts = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if parts is None else f"{int(parts[1]):02d}:{parts[2]}:{parts[3]}:{parts[4]}"


TEXT = ValueKind("text", text)
NOTE = ValueKind("text, also of several lines", _form_note)
BOOLEAN = ValueKind("true or false", _form_boolean, lambda given: _BOOLEANS.get(given.strip().lower(), given))
MACHINE_PROGRESS = ValueKind("a number from 0 to 100, or -1", _form_progress, _read_number)
FULL_PATH = ValueKind("a full path", _form_path)
NAMES = _list_of("a list of texts", text)
FULL_PATHS = _list_of("a list of full paths", _form_path)
MOMENT = ValueKind("a day and time such as 2026-01-31 20:00 or 31/01/2026 20:00", _form_moment)
TIME_OF_DAY = ValueKind("a time of day such as 20:00:00", _form_time)
SPAN = ValueKind("a span of time as dd:hh:mm:ss", _form_span)
