"""Enumerations: members are no ints, but ``int()`` reads them (hosts and tooling, section 5.3; measured)."""

from __future__ import annotations

import enum

__all__ = ["NetEnum"]


class NetEnum(enum.Enum):
    """Base of the imitated enumerations: prints as ``Simple``, shows as ``<PluginType.Simple: 0>``."""

    def __int__(self) -> int:
        return int(self.value)

    def __str__(self) -> str:
        return self.name

    def ToString(self) -> str:
        return self.name
