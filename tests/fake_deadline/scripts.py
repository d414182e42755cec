"""Runs a script's ``__main__`` in Deadline's own Python: a process with the stand-ins and a pipe to this one.

The other end of the pipe is ``standins/script_host.py``. A message is a line of JSON: the script prints, asks for
something and waits for the answer, or has ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from flowpipe_deadline.offline.standins import sandbox

from . import warm
from .branches import Branch
from .intake import DeadlineError
from .questions import QUESTIONS
from .session import Session, failure_code
from .standins import PACKAGES, script_host


def run_script(session: Session, script: str, arguments: Sequence[str]) -> int:
    """The exit code of ``deadlinecommand``, once the script has ended; what it printed is shown or not.

    Raises:
        DeadlineError: There is no such script, or no Python to run it with.
    """
    if not os.path.isfile(script):
        raise DeadlineError(f"The script {script} does not exist")
    process = _start(session, script, arguments)
    try:
        end = _serve(session, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
    return _exit_code(session, end)


def _start(session: Session, script: str, arguments: Sequence[str]) -> subprocess.Popen[bytes] | Branch:
    settings = session.deadline.settings
    unknowns = settings.unknowns
    argv = {"script": [script, *arguments], "command": [sys.argv[0], *sys.argv[1:]], "empty": [""]}
    request = {
        "packages": [PACKAGES, sandbox.PACKAGES],
        "script": script,
        "arguments": list(arguments),
        "argv": argv[unknowns.script_arguments],
        "has_file": unknowns.script_file == "set",
        "answers": {"missing_value": unknowns.missing_value, "rule_slashes": unknowns.rule_slashes},
        "path_mappings": settings.path_mappings,
    }
    # Deadline brings its own Python: no variables of a host's, no site-packages, no folder of the script.
    command = [settings.interpreter or sys.executable, "-IS", str(Path(script_host.__file__)), json.dumps(request)]
    hidden = subprocess.DEVNULL if unknowns.script_output == "hidden" else None
    if not settings.interpreter and warm.may_branch():
        return Branch(command[2:], is_hidden=hidden is not None)
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=hidden)
    except OSError as error:
        raise DeadlineError(f"Deadline's Python {command[0]} cannot be started: {error.strerror}") from error


def _serve(session: Session, process: subprocess.Popen[bytes] | Branch) -> dict[str, Any]:
    """Answers the script until it ends; its last message, empty if it died."""
    assert process.stdout is not None
    assert process.stdin is not None
    for line in process.stdout:
        message: dict[str, Any] = json.loads(line)
        if "print" in message:
            _show(session, message["print"])
        elif "ask" in message:
            _answer(process.stdin, _ask(session, message["ask"], message["arguments"]))
        else:
            return message
    return {}


def _ask(session: Session, name: str, arguments: Sequence[Any]) -> dict[str, Any]:
    try:
        return {"value": QUESTIONS[name](session.deadline, *arguments)}
    except DeadlineError as error:
        return {"error": str(error)}


def _answer(stream: IO[bytes], answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer).encode("ascii") + b"\n")
    stream.flush()


def _show(session: Session, text: str) -> None:
    if session.deadline.settings.unknowns.script_output == "shown":
        session.say(*text.splitlines())


def _exit_code(session: Session, end: dict[str, Any]) -> int:
    unknowns = session.deadline.settings.unknowns
    if not end:
        session.say("Error: The script's process ended without a word")
        return failure_code(session)
    if end["error"]:
        session.say(*f"Error: {end['error']}".splitlines())
        return 1 if unknowns.script_error == "exit 1" else 0
    return int(end["end"]) if unknowns.script_exit == "passed" else 0
