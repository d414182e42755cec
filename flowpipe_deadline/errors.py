"""What callers can catch: every error of this package is a FlowpipeDeadlineError with a message and an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from .deadline import SubmissionError
from .farm.errors import BundleError, FlowpipeDeadlineError
from .farm.files import RecordError
from .farm.frames import FrameListError
from .farm.guard import LoadingError
from .farm.locate import LoadError
from .farm.merge import MergeError, MissingResultsError
from .farm.redis_address import StoreUrlError
from .farm.store import StoreError
from .findings import FindingError
from .text import grouped_lines

__all__ = [
    "BundleError",
    "CycleError",
    "EvaluationError",
    "FindingError",
    "FlowpipeDeadlineError",
    "FrameListError",
    "HookError",
    "InterruptedRunError",
    "LoadError",
    "LoadingError",
    "MergeError",
    "MissingResultsError",
    "PlanError",
    "PreflightError",
    "RecordError",
    "SettingError",
    "StoreError",
    "StoreUrlError",
    "StudioFileError",
    "SubmissionError",
    "UsageError",
]


class StudioFileError(FlowpipeDeadlineError):
    """Something in the studio's file, or the file as such; ``line`` is where, if that can be told."""

    exit_code = 2

    def __init__(self, path: object, reason: str, *, line: Optional[int] = None) -> None:
        super().__init__(path, reason, line)
        self.path = str(path)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}, line {self.line}"
        return f"{where}: {self.reason}"


class UsageError(FlowpipeDeadlineError):
    """The caller asked for something that is not there or does not fit."""

    exit_code = 2


class PlanError(FlowpipeDeadlineError):
    """A node that cannot go to a farm as it is; ``node`` is its label, ``graph.node``."""

    exit_code = 2

    def __init__(self, node: str, reason: str) -> None:
        super().__init__(node, reason)
        self.node = node
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.node}: {self.reason}"


class SettingError(PlanError):
    """A setting of a node that does not exist or has a value out of range."""


class PreflightError(FlowpipeDeadlineError):
    """Everything that keeps a graph from the farm; ``errors`` are at least two."""

    exit_code = 2

    def __init__(self, errors: Sequence[FlowpipeDeadlineError]) -> None:
        super().__init__(tuple(errors))
        self.errors = tuple(errors)

    @property
    def lines(self) -> list[str]:
        """A line for people per problem; what holds for several nodes alike is one line."""
        return grouped_lines(self._messages())

    def __str__(self) -> str:
        return "\n".join([f"{len(self.errors)} problems:", *(f"- {line}" for line in self.lines)])

    def _messages(self) -> Iterator[tuple[Optional[str], str]]:
        """Node and message of each problem."""
        for error in self.errors:
            if isinstance(error, PlanError):
                yield error.node, error.reason
            elif isinstance(error, FindingError):
                yield error.finding.node, error.finding.message
            else:
                yield None, str(error)


class CycleError(FlowpipeDeadlineError):
    """Nodes that wait for each other; ``path`` starts and ends with the same node."""

    exit_code = 2

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        path = (
            self.path if len(self.path) <= 12 else (*self.path[:6], f"… {len(self.path) - 11} more …", *self.path[-5:])
        )
        return f"the graph has a cycle: {' -> '.join(path)}; cut one of these connections"


class HookError(FlowpipeDeadlineError):
    """A plan hook that cannot be loaded, raises, or gives what is no plan of the same work."""


class EvaluationError(FlowpipeDeadlineError):
    """A node failed on the farm; ``report`` is its traceback, or what else is known of it."""

    def __init__(self, node: str, report: str) -> None:
        super().__init__(node, report)
        self.node = node
        self.report = report

    def __str__(self) -> str:
        return f"{self.node} failed on the farm:\n{self.report.rstrip()}"


class InterruptedRunError(FlowpipeDeadlineError):
    """A run was stopped by Ctrl+C or a signal; the bundle can be run again."""

    exit_code = 130
