"""What Deadline says of jobs, asked of ``deadlinecommand`` (deadline-submission.md, section 2.5)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .bundle import Bundle
from .errors import SubmissionError
from .submit import CommandRunner, command_output

COMPLETED = "Completed"
FAILED = "Failed"
DELETED = "Deleted"
"""Ours: Deadline does not list the job any more."""

_PENDING = "Pending"
_ENDED = (COMPLETED, FAILED, DELETED)
_MOST_IDS = 100  # Of 24 digits: far below the longest command line of Windows.
_PATIENCE = 900.0  # Seconds that Deadline may be out of reach while jobs are waited for.


class DeadlineJobs:
    """The submitted jobs of a bundle, by node key, as Deadline last told of them."""

    def __init__(
        self, bundle: Bundle, job_ids: Mapping[str, str], *, run: CommandRunner, has_results: Callable[[str], bool]
    ) -> None:
        """``has_results`` says of a node whether all of its results are there: a job may be deleted once it is done."""
        self.statuses = dict.fromkeys(job_ids, _PENDING)
        """In Deadline's words: Queued, Rendering, Active, Pending, Suspended, Completed, Failed; or Deleted."""
        self._jobs = bundle.jobs
        self._ids = job_ids
        self._run = run
        self._has_results = has_results
        self._last_answer = time.monotonic()

    def look(self) -> bool:
        """Asks for the jobs that can have changed; whether one has.

        Raises:
            SubmissionError: Deadline has given no state of a job for a quarter of an hour.
        """
        before = dict(self.statuses)
        due = self.due()
        found, words = read_job_states([self._ids[key] for key in due], run=self._run)
        self.statuses.update({key: found[self._ids[key]] for key in due if self._ids[key] in found})
        silent = [key for key in due if self._ids[key] not in found]
        if silent and not self._settle(silent):
            self._be_patient(silent, words)
        else:
            self._last_answer = time.monotonic()
        return self.statuses != before

    def due(self) -> list[str]:
        """The jobs that have not ended, and wait for none that has not been completed."""
        return [
            job["key"]
            for job in self._jobs
            if self.statuses[job["key"]] not in _ENDED
            and all(self.statuses[upstream] == COMPLETED for upstream in job["depends_on"])
        ]

    def suspend(self) -> str:
        """Suspends what has not ended; tells how that went."""
        unfinished = [self._ids[key] for key, status in self.statuses.items() if status not in _ENDED]
        if not unfinished:
            return "all jobs have ended"
        ids = ",".join(unfinished)
        try:
            command_output(self._run, ["-SuspendJob", ids])
        except (SubmissionError, OSError) as error:
            return f"the jobs {ids} could not be suspended ({error}): see to them in the Monitor"
        return f"the jobs {ids} are suspended: resume or delete them in the Monitor"

    def _settle(self, silent: Iterable[str]) -> bool:
        """Finds out whether the jobs are gone; False if one is still listed, or nothing can be found out."""
        try:
            listed = set(command_output(self._run, ["-GetJobIds"]).split())
        except (SubmissionError, OSError):
            return False
        gone = [key for key in silent if self._ids[key] not in listed]
        self.statuses.update({key: COMPLETED if self._has_results(key) else DELETED for key in gone})
        return set(gone) == set(silent)

    def _be_patient(self, silent: Sequence[str], words: str) -> None:
        if time.monotonic() - self._last_answer > _PATIENCE:
            ids = ",".join(self._ids[key] for key in silent)
            raise SubmissionError(f"Deadline has given no state of {ids} for a long time; its last words: {words}")


def read_job_states(job_ids: Sequence[str], *, run: CommandRunner) -> tuple[dict[str, str], str]:
    """The states of those jobs that Deadline tells of, by job ID, and its last words on the others.

    All are asked for in one call; only those it leaves out, one by one.
    """
    states: dict[str, str] = {}
    words = ""
    for first in range(0, len(job_ids), _MOST_IDS):
        some = job_ids[first : first + _MOST_IDS]
        states.update(parse_job_states(_ask(["-GetJob", ",".join(some), "True"], run=run), job_ids=some))
    for job_id in job_ids:
        if job_id not in states:
            words = _ask(["-GetJob", job_id], run=run)
            states.update(parse_job_states(words, job_ids=[job_id]))
    return states, words.strip()


def parse_job_states(output: str, *, job_ids: Sequence[str]) -> dict[str, str]:
    r"""The states in what ``GetJob`` printed, by job ID.

    Which keys it prints is not known for certain, so all forms that were seen are read: ``JobStatus=`` or ``Status=``,
    below a ``[job id]`` header, below a line with the ID, or, where one job was asked for, without either.

    >>> parse_job_states("[a1]\nJobStatus=Queued\n[b2]\nJobStatus=Rendering (3)\n", job_ids=["a1", "b2"])
    {'a1': 'Queued', 'b2': 'Rendering'}
    """
    wanted = {job_id.lower(): job_id for job_id in job_ids}
    only = job_ids[0] if len(job_ids) == 1 else None
    current: Any = only
    states: dict[str, str] = {}
    certain: set[str] = set()
    for line in output.splitlines():
        text = line.strip(" \t\ufeff")
        if text.startswith("[") and text.endswith("]"):
            current = wanted.get(text[1:-1].lower(), only)
            continue
        key, _, value = (part.strip() for part in text.partition("="))
        if value.lower() in wanted and key.lower() in ("id", "_id", "jobid"):
            current = wanted[value.lower()]
        elif current is not None and value and key.lower() in ("jobstatus", "status") and current not in certain:
            states[current] = value.split()[0].capitalize()
            if key.lower() == "jobstatus":
                certain.add(current)
    return states


def _ask(arguments: Sequence[str], *, run: CommandRunner) -> str:
    """What it printed; of a call that failed, why: Deadline may be out of reach, or know the job no more."""
    try:
        return command_output(run, arguments)
    except (SubmissionError, OSError) as error:
        return str(error)
