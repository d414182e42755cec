"""The context: the job, the task and the host that a loaded plugin belongs to.

One context is active while a phase of its sandbox runs. Deadline has one sandbox process per render thread or job
(plugin API, section 3.7, partly unknown), so two at once in one process are refused.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

from _dotnet.exceptions import InvalidOperationException

from _worker.arguments import split_dotnet

_active: List["Context"] = []


class Context:
    """Everything the stand-ins of one sandbox share; ``job``, ``host`` and ``task`` are records of ``sandbox``."""

    def __init__(self, plugin_name: str, job: Any, host: Any) -> None:
        self.plugin_name = plugin_name
        self.job = job
        self.host = host
        # Deadline 10.3+: super().__init__() must come first (plugin API, section 1.2).
        self.base_constructor_required = True
        self.split_arguments = split_dotnet
        # Taken once: .NET does not see what a plugin writes into os.environ later (hosts and tooling, section 5.3).
        self.worker_environment: Dict[str, str] = dict(os.environ)
        self.process_environment: Dict[str, str] = {}
        self.task: Any = None
        self.temp_directories: List[str] = []
        self.cancelable = True  # Not in EndJob and clean-up, which have to run after a cancelled task too.
        self.cancel_seen = False

    def log(self, level: str, text: Optional[str]) -> None:
        for line in (text or "").split("\n"):
            self.host.log(level, line.rstrip("\r"))

    def canceled(self) -> bool:
        """Whether the task is to end; True is remembered."""
        if not self.cancelable:
            return False
        self.cancel_seen = self.cancel_seen or bool(self.host.canceled())
        return self.cancel_seen

    def environment(self) -> Dict[str, str]:
        """The Worker's environment with the job's merged over it, or the job's alone (plugin API, section 3.5)."""
        merged = {} if self.job.environment_only else dict(self.worker_environment)
        merged.update(self.job.environment)
        return merged


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
    if _active:
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
