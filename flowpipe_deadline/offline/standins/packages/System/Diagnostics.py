"""Stand-in of ``System.Diagnostics``: the two enumerations plugins use (plugin API, sections 8, 1.6)."""

from __future__ import annotations

from _dotnet.enums import NetEnum

__all__ = ["ProcessPriorityClass", "ProcessWindowStyle"]


class ProcessPriorityClass(NetEnum):
    """Priority of a process; accepted, not applied."""

    Normal = 0x20
    Idle = 0x40
    High = 0x80
    RealTime = 0x100
    BelowNormal = 0x4000
    AboveNormal = 0x8000


class ProcessWindowStyle(NetEnum):
    """How a window starts."""

    Normal = 0
    Hidden = 1
    Minimized = 2
    Maximized = 3
