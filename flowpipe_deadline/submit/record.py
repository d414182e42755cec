"""The record of a bundle's submission: which jobs it became, written as they come into being.

``submission.json`` says how far the submission is, and whose it is. While it is under way, ``submission.ids`` gets a
line per job, so that a job is on record before the next is submitted, and the thousandth job costs no more than the
tenth. Only the owner changes the record, and only one attempt can take it over. Deadline's own Python imports this too:
standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, ContextManager, Dict, Mapping, Optional, Sequence, Set

from ..bundle.job_files import read_batch_name
from ..core.bundle import FORMAT, SUBMISSION, named_jobs, read_bundle
from ..core.errors import FlowpipeDeadlineError, words_of
from ..core.files import NewerFormatError, RecordError, json_bytes, read_record, write_whole
from ..core.locks import is_running, locked, seconds_since_written, start_mark
from ..core.rights import share
from ..deadline.client import SubmissionError

IDS = "submission.ids"
SUBMITTING = "submitting"
SUBMITTED = "submitted"
LEFT = "left"
"""It failed, and it is not certain that all of it was undone."""

_NEXT = "submission.next"
_LOCK = "submission.lock"
_LINE = re.compile(r"(?P<key>\S+) (?P<id>[0-9a-f]{24})")
_JOB_ID = re.compile(r"[0-9a-f]{24}")
_SILENCE = 900.0  # Seconds without a write after which a process of another machine is taken for dead.
_LOCK_LIFE = 60.0  # Seconds after which a lock is a dead process's: it is held for a moment only.
_LOCK_PATIENCE = 20.0
_PAUSE = 0.05
_at_work: Set[str] = set()
"""The tokens of the attempts that this process makes at this moment."""


@dataclass(frozen=True)
class SubmissionRecord:
    """How far the submission of a bundle is."""

    state: str
    """``submitting``, ``submitted`` or ``left``."""
    jobs: Mapping[str, str]
    """Job IDs by node key, in the order of submission."""
    is_at_work: bool = False
    """Whether it is being submitted at this moment, as far as that is known."""
    host: str = ""
    process: int = 0
    """The process that submits it, or did; 0 if that is not known."""
    token: str = ""
    """Tells the attempt from all others."""

    @property
    def submitter(self) -> str:
        """The process, for a sentence; empty if that is not known."""
        return f" by process {self.process} on {self.host}" if self.process else ""


def read_submission(folder: Path) -> Optional[SubmissionRecord]:
    """The record of the bundle in that folder; None if it was not submitted, or all of that was undone.

    Raises:
        RecordError: ``submission.json`` is damaged, and the message names the jobs that may be there; or a newer
            version wrote it.
    """
    record = _read(folder)
    if record is not None and record.state == SUBMITTING and not record.is_at_work:
        return _read(folder)  # It may have ended after the record was read, before its process was looked for.
    return record


def _read(folder: Path) -> Optional[SubmissionRecord]:
    path = folder / SUBMISSION
    if not path.exists():
        return None
    try:
        return _parse(read_record(path, version=FORMAT, keys=("jobs",)), folder)
    except NewerFormatError:
        raise
    except (RecordError, TypeError, ValueError, AttributeError) as error:
        jobs = _read_ids(folder / IDS)
        ids = named_jobs(jobs.values(), jobs) or "unknown"
        raise RecordError(
            f"{path} is damaged ({error}); its jobs ({ids}) may be in Deadline: look there for the batch"
            f" {_batch_name(folder)}, delete them, and then that file"
        ) from error


def refuse_taken(folder: Path, *, takes_submitted: bool = False) -> Optional[SubmissionRecord]:
    """What an earlier attempt left, if the bundle can be submitted.

    Raises:
        SubmissionError: The bundle is being submitted, or it is submitted, unless ``takes_submitted``.
        RecordError: The record is damaged.
    """
    record = read_submission(folder)
    if record is not None and record.is_at_work:
        raise SubmissionError(
            f"{folder.name} is being submitted this moment{record.submitter}; wait for that, press Ctrl+C there, or end"
            " that process"
        )
    if record is not None and record.state == SUBMITTED and not takes_submitted:
        jobs = named_jobs(record.jobs.values(), record.jobs)
        raise SubmissionError(f"{folder.name} is submitted already, as {jobs}; --again submits it once more")
    return record


class SubmissionWriter:
    """Keeps the record of one attempt, which is at work from its claim to the end of its ``with`` block."""

    def __init__(self, folder: Path, *, token: Optional[str] = None) -> None:
        """``token`` tells the attempt from all others; one is made if need be."""
        self.name = folder.name
        """The submission's."""
        self._folder = folder
        self._token = token or uuid.uuid4().hex
        self._jobs: Dict[str, str] = {}

    def __enter__(self) -> SubmissionWriter:
        return self

    def __exit__(self, *_: object) -> None:
        _at_work.discard(self._token)

    def claim(self, *, takes_submitted: bool = False, only_of: Optional[str] = None) -> Optional[SubmissionRecord]:
        """Makes the bundle's submission this writer's; gives what an earlier attempt left, which is to be undone.

        ``takes_submitted`` claims a complete submission too, to undo it. With ``only_of``, only the attempt of that
        token is claimed.

        Raises:
            SubmissionError: The bundle is being submitted, it is submitted, or the record cannot be written.
            RecordError: The record is damaged.
        """
        try:
            with self._alone() as is_ours:
                if only_of is not None and not _has_token(self._folder, only_of):
                    return None
                record = refuse_taken(self._folder, takes_submitted=takes_submitted)
                self._jobs = {} if record is None else dict(record.jobs)
                if not is_ours():  # This process stood still, and was taken for dead.
                    raise SubmissionError(f"{self.name} is being submitted by somebody else; try again")
                _at_work.add(self._token)
                self._write(SUBMITTING)
                self._unlink(IDS)
                return record
        except OSError as error:
            path = error.filename or self._folder / SUBMISSION
            raise SubmissionError(f"{path} cannot be written: {words_of(error)}") from error

    def restart(self) -> None:
        """Begins the record anew, once what was left is undone."""
        self._jobs = {}
        self._write(SUBMITTING)

    def is_owner(self) -> bool:
        """Whether the record is certainly still this writer's: no other attempt took it over."""
        try:
            return _has_token(self._folder, self._token)
        except RecordError as error:
            return not isinstance(error.__cause__, OSError)  # Damaged, but not another's.
        except OSError:
            return False

    def go_on(self) -> None:
        """Shows that the attempt is at work.

        Raises:
            SubmissionError: Another attempt has taken the bundle over.
        """
        if not self.is_owner():
            raise SubmissionError(
                f"the submission of {self.name} was taken over by another one, or its record cannot be read"
            )
        os.utime(self._folder / SUBMISSION)

    def add(self, key: str, job_id: str) -> None:
        """Puts one more job on record.

        Raises:
            SubmissionError: Another attempt has taken the bundle over, as Deadline took long to make the job.
        """
        self.go_on()
        self._jobs[key] = job_id
        # Lost by a crash of the whole machine at worst; the job is then found by its batch.
        with (self._folder / IDS).open("a", encoding="ascii") as file:
            file.write(f"{key} {job_id}\n")
        share(self._folder / IDS)

    def prepare(self) -> None:
        """Writes the final record, which ``finish`` only puts in place once the jobs are released."""
        write_whole(self._folder / _NEXT, self._record(SUBMITTED))

    def finish(self) -> None:
        """Records that all jobs are there and released.

        Raises:
            SubmissionError: Another attempt has taken the bundle over.
        """
        self.go_on()
        os.replace(self._folder / _NEXT, self._folder / SUBMISSION)
        with contextlib.suppress(OSError):  # They are in the record as well.
            self._unlink(IDS)

    def leave(self, job_ids: Sequence[str]) -> None:
        """Records the jobs that could not be undone, by node key as far as that is known."""
        try:
            record = read_submission(self._folder)
        except (RecordError, OSError):
            record = None
        keys = {} if record is None else {job_id: key for key, job_id in record.jobs.items()}
        self._jobs = {keys.get(job_id, f"left-{job_id}"): job_id for job_id in job_ids}
        self._write(LEFT)
        self._unlink(IDS)
        self._unlink(_NEXT)

    def drop(self) -> None:
        """Removes the record, as nothing is left of the submission."""
        for name in (IDS, _NEXT, SUBMISSION):
            self._unlink(name)

    def _alone(self) -> ContextManager[Callable[[], bool]]:
        """Keeps others from reading and changing the record at the same moment."""
        path = self._folder / _LOCK
        end = time.monotonic() + _LOCK_PATIENCE

        def wait(_: str) -> None:
            if time.monotonic() > end:
                raise SubmissionError(
                    f"{path} is in the way: another process begins to submit the bundle, or died while beginning;"
                    " try again in a minute"
                )
            time.sleep(_PAUSE)

        def is_stale(_: str) -> bool:
            return seconds_since_written([path], folder=self._folder) > _LOCK_LIFE

        return locked(path, uuid.uuid4().hex, is_stale=is_stale, refuse=wait)

    def _write(self, state: str) -> None:
        write_whole(self._folder / SUBMISSION, self._record(state))

    def _record(self, state: str) -> bytes:
        who = {"host": socket.gethostname(), "process": os.getpid(), "started": start_mark(os.getpid())}
        return json_bytes({"format": FORMAT, "state": state, **who, "token": self._token, "jobs": self._jobs})

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / name).unlink()


