"""Parsers of what ``deadlinecommand`` prints (submission, sections 2.4 and 2.5).

Other lines may stand before and between. Not every key is certain, so all forms that were seen are accepted.
Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import re
from typing import Iterable, Mapping, Sequence

from ..bundle.job_files import SUBMISSION_KEY
from .client import TASK_STATES, UNKNOWN, Created, JobDetails, LimitDetails, RefusedError, TaskDetails, WorkerDetails

_JOB_ID = re.compile(r"JobID=([0-9a-fA-F]{24})")
_ANY_ID = re.compile(r"[0-9a-f]{24}")
_ERRORS = ("Error:", "Submission Error:", "Bad submission arguments")
_BLANKS = " \t\r\ufeff"
_WARNINGS_FOLLOW = "but there were some warnings:"


def parse_job_id(output: str) -> str | None:
    """The ID of the job that a submission made; None without one, or with several.

    Only a line that is nothing but an ID counts.
    """
    found = _submitted(output)
    return found[0] if len(found) == 1 else None


def _submitted(output: str) -> list[str]:
    matches = filter(None, map(_JOB_ID.fullmatch, parse_lines(output)))
    return list(dict.fromkeys(match[1].lower() for match in matches))


def parse_submission(output: str, *, exit_code: int | None = None) -> Created:
    """The job that a submission made; ``exit_code`` is None if only the output is known.

    Raises:
        RefusedError: It made none, or that is uncertain.
    """
    job_ids = _submitted(output)
    lines = parse_lines(output)
    last = lines[-1] if lines else ""
    if exit_code not in (None, 0) or last.startswith(_ERRORS) or not job_ids:
        said = last or "deadlinecommand printed nothing"
        code = "" if exit_code is None else f" with exit code {exit_code}"
        # An error is clear; silence, or a success without an ID, is not.
        is_uncertain = len(job_ids) > 1 or not (job_ids or any(line.startswith(_ERRORS) for line in lines))
        raise RefusedError(
            f"Deadline refused the job{code}: {said}", job_id=parse_job_id(output), is_uncertain=is_uncertain
        )
    starts = [index for index, line in enumerate(lines) if line.endswith(_WARNINGS_FOLLOW)]
    return Created(job_ids[0], lines[starts[0] + 1 :] if starts else (), others=tuple(job_ids[1:]))


def parse_job_ids(output: str) -> list[str]:
    """The job IDs in a list with one per line."""
    return [line.lower() for line in parse_lines(output) if _ANY_ID.fullmatch(line.lower())]


def parse_error(output: str) -> str | None:
    """The error that was printed, if one was."""
    return next((line for line in reversed(parse_lines(output)) if line.startswith(_ERRORS)), None)


def parse_jobs(output: str, *, job_ids: Sequence[str]) -> dict[str, JobDetails]:
    r"""What ``GetJob`` printed, by job ID: below a ``[job id]`` header, below a line with the ID, or of the only job.

    >>> jobs = parse_jobs("[a1]\nJobStatus=Queued\n[b2]\nStatus=Rendering (3)\n", job_ids=["a1", "b2"])
    >>> jobs["b2"].status
    'Rendering'
    """
    return {job_id: _job(job_id, values) for job_id, values in parse_sections(output, job_ids=job_ids).items()}


def parse_sections(output: str, *, job_ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The lines of each job as lower-case keys and values; jobs without lines that are certainly theirs are left out.

    A job's lines stand below a ``[job id]`` header, or between blank lines together with one that has its ID. If only
    one job was asked for, neither is needed.
    """
    wanted = {job_id.lower(): job_id for job_id in job_ids}
    lines = [line.strip(_BLANKS) for line in output.splitlines()]
    has_headers = any(line.startswith("[") and line[1:-1].lower() in wanted for line in lines)
    blocks: list[list[str]] = [[]]
    for line in lines:
        is_header = line.startswith("[") and line.endswith("]")
        if is_header or (not line and not has_headers and len(job_ids) > 1):
            blocks.append([])
        blocks[-1].append(line)
    sections: dict[str, dict[str, str]] = {}
    for block in blocks:
        values = _values(block)
        ids = {wanted[value.lower()] for value in _ids_of(block) if value.lower() in wanted}
        if not ids and len(job_ids) == 1:
            ids = set(job_ids)
        if len(ids) == 1 and values:
            sections.setdefault(ids.pop(), {}).update(values)
    return sections


