"""What ``deadlinecommand -ExecuteScriptNoGui`` makes of a script (plugin API, sections 5.8 and 9)."""

from __future__ import annotations

import json
import secrets
import statistics
from pathlib import Path
from typing import Any, Optional

from ...deadline.client import SubmissionError
from ...submit.script_client import ScriptClient
from .. import script_look
from .experiment import Experiment
from .outcome import Outcome, UntoldError
from .recorder import Exchange
from .starts import seconds_text

_RUN = "-ExecuteScriptNoGui"
_CALLS = 5
_MUCH_LESS = 3.0


def look_around(experiment: Experiment) -> Outcome:
    """Exit code and output of scripts, and what they see of themselves."""
    script = _Script(experiment)
    plain = script.run("plain")
    seen = script.seen()
    if seen is None:
        raise UntoldError(f"it runs no script of ours: {plain.words}")
    exited, raised = script.run("exit"), script.run("raise")
    facts = {
        "exit_code": plain.result.exit_code,
        "output": "shown" if script.token in plain.result.output else "hidden",
        "file": "set" if seen["file"] else "unset",
        "arguments": _arguments(seen["arguments"]),
        "argument_count": len(seen["arguments"]),
        "exit_code_of_exit": exited.result.exit_code,
        "exit_code_of_error": raised.result.exit_code,
        "error": "shown" if "RuntimeError" in raised.result.output + raised.result.errors else "hidden",
        "python": seen["python"],
    }
    text = (
        f"Python {seen['python']}; exit code {facts['exit_code']}; what it prints is {facts['output']}; __file__ is"
        f" {facts['file']}; sys.argv is {_ARGUMENTS[str(facts['arguments'])]}; sys.exit({script_look.EXIT_CODE}) ends"
        f" with {facts['exit_code_of_exit']}; an exception ends with {facts['exit_code_of_error']} and is"
        f" {facts['error']}"
    )
    return Outcome(text, facts)


def measure_calls(experiment: Experiment) -> Outcome:
    """Whether a script's ``ExecuteCommandAndGetOutput`` stays within its process."""
    start = min(experiment.ask("-GetVersion").seconds for _ in range(2))
    script = _Script(experiment)
    client = ScriptClient(experiment.command)
    measured = _ask(experiment, client, ["-GetVersion"], _CALLS)
    call = statistics.median(measured["seconds"])
    is_quick = call * _MUCH_LESS < start
    is_same = _is_same_process(experiment, client, script)
    facts = {"call_seconds": call, "start_seconds": start, "quick": is_quick, "same_process": is_same}
    where = {True: "it stays within the process", False: "it starts another process each time"}
    told = where[is_quick if is_same is None else is_same]
    doubt = ", as far as the times tell" if is_same is None else ""
    return Outcome(f"{told}{doubt}; a call takes {seconds_text(call)}, a start {seconds_text(start)}", facts)


def _is_same_process(experiment: Experiment, client: ScriptClient, script: _Script) -> Optional[bool]:
    """Whether a script that a script runs by a call has the same process, or the same one has started both.

    None if it did not run. Whether scripts run in the process of ``deadlinecommand`` or below it is not documented.
    """
    try:
        outer = _ask(experiment, client, [_RUN, *script.arguments("plain")], 1)
    except SubmissionError:
        return None
    seen = script.seen()
    return None if seen is None else seen["process"] == outer["process"] or seen["parent"] == outer["parent"]


def _ask(experiment: Experiment, client: ScriptClient, arguments: list[str], times: int) -> Any:
    experiment.check()
    (measured,) = client.ask(("measure_calls", [arguments, times]))
    return measured


_ARGUMENTS = {
    "script": "that of a script",
    "command": "that of deadlinecommand",
    "empty": "empty",
    "other": "something else",
}


def _arguments(arguments: list[str]) -> str:
    if not arguments:
        return "empty"
    if any(argument.lstrip("-").lower() == _RUN.lstrip("-").lower() for argument in arguments):
        return "command"
    return "script" if arguments[0].endswith("look.py") else "other"


class _Script:
    """Our script, and where it leaves its answer."""

    def __init__(self, experiment: Experiment) -> None:
        self.token = f"token-{secrets.token_hex(8)}"
        self._experiment = experiment
        self._answer = experiment.folder / "seen.json"

    def arguments(self, end: str) -> list[str]:
        """The script and its arguments."""
        return [str(Path(script_look.__file__)), end, str(self._answer), self.token]

    def run(self, end: str) -> Exchange:
        """Runs it."""
        return self._experiment.ask(_RUN, *self.arguments(end))

    def seen(self) -> Any:
        """What it saw when it ran last; None if it did not run."""
        try:
            return json.loads(self._answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
