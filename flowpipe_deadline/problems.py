"""Problems that are collected, so that all of them are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Optional

from .farm.errors import CycleError, FlowpipeDeadlineError, PlanError
from .findings import FindingError
from .text import grouped_lines


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


class Problems:
    """Errors in the order in which they were met.

    >>> problems = Problems()
    >>> with problems.collected():
    ...     raise PlanError("shot.render", "has no frames")
    >>> problems.raise_all()
    Traceback (most recent call last):
    flowpipe_deadline.farm.errors.PlanError: shot.render: has no frames
    """

    def __init__(self, errors: Iterable[FlowpipeDeadlineError] = ()) -> None:
        self._errors = list(errors)

    def __bool__(self) -> bool:
        return bool(self._errors)

    def add(self, error: FlowpipeDeadlineError) -> None:
        """Keeps a problem, or the several that an error tells."""
        self._errors += problems_of(error)

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keeps what is wrong with a graph and is raised within, and goes on after it."""
        try:
            yield
        except (CycleError, PlanError, PreflightError) as error:
            self.add(error)

    def raise_all(self) -> None:
        """Raises the only problem as it is, and several together.

        Raises:
            FlowpipeDeadlineError: The one that was met.
            PreflightError: All of them.
        """
        if len(self._errors) > 1:
            raise PreflightError(self._errors)
        if self._errors:
            raise self._errors[0]


def problems_of(error: FlowpipeDeadlineError) -> tuple[FlowpipeDeadlineError, ...]:
    """The problems that an error tells: several, or itself."""
    return error.errors if isinstance(error, PreflightError) else (error,)
