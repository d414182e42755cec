"""The context: the job, the task and the host that a loaded plugin belongs to.

One context is active while a phase of its sandbox runs. Deadline has one sandbox process per render thread or job
(plugin API, section 3.7, partly unknown), so two at once in one process are refused.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Tuple

from _dotnet.exceptions import InvalidOperationException

__all__ = ["CANCEL_CHECK_SECONDS", "Context", "active", "current"]

# Between two questions to the host while a process runs, as in vendors' loops (plugin API, section 2.3).
CANCEL_CHECK_SECONDS = 0.1

_active: List["Context"] = []
_activating = threading.Lock()


class Context:
    """Everything the stand-ins of one sandbox share.

    ``job``, ``host`` and the task are the records of ``sandbox.py``; ``answers`` says how unknowns are decided.
    """

    def __init__(
        self, plugin_name: str, job: Any, host: Any, deadline_version: Tuple[int, ...], answers: Dict[str, Any]
    ) -> None:
        self.plugin_name = plugin_name
        self.job = job
        self._host = host
        # Deadline 10.3+: super().__init__() must come first (plugin API, section 1.2).
        self.base_constructor_required = tuple(deadline_version) >= (10, 3)
        self.answers = answers
        # Taken once: .NET does not see what a plugin writes into os.environ later (hosts and tooling, section 5.3).
        self.worker_environment: Dict[str, str] = dict(os.environ)
        self.process_environment: Dict[str, str] = {}
        self.task: Any = None
        self.frames: Tuple[int, ...] = ()
        self.temp_directories: List[str] = []
        self.cancelable = True  # Not in EndJob and clean-up, which have to run after a cancelled task too.
        self.cancel_seen = False
        self._cancel_requested = False
        self._next_cancel_check = 0.0
        self._processes: List[Any] = []
        self._in_host = threading.local()

    def tell(self, method: str, *arguments: Any) -> Any:
        """Call a method of the host; what it prints is not taken for output of the plugin."""
        outer, self._in_host.busy = self.in_host, True
        try:
            return getattr(self._host, method)(*arguments)
        finally:
            self._in_host.busy = outer

    def log(self, level: str, text: Optional[str]) -> None:
        """Log the text, line by line."""
        for line in (text or "").split("\n"):
            self.tell("log", level, line.rstrip("\r"))

    @property
    def in_host(self) -> bool:
        """Whether this thread is inside a method of the host."""
        return getattr(self._in_host, "busy", False)

    def begin_task(self, task: Any) -> None:
        """Make this the current task."""
        self.task = task
        self.frames = tuple(task.frames)
        self.cancel_seen = self._cancel_requested = False
        self._next_cancel_check = 0.0

    def canceled(self) -> bool:
        """Whether the host or the plugin (``CancelTask``) wants the task to end; True is remembered."""
        if not self.cancelable:
            return False
        if not self.cancel_seen and (self._cancel_requested or bool(self.tell("canceled"))):
            self.cancel_seen = True
        return self.cancel_seen

    def canceled_now_and_then(self) -> bool:
        """The same, for loops: the host is asked every ``CANCEL_CHECK_SECONDS`` at most."""
        now = time.monotonic()
        if now < self._next_cancel_check:
            return False
        self._next_cancel_check = now + CANCEL_CHECK_SECONDS
        return self.canceled()

    def cancel(self) -> None:
        """Cancel the task for the plugin."""
        self._cancel_requested = True

    def environment(self) -> Dict[str, str]:
        """The Worker's environment with the job's merged over it, or the job's alone (plugin API, section 3.5)."""
        merged = {} if self.job.environment_only else dict(self.worker_environment)
        merged.update(self.job.environment)
        return merged

    def remember(self, process: Any) -> None:
        """Keep track of a plugin or process object, without keeping it alive."""
        self._processes.append(weakref.ref(process))

    def living(self) -> List[Any]:
        """The plugin and process objects that still exist."""
        found = [reference() for reference in self._processes]
        return [process for process in found if process is not None]


def current() -> Context:
    """The active context.

    Raises:
        InvalidOperationException: no sandbox is running a phase.
    """
    if not _active:
        raise InvalidOperationException(
            "no sandbox is active: plugins and Deadline's utilities work only while a Sandbox runs a phase"
        )
    return _active[-1]


@contextmanager
def active(context: Context) -> Iterator[None]:
    """Make a context the active one.

    Raises:
        InvalidOperationException: another sandbox of this process is running a phase.
    """
    with _activating:
        if _active and _active[-1] is not context:
            raise InvalidOperationException(
                "sandbox of plugin {} is running a phase: one sandbox at a time in a process".format(
                    _active[-1].plugin_name
                )
            )
        _active.append(context)
    try:
        yield
    finally:
        _active.pop()
