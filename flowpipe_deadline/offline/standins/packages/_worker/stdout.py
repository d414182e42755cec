"""Standard output handlers of a plugin or managed process (plugin API, section 2.4)."""

from __future__ import annotations

from typing import Any, List

from _dotnet.exceptions import InvalidOperationException
from _dotnet.members import EventSlot, MemberState, fire

from _worker.context import Context


class RegexHandlerCallback:
    """A pattern and, in the event ``HandleCallback``, what to call when a line holds it."""

    HandleCallback = EventSlot()

    def __init__(self, pattern: Any) -> None:
        self._standin = MemberState()
        self._pattern = pattern

    def __repr__(self) -> str:
        return "<RegexHandlerCallback '{}'>".format(self._pattern.pattern)


class StdoutState:
    """The handlers of one object, and the match that one of them looks at."""

    def __init__(self) -> None:
        self.handlers: List[RegexHandlerCallback] = []
        self._match: Any = None
        self._suppressed = False

    def add(self, pattern: Any) -> RegexHandlerCallback:
        handler = RegexHandlerCallback(pattern)
        self.handlers.append(handler)
        return handler

    def group(self, number: int) -> str:
        """A group of the match that is being handled; "" if it took no part."""
        return self._handled("GetRegexMatch").group(number) or ""

    def suppress(self) -> None:
        """Keep the line that is being handled out of the log."""
        self._handled("SuppressThisLine")
        self._suppressed = True

    def _handled(self, caller: str) -> Any:
        if self._match is None:
            raise InvalidOperationException(
                "{} is valid only inside a stdout handler (plugin API, section 2.1)".format(caller)
            )
        return self._match

    def take(self, line: str, context: Context, handle: bool) -> None:
        """Run the handlers of a line, then log it, also when a handler fails."""
        self._suppressed = False
        try:
            if handle:
                self.handle(line)
        finally:
            if not self._suppressed:
                context.log("STDOUT", line)

    def handle(self, line: str) -> None:
        """Run the first handler, in the order of their registration, whose pattern is found within the line.

        Whether Deadline runs several for one line, and in which order, is unknown (plugin API, sections 2.4, 9.3).
        """
        for handler in list(self.handlers):
            match = handler._pattern.search(line)
            if match:
                self.fire(handler, match)
                return

    def fire(self, handler: RegexHandlerCallback, match: Any) -> None:
        outer, self._match = self._match, match
        try:
            fire(handler, "HandleCallback")
        finally:
            self._match = outer
