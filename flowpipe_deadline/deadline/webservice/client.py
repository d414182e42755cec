"""Deadline over its Web Service."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from ...bundle.job_files import PLUGIN_NAME, read_entries
from ...core.files import RecordError
from ...core.names import is_same_batch
from ..client import (
    COMPLETED,
    FAILED,
    PENDING,
    SUSPENDED,
    Created,
    DeadlineClient,
    FarmDetails,
    JobDetails,
    RefusedError,
    RepositoryInfo,
    SubmissionError,
    TaskDetails,
    bundles_of,
    refuse_unknown,
    unknown_job,
)
from ..properties import PROPERTIES, entry_text, entry_value
from ..reports import Report
from . import answers
from .http import PAUSES, HttpClient, WebServiceError, quoted
from .settings import WebServiceSettings

_MOST_IDS = 239  # Of 24 digits and a comma in a path of 6000 characters: web servers and proxies take 8000 at most.
_DAY = 24 * 60 * 60
_Value = TypeVar("_Value")

# Whether a command has done what it is for, seen from the job; None is a job that Deadline does not know.
_IS_DONE: Mapping[str, Callable[[JobDetails | None], bool]] = {
    "resume": lambda job: job is not None and job.status != SUSPENDED,
    "pend": lambda job: job is not None and job.status == PENDING,
    "suspend": lambda job: job is not None and job.status == SUSPENDED,
    "delete": lambda job: job is None,
    "requeue": lambda job: job is not None and bool(job.tasks) and not job.tasks.keys() & {COMPLETED, "Rendering"},
    "resumefailed": lambda job: job is not None and job.status != FAILED and FAILED not in job.tasks,
    "complete": lambda job: job is not None and job.status == COMPLETED,
}
# The states of tasks for which a command has done what it is for.
_TASKS_ARE: Mapping[str, frozenset[str]] = {
    "requeue": frozenset(("Queued", PENDING)),
    "resumefailed": frozenset(("Queued", PENDING, "Rendering", COMPLETED)),
    "complete": frozenset((COMPLETED,)),
    "suspend": frozenset((SUSPENDED,)),
    "resume": frozenset(("Queued", PENDING, "Rendering", COMPLETED)),
    "fail": frozenset((FAILED,)),
}
# A dependency of a job object (submission, sections 4.1 and 6.3).
_DEPENDENCY: Mapping[str, Any] = {
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


class WebServiceClient(DeadlineClient):
    """Deadline, asked through its Web Service.

    What is repeated, a few times with growing pauses: questions, as they change nothing; a job's submission only if no
    connection came about, as it would be submitted twice else. Where the answer to a command is lost, or is not
    *Success*, the job is read first, and the command is repeated only if the job is not as it should be: given twice, a
    command would be an error, or undo what a person did. Each command is for one job: lists are not documented.
    """

    def __init__(
        self, settings: WebServiceSettings, *, user: str, machine: str, pauses: Sequence[float] = PAUSES
    ) -> None:
        """``user`` and ``machine`` are written into jobs that name none; the Web Service would name its own account.

        Raises:
            UsageError: A certificate of the settings cannot be used.
        """
        self._http = HttpClient(settings, pauses=pauses)
        self._submitter = {"UserName": user, "MachineName": machine}
        self._made: dict[str, list[str]] = {}
        """The jobs that were submitted, by batch name: others of their batch are as recent."""

    def submit(self, job_file: str, plugin_file: str) -> Created:
        """The job that Deadline makes of these two files.

        Raises:
            RefusedError: It makes none, or that is uncertain. It may have made one if the answer got lost after the job
                was sent, is a server's error (5xx; not 501, which stands for a request that it does not have), or names
                no job ID.
        """
        try:
            job_info, plugin_info = read_entries(Path(job_file)), read_entries(Path(plugin_file))
        except RecordError as error:
            raise RefusedError(str(error)) from error
        given = {key.lower() for key in job_info}
        job_info.update({key: value for key, value in self._submitter.items() if key.lower() not in given})
        job = {"JobInfo": job_info, "PluginInfo": plugin_info, "AuxFiles": [], "IdOnly": True}
        try:
            answer = self._http.request("POST", "/api/jobs", json.dumps(job).encode("ascii"))
        except WebServiceError as error:
            raise RefusedError(str(error), is_uncertain=error.may_be_done, may_come=error.may_be_done) from error
        job_id = answers.parse_job_id(answer)
        if job_id is None:
            message = f"the Web Service gave no ID for the job, but answered: {self._quoted(answer)}"
            raise RefusedError(message, is_uncertain=True)
        self._made.setdefault(job_info.get("BatchName", ""), []).append(job_id)
        return Created(job_id)

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more)."""
        wanted = {_checked_id(job_id): job_id for job_id in job_ids}
        return {wanted[job.job_id]: job for job in self._known_jobs(list(wanted)) if job.job_id in wanted}

    def list_jobs(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Deadline lists: not the deleted ones."""
        wanted = {_checked_id(job_id): job_id for job_id in job_ids}
        return {wanted[job_id] for job_id in self._all_ids() if job_id in wanted}

    def read_tasks(self, job_id: str) -> tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""
        return self._ask(f"/api/tasks?JobID={_checked_id(job_id)}", answers.parse_tasks)

    def read_reports(self, job_id: str, task_id: int | None = None) -> tuple[Report, ...]:
        """What Deadline keeps of each attempt at the job's tasks, or at one, the earliest first."""
        kind = "jobreports" if task_id is None else "taskreports"
        task = "" if task_id is None else f"&TaskID={task_id}"
        return self._ask(f"/api/{kind}?JobID={_checked_id(job_id)}{task}&Data=all", answers.parse_reports)

    def read_report_log(self, job_id: str, report: Report) -> Iterator[bytes]:
        """The log in one of the job's reports."""
        kind = "errorcontents" if report.is_error else "logcontents"
        path = f"/api/jobreports?JobID={_checked_id(job_id)}&ReportID={quote(report.report_id)}&Data={kind}"
        return iter([self._ask(path, answers.parse_report_text).encode("utf-8", "replace")])

    def read_farm(self, *, pools: Sequence[str] = (), groups: Sequence[str] = ()) -> FarmDetails:  # noqa: ARG002
        """What is known of all workers and limits, by two questions."""
        return FarmDetails(
            workers=self._told("/api/slaves?Data=infosettings", answers.parse_workers),
            limits=self._told("/api/limitgroups", answers.parse_limits),
        )

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> list[str]:
        """The IDs of all jobs of that batch; ``known`` are some that must be among them.

        Deadline cannot be asked for a batch. All IDs are listed, which is cheap, and the jobs are read that may be of
        it: not the known ones, nor those that are older by more than a day than the known ones and than what was
        submitted here. IDs show that; if they do not, all jobs are read.
        """
        mine = set(map(_checked_id, known))
        listed = self._all_ids()
        others = [job_id for job_id in listed if job_id not in mine]
        others = _not_older(others, than=[*mine, *self._made.get(batch_name, ())])
        is_most = len(others) > len(listed) // 2
        jobs = self._ask("/api/jobs", answers.parse_jobs) if is_most else self._known_jobs(others)
        found = {job.job_id for job in jobs if is_same_batch(job.batch_name, batch_name)}
        return [job_id for job_id in listed if job_id in mine or job_id in found]

    def change(self, command: str, job_ids: Sequence[str]) -> None:
        """Gives a command for each job, up to the first that fails.

        As many jobs as possible are suspended or deleted, also after one that fails, unless there is no answer at all;
        the error names those that failed. A job that Deadline does not know is deleted already.
        """
        failed: list[str] = []
        first: WebServiceError | None = None
        for job_id in map(_checked_id, job_ids):
            try:
                if first is not None and first.status is None:
                    raise first
                self._do_until_done(partial(self._give, command, job_id), partial(self._is_done, command, job_id))
            except WebServiceError as error:
                failed.append(job_id)
                first = first or error
                if command not in ("suspend", "delete"):
                    break
        if first is not None:
            raise SubmissionError(f"the command '{command}' failed for job {', '.join(failed)}: {first}") from first

    def change_tasks(self, command: str, job_id: str, task_ids: Sequence[int]) -> None:
        """Gives the command for the tasks, all in one request."""
        if not task_ids:
            return
        body = {"Command": command, "JobID": _checked_id(job_id), "TaskList": list(task_ids)}

        def is_done() -> bool:
            states = {task.status for task in self.read_tasks(job_id) if task.task_id in set(task_ids)}
            return states <= _TASKS_ARE[command]

        try:
            self._do_until_done(lambda: self._put("/api/tasks", body), is_done)
        except WebServiceError as error:
            raise SubmissionError(f"the command '{command}' failed for tasks of job {job_id}: {error}") from error

    def read_plugin_info(self, job_id: str) -> dict[str, str]:
        """The plugin info of a job, all of it."""
        return _plugin_info(self._job_object(job_id))

    def find_bundle_jobs(self) -> dict[str, tuple[str, str]]:
        """The bundle and the node of every listed job of our plugin."""
        jobs = self._ask("/api/jobs", answers.parse_job_objects)
        return bundles_of(
            {str(job["_id"]).lower(): _plugin_info(job) for job in jobs if job.get("Plug") == PLUGIN_NAME}
        )

    def set_dependencies(self, job_id: str, upstream_ids: Sequence[str]) -> None:
        """Makes a job depend on these jobs alone; the whole job is read and saved (submission, section 6.2)."""
        job = self._job_object(job_id)
        self._save(job, _with_dependencies(job["Props"], [_checked_id(upstream) for upstream in upstream_ids]))

    def read_entries(self, job_id: str, keys: Sequence[str]) -> dict[str, str | None]:
        """Entries of the job info, by the properties of the job that hold them."""
        properties = self._job_object(job_id)["Props"]
        return {key: _read_entry(properties, key) for key in keys}

    def set_entries(self, job_id: str, entries: Mapping[str, str]) -> None:
        """Sets entries of a job's info; the whole job is read and saved (submission, section 6.2)."""
        job = self._job_object(job_id)
        self._save(job, _with_entries(job["Props"], entries))

    def read_repository(self) -> RepositoryInfo:
        """What is known of the repository, by eight questions over one connection; None where one is not answered.

        Raises:
            SubmissionError: Deadline cannot be asked, or answers none of them.
        """
        failures: list[WebServiceError] = []

        def value(path: str, parse: Callable[[str], _Value]) -> _Value | None:
            return self._told(path, parse, failures)

        details = RepositoryInfo(
            version=value("/api/repository?Version=", answers.parse_text),
            root=value("/api/repository?Directory=root", answers.parse_folder),
            pools=value("/api/pools", answers.parse_names),
            groups=value("/api/groups", answers.parse_names),
            limits=value("/api/limitgroups?NamesOnly=true", answers.parse_names),
            plugins=value("/api/plugins", answers.parse_names),
            maximum_priority=value("/api/maximumpriority", answers.parse_number),
            task_limit=value("/api/jobtasklimit", answers.parse_number),
        )
        if details == RepositoryInfo():
            raise SubmissionError(str(failures[0])) from failures[0]
        return details

    def _ask(self, path: str, parse: Callable[[str], _Value]) -> _Value:
        text = self._http.request("GET", path)
        try:
            return parse(text)
        except answers.AnswerError as error:
            message = f"{self._http.settings} does not answer as Deadline's Web Service to {path[:80]}: {error}, not"
            message = f"{message}: {self._quoted(text)}"
            raise WebServiceError(message, status=200) from error

    def _told(
        self, path: str, parse: Callable[[str], _Value], failures: list[WebServiceError] | None = None
    ) -> _Value | None:
        """The answer, or None if the service has none; ``failures`` gets its error."""
        try:
            return self._ask(path, parse)
        except WebServiceError as error:
            if error.status is None or error.is_denied:
                raise
            if failures is not None:
                failures.append(error)
            return None

    def _quoted(self, answer: str) -> str:
        return quoted(answer, self._http.settings) or "nothing"

    def _all_ids(self) -> list[str]:
        return self._ask("/api/jobs?IdOnly=true", answers.parse_job_ids)

    def _known_jobs(self, job_ids: Sequence[str]) -> list[JobDetails]:
        """Those of the jobs that Deadline knows.

        Whether it leaves out the others or answers with an error is not documented; after an error, only those are
        asked for that it lists.
        """
        try:
            return self._jobs(job_ids)
        except WebServiceError as error:
            if error.status is None or error.is_denied or error.is_temporary:
                raise
            listed = set(self._all_ids())
            known = [job_id for job_id in job_ids if job_id in listed]
            if len(known) == len(job_ids):
                raise
        return self._jobs(known)

    def _jobs(self, job_ids: Sequence[str]) -> list[JobDetails]:
        jobs: list[JobDetails] = []
        for first in range(0, len(job_ids), _MOST_IDS):
            jobs += self._ask("/api/jobs?JobID=" + ",".join(job_ids[first : first + _MOST_IDS]), answers.parse_jobs)
        return jobs

    def _job_object(self, job_id: str) -> dict[str, Any]:
        """The job as the service has it."""
        jobs = self._ask(f"/api/jobs?JobID={_checked_id(job_id)}", answers.parse_job_objects)
        if len(jobs) != 1:
            raise unknown_job(job_id)
        return jobs[0]

    def _save(self, job: dict[str, Any], properties: dict[str, Any]) -> None:
        """Replaces the job's properties. Saving the same twice does no harm."""
        body = {"Command": "save", "Job": {**job, "Props": properties}}
        self._do_until_done(lambda: self._put("/api/jobs", body), lambda: False)

    def _do_until_done(self, do: Callable[[], None], is_done: Callable[[], bool]) -> None:
        for pause in (*self._http.pauses, None):
            try:
                do()
                return
            except WebServiceError as error:
                is_unclear = error.may_be_done or (error.status is not None and not error.is_denied)
                if is_unclear and is_done():
                    return
                if pause is None or not error.is_temporary:
                    raise
                time.sleep(pause)

    def _give(self, command: str, job_id: str) -> None:
        if command == "delete":
            self._check_success(self._http.send("DELETE", f"/api/jobs?JobID={job_id}"))
        else:
            self._put("/api/jobs", {"Command": command, "JobID": job_id})

    def _put(self, path: str, data: Mapping[str, Any]) -> None:
        self._check_success(self._http.send("PUT", path, json.dumps(data).encode("ascii")))

    def _check_success(self, answer: str) -> None:
        if not answers.is_success(answer):
            message = f"the Web Service did not answer Success, but: {self._quoted(answer)}"
            raise WebServiceError(message, status=200, may_be_done=True)

    def _is_done(self, command: str, job_id: str) -> bool:
        try:
            found = self._known_jobs([job_id])
        except SubmissionError:
            return False
        return _IS_DONE[command](found[0] if found else None)


def _checked_id(job_id: str) -> str:
    """The ID in the form that Deadline writes, which goes into a URL."""
    if not answers.is_job_id(job_id):
        raise SubmissionError(f"{job_id!r} is not a job ID of Deadline; those have 24 hexadecimal digits")
    return job_id.lower()


def _plugin_info(job: Mapping[str, Any]) -> dict[str, str]:
    info = job["Props"].get("PlugInfo")
    return {str(key): str(value) for key, value in info.items()} if isinstance(info, dict) else {}


def _not_older(job_ids: Iterable[str], *, than: Iterable[str]) -> list[str]:
    """The jobs that are not older by more than a day than the others, as far as IDs show; else all.

    IDs of MongoDB begin with the second in which they were made. Deadline's look so; if they are something else, they
    do not all say today.
    """
    seconds = [int(job_id[:8], 16) for job_id in than]
    if not seconds or any(abs(time.time() - second) > _DAY for second in seconds):
        return list(job_ids)
    return [job_id for job_id in job_ids if int(job_id[:8], 16) >= min(seconds) - _DAY]


def _read_entry(properties: Mapping[str, Any], key: str) -> str | None:
    """The entry of a job object as text; None where the job does not tell."""
    held = PROPERTIES.get(key)
    value = None if held is None else properties.get(held.webservice)
    return entry_text(value, held.kind) if held is not None and type(value) is held.kind else None


def _with_entries(properties: Mapping[str, Any], entries: Mapping[str, str]) -> dict[str, Any]:
    """The properties with these entries.

    Raises:
        SubmissionError: The job has no property for one.
    """
    known = {key: held for key, held in PROPERTIES.items() if held.webservice in properties}
    refuse_unknown(entries, known)
    return {
        **properties,
        **{known[key].webservice: entry_value(text, known[key].kind) for key, text in entries.items()},
    }


def _with_dependencies(properties: Mapping[str, Any], job_ids: Sequence[str]) -> dict[str, Any]:
    """The properties of a job that depends on these jobs alone; what was set for one of them stays."""
    found: Sequence[Any] = properties.get("Dep") or ()
    there = {str(item.get("JobID")).lower(): item for item in found if isinstance(item, dict)}
    return {**properties, "Dep": [there.get(job_id, {"JobID": job_id, **_DEPENDENCY}) for job_id in job_ids]}
