"""Nodes that fail in many ways, importable by name on the offline farm as well."""

from __future__ import annotations

import os
from pathlib import Path

from flowpipe import Node


class LicenceError(Exception):
    """An error whose constructor takes something other than what it keeps."""

    def __init__(self, program, seats):
        """``seats`` is how many there are."""
        super().__init__(f"no licence of {program}")
        self.seats = seats


class HandleError(Exception):
    """An error that holds what no other process can have."""

    def __init__(self):
        """It holds an object."""
        super().__init__(object(), "lost")
        self.handle = object()
        self.shot = "sh010"


def local_error():
    """An error of a class that stands in a function."""

    class LocalError(Exception):
        """Nobody else can import it."""

    return LocalError("somewhere")


ERRORS = {
    "plain": lambda: ValueError("no scene", 3),
    "own": lambda: LicenceError("solver", seats=4),
    "file": lambda: FileNotFoundError(2, "No such file", "/nope"),
    "text": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    "exit": lambda: SystemExit(3),
    "handle": HandleError,
    "local": local_error,
}


@Node(outputs=["value"])
def Raise(kind=None, value=None):
    """Raises an error of that kind, if it is given one."""
    if kind is not None:
        raise ERRORS[kind]()
    return {"value": value}


@Node(outputs=["value"])
def Divide(numbers=None):
    """One by each of them."""
    return {"value": [1 / number for number in numbers]}


@Node(outputs=["value"])
def Crash():
    """Says something and is gone."""
    print("the last thing it said", flush=True)
    os._exit(7)


@Node()
def Litter(file=None):
    """Writes into its working directory."""
    Path(file).write_text("rendered", encoding="utf-8")
