"""What came of trying something out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

from ...core.errors import FlowpipeDeadlineError
from .recorder import Exchange


class UntoldError(FlowpipeDeadlineError):
    """A question that could not be answered here; the message says why."""


class StoppedError(FlowpipeDeadlineError):
    """Somebody asked to stop."""

    exit_code = 130


@dataclass(frozen=True)
class Outcome:
    """What was found out."""

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs."""


@dataclass(frozen=True)
class Trial:
    """What became of a job that may have been refused."""

    job_id: Optional[str]
    words: str
    """What was said where it was refused, or taken with a warning."""
    exchange: Exchange

    @property
    def verdict(self) -> str:
        """In a few words."""
        if self.job_id is None:
            return f"refused ({self.words})"
        return f"taken with a warning ({self.words})" if self.words else "taken"

    @property
    def kind(self) -> str:
        """In one word."""
        if self.job_id is None:
            return "refused"
        return "warned" if self.words else "taken"
