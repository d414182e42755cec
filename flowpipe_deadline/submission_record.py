"""What a bundle remembers of its submission: which jobs it became, written as they come into being.

``submission.json`` says how far the submission is; while it is under way, ``submission.ids`` gets a line per job, so
that a job is on record before the next is submitted and a thousand jobs cost no more each than ten. Deadline's own
Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Mapping, Optional

from .farm.bundle import FORMAT, SUBMISSION
from .farm.files import json_bytes, read_record, write_whole

IDS = "submission.ids"
SUBMITTING = "submitting"
SUBMITTED = "submitted"
LEFT = "left"
"""It failed, and not everything of it could be undone."""

_LINE = re.compile(r"(?P<key>\S+) (?P<id>[0-9a-f]{24})")
# Seconds. Another machine's process cannot be asked; as long as it has written lately, it is taken to be at work.
_SILENCE = 900.0


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

    @property
    def submitter(self) -> str:
        """The process, for a sentence; empty if that is not known yet."""
        return f" by process {self.process} on {self.host}" if self.process else ""


def read_submission(folder: Path) -> Optional[SubmissionRecord]:
    """What the bundle in that folder remembers; None if it was not submitted, or all of that was undone.

    Raises:
        RecordError: ``submission.json`` is damaged.
    """
    path = folder / SUBMISSION
    if not path.exists():
        return None
    if path.stat().st_size == 0:  # Claimed this moment, or by somebody who died before the first word.
        return SubmissionRecord(SUBMITTING, {}, is_at_work=_silence(folder) < _SILENCE)
    data = read_record(path, version=FORMAT, keys=("jobs",))
    jobs = {**data["jobs"], **_read_ids(folder / IDS)}
    state, host, process = data.get("state", SUBMITTED), str(data.get("host", "")), int(data.get("process", 0))
    is_at_work = state == SUBMITTING and _is_at_work(folder, host=host, process=process)
    return SubmissionRecord(state, jobs, is_at_work=is_at_work, host=host, process=process)


class SubmissionWriter:
    """Keeps the record of one submission, from its claim on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs: Dict[str, str] = {}

    def claim(self) -> bool:
        """Whether the bundle is now this process's to submit: nobody else has a record of it."""
        try:
            with (self._folder / SUBMISSION).open("xb"):
                pass
        except FileExistsError:
            return False
        self._write(SUBMITTING)
        return True

    def add(self, key: str, job_id: str) -> None:
        """Puts one more job on record."""
        self._jobs[key] = job_id
        # Lost by a crash of the whole machine at worst; the job is found again by its batch then.
        with (self._folder / IDS).open("a", encoding="ascii") as file:
            file.write(f"{key} {job_id}\n")

    def finish(self) -> None:
        """All jobs are there and released."""
        self._write(SUBMITTED)
        self._unlink(IDS)

    def leave(self, jobs: Mapping[str, str]) -> None:
        """What could not be undone stays on record."""
        self._jobs = dict(jobs)
        self._write(LEFT)
        self._unlink(IDS)

    def drop(self) -> None:
        """Nothing is left of the submission, so the bundle can be submitted anew."""
        self._unlink(SUBMISSION)  # First: IDs without it count for nothing.
        self._unlink(IDS)

    def _write(self, state: str) -> None:
        data = {"format": FORMAT, "state": state, "host": socket.gethostname(), "process": os.getpid()}
        write_whole(self._folder / SUBMISSION, json_bytes({**data, "jobs": self._jobs}))

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / name).unlink()


def _read_ids(path: Path) -> Dict[str, str]:
    """The lines that are whole; the last may have been cut off."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    return {match["key"]: match["id"] for match in map(_LINE.fullmatch, lines) if match}


def _is_at_work(folder: Path, *, host: str, process: int) -> bool:
    is_possible = host != socket.gethostname() or is_running(process)  # Numbers of processes are used again.
    return is_possible and _silence(folder) < _SILENCE


def _silence(folder: Path) -> float:
    """Seconds since anything was put on record."""
    written = [path.stat().st_mtime for path in (folder / SUBMISSION, folder / IDS) if path.exists()]
    return time.time() - max(written, default=0.0)


def is_running(process: int) -> bool:
    """Whether there is a process of that number on this machine."""
    if process <= 0:
        return False
    if sys.platform == "win32":
        return _runs_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _runs_on_windows(process: int) -> bool:
    """Asked of the system: ``os.kill`` would end the process, whatever the signal."""
    import ctypes  # noqa: PLC0415  (Windows only)

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(query_limited_information, False, process)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == still_active
