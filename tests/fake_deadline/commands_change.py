"""Commands that change jobs and tasks (submission, sections 2.5 and 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from .intake import DeadlineError
from .jobs import CHANGES
from .session import Command, Commands, Session, failure_code, listed, require

_JOB_COMMANDS = {
    "suspendjob": "suspend",
    "suspendjobnonrenderingtasks": "suspendnonrendering",
    "resumejob": "resume",
    "resumefailedjob": "resumefailed",
    "requeuejob": "requeue",
    "completejob": "complete",
    "failjob": "fail",
    "pendjob": "pend",
    "releasependingjob": "releasepending",
    "deletejob": "delete",
    "undeletejob": "undelete",
    "purgedeletedjob": "purge",
}
_TASK_COMMANDS = {
    "suspendjobtask": "suspend",
    "resumejobtask": "resume",
    "resumefailedjobtask": "resumefailed",
    "requeuejobtask": "requeue",
    "completejobtask": "complete",
    "failjobtask": "fail",
}


def _change_jobs(operation: str, session: Session, arguments: Sequence[str]) -> int | None:
    job_ids = listed(require(arguments, 1)[0])
    problems = session.deadline.change_all(operation, job_ids)
    session.say(*(f"Error: {problem} (System.Exception)" for problem in problems))
    if not problems:
        done = CHANGES[operation].done if operation in CHANGES else f"{operation.capitalize()}d"
        session.say(*(f"{done} job {job_id}" for job_id in job_ids))
    return failure_code(session) if problems else None


def _change_tasks(operation: str, session: Session, arguments: Sequence[str]) -> None:
    job_id, numbers = require(arguments, 2)[:2]
    for number in listed(numbers):
        if not number.isdigit():
            raise DeadlineError(f"{number} is no task")
        session.deadline.change(operation, job_id, task_ids=[int(number)])
        session.say(f"{CHANGES[operation].done} task {number} for job {job_id}")


def _set_job_setting(session: Session, arguments: Sequence[str]) -> None:
    job_id, name, value = require(arguments, 3)[:3]
    answer = session.deadline.settings.unknowns.job_setting
    if answer == "error":
        raise DeadlineError(f"There is no setting {name}")
    if answer == "works":
        session.deadline.set_job_info(job_id, {name: value})


def _set_frames(session: Session, arguments: Sequence[str]) -> None:
    job_ids, frames, chunk_size = require(arguments, 3)[:3]
    if not chunk_size.isdigit():
        raise DeadlineError(f"{chunk_size} is no chunk size")
    for job_id in listed(job_ids):
        session.deadline.set_frames(job_id, frames, int(chunk_size))


def _append_frames(session: Session, arguments: Sequence[str]) -> None:
    job_ids, frames = require(arguments, 2)[:2]
    for job_id in listed(job_ids):
        session.deadline.append_frames(job_id, frames)


def _scan(session: Session, arguments: Sequence[str]) -> None:
    session.deadline.scan()


COMMANDS: Commands = {
    **{name: Command(partial(_change_jobs, operation), operation) for name, operation in _JOB_COMMANDS.items()},
    **{
        spelling: Command(partial(_change_tasks, operation), f"{operation} task")
        for name, operation in _TASK_COMMANDS.items()
        for spelling in (name, f"{name}s")
    },
    "setjobsetting": Command(_set_job_setting, "save"),
    "setjobframerange": Command(_set_frames, "set_frames"),
    "appendjobframerange": Command(_append_frames, "append_frames"),
    "dopendingjobscan": Command(_scan),
}
