"""Parsers of the Web Service's answers; they raise an ``AnswerError`` for an answer of another form than they expect.

Job objects: submission, section 6.3. Task objects, as recorded of a 10.1 service in the README of
thevfxcoop/go-deadline-api on GitHub: ``JobID``, ``TaskID``, ``Frames`` ("21-21"), ``Slave``, ``Stat`` (a number),
``Prog`` ("0 %"), ``Errs``, and dates and loads. The answer of ``/api/tasks`` is an object that has the frame tasks in
``Tasks``, beside ``PreTask`` and ``PostTask``; that client's ``pkg/client/task.go`` and several others read it so.

Job objects are never asked for with ``Details=true``, which gives the same in words. A value of another type than was
recorded counts as missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from ...core.text import is_one_line
from ..client import (
    COMPLETED,
    FAILED,
    PENDING,
    SUSPENDED,
    TASK_STATES,
    UNKNOWN,
    JobDetails,
    LimitDetails,
    TaskDetails,
    WorkerDetails,
)
from ..command_output import parse_memberships, parse_percent
from ..reports import Report

_JOB_ID = re.compile(r"[0-9a-fA-F]{24}")
# Deadline's numbers: submission, section 5.1.
_STATES_OF_JOBS = {0: UNKNOWN, 1: "Active", 2: SUSPENDED, 3: COMPLETED, 4: FAILED, 6: PENDING}
_STATES_OF_TASKS = {1: UNKNOWN, 2: "Queued", 3: SUSPENDED, 4: "Rendering", 5: COMPLETED, 6: FAILED, 8: PENDING}
_STATES_OF_WORKERS = {1: "Rendering", 2: "Idle", 3: "Offline", 4: "Stalled", 8: "StartingJob", 9: "HouseCleaning"}
_ERROR_REPORT = 1  # Beside logs (0) and requeues (2).
_REQUEUE_REPORT = 2


class AnswerError(ValueError):
    """An answer that is not of the expected form."""


def is_job_id(value: Any) -> bool:
    """Whether it is text of 24 hexadecimal digits."""
    return isinstance(value, str) and _JOB_ID.fullmatch(value) is not None


def parse_job_id(text: str) -> str | None:
    r"""The ID in the answer to a submission, which is an object with ``_id``, or the ID alone; None without one.

    >>> parse_job_id('{"_id":"69789945325386F947e7240b"}')
    '69789945325386f947e7240b'
    >>> parse_job_id('"69789945325386f947e7240b"\n')
    '69789945325386f947e7240b'
    """
    value = _json_or_words(text)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("_id")
    return value.lower() if isinstance(value, str) and is_job_id(value) else None


def parse_job_ids(text: str) -> list[str]:
    """The IDs in a list of them."""
    value = parse_json(text)
    if isinstance(value, list):
        value = [item.get("_id") if isinstance(item, dict) else item for item in value]
    if not isinstance(value, list) or not all(map(is_job_id, value)):
        raise AnswerError("a list of job IDs was expected")
    return [item.lower() for item in value]


def parse_jobs(text: str) -> list[JobDetails]:
    """The jobs in a list of them; also of one alone."""
    return [_job(item) for item in _jobs(text)]


def parse_job_objects(text: str) -> list[dict[str, Any]]:
    """The jobs as the service has them, each with its properties."""
    found = _jobs(text)
    if not all(isinstance(item, dict) and isinstance(item.get("Props"), dict) for item in found):
        raise AnswerError("jobs with properties were expected")
    return found


def parse_tasks(text: str) -> tuple[TaskDetails, ...]:
    """The frame tasks of a job, by number."""
    value = parse_json(text)
    items = _list_of("tasks", value.get("Tasks") if isinstance(value, dict) else value)
    return tuple(sorted(map(_task, items), key=lambda task: task.task_id))


def parse_reports(text: str) -> tuple[Report, ...]:
    """The reports in a list of them, without requeues; none in words, which say that there are none."""
    value = _json_or_words(text)
    if isinstance(value, str):
        return ()
    items = _list_of("reports", value)
    reports = [_report(item) for item in items if isinstance(item, dict) and item.get("Type") != _REQUEUE_REPORT]
    return tuple(sorted(reports, key=lambda report: report.written))


def parse_report_text(text: str) -> str:
    """The text of a report, quoted or not, alone or in a list."""
    try:
        value = parse_json(text)
    except AnswerError:
        return text
    return "\n".join(map(str, value)) if isinstance(value, list) else str(value)


def parse_workers(text: str) -> tuple[WorkerDetails, ...]:
    """The workers in a list of objects with ``Info`` and ``Settings``."""
    return tuple(_worker(item) for item in _list_of("workers", parse_json(text)) if isinstance(item, dict))


def parse_limits(text: str) -> tuple[LimitDetails, ...]:
    """The limits in a list of them."""
    found = _list_of("limits", parse_json(text))
    items = [{**_dictionary(item.get("Props")), **item} for item in found if isinstance(item, dict)]
    names = [_text(item.get("Name")) or _text(item.get("_id")) for item in items]
    return tuple(
        LimitDetails(name, maximum=_whole(item.get("Limit")), in_use=_whole(item.get("InUse")))
        for name, item in zip(names, items)
        if name
    )


def parse_names(text: str) -> tuple[str, ...]:
    """The names in a list of them."""
    value = parse_json(text)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise AnswerError("a list of names was expected")
    return tuple(value)


def parse_number(text: str) -> int:
    """The whole number, quoted or not."""
    try:
        return int(text.strip().strip('"'))
    except ValueError as error:
        raise AnswerError("a number was expected") from error


def parse_text(text: str) -> str:
    """The line of text, quoted or not."""
    value = _json_or_words(text)
    if not isinstance(value, str) or not value or not is_one_line(value):
        raise AnswerError("a line of text was expected")
    return value


def parse_folder(text: str) -> str:
    """The path of a folder, quoted or not; that a folder is not set, the service says in words."""
    value = parse_text(text)
    if "/" not in value and "\\" not in value:
        raise AnswerError("a folder was expected")
    return value


def is_success(text: str) -> bool:
    """Whether a command was done: the service says ``Success`` then (submission, section 6.2)."""
    return text.strip().strip('"').lower().startswith("success")


def parse_json(text: str) -> Any:
    """What the JSON holds."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError("JSON was expected") from error


