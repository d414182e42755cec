"""Jobs and tasks as the Web Service's JSON has them.

Job objects: submission, section 6.3. Task objects: as recorded of a 10.1 service in the README of
thevfxcoop/go-deadline-api on GitHub; so are all names, dates and the form of percentages here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from flowpipe_deadline.offline.repository import Task, is_true

from .jobs import Job
from .reports import FakeReport

_NEVER = "0001-01-01T00:00:00Z"
# Deadline's numbers: submission, section 5.1.
_JOB_STATES = {"Active": 1, "Suspended": 2, "Completed": 3, "Failed": 4, "Pending": 6}
_TASK_STATES = {"Queued": 2, "Suspended": 3, "Rendering": 4, "Completed": 5, "Failed": 6, "Pending": 8}
_WORKER_STATES = {"Unknown": 0, "Rendering": 1, "Idle": 2, "Offline": 3, "Stalled": 4, "Starting Job": 8}
_ON_COMPLETE = {"archive": 0, "delete": 1}


def job_object(job: Job) -> dict[str, Any]:
    """The job, with the keys that a fake Deadline knows."""
    info = job.job_info
    return {
        "Props": _properties(job),
        "ComFra": 0,
        "IsSub": True,
        "Purged": False,
        "Mach": info.get("MachineName", ""),
        "Date": _date(job.submitted),
        "DateStart": _date(job.started),
        "DateComp": _date(job.completed),
        "Plug": info.get("Plugin", ""),
        "OutDir": _numbered(job, "OutputDirectory"),
        "OutFile": _numbered(job, "OutputFilename"),
        "Stat": _JOB_STATES[job.status.value],
        "Aux": [],
        "Bad": [],
        **{f"{state}Chunks": count for state, count in job.tasks.items()},
        "SnglTskPrg": "0 %",
        "Errs": job.errors,
        "DataSize": -1,
        "_id": job.job_id,
        "ExtraElements": None,
    }


def _properties(job: Job) -> dict[str, Any]:
    info = job.job_info
    return {
        "Name": job.name,
        "Batch": job.batch_name,
        "User": info.get("UserName", ""),
        "Cmmt": info.get("Comment", ""),
        "Dept": info.get("Department", ""),
        "Frames": job.frames,
        "Chunk": job.chunk_size,
        "Tasks": job.task_count,
        "Grp": info.get("Group", "none"),
        "Pool": info.get("Pool", "none"),
        "SecPool": info.get("SecondaryPool", ""),
        "Pri": int(info.get("Priority", "50")),
        "Conc": int(info.get("ConcurrentTasks", "1")),
        "Seq": is_true(info.get("Sequential", "")),
        "Protect": is_true(info.get("Protected", "")),
        "OnComp": _ON_COMPLETE.get(info.get("OnJobComplete", "").lower(), 2),
        "Dep": [_dependency(job_id) for job_id in job.dependencies],
        "DepFrame": job.is_frame_dependent,
        "DepFrameStart": 0,
        "DepFrameEnd": 0,
        "DepComp": is_true(info.get("ResumeOnCompleteDependencies", "true")),
        "DepDel": is_true(info.get("ResumeOnDeletedDependencies", "")),
        "DepFail": is_true(info.get("ResumeOnFailedDependencies", "")),
        "DepPer": float(info.get("JobDependencyPercentage", "-1")),
        "Limits": [limit.strip() for limit in info.get("LimitGroups", "").split(",") if limit.strip()],
        "MachLmt": int(info.get("MachineLimit", "0")),
        "PlugInfo": dict(job.plugin_info),
        "Env": job.series("EnvironmentKeyValue"),
        **{f"Ex{number}": info.get(f"ExtraInfo{number}", "") for number in range(10)},
        "ExDic": job.series("ExtraInfoKeyValue"),
    }


# What can be saved: the entry of the job info for each property, and how its value is read.
ENTRIES: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "Name": ("Name", str),
    "Cmmt": ("Comment", str),
    "Dept": ("Department", str),
    "Pri": ("Priority", str),
    "Pool": ("Pool", str),
    "SecPool": ("SecondaryPool", str),
    "Grp": ("Group", str),
    "Limits": ("LimitGroups", ",".join),
    "MachLmt": ("MachineLimit", str),
    "Conc": ("ConcurrentTasks", str),
    "Protect": ("Protected", bool),
    "Seq": ("Sequential", bool),
    "Dep": ("JobDependencies", lambda value: ",".join(item["JobID"] for item in value)),
}


def _dependency(job_id: str) -> dict[str, Any]:
    return {
        "JobID": job_id,
        "Notes": "",
        "IgnoreFrameOffsets": False,
        "OverrideFrameOffsets": False,
        "StartOffset": 0,
        "EndOffset": 0,
        "OverrideResumeOn": False,
        "ResumeOnComplete": True,
        "ResumeOnDeleted": False,
        "ResumeOnFailed": False,
        "ResumeOnPercentageCompleted": False,
        "ResumeOnPercentageValue": 0.0,
    }


def tasks_object(job_id: str, tasks: Sequence[Task]) -> dict[str, Any]:
    """The tasks of a job."""
    return {"ID": job_id, "PreTask": None, "Tasks": [task_object(task) for task in tasks], "PostTask": None}


def task_object(task: Task) -> dict[str, Any]:
    """One task."""
    frames = task.frames if "-" in task.frames or "," in task.frames else f"{task.frames}-{task.frames}"
    return {
        "JobID": task.job_id,
        "TaskID": task.task_id,
        "Frames": frames,
        "Slave": task.worker or "",
        "Stat": _TASK_STATES[task.status.value],
        "Prog": f"{task.progress:.0f} %",
        "RndStat": task.message if task.status.value == "Rendering" else "",
        "Errs": task.errors,
        "Start": _NEVER,
        "StartRen": _NEVER,
        "Comp": _NEVER,
        "_id": f"{task.job_id}_{task.task_id}",
        "ExtraElements": None,
    }


def report_object(report: FakeReport) -> dict[str, Any]:
    """One report, with the keys and kinds that pkg/schema/jobreport.go of the same client has."""
    return {
        "_id": report.report_id,
        "Type": 0 if report.error is None else 1,
        "Job": report.job.job_id,
        "Task": report.task_id,
        "Plugin": report.job.job_info.get("Plugin", ""),
        "JobName": report.job.name,
        "JobUser": report.job.job_info.get("UserName", ""),
        "Frames": report.frames,
        "Date": report.written,
        "Slave": report.worker,
        "Title": report.error or "",
    }


def worker_object(worker: Mapping[str, Any]) -> dict[str, Any]:
    """One worker's InfoSettings."""
    info = {
        "Name": worker["name"],
        "Stat": _WORKER_STATES[worker["state"]],
        "Pools": ",".join(worker["pools"]),
        "Grps": ",".join(worker["groups"]),
    }
    return {"Info": info, "Settings": {"Name": worker["name"].lower(), "Enable": worker["enabled"]}}


def _numbered(job: Job, key: str) -> list[str]:
    found: list[str] = []
    while f"{key}{len(found)}" in job.job_info:
        found.append(job.job_info[f"{key}{len(found)}"])
    return found


def _date(seconds: float | None) -> str:
    return _NEVER if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
