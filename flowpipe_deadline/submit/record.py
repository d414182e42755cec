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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

from ..bundle.job_files import read_batch_name
from ..core.bundle import FORMAT, SUBMISSION, read_bundle, with_job_names
from ..core.errors import FlowpipeDeadlineError
from ..core.files import DamagedRecordError, RecordError, is_there, json_bytes, read_record, write_whole
from ..deadline.client import SubmissionError
from .ownership import OwnedRecord, has_token, is_at_work, owner_of
from .redo_record import REDO, REDO_IDS, RedoRecord, read_lines, read_redo

IDS = "submission.ids"
SUBMITTING = "submitting"
SUBMITTED = "submitted"
LEFT = "left"
"""It failed, and it is not certain that all of it was undone."""

_NEXT = "submission.next"
_JOB_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class SubmissionRecord:
    """How far the submission of a bundle is."""

    state: str
    """``submitting``, ``submitted`` or ``left``."""
    jobs: Mapping[str, str]
    """The job that counts, by node key, in the order of submission: a redo may have made a newer one."""
    earlier: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By node key, the jobs of before that newer ones have replaced, and that are still there."""
    redo: RedoRecord | None = None
    """The redo that is under way, or half done."""
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
        return owner_of({"process": self.process, "host": self.host})

    def jobs_of(self, key: str) -> tuple[str, ...]:
        """A node's jobs, the one that counts first: after a redo, those of before may hold a part of the frames."""
        current = (self.jobs[key],) if key in self.jobs else ()
        return (*current, *reversed(self.earlier.get(key, ())))

    @property
    def own_ids(self) -> tuple[str, ...]:
        """All jobs of the submission, also replaced ones; upstream first."""
        ids = [job_id for key in self.jobs for job_id in (*self.earlier.get(key, ()), self.jobs[key])]
        ids += [job_id for key, some in self.earlier.items() if key not in self.jobs for job_id in some]
        return tuple(dict.fromkeys(ids))

    @property
    def all_ids(self) -> tuple[str, ...]:
        """These, and those of a redo under way."""
        return tuple(dict.fromkeys((*self.own_ids, *(self.redo.jobs.values() if self.redo else ()))))


def read_submission(folder: Path) -> SubmissionRecord | None:
    """The record of the bundle in that folder; None if it was not submitted, or all of that was undone.

    Raises:
        RecordError: ``submission.json`` is damaged, and the message names the jobs that may be there; or a newer
            version wrote it.
    """
    record = _read(folder)
    if record is not None and record.state == SUBMITTING and not record.is_at_work:
        return _read(folder)  # It may have ended after the record was read, before its process was looked for.
    if record is not None and record.redo is not None and not record.redo.is_at_work:
        return _read(folder)  # So may a redo.
    return record


def _read(folder: Path) -> SubmissionRecord | None:
    path = folder / SUBMISSION
    if not is_there(path):
        return None
    try:
        return _parse(read_record(path, version=FORMAT, keys=("jobs",)), folder)
    except (DamagedRecordError, TypeError, ValueError, AttributeError) as error:
        jobs = read_lines(folder / IDS)
        ids = with_job_names(", ".join(jobs.values()), jobs) or "unknown"
        raise RecordError(
            f"{path} is damaged: {getattr(error, 'reason', error)}; its jobs ({ids}) may be in Deadline: look there for"
            f" the batch {_batch_name(folder)}, delete them, and then that file"
        ) from error


def refuse_taken(folder: Path, *, takes_submitted: bool = False) -> SubmissionRecord | None:
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
    if record is not None and record.redo is not None and record.redo.is_at_work:
        raise SubmissionError(
            f"a part of {folder.name} is being done again this moment{record.redo.owner}; wait for that, press Ctrl+C"
            " there, or end that process"
        )
    if record is not None and record.state == SUBMITTED and not takes_submitted:
        jobs = with_job_names(", ".join(record.jobs.values()), record.jobs)
        raise SubmissionError(f"{folder.name} is submitted already, as {jobs}; to submit it once more, give --again")
    return record


def replace_jobs(folder: Path, jobs: Mapping[str, str], earlier: Mapping[str, Sequence[str]]) -> None:
    """Changes which jobs count, in the record of a submission that is complete, and which they have replaced."""
    data = read_record(folder / SUBMISSION, version=FORMAT)
    data.update(jobs=dict(jobs), earlier={key: list(job_ids) for key, job_ids in earlier.items() if job_ids})
    write_whole(folder / SUBMISSION, json_bytes(data))