def _ids_of(block: Sequence[str]) -> list[str]:
    """The ID in the block's header, or else all that its lines give as the job's."""
    if block and block[0].startswith("["):
        return [block[0][1:-1]]
    pairs = [line.partition("=") for line in block]
    return [value.strip() for key, equals, value in pairs if equals and key.strip().lower() in ("id", "_id", "jobid")]


def _values(block: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for line in block:
        key, equals, value = (part.strip() for part in line.partition("="))
        if equals and key:
            values.setdefault(key.lower(), value)
    return values


def parse_tasks(output: str) -> tuple[TaskDetails, ...]:
    """What ``GetJobTasks`` printed: blocks of ``Key=Value`` with a blank line between them."""
    tasks: list[TaskDetails] = []
    block: dict[str, str] = {}
    for line in [*output.splitlines(), ""]:
        key, equals, value = (part.strip() for part in line.partition("="))
        if equals and key.lower() != "taskid":
            block[key.lower()] = value
        elif not line.strip() or equals:
            tasks += _task(block)
            block = {"taskid": value} if equals else {}
    return tuple(sorted(tasks, key=lambda task: task.task_id))


def parse_paths(output: str) -> tuple[str, ...]:
    """The paths in a list with one per line."""
    return tuple(line for line in parse_lines(output) if "/" in line or "\\" in line)


def parse_workers(output: str) -> tuple[WorkerDetails, ...]:
    r"""What ``GetSlave`` printed: blocks of ``Key=Value`` with a blank line between them. No key of them is certain.

    >>> parse_workers("SlaveName=node-1\nSlaveState=Idle\nSlavePools=none,comp\n")[0].pools
    ('comp',)
    """
    workers = []
    for values in _blocks(output):
        name = _first(values, "slavename", "workername", "name")
        if name:
            enabled = _first(values, "slaveenabled", "workerenabled", "enabled", "enable")
            workers.append(
                WorkerDetails(
                    name,
                    state=parse_worker_state(
                        _first(values, "slavestate", "workerstate", "slavestatus", "workerstatus", "state", "status")
                    ),
                    is_enabled=None if not enabled else enabled.lower() in ("true", "1"),
                    pools=parse_memberships(_first(values, "slavepools", "workerpools", "pools")),
                    groups=parse_memberships(_first(values, "slavegroups", "workergroups", "groups")),
                )
            )
    return tuple(workers)


def parse_worker_state(text: str | None) -> str:
    """The state of a worker as one word: ``Starting Job`` is StartingJob."""
    return "".join((text or "").split()) or UNKNOWN


def parse_memberships(text: str | None) -> tuple[str, ...] | None:
    """The pools or groups in a list of them, without ``none``."""
    if text is None:
        return None
    return tuple(name for name in re.findall(r"[^\s,;]+", text.lower()) if name != "none")


def parse_limits(output: str) -> tuple[LimitDetails, ...]:
    """What ``GetLimitGroups`` printed: blocks with ``Name=``; the other keys are those of a script's objects."""
    limits = []
    for values in _blocks(output):
        name = _first(values, "name", "limitgroupname", "limitname")
        if name:
            limits.append(
                LimitDetails(
                    name,
                    maximum=_number(_first(values, "limit", "limitgrouplimit", "limitmaximum")),
                    in_use=_number(_first(values, "inuse", "limitinuse")),
                )
            )
    return tuple(limits)


def _blocks(output: str) -> Iterable[Mapping[str, str]]:
    return (_values(block.splitlines()) for block in re.split(r"\n\s*\n", output.replace("\r", "")))


def parse_lines(output: str) -> tuple[str, ...]:
    """The lines with something in them, without blanks around it."""
    return tuple(filter(None, (line.strip(_BLANKS) for line in output.splitlines())))


def _job(job_id: str, values: Mapping[str, str]) -> JobDetails:
    """The details. Which keys GetJob prints is undocumented; these are all names that parts of a job have anywhere."""
    waits = _first(values, "jobdependencies", "jobdependencyids", "dependencies")
    by_frame = _first(values, "isframedependent", "jobisframedependent", "framedependent")
    counts = {
        state: _number(_first(values, f"{state}tasks".lower(), f"job{state}tasks".lower())) for state in TASK_STATES
    }
    return JobDetails(
        job_id=job_id,
        status=parse_status(_first(values, "jobstatus", "status")),
        name=_first(values, "name", "jobname"),
        batch_name=parse_batch(values),
        plugin=_first(values, "plugin", "jobplugin"),
        frames=_first(values, "frames", "jobframes", "framelist") or None,
        chunk_size=_number(_first(values, "chunksize", "framespertask", "jobframespertask", "chunk")),
        task_count=_number(_first(values, "taskcount", "jobtaskcount", "tasks")),
        dependencies=None if waits is None else tuple(_ANY_ID.findall(waits.lower())),
        frame_dependent=None if not by_frame else by_frame.lower() in ("true", "1"),
        tasks={state: count for state, count in counts.items() if count},
        errors=_number(
            _first(values, "joberrorreports", "errorreports", "joberrorcount", "errorcount", "joberrors", "errors")
        ),
        pool=_first(values, "pool", "jobpool"),
        group=_first(values, "group", "jobgroup"),
        limits=_listed(_first(values, "limitgroups", "joblimitgroups", "limits")),
    )


def parse_batch(values: Mapping[str, str]) -> str | None:
    """The batch of a job; if none is told, the submission that it names, whose jobs have its name as batch."""
    batches = {values[key] for key in ("batchname", "jobbatchname", "batch") if key in values}
    if batches:
        return batches.pop() if len(batches) == 1 else ""
    marks = [value.partition("=")[2] for value in values.values() if value.startswith(f"{SUBMISSION_KEY}=")]
    return _first(values, SUBMISSION_KEY.lower()) or (marks[0] if marks else None)


def parse_status(text: str | None) -> str:
    """One word: ``Rendering (3)`` is Rendering."""
    return text.split()[0].capitalize() if text and text.split() else UNKNOWN


def parse_percent(value: object) -> float | None:
    """A progress as a number: of 40, ``40``, ``40 %`` and ``40,5%``; None where there is none."""
    found = re.match(r"\s*(\d+)([.,]\d+)?", str(value))
    return float(found[1] + (found[2] or "").replace(",", ".")) if found else None


def _task(block: Mapping[str, str]) -> Iterable[TaskDetails]:
    number = _number(_first(block, "taskid", "id"))
    if number is None:
        return
    yield TaskDetails(
        task_id=number,
        frames=_first(block, "taskframestring", "taskframes", "frames", "taskframelist") or "",
        status=parse_status(_first(block, "taskstatus", "status")),
        progress=parse_percent(_first(block, "taskprogress", "progress")),
        worker=_first(block, "taskslavename", "slavename", "taskworkername", "workername") or "",
        errors=_number(_first(block, "taskerrorcount", "errorcount", "errors")),
    )


def _first(values: Mapping[str, str], *keys: str) -> str | None:
    return next((values[key] for key in keys if key in values), None)


def _listed(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(filter(None, (item.strip() for item in text.split(","))))


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"\d+", text) else None
