"""The running job and task, as far as the Flowpipe plugin looks at them (plugin API, sections 5.5 and 5.6)."""

from __future__ import annotations

from typing import Any

from _dotnet.arrays import Array
from _dotnet.kinds import INT, STRING, method


class Job:
    """The running job, read-only."""

    __slots__ = ("_job",)

    def __init__(self, job: Any) -> None:
        self._job = job

    JobId = property(lambda self: self._job.job_id)
    JobUseJobEnvironmentOnly = property(lambda self: self._job.environment_only)

    @method(STRING)
    def GetJobEnvironmentKeyValue(self, key: str) -> str:
        """The value; of a missing key "", though it may be None (9.8)."""
        return self._job.environment.get(key, "")


class Task:
    """The running task, read-only."""

    __slots__ = ("_task",)

    def __init__(self, task: Any) -> None:
        self._task = task

    TaskFrameList = property(lambda self: Array(INT, self._task.frames))
