"""Deadline from a script that it runs itself, in ``deadlinecommand`` or the Monitor.

Jobs are submitted by the call that Deadline's own Monitor scripts use, ``ClientUtils.ExecuteCommandAndGetOutput``;
whether that stays within the process is unknown (submission, section 9), and does not matter here. They are read by
``RepositoryUtils`` (plugin API, sections 5.3 to 5.6). Standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any, Callable, Dict, List, Sequence, Set, Tuple

from .client import TASK_STATES, JobDetails, SubmissionError, TaskDetails
from .command_client import CommandClient
from .command_output import parse_error, parse_percent, parse_status

_FULL_PATH = re.compile(r"[A-Za-z]:(?:[/\\]|$)|\\\\|/")


class InProcessClient(CommandClient):
    """Deadline from within one of its processes."""

    def __init__(self, clients: Any, repository: Any) -> None:
        """``clients`` and ``repository`` are ``ClientUtils`` and ``RepositoryUtils`` of ``Deadline.Scripting``."""
        self._clients = clients
        self._repository = repository

    def run(self, arguments: Sequence[str]) -> str:
        """What a command printed; only its text says whether it failed."""
        output = str(_asked(lambda: self._clients.ExecuteCommandAndGetOutput(list(arguments))))
        error = parse_error(output)
        if error is not None and arguments[0].startswith("-"):
            raise SubmissionError(f"{arguments[0]}: {error}")
        return output

    def read_jobs(self, job_ids: Sequence[str]) -> Dict[str, JobDetails]:
        """The jobs by ID, without those that Deadline does not know (any more)."""
        jobs = {job_id: self._job(job_id) for job_id in job_ids}
        return {job_id: _asked(_job_details, job) for job_id, job in jobs.items() if job is not None}

    def list_jobs(self, job_ids: Sequence[str]) -> Set[str]:
        """Those of the jobs that Deadline still knows."""
        return {job_id for job_id in job_ids if self._job(job_id) is not None}

    def read_tasks(self, job_id: str) -> Tuple[TaskDetails, ...]:
        """The tasks of a job, by number."""
        job = self._job(job_id)
        if job is None:
            raise SubmissionError(f"Deadline does not know job {job_id}")
        tasks = _asked(self._repository.GetJobTasks, job, True)
        return tuple(sorted((_asked(_task_details, task) for task in tasks), key=lambda task: task.task_id))

    def map_path(self, path: str) -> str:
        """The path on this machine, by Deadline's path mapping; as it is if there is no rule for it."""
        for spelling in spellings(path):
            mapped = str(_asked(self._repository.CheckPathMapping, spelling) or spelling)
            if mapped != spelling:
                is_native = os.sep == "/" and spelling.startswith("/")  # A name may hold a backslash there.
                return mapped if is_native else mapped.replace("\\" if os.sep == "/" else "/", os.sep)
        return path

    def measure_calls(self, arguments: Sequence[str], times: int) -> Dict[str, Any]:
        """How many seconds each of several calls of a command takes from here, and which process this is."""
        seconds = []
        for _ in range(times):
            started = time.perf_counter()
            self.run(arguments)
            seconds.append(time.perf_counter() - started)
        return {"process": os.getpid(), "parent": os.getppid(), "seconds": seconds}

    def _job(self, job_id: str) -> Any:
        """Deadline's own record, not from its cache; None if there is none, or the job was deleted."""
        return _asked(self._repository.GetJob, job_id, True)


def spellings(path: str) -> List[str]:
    """A full path, and of Windows its other spellings; whether a rule matches them all is unknown (plugin API, 3.6).

    The plugin has the same.
    """
    if not _FULL_PATH.match(path):
        return []
    slashes = [path]
    if not path.startswith("/") or path.startswith("//"):
        slashes += [path.replace("/", "\\"), path.replace("\\", "/")]
    return slashes + [other[0].swapcase() + other[1:] for other in slashes if other[0].isalpha()]


def _asked(question: Callable[..., Any], *arguments: Any) -> Any:
    """The answer; an exception of .NET becomes a SubmissionError with its message."""
    try:
        return question(*arguments)
    except SubmissionError:
        raise
    except Exception as error:
        text = str(getattr(error, "Message", None) or error) or type(error).__name__
        raise SubmissionError(f"Deadline: {text.splitlines()[0]}") from error


def _job_details(job: Any) -> JobDetails:
    counts = {state: int(getattr(job, f"Job{state}Tasks")) for state in TASK_STATES}
    return JobDetails(
        job_id=str(job.JobId).lower(),
        status=parse_status(str(job.JobStatus)),
        name=str(job.JobName),
        batch_name=str(job.JobBatchName or ""),
        plugin=str(job.JobPlugin),
        frames=str(job.JobFrames),
        chunk_size=int(job.JobFramesPerTask),
        task_count=int(job.JobTaskCount),
        dependencies=tuple(str(job_id).lower() for job_id in job.JobDependencyIDs),
        frame_dependent=bool(job.JobIsFrameDependent),
        tasks={state: count for state, count in counts.items() if count},
    )


def _task_details(task: Any) -> TaskDetails:
    return TaskDetails(
        task_id=int(task.TaskId),
        frames=str(task.TaskFrameString),
        status=parse_status(str(task.TaskStatus)),
        # Both names are inferred, and so is the form of the value (plugin API, section 5.6).
        progress=parse_percent(getattr(task, "TaskProgress", getattr(task, "Progress", None))),
        worker=str(task.TaskSlaveName or ""),
    )
