"""Requests to stop, by Ctrl+C, or by ending the process or its terminal."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_asked: list[list[int]] = []
"""The requests of each block that is being run, one in another."""


@contextmanager
def stop_requests(say: Callable[[str], None]) -> Iterator[Callable[[], bool]]:
    """A function that tells whether the block should stop; what is under way is finished, then undone.

    A second Ctrl+C raises KeyboardInterrupt. Of two blocks, one in the other, both are asked to stop, as the inner one
    may end before it looks. Outside of the main thread, which alone receives signals, the answer is always False.
    """
    requests: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (Python calls it so)
        for others in _asked:
            others.append(number)
        if len(requests) > 1 and number == signal.SIGINT:
            raise KeyboardInterrupt
        if len(requests) == 1:
            say("Stopping: what is under way is finished, then undone. Press Ctrl+C again not to wait for it.")

    with _handled(("SIGINT", "SIGTERM", "SIGHUP"), note) as is_main:
        if is_main:
            _asked.append(requests)
        try:
            yield lambda: bool(requests)
        finally:
            if is_main:
                _asked.pop()


@contextmanager
def terminable() -> Iterator[None]:
    """Makes a request to terminate, or the end of the terminal, end the block as Ctrl+C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (Python calls it so)
        raise KeyboardInterrupt

    with _handled(("SIGTERM", "SIGHUP", "SIGBREAK"), interrupt):
        yield


@contextmanager
def _handled(names: Sequence[str], handler: Callable[[int, FrameType | None], None]) -> Iterator[bool]:
    """Has the handler called for those of the signals that this system has, and that are not ignored (``nohup``).

    False outside of the main thread, where nothing is handled.
    """
    is_main = threading.current_thread() is threading.main_thread()
    numbers = [getattr(signal, name) for name in names if is_main and hasattr(signal, name)]
    before = {
        number: signal.signal(number, handler) for number in numbers if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield is_main
    finally:
        for number, old in before.items():
            signal.signal(number, old)
