"""How ``deadlinecommand`` prints jobs and tasks (submission, section 2.5).

Which keys it prints is not known for certain, so each is played in the forms that were seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from flowpipe_deadline.offline.repository import Task

from .jobs import Job
from .settings import Unknowns

_NEVER = "Jan 01/01  00:00:00"
_NO_SPAN = "10675199.02:48:05.4775807"
# Of no locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_Text = Callable[[Job], str]
_KEYS: Mapping[tuple[str, str], _Text] = {
    ("JobId", "ID"): lambda job: job.job_id,
    ("JobName", "Name"): lambda job: job.name,
    ("JobUserName", "UserName"): lambda job: job.job_info.get("UserName", ""),
    ("JobPlugin", "Plugin"): lambda job: job.job_info.get("Plugin", ""),
    ("JobPool", "Pool"): lambda job: job.job_info.get("Pool", "none"),
    ("JobGroup", "Group"): lambda job: job.job_info.get("Group", "none"),
    ("JobPriority", "Priority"): lambda job: job.job_info.get("Priority", "50"),
    ("JobStatus", "Status"): lambda job: job.shown_status,
    ("JobSubmitDateTime", "SubmitDateTime"): lambda job: date_text(job.submitted),
    ("JobStartedDateTime", "StartedDateTime"): lambda job: date_text(job.started),
    ("JobCompletedDateTime", "CompletedDateTime"): lambda job: date_text(job.completed),
}
_COUNTS: Mapping[tuple[str, str], _Text] = {
    ("JobTaskCount", "TaskCount"): lambda job: str(job.task_count),
    ("JobQueuedTasks", "QueuedTasks"): lambda job: str(job.tasks["Queued"]),
    ("JobRenderingTasks", "RenderingTasks"): lambda job: str(job.tasks["Rendering"]),
    ("JobPendingTasks", "PendingTasks"): lambda job: str(job.tasks["Pending"]),
    ("JobSuspendedTasks", "SuspendedTasks"): lambda job: str(job.tasks["Suspended"]),
    ("JobCompletedTasks", "CompletedTasks"): lambda job: str(job.tasks["Completed"]),
    ("JobFailedTasks", "FailedTasks"): lambda job: str(job.tasks["Failed"]),
    ("JobErrorReports", "ErrorReports"): lambda job: str(job.errors),
}
_DETAILS: Mapping[tuple[str, str], _Text] = {
    ("JobBatchName", "BatchName"): lambda job: job.batch_name,
    ("JobFrames", "Frames"): lambda job: job.frames,
    ("JobFramesPerTask", "ChunkSize"): lambda job: str(job.chunk_size),
    ("JobDependencyIDs", "Dependencies"): lambda job: ",".join(job.dependencies),
    ("JobIsFrameDependent", "IsFrameDependent"): lambda job: str(job.is_frame_dependent),
    ("JobLimitGroups", "LimitGroups"): lambda job: job.job_info.get("LimitGroups", ""),
}


_TOLD = {"all": {**_KEYS, **_COUNTS, **_DETAILS}, "short": {**_KEYS, **_COUNTS}, "bare": _KEYS}


def job_lines(job: Job, unknowns: Unknowns) -> Iterator[str]:
    """The ``Key=Value`` lines of GetJob."""
    for (with_job, without), text in _TOLD[unknowns.job_details].items():
        if unknowns.job_keys != "Status":
            yield f"{with_job}={text(job)}"
        if unknowns.job_keys != "JobStatus":
            yield f"{without}={text(job)}"


def job_setting(job: Job, name: str) -> str | None:
    """The value that has this name in what GetJob tells, or in the job info; None if none has.

    The name's case makes no difference, and neither does ``Job`` before it.
    """
    for names, text in _TOLD["all"].items():
        if name.lower() in (names[0].lower(), names[1].lower()):
            return text(job)
    found = [value for key, value in job.job_info.items() if key.lower() == name.lower()]
    return found[0] if found else None


def task_lines(task: Task, *, frames_key: str) -> Iterator[str]:
    """The ``Key=Value`` lines of GetJobTasks."""
    yield f"TaskId={task.task_id}"
    if frames_key:
        yield f"{frames_key}={task.frames}"
    yield f"TaskStatus={task.status.value}"
    yield f"TaskProgress={task.progress:.0f} %"
    yield f"TaskSlaveName={task.worker or ''}"
    yield f"TaskErrorCount={task.errors}"
    yield f"TaskRenderTime={span_text(task.seconds)}"
    yield f"TaskRenderStatus={' '.join(task.message.split())[:200]}"


def date_text(seconds: float | None) -> str:
    """A time, as the command line prints it."""
    if seconds is None:
        return _NEVER
    moment = time.localtime(seconds)
    return _MONTHS[moment.tm_mon - 1] + time.strftime(" %d/%y  %H:%M:%S", moment)


def span_text(seconds: float | None) -> str:
    """A time span, as the command line prints it."""
    if seconds is None:
        return _NO_SPAN
    minutes, rest = divmod(max(0.0, seconds), 60)
    return f"{int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{rest:010.7f}"
