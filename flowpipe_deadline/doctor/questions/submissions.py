"""How Deadline reads job info files that are not quite as they should be, and several jobs in one call."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any, Optional

from ...core.files import json_bytes
from ...core.text import counted
from ...deadline.client import SubmissionError
from ..recorder import Exchange
from .experiment import Attempt, Experiment, NoAnswerError, Outcome, question

_ID = re.compile(r"JobID=([0-9a-f]{24})", re.IGNORECASE)
_JOBS = 2


@question("info", "submission, section 9.11", "How are unusual lines of a job info file read?")
def _bend_rules(experiment: Experiment) -> Outcome:
    first, last = (f"{word}-{secrets.token_hex(4)}" for word in ("first", "last"))
    cases = {
        "the same key twice": (experiment.attempt(f"Name={first}", Name=last), (first, last)),
        "an unknown key": (experiment.attempt(FlowpipeUnknownKey="1"), ()),
        "spaces round the equals sign": (experiment.attempt(f"Name = {first}", Name=None), (first,)),
        "a key in other letters": (experiment.attempt(f"nAmE={first}", Name=None), (first,)),
        "a line with a semicolon": (experiment.attempt("; a comment"), ()),
        "a line with a hash": (experiment.attempt("# a comment"), ()),
        "a boolean that is none": (experiment.attempt(IsFrameDependent="perhaps"), ()),
    }
    parts, details = [], {}
    for name, (attempt, values) in cases.items():
        kept = _kept(experiment, attempt, values)
        details[name] = {"job": attempt.kind, **({"kept": kept} if values else {})}
        parts.append(f"{name}: {attempt.verdict}{f', read as {kept}' if kept else ''}")
    return "; ".join(parts), details


def _kept(experiment: Experiment, attempt: Attempt, values: tuple[str, ...]) -> str:
    """Which of the values Deadline has."""
    if attempt.job_id is None or not values:
        return ""
    output = experiment.ask("-GetJob", attempt.job_id, "True").result.output
    return " and ".join(value.partition("-")[0] for value in values if value in output) or "nothing"


@question("gap", "submission, section 9.11", "Does a gap end a series of numbered keys?")
def _leave_gap(experiment: Experiment) -> Outcome:
    job_id = experiment.create(ExtraInfoKeyValue0="FlowpipeOne=one", ExtraInfoKeyValue2="FlowpipeThree=three")
    one = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeOne").result.output
    three = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeThree").result.output
    details = {"before": "one" in one, "behind": "three" in three}
    if not details["before"]:
        return "unknown: GetJobExtraInfoKeyValue does not print what stands before the gap", details
    text = "no: it goes on behind the gap" if details["behind"] else "yes: what stands behind it is lost"
    return text, details


@question("multiple", "submission, section 9.10", "What does -SubmitMultipleJobs print?")
def _submit_multiple(experiment: Experiment) -> Outcome:
    experiment.expect_jobs()
    arguments = [word for files in _files(experiment) for word in ("-job", *files)]
    return _outcome(experiment, experiment.ask("-SubmitMultipleJobs", *arguments))


@question("v2", "submission, section 9.9", "Is there -SubmitMultipleJobsV2?")
def _submit_multiple_v2(experiment: Experiment) -> Outcome:
    experiment.expect_jobs()
    upstream: tuple[Optional[list[str]], ...] = (None, ["index://0"])
    jobs = [
        {"JobInfoFilePath": job, "PluginInfoFilePath": plugin, "AuxiliaryFiles": [], "JobDependencies": waits}
        for (job, plugin), waits in zip(_files(experiment), upstream)
    ]
    path = experiment.folder / "jobs.json"
    path.write_bytes(json_bytes({"Jobs": jobs}))
    return _outcome(experiment, experiment.ask("-SubmitMultipleJobsV2", "-jsonfilepath", str(path)))


def _files(experiment: Experiment) -> list[tuple[str, str]]:
    """The files of the jobs, whose names differ in their last letter."""
    return [experiment.files(Name=f"{experiment.batch}-{number}") for number in range(_JOBS)]


def _outcome(experiment: Experiment, exchange: Exchange) -> Outcome:
    printed = [found.lower() for found in _ID.findall(exchange.result.output)]
    experiment.remember(*printed)
    try:
        by_number = {str(experiment.read(job_id).name)[-1:]: job_id for job_id in experiment.find_jobs()}
    except SubmissionError as error:
        raise NoAnswerError(f"the jobs cannot be counted: {error}") from error
    waits = _waits(experiment, by_number)
    details: dict[str, Any] = {
        "exit_code": exchange.result.exit_code,
        "jobs": len(by_number),
        "ids": len(printed),
        "in_order": printed == [by_number[number] for number in sorted(by_number)] if printed else None,
        "second_waits_for_first": waits,
    }
    if not by_number:
        return f"it makes no jobs: {exchange.words}", details
    order = "" if len(printed) < _JOBS else ", in order" if details["in_order"] else ", out of order"
    waiting = {True: "; the second waits for the first", False: "; none waits", None: ""}[waits]
    words = f"it makes {len(by_number)} of {counted(_JOBS, 'job')}, prints {counted(len(printed), 'ID')}{order}"
    return f"{words}, and ends with {details['exit_code']} ({exchange.words}){waiting}", details


def _waits(experiment: Experiment, by_number: Mapping[str, str]) -> Optional[bool]:
    """Whether the second job waits for the first; None if that is unknown."""
    if len(by_number) < _JOBS:
        return None
    dependencies = experiment.read(by_number["1"]).dependencies
    return None if dependencies is None else by_number["0"] in dependencies
