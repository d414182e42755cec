"""Several jobs by one call of ``deadlinecommand``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ...bundle.info_format import format_entries
from ...core.files import json_bytes
from ...deadline.client import SubmissionError
from .experiment import Lab
from .outcome import Finding, UntoldError
from .recorder import Exchange

_ID = re.compile(r"JobID=([0-9a-f]{24})", re.IGNORECASE)
_JOBS = 2


def submit_multiple(lab: Lab) -> Finding:
    """What ``-SubmitMultipleJobs`` prints."""
    lab.expect_jobs()
    exchange = lab.ask("-SubmitMultipleJobs", *(word for files in _files(lab) for word in ("-job", *files)))
    return _finding(lab, exchange)


def submit_multiple_v2(lab: Lab) -> Finding:
    """Whether there is ``-SubmitMultipleJobsV2``, and what it makes of a job that waits for the one before it."""
    lab.expect_jobs()
    upstream: tuple[Optional[list[str]], ...] = (None, ["index://0"])
    jobs = [
        {"JobInfoFilePath": job, "PluginInfoFilePath": plugin, "AuxiliaryFiles": [], "JobDependencies": waits}
        for (job, plugin), waits in zip(_files(lab), upstream)
    ]
    path = lab.folder / "jobs.json"
    path.write_bytes(json_bytes({"Jobs": jobs}))
    return _finding(lab, lab.ask("-SubmitMultipleJobsV2", "-jsonfilepath", str(path)))


def _files(lab: Lab) -> list[tuple[str, str]]:
    """The files of the jobs, which are told apart by the last letter of their names."""
    texts = [format_entries(lab.entries(Name=f"{lab.batch}-{number}")) for number in range(_JOBS)]
    return [lab.files(text) for text in texts]


def _finding(lab: Lab, exchange: Exchange) -> Finding:
    printed = [found.lower() for found in _ID.findall(exchange.result.output)]
    lab.note(*printed)
    try:
        by_number = {str(lab.read(job_id).name)[-1:]: job_id for job_id in lab.find_jobs()}
    except SubmissionError as error:
        raise UntoldError(f"the jobs cannot be counted: {error}") from error
    facts: dict[str, Any] = {
        "exit_code": exchange.result.exit_code,
        "jobs": len(by_number),
        "ids": len(printed),
        "in_order": printed == [by_number[number] for number in sorted(by_number)] if printed else None,
        "second_waits_for_first": _waits(lab, by_number),
    }
    if not by_number:
        return Finding(f"no jobs came of it: {exchange.words}", facts)
    order = "" if len(printed) < _JOBS else ", in order" if facts["in_order"] else ", out of order"
    waits = {True: "; the second waits for the first", False: "; none waits", None: ""}[facts["second_waits_for_first"]]
    words = f"{len(by_number)} of {_JOBS} jobs came of it; it prints {len(printed)} IDs{order}"
    return Finding(f"{words}, and ends with {facts['exit_code']} ({exchange.words}){waits}", facts)


def _waits(lab: Lab, by_number: Mapping[str, str]) -> Optional[bool]:
    """Whether the second job waits for the first; None if that is not told."""
    if len(by_number) < _JOBS:
        return None
    dependencies = lab.read(by_number["1"]).dependencies
    return None if dependencies is None else by_number["0"] in dependencies
