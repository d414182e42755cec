"""Deadline through ``deadlinecommand``, one process per call."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import words_of
from .client import Created, RefusedError, Stop, SubmissionError
from .command_client import CommandClient
from .command_output import parse_error, parse_submission
from .connect import find_deadlinecommand

TIMEOUT_VARIABLE = "FLOWPIPE_DEADLINE_TIMEOUT"
_TIMEOUT = 600.0  # Seconds; a start takes seconds on a farm (submission, section 7), a call that hangs hours.
_GRACE = 120.0  # Seconds that a call has to end after a request to stop; a second Ctrl+C ends it at once.
_TOO_SLOW = f"took too long and was ended; {TIMEOUT_VARIABLE} is how many seconds it may take"
# Set by a host application for its own Python; deadlinecommand brings one of its own (hosts and tooling, section 1.3).
_HOST_VARIABLES = ("PYTHONHOME", "PYTHONPATH")


@dataclass(frozen=True)
class CommandResult:
    """What ``deadlinecommand`` did."""

    exit_code: int | None
    """None if it was ended, as it took too long or was asked to stop."""
    output: str
    errors: str = ""
    """What it printed on stderr; whether a success may print there is unknown (submission, section 2.4)."""

    @property
    def last_words(self) -> str:
        """The last line of the output, else of the errors."""
        said = [line.strip() for line in (*self.errors.splitlines(), *self.output.splitlines()) if line.strip()]
        return said[-1] if said else "it printed nothing"


class DeadlineCommand:
    """The ``deadlinecommand`` of this machine, a process per call."""

    def __init__(self, *, is_stopping: Stop | None = None, timeout: float | None = None) -> None:
        """``timeout`` seconds are how long a call may take (FLOWPIPE_DEADLINE_TIMEOUT, else ten minutes).

        Raises:
            SubmissionError: There is none, or the variable is not a number.
        """
        self.executable = find_deadlinecommand()
        self._is_stopping = is_stopping or (lambda: False)
        self._timeout = _timeout() if timeout is None else timeout
        self._environment = {key: value for key, value in os.environ.items() if key not in _HOST_VARIABLES}

    def ignore_stop_requests(self) -> None:
        """Calls run to their end from now on."""
        self._is_stopping = lambda: False

    def __call__(
        self,
        arguments: Sequence[str],
        *,
        while_waiting: Callable[[], bool] | None = None,
        grace: float = _GRACE,
    ) -> CommandResult:
        """Runs it to its end.

        ``while_waiting`` is called now and then, and says whether the process shows signs of life: the time-out counts
        from the last. ``grace`` is how many seconds it has to end after a request to stop.

        Ctrl+C does not reach the process: what it has begun must be known before anything is undone.

        Raises:
            OSError: It cannot be started.
        """
        with subprocess.Popen(
            [self.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment,
            **_own_group(),
        ) as process:
            try:
                return self._wait(process, while_waiting or (lambda: False), grace=grace)
            except BaseException:
                _end(process)
                raise

    def _wait(
        self, process: subprocess.Popen[bytes], while_waiting: Callable[[], bool], *, grace: float
    ) -> CommandResult:
        alive = time.monotonic()
        stopping_since: float | None = None
        pause = 0.05
        while True:
            try:
                output, errors = process.communicate(timeout=pause)
                return CommandResult(process.returncode, _decoded(output), _decoded(errors))
            except subprocess.TimeoutExpired:
                pause = min(0.5, 1.5 * pause)
            now = time.monotonic()
            if while_waiting():
                alive = now
            if stopping_since is None and self._is_stopping():
                stopping_since = now
            is_late = now - alive > self._timeout
            if is_late or (stopping_since is not None and now - stopping_since > grace):
                _end(process)
                output, errors = process.communicate()
                return CommandResult(None, _decoded(output), _decoded(errors))


class ProcessClient(CommandClient):
    """Deadline through a process per call."""

    def __init__(self, command: DeadlineCommand) -> None:
        self.command = command

    def ignore_stop_requests(self) -> None:
        """Calls run to their end from now on."""
        self.command.ignore_stop_requests()

    def run(self, arguments: Sequence[str]) -> str:
        """What a command printed."""
        result = self._call(arguments)
        error = parse_error(result.output)
        if result.exit_code != 0 or error is not None:
            how = _TOO_SLOW if result.exit_code is None else f"exit code {result.exit_code}"
            raise SubmissionError(f"deadlinecommand {arguments[0]}: {error or result.last_words} ({how})")
        return result.output

    def submit(self, job_file: str, plugin_file: str) -> Created:
        """The job that Deadline makes of these two files."""
        result = self._call([job_file, plugin_file])
        if result.exit_code is None:
            raise RefusedError(f"deadlinecommand {_TOO_SLOW}", is_uncertain=True, may_come=True)
        try:
            return parse_submission(result.output, exit_code=result.exit_code)
        except RefusedError as error:
            if result.output.strip() or not result.errors.strip():
                raise
            raise RefusedError(f"{error}: {result.last_words}", is_uncertain=error.is_uncertain) from error

    def _call(self, arguments: Sequence[str]) -> CommandResult:
        try:
            return self.command(arguments)
        except OSError as error:
            raise RefusedError(f"{self.command.executable} cannot be started: {words_of(error)}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    from ..core.processes import end_trees  # noqa: PLC0415 (psutil takes long to import, and is hardly ever needed)

    end_trees([process.pid])


def _own_group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _timeout() -> float:
    text = os.environ.get(TIMEOUT_VARIABLE, "")
    try:
        seconds = float(text) if text else _TIMEOUT
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise SubmissionError(f"{TIMEOUT_VARIABLE} must be a number of seconds above 0, not {text!r}")
    return seconds
