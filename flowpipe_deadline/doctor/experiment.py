"""Where the open questions are tried out: with jobs that are suspended, harmless, and deleted afterwards."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ..bundle.info_format import encode_info, format_entries
from ..core.errors import FlowpipeDeadlineError, words_of
from ..deadline.client import JobDetails, RefusedError, Stop
from ..deadline.process import ProcessClient
from ..submit.own_jobs import OwnJobs
from ..submit.undo import Deletion, Doubt
from .recorder import Exchange, RecordedCommand

_COMMENT = "Made by flowpipe-deadline doctor to see how Deadline treats it. It may be deleted."
# Exists on every system, does nothing, and ends at once, in case that somebody resumes such a job.
_HARMLESS = {"Executable": "hostname", "Arguments": ""}


class NoAnswerError(FlowpipeDeadlineError):
    """A question cannot be answered here; the message says why."""


class Experiment:
    """Makes jobs, all of one batch, and asks Deadline about them."""

    def __init__(self, command: RecordedCommand, settings: Mapping[str, str], *, is_stopping: Stop) -> None:
        """``settings`` are more job info for all jobs."""
        self.command = command
        self.client = ProcessClient(command)
        self.batch = f"flowpipe-deadline-doctor-{secrets.token_hex(4)}"
        self._settings = settings
        self._is_stopping = is_stopping
        self._job_ids: list[str] = []
        self._doubt = Doubt()
        """Whether there may be more jobs than these."""

    def ask(self, *arguments: str) -> Exchange:
        """What a command did, also if it failed.

        Raises:
            NoAnswerError: It cannot be started, does not end, or somebody asked to stop.
        """
        self.check()
        try:
            result = self.command(arguments)
        except OSError as error:
            raise NoAnswerError(f"{self.command.executable} cannot be started: {words_of(error)}") from error
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

    def create(self, **values: str) -> str:
        """The ID of a new harmless job with this job info.

        Raises:
            NoAnswerError: Deadline refuses the job, or somebody asked to stop.
            SubmissionError: An event plugin made other jobs, and Deadline cannot be asked which is ours.
        """
        self.check()
        own = {"Plugin": "CommandLine", "Name": self.batch, "BatchName": self.batch, "Comment": _COMMENT}
        info = {**own, "Priority": "0", "InitialStatus": "Suspended", **self._settings, **values}
        before, self._doubt = self._doubt, Doubt(is_uncertain=True, may_come=True)  # Until there is an answer.
        with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-") as folder:
            files = Path(folder, "doctor.job"), Path(folder, "doctor.plugin")
            for path, entries in zip(files, (info, _HARMLESS)):
                path.write_bytes(encode_info(format_entries(entries.items())))
            try:
                created = self.client.submit(*map(str, files))
            except RefusedError as error:
                self._job_ids += [error.job_id] if error.job_id is not None else []
                self._doubt = Doubt(is_uncertain=True, may_come=error.may_come) if error.is_uncertain else before
                raise NoAnswerError(f"it needs a job, and {error}") from error
        named = [created.job_id, *created.others]
        made = OwnJobs(self.client, self.batch).sort(named)[0] if created.others else named
        if not made:
            raise NoAnswerError(f"Deadline named the jobs {', '.join(named)}, and none is known to be ours")
        self._job_ids += made
        self._doubt = before
        return made[0]

    def read(self, job_id: str) -> JobDetails:
        """What Deadline says of a job.

        Raises:
            NoAnswerError: It does not know the job, or somebody asked to stop.
            SubmissionError: It cannot be asked.
        """
        self.check()
        jobs = self.client.read_jobs([job_id])
        if job_id not in jobs:
            raise NoAnswerError(f"Deadline does not know the job {job_id} that was submitted for it")
        return jobs[job_id]

    def clean_up(self) -> str | None:
        """Deletes all jobs, also after Ctrl+C; returns what could not be deleted, in words."""
        if not self._job_ids and not self._doubt.is_uncertain:
            return None
        self.client.ignore_stop_requests()
        deletion = Deletion(OwnJobs(self.client, self.batch, trusted=self._job_ids))
        said = deletion.run(self._job_ids, doubt=self._doubt)
        if deletion.is_complete:
            return None
        return said if deletion.left else f"whether the batch {self.batch} has jobs is unknown: look in the Monitor"
