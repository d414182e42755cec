"""Several jobs by one call of ``deadlinecommand``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ...bundle.info_format import format_entries
from ...core.files import json_bytes
from ...deadline.client import SubmissionError
from .experiment import Experiment
from .outcome import Outcome, UntoldError
from .recorder import Exchange

_ID = re.compile(r"JobID=([0-9a-f]{24})", re.IGNORECASE)
_JOBS = 2


def submit_multiple(experiment: Experiment) -> Outcome:
    """What ``-SubmitMultipleJobs`` prints."""
    experiment.expect_jobs()
    exchange = experiment.ask(
        "-SubmitMultipleJobs", *(word for files in _files(experiment) for word in ("-job", *files))
    )
    return _finding(experiment, exchange)


def submit_multiple_v2(experiment: Experiment) -> Outcome:
    """Whether there is ``-SubmitMultipleJobsV2``, and what it makes of a job that waits for the one before it."""
    experiment.expect_jobs()
    upstream: tuple[Optional[list[str]], ...] = (None, ["index://0"])
    jobs = [
        {"JobInfoFilePath": job, "PluginInfoFilePath": plugin, "AuxiliaryFiles": [], "JobDependencies": waits}
        for (job, plugin), waits in zip(_files(experiment), upstream)
    ]
    path = experiment.folder / "jobs.json"
    path.write_bytes(json_bytes({"Jobs": jobs}))
    return _finding(experiment, experiment.ask("-SubmitMultipleJobsV2", "-jsonfilepath", str(path)))


def _files(experiment: Experiment) -> list[tuple[str, str]]:
    """The files of the jobs, which are told apart by the last letter of their names."""
    texts = [format_entries(experiment.entries(Name=f"{experiment.batch}-{number}")) for number in range(_JOBS)]
    return [experiment.files(text) for text in texts]


def _finding(experiment: Experiment, exchange: Exchange) -> Outcome:
    printed = [found.lower() for found in _ID.findall(exchange.result.output)]
    experiment.note(*printed)
    try:
        by_number = {str(experiment.read(job_id).name)[-1:]: job_id for job_id in experiment.find_jobs()}
    except SubmissionError as error:
        raise UntoldError(f"the jobs cannot be counted: {error}") from error
    facts: dict[str, Any] = {
        "exit_code": exchange.result.exit_code,
        "jobs": len(by_number),
        "ids": len(printed),
        "in_order": printed == [by_number[number] for number in sorted(by_number)] if printed else None,
        "second_waits_for_first": _waits(experiment, by_number),
    }
    if not by_number:
        return Outcome(f"no jobs came of it: {exchange.words}", facts)
    order = "" if len(printed) < _JOBS else ", in order" if facts["in_order"] else ", out of order"
    waits = {True: "; the second waits for the first", False: "; none waits", None: ""}[facts["second_waits_for_first"]]
    words = f"{len(by_number)} of {_JOBS} jobs came of it; it prints {len(printed)} IDs{order}"
    return Outcome(f"{words}, and ends with {facts['exit_code']} ({exchange.words}){waits}", facts)


def _waits(experiment: Experiment, by_number: Mapping[str, str]) -> Optional[bool]:
    """Whether the second job waits for the first; None if that is not told."""
    if len(by_number) < _JOBS:
        return None
    dependencies = experiment.read(by_number["1"]).dependencies
    return None if dependencies is None else by_number["0"] in dependencies
