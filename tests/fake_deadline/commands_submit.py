"""Commands that submit jobs (submission, sections 2.3 and 2.4)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from flowpipe_deadline.bundle.info_format import InfoFileError, decode_info, parse_entries
from flowpipe_deadline.deadline.client import Created

from .intake import DeadlineError
from .session import Command, Commands, Session, failure_code, require


def submit_files(session: Session, arguments: Sequence[str]) -> int:
    """Submits one job, and prints what is recorded of the real one."""
    settings = session.deadline.settings
    session.say(f"Deadline Command {'.'.join(settings.version.split('.')[:2])} [{settings.build}]", "")
    if len(arguments) < 2:
        session.say("Bad submission arguments")
        return failure_code(session)
    job_file, plugin_file, *auxiliary = arguments
    session.say(f"Submitting to Repository: {session.deadline.root}", "")
    if auxiliary:
        session.say("Submission Contains the Following Auxiliary Files:", "")
        session.say(*(f"{number}) {path}" for number, path in enumerate(auxiliary, start=1)), "")
    else:
        session.say("Submission Contains No Auxiliary Files.", "")
    try:
        created = session.deadline.submit(_read(job_file), _read(plugin_file), auxiliary_files=auxiliary)
    except DeadlineError as error:
        session.say(f"Error: {error}")
        return failure_code(session)
    _say_created(session, created)
    return 0


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


COMMANDS: Commands = {
    "submitjob": Command(submit_files, "submit"),
    "resubmitjob": Command(_resubmit, "submit"),
}
