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
"""The name of the graph among the things to try out; all other names are questions."""


@dataclass(frozen=True)
class DoctorOptions:
    """What to examine, and with what."""

    via: Optional[str] = None
    """The connection, as for ``choose_connection``."""
    root: Optional[Path] = None
    store: str = FILES
    studio: StudioFile = field(default_factory=StudioFile)
    settings: Mapping[str, Any] = field(default_factory=dict)
    presets: tuple[str, ...] = ()
    """The settings of the jobs that are tried out, as for ``plan_graph``."""
    tolerated: Collection[WarningKind] = ()
    """Errors of these kinds are only warnings."""
    is_probing: bool = False
    only: tuple[str, ...] = ()
    """Try out only these; empty for the graph and all questions."""
    is_keeping: bool = False
    """Whether a graph that fails stays on the farm."""
    timeout: float = 900.0
    """Seconds that the graph may take."""

    def wants(self, name: str) -> bool:
        """Whether to try it out."""
        return self.is_probing and (not self.only or name in self.only)
