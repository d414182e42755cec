"""Submits a whole bundle by one ``deadlinecommand`` process: our script does everything inside Deadline."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.bundle import Bundle, with_job_names
from ..core.errors import words_of
from ..core.files import read_record, write_whole
from ..deadline.client import RepositoryInfo, Stop, SubmissionError
from ..deadline.process import DeadlineCommand, ProcessClient
from .record import SUBMITTED, SubmissionRecord, read_submission, refuse_taken
from .script_client import RequestFiles, ScriptDidNotRunError, request_files, run_script, silence, with_tuples
from .script_server import FORMAT, SUBMIT, record_bytes
from .transaction import InterruptedSubmissionError, Say, undo_half_done

_PAUSE = 0.5
_PATIENCE = 5.0  # Seconds that a script has to be gone once we have ended it.


@dataclass
class PlannedSubmission:
    """What is to be submitted, and how."""

    make_bundle: Callable[[RepositoryInfo], Bundle]
    """Makes the bundle, once the repository is known; not called if there is a ``bundle``."""
    bundle: Bundle | None
    """None until it is made."""
    say: Say
    keep_suspended: bool = False


def submit_by_script(submission: PlannedSubmission, command: DeadlineCommand, is_stopping: Stop) -> dict[str, str]:
    """The job IDs by node key, once one process has submitted the whole bundle.

    Raises:
        ScriptDidNotRunError: The process did nothing at all.
        SubmissionError: As ``submit_to``.
        FlowpipeDeadlineError: What making the bundle raises.
    """
    if submission.bundle is not None:
        refuse_taken(submission.bundle.folder)  # The script would say the same, some seconds later.
    token = uuid.uuid4().hex
    with request_files() as files:
        conversation = Conversation(files, submission, is_stopping)
        bundle = "" if submission.bundle is None else str(submission.bundle.folder)
        files.write({"action": SUBMIT, "bundle": bundle, "keep_suspended": submission.keep_suspended, "token": token})
        try:
            result = run_script(files, command, while_waiting=conversation.go_on)
            conversation.go_on()
            job_ids = conversation.await_answer()
        except BaseException as error:
            if files.answer.exists():
                raise  # The script has said itself what became of it.
            raise _cut_off(error, submission.bundle, command, token=token) from error
        if job_ids is not None:
            return dict(job_ids)
        words, was_ended = silence(command, result), result.exit_code is None
        return _take_over(submission.bundle, command, words, token=token, was_ended=was_ended)


class Conversation:
    """What script and caller exchange while the script runs."""

    def __init__(self, files: RequestFiles, submission: PlannedSubmission, is_stopping: Stop) -> None:
        self._files = files
        self._submission = submission
        self._is_stopping = is_stopping
        self._line_count = 0
        """How many lines of the script's progress were passed on."""

    def go_on(self) -> bool:
        """Passes on the script's messages, and requests to stop; returns whether there was anything new.

        Raises:
            FlowpipeDeadlineError: What making the bundle raises.
        """
        self._pass_on_stop()
        return self._make_bundle() or self._pass_on()

    def _pass_on_stop(self) -> None:
        if self._is_stopping() and not self._files.stop.exists():
            self._files.stop.touch()

    def _make_bundle(self) -> bool:
        """Makes the bundle once the script has described the repository."""
        if self._submission.bundle is not None or not self._files.info.exists():
            return False
        info = read_record(self._files.info, version=FORMAT)
        del info["format"]
        self._submission.bundle = self._submission.make_bundle(RepositoryInfo(**with_tuples(info)))
        self._pass_on_stop()  # Asked for while the bundle was made: before the first job is submitted.
        write_whole(self._files.go, record_bytes({"bundle": str(self._submission.bundle.folder)}))
        return True

    def _pass_on(self) -> bool:
        try:
            lines = self._files.progress.read_text(encoding="utf-8").split("\n")[:-1]
        except (FileNotFoundError, UnicodeDecodeError):  # The latter: a line is being written.
            return False
        new, self._line_count = lines[self._line_count :], len(lines)
        for line in new:
            self._submission.say(line)
        return bool(new)

    def await_answer(self) -> Any:
        """The answer, waited for as long as the script is at work: Deadline may run it in another process."""
        while True:
            job_ids = self._files.result()
            if job_ids is not None or self._submission.bundle is None:
                return job_ids
            record = read_submission(self._submission.bundle.folder)
            if record is None or not (record.is_at_work or (record.redo is not None and record.redo.is_at_work)):
                return self._files.result()  # Written before it ended.
            self.go_on()
            time.sleep(_PAUSE)


def _take_over(
    bundle: Bundle | None, command: DeadlineCommand, words: str, *, token: str, was_ended: bool
) -> dict[str, str]:
    """The job IDs, if the script finished its work without an answer; otherwise undoes what it had done.

    If we have ended it (``was_ended``), a job may still come into being.

    Raises:
        ScriptDidNotRunError: It had done nothing.
        SubmissionError: It was undone; the message names what could not be.
        RecordError: The record of the submission is damaged.
    """
    record = None if bundle is None else read_submission(bundle.folder)
    if bundle is None or record is None or record.token != token:
        raise ScriptDidNotRunError(words)
    command.ignore_stop_requests()
    if was_ended:
        record = _record_once_ended(bundle.folder) or record
    if record.state == SUBMITTED:
        return dict(record.jobs)
    undone = undo_half_done(bundle, ProcessClient(command), only_of=token, may_come=was_ended)
    raise SubmissionError(f"{words}; {undone}")


def _record_once_ended(folder: Path) -> SubmissionRecord | None:
    """The record once a script that we have ended is gone: Deadline may run it in another process, which ends later."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        record = read_submission(folder)
        if record is None or not record.is_at_work or time.monotonic() > deadline:
            return record
        time.sleep(_PAUSE)


def _cut_off(error: BaseException, bundle: Bundle | None, command: DeadlineCommand, *, token: str) -> BaseException:
    """The error to raise if we have ended the process, or lost it; undoes what it had done."""
    words = words_of(error)
    try:
        job_ids = _take_over(bundle, command, words, token=token, was_ended=True)
    except ScriptDidNotRunError:
        return error  # Nothing was submitted.
    except SubmissionError as failure:
        kind = InterruptedSubmissionError if isinstance(error, KeyboardInterrupt) else SubmissionError
        return kind(str(failure))
    jobs = with_job_names(", ".join(job_ids.values()), job_ids)
    return InterruptedSubmissionError(f"{words}, yet all jobs are there: {jobs}; flowpipe-deadline cancel deletes them")
