"""Standard output handlers of .NET expressions, however many of them run for one line."""

from __future__ import annotations

from typing import Any, List

from _worker.context import Context
from _worker.errors import FailRenderException
from _worker.stdout import RegexHandlerCallback, StdoutState

from _more.expressions import expression

__all__ = ["HandlerList", "Stdout"]


class HandlerList:
    """``StdoutHandlers``: iterable, for the ``del handler.HandleCallback`` of a plugin's clean-up."""

    def __init__(self, handlers: List[RegexHandlerCallback]) -> None:
        self._handlers = handlers

    def __iter__(self) -> Any:
        return iter(list(self._handlers))

    def __len__(self) -> int:
        return len(self._handlers)

    @property
    def Count(self) -> int:
        return len(self._handlers)


class Stdout(StdoutState):
    """The handlers of one object, and the line they look at."""

    def __init__(self, context: Any) -> None:
        super().__init__()
        self.previous_line = ""
        self._handlers_per_line = context.answers["handlers"]
        self._pattern: Any = None

    def add(self, pattern: Any) -> RegexHandlerCallback:
        return super().add(expression(pattern))

    def group(self, number: int) -> str:
        match = self._handled("GetRegexMatch")
        return self._pattern.group(match, number) or ""

    def take(self, line: str, context: Context, handle: bool) -> None:
        try:
            super().take(line, context, handle)
        finally:
            self.previous_line = line

    def handle(self, line: str) -> None:
        """Run the first handler that matches, or all: which Deadline does is unknown (plugin API, section 9.3)."""
        if self._handlers_per_line == "first":
            super().handle(line)
            return
        for handler in list(self.handlers):
            match = handler._pattern.search(line)
            if match:
                self.fire(handler, match)

    def fire(self, handler: RegexHandlerCallback, match: Any) -> None:
        outer, self._pattern = self._pattern, handler._pattern
        try:
            super().fire(handler, match)
        except FailRenderException as error:
            error.from_stdout = True  # The report then shows the bare text (plugin API, section 2.5).
            raise
        finally:
            self._pattern = outer
