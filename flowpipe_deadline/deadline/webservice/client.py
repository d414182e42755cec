"""What is asked of the Web Service without changing anything: jobs, lists of them, single facts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Optional, TypeVar

from ...bundle.info_format import InfoFileError, decode_info, parse_entries
from ..client import (
    PENDING,
    SUSPENDED,
    Created,
    DeadlineClient,
    JobDetails,
    RefusedError,
    RepositoryInfo,
    SubmissionError,
    TaskDetails,
)
from . import answers
from .answers import is_success
from .http import PAUSES, HttpClient, WebServiceError, said
from .settings import WebServiceSettings

_LONGEST_PATH = 6000  # Characters: web servers and proxies take 8000 at most.
_DAY = 24 * 60 * 60
_Fact = TypeVar("_Fact")


class WebServiceQuestions:
    """Questions to a Web Service.

    Raises:
        WebServiceError: Of each, that it cannot be asked, answers with an error, or with what cannot be read.
    """

    def __init__(self, client: HttpClient) -> None:
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

    def all_jobs(self) -> list[JobDetails]:
        """Every job."""
        return self.ask("/api/jobs", answers.parse_jobs)

    def all_ids(self) -> list[str]:
        """The IDs of all jobs."""
        return self.ask("/api/jobs?IdOnly=true", answers.parse_job_ids)

    def known_jobs(self, job_ids: Sequence[str]) -> list[JobDetails]:
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

    def _jobs(self, job_ids: Sequence[str]) -> list[JobDetails]:
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


# When a command has done what it is for, of a job as it then is; None is a job that Deadline does not know.
_GOALS: Mapping[str, Callable[[Optional[JobDetails]], bool]] = {
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

    def __init__(self, client: HttpClient, questions: WebServiceQuestions) -> None:
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


__all__ = ["WebServiceClient", "WebServiceSettings"]


class WebServiceClient(DeadlineClient):
    """A farm that is asked through its Web Service.

    Which questions are repeated, a few times with growing pauses: reading ones, as they change nothing; a job's
    submission only if no connection came about, as it would be submitted twice else; commands only once a look at the
    job has shown that it is not yet as it should be. Each command is for one job: lists are not documented.
    """

    def __init__(
        self, settings: WebServiceSettings, *, user: str, machine: str, pauses: Sequence[float] = PAUSES
    ) -> None:
        """``user`` and ``machine`` are whose a job is that does not say so itself.

        The Web Service would put its own account there.

        Raises:
            UsageError: A certificate of the settings cannot be used.
        """
        self._client = HttpClient(settings, pauses=pauses)
        self._questions = WebServiceQuestions(self._client)
        self._commands = WebServiceCommands(self._client, self._questions)
        self._submitter = {"UserName": user, "MachineName": machine}
        self._made: dict[str, list[str]] = {}
        """The jobs that were submitted, by batch name: others of their batch are as recent."""

    def submit(self, job_file: str, plugin_file: str) -> Created:
        """The job that Deadline makes of these two files.

        Raises:
            RefusedError: It makes none, or nobody can tell. It may have made one if the answer got lost after the job
                was sent, is a server's error (5xx; not 501, which a request that it does not have gets), or names no
                job ID.
        """
        job_info, plugin_info = _read_info(job_file), _read_info(plugin_file)
        given = {key.lower() for key in job_info}
        job_info.update({key: value for key, value in self._submitter.items() if key.lower() not in given})
        job = {"JobInfo": job_info, "PluginInfo": plugin_info, "AuxFiles": [], "IdOnly": True}
        try:
            answer = self._client.post("/api/jobs", json.dumps(job).encode("ascii"))
        except WebServiceError as error:
            raise RefusedError(str(error), is_uncertain=error.was_heard, may_come=error.was_heard) from error
        job_id = answers.parse_job_id(answer)
        if job_id is None:
            words = self._questions.words(answer)
            raise RefusedError(f"the Web Service gave no ID for the job, but: {words}", is_uncertain=True)
        self._made.setdefault(job_info.get("BatchName", ""), []).append(job_id)
        return Created(job_id)

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more).

        Raises:
            SubmissionError: Deadline cannot be asked, or refuses.
        """
        wanted = {checked_id(job_id): job_id for job_id in job_ids}
        found = self._questions.known_jobs(list(wanted))
        return {wanted[job.job_id]: job for job in found if job.job_id in wanted}

    def list_jobs(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Deadline lists: not the deleted ones.

        Raises:
            SubmissionError: Deadline cannot be asked, or refuses.
        """
        wanted = {checked_id(job_id): job_id for job_id in job_ids}
        return {wanted[job_id] for job_id in self._questions.all_ids() if job_id in wanted}

    def read_tasks(self, job_id: str) -> tuple[TaskDetails, ...]:
        """The tasks of a job, by number.

        Raises:
            SubmissionError: Deadline cannot be asked, or does not know the job.
        """
        return self._questions.ask(f"/api/tasks?JobID={checked_id(job_id)}", answers.parse_tasks)

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> list[str]:
        """The IDs of all jobs of that batch; ``known`` are some that must be among them.

        Deadline cannot be asked for a batch. All IDs are listed, which is cheap, and the jobs are read that may be of
        it: those that are not known, and are not older by more than a day than the known ones, or those of the batch
        that were submitted here, which their IDs tell; where there are none, or no such IDs, all.

        Raises:
            SubmissionError: Deadline cannot be asked, or refuses.
        """
        mine = set(map(checked_id, known))
        listed = self._questions.all_ids()
        others = [job_id for job_id in listed if job_id not in mine]
        others = not_older(others, than=[*mine, *self._made.get(batch_name, ())])
        is_most = len(others) > len(listed) // 2
        jobs = self._questions.all_jobs() if is_most else self._questions.known_jobs(others)
        found = {job.job_id for job in jobs if job.batch_name == batch_name}
        return [job_id for job_id in listed if job_id in mine or job_id in found]

    def resume(self, job_ids: Sequence[str]) -> None:
        """Lets suspended jobs go on; stops at the first that will not.

        Raises:
            SubmissionError: With the Web Service's words.
        """
        self._commands.give("resume", job_ids)

    def pend(self, job_ids: Sequence[str]) -> None:
        """Makes jobs with dependencies wait for them; stops at the first that will not.

        Raises:
            SubmissionError: With the Web Service's words.
        """
        self._commands.give("pend", job_ids)

    def suspend(self, job_ids: Sequence[str]) -> None:
        """Holds jobs back, as many as it can.

        Raises:
            SubmissionError: With the Web Service's words, and those that go on.
        """
        self._commands.give_all("suspend", job_ids)

    def delete(self, job_ids: Sequence[str]) -> None:
        """Deletes jobs, as many as it can; those that Deadline does not know are deleted already.

        Raises:
            SubmissionError: With the Web Service's words, and those that are left.
        """
        self._commands.give_all("delete", job_ids)

    def read_repository(self) -> RepositoryInfo:
        """What is known of the repository: eight questions over one connection; None where one is not answered.

        Raises:
            SubmissionError: Deadline cannot be asked, or answers none of them.
        """
        failures: list[WebServiceError] = []

        def fact(path: str, parse: Callable[[str], _Fact]) -> Optional[_Fact]:
            try:
                return self._questions.ask(path, parse)
            except WebServiceError as error:
                if error.status is None or error.is_no_entry:
                    raise
                failures.append(error)
                return None

        details = RepositoryInfo(
            version=fact("/api/repository?Version=", answers.parse_text),
            root=fact("/api/repository?Directory=root", answers.parse_folder),
            pools=fact("/api/pools", answers.parse_names),
            groups=fact("/api/groups", answers.parse_names),
            limits=fact("/api/limitgroups?NamesOnly=true", answers.parse_names),
            plugins=fact("/api/plugins", answers.parse_names),
            maximum_priority=fact("/api/maximumpriority", answers.parse_number),
            task_limit=fact("/api/jobtasklimit", answers.parse_number),
        )
        if details == RepositoryInfo():
            raise SubmissionError(str(failures[0])) from failures[0]
        return details


def _read_info(path: str) -> dict[str, str]:
    """The keys and values of an info file.

    Raises:
        RefusedError: It is none.
    """
    try:
        return dict(parse_entries(decode_info(Path(path).read_bytes())))
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror}") from error
    except (InfoFileError, UnicodeError) as error:
        raise RefusedError(f"{path} is damaged: {error}; write the bundle again") from error
