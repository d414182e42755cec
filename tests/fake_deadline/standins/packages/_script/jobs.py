"""Jobs and tasks as a script sees them (plugin API, sections 5.5 and 5.6).

A job is what it was when it was fetched. What is written to its properties reaches Deadline with ``SaveJob``.
"""

from __future__ import annotations

from typing import Any, Dict

from _dotnet.arrays import Array
from _dotnet.kinds import BOOL, FLOAT, INT, OBJECT, STRING, Kind, method
from _more.arrays import array_of
from _more.jobs import LEFT_OUT_OF_JOB
from _more.records import Record
from _worker.context import current
from Deadline.Jobs import JobStatus

__all__ = ["Job", "Task", "TaskCollection"]


class _Value:
    """A property that is one key of the job info."""

    def __init__(self, key: str, kind: Kind = STRING, default: Any = "") -> None:
        self._key = key
        self._kind = kind
        self._default = default

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        text = instance._facts["info"].get(self._key)
        if text in (None, ""):
            return self._default
        if self._kind is BOOL:
            return text.strip().lower() in ("true", "1")
        return {INT: int, FLOAT: float}.get(self._kind, str)(text)

    def __set__(self, instance: Any, value: Any) -> None:
        converted = self._kind(value)
        text = "" if converted is None else str(converted)
        instance._write(self._key, text.lower() if self._kind is BOOL else text)


class Job(Record):
    """Any job of the repository."""

    _section = "5.5"

    def __init__(self, facts: Dict[str, Any]) -> None:
        object.__setattr__(self, "_facts", facts)
        object.__setattr__(self, "_changes", {})

    def __setattr__(self, name: str, value: Any) -> None:
        found = getattr(type(self), name, None)
        if isinstance(found, _Value):
            found.__set__(self, value)
        else:
            super().__setattr__(name, value)

    def _left_out(self) -> Any:
        return LEFT_OUT_OF_JOB

    def _write(self, key: str, text: str) -> None:
        self._facts["info"][key] = text
        self._changes[key] = text

    JobId = ID = property(lambda self: self._facts["id"])
    JobName = Name = _Value("Name", default="Untitled")
    JobBatchName = _Value("BatchName")
    JobUserName = UserName = _Value("UserName")
    JobComment = _Value("Comment")
    JobDepartment = _Value("Department")
    JobPlugin = PluginName = property(lambda self: self._facts["info"].get("Plugin", ""))
    JobStatus = property(lambda self: self._facts["status"])
    Status = property(lambda self: getattr(JobStatus, self._facts["status"]))

    JobFrames = property(lambda self: self._facts["info"].get("Frames", "0"))
    JobFramesList = FramesList = property(lambda self: Array(INT, self._facts["frames_list"]))
    JobFramesPerTask = property(lambda self: int(self._facts["info"].get("ChunkSize", "1")))
    JobTaskCount = property(lambda self: sum(self._facts["tasks"].values()))
    JobQueuedTasks = property(lambda self: self._facts["tasks"]["Queued"])
    JobRenderingTasks = property(lambda self: self._facts["tasks"]["Rendering"])
    JobPendingTasks = property(lambda self: self._facts["tasks"]["Pending"])
    JobCompletedTasks = property(lambda self: self._facts["tasks"]["Completed"])
    JobSuspendedTasks = property(lambda self: self._facts["tasks"]["Suspended"])
    JobFailedTasks = property(lambda self: self._facts["tasks"]["Failed"])

    JobPriority = _Value("Priority", INT, 50)
    JobPool = _Value("Pool", default="none")
    JobSecondaryPool = _Value("SecondaryPool")
    JobGroup = _Value("Group", default="none")
    JobMachineLimit = _Value("MachineLimit", INT, 0)
    JobConcurrentTasks = _Value("ConcurrentTasks", INT, 1)
    JobLimitTasksToNumberOfCpus = _Value("LimitConcurrentTasksToNumberOfCpus", BOOL, True)
    JobLimitGroups = property(lambda self: Array(STRING, self._listed("LimitGroups")))

    JobDependencyIDs = property(lambda self: Array(STRING, self._listed("JobDependencies")))
    JobIsFrameDependent = _Value("IsFrameDependent", BOOL, False)
    JobFrameDependencyOffsetStart = _Value("FrameDependencyOffsetStart", INT, 0)
    JobFrameDependencyOffsetEnd = _Value("FrameDependencyOffsetEnd", INT, 0)
    JobResumeOnCompleteDependencies = _Value("ResumeOnCompleteDependencies", BOOL, True)
    JobResumeOnDeletedDependencies = _Value("ResumeOnDeletedDependencies", BOOL, False)
    JobResumeOnFailedDependencies = _Value("ResumeOnFailedDependencies", BOOL, False)

    JobTaskTimeoutSeconds = _Value("TaskTimeoutSeconds", INT, 0)
    JobStartJobTimeoutSeconds = _Value("StartJobTimeoutSeconds", INT, 0)
    JobInitializePluginTimeoutSeconds = _Value("InitializePluginTimeoutSeconds", INT, 0)
    JobMinRenderTimeSeconds = _Value("MinRenderTimeSeconds", INT, 0)
    JobEnableAutoTimeout = _Value("EnableAutoTimeout", BOOL, False)
    JobOnJobComplete = _Value("OnJobComplete", default="Nothing")
    JobForceReloadPlugin = _Value("ForceReloadPlugin", BOOL, False)
    JobSequentialJob = _Value("Sequential", BOOL, False)
    JobInterruptible = _Value("Interruptible", BOOL, False)
    JobProtected = _Value("Protected", BOOL, False)
    JobSuppressEvents = _Value("SuppressEvents", BOOL, False)
    JobPreJobScript = _Value("PreJobScript")
    JobPostJobScript = _Value("PostJobScript")
    JobPreTaskScript = _Value("PreTaskScript")
    JobPostTaskScript = _Value("PostTaskScript")

    @method(array_of(STRING))
    def SetJobDependencyIDs(self, ids: Array) -> None:
        self._write("JobDependencies", ",".join(ids))

    @method(array_of(STRING))
    def SetJobLimitGroups(self, names: Array) -> None:
        self._write("LimitGroups", ",".join(names))

    @method()
    def GetJobPluginInfoKeys(self) -> Array:
        return Array(STRING, self._facts["plugin_info"])

    @method(STRING)
    def GetJobPluginInfoKeyValue(self, key: str) -> Any:
        return _value(self._facts["plugin_info"], key)

    @method()
    def GetJobInfoKeys(self) -> Array:
        return Array(STRING, self._facts["info"])

    @method(STRING)
    def GetJobInfoKeyValue(self, key: str) -> Any:
        return _value(self._facts["info"], key)

    @method()
    def GetJobEnvironmentKeys(self) -> Array:
        return Array(STRING, self._facts["environment"])

    @method(STRING)
    def GetJobEnvironmentKeyValue(self, key: str) -> Any:
        return _value(self._facts["environment"], key)

    @method()
    def GetJobExtraInfoKeys(self) -> Array:
        return Array(STRING, self._facts["extra_info"])

    @method(STRING)
    def GetJobExtraInfoKeyValue(self, key: str) -> Any:
        return _value(self._facts["extra_info"], key)

    @method(STRING, STRING)
    def GetJobExtraInfoKeyValueWithDefault(self, key: str, default: str) -> Any:
        return self._facts["extra_info"].get(key, default)

    def _listed(self, key: str) -> Any:
        return [item.strip() for item in self._facts["info"].get(key, "").split(",") if item.strip()]