def _has_token(folder: Path, token: str) -> bool:
    """Whether the record is that of the attempt with this token."""
    path = folder / SUBMISSION
    return path.exists() and read_record(path, version=FORMAT).get("token", "") == token


def _parse(data: Mapping[str, Any], folder: Path) -> SubmissionRecord:
    jobs = {str(key): job_id.lower() for key, job_id in data["jobs"].items()}
    invalid = [job_id for job_id in jobs.values() if not _JOB_ID.fullmatch(job_id)]
    state, host, process = data.get("state", SUBMITTED), str(data.get("host", "")), data.get("process", 0)
    if invalid or state not in (SUBMITTING, SUBMITTED, LEFT) or type(process) is not int:
        raise ValueError(f"it has a state {state!r}, a process {process!r}, and jobs {sorted(jobs.values())[:3]}")
    if state == SUBMITTING:
        jobs.update(_read_ids(folder / IDS))
    token = str(data.get("token", ""))
    is_at_work = state == SUBMITTING and _is_at_work(folder, data)
    return SubmissionRecord(state, jobs, is_at_work=is_at_work, host=host, process=process, token=token)


def _read_ids(path: Path) -> Dict[str, str]:
    """The lines that are whole; the last may have been cut off."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    return {match["key"]: match["id"] for match in map(_LINE.fullmatch, lines) if match}


def _batch_name(folder: Path) -> str:
    """What the bundle's jobs are grouped as, as far as its other files tell."""
    try:
        return read_batch_name(read_bundle(folder))
    except FlowpipeDeadlineError:
        return folder.name


def _is_at_work(folder: Path, data: Mapping[str, Any]) -> bool:
    if data.get("host") == socket.gethostname():
        process = data.get("process", 0)
        if process == os.getpid():  # It may have failed long ago, and even have failed to say so.
            return data.get("token") in _at_work
        return is_running(process, started=str(data.get("started", "")))
    return seconds_since_written([folder / SUBMISSION, folder / IDS], folder=folder) < _SILENCE
