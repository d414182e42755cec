"""``print`` in plugin code becomes ``PYTHON:`` lines of the log (plugin API, section 2.4)."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from typing import Any, Iterator

from _worker.context import Context

__all__ = ["printing_to_log"]


class _LogWriter(io.TextIOBase):
    """Collects text until a line is whole. What the host prints while it logs passes through to the real stdout."""

    def __init__(self, context: Context, original: Any) -> None:
        self._context = context
        self._original = original
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._context.host.busy:
            return int(self._original.write(text))
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._context.log("PYTHON", line)
        return len(text)

    def flush(self) -> None:
        if self._context.host.busy:
            self._original.flush()

    def finish(self) -> None:
        rest, self._rest = self._rest, ""
        if rest:
            self._context.log("PYTHON", rest)


@contextmanager
def printing_to_log(context: Context) -> Iterator[None]:
    """Send ``sys.stdout`` to the log; only stdout, as nothing is known of stderr."""
    original = sys.stdout
    writer = _LogWriter(context, original)
    sys.stdout = writer
    try:
        yield
    finally:
        if sys.stdout is writer:
            sys.stdout = original
        writer.finish()
