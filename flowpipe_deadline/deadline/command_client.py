"""Deadline through the commands of ``deadlinecommand`` (submission, section 2.5).

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import Any, Callable, Mapping, Sequence, TypeVar

from ..bundle.job_files import BUNDLE_KEY, DEPENDENCIES, NODE_INFO_KEY, PLUGIN_NAME, SUBMISSION_KEY
from ..core.names import is_same_batch
from ..core.text import counted
from .client import (
    Created,
    DeadlineClient,
    FarmDetails,
    JobDetails,
    RepositoryInfo,
    SubmissionError,
    TaskDetails,
    WorkerDetails,
    bundles_of,
    unknown_job,
)
from .command_output import (
    parse_batch,
    parse_job_ids,
    parse_jobs,
    parse_limits,
    parse_lines,
    parse_paths,
    parse_sections,
    parse_submission,
    parse_tasks,
    parse_workers,
)
from .reports import Report, read_report

_MOST_IDS = 250  # Of 24 digits and a comma: below the longest command line of Windows, 8191 characters.
_MOST_TASKS = 1000  # Of up to five digits and a comma.
_MOST_SINGLE = 50  # Jobs that are asked for one by one, if asking for several at once gives nothing.
_COMMANDS = {"resumefailed": "ResumeFailed"}
_Item = TypeVar("_Item")


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

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
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

    def list_jobs(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Deadline lists: not the deleted ones."""
        return set(parse_job_ids(self.run(["-GetJobIds"]))) & set(job_ids)

    def read_batches(self, job_ids: Sequence[str]) -> dict[str, str | None]:
        """The batch of each of the jobs that Deadline knows; empty for a job without one, None if it does not tell.

        If ``GetJob`` tells it of no job, each is asked for the submission that it names.
        """
        return self._told(super().read_batches(job_ids))

    def read_tasks(self, job_id: str) -> tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""
        return parse_tasks(self.run(["-GetJobTasks", job_id]))

    def find_jobs(self, batch_name: str, *, known: Sequence[str] = ()) -> list[str]:
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
            self.run([f"-{_COMMANDS.get(command, command.title())}Job", ",".join(some)])

    def change_tasks(self, command: str, job_id: str, task_ids: Sequence[int]) -> None:
        """Gives the command for as many tasks at once as fit into a command line."""
        for some in _portions(task_ids, most=_MOST_TASKS):
            self.run([f"-{_COMMANDS.get(command, command.title())}JobTasks", job_id, ",".join(map(str, some))])

    def read_plugin_info(self, job_id: str) -> dict[str, str]:
        """The Bundle and the Node of a job; a command for each."""
        info = {key: self._one("-GetJobPluginInfoKeyValue", job_id, key) for key in (BUNDLE_KEY, NODE_INFO_KEY)}
        if not info[BUNDLE_KEY] and not self.list_jobs([job_id]):
            raise unknown_job(job_id)
        return {key: value for key, value in info.items() if value}

    def find_bundle_jobs(self) -> dict[str, tuple[str, str]]:
        """The bundle and the node of every listed job of our plugin; two commands for each of them.

        Raises:
            SubmissionError: There are too many for that.
        """
        jobs = self.read_jobs(parse_job_ids(self.run(["-GetJobIds"])))
        ours = [job_id for job_id, job in jobs.items() if job.plugin in (None, PLUGIN_NAME)]
        if len(ours) > _MOST_SINGLE:
            raise _untold(f"the bundles of {len(ours)} jobs at once")
        infos = {job_id: self.read_plugin_info(job_id) for job_id in ours}
        return bundles_of(infos)

    def mapped(self, path: str) -> str:
        """The path as a rule changes it."""
        return self._one("-CheckPathMapping", path) or path

    def set_dependencies(self, job_id: str, upstream_ids: Sequence[str]) -> None:
        """Makes a job depend on these jobs alone; that the setting has this name is inferred."""
        self.run(["-SetJobSetting", job_id, DEPENDENCIES, ",".join(upstream_ids)])

    def read_entries(self, job_id: str, keys: Sequence[str]) -> dict[str, str | None]:
        """Entries of the job info; that settings have the names of their keys is inferred (submission, section 2.5)."""
        told = {key: self._list("-GetJobSetting", job_id, key) for key in keys}
        return {key: None if lines is None else "".join(lines[-1:]) for key, lines in told.items()}

    def set_entries(self, job_id: str, entries: Mapping[str, str]) -> None:
        """Sets entries of a job's info, a command for each."""
        for key, value in entries.items():
            self.run(["-SetJobSetting", job_id, key, value])

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

    def read_reports(self, job_id: str, task_id: int | None = None) -> tuple[Report, ...]:
        """What Deadline keeps of each attempt at the job's tasks, or at one, the earliest first.

        Only the names of files are told; which task each is about stands in it. Where this machine cannot read one,
        that is not known, and it is among those of every task.
        """
        kinds = (("-GetJobErrorReportFilenames", True), ("-GetJobLogReportFilenames", False))
        found = [
            _report(path, is_error=is_error)
            for command, is_error in kinds
            for path in parse_paths(self.run([command, job_id]))
        ]
        tasks = {_frames(task.frames): task.task_id for task in self.read_tasks(job_id)} if found else {}
        reports = [replace(report, task_id=tasks.get(_frames(report.frames))) for report in found]
        wanted = [report for report in reports if task_id is None or report.task_id in (task_id, None)]
        return tuple(sorted(wanted, key=lambda report: report.written))

    def read_farm(self, *, pools: Sequence[str] = (), groups: Sequence[str] = ()) -> FarmDetails:
        """What is known of all workers and limits; of these pools and groups, also who is in them.

        Three commands, and one for each pool and group where what is printed of a worker does not tell them.
        """
        names = self._list("-GetSlaveNames")
        workers = None if names is None else self._workers(names)
        if workers is not None and any(worker.pools is None for worker in workers):
            workers = self._with_members("pools", "-GetSlaveNamesInPool", pools, workers)
        if workers is not None and any(worker.groups is None for worker in workers):
            workers = self._with_members("groups", "-GetSlaveNamesInGroup", groups, workers)
        return FarmDetails(workers=workers, limits=self._parsed(parse_limits, "-GetLimitGroups"))

    def _workers(self, names: Sequence[str]) -> tuple[WorkerDetails, ...]:
        told = self._parsed(parse_workers, "-GetSlave", ",".join(names)) if names else None
        known = {worker.name: worker for worker in told or ()}
        return tuple(known.get(name, WorkerDetails(name)) for name in names)

    def _with_members(
        self, field: str, command: str, names: Sequence[str], workers: Sequence[WorkerDetails]
    ) -> tuple[WorkerDetails, ...]:
        """The workers with those of the pools or groups that they are in; as they were if one of these is not told."""
        members = {name: self._list(command, name) for name in names}
        if not names or None in members.values():
            return tuple(workers)
        found = {
            worker.name: tuple(name.lower() for name, listed in members.items() if worker.name in (listed or ()))
            for worker in workers
        }
        return tuple(replace(worker, **{field: found[worker.name]}) for worker in workers)  # type: ignore[arg-type]

    def _parsed(self, parse: Callable[[str], _Item], *command: str) -> _Item | None:
        try:
            return parse(self.run(command))
        except SubmissionError:
            return None

    def _read_portions(self, job_ids: Sequence[str]) -> dict[str, JobDetails]:
        jobs: dict[str, JobDetails] = {}
        for some in _portions(job_ids):
            with contextlib.suppress(SubmissionError):
                jobs.update(parse_jobs(self.run(["-GetJob", ",".join(some), "True"]), job_ids=some))
        return jobs

    def _read_one(self, job_id: str) -> dict[str, JobDetails]:
        try:
            return parse_jobs(self.run(["-GetJob", job_id]), job_ids=[job_id])
        except SubmissionError:
            if self.list_jobs([job_id]):
                raise
            return {}

    def _of_batch(self, job_ids: Sequence[str], batch_name: str, *, known: Sequence[str]) -> list[str]:
        """Those of the jobs that are of this batch; the known ones are not read."""
        unread = [job_id for job_id in job_ids if job_id not in set(known)]
        sections: dict[str, dict[str, str]] = {}
        for some in _portions(unread):
            sections.update(self._sections(some))
        missing = [job_id for job_id in unread if job_id not in sections]
        if len(missing) > _MOST_SINGLE:
            raise _untold(counted(len(missing), "job"))
        for job_id in missing:
            sections.update(self._sections([job_id]))
        missing = [job_id for job_id in missing if job_id not in sections]
        if missing and self.list_jobs(missing):  # Not only gone meanwhile.
            raise _untold(f"job {', '.join(missing)}")
        batches = {job_id: parse_batch(values) for job_id, values in sections.items()}
        if set(batches.values()) == {None} and len(batches) > _MOST_SINGLE:
            raise _untold(f"the batch of {counted(len(batches), 'job')}")
        batches = self._told(batches)
        return [job_id for job_id in job_ids if is_same_batch(batches.get(job_id), batch_name) or job_id in known]

    def _told(self, batches: dict[str, str | None]) -> dict[str, str | None]:
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

    def _filtered(self, batch_name: str) -> list[str]:
        try:
            return parse_job_ids(self.run(["-GetJobIdsFilter", f"BatchName={batch_name}"]))
        except SubmissionError:
            if self._is_filter_known_to_work:
                raise
            return []

    def _sections(self, job_ids: Sequence[str]) -> dict[str, dict[str, str]]:
        """What Deadline says of these jobs; nothing if one of them makes the command fail."""
        try:
            output = self.run(["-GetJob", ",".join(job_ids), *(["True"] if len(job_ids) > 1 else [])])
        except SubmissionError:
            return {}
        return parse_sections(output, job_ids=job_ids)

    def _submission_info(self) -> dict[str, Any]:
        try:
            output = self.run(["-JSON", "-GetSubmissionInfo", "Pools", "Groups", "MaxPriority", "TaskLimit"])
            answer = json.loads(output[output.index("{") :])
        except (SubmissionError, ValueError):
            return {}
        result = answer.get("result") if isinstance(answer, dict) and answer.get("ok") else None
        return result if isinstance(result, dict) else {}

    def _list(self, *command: str) -> tuple[str, ...] | None:
        return self._parsed(parse_lines, *command)

    def _one(self, *command: str) -> str | None:
        lines = self._list(*command)
        return lines[-1] if lines else None


def _untold(what: str) -> SubmissionError:
    return SubmissionError(f"deadlinecommand tells nothing of {what}; use another connection, such as --via script")


def _portions(items: Sequence[_Item], *, most: int = _MOST_IDS) -> list[Sequence[_Item]]:
    """The IDs in portions that fit into a command line."""
    return [items[first : first + most] for first in range(0, len(items), most)]


def _report(path: str, *, is_error: bool) -> Report:
    """The report in that file, with its path alone if it cannot be read here."""
    try:
        return read_report(path, is_error=is_error)
    except (OSError, EOFError):
        return Report(report_id=path, is_error=is_error, path=path)


def _frames(text: str) -> str:
    """The frames of a task in one form: Deadline also writes one frame as ``21-21``."""
    first, _, last = text.partition("-")
    return first if first == last else text


def _texts(value: Any) -> tuple[str, ...] | None:
    return tuple(str(item) for item in value) if isinstance(value, list) else None


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
