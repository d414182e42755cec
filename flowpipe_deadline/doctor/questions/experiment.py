"""Where one open question is tried out: jobs that are suspended, harmless, and gone afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from ...bundle.info_format import encode_info, format_entries
from ...deadline.client import JobDetails, RefusedError
from ...deadline.command_output import parse_job_ids, parse_submission
from ...deadline.process import ProcessClient
from .outcome import StoppedError, Trial, UntoldError
from .recorder import Exchange, RecordedCommand

COMMENT = "Made by flowpipe-deadline doctor to see how Deadline treats it. It may be deleted."
# On every system, does nothing, and ends at once: for the case that somebody resumes such a job.
_HARMLESS = {"Executable": "hostname", "Arguments": ""}

NO_JOB = "0123456789abcdef01234567"
"""The ID of no job: by its first digits, made in 1970."""


@dataclass(frozen=True)
class Premises:
    """What all labs share that are used one after the other."""

    command: RecordedCommand
    settings: Mapping[str, str]
    """More job info for all jobs."""
    is_stopping: Callable[[], bool]
    before: Optional[Collection[str]]
    """The jobs that there were already; None if nobody can tell."""
    heard: set[str] = field(default_factory=set)
    """The jobs of all labs, as far as their IDs were heard."""


class Experiment:
    """A place for one question. What is submitted here has a batch of its own."""

    def __init__(self, premises: Premises, *, folder: Path, name: str) -> None:
        """``folder`` is for files."""
        self.command = premises.command
        self.client = ProcessClient(premises.command)
        self.folder = folder
        self.batch = f"flowpipe-deadline-doctor-{name}-{secrets.token_hex(4)}"
        self._premises = premises
        self._created: list[str] = []
        self._is_uncertain = False
        self._files = 0

    def ask(self, *arguments: str, stdin: str = "") -> Exchange:
        """What a command did, also if it failed.

        Raises:
            UntoldError: It cannot be started, or does not end.
            StoppedError: Somebody asked to stop.
        """
        self.check()
        try:
            result = self.command(arguments, stdin=stdin)
        except OSError as error:
            raise UntoldError(f"{self.command.executable} cannot be started: {error.strerror}") from error
        if result.exit_code is None:
            self.check()
            raise UntoldError(f"deadlinecommand {arguments[0]} does not end, and was stopped")
        return self.command.exchanges[-1]

    def check(self) -> None:
        """Goes on unless somebody asked to stop.

        Raises:
            StoppedError: Somebody did.
        """
        if self._premises.is_stopping():
            raise StoppedError("interrupted")

    def entries(self, **more: str) -> list[tuple[str, str]]:
        """The job info of a harmless job, with these values."""
        own = {"Plugin": "CommandLine", "Name": self.batch, "BatchName": self.batch, "Comment": COMMENT}
        return list({**own, "Priority": "0", "InitialStatus": "Suspended", **self._premises.settings, **more}.items())

    def files(self, text: str) -> tuple[str, str]:
        """A job info file with that text, and a plugin info file."""
        self._files += 1
        paths = self.folder / f"{self._files}.job", self.folder / f"{self._files}.plugin"
        for path, content in zip(paths, (text, format_entries(_HARMLESS.items()))):
            path.write_bytes(encode_info(content))
        return str(paths[0]), str(paths[1])

    def attempt(self, *more_lines: str, **more: str) -> Trial:
        """What becomes of a harmless job with these values, and these lines before all others.

        Raises:
            UntoldError: As ``ask``.
            StoppedError: As ``ask``.
        """
        return self.attempt_text("".join(f"{line}\n" for line in more_lines) + format_entries(self.entries(**more)))

    def attempt_text(self, text: str) -> Trial:
        """The same, with the whole text of the job info."""
        was_uncertain, self._is_uncertain = self._is_uncertain, True
        exchange = self.ask(*self.files(text))
        try:
            created = parse_submission(exchange.result.output, exit_code=exchange.result.exit_code)
        except RefusedError as error:
            self._is_uncertain = was_uncertain or error.is_uncertain
            self.note(error.job_id)
            return Trial(None, exchange.words, exchange)
        self._is_uncertain = was_uncertain
        self.note(created.job_id)
        return Trial(created.job_id, " ".join(created.warnings), exchange)

    def create(self, **more: str) -> str:
        """The ID of a new harmless job with these values.

        Raises:
            UntoldError: As ``ask``; or Deadline takes no such job.
            StoppedError: As ``ask``.
        """
        trial = self.attempt(**more)
        if trial.job_id is None:
            raise UntoldError(f"Deadline takes no job for it: {trial.words}")
        return trial.job_id

    def note(self, *job_ids: Optional[str]) -> None:
        """Remembers jobs of this lab, which are deleted in the end."""
        heard = [job_id for job_id in job_ids if job_id is not None]
        self._created += heard
        self._premises.heard.update(heard)

    def read(self, job_id: str) -> JobDetails:
        """What Deadline says of a job.

        Raises:
            UntoldError: It says nothing.
            StoppedError: Somebody asked to stop.
            SubmissionError: It cannot be asked.
        """
        self.check()
        jobs = self.client.read_jobs([job_id])
        if job_id not in jobs:
            raise UntoldError("Deadline tells nothing of the job that was submitted for it")
        return jobs[job_id]

    def output_about(self, job_id: str) -> str:
        """All that Deadline prints about a job."""
        return self.ask("-GetJob", job_id, "True").result.output

    def expect_jobs(self) -> None:
        """Says that jobs may come into being whose IDs nobody tells."""
        self._is_uncertain = True

    def find_jobs(self) -> list[str]:
        """All jobs of this lab; they are remembered.

        Raises:
            StoppedError: Somebody asked to stop.
            SubmissionError: Deadline cannot be asked.
        """
        self.check()
        self._find_jobs(self.client)
        return self.heard

    def remains(self, client: ProcessClient) -> list[str]:
        """The jobs that were submitted here, also those whose IDs were never heard.

        Raises:
            SubmissionError: Deadline cannot be asked for those; ``heard`` are the others.
        """
        if self._is_uncertain:
            self._find_jobs(client)
        return self.heard

    @property
    def heard(self) -> list[str]:
        """The jobs that were submitted here, as far as their IDs were heard."""
        return list(dict.fromkeys(self._created))

    def _find_jobs(self, client: ProcessClient) -> None:
        before, heard = self._premises.before, self._premises.heard
        if before is None:
            self.note(*client.find_jobs(self.batch))
        else:  # Much less to read than all jobs, where the filter does not know batches.
            new = [job_id for job_id in list_jobs(client) if job_id not in before and job_id not in heard]
            self.note(*(job.job_id for job in client.read_jobs(new).values() if self._is_own(job)))
        self._is_uncertain = False

    def _is_own(self, job: JobDetails) -> bool:
        return job.batch_name == self.batch or (job.name or "").startswith(self.batch)


def list_jobs(client: ProcessClient) -> list[str]:
    """The IDs of all jobs that there are.

    Raises:
        SubmissionError: Deadline cannot be asked.
    """
    return parse_job_ids(client.run(["-GetJobIds"]))
