"""Deadline through our script: one ``deadlinecommand`` process for a request, and the files that both exchange."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..core.errors import words_of
from ..core.files import read_record
from ..core.shipped import packages_folder, shipped_folder
from ..deadline.client import (
    FarmDetails,
    JobDetails,
    LimitDetails,
    RepositoryInfo,
    SubmissionError,
    TaskDetails,
    WorkerDetails,
)
from ..deadline.process import CommandResult, DeadlineCommand, ProcessClient
from ..deadline.reports import Report
from .script_server import FORMAT, plain, record_bytes
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

    def write(self, request: dict[str, Any]) -> None:
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
    files: RequestFiles, command: DeadlineCommand, *, while_waiting: Callable[[], bool] | None = None
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
        raise ScriptDidNotRunError(f"{command.executable} cannot be started: {words_of(error)}") from error


def silence(command: DeadlineCommand, result: CommandResult) -> str:
    """How a process ended that gave no answer, in words."""
    if result.exit_code is None:
        return f"{command.executable} did not come to an end and was stopped"
    return f"{command.executable} ended without an answer of our script; its last words: {result.last_words}"


class ScriptClient(ProcessClient):
    """Deadline through our script, one process per question; a single job is submitted without it."""

    def __init__(self, command: DeadlineCommand, *, may_fall_back: bool = False) -> None:
        """With ``may_fall_back``, a process that does not run our script is replaced by processes without it."""
        super().__init__(command)
        self.may_fall_back = may_fall_back

    def ask(self, question: str, *arguments: Any, options: Mapping[str, Any] | None = None) -> Any:
        """The answer to one of ``script_server.QUESTIONS``."""
        with request_files() as files:
            files.write({"action": question, "arguments": arguments, "options": options or {}})
            result = run_script(files, self.command)
            if files.answer.exists():
                return files.result()
        if not self.may_fall_back:
            raise ScriptDidNotRunError(silence(self.command, result))
        return plain(getattr(ProcessClient(self.command), question)(*arguments, **(options or {})))

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more)."""
        jobs = self.ask("read_jobs", list(job_ids))
        return {job_id: JobDetails(**with_tuples(job)) for job_id, job in jobs.items()}

    def list_jobs(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Deadline lists."""
        return set(self.ask("list_jobs", list(job_ids)))

    def read_tasks_of(self, job_ids: Sequence[str]) -> dict[str, tuple[TaskDetails, ...]]:
        """The tasks of several jobs, by job ID and number."""
        tasks = self.ask("read_tasks_of", list(job_ids))
        return {job_id: tuple(TaskDetails(**task) for task in some) for job_id, some in tasks.items()}

    def read_tasks(self, job_id: str) -> tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""
        return self.read_tasks_of([job_id]).get(job_id, ())

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> list[str]:  # noqa: ARG002 (nothing to prove)
        """The IDs of all jobs of that batch."""
        return list(self.ask("find_jobs", batch_name))

    def change(self, command: str, job_ids: Sequence[str]) -> None:
        """Gives a command for all the jobs, by one process."""
        self.ask("change", command, list(job_ids))

    def change_tasks(self, command: str, job_id: str, task_ids: Sequence[int]) -> None:
        """Gives the command for the tasks, by one process."""
        self.change_tasks_of(command, {job_id: task_ids})

    def change_tasks_of(self, command: str, tasks: Mapping[str, Sequence[int]]) -> None:
        """Gives the command for some tasks of several jobs, by one process."""
        if tasks:
            self.ask("change_tasks_of", command, {job_id: list(task_ids) for job_id, task_ids in tasks.items()})

    def read_plugin_info(self, job_id: str) -> dict[str, str]:
        """The plugin info of a job."""
        return dict(self.ask("read_plugin_info", job_id))

    def find_bundle_jobs(self) -> dict[str, tuple[str, str]]:
        """The bundle and the node of every listed job of our plugin, by one process."""
        return {job_id: (bundle, node) for job_id, (bundle, node) in self.ask("find_bundle_jobs").items()}

    def map_path(self, text: str) -> str:
        """The path as Deadline's path mapping has it on this machine."""
        return str(self.ask("map_path", text))

    def set_dependencies(self, job_id: str, upstream_ids: Sequence[str]) -> None:
        """Makes a job depend on these jobs alone."""
        self.ask("set_dependencies", job_id, list(upstream_ids))

    def read_entries(self, job_id: str, keys: Sequence[str]) -> dict[str, str | None]:
        """Entries of the job info, by one process."""
        return dict(self.ask("read_entries", job_id, list(keys)))

    def set_entries(self, job_id: str, entries: Mapping[str, str]) -> None:
        """Sets entries of a job's info, by one process."""
        self.ask("set_entries", job_id, dict(entries))

    def read_repository(self) -> RepositoryInfo:
        """What is known of the repository, by one process."""
        return RepositoryInfo(**with_tuples(self.ask("read_repository")))

    def read_reports(self, job_id: str, task_id: int | None = None) -> tuple[Report, ...]:
        """What Deadline keeps of each attempt at the job's tasks, or at one, the earliest first."""
        return tuple(Report(**report) for report in self.ask("read_reports", job_id, task_id))

    def read_report_text(self, job_id: str, report_id: str, task_id: int | None) -> str:
        """The log in a report, by its ID."""
        return str(self.ask("read_report_text", job_id, report_id, task_id))

    def read_farm(self, *, pools: Sequence[str] = (), groups: Sequence[str] = ()) -> FarmDetails:
        """What is known of all workers and limits, by one process."""
        farm = self.ask("read_farm", options={"pools": list(pools), "groups": list(groups)})
        return FarmDetails(
            workers=_records(WorkerDetails, farm["workers"]), limits=_records(LimitDetails, farm["limits"])
        )


def _records(cls: Any, items: Any) -> Any:
    return None if items is None else tuple(cls(**with_tuples(item)) for item in items)


def with_tuples(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a job or the repository, of which JSON has made lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
