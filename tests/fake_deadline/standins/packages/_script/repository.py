"""``RepositoryUtils`` as a script sees it: the whole repository (plugin API, section 5.3)."""

from __future__ import annotations

from typing import Any

import Deadline.Scripting as plugin_side
from _dotnet.arrays import Array
from _dotnet.kinds import BOOL, OBJECT, STRING, one_of, static_method
from _more.arrays import array_of
from _more.mapping import map_paths
from _more.refusal import StaticClass
from _worker.context import current

from _script.bridge import ask
from _script.farm import InfoSettings, LimitGroup
from _script.jobs import Job, Task, TaskCollection
from _script.reports import JobReport, JobReportCollection

__all__ = ["Job", "RepositoryUtils", "Task"]

_JOB = one_of(Job)
_TASKS = array_of(one_of(Task))
_REPORT = one_of(JobReport)


def _of_job(name: str, change: str) -> Any:
    """A method that changes a job."""

    def do(job: Job) -> None:
        ask("change", change, job.JobId, None)

    do.__qualname__ = name
    return static_method(_JOB)(do)


def _of_tasks(name: str, change: str) -> Any:
    """A method that changes some tasks of a job."""

    def do(job: Job, tasks: Array) -> None:
        ask("change", change, job.JobId, [task.TaskID for task in tasks])

    do.__qualname__ = name
    return static_method(_JOB, _TASKS)(do)


class RepositoryUtils(metaclass=StaticClass):
    """Jobs, tasks and folders of the repository."""

    _section = "5.3"
    _left_out = plugin_side.RepositoryUtils._left_out

    PathMappingRequired = staticmethod(plugin_side.RepositoryUtils.PathMappingRequired)
    GetPathMappings = staticmethod(plugin_side.RepositoryUtils.GetPathMappings)

    SuspendJob = _of_job("SuspendJob", "suspend")
    ResumeJob = _of_job("ResumeJob", "resume")
    ResumeFailedJob = _of_job("ResumeFailedJob", "resumefailed")
    RequeueJob = _of_job("RequeueJob", "requeue")
    CompleteJob = _of_job("CompleteJob", "complete")
    PendJob = _of_job("PendJob", "pend")
    DeleteJob = _of_job("DeleteJob", "delete")
    RequeueTasks = _of_tasks("RequeueTasks", "requeue")
    SuspendTasks = _of_tasks("SuspendTasks", "suspend")
    ResumeTasks = _of_tasks("ResumeTasks", "resume")

    @static_method(STRING, BOOL, optional=1)
    def CheckPathMapping(text: str, _: bool = False) -> Any:
        """What the second argument means is unknown (9.5), and whether a rule matches the other slashes (3.6)."""
        context = current()
        is_exact = context.answers["rule_slashes"] == "exact"
        return None if text is None else map_paths(text, context.job.path_mappings, is_exact=is_exact)

    @static_method(STRING, BOOL)
    def GetJob(job_id: str, _: bool) -> Any:
        """The job; None for one that is deleted or never was."""
        facts = ask("job", job_id)
        return None if facts is None else Job(facts)

    @static_method(BOOL)
    def GetJobs(_: bool) -> Array:
        return Array(OBJECT, [Job(facts) for facts in ask("jobs")])

    @static_method()
    def GetJobIds() -> Array:
        return Array(STRING, ask("job ids"))

    @static_method(_JOB, BOOL)
    def GetJobTasks(job: Job, _: bool) -> TaskCollection:
        return TaskCollection([Task(facts) for facts in ask("tasks", job.JobId)])

    @static_method(STRING)
    def GetJobReports(job_id: str) -> JobReportCollection:
        return JobReportCollection([JobReport(facts) for facts in ask("reports", job_id)])

    @static_method(_REPORT)
    def GetJobReportLog(report: JobReport) -> str:
        return str(ask("report log", report._facts["job_id"], report.ReportID))

    @static_method(_REPORT)
    def GetJobReportLogFileName(report: JobReport) -> str:
        return str(ask("report path", report._facts["job_id"], report.ReportID))

    @static_method(BOOL)
    def GetSlaveInfoSettings(_: bool) -> Array:
        return Array(OBJECT, [InfoSettings(facts) for facts in ask("workers")])

    @static_method(BOOL)
    def GetLimitGroups(_: bool) -> Array:
        return Array(OBJECT, [LimitGroup(facts) for facts in ask("limits")])

    @static_method(_JOB)
    def SaveJob(job: Job) -> None:
        ask("save", job.JobId, job._changes)
        job._changes.clear()

    @static_method(_JOB, _TASKS, STRING)
    def CompleteTasks(job: Job, tasks: Array, _: str) -> None:
        ask("change", "complete", job.JobId, [task.TaskID for task in tasks])

    @static_method(_JOB, STRING)
    def AppendJobFrameRange(job: Job, frames: str) -> None:
        ask("append", job.JobId, frames)

    @static_method()
    def GetMaximumPriority() -> int:
        return int(ask("maximum priority"))

    @static_method()
    def GetJobTaskLimit() -> int:
        return int(ask("task limit"))

    @static_method(STRING, optional=1)
    def GetRootDirectory(folder: str = "") -> str:
        return str(ask("path", folder, False) if folder else ask("root"))

    @static_method(STRING, BOOL)
    def GetRepositoryPath(folder: str, is_custom: bool) -> str:
        """What the second argument means is unknown (9.5): taken for *look in custom first*, as vendors pass it."""
        return str(ask("path", folder, is_custom))

    @static_method(STRING, BOOL)
    def GetRepositoryFilePath(file: str, is_custom: bool) -> str:
        """As `GetRepositoryPath`."""
        return str(ask("path", file, is_custom))

    @static_method(STRING)
    def GetPluginConfig(name: str) -> plugin_side.PluginConfig:
        return plugin_side.PluginConfig(ask("plugin config", name))
