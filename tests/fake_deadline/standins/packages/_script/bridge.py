"""The pipe to the process that knows the jobs: one line of JSON there, one back."""

from __future__ import annotations

import json
import os
import threading
from queue import Queue
from typing import Any, Dict, List

from _dotnet.exceptions import NetException

__all__ = ["Bridge", "ask", "use"]

_used: List["Bridge"] = []


class Bridge:
    """One pipe. If the other end is gone this process ends, as a script does with the process that it runs in."""

    def __init__(self, answers: int, questions: Any) -> None:
        """``answers`` is the file number of the end that is read."""
        self._answers = answers
        self._questions = questions
        self._lock = threading.RLock()
        self._lines: Queue[bytes] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        rest = b""
        while True:
            data = os.read(self._answers, 1 << 16)
            if not data:
                os._exit(1)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._lines.put(line)

    def tell(self, message: Dict[str, Any]) -> None:
        """Send a message that has no answer."""
        with self._lock:
            try:
                self._questions.write(json.dumps(message) + "\n")
                self._questions.flush()
            except OSError:
                os._exit(1)

    def ask(self, name: str, *arguments: Any) -> Any:
        """The answer.

        Raises:
            NetException: Deadline refuses; with its words.
        """
        with self._lock:
            self.tell({"ask": name, "arguments": list(arguments)})
            answer = json.loads(self._lines.get().decode("ascii"))
        if "error" in answer:
            raise NetException(answer["error"])
        return answer["value"]


def use(bridge: Bridge) -> None:
    """Make it the one that `ask` asks over."""
    _used[:] = [bridge]


def ask(name: str, *arguments: Any) -> Any:
    """The answer, as `Bridge.ask` gives it."""
    return _used[0].ask(name, *arguments)
