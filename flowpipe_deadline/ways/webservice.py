"""Deadline over its Web Service (deadline-submission.md, section 6): no process, one request per job.

Paths are the Web Service machine's to read, so nothing is sent along: a bundle on shared disk is all that a job needs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, TypeVar

from ..deadline import PENDING, SUSPENDED, Created, Farm, JobFacts, RefusedError, RepositoryFacts, TaskFacts
from ..errors import SubmissionError
from ..info_files import InfoFileError, decode_info, parse_entries
from . import webservice_answers as answers
from .webservice_errors import WebServiceError, said
from .webservice_http import PAUSES, WebServiceClient
from .webservice_settings import WebServiceSettings

__all__ = ["WebServiceFarm", "WebServiceSettings"]

_LONGEST_PATH = 6000  # Characters: web servers and proxies take 8000 at most.
_DAY = 24 * 60 * 60
_NO_ENTRY = (401, 403, 407)
_Fact = TypeVar("_Fact")

# When a command has done what it is for, of a job as it then is; None is a job that Deadline does not know.
_GOALS: Mapping[str, Callable[[Optional[JobFacts]], bool]] = {
    "resume": lambda job: job is not None and job.status != SUSPENDED,
    "pend": lambda job: job is not None and job.status == PENDING,
    "suspend": lambda job: job is not None and job.status == SUSPENDED,
    "delete": lambda job: job is None,
}


class WebServiceFarm(Farm):
    """A farm that is asked through its Web Service.

    Which questions are repeated, a few times with growing pauses: reading ones, as they change nothing; a job's
    submission only if no connection came about, as it would be submitted twice else. Where the answer to a command got
    lost, or is not *Success*, the job is looked at, and only one that is not yet as it should be is commanded again.
    Each command is for one job: lists of them are not documented.
    """

    def __init__(
        self, settings: WebServiceSettings, *, user: str, machine: str, pauses: Sequence[float] = PAUSES
    ) -> None:
        """``user`` and ``machine`` are whose a job is that does not say so itself.

        The Web Service would put its own account there.

        Raises:
            UsageError: A certificate of the settings cannot be used.
        """
        self._service = WebServiceClient(settings, pauses=pauses)
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
            answer = self._service.post("/api/jobs", json.dumps(job).encode("ascii"))
        except WebServiceError as error:
            raise RefusedError(str(error), is_uncertain=error.was_heard) from error
        job_id = answers.parse_job_id(answer)
        if job_id is None:
            words = self._words(answer)
            raise RefusedError(f"the Web Service gave no ID for the job, but: {words}", is_uncertain=True)
        self._made.setdefault(job_info.get("BatchName", ""), []).append(job_id)
        return Created(job_id)

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobFacts]:
        """The jobs by ID, without those that Deadline does not know (any more).

        Raises:
            SubmissionError: Deadline cannot be asked, or refuses.
        """
        wanted = {_checked(job_id).lower(): job_id for job_id in job_ids}
        found = self._read_known(list(wanted))
        return {wanted[job.job_id]: job for job in found if job.job_id in wanted}

    def list_jobs(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Deadline lists: not the deleted ones.

        Raises:
            SubmissionError: Deadline cannot be asked, or refuses.
        """
        wanted = {_checked(job_id).lower(): job_id for job_id in job_ids}
        return {wanted[job_id] for job_id in self._listed() if job_id in wanted}

    def read_tasks(self, job_id: str) -> tuple[TaskFacts, ...]:
        """The tasks of a job, by number.

        Raises:
            SubmissionError: Deadline cannot be asked, or does not know the job.
        """
        return self._ask(f"/api/tasks?JobID={_checked(job_id)}", answers.parse_tasks)

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> list[str]:
        """The IDs of all jobs of that batch; ``known`` are some that must be among them.

        Deadline cannot be asked for a batch. All IDs are listed, which is cheap, and the jobs are read that may be of
        it: those that are not known, and are not older by more than a day than the known ones, or those of the batch
        that were submitted here, which their IDs tell; where there are none, or no such IDs, all.

        Raises:
            SubmissionError: Deadline cannot be asked, or refuses.
        """
        mine = {_checked(job_id).lower() for job_id in known}
        listed = self._listed()
        earliest = _earliest([*mine, *self._made.get(batch_name, ())])
        others = [job_id for job_id in listed if job_id not in mine and int(job_id[:8], 16) >= earliest]
        is_cheaper = len(others) > len(listed) // 2
        jobs = self._ask("/api/jobs", answers.parse_jobs) if is_cheaper else self._read_known(others)
        found = {job.job_id for job in jobs if job.batch_name == batch_name}
        return [job_id for job_id in listed if job_id in mine or job_id in found]

    def resume(self, job_ids: Sequence[str]) -> None:
        """Lets suspended jobs go on; stops at the first that will not.

        Raises:
            SubmissionError: With the Web Service's words.
        """
        self._change("resume", job_ids)

    def pend(self, job_ids: Sequence[str]) -> None:
        """Makes jobs with dependencies wait for them; stops at the first that will not.

        Raises:
            SubmissionError: With the Web Service's words.
        """
        self._change("pend", job_ids)

    def suspend(self, job_ids: Sequence[str]) -> None:
        """Holds jobs back, as many as it can.

        Raises:
            SubmissionError: With the Web Service's words, and those that go on.
        """
        self._change_all("suspend", job_ids)

    def delete(self, job_ids: Sequence[str]) -> None:
        """Deletes jobs, as many as it can; those that Deadline does not know are deleted already.

        Raises:
            SubmissionError: With the Web Service's words, and those that are left.
        """
        self._change_all("delete", job_ids)

    def read_repository(self) -> RepositoryFacts:
        """What is known of the repository: eight questions over one connection; None where one is not answered.

        Raises:
            SubmissionError: Deadline cannot be asked, or answers none of them.
        """
        failures: list[SubmissionError] = []

        def fact(path: str, parse: Callable[[str], _Fact]) -> Optional[_Fact]:
            try:
                return self._ask(path, parse)
            except WebServiceError as error:
                if error.status is None or error.status in _NO_ENTRY:
                    raise
                failures.append(error)
                return None

        facts = RepositoryFacts(
            version=fact("/api/repository?Version=", answers.parse_text),
            root=fact("/api/repository?Directory=root", answers.parse_folder),
            pools=fact("/api/pools", answers.parse_names),
            groups=fact("/api/groups", answers.parse_names),
            limits=fact("/api/limitgroups?NamesOnly=true", answers.parse_names),
            plugins=fact("/api/plugins", answers.parse_names),
            maximum_priority=fact("/api/maximumpriority", answers.parse_number),
            task_limit=fact("/api/jobtasklimit", answers.parse_number),
        )
        if facts == RepositoryFacts():
            raise failures[0]
        return facts

    def _ask(self, path: str, parse: Callable[[str], _Fact]) -> _Fact:
        """What the answer says."""
        text = self._service.get(path)
        try:
            return parse(text)
        except answers.AnswerError as error:
            message = f"the Web Service's answer to {path[:80]} cannot be read: {error}, not: {self._words(text)}"
            raise WebServiceError(message, status=200) from error

    def _words(self, answer: str) -> str:
        return said(answer, self._service.settings) or "nothing"

    def _listed(self) -> list[str]:
        return self._ask("/api/jobs?IdOnly=true", answers.parse_job_ids)

    def _read_known(self, job_ids: Sequence[str]) -> list[JobFacts]:
        """Those jobs that Deadline knows.

        Whether it leaves out others or answers with an error is not documented; after one, only those are asked for
        that it lists.
        """
        try:
            return self._read_all(job_ids)
        except WebServiceError as error:
            if error.status is None or error.status in _NO_ENTRY or error.is_passing:
                raise
            listed = set(self._listed())
            known = [job_id for job_id in job_ids if job_id in listed]
            if len(known) == len(job_ids):
                raise
        return self._read_all(known)

    def _read_all(self, job_ids: Sequence[str]) -> list[JobFacts]:
        return [job for path in _paths(job_ids) for job in self._ask(path, answers.parse_jobs)]

    def _change(self, command: str, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            try:
                self._command(command, _checked(job_id))
            except WebServiceError as error:
                raise SubmissionError(f"{command} of job {job_id}: {error}") from error

    def _change_all(self, command: str, job_ids: Iterable[str]) -> None:
        left: list[str] = []
        first: Optional[WebServiceError] = None
        for job_id in job_ids:
            try:
                if first is not None and first.status is None:  # Nobody is there, also for the others.
                    raise first
                self._command(command, _checked(job_id))
            except WebServiceError as error:
                left.append(job_id)
                first = first or error
        if first is not None:
            raise SubmissionError(f"{command} of job {', '.join(left)}: {first}") from first

    def _command(self, command: str, job_id: str) -> None:
        """Gives one command for one job, until it is done.

        Raises:
            WebServiceError: It is not.
        """
        for pause in (*self._service.pauses, None):
            error = self._try_command(command, job_id)
            if error is None or (_may_be_done(error) and self._is_done(command, job_id)):
                return
            if pause is None or not error.is_passing:
                raise error
            time.sleep(pause)

    def _try_command(self, command: str, job_id: str) -> Optional[WebServiceError]:
        """Gives the command once; what went wrong."""
        try:
            if command == "delete":
                answer = self._service.send("DELETE", f"/api/jobs?JobID={job_id}")
            else:
                body = json.dumps({"Command": command, "JobID": job_id}).encode("ascii")
                answer = self._service.send("PUT", "/api/jobs", body)
        except WebServiceError as error:
            return error
        if answers.is_success(answer):
            return None
        words = self._words(answer)
        return WebServiceError(f"the Web Service did not say Success, but: {words}", status=200, was_heard=True)

    def _is_done(self, command: str, job_id: str) -> bool:
        """Whether the job is as the command would make it."""
        try:
            return _GOALS[command](self.read_jobs([job_id]).get(job_id))
        except SubmissionError:
            return False


def _may_be_done(error: WebServiceError) -> bool:
    """Whether a look at the job can tell more: there was an answer, or it got lost."""
    return error.was_heard or (error.status is not None and error.status not in _NO_ENTRY)


def _read_info(path: str) -> dict[str, Any]:
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


def _checked(job_id: str) -> str:
    """The ID, which goes into a URL.

    Raises:
        SubmissionError: It is none.
    """
    if not answers.is_job_id(job_id):
        raise SubmissionError(f"{job_id!r} is no job ID of Deadline's; those have 24 hexadecimal digits")
    return job_id


def _paths(job_ids: Sequence[str]) -> Iterator[str]:
    """The questions for these jobs, none too long for a URL."""
    start = "/api/jobs?JobID="
    most = (_LONGEST_PATH - len(start)) // len(f"{'0' * 24},")
    for first in range(0, len(job_ids), most):
        yield start + ",".join(job_ids[first : first + most])


def _earliest(known: Iterable[str]) -> int:
    """The second from which jobs of the known ones' batch can be, by their IDs; 0 if those do not tell.

    IDs of MongoDB begin with the second in which they were made. Deadline's look so; if they are something else, they
    do not all say today.
    """
    seconds = [int(job_id[:8], 16) for job_id in known]
    if not seconds or any(abs(time.time() - second) > _DAY for second in seconds):
        return 0
    return min(seconds) - _DAY
