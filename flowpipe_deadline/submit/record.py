"""What a bundle remembers of its submission: which jobs it became, written as they come into being.

``submission.json`` says how far the submission is, and whose it is; while it is under way, ``submission.ids`` gets a
line per job, so that a job is on record before the next is submitted and a thousand jobs cost no more each than ten.
Only the owner changes the record, and who takes it over does so alone. Deadline's own Python imports this too:
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
from typing import Any, ContextManager, Dict, Mapping, Optional

from ..core.bundle import FORMAT, SUBMISSION
from ..core.files import NewerFormatError, RecordError, json_bytes, read_record, write_whole
from ..core.locks import is_running, locked, seconds_since_written, start_mark
from ..deadline.client import SubmissionError

IDS = "submission.ids"
SUBMITTING = "submitting"
SUBMITTED = "submitted"
LEFT = "left"
"""It failed, and not everything of it could be undone for certain."""

_NEXT = "submission.next"
_LOCK = "submission.lock"
_LINE = re.compile(r"(?P<key>\S+) (?P<id>[0-9a-f]{24})")
_JOB_ID = re.compile(r"[0-9a-f]{24}")
# Seconds. Another machine's process cannot be asked; as long as it has written lately, it is taken to be at work.
_SILENCE = 900.0
_LOCK_LIFE = 60.0  # Seconds after which a lock is a dead process's: it is held for a moment only.
_LOCK_PATIENCE = 20.0
_PAUSE = 0.05


@dataclass(frozen=True)
class SubmissionRecord:
    """How far the submission of a bundle is."""

    state: str
    """``submitting``, ``submitted`` or ``left``."""
    jobs: Mapping[str, str]
    """Job IDs by node key, in the order of submission."""
    is_at_work: bool = False
    """Whether somebody is submitting it at this moment, as far as that can be told."""
    host: str = ""
    process: int = 0
    """Who submits it, or did."""
    token: str = ""
    """Whose attempt it is: each has its own."""

    @property
    def submitter(self) -> str:
        """The process, for a sentence; empty if that is not known."""
        return f" by process {self.process} on {self.host}" if self.process else ""


def read_submission(folder: Path) -> Optional[SubmissionRecord]:
    """What the bundle in that folder remembers; None if it was not submitted, or all of that was undone.

    Raises:
        RecordError: ``submission.json`` is damaged, and the message names the jobs that may be there; or a newer version wrote
            it.
    """
    path = folder / SUBMISSION
    if not path.exists():
        return None
    try:
        return _parse(read_record(path, version=FORMAT, keys=("jobs",)), folder)
    except NewerFormatError:
        raise
    except (RecordError, TypeError, ValueError, AttributeError) as error:
        ids = ", ".join(_read_ids(folder / IDS).values()) or "unknown"
        raise RecordError(
            f"{path} is damaged ({error}); its jobs ({ids}) may be in Deadline: look there for the batch {folder.name},"
            " delete them, and then that file"
        ) from error


def refuse_taken(folder: Path, *, takes_submitted: bool = False) -> Optional[SubmissionRecord]:
    """What an earlier attempt left, if nobody else has the bundle's submission.

    Raises:
        SubmissionError: Somebody is submitting the bundle, or it is submitted, unless that may be taken too.
        RecordError: The record is damaged.
    """
    record = read_submission(folder)
    _refuse_taken(record, folder, takes_submitted=takes_submitted)
    return record


def _refuse_taken(record: Optional[SubmissionRecord], folder: Path, *, takes_submitted: bool) -> None:
    if record is not None and record.is_at_work:
        raise SubmissionError(
            f"{folder.name} is being submitted this moment{record.submitter}; wait for that, or press Ctrl+C there"
        )
    if record is not None and record.state == SUBMITTED and not takes_submitted:
        ids = ", ".join(record.jobs.values())
        raise SubmissionError(f"{folder.name} is submitted already, as job {ids}; --again submits it once more")


class SubmissionWriter:
    """Keeps the record of one attempt, from its claim on."""

    def __init__(self, folder: Path, *, token: Optional[str] = None) -> None:
        """``token`` tells the attempt from all others; one is made if need be."""
        self._folder = folder
        self._token = token or uuid.uuid4().hex
        self._jobs: Dict[str, str] = {}

    def claim(self, *, takes_submitted: bool = False, only_of: Optional[str] = None) -> Optional[SubmissionRecord]:
        """Makes the bundle's submission this writer's; gives what an earlier attempt left, which is to be undone.

        ``takes_submitted`` takes a complete submission too, to undo it; ``only_of`` only the attempt of that token, and
        else nothing is claimed.

        Raises:
            SubmissionError: Somebody else is submitting the bundle, it is submitted, or the record cannot be written.
            RecordError: The record is damaged.
        """
        try:
            with self._alone():
                record = read_submission(self._folder)
                if only_of is not None and (record is None or record.token != only_of):
                    return None
                _refuse_taken(record, self._folder, takes_submitted=takes_submitted)
                self._jobs = {} if record is None else dict(record.jobs)
                self._write(SUBMITTING)
                self._unlink(IDS)
                return record
        except OSError as error:
            path = error.filename or self._folder / SUBMISSION
            raise SubmissionError(f"{path} cannot be written: {error.strerror or error}") from error

    def restart(self) -> None:
        """What was left is undone: from here on only new jobs count."""
        self._jobs = {}
        self._write(SUBMITTING)

    def is_owner(self) -> bool:
        """Whether the record is still this writer's: nobody took it for dead."""
        path = self._folder / SUBMISSION
        try:
            return bool(read_record(path, version=FORMAT).get("token") == self._token)
        except (RecordError, OSError):
            return path.exists()  # Nobody else's, at least.

    def go_on(self) -> None:
        """Shows that the attempt is at work.

        Raises:
            SubmissionError: Somebody else has taken the bundle over.
        """
        if not self.is_owner():
            raise SubmissionError(f"the submission of {self._folder.name} was taken over by another one")
        os.utime(self._folder / SUBMISSION)

    def add(self, key: str, job_id: str) -> None:
        """Puts one more job on record."""
        self._jobs[key] = job_id
        # Lost by a crash of the whole machine at worst; the job is found again by its batch then.
        with (self._folder / IDS).open("a", encoding="ascii") as file:
            file.write(f"{key} {job_id}\n")

    def prepare(self) -> None:
        """Writes the last word, which only has to be put in place once the jobs are released."""
        write_whole(self._folder / _NEXT, self._record(SUBMITTED))

    def finish(self) -> None:
        """All jobs are there and released."""
        os.replace(self._folder / _NEXT, self._folder / SUBMISSION)
        with contextlib.suppress(OSError):  # They are in the record as well.
            self._unlink(IDS)

    def leave(self, jobs: Mapping[str, str]) -> None:
        """What could not be undone stays on record."""
        self._jobs = dict(jobs)
        self._write(LEFT)
        self._unlink(IDS)
        self._unlink(_NEXT)

    def drop(self) -> None:
        """Nothing is left of the submission, so the bundle can be submitted anew."""
        for name in (IDS, _NEXT, SUBMISSION):
            self._unlink(name)

    def _alone(self) -> ContextManager[None]:
        """Keeps others from reading and changing the record at the same moment."""
        path = self._folder / _LOCK
        end = time.monotonic() + _LOCK_PATIENCE

        def wait(_: str) -> None:
            if time.monotonic() > end:
                raise SubmissionError(
                    f"{path} is in the way: somebody else begins to submit the bundle, or died while beginning;"
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


def _parse(data: Mapping[str, Any], folder: Path) -> SubmissionRecord:
    jobs = {str(key): job_id.lower() for key, job_id in data["jobs"].items()}
    strange = [job_id for job_id in jobs.values() if not _JOB_ID.fullmatch(job_id)]
    state, host, process = data.get("state", SUBMITTED), str(data.get("host", "")), data.get("process", 0)
    if strange or state not in (SUBMITTING, SUBMITTED, LEFT) or type(process) is not int:
        raise ValueError(f"it has a state {state!r}, a process {process!r}, and jobs {sorted(jobs.values())[:3]}")
    if state == SUBMITTING:
        jobs.update(_read_ids(folder / IDS))
    is_at_work = state == SUBMITTING and _is_at_work(folder, host, process, started=str(data.get("started", "")))
    token = str(data.get("token", ""))
    return SubmissionRecord(state, jobs, is_at_work=is_at_work, host=host, process=process, token=token)


def _read_ids(path: Path) -> Dict[str, str]:
    """The lines that are whole; the last may have been cut off."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    return {match["key"]: match["id"] for match in map(_LINE.fullmatch, lines) if match}


def _is_at_work(folder: Path, host: str, process: int, *, started: str) -> bool:
    if host == socket.gethostname():
        return is_running(process, started=started)
    return seconds_since_written([folder / SUBMISSION, folder / IDS], folder=folder) < _SILENCE
