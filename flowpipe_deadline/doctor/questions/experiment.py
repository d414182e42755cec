"""Where the open questions are tried out: with jobs that are suspended, harmless, and deleted afterwards."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ...bundle.info_format import encode_info, format_entries
from ...core.errors import FlowpipeDeadlineError
from ...deadline.client import JobDetails, RefusedError, Stop, SubmissionError
from ...deadline.command_output import parse_job_ids, parse_submission
from ...deadline.process import DeadlineCommand, ProcessClient
from ...submit.own_jobs import OwnJobs
from ...submit.undo import Deletion
from ..recorder import Exchange, RecordedCommand
from ..report import Answer

COMMENT = "Made by flowpipe-deadline doctor to see how Deadline treats it. It may be deleted."
# Exists on every system, does nothing, and ends at once, in case that somebody resumes such a job.
_HARMLESS = {"Executable": "hostname", "Arguments": ""}

NO_JOB = "0123456789abcdef01234567"
"""The ID of no job: its first digits are a time in 1970."""


class NoAnswerError(FlowpipeDeadlineError):
    """A question cannot be answered here; the message says why."""


Outcome = tuple[str, Mapping[str, Any]]
"""What an experiment has shown: for people, and for programs."""


@dataclass(frozen=True)
class Attempt:
    """A submission that Deadline may have refused."""

    job_id: Optional[str]
    """None if it was refused."""
    words: str
    """What Deadline printed when it refused the job, or its warnings."""
    exchange: Exchange

    @property
    def kind(self) -> str:
        """``refused``, ``warned`` (taken with a warning) or ``taken``."""
        return "refused" if self.job_id is None else "warned" if self.words else "taken"

    @property
    def verdict(self) -> str:
        """The kind for people, with the words."""
        texts = {"refused": f"refused ({self.words})", "warned": f"taken with a warning ({self.words})"}
        return texts.get(self.kind, self.kind)


@dataclass(frozen=True)
class Question:
    """One open question, and the experiment that answers it."""

    name: str
    reference: str
    """Where docs/deadline leaves it open."""
    text: str
    ask: Callable[[Experiment], Outcome]
    """May raise anything; then there is no answer."""

    def unanswered(self, reason: str) -> Answer:
        """No answer, and why."""
        return Answer(self.name, self.text, self.reference, None, reason)


def question(name: str, reference: str, text: str) -> Callable[[Callable[[Experiment], Outcome]], Question]:
    """Makes a question of the experiment that answers it."""
    return lambda ask: Question(name, reference, text, ask)


class Experiment:
    """Tries out one question after the other. The jobs of each question have a batch of their own."""

    def __init__(self, command: RecordedCommand, settings: Mapping[str, str], *, is_stopping: Stop) -> None:
        """``settings`` are more job info for all jobs."""
        self.command = command
        self.client = ProcessClient(command)
        self.folder = Path()
        """For files of the present question."""
        self.batch = ""
        """The batch of the present question."""
        self._settings = settings
        self._is_stopping = is_stopping
        self._jobs: dict[str, list[str]] = {}
        """The known jobs of each batch."""
        self._uncertain: set[str] = set()
        """The batches that may have more jobs."""
        self._before: Optional[frozenset[str]] = None
        """The jobs that existed already; None if Deadline does not say."""
        with contextlib.suppress(SubmissionError):
            self._before = frozenset(parse_job_ids(self.client.run(["-GetJobIds"])))

    @contextmanager
    def begun(self, name: str) -> Iterator[None]:
        """The block tries out the question of that name."""
        with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-") as folder:
            self.folder = Path(folder)
            self.batch = f"flowpipe-deadline-doctor-{name}-{secrets.token_hex(4)}"
            self._jobs[self.batch] = []
            yield

    def ask(self, *arguments: str, stdin: str = "") -> Exchange:
        """What a command did, also if it failed.

        Raises:
            NoAnswerError: It cannot be started, does not end, or somebody asked to stop.
        """
        self.check()
        try:
            result = self.command(arguments, stdin=stdin)
        except OSError as error:
            raise NoAnswerError(f"{self.command.executable} cannot be started: {error.strerror}") from error
        if result.exit_code is None:
            self.check()
            raise NoAnswerError(f"deadlinecommand {arguments[0]} does not end, and was stopped")
        return self.command.exchanges[-1]

    def check(self) -> None:
        """Goes on unless somebody asked to stop.

        Raises:
            NoAnswerError: Somebody did.
        """
        if self._is_stopping():
            raise NoAnswerError("it was interrupted")

    def files(self, *lines: str, **values: Optional[str]) -> tuple[str, str]:
        """The job info file of a harmless job, and a plugin info file.

        The job info begins with these lines; of its ``values``, those that are None are left out.
        """
        own = {"Plugin": "CommandLine", "Name": self.batch, "BatchName": self.batch, "Comment": COMMENT}
        info = {**own, "Priority": "0", "InitialStatus": "Suspended", **self._settings, **values}
        entries = [(key, value) for key, value in info.items() if value is not None]
        text = "".join(f"{line}\n" for line in lines) + format_entries(entries)
        number = len(list(self.folder.iterdir()))
        paths = self.folder / f"{number}.job", self.folder / f"{number}.plugin"
        for path, content in zip(paths, (text, format_entries(_HARMLESS.items()))):
            path.write_bytes(encode_info(content))
        return str(paths[0]), str(paths[1])

    def attempt(self, *lines: str, **values: Optional[str]) -> Attempt:
        """Submits a job with these ``files``.

        Raises:
            NoAnswerError: As ``ask``.
        """
        uncertain = set(self._uncertain)
        self.expect_jobs()
        exchange = self.ask(*self.files(*lines, **values))
        try:
            created = parse_submission(exchange.result.output, exit_code=exchange.result.exit_code)
        except RefusedError as error:
            if not error.is_uncertain:
                self._uncertain = uncertain
            self.remember(error.job_id)
            return Attempt(None, exchange.words, exchange)
        named = [created.job_id, *created.others]
        made = OwnJobs(self.client, self.batch).sort(named)[0] if created.others else named
        self._uncertain = uncertain
        self.remember(*made)
        return Attempt(made[0] if made else None, " ".join(created.warnings), exchange)

    def create(self, **values: str) -> str:
        """The ID of a new harmless job with these values.

        Raises:
            NoAnswerError: As ``ask``; or Deadline refuses the job.
        """
        attempt = self.attempt(**values)
        if attempt.job_id is None:
            raise NoAnswerError(f"Deadline refuses the job for it: {attempt.words}")
        return attempt.job_id

    def read(self, job_id: str) -> JobDetails:
        """What Deadline says of a job.

        Raises:
            NoAnswerError: It does not know the job, or somebody asked to stop.
            SubmissionError: It cannot be asked.
        """
        self.check()
        jobs = self.client.read_jobs([job_id])
        if job_id not in jobs:
            raise NoAnswerError("Deadline does not know the job that was submitted for it")
        return jobs[job_id]

    def expect_jobs(self) -> None:
        """Says that the present question may make jobs whose IDs are not printed."""
        self._uncertain.add(self.batch)

    def remember(self, *job_ids: Optional[str]) -> None:
        """Adds jobs of the present question, which are deleted in the end."""
        jobs = self._jobs[self.batch]
        jobs += [job_id for job_id in dict.fromkeys(job_ids) if job_id is not None and job_id not in jobs]

    def find_jobs(self) -> list[str]:
        """All jobs of the present question, also those whose IDs were not printed.

        Raises:
            SubmissionError: Deadline cannot be asked.
        """
        if self._before is None:
            self.remember(*self.client.find_jobs(self.batch))
        else:  # Much less to read than all jobs, where the filter does not know batches.
            known = self._before.union(*self._jobs.values())
            listed = parse_job_ids(self.client.run(["-GetJobIds"]))
            new = [job_id for job_id in listed if job_id not in known]
            for job in self.client.read_jobs(new).values():
                if job.batch_name == self.batch or str(job.name).startswith(self.batch):
                    self.remember(job.job_id)
        self._uncertain.discard(self.batch)
        return self._jobs[self.batch]

    def clean_up(self) -> list[str]:
        """Deletes all jobs; returns what could not be deleted, in words."""
        try:
            self.client = ProcessClient(DeadlineCommand())  # Goes on after Ctrl+C.
        except SubmissionError as error:
            return [f"the jobs of {', '.join(self._jobs)} ({error})"]
        left: list[str] = []
        for batch in sorted(self._uncertain):
            self.batch = batch
            try:
                self.find_jobs()
            except SubmissionError as error:
                left.append(f"whether the batch {batch} has more jobs is unknown ({error})")
        job_ids = [job_id for batch in self._jobs.values() for job_id in batch]
        if job_ids:
            own = OwnJobs(self.client, next(iter(self._jobs)), trusted=job_ids)
            own.further = self._jobs
            deletion = Deletion(own)
            said = deletion.run(job_ids)
            left += [] if deletion.is_complete else [said]
        return left
