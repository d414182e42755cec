"""The progress of a task, as its node tells it."""

from __future__ import annotations

import time
from typing import Callable

_PAUSE, _SHORT_PAUSE = 0.1, 0.01  # Seconds between two reports, and before one with another message.


def progress(fraction: float, message: str = "") -> None:
    """Shows how much of the task is done, from 0 to 1, and what it is doing, to who watches.

    It may be called as often as one likes: only some of very many calls are shown. Outside a task, as in
    ``graph.evaluate()``, nothing happens. Code that cannot import it may print lines such as ``Progress: 55%``.

    >>> progress(0.25, "sampling")
    """
    _current.take(float(fraction), str(message or ""))


class _Progress:
    """Hands on to ``report`` what comes in time."""

    def __init__(self) -> None:
        self.begin(None)

    def begin(self, report: Callable[[float, str], None] | None) -> None:
        self.report = report
        self._last, self._message = 0.0, ""

    def take(self, fraction: float, message: str) -> None:
        now = time.monotonic()
        report = self.report
        if report is not None and now - self._last > (_PAUSE if message == self._message else _SHORT_PAUSE):
            self._last, self._message = now, message
            report(min(1.0, max(0.0, fraction)), message)  # In this order, what is not a number is 0.


_current = _Progress()


def report_to(report: Callable[[float, str], None] | None) -> None:
    """Hands the progress on to ``report`` from now on; None ignores it."""
    _current.begin(report)
