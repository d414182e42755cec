"""Deadline through our script: one ``deadlinecommand`` process for a request, and the files that both exchange."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

from ..core.files import read_record
from ..core.shipped import packages_folder, shipped_folder
from ..deadline.client import JobDetails, RepositoryInfo, SubmissionError, TaskDetails
from ..deadline.process import CommandResult, DeadlineCommand, ProcessClient
from .script_server import ASK, FORMAT, plain, record_bytes
from .transaction import InterruptedSubmissionError

SCRIPT = "FlowpipeSubmission.py"
_GRACE = 300.0  # Seconds that the script has to undo what it has done, once it is to stop.


class ScriptDidNotRunError(SubmissionError):
    """``deadlinecommand`` did not run our script; nothing was submitted, so another connection can be used."""


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


class ScriptClient(ProcessClient):
    """Deadline through our script, one process for any number of questions; a job is submitted by one of its own."""

    def __init__(self, command: DeadlineCommand, *, may_fall_back: bool = False) -> None:
        """With ``may_fall_back``, a process that does not run our script is replaced by one per question."""
        super().__init__(command)
        self._may_fall_back = may_fall_back

    def ask(self, *questions: Tuple[str, Sequence[Any]]) -> List[Any]:
        """The answers to several questions, by one process.

        Each is a name of ``script_server.QUESTIONS`` with its arguments.
        """
        with request_files() as files:
            listed = [{"name": name, "arguments": list(arguments)} for name, arguments in questions]
            files.write({"action": ASK, "questions": listed})
            result = run_script(files, self._command)
            answers = files.result()
        if answers is not None:
            return list(answers)
        if not self._may_fall_back:
            raise ScriptDidNotRunError(silence(self._command, result))
        client = ProcessClient(self._command)
        return [plain(getattr(client, name)(*arguments)) for name, arguments in questions]

    def read_jobs(self, job_ids: Sequence[str]) -> Dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more)."""
        (jobs,) = self.ask(("read_jobs", [list(job_ids)]))
        return {job_id: job_details(job) for job_id, job in jobs.items()}

    def list_jobs(self, job_ids: Sequence[str]) -> Set[str]:
        """Those of the jobs that Deadline lists."""
        return set(self.ask(("list_jobs", [list(job_ids)]))[0])

    def read_tasks_of(self, job_ids: Sequence[str]) -> Dict[str, Tuple[TaskDetails, ...]]:
        """The tasks of several jobs, by job ID and number."""
        (tasks,) = self.ask(("read_tasks_of", [list(job_ids)]))
        return {job_id: tuple(TaskDetails(**task) for task in some) for job_id, some in tasks.items()}

    def read_tasks(self, job_id: str) -> Tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""
        return self.read_tasks_of([job_id]).get(job_id, ())

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> List[str]:  # noqa: ARG002 (nothing to prove)
        """The IDs of all jobs of that batch."""
        return list(self.ask(("find_jobs", [batch_name]))[0])

    def change(self, command: str, job_ids: Sequence[str]) -> None:
        """Gives a command for all the jobs, by one process."""
        self.ask((command, [list(job_ids)]))

    def read_repository(self) -> RepositoryInfo:
        """What is known of the repository, by one process."""
        (info,) = self.ask(("read_repository", []))
        return repository_info(info)


def repository_info(data: Dict[str, Any]) -> RepositoryInfo:
    """The repository as the script described it."""
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    return RepositoryInfo(**{**data, **lists})


def job_details(data: Dict[str, Any]) -> JobDetails:
    """The job as the script described it."""
    waits = data["dependencies"]
    return JobDetails(**{**data, "dependencies": None if waits is None else tuple(waits)})
