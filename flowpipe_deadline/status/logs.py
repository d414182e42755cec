"""What a task printed: from the offline farm's logs, or from the reports that Deadline keeps of its attempts.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import codecs
import contextlib
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Iterable, Iterator, Sequence, Union

from ..core.bundle import OFFLINE, SUBMISSION, Bundle, BundleJob, job_labels
from ..core.errors import FlowpipeDeadlineError, UsageError, words_of
from ..core.frames import FrameList, FrameListError
from ..core.text import listing
from ..deadline.client import COMPLETED, FAILED, DeadlineClient, TaskDetails, with_frames
from ..deadline.reports import Report
from ..results.failures import read_failures
from ..results.store import chunk_name, open_store
from ..submit.record import read_submission
from .run_lock import is_being_run

LOGS = "logs"
REPOSITORY = "repository.sqlite"
_NO_FRAMES = "0"  # What the task of a node that is not batched has as frames, in Deadline and offline.
_PIECE = 1 << 16
_PAUSE = 0.3  # Seconds between two looks at a file that grows.
_FARM_PAUSE = 5.0  # Seconds between two questions to Deadline, which has what an attempt printed only once it ended.
_ENDED = (COMPLETED, FAILED)
_HEADING = re.compile(
    r"=== (?P<written>[-\d]+ [:\d]+), (?P<worker>.*), frames (?P<frames>\S+), attempt (?P<number>\d+) ==="
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_IN_THE_MONITOR = "the Monitor has it: right-click the task, View Task Reports"
Frame = Union[int, str, None]


class NoLogError(FlowpipeDeadlineError):
    """There is no log of a task; the message says why, and where to look."""


@dataclass(frozen=True)
class LoggedTask:
    """A task of a node, as far as its bundle tells."""

    frames: str | None
    """The frame list of its chunk; None for the task of a node that is not batched."""
    real_frames: str | None
    """The frames that it is about: the same, or those that its item numbers stand for; None if it is about none."""
    has_result: bool
    number: int | None = None
    """The frame or item that was asked for: the task may have been cut anew since it was planned."""

    @property
    def needle(self) -> int:
        """A frame of it, as it stands in Deadline and offline."""
        return FrameList.parse(self.frames or _NO_FRAMES)[0] if self.number is None else self.number

    @property
    def shown(self) -> str:
        """It, for people: ``1-10``, or ``0-9 (frames 1001-1091x10)``, or nothing."""
        if self.frames is None or self.real_frames in (None, self.frames):
            return self.frames or ""
        return f"{self.frames} (frames {self.real_frames})"


def attempt_heading(frames: str, *, worker: str, attempt: int) -> str:
    """The line with which the offline farm begins each attempt in a task's log.

    >>> attempt_heading("1-4", worker="worker-1", attempt=2).partition(", ")[2]
    'worker-1, frames 1-4, attempt 2 ==='
    """
    return f"=== {time.strftime('%Y-%m-%d %H:%M:%S')}, {worker}, frames {frames}, attempt {attempt} ==="


def parse_heading(line: str) -> dict[str, str] | None:
    """What the line says if it begins an attempt: ``written``, ``worker``, ``frames`` and ``number``."""
    match = _HEADING.fullmatch(line.rstrip("\r\n"))
    return match.groupdict() if match else None


def logged_tasks(bundle: Bundle, key: str) -> tuple[LoggedTask, ...]:
    """The node's planned tasks, to choose one.

    Raises:
        UsageError: The node has no job.
        StoreError: The store of the results cannot be read.
    """
    job = _job(bundle, key)
    there = open_store(bundle.folder).chunk_names(key)
    return tuple(
        LoggedTask(frames, job.real_frames(frames), has_result=chunk_name(chunk) in there)
        for frames, chunk in zip(job.task_frames, job.chunks)
    )


def choose_task(bundle: Bundle, key: str, frame: Frame = None) -> LoggedTask | None:
    """The node's task with that frame; without one, its only task, or the one that failed last.

    None if there is a choice between several that did not fail.

    Raises:
        UsageError: There is no such task, or the node has no job.
        StoreError: The store of the results cannot be read.
    """
    tasks = logged_tasks(bundle, key)
    if frame not in (None, ""):
        number = _number_of(_job(bundle, key), frame)
        added = LoggedTask(str(number), str(number), has_result=False)  # Frames may be added to a job.
        return replace(next((task for task in tasks if _has_frame(task.frames, number)), added), number=number)
    if len(tasks) == 1:
        return tasks[0]
    left = {task.frames: task for task in tasks if not task.has_result}
    return next((left[one.frames] for one in read_failures(bundle.folder, key) if one.frames in left), None)


def is_on_farm(bundle: Bundle, key: str, task: LoggedTask) -> bool:
    """Whether Deadline has to be asked for the task's log: it was submitted, and was not run on this machine since."""
    log, submission = _OfflineLog(bundle, key, task).find(), bundle.folder / SUBMISSION
    return submission.exists() and (log is None or log.stat().st_mtime < submission.stat().st_mtime)