def _json_or_words(text: str) -> Any:
    """What the JSON holds; of other answers, which are words, these."""
    try:
        return parse_json(text)
    except AnswerError:
        return text.strip()


def _list_of(what: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise AnswerError(f"a list of {what} was expected")
    return value


def _jobs(text: str) -> list[Any]:
    """The jobs in a list of them; also one alone."""
    value = parse_json(text)
    items = _list_of("jobs", [value] if isinstance(value, dict) and "_id" in value else value)
    return [item for item in items if item is not None]


def _job(item: Any) -> JobDetails:
    if not isinstance(item, dict) or not is_job_id(item.get("_id")):
        raise AnswerError("a job without an ID")
    properties = _dictionary(item.get("Props"))
    counts = {state: _whole(item.get(f"{state}Chunks")) for state in TASK_STATES}
    return JobDetails(
        job_id=item["_id"].lower(),
        status=_job_status(item.get("Stat"), rendering=counts["Rendering"]),
        name=_text(properties.get("Name")),
        batch_name=_text(properties.get("Batch")),
        plugin=_text(item.get("Plug")),
        frames=_text(properties.get("Frames")),
        chunk_size=_whole(properties.get("Chunk")),
        task_count=_whole(properties.get("Tasks")),
        dependencies=_dependencies(properties.get("Dep")),
        frame_dependent=properties["DepFrame"] if isinstance(properties.get("DepFrame"), bool) else None,
        tasks={state: count for state, count in counts.items() if count},
        pool=_text(properties.get("Pool")),
        group=_text(properties.get("Grp")),
        limits=_names(properties.get("Limits")),
    )


def _job_status(value: Any, *, rendering: int | None) -> str:
    """The state in Deadline's words; an active job is Rendering or Queued, as in Deadline's own programs."""
    state = _state(value, _STATES_OF_JOBS)
    if state != "Active" or rendering is None:
        return state
    return "Rendering" if rendering else "Queued"


def _state(value: Any, states: dict[int, str]) -> str:
    return states.get(value, UNKNOWN) if type(value) is int else UNKNOWN


def _dependencies(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    items: Sequence[Any] = [item.get("JobID") if isinstance(item, dict) else item for item in value]
    return tuple(item.lower() for item in items) if all(map(is_job_id, items)) else None


def _task(item: Any) -> TaskDetails:
    number = _whole(item.get("TaskID")) if isinstance(item, dict) else None
    if number is None:
        raise AnswerError("a task without a number")
    return TaskDetails(
        task_id=number,
        frames=_text(item.get("Frames")) or "",
        status=_state(item.get("Stat"), _STATES_OF_TASKS),
        progress=parse_percent(item.get("Prog")),
        worker=_text(item.get("Slave")) or "",
        errors=_whole(item.get("Errs")),
    )


def _report(item: dict[str, Any]) -> Report:
    is_error = item.get("Type") == _ERROR_REPORT
    return Report(
        report_id=_text(item.get("_id")) or "",
        is_error=is_error,
        task_id=_whole(item.get("Task")),
        frames=_text(item.get("Frames")) or "",
        worker=_text(item.get("Slave")) or "",
        written=_text(item.get("Date")) or "",
        title=(_text(item.get("Title")) or "") if is_error else "",
    )


def _worker(item: dict[str, Any]) -> WorkerDetails:
    info, settings = _dictionary(item.get("Info")), _dictionary(item.get("Settings"))
    return WorkerDetails(
        name=_text(info.get("Name")) or _text(settings.get("Name")) or "",
        state=_state(info.get("Stat"), _STATES_OF_WORKERS),
        is_enabled=settings["Enable"] if isinstance(settings.get("Enable"), bool) else None,
        pools=parse_memberships(_text(info.get("Pools"))),
        groups=parse_memberships(_text(info.get("Grps"))),
    )


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(value: Any) -> tuple[str, ...] | None:
    return tuple(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
