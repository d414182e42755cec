"""What is asked of the Web Service without changing anything: jobs, lists of them, single facts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from ..deadline import JobFacts, SubmissionError
from . import webservice_answers as answers
from .webservice_errors import WebServiceError, said
from .webservice_http import WebServiceClient

_LONGEST_PATH = 6000  # Characters: web servers and proxies take 8000 at most.
_DAY = 24 * 60 * 60
_Fact = TypeVar("_Fact")


class WebServiceQuestions:
    """Questions to a Web Service.

    Raises:
        WebServiceError: Of each, that it cannot be asked, answers with an error, or with what cannot be read.
    """

    def __init__(self, client: WebServiceClient) -> None:
        self._client = client

    def ask(self, path: str, parse: Callable[[str], _Fact]) -> _Fact:
        """What the answer says."""
        text = self._client.get(path)
        try:
            return parse(text)
        except answers.AnswerError as error:
            message = f"the Web Service's answer to {path[:80]} cannot be read: {error}, not: {self.words(text)}"
            raise WebServiceError(message, status=200) from error

    def words(self, answer: str) -> str:
        """The answer as part of a message."""
        return said(answer, self._client.settings) or "nothing"

    def all_jobs(self) -> list[JobFacts]:
        """Every job."""
        return self.ask("/api/jobs", answers.parse_jobs)

    def all_ids(self) -> list[str]:
        """The IDs of all jobs."""
        return self.ask("/api/jobs?IdOnly=true", answers.parse_job_ids)

    def known_jobs(self, job_ids: Sequence[str]) -> list[JobFacts]:
        """Those of the jobs that Deadline knows.

        Whether it leaves out others or answers with an error is not documented; after one, only those are asked for
        that it lists.
        """
        try:
            return self._jobs(job_ids)
        except WebServiceError as error:
            if error.status is None or error.is_no_entry or error.is_passing:
                raise
            listed = set(self.all_ids())
            known = [job_id for job_id in job_ids if job_id in listed]
            if len(known) == len(job_ids):
                raise
        return self._jobs(known)

    def _jobs(self, job_ids: Sequence[str]) -> list[JobFacts]:
        return [job for path in _paths(job_ids) for job in self.ask(path, answers.parse_jobs)]


def checked_id(job_id: str) -> str:
    """The ID in the form that Deadline writes, which goes into a URL.

    Raises:
        SubmissionError: It is none.
    """
    if not answers.is_job_id(job_id):
        raise SubmissionError(f"{job_id!r} is no job ID of Deadline's; those have 24 hexadecimal digits")
    return job_id.lower()


def not_older(job_ids: Iterable[str], *, than: Iterable[str]) -> list[str]:
    """The jobs that are not older by more than a day than some others, as far as IDs tell; else all.

    IDs of MongoDB begin with the second in which they were made. Deadline's look so; if they are something else, they
    do not all say today.
    """
    seconds = [int(job_id[:8], 16) for job_id in than]
    if not seconds or any(abs(time.time() - second) > _DAY for second in seconds):
        return list(job_ids)
    return [job_id for job_id in job_ids if int(job_id[:8], 16) >= min(seconds) - _DAY]


def _paths(job_ids: Sequence[str]) -> Iterator[str]:
    """The questions for these jobs, none too long for a URL."""
    start = "/api/jobs?JobID="
    most = (_LONGEST_PATH - len(start)) // len(f"{'0' * 24},")
    for first in range(0, len(job_ids), most):
        yield start + ",".join(job_ids[first : first + most])
