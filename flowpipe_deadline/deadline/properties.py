"""The entries of the job info that can be changed on a job that there is, and the properties that hold them.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple


class Property(NamedTuple):
    """Where an entry is kept."""

    kind: type
    script: str
    """The property of a job for scripts (plugin API, section 5.5)."""
    webservice: str = ""
    """That of the Web Service's job objects (submission, section 6.3); empty where its meaning is not certain."""


PROPERTIES: Mapping[str, Property] = {
    "Name": Property(str, "JobName", "Name"),
    "Comment": Property(str, "JobComment", "Cmmt"),
    "Department": Property(str, "JobDepartment", "Dept"),
    "Pool": Property(str, "JobPool", "Pool"),
    "SecondaryPool": Property(str, "JobSecondaryPool", "SecPool"),
    "Group": Property(str, "JobGroup", "Grp"),
    "Priority": Property(int, "JobPriority", "Pri"),
    "ConcurrentTasks": Property(int, "JobConcurrentTasks", "Conc"),
    "LimitConcurrentTasksToNumberOfCpus": Property(bool, "JobLimitTasksToNumberOfCpus", "ConcLimt"),
    "MachineLimit": Property(int, "JobMachineLimit", "MachLmt"),
    "LimitGroups": Property(list, "JobLimitGroups", "Limits"),
    "TaskTimeoutSeconds": Property(int, "JobTaskTimeoutSeconds"),
    "StartJobTimeoutSeconds": Property(int, "JobStartJobTimeoutSeconds"),
    "InitializePluginTimeoutSeconds": Property(int, "JobInitializePluginTimeoutSeconds"),
    "MinRenderTimeSeconds": Property(int, "JobMinRenderTimeSeconds"),
    "EnableAutoTimeout": Property(bool, "JobEnableAutoTimeout"),
    "ForceReloadPlugin": Property(bool, "JobForceReloadPlugin", "Reload"),
    "Sequential": Property(bool, "JobSequentialJob", "Seq"),
    "Interruptible": Property(bool, "JobInterruptible", "Int"),
    "Protected": Property(bool, "JobProtected", "Protect"),
    "SuppressEvents": Property(bool, "JobSuppressEvents", "NoEvnt"),
    "PreTaskScript": Property(str, "JobPreTaskScript", "PrTskScrp"),
    "PostTaskScript": Property(str, "JobPostTaskScript", "PoTskScrp"),
}
"""By entry."""


def entry_text(value: Any, kind: type) -> str:
    """What a property holds, as the job info file has it."""
    if kind is list:
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value if value is not None else "")


def entry_value(text: str, kind: type) -> Any:
    """What a property is to hold for a text of the job info file."""
    if kind is list:
        return [item.strip() for item in text.split(",") if item.strip()]
    return text.strip().lower() in ("true", "1") if kind is bool else kind(text)
