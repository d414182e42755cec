"""Stand-in of ``System.Text``: ``StringBuilder`` and ``Encoding`` (plugin API, section 8)."""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

import codecs
import importlib
import os
from typing import Any, List, Optional

from _dotnet.exceptions import refused
from _dotnet.kinds import LONG, OBJECT, STRING, method

__all__ = ["Encoding", "StringBuilder"]


class Encoding:
    """An encoding; its instances are class attributes, as in .NET."""

    UTF8: Encoding
    Unicode: Encoding
    ASCII: Encoding
    Default: Encoding

    def __init__(self, name: str, codec: str, mark: bytes) -> None:
        self._name = name
        self._codec = codec
        self._mark = mark

    def __repr__(self) -> str:
        return "<Encoding {}>".format(self._name)

    @staticmethod
    def _decode(data: bytes, encoding: Optional[Encoding]) -> str:
        for mark, codec in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le")):
            if data.startswith(mark):
                return data[len(mark) :].decode(codec, "replace")
        return data.decode(encoding._codec if encoding else "utf-8", "replace")


Encoding.UTF8 = Encoding("UTF8", "utf-8", codecs.BOM_UTF8)
Encoding.Unicode = Encoding("Unicode", "utf-16-le", codecs.BOM_UTF16_LE)
Encoding.ASCII = Encoding("ASCII", "ascii", b"")
Encoding.Default = Encoding("Default", "utf-8", b"")


def text_of(value: Any) -> str:
    """The text of a value, as .NET's overloads for writers and builders give it.

    A float would be rounded to 7 digits, and objects give the text of another type: these are refused.
    """
    return str(LONG(value)) if isinstance(value, int) else STRING(value) or ""


class StringBuilder:
    """A text that grows."""

    def __init__(self) -> None:
        self._parts: List[str] = []

    @method(OBJECT)
    def Append(self, value: Any) -> StringBuilder:
        """Append a string or an int."""
        self._parts.append(text_of(value))
        return self

    @method(STRING, optional=1)
    def AppendLine(self, text: str = "") -> StringBuilder:
        self._parts.append((text or "") + os.linesep)
        return self

    @method()
    def ToString(self) -> str:
        return "".join(self._parts)

    __str__ = ToString

    @property
    def Length(self) -> int:
        return len(self.ToString())


def __getattr__(name: str) -> Any:
    if name == "RegularExpressions":
        return importlib.import_module("System.Text.RegularExpressions")
    if name.startswith("_"):
        raise AttributeError("module 'System.Text' has no attribute '{}'".format(name))
    raise refused("System.Text.{}".format(name), "8")
