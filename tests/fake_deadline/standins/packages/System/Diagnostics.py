"""Stand-in of ``System.Diagnostics``: the two enumerations plugins use (plugin API, sections 8, 1.6)."""

from __future__ import annotations

from _dotnet.kinds import NetEnum
from FranticX.Processes import ProcessPriorityClass

__all__ = ["ProcessPriorityClass", "ProcessWindowStyle"]


class ProcessWindowStyle(NetEnum):
    """How a window starts."""

    Normal = 0
    Hidden = 1
    Minimized = 2
    Maximized = 3