for _number in range(10):
    setattr(Job, "JobExtraInfo{}".format(_number), _Value("ExtraInfo{}".format(_number)))


class Task(Record):
    """A task of any job, read-only."""

    _section = "5.6"

    def __init__(self, facts: Dict[str, Any]) -> None:
        object.__setattr__(self, "_facts", facts)

    TaskId = property(lambda self: str(self._facts["task_id"]))
    TaskID = property(lambda self: self._facts["task_id"])
    TaskFrameList = property(lambda self: Array(INT, self._facts["frames_list"]))
    TaskFrameString = property(lambda self: self._facts["frames"])
    TaskStatus = property(lambda self: self._facts["status"])
    TaskSlaveName = property(lambda self: self._facts["worker"])

    @property
    def TaskProgress(self) -> Any:
        """Inferred, so a Deadline without it is played too."""
        if "progress" not in self._facts:
            raise AttributeError("'Task' object has no attribute 'TaskProgress'")
        return self._facts["progress"]


class TaskCollection(Record):
    """The tasks of a job."""

    _section = "5.6"

    def __init__(self, tasks: Any) -> None:
        object.__setattr__(self, "_tasks", Array(OBJECT, tasks))

    def __iter__(self) -> Any:
        return iter(self._tasks)

    Tasks = TaskCollectionTasks = TaskCollectionAllTasks = property(lambda self: self._tasks)

    @method(INT)
    def GetTask(self, index: int) -> Any:
        return self._tasks[index]


def _value(values: Dict[str, str], key: str) -> Any:
    # Whether a missing key reads as "" or None is unknown (plugin API, section 9.8).
    return values.get(key, current().answers["missing_value"])
