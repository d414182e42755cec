"""``MonitorUtils`` as a script sees it: what is selected in the Monitor (plugin API, section 5.2)."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence

from _dotnet.arrays import Array
from _dotnet.kinds import STRING, one_of, static_method
from _more.refusal import StaticClass

from _script.bridge import ask
from _script.jobs import Job, Task

__all__ = ["MonitorUtils", "select"]

_jobs: List[Job] = []
_tasks: List[Task] = []


def select(job_ids: Sequence[str], tasks: Dict[str, Sequence[int]]) -> None:
    """Select these jobs, and in the list of tasks those with these numbers by job ID.

    Outside of the Monitor nothing ever is (plugin API, section 5.1).
    """
    _jobs[:] = [Job(ask("job", job_id)) for job_id in job_ids]
    _tasks[:] = [
        Task(facts)
        for job_id, numbers in tasks.items()
        for facts in ask("tasks", job_id)
        if facts["task_id"] in numbers
    ]


class MonitorUtils(metaclass=StaticClass):
    """The selection, as it was when it was made: a job may have been deleted since."""

    _section = "5.2"
    _left_out = tuple(
        """
        GetSelectedJobReports GetSelectedSlaveReports GetSelectedSlaveInfoSettings GetSelectedPulseInfoSettings
        GetSelectedPulseInfos GetSelectedBalancerInfoSettings GetSelectedBalancerInfos
        """.split()
    )

    @static_method()
    def GetSelectedJobs() -> Any:
        return Array(one_of(Job), _jobs)

    @static_method()
    def GetSelectedJobIds() -> Any:
        return Array(STRING, [job.JobId for job in _jobs])

    @static_method()
    def GetSelectedTasks() -> Any:
        return Array(one_of(Task), _tasks)
