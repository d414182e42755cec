"""Bundle to Deadline: one ``deadlinecommand`` call per job, upstream first, everything undone if one is refused."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Protocol

from .bundle import AnyPath, Bundle, read_bundle
from .errors import FlowpipeDeadlineError, SubmissionError
from .farm.bundle import FORMAT, SUBMISSION
from .farm.files import json_bytes, read_record, write_whole
from .farm.guard import refuse_while_loading
from .info_files import encode_info, format_entries
from .submission import job_entries, plugin_entries

# What deadlinecommand prints: deadline-submission.md, section 2.4.
_ID_DIGITS = 24
_JOB_ID = re.compile(r"JobID=([0-9a-fA-F]{24})")
_ERRORS = ("Error:", "Submission Error:", "Bad submission arguments")
_WARNINGS_FOLLOW = "but there were some warnings:"
_MACOS_PATH_FILE = "/Users/Shared/Thinkbox/DEADLINE_PATH"
# deadline-submission.md, section 2.1.
_DEFAULT_FOLDERS = {
    "linux": "/opt/Thinkbox/Deadline10/bin",
    "win32": r"C:\Program Files\Thinkbox\Deadline10\bin",
    "darwin": "/Applications/Thinkbox/Deadline10/Resources",
}
# Set by a host application for its own Python; deadlinecommand brings one of its own (hosts-and-tooling.md, 1.3).
_HOST_VARIABLES = ("PYTHONHOME", "PYTHONPATH")


@dataclass(frozen=True)
class CommandResult:
    """What ``deadlinecommand`` did."""

    exit_code: int
    output: str
    """What it printed on stdout."""
    errors: str = ""
    """What it printed on stderr; whether a success ever writes there is unknown (deadline-submission.md, 2.4)."""


class CommandRunner(Protocol):
    """Runs ``deadlinecommand`` with arguments."""

    def __call__(self, arguments: Sequence[str]) -> CommandResult:
        """What it did."""


def command_output(run: CommandRunner, arguments: Sequence[str]) -> str:
    """What a call printed.

    Raises:
        SubmissionError: It failed; with its last words.
    """
    result = run(arguments)
    if result.exit_code != 0:
        said = [line.strip() for line in (*result.errors.splitlines(), *result.output.splitlines()) if line.strip()]
        raise SubmissionError(f"deadlinecommand failed with exit code {result.exit_code}: {said[-1] if said else ''}")
    return result.output


class _RefusedError(SubmissionError):
    """One job was refused; ``job_id`` is that of the job that may exist all the same."""

    def __init__(self, message: str, job_id: Optional[str] = None) -> None:
        super().__init__(message)
        self.job_id = job_id


def submit_bundle(
    bundle: AnyPath,
    *,
    run_command: Optional[CommandRunner] = None,
    on_message: Optional[Callable[[str], None]] = None,
) -> dict[str, str]:
    """The job IDs by node key, once Deadline has taken all jobs; they are in the bundle's ``submission.json`` too.

    ``run_command`` replaces the ``deadlinecommand`` that is found on this machine; ``on_message`` hears of each job,
    and of Deadline's warnings.

    Raises:
        SubmissionError: There is no ``deadlinecommand``, the bundle was submitted before or moved, or Deadline refuses
            a job, or anything else goes wrong on the way: the jobs submitted so far are deleted then, and the message
            names those that could not be. Its ``exit_code`` is 130 after Ctrl+C.
        RecordError: The folder is no bundle, or is damaged.
        LoadingError: A script submits while it is only being loaded.
    """
    refuse_while_loading("submit")
    opened = read_bundle(bundle)
    _check_files(opened)
    known = submitted_jobs(opened)
    if known:
        ids = ", ".join(known.values())
        raise SubmissionError(f"{opened.name} is submitted already, as job {ids}; write a new bundle")
    run = run_command or DeadlineCommand()
    say = on_message or _unheard
    job_ids: dict[str, str] = {}
    job: Mapping[str, Any] = {}
    try:
        for job in opened.jobs:
            job_ids[job["key"]] = _submit_job(opened, job, job_ids=job_ids, run=run, say=say)
            _record(opened, job_ids)
    except BaseException as error:
        if isinstance(error, _RefusedError) and error.job_id is not None:
            job_ids[job["key"]] = error.job_id
        undone = _undo(opened, job_ids, run=run)
        raise _failure(error, job=job, undone=undone) from error
    return job_ids


def _unheard(message: str) -> None:
    """For callers that do not want to know."""


def _check_files(bundle: Bundle) -> None:
    """Reads every file that Deadline will be given, before it is given the first."""
    ids = {job["key"]: "0" * _ID_DIGITS for job in bundle.jobs}
    for job in bundle.jobs:
        job_entries(bundle, job, job_ids=ids)
        folder = plugin_entries(bundle, job).get("Bundle")
        if folder != str(bundle.folder):
            raise SubmissionError(
                f"{bundle.folder} was moved or copied: its jobs would look for {folder}; write a new bundle"
            )


def _failure(error: BaseException, *, job: Mapping[str, Any], undone: str) -> SubmissionError:
    label = f"{job['graph']}.{job['node']}" if job else "the bundle"
    if isinstance(error, KeyboardInterrupt):
        failure = SubmissionError(f"interrupted while {label} was submitted, which may be a job by now; {undone}")
        failure.exit_code = 130
        return failure
    if isinstance(error, FlowpipeDeadlineError):
        return SubmissionError(f"{label}: {error}; {undone}")
    reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
    return SubmissionError(f"{label}: {reason}; {undone}")


def submitted_jobs(bundle: Bundle) -> dict[str, str]:
    """The job IDs by node key, if the bundle was submitted.

    Raises:
        RecordError: ``submission.json`` is damaged.
    """
    path = bundle.folder / SUBMISSION
    return dict(read_record(path, version=FORMAT, keys=("jobs",))["jobs"]) if path.exists() else {}


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


def parse_job_id(output: str) -> Optional[str]:
    """The ID of the job that a submission made, in what ``deadlinecommand`` printed (section 2.4); None without one.

    Other lines may stand before and between, so only a line that is nothing but an ID counts.
    """
    found = [match[1].lower() for match in map(_JOB_ID.fullmatch, map(str.strip, output.splitlines())) if match]
    return found[-1] if found else None


class DeadlineCommand:
    """The real ``deadlinecommand`` of this machine, a process per call.

    Raises:
        SubmissionError: There is none; of a call, that it failed.
    """

    def __init__(self) -> None:
        self._executable = find_deadlinecommand()
        self._environment = {key: value for key, value in os.environ.items() if key not in _HOST_VARIABLES}

    def __call__(self, arguments: Sequence[str]) -> CommandResult:
        """What it did."""
        result = subprocess.run(
            [self._executable, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._environment,
            check=False,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        output, errors = result.stdout.decode("utf-8", "replace"), result.stderr.decode("utf-8", "replace")
        return CommandResult(exit_code=result.returncode, output=output, errors=errors)


def _submit_job(
    bundle: Bundle,
    job: Mapping[str, Any],
    *,
    job_ids: Mapping[str, str],
    run: CommandRunner,
    say: Callable[[str], None],
) -> str:
    """Completes the job info file with the upstream IDs, so that the bundle holds what Deadline was given."""
    job_file, plugin_file = bundle.job_files(job)
    write_whole(job_file, encode_info(format_entries(job_entries(bundle, job, job_ids=job_ids).items())))
    result = run([str(job_file), str(plugin_file)])
    job_id = parse_job_id(result.output)
    lines = [line.strip() for line in result.output.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    if result.exit_code != 0 or last.startswith(_ERRORS) or job_id is None:
        said = last or result.errors.strip() or "deadlinecommand printed nothing"
        raise _RefusedError(f"Deadline refused the job with exit code {result.exit_code}: {said}", job_id)
    if job_id in job_ids.values():
        raise _RefusedError(f"deadlinecommand gave the ID {job_id} to two jobs")
    say(f"{job['key']}: {job_id}")
    for warning in _warnings(lines):
        say(f"Warning: {job['key']}: {warning}")
    return job_id


def _warnings(lines: Sequence[str]) -> Sequence[str]:
    """What Deadline had to say about a job that it took."""
    starts = [index for index, line in enumerate(lines) if line.endswith(_WARNINGS_FOLLOW)]
    return lines[starts[0] + 1 :] if starts else ()


def _undo(bundle: Bundle, job_ids: Mapping[str, str], *, run: CommandRunner) -> str:
    """Deletes what was submitted; tells how that went. What could not be deleted stays in ``submission.json``."""
    if not job_ids:
        return "nothing was submitted"
    listed = ", ".join(job_ids.values())
    try:
        result = run(["-DeleteJob", ",".join(job_ids.values())])
        problem = "" if result.exit_code == 0 else f"exit code {result.exit_code}"
    except (FlowpipeDeadlineError, OSError, KeyboardInterrupt) as error:
        problem = str(error) or "interrupted"
    with contextlib.suppress(OSError):  # The IDs are in the message as well.
        _record(bundle, job_ids if problem else {})
    if problem:
        return f"the jobs {listed} could not be deleted ({problem}): delete them in the Monitor"
    return f"what was submitted before was deleted: {listed}"


def _record(bundle: Bundle, job_ids: Mapping[str, str]) -> None:
    """Keeps the IDs in the bundle as the jobs come into being."""
    path: Path = bundle.folder / SUBMISSION
    if job_ids:
        write_whole(path, json_bytes({"format": FORMAT, "jobs": dict(job_ids)}))
    else:
        path.unlink(missing_ok=True)


def _macos_folder() -> str:
    try:
        return Path(_MACOS_PATH_FILE).read_text(encoding="utf-8").strip() if sys.platform == "darwin" else ""
    except OSError:
        return ""
