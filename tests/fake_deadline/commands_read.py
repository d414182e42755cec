"""Commands that print jobs and tasks (submission, section 2.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from .intake import DeadlineError
from .jobs import Job
from .operations import parse_frames
from .printing import job_lines, job_setting, task_lines
from .reports import report_file, reports_of
from .session import Command, Commands, Session, is_true, listed, require


def _get_job(session: Session, arguments: Sequence[str]) -> None:
    unknowns = session.deadline.settings.unknowns
    wanted = listed(require(arguments, 1)[0])
    if len(wanted) > 1 and unknowns.several_jobs != "works":
        if unknowns.several_jobs == "error":
            raise DeadlineError(f"The job {arguments[0]} does not exist")
        del wanted[1:]
    found = {job.job_id: job for job in session.deadline.jobs(wanted)}
    missing = [job_id for job_id in wanted if job_id not in found]
    _print_jobs(session, [found[job_id] for job_id in wanted if job_id in found], arguments[1:])
    if missing and unknowns.unknown_job == "error":
        raise DeadlineError(f"The job {missing[0]} does not exist")


def _get_jobs(session: Session, arguments: Sequence[str]) -> None:
    _print_jobs(session, session.deadline.jobs(), arguments)


def _get_job_ids(session: Session, arguments: Sequence[str]) -> None:
    session.say(*(job.job_id for job in session.deadline.jobs()))


def _get_deleted_job_ids(session: Session, arguments: Sequence[str]) -> None:
    session.say(*(job.job_id for job in session.deadline.jobs(is_deleted=True)))


def _get_job_ids_filter(session: Session, arguments: Sequence[str]) -> None:
    session.say(*(job.job_id for job in _filtered(session, arguments, must_all=False)))


def _get_job_ids_filter_and(session: Session, arguments: Sequence[str]) -> None:
    session.say(*(job.job_id for job in _filtered(session, arguments, must_all=True)))


def _get_jobs_filter(session: Session, arguments: Sequence[str]) -> None:
    _print_jobs(session, _filtered(session, arguments, must_all=False), ())


def _get_jobs_filter_and(session: Session, arguments: Sequence[str]) -> None:
    _print_jobs(session, _filtered(session, arguments, must_all=True), ())


def _get_job_setting(session: Session, arguments: Sequence[str]) -> None:
    job_id, name = require(arguments, 2)[:2]
    if session.deadline.settings.unknowns.job_setting == "error":
        raise DeadlineError(f"There is no setting {name}")
    value = job_setting(session.deadline.job(job_id), name)
    if value is None:
        raise DeadlineError(f"The job has no setting {name}")
    session.say(value)


def _get_job_tasks(session: Session, arguments: Sequence[str]) -> None:
    has_headers = len(require(arguments, 1)) > 1 and is_true(arguments[1])
    frames_key = session.deadline.settings.unknowns.task_frames
    for task in session.deadline.tasks(arguments[0]):
        if has_headers:
            session.say(f"[{task.task_id}]")
        session.say(*task_lines(task, frames_key=frames_key), "")


def _get_job_task_ids(session: Session, arguments: Sequence[str]) -> None:
    session.say(*(str(task.task_id) for task in session.deadline.tasks(require(arguments, 1)[0])))


def _get_task_progress(session: Session, arguments: Sequence[str]) -> None:
    tasks = session.deadline.tasks(require(arguments, 1)[0])
    session.say(
        f"JobProgress={sum(task.progress for task in tasks) / len(tasks):.0f}%", "EstimatedJobTimeRemaining=N/A"
    )


def _get_extra_info(session: Session, arguments: Sequence[str]) -> None:
    job_id, key = require(arguments, 2)[:2]
    session.say(session.deadline.job(job_id).series("ExtraInfoKeyValue").get(key, ""))


def _get_plugin_info(session: Session, arguments: Sequence[str]) -> None:
    job_id, key = require(arguments, 2)[:2]
    session.say(session.deadline.job(job_id).plugin_info.get(key, ""))


def _get_report_files(session: Session, arguments: Sequence[str], *, of_errors: bool) -> None:
    for report in reports_of(session.deadline, require(arguments, 1)[0]):
        if (report.error is not None) == of_errors:
            session.say(report_file(session.deadline, report))


def _parse_frame_list(session: Session, arguments: Sequence[str]) -> None:
    frames = parse_frames(require(arguments, 1)[0])
    is_combined = len(arguments) < 2 or is_true(arguments[1])
    session.say(str(frames) if is_combined else ",".join(map(str, frames)))


def _print_jobs(session: Session, jobs: Iterable[Job], arguments: Sequence[str]) -> None:
    has_headers = bool(arguments) and is_true(arguments[0])
    for job in jobs:
        if has_headers:
            session.say(f"[{job.job_id}]")
        session.say(*job_lines(job, session.deadline.settings.unknowns), "")


def _filtered(session: Session, arguments: Sequence[str], *, must_all: bool) -> list[Job]:
    """The jobs of which any, or all, of the settings have these values."""
    wanted = [_setting(session, argument) for argument in require(arguments, 1)]
    enough = all if must_all else any
    return [job for job in session.deadline.jobs() if enough(matches(job) for matches in wanted)]


def _setting(session: Session, argument: str) -> Callable[[Job], bool]:
    """Whether a job has a setting; what the filter makes of a batch name is unknown."""
    name, equals, value = argument.partition("=")
    if not equals:
        raise DeadlineError(f"{argument} is no Setting=Value")
    answer = session.deadline.settings.unknowns.batch_filter if name.lower() == "batchname" else "works"
    if answer == "error":
        raise DeadlineError(f"There is no setting {name}")
    if answer != "works":
        return lambda _: answer == "everything"
    return lambda job: job_setting(job, name) == value


COMMANDS: Commands = {
    "getjob": Command(_get_job, "read"),
    "getjobs": Command(_get_jobs, "read"),
    "getjobids": Command(_get_job_ids, "read"),
    "getdeletedjobids": Command(_get_deleted_job_ids, "read"),
    "getjobidsfilter": Command(_get_job_ids_filter, "find"),
    "getjobidsfilterand": Command(_get_job_ids_filter_and, "find"),
    "getjobsfilter": Command(_get_jobs_filter, "find"),
    "getjobsfilterand": Command(_get_jobs_filter_and, "find"),
    "getjobsetting": Command(_get_job_setting, "read"),
    "getjobtasks": Command(_get_job_tasks, "tasks"),
    "getjobtaskids": Command(_get_job_task_ids, "tasks"),
    "gettaskprogress": Command(_get_task_progress, "tasks"),
    "getjobextrainfokeyvalue": Command(_get_extra_info, "read"),
    "getjobplugininfokeyvalue": Command(_get_plugin_info, "read"),
    "getjoberrorreportfilenames": Command(partial(_get_report_files, of_errors=True), "reports"),
    "getjoblogreportfilenames": Command(partial(_get_report_files, of_errors=False), "reports"),
    "parseframelist": Command(_parse_frame_list),
}
