"""What a process of ``deadlinecommand`` costs, and what one can do; for scripts see plugin API, section 5.8."""

from __future__ import annotations

import json
import statistics
from typing import Any, Optional

from ...deadline.client import SubmissionError
from ...deadline.command_output import parse_job_id
from ...submit.script_client import ScriptClient
from . import script_look
from .experiment import Experiment, NoAnswerError, Outcome, question

_STARTS = 3
_RUN = "-ExecuteScriptNoGui"
_ANSWER = "seen.json"
_CALLS = 5
_MUCH_LESS = 3.0
_ARGUMENTS = {"script": "that of a script", "command": "that of deadlinecommand", "other": "something else"}


@question("start", "submission, section 9.15", "What does a start of deadlinecommand cost, and a submission?")
def _measure_start(experiment: Experiment) -> Outcome:
    starts = [experiment.ask("-GetVersion").seconds for _ in range(_STARTS)]
    submission = experiment.attempt().exchange.seconds
    spread = f"{_text(statistics.median(starts))} ({min(starts):.3g} to {max(starts):.3g})"
    text = f"{spread} for a start, {_text(submission)} for the submission of one job"
    return text, {"start_seconds": starts, "submission_seconds": submission}


@question(
    "script",
    "plugin API, section 9.10",
    "How does -ExecuteScriptNoGui end, what does it print, and what does a script see of itself?",
)
def _look_around(experiment: Experiment) -> Outcome:
    plain = experiment.ask(_RUN, *_script(experiment, "plain"))
    seen = _seen(experiment)
    if seen is None:
        raise NoAnswerError(f"it runs no script of ours: {plain.words}")
    exited, raised = [experiment.ask(_RUN, *_script(experiment, end)) for end in ("exit", "raise")]
    kind = _arguments_kind(seen["arguments"])
    details = {
        "exit_code": plain.result.exit_code,
        "output": "shown" if experiment.batch in plain.result.output else "hidden",
        "file": "set" if seen["file"] else "unset",
        "arguments": kind,
        "argument_count": len(seen["arguments"]),
        "exit_code_of_exit": exited.result.exit_code,
        "exit_code_of_error": raised.result.exit_code,
        "error": "shown" if "RuntimeError" in raised.result.output + raised.result.errors else "hidden",
        "python": seen["python"],
    }
    text = (
        f"Python {seen['python']}; exit code {details['exit_code']}; what it prints is {details['output']}; __file__ is"
        f" {details['file']}; sys.argv is {_ARGUMENTS.get(kind, kind)}; sys.exit({script_look.EXIT_CODE})"
        f" ends with {details['exit_code_of_exit']}; an exception ends with {details['exit_code_of_error']} and is"
        f" {details['error']}"
    )
    return text, details


def _arguments_kind(arguments: list[str]) -> str:
    if not arguments:
        return "empty"
    if any(argument.lstrip("-").lower() == _RUN.lstrip("-").lower() for argument in arguments):
        return "command"
    return "script" if arguments[0].endswith("look.py") else "other"


@question("calls", "plugin API, section 9.15", "Does a script's ExecuteCommandAndGetOutput stay within its process?")
def _measure_calls(experiment: Experiment) -> Outcome:
    start = min(experiment.ask("-GetVersion").seconds for _ in range(2))
    client = ScriptClient(experiment.command)
    call = statistics.median(_measure(experiment, client, ["-GetVersion"], times=_CALLS)["seconds"])
    is_quick = call * _MUCH_LESS < start
    is_same = _is_same_process(experiment, client)
    details = {"call_seconds": call, "start_seconds": start, "quick": is_quick, "same_process": is_same}
    stays = is_quick if is_same is None else is_same
    where = "it stays within the process" if stays else "it starts another process each time"
    doubt = ", as far as the times show" if is_same is None else ""
    return f"{where}{doubt}; a call takes {_text(call)}, a start {_text(start)}", details


def _is_same_process(experiment: Experiment, client: ScriptClient) -> Optional[bool]:
    """Whether a script that is run by a script's call has the same process, or the same parent process.

    None if it did not run. Whether scripts run in the process of ``deadlinecommand`` or below it is not documented.
    """
    try:
        outer = _measure(experiment, client, [_RUN, *_script(experiment, "plain")], times=1)
    except SubmissionError:
        return None
    seen = _seen(experiment)
    return None if seen is None else seen["process"] == outer["process"] or seen["parent"] == outer["parent"]


def _measure(experiment: Experiment, client: ScriptClient, arguments: list[str], *, times: int) -> Any:
    experiment.check()
    return client.ask("measure_calls", arguments, times)


def _script(experiment: Experiment, end: str) -> list[str]:
    """Our script and its arguments; it prints the batch."""
    return [script_look.__file__, end, str(experiment.folder / _ANSWER), experiment.batch]


def _seen(experiment: Experiment) -> Any:
    """What the script saw when it ran last; None if it did not run."""
    try:
        return json.loads((experiment.folder / _ANSWER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


@question("prompt", "submission, section 9.16", "Can -Prompt submit jobs?")
def _try_prompt(experiment: Experiment) -> Outcome:
    version = experiment.ask("-GetVersion").result.last_words
    prompt = experiment.ask("-Prompt", stdin="GetVersion\nExit\n")
    if version not in prompt.result.output:
        return f"no: -Prompt gives no answer to a command ({prompt.words})", {"prompt": False}
    files = " ".join(f'"{path}"' if " " in path else path for path in experiment.files())
    experiment.expect_jobs()
    submission = experiment.ask("-Prompt", stdin=f"SubmitJob {files}\nExit\n")
    experiment.remember(parse_job_id(submission.result.output))
    details = {"prompt": True, "submits": bool(experiment.find_jobs()), "seconds": submission.seconds}
    if not details["submits"]:
        return f"it answers, but submits nothing: {submission.words}", details
    return f"yes, and it submits jobs ({_text(submission.seconds)} for one)", details


def _text(seconds: float) -> str:
    return f"{seconds:.3g} s"
