"""What the doctor is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from ..core.bundle import FILES
from ..core.warnings import WarningKind
from ..studio.file import StudioFile

GRAPH = "graph"
"""The name of the graph among the things that can be tried out; the others are questions."""


@dataclass(frozen=True)
class DoctorOptions:
    """What is looked at, and with what."""

    via: Optional[str] = None
    """The way to Deadline, as for ``choose_connection``."""
    root: Optional[Path] = None
    store: str = FILES
    studio: StudioFile = field(default_factory=StudioFile)
    settings: Mapping[str, Any] = field(default_factory=dict)
    presets: tuple[str, ...] = ()
    """The settings of the jobs that are tried out, as for ``plan_graph``."""
    tolerated: Collection[WarningKind] = ()
    """Findings that are no problem."""
    is_probing: bool = False
    only: tuple[str, ...] = ()
    """Of the graph and the questions, those that are tried out; empty for all."""
    is_keeping: bool = False
    """Whether a graph that goes wrong stays on the farm, for somebody to look at."""
    timeout: float = 900.0
    """Seconds that the graph may take."""

    def wants(self, name: str) -> bool:
        """Whether it is to be tried out."""
        return self.is_probing and (not self.only or name in self.only)
