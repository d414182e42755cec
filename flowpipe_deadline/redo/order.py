"""What is to be made again on the farm, and for whom.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..core.bundle import Bundle
from ..deadline.client import Stop
from ..submit.record import SubmissionRecord
from ..submit.transaction import Say
from .options import RedoOptions
from .selection import Selection


@dataclass(frozen=True)
class RedoOrder:
    """One redo."""

    bundle: Bundle
    record: SubmissionRecord
    """Of its submission."""
    selection: Selection
    how: RedoOptions
    say: Say
    """Gets what happens."""
    is_stopping: Stop
