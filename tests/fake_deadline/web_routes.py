"""What the Web Service of a fake Deadline answers to each request (submission, section 6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .commands_farm import limits_of, workers_of
from .intake import DeadlineError
from .jobs import CHANGES
from .operations import FakeDeadline
from .reports import reports_of
from .web_objects import ENTRIES, job_object, report_object, task_object, tasks_object, worker_object

JsonData = dict[str, Any] | list[Any] | str | int


@dataclass(frozen=True)
class Behaviour:
    """How it decides what is undocumented of the real one."""

    user: str = "webservice"
    """The account that it runs under, which owns jobs without a UserName."""
    job_id_form: str = "object"
    """The answer to a submission with IdOnly: an object with ``_id``, the whole job (job), or quoted text (text)."""
    unknown_job: str = "left out"
    """An unknown job among several: left out, or an error."""
    deleted_words: str = "Success"
    """The answer to a deletion."""
    tasks_form: str = "object"
    """The tasks of a job: an object that has them, or a list."""
    report_form: str = "list"
    """The text of a report: in a list, quoted (text), or as it is (plain)."""
    number_form: str = "number"
    """Single numbers as they are, or as quoted text (text)."""
    lacks: tuple[str, ...] = ()
    """Paths that it lacks, as an older one does."""


@dataclass(frozen=True)
class Request:
    """A request, its query taken apart."""

    method: str
    path: str
    query: Mapping[str, str]
    body: str

    @property
    def data(self) -> Mapping[str, Any]:
        """The JSON object in the body; empty without a body."""
        try:
            data = json.loads(self.body)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def command(self) -> str:
        """The command that it names."""
        return str(self.data.get("Command", ""))

    @property
    def operation(self) -> str:
        """The operation of ``FakeDeadline`` that it calls, by which faults are set."""
        if self.method == "PUT":
            return self.command
        return {"POST": "submit", "DELETE": "delete"}.get(self.method, "read")

    def is_true(self, name: str) -> bool:
        """Whether the query sets it to true."""
        return self.query.get(name, "").lower() == "true"

    def ids(self, name: str = "JobID") -> list[str]:
        """The comma list in the query."""
        return [item for item in self.query.get(name, "").split(",") if item]


@dataclass(frozen=True)
class Reply:
    """What is answered: data as JSON, or words as plain text."""

    status: int
    body: bytes | str
    is_json: bool = False


def reply(deadline: FakeDeadline, request: Request, behaviour: Behaviour) -> Reply:
    """What the Web Service answers."""
    routes = {**_ROUTES, **{("GET", path): _repository for path in _FACTS}}
    known = {path for _, path in routes} - set(behaviour.lacks)
    if request.path not in known:
        return Reply(404, f"There is nothing at {request.path}")
    route = routes.get((request.method, request.path))
    if route is None:
        return Reply(501, f"{request.method} is not implemented for {request.path}")
    try:
        return route(deadline, request, behaviour)
    except DeadlineError as error:
        return Reply(500, str(error))


def _json(data: JsonData) -> Reply:
    return Reply(200, json.dumps(data), is_json=True)


def _get_jobs(deadline: FakeDeadline, request: Request, behaviour: Behaviour) -> Reply:
    wanted = request.ids() or None
    jobs = deadline.jobs(wanted, is_deleted=request.is_true("Deleted"))
    if wanted and len(jobs) < len(set(wanted)) and behaviour.unknown_job == "error":
        missing = next(job_id for job_id in wanted if job_id not in {job.job_id for job in jobs})
        return Reply(500, f"The job {missing} does not exist")
    states = [state.lower() for state in request.ids("States")]
    jobs = [job for job in jobs if not states or job.status.value.lower() in states]
    return _json([job.job_id if request.is_true("IdOnly") else job_object(job) for job in jobs])


def _post_jobs(deadline: FakeDeadline, request: Request, behaviour: Behaviour) -> Reply:
    data = request.data
    for key in ("JobInfo", "PluginInfo", "AuxFiles"):
        if key not in data:
            return Reply(400, f"The message body has no {key}")
    job_info = {"UserName": behaviour.user, "MachineName": behaviour.user, **data["JobInfo"]}
    created = deadline.submit(job_info, data["PluginInfo"], auxiliary_files=data["AuxFiles"])
    if behaviour.job_id_form == "text":
        return _json(created.job_id)
    if behaviour.job_id_form == "job" or not data.get("IdOnly"):
        return _json(job_object(deadline.job(created.job_id)))
    return _json({"_id": created.job_id})


def _put_jobs(deadline: FakeDeadline, request: Request, _: Behaviour) -> Reply:
    data, command = request.data, request.command
    job_id = str(data.get("JobID", ""))
    if command == "save":
        return _save_job(deadline, data.get("Job"))
    if not command or not job_id:
        return Reply(400, "The message body has no Command or no JobID")
    if command in CHANGES:
        deadline.change(command, job_id)
    elif command == "undelete":
        deadline.undelete(job_id)
    elif command == "appendjobframerange":
        deadline.append_frames(job_id, str(data.get("FrameList", "")))
    elif command == "setjobframerange":
        deadline.set_frames(job_id, str(data.get("FrameList", "")), int(data.get("ChunkSize", 1)))
    else:
        return Reply(500, f"{command} is no valid command")
    return Reply(200, "Success")


def _save_job(deadline: FakeDeadline, given: Any) -> Reply:
    """Takes the whole job object (submission, section 6.2); what is not imitated cannot be changed."""
    if not isinstance(given, dict) or not isinstance(given.get("Props"), dict):
        return Reply(400, "The message body has no Job")
    job = deadline.job(str(given.get("_id", "")))
    now = job_object(job)
    if {**given, "Props": None} != {**now, "Props": None} or given["Props"].keys() != now["Props"].keys():
        return Reply(500, "Only properties of a job can be saved")
    changed = {name: value for name, value in given["Props"].items() if value != now["Props"][name]}
    unknown = [name for name, value in changed.items() if type(value) is not type(now["Props"][name])]
    unknown += [name for name in changed if name not in ENTRIES]
    if unknown:
        return Reply(500, f"{unknown[0]} cannot be saved")
    deadline.set_job_info(job.job_id, {ENTRIES[name][0]: ENTRIES[name][1](value) for name, value in changed.items()})
    return Reply(200, "Success")


def _delete_jobs(deadline: FakeDeadline, request: Request, behaviour: Behaviour) -> Reply:
    ids = request.ids()
    if not ids:
        return Reply(400, "The request has no JobID")
    if request.is_true("Purge"):
        problems = deadline.change_all("purge", ids)
        if problems:
            return Reply(500, problems[0])
    else:
        deadline.delete(request.query["JobID"])  # A list is documented for purging alone.
    return Reply(200, behaviour.deleted_words)


def _get_tasks(deadline: FakeDeadline, request: Request, behaviour: Behaviour) -> Reply:
    job_id, number = request.query.get("JobID", ""), request.query.get("TaskID")
    if not job_id:
        return Reply(400, "The request has no JobID")
    tasks = deadline.tasks(job_id)
    if request.is_true("IdOnly"):
        return _json([task.task_id for task in tasks])
    if number is not None:
        return _json([task_object(task) for task in tasks if str(task.task_id) == number])
    if behaviour.tasks_form == "list":
        return _json([task_object(task) for task in tasks])
    return _json(tasks_object(job_id, tasks))


def _get_reports(deadline: FakeDeadline, request: Request, behaviour: Behaviour) -> Reply:
    job_id, task_id, report_id = (request.query.get(name, "") for name in ("JobID", "TaskID", "ReportID"))
    kind = request.query.get("Data", "all")
    if not job_id or (request.path == "/api/taskreports" and not task_id.isdigit()):
        return Reply(400, "The request has no JobID or no TaskID")
    reports = reports_of(deadline, job_id, int(task_id) if task_id else None)
    if kind in ("errorcontents", "logcontents"):
        texts = [report.text for report in reports if report.report_id == report_id]
        if behaviour.report_form == "plain":
            return Reply(200, texts[0])
        return _json(texts if behaviour.report_form == "list" else texts[0])
    if kind != "all":
        return Reply(400, f"{kind} is no valid Data")
    return _json([report_object(report) for report in reports]) if reports else Reply(200, "There are no reports")


def _get_workers(deadline: FakeDeadline, request: Request, _: Behaviour) -> Reply:
    workers = workers_of(deadline)
    if request.is_true("NamesOnly"):
        return _json([worker["name"] for worker in workers])
    return _json([worker_object(worker) for worker in workers])


def _get_limits(deadline: FakeDeadline, request: Request, _: Behaviour) -> Reply:
    limits = limits_of(deadline)
    if request.is_true("NamesOnly"):
        return _json([name for name, _, _ in limits])
    return _json([{"Name": name, "Limit": maximum, "InUse": in_use, "Props": {}} for name, maximum, in_use in limits])


def _put_tasks(deadline: FakeDeadline, request: Request, _: Behaviour) -> Reply:
    data, command = request.data, request.command
    if not command or not data.get("JobID"):
        return Reply(400, "The message body has no Command or no JobID")
    if command not in CHANGES:
        return Reply(500, f"{command} is no valid command")
    listed: Any | None = data.get("TaskList")
    task_ids = [listed] if isinstance(listed, int) else listed
    deadline.change(command, str(data["JobID"]), task_ids=task_ids)
    return Reply(200, "Success")


def _repository(deadline: FakeDeadline, request: Request, behaviour: Behaviour) -> Reply:
    value = _FACTS[request.path](deadline)
    return _json(str(value) if isinstance(value, int) and behaviour.number_form == "text" else value)


def _get_repository(deadline: FakeDeadline, request: Request, _: Behaviour) -> Reply:
    if "Version" in request.query:
        return _json(deadline.settings.build)
    folder = request.query.get("Directory")
    if folder is None:
        return Reply(400, "Must provide a Directory or an Auxiliary Path to find.")
    if folder != "root":
        return Reply(404, "Requested Directory could not be found.")
    return _json(str(deadline.root))


_FACTS: Mapping[str, Callable[[FakeDeadline], JsonData]] = {
    "/api/pools": lambda deadline: list(deadline.settings.pools),
    "/api/groups": lambda deadline: list(deadline.settings.groups),
    "/api/plugins": lambda deadline: list(deadline.plugins),
    "/api/maximumpriority": lambda deadline: deadline.settings.maximum_priority,
    "/api/jobtasklimit": lambda deadline: deadline.settings.task_limit,
}
_ROUTES: Mapping[tuple[str, str], Callable[[FakeDeadline, Request, Behaviour], Reply]] = {
    ("GET", "/api/jobs"): _get_jobs,
    ("POST", "/api/jobs"): _post_jobs,
    ("PUT", "/api/jobs"): _put_jobs,
    ("DELETE", "/api/jobs"): _delete_jobs,
    ("GET", "/api/tasks"): _get_tasks,
    ("PUT", "/api/tasks"): _put_tasks,
    ("GET", "/api/jobreports"): _get_reports,
    ("GET", "/api/taskreports"): _get_reports,
    ("GET", "/api/slaves"): _get_workers,
    ("GET", "/api/limitgroups"): _get_limits,
    ("GET", "/api/repository"): _get_repository,
}
