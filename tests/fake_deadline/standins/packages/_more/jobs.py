"""The running job and task, as a plugin sees them (plugin API, sections 5.5 and 5.6)."""

from __future__ import annotations

from typing import Any, Dict

from _dotnet.arrays import Array
from _dotnet.kinds import INT, STRING, method
from _worker.context import Context

from _more.records import Record

__all__ = ["LEFT_OUT_OF_JOB", "Job", "Task"]

# Members of the reference that the sandbox has no value for, or that change a job in the database.
LEFT_OUT_OF_JOB = tuple(
    """
    JobComment JobDepartment JobStatus JobTaskCount JobQueuedTasks JobRenderingTasks JobPendingTasks
    JobCompletedTasks JobSuspendedTasks JobFailedTasks JobPriority JobPool JobSecondaryPool JobGroup
    JobLimitGroups SetJobLimitGroups JobMachineLimit JobListedSlaves JobWhitelistFlag JobConcurrentTasks
    JobLimitTasksToNumberOfCpus JobDependencyIDs SetJobDependencyIDs JobDependencies JobIsFrameDependent
    JobFrameDependencyOffsetStart JobFrameDependencyOffsetEnd JobResumeOnCompleteDependencies
    JobResumeOnDeletedDependencies JobResumeOnFailedDependencies JobDependencyPercentageValue JobRequiredAssets
    SetJobRequiredAssets JobScriptDependencies SetScriptDependencies SetJobPluginInfoKeyValue GetJobInfoKeys
    GetJobInfoKeyValue SetJobEnvironmentKeyValue DeleteJobEnvironmentKey JobExtraInfo0 JobExtraInfo1
    JobExtraInfo2 JobExtraInfo3 JobExtraInfo4 JobExtraInfo5 JobExtraInfo6 JobExtraInfo7 JobExtraInfo8
    JobExtraInfo9 SetJobExtraInfoKeyValue DeleteJobExtraInfoKey JobOutputDirectories JobOutputFileNames
    JobSubmitDateTime JobStartedDateTime JobCompletedDateTime JobTaskTimeoutSeconds JobStartJobTimeoutSeconds
    JobInitializePluginTimeoutSeconds JobMinRenderTimeSeconds JobEnableAutoTimeout JobOnTaskTimeout
    JobOnJobComplete JobForceReloadPlugin JobCustomPluginDirectory JobSequentialJob JobInterruptible
    JobProtected JobSuppressEvents JobEventOptIns JobPreJobScript JobPostJobScript JobPreTaskScript
    JobPostTaskScript JobMaintenanceJob JobMaintenanceJobStartFrame JobMaintenanceJobEndFrame Status
    ExtraInfoDictionary Properties OutputDirectories
    """.split()
)


class Job(Record):
    """The running job, read-only."""

    _section = "5.5"

    def __init__(self, context: Context) -> None:
        object.__setattr__(self, "_context", context)
        object.__setattr__(self, "_job", context.job)

    def _left_out(self) -> Any:
        return LEFT_OUT_OF_JOB

    JobId = ID = property(lambda self: self._job.job_id)
    JobName = Name = property(lambda self: self._job.name)
    JobBatchName = property(lambda self: self._job.batch_name)
    JobUserName = UserName = property(lambda self: self._job.user_name)
    JobPlugin = PluginName = property(lambda self: self._context.plugin_name)
    JobFrames = property(lambda self: self._job.frames)
    JobFramesList = FramesList = property(lambda self: Array(INT, self._job.frames_list))
    JobFramesPerTask = property(lambda self: self._job.frames_per_task)
    JobUseJobEnvironmentOnly = property(lambda self: self._job.environment_only)
    JobAuxiliarySubmissionFileNames = property(lambda self: Array(STRING, self._job.auxiliary_files))

    @method()
    def GetJobPluginInfoKeys(self) -> Array:
        return Array(STRING, self._job.plugin_info)

    @method(STRING)
    def GetJobPluginInfoKeyValue(self, key: str) -> Any:
        return self._value(self._job.plugin_info, key)

    @method()
    def GetJobEnvironmentKeys(self) -> Array:
        return Array(STRING, self._job.environment)

    @method(STRING)
    def GetJobEnvironmentKeyValue(self, key: str) -> Any:
        return self._value(self._job.environment, key)

    @method()
    def GetJobExtraInfoKeys(self) -> Array:
        return Array(STRING, self._job.extra_info)

    @method(STRING)
    def GetJobExtraInfoKeyValue(self, key: str) -> Any:
        return self._value(self._job.extra_info, key)

    @method(STRING, STRING)
    def GetJobExtraInfoKeyValueWithDefault(self, key: str, default: str) -> Any:
        return self._job.extra_info.get(key, default)

    def _value(self, values: Dict[str, str], key: str) -> Any:
        # Whether a missing key reads as "" or None is unknown (9.8); the sandbox decides.
        return values.get(key, self._context.answers["missing_value"])


class Task(Record):
    """The running task, read-only."""

    _section = "5.6"

    def __init__(self, context: Context) -> None:
        object.__setattr__(self, "_context", context)
        object.__setattr__(self, "_task", context.task)

    TaskId = property(lambda self: str(self._task.task_id))
    TaskID = property(lambda self: self._task.task_id)
    TaskFrameList = property(lambda self: Array(INT, self._task.frames))
    TaskFrameString = property(lambda self: self._task.frame_text)
    TaskStatus = property(lambda _: "Rendering")
    TaskSlaveName = property(lambda self: self._context.job.worker_name)
