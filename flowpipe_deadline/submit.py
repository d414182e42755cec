"""Bundle to Deadline: one ``deadlinecommand`` call per job, upstream first, everything undone if one is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Protocol

from .bundle import AnyPath, Bundle, read_bundle
from .errors import BundleError, SubmissionError
from .farm.bundle import FORMAT, SUBMISSION
from .farm.files import json_bytes, read_record, write_whole
from .farm.guard import refuse_while_loading
from .job_info import encode_info, format_entries
from .submission import job_entries

_MACOS_PATH_FILE = "/Users/Shared/Thinkbox/DEADLINE_PATH"
# deadline-submission.md, section 2.1.
_DEFAULT_FOLDERS = {
    "linux": "/opt/Thinkbox/Deadline10/bin",
    "win32": r"C:\Program Files\Thinkbox\Deadline10\bin",
    "darwin": "/Applications/Thinkbox/Deadline10/Resources",
}
# Set by a host application for its own Python; deadlinecommand brings one of its own (hosts-and-tooling.md, 1.3).
_HOST_VARIABLES = ("PYTHONHOME", "PYTHONPATH")


class CommandRunner(Protocol):
    """Runs ``deadlinecommand`` with arguments; gives what it printed."""

    def __call__(self, arguments: Sequence[str]) -> str:
        """What it printed.

        Raises:
            SubmissionError: It failed.
        """


def submit_bundle(
    bundle: AnyPath,
    *,
    run_command: Optional[CommandRunner] = None,
    on_submitted: Optional[Callable[[str, str], None]] = None,
) -> dict[str, str]:
    """The job IDs by node key, once Deadline has taken all jobs; they are in the bundle's ``submission.json`` too.

    ``run_command`` replaces the ``deadlinecommand`` that is found on this machine; ``on_submitted`` hears of each job.

    Raises:
        SubmissionError: There is no ``deadlinecommand``, the bundle was submitted before, or Deadline refuses a job;
            the jobs submitted so far are deleted then.
        RecordError: The folder is no bundle, or is damaged.
        BundleError: The bundle cannot be written.
        LoadingError: A script submits while it is only being loaded.
    """
    refuse_while_loading("submit")
    opened = read_bundle(bundle)
    known = submitted_jobs(opened)
    if known:
        ids = ", ".join(known.values())
        raise SubmissionError(f"{opened.name} is submitted already, as job {ids}; write a new bundle")
    run = run_command or DeadlineCommand()
    job_ids: dict[str, str] = {}
    try:
        for job in opened.jobs:
            job_ids[job["key"]] = _submit_job(opened, job, job_ids=job_ids, run=run)
            _record(opened, job_ids)
            if on_submitted is not None:
                on_submitted(job["key"], job_ids[job["key"]])
    except BaseException as error:
        undone = _delete_jobs(list(job_ids.values()), run=run)
        _record(opened, {})
        if isinstance(error, (SubmissionError, OSError)):
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SubmissionError(f"{reason}; {undone}") from error
        if isinstance(error, KeyboardInterrupt):
            raise SubmissionError(f"interrupted; {undone}") from error
        raise
    return job_ids


def submitted_jobs(bundle: Bundle) -> dict[str, str]:
    """The job IDs by node key, if the bundle was submitted.

    Raises:
        RecordError: ``submission.json`` is damaged.
    """
    path = bundle.folder / SUBMISSION
    return dict(read_record(path, version=FORMAT)["jobs"]) if path.exists() else {}


def find_deadlinecommand() -> str:
    """The path of ``deadlinecommand``, found as Deadline's own submitters do (deadline-submission.md, section 2.1).

    Raises:
        SubmissionError: There is none.
    """
    folders = [os.environ.get("DEADLINE_PATH", ""), _macos_folder(), _DEFAULT_FOLDERS.get(sys.platform, "")]
    for folder in filter(None, folders):
        found = shutil.which("deadlinecommand", path=folder)
        if found:
            return found
    found = shutil.which("deadlinecommand")
    if found is None:
        raise SubmissionError(
            "no deadlinecommand on this machine: install the Deadline Client, or set DEADLINE_PATH to its bin folder"
        )
    return found


def parse_job_id(output: str) -> str:
    """The ID of the job that a submission made, from what ``deadlinecommand`` printed (section 2.4).

    Raises:
        SubmissionError: The output says that it failed, or names no job.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for line in lines:
        if line.startswith("JobID="):
            return line.partition("=")[2].strip()
    raise SubmissionError(f"Deadline refused the job: {lines[-1] if lines else 'deadlinecommand printed nothing'}")


class DeadlineCommand:
    """The real ``deadlinecommand`` of this machine, a process per call.

    Raises:
        SubmissionError: There is none; of a call, that it failed.
    """

    def __init__(self) -> None:
        self._executable = find_deadlinecommand()
        self._environment = {key: value for key, value in os.environ.items() if key not in _HOST_VARIABLES}

    def __call__(self, arguments: Sequence[str]) -> str:
        """What it printed."""
        result = subprocess.run(
            [self._executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        output = result.stdout.decode("utf-8", "replace")
        if result.returncode != 0:
            last = [line for line in output.splitlines() if line.strip()][-1:] or ["it printed nothing"]
            raise SubmissionError(f"deadlinecommand failed with exit code {result.returncode}: {last[0].strip()}")
        return output


def _submit_job(bundle: Bundle, job: Mapping[str, Any], *, job_ids: Mapping[str, str], run: CommandRunner) -> str:
    """Completes the job info file with the upstream IDs, so that the bundle holds what Deadline was given."""
    job_file, plugin_file = bundle.job_files(job)
    entries = job_entries(bundle, job, job_ids=job_ids)
    try:
        write_whole(job_file, encode_info(format_entries(entries.items())))
    except OSError as error:
        raise BundleError(f"{job_file} cannot be written: {error.strerror}") from error
    try:
        return parse_job_id(run([str(job_file), str(plugin_file)]))
    except SubmissionError as error:
        raise SubmissionError(f"{job['graph']}.{job['node']}: {error}") from error


def _delete_jobs(job_ids: Sequence[str], *, run: CommandRunner) -> str:
    """Deletes what was submitted; tells how that went."""
    if not job_ids:
        return "nothing was submitted"
    try:
        run(["-DeleteJob", ",".join(job_ids)])
    except (SubmissionError, OSError) as error:
        return f"the jobs {', '.join(job_ids)} could not be deleted ({error}): delete them in the Monitor"
    return f"the {len(job_ids)} jobs submitted before it were deleted"


def _record(bundle: Bundle, job_ids: Mapping[str, str]) -> None:
    """Keeps the IDs in the bundle as the jobs come into being."""
    path: Path = bundle.folder / SUBMISSION
    try:
        if job_ids:
            write_whole(path, json_bytes({"format": FORMAT, "jobs": dict(job_ids)}))
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise BundleError(f"{path} cannot be written: {error.strerror}") from error


def _macos_folder() -> str:
    try:
        return Path(_MACOS_PATH_FILE).read_text(encoding="utf-8").strip() if sys.platform == "darwin" else ""
    except OSError:
        return ""
