"""Stand-in of ``Deadline.Scripting``: the utilities a plugin can use offline (plugin API, sections 3.6, 5.3, 5.4).

A member that would need the repository, another machine or an unknown rule refuses to be called.
"""

# ruff: noqa: D102 (members carry .NET's names; what they do is in the reference)

from __future__ import annotations

import os
import sys
import tempfile
import time
from typing import Any

from _dotnet.arrays import Array
from _dotnet.exceptions import FormatException, refused
from _dotnet.kinds import BOOL, INT, STRING, static_method
from _more.arrays import array_of
from _more.entries import entries, parse_boolean
from _more.jobs import Job
from _more.mapping import map_paths
from _more.refusal import StaticClass, refusing_function
from _worker import utilities
from _worker.context import current

__all__ = [
    "BalancerUtils",
    "ClientUtils",
    "CloudUtils",
    "DirectoryUtils",
    "FileUtils",
    "FrameUtils",
    "JobUtils",
    "MonitorUtils",
    "PathUtils",
    "ProcessUtils",
    "PulseUtils",
    "RepositoryUtils",
    "SlaveUtils",
    "StringUtils",
    "SystemUtils",
    "WebServiceUtils",
]


class _RefusingClass(StaticClass):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return refusing_function("{}.{}".format(cls.__name__, name), cls._section)


def _refusing_class(name: str, section: str) -> Any:
    """A static class of which nothing is imitated: it can be imported, each of its members refuses."""
    description = "Not imitated (plugin API, section {}).".format(section)
    return _RefusingClass(name, (), {"_section": section, "__doc__": description})


BalancerUtils = _refusing_class("BalancerUtils", "5.4")
CloudUtils = _refusing_class("CloudUtils", "5.4")
FrameUtils = _refusing_class("FrameUtils", "5.4")
JobUtils = _refusing_class("JobUtils", "5.4")
MonitorUtils = _refusing_class("MonitorUtils", "5.2")
ProcessUtils = _refusing_class("ProcessUtils", "5.4")
PulseUtils = _refusing_class("PulseUtils", "5.4")
SlaveUtils = _refusing_class("SlaveUtils", "5.4")
WebServiceUtils = _refusing_class("WebServiceUtils", "5.4")


@entries("ConfigEntry", "plugin configuration entry", lambda self: self._values)
class PluginConfig:
    """The configuration of a plugin, from ``RepositoryUtils.GetPluginConfig`` (plugin API, section 3.1)."""

    def __init__(self, values: Any) -> None:
        self._values = values


class RepositoryUtils(utilities.RepositoryUtils, metaclass=StaticClass):
    """The repository, as far as one running job knows it."""

    _section = "3.6 and 5.3"
    _left_out = tuple(
        """
        GetJobs GetJobIds GetJobTasks SaveJob SubmitJob RequeueJob SuspendJob ResumeJob ResumeFailedJob CompleteJob
        DeleteJob ArchiveJob PendJob PendTasks UndeleteJob UndeleteJobs UpdateJobOutputFileNames
        UpdateTaskProperties UpdateJobSubmissionDate RequeueTasks SuspendTasks ResumeTasks CompleteTasks
        AppendJobFrameRange GetJobAuxiliaryPath AddAuxiliaryFile CreateJobSubmissionFiles GetJobReports
        AddJobHistoryEntry AddRepositoryHistoryEntry GetMaximumPriority GetJobTaskLimit GetRepositoryDateTime
        GetRootDirectory GetRepositoryPath GetRepositoryFilePath GetEventPluginConfig
        AddOrUpdateEventPluginConfigSetting GetUserInfo GetSlaveInfo GetSlaveInfos GetSlavesRenderingJob
        GetMachinesRenderingJob AddOrUpdateServerData CheckPathMappingInFile CheckPathMappingInFileAndReplace
        CheckPathMappingInFileAndReplaceSeparator
        """.split()
    )

    @static_method(STRING, BOOL, optional=1)
    def CheckPathMapping(text: str, _: bool = False) -> Any:
        """The text with mapped paths replaced. What the second argument means is unknown (9.5): it changes nothing."""
        return None if text is None else map_paths(text, current().job.path_mappings)

    @static_method()
    def GetPathMappings() -> Array:
        """Pairs of source and target."""
        return Array(array_of(STRING), current().job.path_mappings)

    @static_method(STRING)
    def PathMappingRequired(path: str) -> bool:
        """Whether `CheckPathMapping` would change the path."""
        return path is not None and map_paths(path, current().job.path_mappings) != path

    @static_method(STRING, BOOL)
    def GetJob(job_id: str, _: bool) -> Job:
        """The running job; no other is known here."""
        context = current()
        if job_id != context.job.job_id:
            raise refused("RepositoryUtils.GetJob of another job than the running one", "5.3")
        return Job(context)

    @static_method(STRING)
    def GetPluginConfig(name: str) -> PluginConfig:
        """The configuration of the running plugin; no other is known here (plugin API, section 3.1)."""
        context = current()
        if name != context.plugin_name:
            raise refused("RepositoryUtils.GetPluginConfig of another plugin than the running one", "3.1")
        return PluginConfig(context.job.config)


