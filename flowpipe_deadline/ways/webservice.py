"""Deadline over its Web Service (deadline-submission.md, section 6): no process, one request per job.

Paths are the Web Service machine's to read, so nothing is sent along: a bundle on shared disk is all that a job needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional, TypeVar

from ..deadline import Created, Farm, JobFacts, RefusedError, RepositoryFacts, SubmissionError, TaskFacts
from ..info_files import InfoFileError, decode_info, parse_entries
from . import webservice_answers as answers
from .webservice_commands import WebServiceCommands
from .webservice_errors import WebServiceError
from .webservice_http import PAUSES, WebServiceClient
from .webservice_questions import WebServiceQuestions, checked_id, not_older
from .webservice_settings import WebServiceSettings

__all__ = ["WebServiceFarm", "WebServiceSettings"]

_Fact = TypeVar("_Fact")


class WebServiceFarm(Farm):
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
        self._client = WebServiceClient(settings, pauses=pauses)
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

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobFacts]:
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

    def read_tasks(self, job_id: str) -> tuple[TaskFacts, ...]:
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

    def read_repository(self) -> RepositoryFacts:
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
            raise SubmissionError(str(failures[0])) from failures[0]
        return facts


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
