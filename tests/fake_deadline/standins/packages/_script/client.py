"""``ClientUtils`` as a script sees it: it executes commands (plugin API, section 5.4)."""

from __future__ import annotations

import os
from typing import Any, List

from _dotnet.exceptions import ArgumentException, refused
from _dotnet.kinds import STRING, Kind, static_method
from _more.refusal import StaticClass
from _worker.context import current
from System.Collections.Specialized import StringCollection

from _script.bridge import ask

__all__ = ["ClientUtils"]


def _arguments(value: Any) -> List[str]:
    """The arguments of a command: a StringCollection, list, tuple, or one string."""
    if isinstance(value, str):
        if " " in value:
            raise refused("ClientUtils: how one string with blanks is split", "5.4")
        return [value]
    if not isinstance(value, (StringCollection, list, tuple)):
        raise _ARGUMENTS.refuse(value)
    items = [STRING(item) for item in value]
    if not items or None in items:
        raise ArgumentException("a command needs arguments, and none of them may be None")
    return items


_ARGUMENTS = Kind("a StringCollection, list, tuple or string", _arguments)


class ClientUtils(metaclass=StaticClass):
    """The client installation."""

    _section = "5.4"
    _left_out = ("ExecuteScript",)

    @static_method(_ARGUMENTS)
    def ExecuteCommand(arguments: List[str]) -> int:
        return int(ask("execute", arguments)[0])

    @static_method(_ARGUMENTS)
    def ExecuteCommandAndGetOutput(arguments: List[str]) -> str:
        return str(ask("execute", arguments)[1])

    @static_method()
    def GetBinDirectory() -> str:
        return str(ask("bin"))

    @static_method()
    def GetDeadlineTempPath() -> str:
        return str(ask("folder", "temp"))

    @static_method()
    def GetUsersSettingsDirectory() -> str:
        return str(ask("folder", "settings"))

    @static_method()
    def GetCurrentUserHomeDirectory() -> str:
        return os.path.expanduser("~")

    @static_method()
    def GetDeadlineUser() -> str:
        return str(ask("user"))

    @static_method(STRING)
    def LogText(text: str) -> None:
        current().log("INFO", text)
