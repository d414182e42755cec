"""Standard output handlers of a plugin or managed process (plugin API, section 2.4)."""

from __future__ import annotations

from typing import Iterator, List, Match, Optional

from _dotnet.exceptions import InvalidOperationException
from _dotnet.expressions import Expression, expression
from _dotnet.members import EventSlot, MemberState, fire

from _worker.context import Context
from _worker.errors import FailRenderException

__all__ = ["HandlerList", "RegexHandlerCallback", "StdoutState"]


class RegexHandlerCallback:
    """A pattern and, in the event ``HandleCallback``, what to call when a line holds it."""

    HandleCallback = EventSlot()

    def __init__(self, pattern: Expression) -> None:
        self._standin = MemberState()
        self._pattern = pattern

    def __repr__(self) -> str:
        return "<RegexHandlerCallback '{}'>".format(self._pattern.pattern)


class HandlerList:
    """``StdoutHandlers``: iterable, for the ``del handler.HandleCallback`` of a plugin's clean-up."""

    def __init__(self, handlers: List[RegexHandlerCallback]) -> None:
        self._handlers = handlers

    def __iter__(self) -> Iterator[RegexHandlerCallback]:
        return iter(list(self._handlers))

    def __len__(self) -> int:
        return len(self._handlers)

    @property
    def Count(self) -> int:
        return len(self._handlers)


class StdoutState:
    """The handlers of one object, and the line they look at."""

    def __init__(self) -> None:
        self.handlers: List[RegexHandlerCallback] = []
        self.previous_line = ""
        self._pattern: Optional[Expression] = None
        self._match: Optional[Match[str]] = None
        self._suppressed = False

    def add(self, pattern: str) -> RegexHandlerCallback:
        handler = RegexHandlerCallback(expression(pattern))
        self.handlers.append(handler)
        return handler

    def group(self, number: int) -> str:
        """A group of the match that is being handled; "" if it took no part."""
        if self._match is None or self._pattern is None:
            raise InvalidOperationException(
                "GetRegexMatch is valid only inside a stdout handler (plugin API, section 2.1)"
            )
        return self._pattern.group(self._match, number) or ""

    def suppress(self) -> None:
        """Keep the line that is being handled out of the log."""
        if self._match is None:
            raise InvalidOperationException(
                "SuppressThisLine is valid only inside a stdout handler (plugin API, section 2.1)"
            )
        self._suppressed = True

    def take(self, line: str, context: Context, handle: bool) -> None:
        """Run the handlers of a line, then log it, also when a handler fails.

        The pattern is searched within the line. Whether several handlers may match one line, and in which order, is
        unknown (plugin API, sections 2.4, 9.3): they run as registered, the first that matches or all.
        """
        self._suppressed = False
        try:
            for handler in list(self.handlers) if handle else ():
                match = handler._pattern.search(line)
                if match:
                    self._fire(handler, match)
                    if context.answers["handlers"] == "first":
                        break
        finally:
            if not self._suppressed:
                context.log("STDOUT", line)
            self.previous_line = line

    def _fire(self, handler: RegexHandlerCallback, match: Match[str]) -> None:
        outer = self._pattern, self._match
        self._pattern, self._match = handler._pattern, match
        try:
            fire(handler, "HandleCallback")
        except FailRenderException as error:
            error.from_stdout = True  # type: ignore[attr-defined]  # The report then shows the bare text (plugin API, section 2.5).
            raise
        finally:
            self._pattern, self._match = outer
