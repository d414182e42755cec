"""Commands to the Web Service, one job each, which are done once they are given, or said not to be."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Optional

from ..deadline import PENDING, SUSPENDED, JobFacts, SubmissionError
from .webservice_answers import is_success
from .webservice_errors import WebServiceError
from .webservice_http import WebServiceClient
from .webservice_questions import WebServiceQuestions, checked_id

# When a command has done what it is for, of a job as it then is; None is a job that Deadline does not know.
_GOALS: Mapping[str, Callable[[Optional[JobFacts]], bool]] = {
    "resume": lambda job: job is not None and job.status != SUSPENDED,
    "pend": lambda job: job is not None and job.status == PENDING,
    "suspend": lambda job: job is not None and job.status == SUSPENDED,
    "delete": lambda job: job is None,
}


class WebServiceCommands:
    """Commands to a Web Service: ``resume``, ``pend``, ``suspend`` and ``delete``.

    Where the answer to one got lost, or is not *Success*, the job is looked at: one that is as it should be is done,
    and only one that is not is commanded again. Given twice, a command would be an error, or undo what a person did.
    """

    def __init__(self, client: WebServiceClient, questions: WebServiceQuestions) -> None:
        self._client = client
        self._questions = questions

    def give(self, command: str, job_ids: Iterable[str]) -> None:
        """Gives it for each job, up to the first for which it is not done.

        Raises:
            SubmissionError: It was not, with the Web Service's words.
        """
        for job_id in map(checked_id, job_ids):
            try:
                self._give(command, job_id)
            except WebServiceError as error:
                raise SubmissionError(f"{command} of job {job_id}: {error}") from error

    def give_all(self, command: str, job_ids: Iterable[str]) -> None:
        """Gives it for as many jobs as it can; once nobody answers, the others are not tried.

        Raises:
            SubmissionError: It was not done for all, with the Web Service's words about the first, and all IDs.
        """
        left: list[str] = []
        first: Optional[WebServiceError] = None
        for job_id in map(checked_id, job_ids):
            try:
                if first is not None and first.status is None:
                    raise first
                self._give(command, job_id)
            except WebServiceError as error:
                left.append(job_id)
                first = first or error
        if first is not None:
            raise SubmissionError(f"{command} of job {', '.join(left)}: {first}") from first

    def _give(self, command: str, job_id: str) -> None:
        """Gives it for one job, until it is done.

        Raises:
            WebServiceError: It is not.
        """
        for pause in (*self._client.pauses, None):
            error = self._try(command, job_id)
            if error is None or (_may_be_done(error) and self._is_done(command, job_id)):
                return
            if pause is None or not error.is_passing:
                raise error
            time.sleep(pause)

    def _try(self, command: str, job_id: str) -> Optional[WebServiceError]:
        """Gives it once; what went wrong."""
        try:
            if command == "delete":
                answer = self._client.send("DELETE", f"/api/jobs?JobID={job_id}")
            else:
                body = json.dumps({"Command": command, "JobID": job_id}).encode("ascii")
                answer = self._client.send("PUT", "/api/jobs", body)
        except WebServiceError as error:
            return error
        if is_success(answer):
            return None
        words = self._questions.words(answer)
        return WebServiceError(f"the Web Service did not say Success, but: {words}", status=200, was_heard=True)

    def _is_done(self, command: str, job_id: str) -> bool:
        """Whether the job is as the command would make it."""
        try:
            found = self._questions.known_jobs([job_id])
        except SubmissionError:
            return False
        return _GOALS[command](found[0] if found else None)


def _may_be_done(error: WebServiceError) -> bool:
    """Whether a look at the job can tell more: there was an answer, or it got lost."""
    return error.was_heard or (error.status is not None and not error.is_no_entry)
