"""Several jobs by one call of ``deadlinecommand``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ...core.files import json_bytes
from ...deadline.client import SubmissionError
from ..recorder import Exchange
from .experiment import Experiment, NoAnswerError, Outcome, question

_ID = re.compile(r"JobID=([0-9a-f]{24})", re.IGNORECASE)
_JOBS = 2


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
        return Outcome(f"it makes no jobs: {exchange.words}", details)
    order = "" if len(printed) < _JOBS else ", in order" if details["in_order"] else ", out of order"
    waiting = {True: "; the second waits for the first", False: "; none waits", None: ""}[waits]
    words = f"it makes {len(by_number)} of {_JOBS} jobs, prints {len(printed)} IDs{order}"
    return Outcome(f"{words}, and ends with {details['exit_code']} ({exchange.words}){waiting}", details)


def _waits(experiment: Experiment, by_number: Mapping[str, str]) -> Optional[bool]:
    """Whether the second job waits for the first; None if that is unknown."""
    if len(by_number) < _JOBS:
        return None
    dependencies = experiment.read(by_number["1"]).dependencies
    return None if dependencies is None else by_number["0"] in dependencies
