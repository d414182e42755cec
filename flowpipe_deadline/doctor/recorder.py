"""A ``deadlinecommand`` whose calls are recorded: what it was given, what it printed, and how long that took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..core.text import one_line
from ..deadline.client import Stop
from ..deadline.process import CommandResult, DeadlineCommand
from .redact import Redaction

_LONGEST_WORDS = 120


@dataclass(frozen=True)
class Exchange:
    """One process, from its start to its end."""

    arguments: tuple[str, ...]
    result: CommandResult
    seconds: float

    @property
    def words(self) -> str:
        """The last line that it printed, in short."""
        return one_line(self.result.last_words, longest=_LONGEST_WORDS)

    def to_json(self, redaction: Redaction) -> dict[str, Any]:
        """All of it, without what is private."""
        return {
            "arguments": [redaction.hide(argument) for argument in self.arguments],
            "exit_code": self.result.exit_code,
            "seconds": round(self.seconds, 3),
            "output": redaction.hide_output(self.arguments, self.result.output),
            "errors": [redaction.hide(line) for line in self.result.errors.splitlines()],
        }


class RecordedCommand(DeadlineCommand):
    """A ``DeadlineCommand``; ``exchanges`` are all calls so far."""

    def __init__(self, *, timeout: float, is_stopping: Stop = lambda: False) -> None:
        super().__init__(is_stopping=is_stopping, timeout=timeout)
        self.exchanges: list[Exchange] = []

    def __call__(self, arguments: Sequence[str], **options: Any) -> CommandResult:
        """As ``DeadlineCommand``."""
        started = time.monotonic()
        result = super().__call__(arguments, **options)
        self.exchanges.append(Exchange(tuple(arguments), result, time.monotonic() - started))
        return result
