"""A script request: one ``deadlinecommand`` process that runs our script, and the files that both exchange."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Optional

from ..core.bundle import Bundle
from ..core.files import read_record
from ..core.shipped import packages_folder, shipped_folder
from ..deadline.client import SubmissionError
from ..deadline.process import CommandResult, DeadlineCommand
from .script_server import FORMAT, record_bytes
from .transaction import InterruptedSubmissionError

SCRIPT = "FlowpipeSubmission.py"
_GRACE = 300.0  # Seconds that the script has to undo what it has done, once it is to stop.


class ScriptDidNotRunError(SubmissionError):
    """``deadlinecommand`` did not run our script; nothing was submitted, so another connection can be used."""

    def __init__(self, message: str, bundle: Optional[Bundle] = None) -> None:
        super().__init__(message)
        self.bundle = bundle
        """The bundle, if it was made meanwhile."""


class RequestFiles:
    """The files of one script request, all in one folder."""

    def __init__(self, folder: Path) -> None:
        self.request = folder / "request.json"
        self.answer = folder / "answer.json"
        self.progress = folder / "progress.txt"
        self.stop = folder / "stop"
        self.info = folder / "info.json"
        self.go = folder / "go.json"

    def write(self, request: Dict[str, Any]) -> None:
        """Writes the request, with the paths of all other files."""
        paths = {name: str(path) for name, path in vars(self).items() if name != "request"}
        more = {"packages": str(packages_folder()), "process": os.getpid()}
        self.request.write_bytes(record_bytes({**request, **paths, **more}))

    def result(self) -> Any:
        """What the script answered; None if it has not (yet).

        Raises:
            SubmissionError: The script failed; with its message.
        """
        if not self.answer.exists():
            return None
        answer = read_record(self.answer, version=FORMAT, keys=("ok",))
        if answer["ok"]:
            return answer["result"]
        error = InterruptedSubmissionError if answer.get("exit_code") == 130 else SubmissionError
        raise error(answer["error"])


@contextmanager
def request_files() -> Iterator[RequestFiles]:
    """The files of a new request, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-") as folder:
        yield RequestFiles(Path(folder))


def run_script(
    files: RequestFiles, command: DeadlineCommand, *, while_waiting: Optional[Callable[[], bool]] = None
) -> CommandResult:
    """Runs our script with the request; ``while_waiting`` is called meanwhile.

    Raises:
        ScriptDidNotRunError: The executable cannot be started.
    """
    script = shipped_folder("submission/Flowpipe/Main") / SCRIPT
    arguments = ["-ExecuteScriptNoGui", str(script), str(files.request)]
    try:
        return command(arguments, while_waiting=while_waiting, grace=_GRACE)
    except OSError as error:
        raise ScriptDidNotRunError(f"{command.executable} cannot be started: {error.strerror}") from error


def silence(command: DeadlineCommand, result: CommandResult) -> str:
    """How a process ended that gave no answer, in words."""
    if result.exit_code is None:
        return f"{command.executable} did not come to an end and was stopped"
    return f"{command.executable} ended without an answer of our script; its last words: {result.last_words}"
