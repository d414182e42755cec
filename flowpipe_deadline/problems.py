"""Problems that are collected, so that all of them are told at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .errors import CycleError, FlowpipeDeadlineError, PlanError, PreflightError


class Problems:
    """Errors in the order in which they were met.

    >>> problems = Problems()
    >>> with problems.collected():
    ...     raise PlanError("shot.render", "has no frames")
    >>> problems.raise_all()
    Traceback (most recent call last):
    flowpipe_deadline.errors.PlanError: shot.render: has no frames
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
