"""Deadline from a script that it runs itself, in ``deadlinecommand`` or the Monitor.

Jobs are submitted by the call that Deadline's own Monitor scripts use, ``ClientUtils.ExecuteCommandAndGetOutput``;
whether that stays within the process is unknown, and does not matter here. They are read by
``RepositoryUtils`` (plugin API, sections 5.3 to 5.6). Standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

from ..bundle.job_files import PLUGIN_NAME
from .client import (
    TASK_STATES,
    FarmDetails,
    JobDetails,
    LimitDetails,
    SubmissionError,
    TaskDetails,
    WorkerDetails,
    bundles_of,
    refuse_unknown,
    unknown_job,
)
from .command_client import CommandClient
from .command_output import parse_error, parse_memberships, parse_percent, parse_status, parse_worker_state
from .properties import PROPERTIES, entry_text, entry_value
from .reports import Report


class InProcessClient(CommandClient):
    """Deadline from within one of its processes."""

    def __init__(self, clients: Any, repository: Any) -> None:
        """``clients`` and ``repository`` are ``ClientUtils`` and ``RepositoryUtils`` of ``Deadline.Scripting``."""
        self._clients = clients
        self._repository = repository

    def run(self, arguments: Sequence[str]) -> str:
        """What a command printed; only its text says whether it failed."""
        output = str(_asked(lambda: self._clients.ExecuteCommandAndGetOutput(list(arguments))))
        error = parse_error(output)
        if error is not None and arguments[0].startswith("-"):
            raise SubmissionError(f"{arguments[0]}: {error}")
        return output

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more)."""
        jobs = {job_id: self._job(job_id) for job_id in job_ids}
        return {job_id: _asked(_job_details, job) for job_id, job in jobs.items() if job is not None}

    def list_jobs(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Deadline still knows."""
        return {job_id for job_id in job_ids if self._job(job_id) is not None}

    def read_tasks(self, job_id: str) -> tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""
        tasks = _asked(self._repository.GetJobTasks, self._known(job_id), True)
        return tuple(sorted((_asked(_task_details, task) for task in tasks), key=lambda task: task.task_id))

    def read_reports(self, job_id: str, task_id: int | None = None) -> tuple[Report, ...]:
        """What Deadline keeps of each attempt at the job's tasks, or at one, the earliest first."""
        return tuple(_asked(self._report, *report) for report in self._reports(job_id, task_id))

    def read_report_text(self, job_id: str, report_id: str, task_id: int | None) -> str:
        """The log in a report, by its ID."""
        for report, _ in self._reports(job_id, task_id):
            if str(report.ReportID) == report_id:
                return str(_asked(self._repository.GetJobReportLog, report) or "")
        raise SubmissionError(f"Deadline has no report {report_id} of job {job_id} any more")

    def read_farm(self, *, pools: Sequence[str] = (), groups: Sequence[str] = ()) -> FarmDetails:
        """What is known of all workers and limits; by commands, where a script has no such calls."""
        try:
            workers = tuple(_worker_details(worker) for worker in self._repository.GetSlaveInfoSettings(True))
            limits = tuple(_limit_details(limit) for limit in self._repository.GetLimitGroups(True))
        except Exception:  # Of .NET, or a member that there is not.
            return super().read_farm(pools=pools, groups=groups)
        return FarmDetails(workers=workers, limits=limits)

    def _reports(self, job_id: str, task_id: int | None) -> list[tuple[Any, bool]]:
        """Deadline's own reports, and whether each is of an error."""
        found = _asked(self._repository.GetJobReports, job_id)
        reports = list(_asked(found.GetAllReports)) if found is not None else []
        tasks = {str(report.ReportTaskID) for report in reports} if task_id is None else {str(task_id)}
        errors = {str(report.ReportID) for task in tasks for report in _asked(found.GetTaskErrorReports, task) or ()}
        wanted = [report for report in reports if str(report.ReportTaskID) in tasks]
        wanted.sort(key=lambda report: int(getattr(getattr(report, "ReportDateTimeOf", None), "Ticks", 0)))
        return [(report, str(report.ReportID) in errors) for report in wanted]

    def _report(self, report: Any, is_error: bool) -> Report:
        task = str(report.ReportTaskID)
        try:
            path = str(self._repository.GetJobReportLogFileName(report) or "")
        except Exception:  # There is the text, in any case.
            path = ""
        return Report(
            report_id=str(report.ReportID),
            is_error=is_error,
            task_id=int(task) if task.isdigit() else None,
            worker=str(report.ReportSlaveName or ""),
            written=str(getattr(report, "ReportDateTimeOf", "")),
            title=str(report.ReportMessage or "") if is_error else "",
            path=path,
        )

    def read_plugin_info(self, job_id: str) -> dict[str, str]:
        """The plugin info of a job, all of it."""
        return _plugin_info(self._known(job_id))

    def find_bundle_jobs(self) -> dict[str, tuple[str, str]]:
        """The bundle and the node of every listed job of our plugin."""
        jobs = [job for job in _asked(self._repository.GetJobs, True) if str(job.JobPlugin) == PLUGIN_NAME]
        return bundles_of({str(job.JobId).lower(): _plugin_info(job) for job in jobs})

    def mapped(self, path: str) -> str:
        """The path as a rule changes it."""
        return str(_asked(self._repository.CheckPathMapping, path) or path)

    def set_dependencies(self, job_id: str, upstream_ids: Sequence[str]) -> None:
        """Makes a job depend on these jobs alone, as a sample of the vendor's does (submission, section 4.5)."""
        job = self._known(job_id)
        _asked(job.SetJobDependencyIDs, list(upstream_ids))
        _asked(self._repository.SaveJob, job)

    def read_entries(self, job_id: str, keys: Sequence[str]) -> dict[str, str | None]:
        """Entries of the job info, by the properties of the job that hold them."""
        job = self._known(job_id)
        return {key: _asked(_read_property, job, key) if key in PROPERTIES else None for key in keys}

    def set_entries(self, job_id: str, entries: Mapping[str, str]) -> None:
        """Sets entries of a job's info, by the properties of the job that hold them."""
        refuse_unknown(entries, PROPERTIES)
        job = self._known(job_id)
        for key, value in entries.items():
            _asked(_set_property, job, key, value)
        _asked(self._repository.SaveJob, job)

    def _job(self, job_id: str) -> Any:
        """Deadline's own record, not from its cache; None if there is none, or the job was deleted."""
        return _asked(self._repository.GetJob, job_id, True)

    def _known(self, job_id: str) -> Any:
        job = self._job(job_id)
        if job is None:
            raise unknown_job(job_id)
        return job


def _asked(question: Callable[..., Any], *arguments: Any) -> Any:
    """The answer; an exception of .NET becomes a SubmissionError with its message."""
    try:
        return question(*arguments)
    except SubmissionError:
        raise
    except Exception as error:
        text = str(getattr(error, "Message", None) or error) or type(error).__name__
        raise SubmissionError(f"Deadline: {text.splitlines()[0]}") from error


def _job_details(job: Any) -> JobDetails:
    counts = {state: int(getattr(job, f"Job{state}Tasks")) for state in TASK_STATES}
    return JobDetails(
        job_id=str(job.JobId).lower(),
        status=parse_status(str(job.JobStatus)),
        name=str(job.JobName),
        batch_name=str(job.JobBatchName or ""),
        plugin=str(job.JobPlugin),
        frames=str(job.JobFrames),
        chunk_size=int(job.JobFramesPerTask),
        task_count=int(job.JobTaskCount),
        dependencies=tuple(str(job_id).lower() for job_id in job.JobDependencyIDs),
        frame_dependent=bool(job.JobIsFrameDependent),
        tasks={state: count for state, count in counts.items() if count},
        pool=str(job.JobPool),
        group=str(job.JobGroup),
        limits=tuple(str(limit) for limit in job.JobLimitGroups),
    )


def _plugin_info(job: Any) -> dict[str, str]:
    # Whether a missing value reads as "" or None is unknown (plugin API, section 5.5).
    keys = [str(key) for key in _asked(job.GetJobPluginInfoKeys)]
    return {key: str(_asked(job.GetJobPluginInfoKeyValue, key) or "") for key in keys}


def _read_property(job: Any, key: str) -> str:
    held = PROPERTIES[key]
    return entry_text(getattr(job, held.script), held.kind)


def _set_property(job: Any, key: str, text: str) -> None:
    held = PROPERTIES[key]
    value = entry_value(text, held.kind)
    if held.kind is list:
        job.SetJobLimitGroups(value)
    else:
        setattr(job, held.script, value)


def _task_details(task: Any) -> TaskDetails:
    return TaskDetails(
        task_id=int(task.TaskId),
        frames=str(task.TaskFrameString),
        status=parse_status(str(task.TaskStatus)),
        # Both names are inferred, and so is the form of the value (plugin API, section 5.6).
        progress=parse_percent(getattr(task, "TaskProgress", getattr(task, "Progress", None))),
        worker=str(task.TaskSlaveName or ""),
    )


def _worker_details(worker: Any) -> WorkerDetails:
    return WorkerDetails(
        name=str(worker.Info.SlaveName),
        state=parse_worker_state(str(worker.Info.SlaveState)),
        is_enabled=bool(worker.Settings.SlaveEnabled),
        pools=parse_memberships(",".join(map(str, worker.Settings.SlavePools))),
        groups=parse_memberships(",".join(map(str, worker.Settings.SlaveGroups))),
    )


def _limit_details(limit: Any) -> LimitDetails:
    is_unlimited = bool(getattr(limit, "UnlimitedLimit", False))
    return LimitDetails(
        name=str(limit.LimitGroupName),
        maximum=None if is_unlimited else int(limit.LimitGroupLimit),
        in_use=int(limit.LimitInUse),
    )
