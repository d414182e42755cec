"""What a process of ``deadlinecommand`` costs, and whether one can do the work of many."""

from __future__ import annotations

import statistics

from ...bundle.info_format import format_entries
from ...deadline.command_output import parse_job_id
from .experiment import Lab
from .outcome import Finding

_TIMES = 3


def measure_start(lab: Lab) -> Finding:
    """Seconds for a start, and for a submission."""
    starts = [lab.ask("-GetVersion").seconds for _ in range(_TIMES)]
    submission = lab.attempt().exchange.seconds
    text = f"{spread(starts)} for a start, {seconds_text(submission)} for the submission of one job"
    return Finding(text, {"start_seconds": starts, "submission_seconds": submission})


def try_prompt(lab: Lab) -> Finding:
    """Whether several commands can be given to one process, also for submission."""
    version = lab.ask("-GetVersion").result.last_words
    prompt = lab.ask("-Prompt", stdin="GetVersion\nExit\n")
    if version not in prompt.result.output:
        return Finding(f"no: -Prompt gives no answer to a command ({prompt.words})", {"prompt": False})
    files = " ".join(f'"{path}"' if " " in path else path for path in lab.files(format_entries(lab.entries())))
    lab.expect_jobs()
    submission = lab.ask("-Prompt", stdin=f"SubmitJob {files}\nExit\n")
    lab.note(parse_job_id(submission.result.output))
    took = seconds_text(submission.seconds)
    facts = {"prompt": True, "submits": bool(lab.find_jobs()), "seconds": submission.seconds}
    if not facts["submits"]:
        return Finding(f"it answers, but submits nothing: {submission.words}", facts)
    return Finding(f"yes, and it submits jobs ({took} for one)", facts)


def spread(seconds: list[float]) -> str:
    """The middle one, and how far the others are apart.

    >>> spread([2.0, 2.5, 2.25])
    '2.25 s (2 to 2.5)'
    """
    return f"{seconds_text(statistics.median(seconds))} ({min(seconds):.3g} to {max(seconds):.3g})"


def seconds_text(seconds: float) -> str:
    """Seconds with three digits."""
    return f"{seconds:.3g} s"
