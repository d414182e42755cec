"""The errors of this package: each says what happened, where, and what to do, and has an exit code."""

from __future__ import annotations

from typing import Optional, Tuple

from .raised import error_line, text_of


class FlowpipeDeadlineError(Exception):
    """A failure with a message for a person; the command line prints it and exits with ``exit_code``."""

    exit_code = 1


class BundleError(FlowpipeDeadlineError):
    """A bundle cannot be written, or is not complete."""


class UsageError(FlowpipeDeadlineError):
    """The caller asked for something that does not exist or does not fit."""

    exit_code = 2


class StudioFileError(FlowpipeDeadlineError):
    """An error in the studio file, or of the file as such; ``line`` is None if it has none."""

    exit_code = 2

    def __init__(self, path: object, reason: str, *, line: Optional[int] = None) -> None:
        super().__init__(path, reason, line)
        self.path = str(path)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}, line {self.line}"
        return f"{where}: {self.reason}"


class PlanError(FlowpipeDeadlineError):
    """A node cannot be submitted as it is; ``node`` is its label, ``graph.node``."""

    exit_code = 2

    def __init__(self, node: str, reason: str) -> None:
        super().__init__(node, reason)
        self.node = node
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.node}: {self.reason}"


class SettingError(PlanError):
    """A setting of a node does not exist, or its value is out of range."""


class CycleError(FlowpipeDeadlineError):
    """Nodes wait for each other; ``path`` starts and ends with the same node."""

    exit_code = 2

    def __init__(self, path: Tuple[str, ...]) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        path = (
            self.path if len(self.path) <= 12 else (*self.path[:6], f"… {len(self.path) - 11} more …", *self.path[-5:])
        )
        return f"the graph has a cycle: {' -> '.join(path)}; cut one of these connections"


class HookError(FlowpipeDeadlineError):
    """A plan hook cannot be loaded, raises, or does not return a plan of the same work."""


class EvaluationError(FlowpipeDeadlineError):
    """A node failed on the farm; ``report`` is its traceback, or all that is known."""

    def __init__(self, node: str, report: str) -> None:
        super().__init__(node, report)
        self.node = node
        self.report = report

    def __str__(self) -> str:
        return f"{self.node} failed on the farm:\n{self.report.rstrip()}"


class InterruptedRunError(FlowpipeDeadlineError):
    """A run was stopped by Ctrl+C or a signal; the bundle can be run again."""

    exit_code = 130


def words_of(error: BaseException) -> str:
    """What an error says: never nothing, and never another error, as whoever undoes something must go on."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = (isinstance(error, OSError) and error.strerror) or text_of(error)
    return text if text and isinstance(error, (FlowpipeDeadlineError, OSError)) else error_line(error)
