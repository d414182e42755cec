"""Commands that submit jobs (submission, sections 2.3 and 2.4)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flowpipe_deadline.bundle.info_format import InfoFileError, decode_info, parse_entries
from flowpipe_deadline.deadline.client import Created

from .intake import DeadlineError
from .session import Command, Commands, Session, failure_code, require

_JOB, _DEPENDENT, _PREVIOUS = "job", "dependent", "dependsonprevious"
_INDEX = "index://"


@dataclass(frozen=True)
class _Files:
    """What one job is submitted with."""

    job: str
    plugin: str
    auxiliary: tuple[str, ...] = ()


def submit_files(session: Session, arguments: Sequence[str]) -> int:
    """Submits one job, and prints what is recorded of the real one."""
    settings = session.deadline.settings
    session.say(f"Deadline Command {'.'.join(settings.version.split('.')[:2])} [{settings.build}]", "")
    if len(arguments) < 2:
        session.say("Bad submission arguments")
        return failure_code(session)
    files = _Files(arguments[0], arguments[1], tuple(arguments[2:]))
    session.say(f"Submitting to Repository: {session.deadline.root}", "")
    if files.auxiliary:
        session.say("Submission Contains the Following Auxiliary Files:", "")
        session.say(*(f"{number}) {path}" for number, path in enumerate(files.auxiliary, start=1)), "")
    else:
        session.say("Submission Contains No Auxiliary Files.", "")
    try:
        created = _submit(session, files, depends_on=())
    except DeadlineError as error:
        session.say(f"Error: {error}")
        return failure_code(session)
    _say_created(session, created)
    return 0


def _submit_multiple(session: Session, arguments: Sequence[str]) -> int:
    """``[-dependent] [-notify] -job <job> <plugin> [aux...] [-dependsonprevious] -job ...``."""
    every, groups = _grouped(arguments)
    created: list[Created] = []
    for words, depends_on_previous in groups:
        if len(words) < 2:
            session.say("Bad submission arguments")
            return failure_code(session)
        previous = [created[-1].job_id] if created and (every or depends_on_previous) else []
        try:
            created.append(_submit(session, _Files(words[0], words[1], tuple(words[2:])), depends_on=previous))
        except DeadlineError as error:
            _say_several(session, created)
            session.say(f"Error: {error}")
            return failure_code(session)
    _say_several(session, created)
    return 0


def _grouped(arguments: Sequence[str]) -> tuple[bool, list[tuple[list[str], bool]]]:
    """Whether all depend on each other; and per job its files, and whether it depends on the one before."""
    every = False
    groups: list[tuple[list[str], bool]] = []
    for argument in arguments:
        option = argument.lstrip("-").lower() if argument.startswith("-") else ""
        if option == _JOB:
            groups.append(([], False))
        elif option == _DEPENDENT:
            every = True
        elif option == _PREVIOUS and groups:
            groups[-1] = (groups[-1][0], True)
        elif groups and not option:
            groups[-1][0].append(argument)
    return every, groups


def _submit_multiple_v2(session: Session, arguments: Sequence[str]) -> int:
    if not session.deadline.settings.unknowns.multiple_v2:
        session.say("Error: Unknown command SubmitMultipleJobsV2")
        return failure_code(session)
    if len(arguments) != 2 or arguments[0].lstrip("-").lower() != "jsonfilepath":
        session.say("Bad submission arguments")
        return failure_code(session)
    created: list[Created] = []
    try:
        for item in _read_jobs(arguments[1]):
            files = _Files(item["JobInfoFilePath"], item["PluginInfoFilePath"], tuple(item["AuxiliaryFiles"] or ()))
            depends_on = [_resolved(text, created) for text in item["JobDependencies"] or ()]
            created.append(_submit(session, files, depends_on=depends_on))
    except DeadlineError as error:
        _say_several(session, created)
        session.say(f"Error: {error}")
        return failure_code(session)
    _say_several(session, created)
    return 0


def _read_jobs(path: str) -> list[dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            jobs = json.loads(file.read().decode("utf-8-sig"))["Jobs"]
        keys = {"JobInfoFilePath", "PluginInfoFilePath", "AuxiliaryFiles", "JobDependencies"}
        if not all(set(job) == keys for job in jobs):
            raise ValueError(f"each job has the keys {', '.join(sorted(keys))}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DeadlineError(f"{path} cannot be read: {error}") from error
    return list(jobs)


def _resolved(text: str, created: Sequence[Created]) -> str:
    if not text.startswith(_INDEX):
        return text
    number = text[len(_INDEX) :]
    if not number.isdigit() or int(number) >= len(created):
        raise DeadlineError(f"{text} names no job before this one")
    return created[int(number)].job_id


def _submit(session: Session, files: _Files, *, depends_on: Sequence[str]) -> Created:
    job_info = _read(files.job)
    if depends_on:
        already = [item for item in job_info.get("JobDependencies", "").split(",") if item]
        job_info["JobDependencies"] = ",".join([*already, *depends_on])
    return session.deadline.submit(job_info, _read(files.plugin), auxiliary_files=files.auxiliary)


def _read(path: str) -> dict[str, str]:
    if not os.path.isfile(path):
        raise DeadlineError(f"The file {path} does not exist")
    try:
        with open(path, "rb") as file:
            return dict(parse_entries(decode_info(file.read())))
    except (OSError, UnicodeDecodeError, InfoFileError) as error:
        raise DeadlineError(f"The file {path} cannot be read: {error}") from error


def _resubmit(session: Session, arguments: Sequence[str]) -> int:
    """``<id> <frames> <chunk> [suspended]``; what it prints is unknown, and taken for what a submission does."""
    job_id, frames, chunk_size, *rest = require(arguments, 3)
    if not chunk_size.isdigit():
        raise DeadlineError(f"{chunk_size} is no chunk size")
    is_suspended = bool(rest) and rest[0].lower() in ("suspended", "true")
    _say_created(session, session.deadline.resubmit(job_id, frames, int(chunk_size), is_suspended=is_suspended))
    return 0


def _say_created(session: Session, created: Created) -> None:
    job_ids = [created.job_id, *created.others]
    if session.deadline.settings.unknowns.event_ids == "before":
        job_ids.reverse()
    session.say("Result=Success", *(f"JobID={job_id}" for job_id in job_ids), "")
    if created.warnings:
        session.say("The job was submitted successfully, but there were some warnings:", *created.warnings)
    else:
        session.say("The job was submitted successfully.")


def _say_several(session: Session, created: Sequence[Created]) -> None:
    form = session.deadline.settings.unknowns.multiple_output
    for item in created:
        if form == "blocks":
            _say_created(session, item)
        elif form == "ids":
            session.say(f"JobID={item.job_id}")


COMMANDS: Commands = {
    "submitjob": Command(submit_files, "submit"),
    "resubmitjob": Command(_resubmit, "submit"),
    "submitmultiplejobs": Command(_submit_multiple, "submit"),
    "multi": Command(_submit_multiple, "submit"),
    "submitmultiplejobsv2": Command(_submit_multiple_v2, "submit"),
}
