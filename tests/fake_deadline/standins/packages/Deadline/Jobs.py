"""Stand-in of ``Deadline.Jobs``: the job and task a plugin sees (plugin API, sections 5.5 and 5.6)."""

from __future__ import annotations

from _dotnet.kinds import NetEnum
from _more.jobs import Job, Task

__all__ = [
    "AutoJobCleanupType",
    "Job",
    "JobCompleteAction",
    "JobScheduledType",
    "JobStatus",
    "Task",
    "TaskOnTimeout",
    "TaskStatus",
]


class TaskStatus(NetEnum):
    """States of a task (plugin API, section 5.6)."""

    Unknown = 1
    Queued = 2
    Suspended = 3
    Rendering = 4
    Completed = 5
    Failed = 6
    Pending = 8


class JobStatus(NetEnum):
    """States of a job (plugin API, section 5.6)."""

    Unknown = 0
    Active = 1
    Suspended = 2
    Completed = 3
    Failed = 4
    Pending = 6


class JobCompleteAction(NetEnum):
    """What becomes of a completed job (plugin API, section 5.6; the numbers are the order of the reference)."""

    Archive = 0
    Delete = 1
    Nothing = 2


class TaskOnTimeout(NetEnum):
    """What becomes of a task that takes too long (plugin API, section 5.6; the numbers are the reference's order)."""

    ErrorAndNotify = 0
    Error = 1
    Notify = 2
    Complete = 3
    RequeueAndNotify = 4
    Requeue = 5
    FailAndNotify = 6
    Fail = 7


class JobScheduledType(NetEnum):
    """When a job starts (plugin API, section 5.6)."""

    None_ = 0
    Once = 1
    Daily = 2
    Custom = 3


class AutoJobCleanupType(NetEnum):
    """How completed jobs are cleaned up (plugin API, section 5.6; the numbers are the order of the reference)."""

    DeleteJobs = 0
    ArchiveJobs = 1
