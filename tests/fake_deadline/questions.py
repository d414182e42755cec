"""What a script can ask of Deadline from inside: the parent's side of ``ClientUtils`` and ``RepositoryUtils``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from flowpipe_deadline.offline.repository import Task

from .command import execute
from .commands_farm import limits_of, repository_path, workers_of
from .intake import DeadlineError
from .jobs import Job
from .operations import FakeDeadline, parse_frames
from .plugins import plugin_config
from .reports import report_file, reports_of
from .session import Session


def _execute(deadline: FakeDeadline, arguments: Sequence[str]) -> tuple[int, str]:
    """Whether a command that a script executes stays in its process is unknown; both are played."""
    if deadline.settings.unknowns.script_calls == "process":
        command = [str(deadline.bin / f"deadlinecommand{'.cmd' if os.name == 'nt' else ''}"), *arguments]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
        return result.returncode, result.stdout.decode("utf-8", "replace").replace(os.linesep, "\n")
    session = Session(deadline, kind="script")
    exit_code = execute(session, arguments)
    return exit_code, session.output


def _job(deadline: FakeDeadline, job_id: str) -> dict[str, Any] | None:
    found = deadline.jobs([job_id])
    return _job_facts(found[0]) if found else None


def _jobs(deadline: FakeDeadline) -> list[dict[str, Any]]:
    return [_job_facts(job) for job in deadline.jobs()]


def _job_ids(deadline: FakeDeadline) -> list[str]:
    return [job.job_id for job in deadline.jobs()]


def _tasks(deadline: FakeDeadline, job_id: str) -> list[dict[str, Any]]:
    form = deadline.settings.unknowns.script_progress
    return [_task_facts(task, _PROGRESS[form]) for task in deadline.tasks(job_id)]


def _change(deadline: FakeDeadline, name: str, job_id: str, task_ids: list[int] | None) -> None:
    if name == "delete":
        deadline.delete(job_id)
    else:
        deadline.change(name, job_id, task_ids=task_ids)


def _reports(deadline: FakeDeadline, job_id: str) -> list[dict[str, Any]]:
    if deadline.settings.unknowns.report_calls == "none":
        raise DeadlineError("There are no reports to be had here")
    return [
        {
            "id": report.report_id,
            "job_id": job_id,
            "task_id": report.task_id,
            "worker": report.worker,
            "message": report.error or "",
            "is_error": report.error is not None,
            "written": report.written,
        }
        for report in reports_of(deadline, job_id)
    ]


def _report_log(deadline: FakeDeadline, job_id: str, report_id: str, *, is_path: bool) -> str:
    if is_path and deadline.settings.unknowns.report_calls == "texts":
        raise DeadlineError("A report's file is not told")
    report = next(report for report in reports_of(deadline, job_id) if report.report_id == report_id)
    return report_file(deadline, report) if is_path else report.text


def _farm(deadline: FakeDeadline, what: str) -> list[Any]:
    if deadline.settings.unknowns.farm_calls == "none":
        raise DeadlineError("A script cannot ask for that")
    return workers_of(deadline) if what == "workers" else limits_of(deadline)


def _save(deadline: FakeDeadline, job_id: str, changes: Mapping[str, str]) -> None:
    deadline.set_job_info(job_id, changes)


def _append(deadline: FakeDeadline, job_id: str, frames: str) -> None:
    deadline.append_frames(job_id, frames)


def _folder(deadline: FakeDeadline, name: str) -> str:
    """One of the client's own folders."""
    path = deadline.folder / name
    path.mkdir(exist_ok=True)
    return str(path)


def _plugin_config(deadline: FakeDeadline, name: str) -> dict[str, str]:
    if name not in deadline.plugins:
        raise DeadlineError(f"The plugin {name} does not exist in the repository")
    return plugin_config(deadline, name)


def _job_facts(job: Job) -> dict[str, Any]:
    return {
        "id": job.job_id,
        "status": job.status.value,
        "info": dict(job.job_info),
        "plugin_info": dict(job.plugin_info),
        "tasks": dict(job.tasks),
        "frames_list": list(parse_frames(job.frames)),
        "extra_info": job.series("ExtraInfoKeyValue"),
        "environment": job.series("EnvironmentKeyValue"),
        "dependencies": list(job.dependencies),
    }


def _task_facts(task: Task, progress: Callable[[float], dict[str, object]]) -> dict[str, Any]:
    return {
        **progress(task.progress),
        "task_id": task.task_id,
        "frames": task.frames,
        "frames_list": list(parse_frames(task.frames)),
        "status": task.status.value,
        "worker": task.worker or "",
    }


_PROGRESS: Mapping[str, Callable[[float], dict[str, object]]] = {
    "percent": lambda progress: {"progress": f"{progress:.0f} %"},
    "text": lambda progress: {"progress": f"{progress:.0f}"},
    "number": lambda progress: {"progress": progress},
    "missing": lambda progress: {},  # noqa: ARG005 (as the others)
}
QUESTIONS: Mapping[str, Callable[..., Any]] = {
    "execute": _execute,
    "job": _job,
    "jobs": _jobs,
    "job ids": _job_ids,
    "tasks": _tasks,
    "change": _change,
    "save": _save,
    "reports": _reports,
    "report log": partial(_report_log, is_path=False),
    "report path": partial(_report_log, is_path=True),
    "workers": partial(_farm, what="workers"),
    "limits": partial(_farm, what="limits"),
    "append": _append,
    "maximum priority": lambda deadline: deadline.settings.maximum_priority,
    "task limit": lambda deadline: deadline.settings.task_limit,
    "root": lambda deadline: str(deadline.root),
    "path": lambda deadline, name, is_custom: str(repository_path(deadline, name, is_custom=is_custom)),
    "plugin config": _plugin_config,
    "bin": lambda deadline: str(deadline.bin),
    "folder": _folder,
    "user": lambda deadline: deadline.settings.user,
}
"""By what the child asks for."""
