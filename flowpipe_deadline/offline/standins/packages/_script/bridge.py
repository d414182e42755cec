"""The pipe to the process that knows the jobs: one line of JSON there, one back."""

from __future__ import annotations

import json
import os
import threading
from typing import Any, Dict, List

from _dotnet.exceptions import NetException

__all__ = ["Bridge", "ask", "use"]

_used: List["Bridge"] = []


class Bridge:
    """One pipe. If the other end is gone, this process ends: nobody waits for what it would do."""

    def __init__(self, answers: Any, questions: Any) -> None:
        self._answers = answers
        self._questions = questions
        self._lock = threading.RLock()

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
            line = self._answers.readline()
        if not line:
            os._exit(1)
        answer = json.loads(line)
        if "error" in answer:
            raise NetException(answer["error"])
        return answer["value"]


def use(bridge: Bridge) -> None:
    """Make it the one that `ask` asks over."""
    _used[:] = [bridge]


def ask(name: str, *arguments: Any) -> Any:
    """The answer, as `Bridge.ask` gives it."""
    return _used[0].ask(name, *arguments)
