"""What a process of ``deadlinecommand`` costs, and whether one can do the work of many."""

from __future__ import annotations

import statistics

from ...bundle.info_format import format_entries
from ...deadline.command_output import parse_job_id
from .experiment import Experiment
from .outcome import Outcome

_TIMES = 3


def measure_start(experiment: Experiment) -> Outcome:
    """Seconds for a start, and for a submission."""
    starts = [experiment.ask("-GetVersion").seconds for _ in range(_TIMES)]
    submission = experiment.attempt().exchange.seconds
    text = f"{spread(starts)} for a start, {seconds_text(submission)} for the submission of one job"
    return Outcome(text, {"start_seconds": starts, "submission_seconds": submission})


def try_prompt(experiment: Experiment) -> Outcome:
    """Whether several commands can be given to one process, also for submission."""
    version = experiment.ask("-GetVersion").result.last_words
    prompt = experiment.ask("-Prompt", stdin="GetVersion\nExit\n")
    if version not in prompt.result.output:
        return Outcome(f"no: -Prompt gives no answer to a command ({prompt.words})", {"prompt": False})
    files = " ".join(
        f'"{path}"' if " " in path else path for path in experiment.files(format_entries(experiment.entries()))
    )
    experiment.expect_jobs()
    submission = experiment.ask("-Prompt", stdin=f"SubmitJob {files}\nExit\n")
    experiment.note(parse_job_id(submission.result.output))
    took = seconds_text(submission.seconds)
    facts = {"prompt": True, "submits": bool(experiment.find_jobs()), "seconds": submission.seconds}
    if not facts["submits"]:
        return Outcome(f"it answers, but submits nothing: {submission.words}", facts)
    return Outcome(f"yes, and it submits jobs ({took} for one)", facts)


def spread(seconds: list[float]) -> str:
    """The middle one, and how far the others are apart.

    >>> spread([2.0, 2.5, 2.25])
    '2.25 s (2 to 2.5)'
    """
    return f"{seconds_text(statistics.median(seconds))} ({min(seconds):.3g} to {max(seconds):.3g})"


def seconds_text(seconds: float) -> str:
    """Seconds with three digits."""
    return f"{seconds:.3g} s"
