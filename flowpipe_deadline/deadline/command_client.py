"""Deadline through the commands of ``deadlinecommand`` (submission, section 2.5).

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ..bundle.job_files import SUBMISSION_KEY
from ..core.names import is_same_batch
from ..core.text import counted
from .client import Created, DeadlineClient, JobDetails, RepositoryInfo, SubmissionError, TaskDetails
from .command_output import (
    parse_batch,
    parse_job_ids,
    parse_jobs,
    parse_lines,
    parse_sections,
    parse_submission,
    parse_tasks,
)

_MOST_IDS = 250  # Of 24 digits and a comma: below the longest command line of Windows, 8191 characters.
_MOST_SINGLE = 50  # Jobs that are asked for one by one, if asking for several at once gives nothing.


class CommandClient(DeadlineClient):
    """Deadline through commands; a subclass runs them."""

    _is_filter_known_to_work = False

    def run(self, arguments: Sequence[str]) -> str:
        """What a command printed.

        Raises:
            SubmissionError: It failed; with its last words.
        """
        raise NotImplementedError

    def submit(self, job_file: str, plugin_file: str) -> Created:
        """The job that Deadline makes of these two files."""
        return parse_submission(self.run([job_file, plugin_file]))

    def read_jobs(self, job_ids: Sequence[str]) -> Dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more).

        All are asked for at once. A deleted one may hide the others, so those that Deadline lists are asked for at once
        a second time; only those that are still missing are asked for one by one.
        """
        jobs = self._read_portions(job_ids)
        missing = [job_id for job_id in job_ids if job_id not in jobs]
        listed = self.list_jobs(missing) if missing else set()
        if 1 < len(listed) < len(missing):
            jobs.update(self._read_portions([job_id for job_id in missing if job_id in listed]))
        for job_id in missing:
            if job_id in listed and job_id not in jobs:
                jobs.update(self._read_one(job_id))
        return jobs

    def list_jobs(self, job_ids: Sequence[str]) -> Set[str]:
        """Those of the jobs that Deadline lists: not the deleted ones."""
        return set(parse_job_ids(self.run(["-GetJobIds"]))) & set(job_ids)

    def read_batches(self, job_ids: Sequence[str]) -> Dict[str, Optional[str]]:
        """The batch of each of the jobs that Deadline knows; empty for a job without one, None if it does not tell.

        If ``GetJob`` tells it of no job, each is asked for the submission that it names.
        """
        return self._told(super().read_batches(job_ids))

    def read_tasks(self, job_id: str) -> Tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""
        return parse_tasks(self.run(["-GetJobTasks", job_id]))

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> List[str]:
        """The IDs of all jobs of that batch.

        Whether the filter accepts ``BatchName`` is undocumented: it may find nothing, or everything. So what it finds
        is read and compared; if it finds nothing, or misses a known job, all jobs are.
        """
        found = self._filtered(batch_name)
        if not self._is_filter_known_to_work and (not found or set(known) - set(found)):
            found = parse_job_ids(self.run(["-GetJobIds"]))
        return self._of_batch(found, batch_name, known=known)

    def change(self, command: str, job_ids: Sequence[str]) -> None:
        """Gives a command for as many jobs at once as fit into a command line."""
        for some in _portions(job_ids):
            self.run([f"-{command.title()}Job", ",".join(some)])

    def read_repository(self) -> RepositoryInfo:
        """What is known of the repository, by one command for what the vendor's submitters ask and four others."""
        info = self._submission_info()
        return RepositoryInfo(
            version=self._one("-GetVersion"),
            root=self._one("-GetRepositoryRoot"),
            pools=_texts(info.get("Pools")),
            groups=_texts(info.get("Groups")),
            limits=self._list("-GetLimitGroupNames"),
            plugins=self._list("-GetPluginNames"),
            maximum_priority=_number(info.get("MaxPriority")),
            task_limit=_number(info.get("TaskLimit")),
        )

    def _read_portions(self, job_ids: Sequence[str]) -> Dict[str, JobDetails]:
        jobs: Dict[str, JobDetails] = {}
        for some in _portions(job_ids):
            with contextlib.suppress(SubmissionError):
                jobs.update(parse_jobs(self.run(["-GetJob", ",".join(some), "True"]), job_ids=some))
        return jobs

    def _read_one(self, job_id: str) -> Dict[str, JobDetails]:
        try:
            return parse_jobs(self.run(["-GetJob", job_id]), job_ids=[job_id])
        except SubmissionError:
            if self.list_jobs([job_id]):
                raise
            return {}

    def _of_batch(self, job_ids: Sequence[str], batch_name: str, *, known: Sequence[str]) -> List[str]:
        """Those of the jobs that are of this batch; the known ones are not read."""
        unread = [job_id for job_id in job_ids if job_id not in set(known)]
        sections: Dict[str, Dict[str, str]] = {}
        for some in _portions(unread):
            sections.update(self._sections(some))
        missing = [job_id for job_id in unread if job_id not in sections]
        if len(missing) > _MOST_SINGLE:
            raise SubmissionError(f"Deadline says nothing of {counted(len(missing), 'job')} at once")
        for job_id in missing:
            sections.update(self._sections([job_id]))
        missing = [job_id for job_id in missing if job_id not in sections]
        if missing and self.list_jobs(missing):  # Not only gone meanwhile.
            raise SubmissionError(f"Deadline says nothing of {', '.join(missing)}")
        batches = {job_id: parse_batch(values) for job_id, values in sections.items()}
        if set(batches.values()) == {None} and len(batches) > _MOST_SINGLE:
            raise SubmissionError(f"Deadline does not tell the batch of {counted(len(batches), 'job')}")
        batches = self._told(batches)
        return [job_id for job_id in job_ids if is_same_batch(batches.get(job_id), batch_name) or job_id in known]

    def _told(self, batches: Dict[str, Optional[str]]) -> Dict[str, Optional[str]]:
        """The batches; if none is told, the submission that each of the jobs names, as ours do.

        A copy in another batch names it too. If the filter once finds some of all jobs, it tells these apart from then.
        """
        if set(batches.values()) != {None}:
            return batches
        named = {job_id: self._one("-GetJobExtraInfoKeyValue", job_id, SUBMISSION_KEY) for job_id in batches}
        for batch_name in set(filter(None, named.values())):
            found = set(self._filtered(batch_name))
            if found and not self._is_filter_known_to_work:
                self._is_filter_known_to_work = found < set(parse_job_ids(self.run(["-GetJobIds"])))
            if self._is_filter_known_to_work:
                copies = [job_id for job_id, name in named.items() if name == batch_name and job_id not in found]
                named.update(dict.fromkeys(copies, ""))
        return named

    def _filtered(self, batch_name: str) -> List[str]:
        try:
            return parse_job_ids(self.run(["-GetJobIdsFilter", f"BatchName={batch_name}"]))
        except SubmissionError:
            if self._is_filter_known_to_work:
                raise
            return []

    def _sections(self, job_ids: Sequence[str]) -> Dict[str, Dict[str, str]]:
        """What Deadline says of these jobs; nothing if one of them makes the command fail."""
        try:
            output = self.run(["-GetJob", ",".join(job_ids), *(["True"] if len(job_ids) > 1 else [])])
        except SubmissionError:
            return {}
        return parse_sections(output, job_ids=job_ids)

    def _submission_info(self) -> Dict[str, Any]:
        try:
            output = self.run(["-JSON", "-GetSubmissionInfo", "Pools", "Groups", "MaxPriority", "TaskLimit"])
            answer = json.loads(output[output.index("{") :])
        except (SubmissionError, ValueError):
            return {}
        result = answer.get("result") if isinstance(answer, dict) and answer.get("ok") else None
        return result if isinstance(result, dict) else {}

    def _list(self, *command: str) -> Optional[Tuple[str, ...]]:
        try:
            return parse_lines(self.run(command))
        except SubmissionError:
            return None

    def _one(self, *command: str) -> Optional[str]:
        lines = self._list(*command)
        return lines[-1] if lines else None


def _portions(job_ids: Sequence[str]) -> List[Sequence[str]]:
    """The IDs in portions that fit into a command line."""
    return [job_ids[first : first + _MOST_IDS] for first in range(0, len(job_ids), _MOST_IDS)]


def _texts(value: Any) -> Optional[Tuple[str, ...]]:
    return tuple(str(item) for item in value) if isinstance(value, list) else None


def _number(value: Any) -> Optional[int]:
    return value if type(value) is int else None