class ClientUtils(utilities.ClientUtils, metaclass=StaticClass):
    """The client installation, as far as a stand-in has one."""

    _section = "5.4"
    _left_out = (
        "ExecuteCommand",
        "ExecuteCommandAndGetOutput",
        "ExecuteScript",
        "GetDeadlineTempPath",
        "GetUsersSettingsDirectory",
        "GetDeadlineUser",
    )

    @static_method()
    def GetCurrentUserHomeDirectory() -> str:
        return os.path.expanduser("~")

    @static_method(STRING)
    def LogText(text: str) -> None:
        current().log("INFO", text)


class FileUtils(utilities.FileUtils, metaclass=StaticClass):
    """Files."""

    _section = "5.4"
    _left_out = ("SearchFileListFor32Bit", "SearchFileListFor64Bit", "GetIniFileSetting", "SetIniFileSetting")

    @static_method(STRING)
    def FileExists(path: str) -> bool:
        return bool(path) and os.path.isfile(path)


class DirectoryUtils(metaclass=StaticClass):
    """Folders."""

    _section = "5.4"
    _left_out = ("SearchPath", "SynchronizeDirectories", "SynchronizeFiles")

    @static_method(STRING)
    def SearchDirectoryList(directories: str) -> str:
        """The first existing folder of a list separated by ``;``, or "" (inferred from ``SearchFileList``)."""
        found = (path.strip() for path in (directories or "").split(";"))
        return next(filter(os.path.isdir, found), "")


class PathUtils(metaclass=StaticClass):
    """Paths."""

    _section = "5.4"
    _left_out = ("IsPathLocal", "ToPlatformIndependentPath", "ChangeFilename", "GetApplicationPath")

    @static_method(STRING)
    def IsPathRooted(path: str) -> bool:
        return bool(path) and (path[0] in "/\\" or path[1:2] == ":")

    @static_method()
    def GetSystemTempPath() -> str:
        return tempfile.gettempdir()


class StringUtils(metaclass=StaticClass):
    """Texts."""

    _section = "5.4"
    _left_out = ("ParseLeadingNumber", "BlankIfEitherIsBlank", "FromSemicolonSeparatedString", "ToCommaSeparatedString")

    @static_method(STRING)
    def ParseBoolean(text: str) -> bool:
        flag = parse_boolean(text or "")
        if flag is None:
            raise FormatException("'{}' is neither true nor false".format(text))
        return flag

    @static_method(STRING, BOOL)
    def ParseBooleanWithDefault(text: str, default: bool) -> bool:
        flag = parse_boolean(text or "")
        return default if flag is None else flag

    @static_method(INT, INT, BOOL, optional=1)
    def ToZeroPaddedString(number: int, width: int, _: bool = False) -> str:
        """The number with leading zeros. The third argument is unknown and ignored, negative numbers are refused."""
        if number < 0:
            raise refused("StringUtils.ToZeroPaddedString of a negative number", "5.4")
        return str(number).zfill(width)


class SystemUtils(metaclass=StaticClass):
    """The machine."""

    _section = "5.4"
    _left_out = ("GetAvailableRam",)

    @static_method()
    def IsRunningOnWindows() -> bool:
        return sys.platform == "win32"

    @static_method()
    def IsRunningOnLinux() -> bool:
        return sys.platform.startswith("linux")

    @static_method()
    def IsRunningOnMac() -> bool:
        return sys.platform == "darwin"

    @static_method(INT)
    def Sleep(milliseconds: int) -> None:
        time.sleep(milliseconds / 1000.0)

    @static_method()
    def GetCpuCount() -> int:
        return os.cpu_count() or 1
