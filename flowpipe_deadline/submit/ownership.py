"""Records in a bundle that have an owner: only he changes them, and one attempt alone can take them over.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator, Mapping, TypeVar

from ..core.bundle import FORMAT
from ..core.errors import words_of
from ..core.files import RecordError, is_there, json_bytes, read_record, write_whole
from ..core.locks import is_running, locked_briefly, seconds_since_written, start_mark
from ..core.rights import share
from ..deadline.client import SubmissionError

_LOCK = "submission.lock"
"""One for all records of a bundle, so that a submission and what is done to it exclude each other."""
_SILENCE = 900.0  # Seconds without a write after which a process of another machine is taken for dead.
_at_work: set[str] = set()
"""The tokens of the attempts that this process makes at this moment."""
_Self = TypeVar("_Self", bound="OwnedRecord")


class OwnedRecord:
    """Keeps the record of one attempt, which is at work from its claim to the end of its ``with`` block."""

    FILE = ""
    """The name of the record."""
    LINES = ""
    """The name of the file that gets a line per job while they come into being."""
    what = "submission"
    """What the attempt is, for messages."""

    def __init__(self, folder: Path, *, token: str | None = None) -> None:
        """``token`` tells the attempt from all others; one is made if need be."""
        self.name = folder.name
        """The submission's."""
        self._folder = folder
        self._token = token or uuid.uuid4().hex

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        _at_work.discard(self._token)

    def is_owner(self) -> bool:
        """Whether the record is certainly still this writer's: no other attempt took it over."""
        try:
            return has_token(self._folder / self.FILE, self._token)
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
            raise SubmissionError(f"the {self.what} of {self.name} was taken over, or its record cannot be read")
        os.utime(self._folder / self.FILE)

    def add(self, key: str, job_id: str) -> None:
        """Puts one more job on record.

        Raises:
            SubmissionError: Another attempt has taken the bundle over, as Deadline took long to make the job.
        """
        self.go_on()
        # Lost by a crash of the whole machine at worst; the job is then found by its batch.
        path = self._folder / self.LINES
        with path.open("a", encoding="ascii") as file:
            file.write(f"{key} {job_id}\n")
        share(path)

    def _begin(self, record: Mapping[str, Any]) -> None:
        _at_work.add(self._token)
        self._write(record)

    def _write(self, record: Mapping[str, Any]) -> None:
        write_whole(self._folder / self.FILE, self._bytes(record))

    def _bytes(self, record: Mapping[str, Any]) -> bytes:
        who = {"host": socket.gethostname(), "process": os.getpid(), "started": start_mark(os.getpid())}
        head: dict[str, Any] = {"format": FORMAT, "state": "", **who, "token": self._token}
        return json_bytes({**head, **record})

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / name).unlink()

    @contextlib.contextmanager
    def _claiming(self) -> Iterator[Callable[[], None]]:
        """Keeps others away while the record is read and begun; gives what makes sure that they still are.

        Raises:
            SubmissionError: Another process begins at the same moment; or the record cannot be written.
        """
        try:
            with record_lock(self._folder) as is_ours:

                def check() -> None:
                    if not is_ours():  # This process stood still, and was taken for dead.
                        raise SubmissionError(f"{self.name} is being changed by somebody else; try again")

                yield check
        except OSError as error:
            path = error.filename or self._folder / self.FILE
            raise SubmissionError(f"{path} cannot be written: {words_of(error)}") from error


def record_lock(folder: Path) -> ContextManager[Callable[[], bool]]:
    """Keeps others from reading and changing the bundle's records at the same moment; as ``locked``.

    Raises:
        SubmissionError: Another process holds it for long.
        OSError: The bundle cannot be written.
    """
    path = folder / _LOCK
    refusal = SubmissionError(
        f"{path} is in the way: another process begins to submit the bundle, or died while beginning; try again in a"
        " minute"
    )
    return locked_briefly(path, refusal)


def has_token(path: Path, token: str) -> bool:
    """Whether the record is that of the attempt with this token."""
    return is_there(path) and read_record(path, version=FORMAT).get("token", "") == token


def is_at_work(data: Mapping[str, Any], paths: list[Path]) -> bool:
    """Whether the owner of a record is at work, as far as that is known; ``paths`` are what he writes."""
    if data.get("host") == socket.gethostname():
        process = data.get("process", 0)
        if process == os.getpid():  # It may have failed long ago, and even have failed to say so.
            return data.get("token") in _at_work
        return is_running(process, started=str(data.get("started", "")))
    return seconds_since_written(paths, folder=paths[0].parent) < _SILENCE


def owner_of(data: Mapping[str, Any]) -> str:
    """The owner's process, for a sentence; empty if that is not known."""
    return f" by process {data['process']} on {data.get('host', '')}" if data.get("process") else ""
