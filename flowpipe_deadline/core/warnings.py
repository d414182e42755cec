"""Warnings and errors of a plan's checks, each of one of a closed set of kinds."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from .errors import CycleError, FlowpipeDeadlineError, PlanError
from .text import counted, grouped_lines

Severity = Literal["error", "warning"]


class WarningKind(enum.Enum):
    """The kinds of warnings; ``word`` names one to people and programs, ``sentence`` says what it is.

    What is only said, ``is_notice``, is an error for who names its kind, and not for who makes all warnings errors.
    """

    LARGE_VALUE = ("large-value", "An input, output or attribute holds much data, which every task reads.")
    LARGE_RECORD = ("large-record", "All that a node holds is much data together, which every task reads.")
    TEXT_FRAMES = ("text-frames", "A batched input is text; the node gets text for each chunk, and no list.")
    SINGLE_TASK = ("single-task", "All frames of a batch fit into one task.")
    INTERPRETER = ("interpreter", "An interpreter is not configured.")
    METADATA = ("metadata", "A metadata key looks like one that means something, and means nothing.")
    LOST_ATTRIBUTE = ("lost-attribute", "An attribute of a node cannot be kept; a worker has its constructor's.")
    SAME_NAME = ("same-name", "Several nodes have one name; their jobs look alike in the Monitor.")
    MISSING_VARIABLE = ("missing-variable", "A variable that jobs are to take along is not set.")
    HELD_BACK = ("held-back", "A pattern takes no variables along that look like secrets.", True)
    SECRET_VARIABLE = ("secret-variable", "Variables of jobs look like secrets, and Deadline shows them.", True)
    ENVIRONMENT_KIND = ("environment-kind", "Variables begin like paths, and may hold text: they are not mapped.")
    LARGE_ENVIRONMENT = ("large-environment", "A job's variable, or all of them, are more than a system takes.")
    JOB_INFO_KEY = ("job-info-key", "A key of job_info is not documented, and looks like one that is.")
    VANISHING_JOB = ("vanishing-job", "A job is deleted or archived once it is complete, though others wait for it.")
    UNKNOWN_HOOK = ("unknown-hook", "The studio file disables a plan hook that is not installed.")
    OUTPUT_DIRECTORY = ("output-directory", "An output directory does not exist.")
    MERGE_FUNCTION = ("merge-function", "A merge rule is a function that cannot be imported.")
    TASK_LIMIT = ("task-limit", "A job has more tasks than the repository allows.")
    PRIORITY = ("priority", "A priority is above the repository's maximum.")
    UNKNOWN_POOL = ("unknown-pool", "The repository has no such pool.")
    UNKNOWN_GROUP = ("unknown-group", "The repository has no such group.")
    UNKNOWN_LIMIT = ("unknown-limit", "The repository has no such limit.")
    LETTER_CASE = ("letter-case", "The repository spells a name with other capitals; whether that matters is unknown.")
    MISSING_PLUGIN = ("missing-plugin", "The plugin is not installed in the repository.")
    UNUSABLE_ROOT = ("unusable-root", "Nothing can be written below the root.")
    LOCAL_ROOT = ("local-root", "The root is on a disk of this machine.")
    LOCAL_SOURCE = ("local-source", "A node's own module is on a disk of this machine, though the root is not.")
    PRIVATE_ROOT = ("private-root", "In a bundle below the root, only the user who submits it could write.")
    LITTLE_SPACE = ("little-space", "There is hardly any room below the root.")
    LONG_PATH = ("long-path", "A file of the bundle has a longer path than Windows takes.")
    LOCAL_FILE = ("local-file", "A file of the scene is on a disk of this machine.")
    MISSING_FILE = ("missing-file", "A file of the scene does not exist.")
    NO_COUNTERPART = ("no-counterpart", "A setting of jobs means nothing to the farm that the bundle is exported for.")
    FOREIGN_PATH = ("foreign-path", "A file of the scene has a path of another system.")

    def __init__(self, word: str, sentence: str, is_notice: bool = False) -> None:
        self.word = word
        self.sentence = sentence
        self.is_notice = is_notice


@dataclass(frozen=True)
class PlanWarning:
    """One error or warning of a check; as text the whole sentence."""

    kind: WarningKind
    severity: Severity
    text: str
    advice: str
    """What to do about it."""
    node: str | None = None
    """The node's label, ``graph.node``; None if it concerns no single node."""

    @property
    def message(self) -> str:
        """What is wrong and what to do, without the node."""
        return f"{self.text}; {self.advice}"

    def __str__(self) -> str:
        return self.message if self.node is None else f"{self.node}: {self.message}"

    def to_json(self) -> dict[str, str | None]:
        """The warning for other programs."""
        return {
            "kind": self.kind.word,
            "severity": self.severity,
            "node": self.node,
            "text": self.text,
            "advice": self.advice,
        }


class CheckError(FlowpipeDeadlineError):
    """An error of a check: the plan cannot be submitted."""

    exit_code = 2

    def __init__(self, warning: PlanWarning) -> None:
        super().__init__(warning)
        self.warning = warning


def warning_lines(warnings: Iterable[PlanWarning]) -> list[str]:
    """A line per warning; one line for several nodes with the same warning."""
    return grouped_lines((warning.node, warning.message) for warning in warnings)


class PreflightError(FlowpipeDeadlineError):
    """All errors of a graph; ``errors`` are at least two."""

    exit_code = 2

    def __init__(self, errors: Sequence[FlowpipeDeadlineError]) -> None:
        super().__init__(tuple(errors))
        self.errors = tuple(errors)

    @property
    def lines(self) -> list[str]:
        """A line per error; one line for several nodes with the same error."""
        return grouped_lines(map(_message, self.errors))

    def __str__(self) -> str:
        return "\n".join([f"{counted(len(self.errors), 'error')}:", *(f"- {line}" for line in self.lines)])


def _message(error: FlowpipeDeadlineError) -> tuple[str | None, str]:
    """The error's node, if it is of one, and what is wrong there."""
    if isinstance(error, PlanError):
        return error.node, error.reason
    if isinstance(error, CheckError):
        return error.warning.node, error.warning.message
    return None, str(error)


class ErrorCollector:
    """Errors in the order in which they were raised.

    >>> errors = ErrorCollector()
    >>> with errors.collected():
    ...     raise PlanError("shot.render", "has no frames")
    >>> errors.raise_all()
    Traceback (most recent call last):
    flowpipe_deadline.core.errors.PlanError: shot.render: has no frames
    """

    def __init__(self, errors: Iterable[FlowpipeDeadlineError] = ()) -> None:
        self._errors = list(errors)

    def add(self, error: FlowpipeDeadlineError) -> None:
        """Keeps an error, or those that it consists of."""
        self._errors += error.errors if isinstance(error, PreflightError) else (error,)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keeps the error of a graph that is raised within the block, and goes on after it."""
        try:
            yield
        except (CycleError, PlanError, PreflightError) as error:
            self.add(error)

    def raise_all(self) -> None:
        """Raises the only error as it is, and several together.

        Raises:
            FlowpipeDeadlineError: The only one.
            PreflightError: All of them.
        """
        if len(self._errors) > 1:
            raise PreflightError(self._errors)
        if self._errors:
            raise self._errors[0]