def read_log(  # noqa: PLR0913  (which log, and how it is read)
    bundle: Bundle,
    node_key: str,
    frame: Frame | LoggedTask = None,
    client: DeadlineClient | None = None,
    *,
    follow: bool = False,
    say: Callable[[str], None] = lambda _: None,
    pause: float = _FARM_PAUSE,
    job_id: str | None = None,
) -> Iterator[str]:
    r"""What the task with that frame printed, piece by piece, all attempts one after the other.

    Bytes that are no text, and control characters, are shown as ``\x1b``. Without ``frame``, it is the task that
    ``choose_task`` gives; one that it gave will do as well. With ``follow`` it goes on until the task has ended, and
    ``say`` gets what is waited for; Deadline is asked every ``pause`` seconds. The client is needed where
    ``is_on_farm`` says so. With ``job_id``, it is the log of that job of the node, such as one that was resubmitted,
    and not of the one on record.

    Raises:
        NoLogError: There is none.
        UsageError: There is no such task, there are several, or the node has no job.
        SubmissionError: Deadline cannot be asked.
        StoreError: The store of the results cannot be read.
    """
    task = frame if isinstance(frame, LoggedTask) else choose_task(bundle, node_key, frame)
    if task is None:
        frames = [str(task.real_frames or task.frames) for task in logged_tasks(bundle, node_key)]
        raise UsageError(f"{node_key} has {len(frames)} tasks; name a frame of one: {listing(frames, most=10)}")
    if client is None or (job_id is None and not is_on_farm(bundle, node_key, task)):
        return _OfflineLog(bundle, node_key, task).read(follow=follow, say=say)
    job_ids = _job_ids(bundle, node_key) if job_id is None else (job_id,)
    return _FarmLog(bundle, node_key, task, client, say).read(job_ids, pause=pause if follow else None)


def readable(pieces: Iterable[bytes]) -> Iterator[str]:
    r"""The bytes as text that does nothing to a terminal, and that has a line for each step of a progress bar.

    >>> "".join(readable([b"50%\r100%\n", b"\xe2\x82", b"\xac \x1b[31m\xff"]))
    '50%\n100%\n€ \\x1b[31m\\xff'
    """
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    rest = ""
    for piece in pieces:
        text = rest + decoder.decode(piece)
        rest = "\r" if text.endswith("\r") else ""  # The line feed may be in the next piece.
        yield _shown(text[: len(text) - len(rest)])
    yield _shown(rest + decoder.decode(b"", final=True))


