"""The stand-ins as a script sees them: all jobs, and commands (plugin API, sections 5.3 to 5.6)."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from typing import Any, Dict, Iterator

from _worker.context import Context, active

from _script import bridge as bridge_module

__all__ = ["install"]


class _NoJob:
    """The job of a script: none."""

    job_id = ""
    config = ()

    def __init__(self, path_mappings: Any) -> None:
        self.path_mappings = path_mappings


class _Printing:
    """Prints what Deadline's utilities log."""

    def log(self, _: str, text: str) -> None:
        print(text)

    def canceled(self) -> bool:
        return False


@contextmanager
def install(bridge: Any, *, answers: Dict[str, Any], path_mappings: Any) -> Iterator[None]:
    """In the block, ``Deadline.*`` is what a script may import; it asks over the bridge.

    ``answers`` are those to what is unknown of Deadline: ``missing_value`` and ``rule_slashes``.
    """
    bridge_module.use(bridge)
    scripting = importlib.import_module("Deadline.Scripting")
    jobs = importlib.import_module("Deadline.Jobs")
    repository = importlib.import_module("_script.repository")
    scripting.RepositoryUtils = repository.RepositoryUtils
    scripting.ClientUtils = importlib.import_module("_script.client").ClientUtils
    scripting.MonitorUtils = importlib.import_module("_script.monitor").MonitorUtils
    jobs.Job, jobs.Task = repository.Job, repository.Task
    context: Any = Context("", _NoJob(path_mappings), _Printing())
    context.answers = answers
    with active(context):
        yield
