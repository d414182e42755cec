"""``-p`` texts to arguments."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NewType, Optional, Union

import pytest

from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.workflows.annotations import declared_types
from flowpipe_deadline.workflows.loader import parse_parameters
from flowpipe_deadline.workflows.parameters import bind_parameters

if TYPE_CHECKING:
    from somewhere import Unknown


class Quality(enum.Enum):
    """A choice."""

    DRAFT = 1
    FINAL = 2


def bound(function, **texts):
    """The arguments by name."""
    return dict(bind_parameters(function, texts, name="build").arguments)


def value_of(kind, text):
    """What a parameter of that type gets."""

    def build(value):
        return value

    build.__annotations__ = {"value": kind}
    return bound(build, value=text)["value"]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "10", 10),
        (int, " 10 ", 10),
        (float, "2", 2.0),
        (float, "2.5", 2.5),
        (bool, "true", True),
        (bool, "False", False),
        (str, "10", "10"),
        (str, "None", "None"),
        (Path, "a/b", Path("a/b")),
        (Optional[int], "None", None),
        (Optional[int], "none", None),
        (Optional[int], "3", 3),
        (Union[str, int], "3", 3),
        (int | None, "3", 3),
        (str | int, "abc", "abc"),
        (Union[str, int], "abc", "abc"),
        (list[int], "[1, 2]", [1, 2]),
        (list, "(1, 2)", [1, 2]),
        (tuple[int, int], "1, 2", (1, 2)),
        (set, "[1, 1]", {1}),
        (dict[str, int], "{'a': 1}", {"a": 1}),
        (Sequence[str], "['a', 'b']", ["a", "b"]),
        (Quality, "FINAL", Quality.FINAL),
        (Literal["low", 2], "2", 2),
        (date, "2026-01-31", date(2026, 1, 31)),
        (Annotated[int, "of a studio's own tools"], "7", 7),
        (NewType("Frame", int), "7", 7),
        ("int | None", "7", 7),
        ("int | None", "none", None),
        ("Optional[int]", "7", 7),
        ("Unknown", "7", 7),
        ("Unknown", "some text", "some text"),
    ],
)
def test_a_text_becomes_what_is_declared(kind, text, value):
    """Equal, and of the same type."""
    result = value_of(kind, text)

    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (int, "many", "a whole number, not 'many'"),
        (int, "1.5", "a whole number"),
        (bool, "perhaps", "true or false"),
        (float, "x", "a number"),
        (list[int], "5", "a list"),
        (dict, "[1]", "a dict"),
        (Quality, "BEST", "one of DRAFT, FINAL"),
        (Literal["low", "high"], "mid", "one of low, high"),
        (date, "today", "a date such as"),
        (Optional[int], "x", "a whole number"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(kind, text, reason):
    """The error names the parameter, what it takes, and the text."""
    with pytest.raises(UsageError, match=f"'value' must be ({reason})"):
        value_of(kind, text)


def test_one_odd_annotation_spoils_no_other():
    """A name for type checkers only leaves the others as they are."""

    def build(shot: str, camera: Unknown = None, frames: int = 1):
        return shot, camera, frames

    assert declared_types(build) == {"shot": (str,), "frames": (int,)}
    assert bound(build, shot="010") == {"shot": "010"}


def test_any_type_is_that_of_the_default():
    """Who says Any says nothing: a shot that is called 10 is no number."""

    def build(shot: Any = "010"):
        return shot

    assert bound(build, shot="10") == {"shot": "10"}


def test_positional_parameters_are_passed_by_position():
    """``-p`` names them like others."""
    namespace = {}
    exec("def build(a, /, b, *, c=3): return (a, b, c)", namespace)

    arguments = bind_parameters(namespace["build"], {"a": "1", "b": "2"}, name="build")

    assert namespace["build"](*arguments.args, **arguments.kwargs) == (1, 2, 3)


def test_parameters_need_an_equals_sign():
    """A value may hold more of them."""
    assert parse_parameters(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
    with pytest.raises(UsageError, match="-p NAME=VALUE"):
        parse_parameters(["frames"])