def _shown(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", lines)


def _job(bundle: Bundle, key: str) -> BundleJob:
    found = [job for job in bundle.jobs if job.key == key]
    if not found:
        raise UsageError(f"{key} has no job in {bundle.folder}, as it is omitted, or there is no such node")
    return found[0]


def _number_of(job: BundleJob, frame: Frame) -> int:
    """The frame as the tasks of the job carry it: itself, or the item that stands for it."""
    if job.frames is None:
        raise UsageError(f"{job.key} has no frames; leave {frame} out")
    try:
        wanted = FrameList.parse(str(frame))[0]
    except FrameListError as error:
        raise UsageError(f"'{frame}' is not a frame; {job.key} has {job.item_frames or job.frames}") from error
    real = None if job.item_frames is None else FrameList.parse(job.item_frames)
    if real is not None and wanted not in real:
        raise UsageError(f"{job.key} has no frame {wanted}; it has {job.item_frames}")
    return wanted if real is None else real.index(wanted)


def _named(bundle: Bundle, key: str, shown: str) -> str:
    return f"{job_labels(bundle.jobs, main=bundle.graph).get(key, key)} {shown}".rstrip()


def _frames_in(path: Path) -> str | None:
    """The frames of the first attempt in a log; None in one of an earlier version."""
    with path.open("rb") as file:
        heading = parse_heading(file.readline(_PIECE).decode("utf-8", "replace"))
    return heading["frames"] if heading else None


def _has_frame(frames: str | None, wanted: int) -> bool:
    try:
        return frames is not None and wanted in FrameList.parse(frames)
    except FrameListError:
        return False


def _job_ids(bundle: Bundle, key: str) -> Sequence[str]:
    """The node's jobs on record, the one that counts first."""
    record = read_submission(bundle.folder)
    if record is None or key not in record.jobs:
        raise NoLogError(f"{key} has no job, so it printed nothing; see:  flowpipe-deadline why {bundle.folder}")
    return record.jobs_of(key)


def _pieces(path: Path, start: int = 0) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        yield from iter(lambda: file.read(_PIECE), b"")


class _OfflineLog:
    """The log of a task that this machine runs."""

    def __init__(self, bundle: Bundle, key: str, task: LoggedTask) -> None:
        self._bundle = bundle
        self._key = key
        self._task = task
        self._job = _job(bundle, key)
        self._name = _named(bundle, key, task.shown)

    def find(self) -> Path | None:
        """Its file, if there is one.

        Its name has the task's number, which changes with the frames that were added; the attempts in it say their
        frames.
        """
        folder, planned = self._bundle.folder / OFFLINE / LOGS, self._job.task_frames
        if self._task.frames in planned:
            first = folder / f"{self._key}.{planned.index(self._task.frames)}.log"
            if first.is_file() and _frames_in(first) in (self._task.frames or _NO_FRAMES, None):
                return first
        logs = [path for path in folder.glob(f"{self._key}.*.log") if path.name[len(self._key) + 1 : -4].isdigit()]
        return next((path for path in sorted(logs) if _has_frame(_frames_in(path), self._task.needle)), None)

    def read(self, *, follow: bool, say: Callable[[str], None]) -> Iterator[str]:
        """What is in it; with ``follow`` also what comes until the task or the run has ended."""
        log = self.find()
        if log is None and (not follow or self._has_ended()):
            raise NoLogError(self._nothing())
        return readable(self._growing(say) if follow or log is None else _pieces(log))

    def _nothing(self) -> str:
        task = self._task
        if task.frames is not None and not any(_has_frame(frames, task.needle) for frames in self._job.task_frames):
            raise UsageError(f"{self._key} has no frame {task.needle}; it has {self._job.frames}")
        if task.has_result:
            return f"{self._name} has a result, and nothing was kept of what it printed"
        if not (self._bundle.folder / OFFLINE).is_dir():
            return f"{self._bundle.folder} was neither submitted nor run: {self._name} has printed nothing"
        return f"{self._name} has not begun, so it has printed nothing"

    def _growing(self, say: Callable[[str], None]) -> Iterator[bytes]:
        log = self.find()
        if log is None:
            say(f"{self._name} has not begun; waiting for it")
        position = 0
        while True:
            has_ended = self._has_ended()  # Before the last look at the file.
            log = log or self.find()
            for piece in _pieces(log, position) if log is not None else ():
                position += len(piece)
                yield piece
            if has_ended:
                return
            time.sleep(_PAUSE)

    def _has_ended(self) -> bool:
        """Whether nothing more comes: the task has ended, or nobody runs the bundle."""
        import sqlite3  # noqa: PLC0415 (a Python may lack it, and nothing else here needs it)

        path = self._bundle.folder / OFFLINE / REPOSITORY
        if not path.is_file() or not is_being_run(self._bundle.folder):
            return True
        query = "SELECT tasks.status FROM tasks JOIN jobs ON jobs.id = job_id WHERE key = ? AND frames = ?"
        try:
            with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", timeout=0, uri=True)) as connection:
                row = connection.execute(query, (self._key, self._task.frames or _NO_FRAMES)).fetchone()
        except sqlite3.Error:  # Being made, or being written.
            return False
        return row is not None and row[0] in _ENDED


class _FarmLog:
    """The log of a task that Deadline has."""

    def __init__(
        self, bundle: Bundle, key: str, task: LoggedTask, client: DeadlineClient, say: Callable[[str], None]
    ) -> None:
        self._bundle = bundle
        self._key = key
        self._task = task
        self._job = _job(bundle, key)
        self._name = _named(bundle, key, task.shown)
        self._client = client
        self._say = say

    def read(self, job_ids: Sequence[str], *, pause: float | None) -> Iterator[str]:
        """The reports of all attempts, in the first of the jobs that has the task.

        With a ``pause``, also those that come until the task has ended.
        """
        job_id, found = self._find_first(job_ids)
        reports = self._client.read_reports(job_id, found.task_id)
        if not reports and pause is None:
            raise NoLogError(self._nothing(found))
        return self._attempts(job_id, found, reports, pause)

    def _attempts(
        self, job_id: str, found: TaskDetails, reports: Iterable[Report], pause: float | None
    ) -> Iterator[str]:
        seen: set[str] = set()
        words = ""
        while True:
            for report in reports:
                if report.report_id not in seen:
                    seen.add(report.report_id)
                    yield from self._attempt(job_id, report)
            if pause is None or found.status in _ENDED:
                return
            if words != self._nothing(found):
                words = self._nothing(found)
                self._say(f"{words}; waiting for its end")
            time.sleep(pause)
            found = self._find(job_id)
            reports = self._client.read_reports(job_id, found.task_id)

    def _find_first(self, job_ids: Sequence[str]) -> tuple[str, TaskDetails]:
        """The first of the jobs that has the task, and the task."""
        for job_id in job_ids[:-1]:
            with contextlib.suppress(UsageError):
                return job_id, self._find(job_id)
        return job_ids[-1], self._find(job_ids[-1])

    def _find(self, job_id: str) -> TaskDetails:
        """The task in Deadline, by its frames; where Deadline does not tell them, by its place in the plan."""
        tasks = with_frames(self._client.read_tasks(job_id), self._job.task_frames)
        if self._task.frames is None and tasks:
            return tasks[0]
        found = [task for task in tasks if _has_frame(task.frames, self._task.needle)]
        if not found:
            frames = listing([task.frames for task in tasks], most=10)
            raise UsageError(f"job {job_id} of {self._key} has no task with frame {self._task.needle}; it has {frames}")
        self._name = _named(self._bundle, self._key, self._job.shown_frames(found[0].frames))
        return found[0]

    def _nothing(self, found: TaskDetails) -> str:
        """Why there is no report of this attempt."""
        if found.status == "Rendering":
            where = f" on {found.worker}" if found.worker else ""
            return (
                f"{self._name} renders{where}, and Deadline keeps what it prints once it has ended; meanwhile the"
                " Monitor shows it: right-click the worker, Connect to Worker Log"
            )
        if found.status in _ENDED:
            return f"Deadline has no report of {self._name}, which is {found.status.lower()}; it may have deleted it"
        return f"{self._name} is {found.status.lower()}, and has printed nothing"

    def _attempt(self, job_id: str, report: Report) -> Iterator[str]:
        """One report, below a line that says whose it is."""
        about = [report.written, report.worker, "failed" if report.is_error else ""]
        name = self._name if report.task_id is not None else f"a task of {_named(self._bundle, self._key, '')}"
        yield f"=== {', '.join([name, *filter(None, about)])} ===\n"
        try:
            last = ""
            for text in readable(self._client.read_report_log(job_id, report)):
                yield text
                last = text[-1:] or last
            yield "" if last == "\n" else "\n"
        except (FlowpipeDeadlineError, OSError, EOFError) as error:
            where = f"{report.path} cannot be read on this machine" if report.path else "it cannot be had"
            yield f"{where} ({words_of(error)}); {_IN_THE_MONITOR}\n"
            if report.title:
                yield f"{report.title}\n"
