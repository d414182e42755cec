"""The open questions about Deadline (submission, section 9) whose answers would make our code simpler.

Each is put to a real repository by an experiment, whose docstring says what would change.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from ..core.errors import FlowpipeDeadlineError
from ..core.text import counted
from ..deadline.client import ACTIVE, PENDING, SUSPENDED, UNKNOWN, JobDetails, Stop, SubmissionError
from ..deadline.command_output import parse_error, parse_job_ids, parse_sections
from ..submit.transaction import Say
from .experiment import Experiment, NoAnswerError
from .recorder import Exchange, RecordedCommand
from .report import Question

_NO_JOB = "0123456789abcdef01234567"  # The ID of no job: its first digits are a time in 1970.
_GAPS, _CHUNK = "1,3,5,7,9-12", 2
_SHARES = {4: True, 6: False}  # Whether frames with gaps share a task, by the number of tasks.
_REVERSE = "100-1x7"
_ANCHORS = {"2": "first", "1": "last"}  # 100, 93, …, 2 counts from the 100 on; 99, 92, …, 1 from the 1.
_NEGATIVE = ("-10--5", "-10-5", "-10:-5")

_Outcome = tuple[str, Mapping[str, Any]]
"""What an experiment has shown: for people, and for programs."""


def ask_questions(
    questions: Sequence[Question], command: RecordedCommand, *, settings: Mapping[str, str], say: Say, is_stopping: Stop
) -> tuple[list[Question], list[str]]:
    """The questions with their answers, until ``is_stopping`` is true; and what could not be cleaned up, in words.

    ``settings`` are more job info for the jobs of the experiments, which are all deleted in the end. An error in one
    does not keep the others from being asked.
    """
    answered: list[Question] = []
    experiment = Experiment(command, settings, is_stopping=is_stopping)
    try:
        for number, question in enumerate(questions, start=1):
            if is_stopping():
                break
            say(f"Question {number} of {len(questions)}: {question.question}")
            first = len(command.exchanges)
            answer = _answered(question, experiment)
            answered.append(replace(answer, exchanges=tuple(range(first, len(command.exchanges)))))
    finally:
        left = experiment.clean_up()
    return answered, [] if left is None else [left]


def _answered(question: Question, experiment: Experiment) -> Question:
    try:
        answer, details = _EXPERIMENTS[question](experiment)
    except FlowpipeDeadlineError as error:
        return replace(question, reason=" ".join(str(error).split()))
    except Exception as error:  # Whatever a farm answers that is not foreseen here.
        return replace(question, reason=f"{type(error).__name__}: {' '.join(str(error).split())}")
    return replace(question, answer=answer, details=details)


def _suspend_dependent(experiment: Experiment) -> _Outcome:
    """If it waits once it is resumed, jobs need not be pended first, and seen waiting, before the others go on."""
    upstream = experiment.create()
    dependent = experiment.create(JobDependencies=upstream)
    submitted = experiment.read(dependent).status
    resume = experiment.ask("-ResumeJob", dependent)
    resumed = experiment.read(dependent).status
    details = {"submitted": submitted, "resume_exit_code": resume.result.exit_code, "resumed": resumed}
    words = f"submitted suspended, it is {submitted}; resumed, {resumed}"
    if resumed in ACTIVE:
        experiment.ask("-SuspendJob", dependent)
        words += f" while what it waits for is {SUSPENDED}"
    if submitted != SUSPENDED:
        return words, details
    details["pended"] = _pend_suspended(experiment, upstream)
    return f"{words}; pended while it is suspended, {details['pended']}", details


def _pend_suspended(experiment: Experiment, upstream: str) -> str:
    job_id = experiment.create(JobDependencies=upstream)
    try:
        experiment.client.pend([job_id])
    except SubmissionError as error:
        return f"refused ({error})"
    status = experiment.read(job_id).status
    return status if status == PENDING else f"still {status}"


def _cut_gaps(experiment: Experiment) -> _Outcome:
    """If they do, frames with gaps need no item numbers, and the Monitor shows the frames themselves."""
    job_id = experiment.create(Frames=_GAPS, ChunkSize=str(_CHUNK))
    experiment.check()
    frames = [task.frames for task in experiment.client.read_tasks(job_id)]
    shares = _SHARES.get(len(frames))
    shown = ", ".join(filter(None, frames)) or "their frames are unknown"
    how = {True: "yes: every two frames", False: "no: only frames without a gap", None: "neither is what was expected"}
    details = {"tasks": len(frames), "frames": frames, "gaps_share_a_task": shares}
    return f"{how[shares]}; {_GAPS} by {_CHUNK} gives {counted(len(frames), 'task')} ({shown})", details


def _read_lists(experiment: Experiment) -> _Outcome:
    """What is refused today, as it has two readings or none that is known, can be read."""
    reverse, *negative = [experiment.ask("-ParseFrameList", text, "False").words for text in (_REVERSE, *_NEGATIVE)]
    anchor = _ANCHORS.get(reverse.replace(" ", "").rpartition(",")[2], "unknown")
    read = f"{_REVERSE} counts from its {anchor} frame" if anchor != "unknown" else f"{_REVERSE}: {reverse}"
    by_text = dict(zip(_NEGATIVE, negative))
    details = {"reverse": reverse, "reverse_step_from": anchor, "negative": by_text}
    return "; ".join([read, *(f"{text}: {words}" for text, words in by_text.items())]), details


def _name_keys(experiment: Experiment) -> _Outcome:
    """Of all the names that keys may have, those that it does not print can go."""
    upstream = experiment.create()
    job_id = experiment.create(JobDependencies=upstream, Frames="1-4", ChunkSize="2")
    keys = {
        "GetJob True": _keys(experiment.ask("-GetJob", job_id, "True")),
        "GetJob": _keys(experiment.ask("-GetJob", job_id)),
        "GetJobTasks": _keys(experiment.ask("-GetJobTasks", job_id)),
    }
    job = experiment.read(job_id)
    wanted = [item.name for item in fields(JobDetails) if item.name not in ("job_id", "tasks")]
    missing = [name for name in wanted if getattr(job, name) in (None, UNKNOWN)]
    counts = ", ".join(f"{len(found)} of {command}" for command, found in keys.items())
    understood = f"not understood: {', '.join(missing)}" if missing else "all that we need is understood"
    return f"{counts}; {understood}", {"keys": keys, "not_understood": missing, "status": job.status}


def _keys(exchange: Exchange) -> list[str]:
    """The names before the equals signs, each once."""
    lines = exchange.result.output.splitlines()
    pairs = [line.partition("=") for line in lines if "=" in line and not line.startswith("Error")]
    return list(dict.fromkeys(key.strip() for key, _, _ in pairs))


def _read_several(experiment: Experiment) -> _Outcome:
    """If so, none need be asked for a second time, nor one by one."""
    job_ids = [experiment.create(), experiment.create()]
    result = experiment.ask("-GetJob", ",".join(job_ids), "True").result
    read = list(parse_sections(result.output, job_ids=job_ids))
    beside = experiment.ask("-GetJob", f"{_NO_JOB},{job_ids[0]}", "True").result
    is_read = job_ids[0] in parse_sections(beside.output, job_ids=[_NO_JOB, job_ids[0]])
    details = {
        "told": len(read),
        "first": read[:1] == job_ids[:1],
        "exit_code": result.exit_code,
        "beside_unknown": is_read,
        "exit_code_beside_unknown": beside.exit_code,
    }
    error = parse_error(result.output)
    words = {0: "no", 1: "only one of two", 2: "yes"}[len(read)]
    beside_it = "is read" if is_read else "is not read"
    return f"{words}{f' ({error})' if error else ''}; a job beside one that does not exist {beside_it}", details


def _filter_batch(experiment: Experiment) -> _Outcome:
    """If so, the jobs of a batch are found without reading all jobs that there are."""
    job_id = experiment.create()
    found = experiment.ask("-GetJobIdsFilter", f"BatchName={experiment.batch}").result.output
    found_other = experiment.ask("-GetJobIdsFilter", f"BatchName={experiment.batch}-no").result.output
    error = parse_error(found)
    if error:
        return f"no: {error}", {"filter": "error"}
    if parse_job_ids(found_other):
        return "no: it finds every job", {"filter": "everything"}
    if job_id not in parse_job_ids(found):
        return "no: it finds nothing", {"filter": "nothing"}
    return "yes", {"filter": "works"}


def _leave_gap(experiment: Experiment) -> _Outcome:
    """If not, keys of the job info may be numbered as somebody likes."""
    job_id = experiment.create(ExtraInfoKeyValue0="FlowpipeOne=one", ExtraInfoKeyValue2="FlowpipeThree=three")
    one = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeOne").result.output
    three = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeThree").result.output
    details = {"before": "one" in one, "behind": "three" in three}
    if not details["before"]:
        return "unknown: GetJobExtraInfoKeyValue does not print what stands before the gap", details
    text = "no: it goes on behind the gap" if details["behind"] else "yes: what stands behind it is lost"
    return text, details


def _fail(experiment: Experiment) -> _Outcome:
    """Of the words that a failure may begin with, those that it does not print can go."""
    first = len(experiment.command.exchanges)
    with suppress(NoAnswerError):
        experiment.create(Plugin=f"No{secrets.token_hex(4)}")
    experiment.check()
    exchanges = {
        "an unknown plugin": experiment.command.exchanges[first],
        "an unknown command": experiment.ask("-FlowpipeNoSuchCommand"),
        "missing files": experiment.ask(f"{experiment.batch}.job", f"{experiment.batch}.plugin"),
        "an unknown job": experiment.ask("-GetJob", _NO_JOB, "True"),
        "the deletion of an unknown job": experiment.ask("-DeleteJob", _NO_JOB),
    }
    details = {
        name: {
            "exit_code": one.result.exit_code,
            "words": one.words,
            "is_known": parse_error(one.result.output) is not None,
        }
        for name, one in exchanges.items()
    }
    return "; ".join(f"{name}: {one['exit_code']} ({one['words']})" for name, one in details.items()), details


_EXPERIMENTS: Mapping[Question, Callable[[Experiment], _Outcome]] = {
    Question(
        "suspended",
        "What is a suspended job that waits for another, and what does resuming make of it?",
        "submission, section 9.7",
        simplifies="submit.release.let_wait",
    ): _suspend_dependent,
    Question(
        "chunks",
        "Do frames with a gap between them share a task?",
        "submission, section 9.1",
        simplifies="planning.chunking.plan_chunks",
    ): _cut_gaps,
    Question(
        "frames",
        "How are reverse steps and negative frames read?",
        "submission, sections 9.2 and 9.3",
        simplifies="core.frames.FrameList.parse",
    ): _read_lists,
    Question(
        "keys",
        "Which keys does GetJob print for a job?",
        "submission, section 9.18",
        simplifies="deadline.command_output.parse_jobs",
    ): _name_keys,
    Question(
        "several",
        "Can GetJob read several jobs at once, also beside one that does not exist?",
        "submission, section 9.19",
        simplifies="deadline.command_client.CommandClient.read_jobs",
    ): _read_several,
    Question(
        "filter",
        "Does GetJobIdsFilter know BatchName?",
        "submission, section 9.20",
        simplifies="deadline.command_client.CommandClient.find_jobs",
    ): _filter_batch,
    Question(
        "gap",
        "Does a gap end a series of numbered keys?",
        "submission, section 9.11",
        simplifies="settings.job_info_keys.raw_entries",
    ): _leave_gap,
    Question(
        "failures",
        "With which exit codes and words do commands fail?",
        "submission, section 9.17",
        simplifies="deadline.command_output.parse_error",
    ): _fail,
}
QUESTIONS = tuple(_EXPERIMENTS)
"""All of them, in the order in which they are asked."""
