"""One ``deadlinecommand`` process for a whole graph: it runs our script, which does everything inside Deadline."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

from ..core.bundle import Bundle
from ..core.files import read_record, write_whole
from ..core.shipped import packages_folder, shipped_folder
from ..deadline.client import DeadlineClient, JobDetails, RepositoryInfo, Stop, SubmissionError, TaskDetails
from ..deadline.process import CommandResult, DeadlineCommand, ProcessClient
from .record import SUBMITTED, read_submission, refuse_taken
from .script_server import ASK, FORMAT, SUBMIT, plain, record_bytes
from .transaction import InterruptedSubmissionError, Say, undo_half_done

SCRIPT = "FlowpipeSubmission.py"
_GRACE = 300.0  # Seconds that the script has to undo what it has done, once somebody wants to stop.
_PAUSE = 0.5


class ScriptDidNotRunError(SubmissionError):
    """``deadlinecommand`` ran no script of ours; nothing was submitted, so another way can be tried."""

    def __init__(self, message: str, bundle: Optional[Bundle] = None) -> None:
        super().__init__(message)
        self.bundle = bundle
        """The bundle, if it was made meanwhile."""


@dataclass(frozen=True)
class Submission:
    """What is to be submitted, and who is to hear of it."""

    make_bundle: Callable[[RepositoryInfo], Bundle]
    """The bundle, once it is known what the repository is like; not called if there is a ``bundle``."""
    bundle: Optional[Bundle]
    say: Say
    is_stopping: Stop
    keep_suspended: bool = False


@dataclass(frozen=True)
class _RequestFiles:
    """The files of one files."""

    folder: Path

    @property
    def request(self) -> Path:
        return self.folder / "request.json"

    @property
    def answer(self) -> Path:
        return self.folder / "answer.json"

    @property
    def progress(self) -> Path:
        return self.folder / "progress.txt"

    @property
    def stop(self) -> Path:
        return self.folder / "stop"

    @property
    def info(self) -> Path:
        return self.folder / "info.json"

    @property
    def go(self) -> Path:
        return self.folder / "go.json"

    def result(self) -> Any:
        """What the script answered; None if it has not (yet).

        Raises:
            SubmissionError: It says what went wrong.
        """
        if not self.answer.exists():
            return None
        answer = read_record(self.answer, version=FORMAT, keys=("ok",))
        if answer["ok"]:
            return answer["result"]
        error = InterruptedSubmissionError if answer.get("exit_code") == 130 else SubmissionError
        raise error(answer["error"])


def submit_by_script(submission: Submission, command: DeadlineCommand) -> Dict[str, str]:
    """The job IDs by node key, once one process has submitted the whole bundle.

    Raises:
        ScriptDidNotRunError: The process did nothing at all.
        SubmissionError: As ``submit_to``.
        FlowpipeDeadlineError: What making the bundle raises.
    """
    if submission.bundle is not None:
        refuse_taken(submission.bundle.folder)  # The script would say the same, some seconds later.
    token = uuid.uuid4().hex
    with _request_files() as files:
        conversation = _Conversation(files, submission)
        bundle = "" if submission.bundle is None else str(submission.bundle.folder)
        request = {"action": SUBMIT, "bundle": bundle, "keep_suspended": submission.keep_suspended, "token": token}
        _write_request(files, request)
        try:
            result = _run(files, command, while_waiting=conversation.go_on)
            conversation.go_on()
            job_ids = _await_answer(files, conversation)
        except BaseException as error:
            if files.answer.exists():
                raise  # The script has said itself what became of it.
            raise _cut_off(error, conversation.bundle, command, token=token) from error
        if job_ids is not None:
            return dict(job_ids)
        words, was_ended = _silence(command, result), result.exit_code is None
        return _take_over(conversation.bundle, command, words, token=token, was_ended=was_ended)


class ScriptClient(DeadlineClient):
    """Deadline through a process that runs our script, one for any number of questions of a kind."""

    def __init__(self, command: DeadlineCommand, *, may_fall_back: bool = False) -> None:
        """With ``may_fall_back``, a process that does not run our script is replaced by one per question."""
        self._command = command
        self._may_fall_back = may_fall_back

    def ask(self, *questions: Tuple[str, Sequence[Any]]) -> List[Any]:
        """The answers to several questions, each a name of ``script_server.QUESTIONS`` with its arguments, by one process."""
        with _request_files() as files:
            listed = [{"name": name, "arguments": list(arguments)} for name, arguments in questions]
            _write_request(files, {"action": ASK, "questions": listed})
            result = _run(files, self._command)
            answers = files.result()
        if answers is not None:
            return list(answers)
        if not self._may_fall_back:
            raise ScriptDidNotRunError(_silence(self._command, result))
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
    """The info that a script wrote."""
    lists = {name: tuple(value) for name, value in data.items() if isinstance(value, list)}
    return RepositoryInfo(**{**data, **lists})


def job_details(data: Dict[str, Any]) -> JobDetails:
    """The info that a script wrote."""
    waits = data["dependencies"]
    return JobDetails(**{**data, "dependencies": None if waits is None else tuple(waits)})


class _Conversation:
    """What is said between the script and us while it runs."""

    def __init__(self, files: _RequestFiles, submission: Submission) -> None:
        self.bundle = submission.bundle
        """What is submitted; None until it is made."""
        self._files = files
        self._submission = submission
        self._told = 0

    def go_on(self) -> bool:
        """Passes on what the script says, and that somebody wants it to stop; whether there was anything new.

        Raises:
            FlowpipeDeadlineError: What making the bundle raises.
        """
        if self._submission.is_stopping() and not self._files.stop.exists():
            self._files.stop.touch()
        return self._make_bundle() or self._listen()

    def _make_bundle(self) -> bool:
        """Makes the bundle once the script has told what the repository is like."""
        if self.bundle is not None or not self._files.info.exists():
            return False
        info = read_record(self._files.info, version=FORMAT)
        del info["format"]
        self.bundle = self._submission.make_bundle(repository_info(info))
        write_whole(self._files.go, record_bytes({"bundle": str(self.bundle.folder)}))
        return True

    def _listen(self) -> bool:
        try:
            lines = self._files.progress.read_text(encoding="utf-8").split("\n")[:-1]
        except (FileNotFoundError, UnicodeDecodeError):  # The latter: a line is being written.
            return False
        new, self._told = lines[self._told :], len(lines)
        for line in new:
            self._submission.say(line)
        return bool(new)


@contextmanager
def _request_files() -> Iterator[_RequestFiles]:
    with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-") as folder:
        yield _RequestFiles(Path(folder))


def _write_request(files: _RequestFiles, request: Dict[str, Any]) -> None:
    names = ("answer", "progress", "stop", "info", "go")
    paths = {name: str(getattr(files, name)) for name in names}
    more = {"packages": str(packages_folder()), "process": os.getpid()}
    files.request.write_bytes(record_bytes({**request, **paths, **more}))


def _run(
    files: _RequestFiles, command: DeadlineCommand, *, while_waiting: Optional[Callable[[], bool]] = None
) -> CommandResult:
    script = shipped_folder("submission/Flowpipe/Main") / SCRIPT
    arguments = ["-ExecuteScriptNoGui", str(script), str(files.request)]
    try:
        return command(arguments, while_waiting=while_waiting, grace=_GRACE)
    except OSError as error:
        raise ScriptDidNotRunError(f"{command.executable} cannot be started: {error.strerror}") from error


def _await_answer(files: _RequestFiles, conversation: _Conversation) -> Any:
    """The job IDs; waited for as long as the script is at work in whatever process Deadline has put it."""
    while True:
        job_ids = files.result()
        if job_ids is not None or conversation.bundle is None:
            return job_ids
        record = read_submission(conversation.bundle.folder)
        if record is None or not record.is_at_work:
            return files.result()  # Written before it went.
        conversation.go_on()
        time.sleep(_PAUSE)


def _take_over(
    bundle: Optional[Bundle], command: DeadlineCommand, words: str, *, token: str, was_ended: bool
) -> Dict[str, str]:
    """The job IDs, if the script was through with its work though it gave no answer; else what it had done is undone.

    Where we have ended it (``was_ended``), a job may still come into being.

    Raises:
        ScriptDidNotRunError: It had done nothing.
        SubmissionError: What became of its work.
        RecordError: The record of the submission is damaged.
    """
    record = None if bundle is None else read_submission(bundle.folder)
    if bundle is None or record is None or record.token != token:
        raise ScriptDidNotRunError(words, bundle)
    if record.state == SUBMITTED:
        return dict(record.jobs)
    command.ignore_stop_requests()
    undone = undo_half_done(bundle, ProcessClient(command), only_of=token, may_come=was_ended)
    raise SubmissionError(f"{words}; {undone}")


def _cut_off(error: BaseException, bundle: Optional[Bundle], command: DeadlineCommand, *, token: str) -> BaseException:
    """What to raise where we have ended the process, or stopped listening to it; what it had done is undone."""
    words = "interrupted" if isinstance(error, KeyboardInterrupt) else str(error) or type(error).__name__
    try:
        job_ids = _take_over(bundle, command, words, token=token, was_ended=True)
    except ScriptDidNotRunError:
        return error  # Nothing was submitted.
    except SubmissionError as failure:
        kind = InterruptedSubmissionError if isinstance(error, KeyboardInterrupt) else SubmissionError
        return kind(str(failure))
    ids = ", ".join(job_ids.values())
    return InterruptedSubmissionError(f"{words}, but all jobs were submitted by then: {ids}; cancel takes them back")


def _silence(command: DeadlineCommand, result: CommandResult) -> str:
    if result.exit_code is None:
        return f"{command.executable} did not come to an end and was stopped"
    return f"{command.executable} ended without an answer of our script; its last words: {result.last_words}"
