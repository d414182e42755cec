"""Objects of .NET that a script or plugin is given: their attributes are known, and any other is refused."""

from __future__ import annotations

from typing import Any

from _dotnet.exceptions import NullReferenceException, refused

__all__ = ["Record"]


class Record:
    """A .NET object that cannot be changed from here: its properties are what it was when it was fetched."""

    _section = ""

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name) and name not in self._left_out():
            raise AttributeError("'{}' object has no attribute '{}'".format(type(self).__name__, name))
        raise refused("setting {}.{}".format(type(self).__name__, name), self._section)

    def __getattr__(self, name: str) -> Any:
        if name in self._left_out():
            raise refused("{}.{}".format(type(self).__name__, name), self._section)
        raise AttributeError("'{}' object has no attribute '{}'".format(type(self).__name__, name))

    def __eq__(self, other: object) -> bool:
        # Deadline 10.2: Job.Equals fails inside .NET when it is given None (plugin API, section 8).
        if other is None:
            raise NullReferenceException("compare with 'is None': .NET's Equals fails when it is given None")
        return self is other

    __hash__ = object.__hash__

    def _left_out(self) -> Any:
        return ()
