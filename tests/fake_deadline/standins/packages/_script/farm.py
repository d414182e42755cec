"""Workers and limits as a script sees them (plugin API, section 5.10)."""

from __future__ import annotations

from typing import Any, Dict

from _dotnet.arrays import Array
from _dotnet.kinds import STRING
from _more.records import Record

__all__ = ["InfoSettings", "LimitGroup"]


class _OfWorker(Record):
    """A part of what is told of a worker."""

    _section = "5.10"

    def __init__(self, facts: Dict[str, Any]) -> None:
        object.__setattr__(self, "_facts", facts)


class _Info(_OfWorker):
    SlaveName = property(lambda self: self._facts["name"])
    SlaveState = property(lambda self: self._facts["state"])


class _Settings(_OfWorker):
    SlaveName = property(lambda self: self._facts["name"])
    SlaveEnabled = property(lambda self: self._facts["enabled"])
    SlavePools = property(lambda self: Array(STRING, self._facts["pools"]))
    SlaveGroups = property(lambda self: Array(STRING, self._facts["groups"]))


class InfoSettings(_OfWorker):
    """A worker: what it says of itself, and what people set."""

    Info = property(lambda self: _Info(self._facts))
    Settings = property(lambda self: _Settings(self._facts))


class LimitGroup(Record):
    """A limit and its use."""

    _section = "5.10"

    def __init__(self, facts: Any) -> None:
        object.__setattr__(self, "_facts", facts)

    LimitGroupName = property(lambda self: self._facts[0])
    LimitGroupLimit = property(lambda self: self._facts[1])
    LimitInUse = property(lambda self: self._facts[2])