class SubmissionWriter(OwnedRecord):
    """Keeps the record of one attempt to submit."""

    FILE = SUBMISSION
    LINES = IDS

    def __init__(self, folder: Path, *, token: str | None = None) -> None:
        """``token`` tells the attempt from all others; one is made if need be."""
        super().__init__(folder, token=token)
        self._jobs: dict[str, str] = {}
        self._earlier: Mapping[str, Sequence[str]] = {}

    def claim(self, *, takes_submitted: bool = False, only_of: str | None = None) -> SubmissionRecord | None:
        """Makes the bundle's submission this writer's; gives what an earlier attempt left, which is to be undone.

        ``takes_submitted`` claims a complete submission too, to undo it. With ``only_of``, only the attempt of that
        token is claimed.

        Raises:
            SubmissionError: The bundle is being submitted, it is submitted, or the record cannot be written.
            RecordError: The record is damaged.
        """
        with self._claiming() as check_alone:
            if only_of is not None and not has_token(self._folder / SUBMISSION, only_of):
                return None
            record = refuse_taken(self._folder, takes_submitted=takes_submitted)
            self._jobs = {} if record is None else dict(record.jobs)
            self._earlier = {} if record is None else record.earlier
            check_alone()
            self._begin(self._record(SUBMITTING))
            self._unlink(IDS)
            return record

    def restart(self) -> None:
        """Begins the record anew, once what was left is undone."""
        self._jobs, self._earlier = {}, {}
        self._write(self._record(SUBMITTING))
        self._forget_redo()

    def add(self, key: str, job_id: str) -> None:
        """Puts one more job on record, as ``OwnedRecord.add`` does."""
        super().add(key, job_id)
        self._jobs[key] = job_id

    def prepare(self) -> None:
        """Writes the final record, which ``finish`` only puts in place once the jobs are released."""
        write_whole(self._folder / _NEXT, self._bytes(self._record(SUBMITTED)))

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
        self._earlier = {}
        self._write(self._record(LEFT))
        self._unlink(IDS)
        self._unlink(_NEXT)
        self._forget_redo()

    def drop(self) -> None:
        """Removes the record, as nothing is left of the submission."""
        self._forget_redo()
        for name in (IDS, _NEXT, SUBMISSION):
            self._unlink(name)

    def _forget_redo(self) -> None:
        """The jobs of a redo that ended half-way are on this record, or deleted."""
        for name in (REDO_IDS, REDO):
            self._unlink(name)

    def _record(self, state: str) -> dict[str, Any]:
        earlier = {key: list(job_ids) for key, job_ids in self._earlier.items()}
        return {"state": state, "jobs": self._jobs, **({"earlier": earlier} if earlier else {})}


def _parse(data: Mapping[str, Any], folder: Path) -> SubmissionRecord:
    jobs = {str(key): job_id.lower() for key, job_id in data["jobs"].items()}
    invalid = [job_id for job_id in jobs.values() if not _JOB_ID.fullmatch(job_id)]
    state, host, process = data.get("state", SUBMITTED), str(data.get("host", "")), data.get("process", 0)
    if invalid or state not in (SUBMITTING, SUBMITTED, LEFT) or type(process) is not int:
        raise ValueError(f"it has a state {state!r}, a process {process!r}, and jobs {sorted(jobs.values())[:3]}")
    if state == SUBMITTING:
        jobs.update(read_lines(folder / IDS))
    paths = [folder / SUBMISSION, folder / IDS]
    return SubmissionRecord(
        state=state,
        jobs=jobs,
        earlier={str(key): tuple(map(str, job_ids)) for key, job_ids in data.get("earlier", {}).items()},
        redo=read_redo(folder),
        is_at_work=state == SUBMITTING and is_at_work(data, paths),
        host=host,
        process=process,
        token=str(data.get("token", "")),
    )


def _batch_name(folder: Path) -> str:
    """What the bundle's jobs are grouped as, as far as its other files tell."""
    try:
        return read_batch_name(read_bundle(folder))
    except FlowpipeDeadlineError:
        return folder.name
