"""Nodes that return, or raise, what nobody expects."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

from flowpipe import INode, Node, OutputPlug


class RaisingError(Exception):
    """An error whose own methods raise."""

    def __str__(self):
        raise RuntimeError("in __str__")

    __repr__ = __str__


class ExitingError(Exception):
    """An error that ends the process of whoever asks it for anything."""

    def __str__(self):
        raise SystemExit(7)

    def __reduce__(self):
        raise SystemExit(7)

    __repr__ = __str__


class ClosedError(Exception):
    """An error that gives no attribute."""

    def __getattribute__(self, name):
        raise ValueError(name)


def _with_notes():
    error = ValueError("the reason")
    error.__notes__ = ["a note", "another"]
    return error


def _chain():
    error = None
    for number in range(2000):
        later = ValueError(f"number {number}")
        later.__cause__ = error
        error = later
    return error


def _group():
    return ExceptionGroup("two of three", [ValueError("one"), RaisingError("two")])  # noqa: F821  (Python 3.11)


ERRORS = {
    "raises when it is shown": lambda: RaisingError("x"),
    "exits when it is shown": lambda: ExitingError("x"),
    "gives no attribute": lambda: ClosedError("x"),
    "holds what cannot be shown": lambda: ValueError(RaisingError("x")),
    "enormous": lambda: ValueError("x" * 30_000_000),
    "many lines": lambda: ValueError("first\n" * 3_000_000),
    "several lines": lambda: ValueError("first\nsecond"),
    "surrogates": lambda: ValueError("a\udc80"),
    "exit": lambda: SystemExit(3),
    "interrupt": KeyboardInterrupt,
    "base": lambda: BaseException("x"),
    "notes": _with_notes,
    "long chain": _chain,
    "group": _group,
}


@Node(outputs=["value"])
def Raise(kind):
    """Raises the error of that kind."""
    raise ERRORS[kind]()


@Node(outputs=["value"])
def Warn():
    """Has its warnings raised."""
    warnings.simplefilter("error")
    warnings.warn("the old way", DeprecationWarning, stacklevel=1)


@Node(outputs=["value"])
def Leave():
    """Ends the process, and what it has printed with it."""
    sys.stdout.flush()
    os._exit(0)


def _array():
    import numpy  # Here, as the other nodes are loaded sooner without it.

    return numpy.array([1, 2])


def _generator():
    yield {"value": 1}


async def _coroutine():
    return {"value": 1}


ANSWERS = {
    "array": _array,
    "unknown": lambda: {"values": 1},
    "unknown and unlike": lambda: {"images": 1},
    "unknown with a sub-plug": lambda: {"values.a": 1},
    "list": lambda: [1],
    "text": lambda: "value",
    "number": lambda: 5,
    "generator": _generator,
    "coroutine": _coroutine,
    "key": lambda: {1: 2},
    "two dots": lambda: {"value.a.b": 1},
    "range": lambda: {"value": range(1001, 1011)},
    "negative range": lambda: {"value": range(-5, 6)},
    "set": lambda: {"value": {1001}},
    "paths by frame": lambda: {"value": {1001: Path("a")}},
    "nothing": lambda: None,
    "zero": lambda: 0,
    "empty": dict,
    "sub-plug": lambda: {"value.a": 1},
}


@Node(outputs=["value"])
def Answer(kind):
    """Returns the answer of that kind."""
    return ANSWERS[kind]()


@Node()
def Close():
    """Returns something, without outputs."""
    return [1]


@Node(outputs=["value", "other"])
def Large(size):
    """Returns a text of this size."""
    return {"value": "x" * size, "other": 1}


class Scene(INode):
    """A class node whose constructor needs what the machine has that it is planned on."""

    def __init__(self, **kwargs):
        """The scene is a variable's."""
        super().__init__(**kwargs)
        self.scene = os.environ["SCENE"]
        OutputPlug("value", self)

    def compute(self):
        """The scene."""
        return {"value": self.scene}
