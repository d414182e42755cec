"""Deadline through our script, which answers any number of questions in one ``deadlinecommand`` process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Dict, List, Set, Tuple

from ..deadline.client import Created, DeadlineClient, JobDetails, RepositoryInfo, TaskDetails
from ..deadline.process import DeadlineCommand, ProcessClient
from .script_request import ScriptDidNotRunError, request_files, run_script, silence
from .script_server import ASK, plain


class ScriptClient(DeadlineClient):
    """Deadline through our script: one process for any number of questions of a kind."""

    def __init__(self, command: DeadlineCommand, *, may_fall_back: bool = False) -> None:
        """With ``may_fall_back``, a process that does not run our script is replaced by one per question."""
        self._command = command
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

    def submit(self, job_file: str, plugin_file: str) -> Created:
        """The job that Deadline makes of these two files, by a process of its own; our script submits whole bundles."""
        return ProcessClient(self._command).submit(job_file, plugin_file)

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

    def resume(self, job_ids: Sequence[str]) -> None:
        """Lets suspended jobs go on."""
        self.ask(("resume", [list(job_ids)]))

    def pend(self, job_ids: Sequence[str]) -> None:
        """Makes jobs with dependencies wait for them."""
        self.ask(("pend", [list(job_ids)]))

    def suspend(self, job_ids: Sequence[str]) -> None:
        """Holds jobs back."""
        self.ask(("suspend", [list(job_ids)]))

    def delete(self, job_ids: Sequence[str]) -> None:
        """Deletes jobs."""
        self.ask(("delete", [list(job_ids)]))

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
