"""Requests to stop that wait for a good moment: what is under way is finished, then undone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Optional

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_asked: list[list[int]] = []
"""The requests of each block that is being run, one in another."""


@contextmanager
def stop_requests(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """A function that says whether somebody asked to stop: by Ctrl+C, or by ending the process or its terminal.

    A second Ctrl+C does not wait any more: it is raised as ever. Of two blocks, one in the other, both are asked: the
    inner one may be through with its work before it looks. Outside of the main thread, which alone hears signals,
    nobody can ask.
    """
    requests: list[int] = []

    def note(number: int, frame: Optional[FrameType]) -> None:  # noqa: ARG001  (Python calls it so)
        for others in _asked:
            others.append(number)
        if len(requests) > 1 and number == signal.SIGINT:
            raise KeyboardInterrupt
        if len(requests) == 1:
            say("Stopping: what is under way is finished, then undone. Press Ctrl+C again not to wait for it.")

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
    _asked.append(requests)
    # What is ignored stays so, as nohup has it.
    before = {number: signal.signal(number, note) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield lambda: bool(requests)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked.pop()
