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
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple, Union

from ..core.bundle import SUBMISSION, Bundle, BundleJob, job_labels
from ..core.errors import FlowpipeDeadlineError, UsageError, words_of
from ..core.frames import FrameList, FrameListError
from ..core.text import listing
from ..deadline.client import COMPLETED, FAILED, DeadlineClient, TaskDetails
from ..deadline.reports import Report
from ..results.failures import read_failures
from ..results.store import chunk_name, open_store
from ..submit.record import read_submission

OFFLINE = "offline"
"""The folder of the offline farm in a bundle."""
LOGS = "logs"
REPOSITORY = "repository.sqlite"
LOCK = "lock.sqlite"
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

    frames: Optional[str]
    """The frame list of its chunk; None for the task of a node that is not batched."""
    real_frames: Optional[str]
    """The frames that it is about: the same, or those that its item numbers stand for; None if it is about none."""
    has_failed: bool
    """Whether its last attempt left an error, and it has no result."""
    has_result: bool
    number: Optional[int] = None
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


def parse_heading(line: str) -> Optional[Dict[str, str]]:
    """What the line says if it begins an attempt: ``written``, ``worker``, ``frames`` and ``number``."""
    match = _HEADING.fullmatch(line.rstrip("\r\n"))
    return match.groupdict() if match else None


def logged_tasks(bundle: Bundle, key: str) -> Tuple[LoggedTask, ...]:
    """The node's planned tasks, to choose one.

    Raises:
        UsageError: The node has no job.
        StoreError: The store of the results cannot be read.
    """
    job = _job(bundle, key)
    there = open_store(bundle.folder).chunk_names(key)
    failed = {failure.frames for failure in read_failures(bundle.folder, key)}
    tasks = []
    for chunk in job.chunks:
        frames, has_result = None if chunk is None else str(chunk), chunk_name(chunk) in there
        has_failed = frames in failed and not has_result
        tasks.append(LoggedTask(frames, job.real_frames(frames), has_failed=has_failed, has_result=has_result))
    return tuple(tasks)


def choose_task(bundle: Bundle, key: str, frame: Frame = None) -> Optional[LoggedTask]:
    """The node's task with that frame; without one, its only task, or the one that failed last.

    None if there is a choice between several that did not fail.

    Raises:
        UsageError: There is no such task, or the node has no job.
        StoreError: The store of the results cannot be read.
    """
    tasks = logged_tasks(bundle, key)
    if frame not in (None, ""):
        number = _number_of(_job(bundle, key), frame)
        found = [task for task in tasks if _has_frame(task.frames, number)]
        return replace(found[0], number=number) if found else _new_task(number)
    if len(tasks) == 1:
        return tasks[0]
    failed = {task.frames: task for task in tasks if task.has_failed}
    latest = [failure.frames for failure in read_failures(bundle.folder, key) if failure.frames in failed]
    return failed[latest[0]] if latest else None


def is_on_farm(bundle: Bundle, key: str, task: LoggedTask) -> bool:
    """Whether Deadline has to be asked for the task's log: it was submitted, and was not run on this machine since."""
    log = _offline_log(bundle, key, task)
    submission = bundle.folder / SUBMISSION
    if not submission.exists():
        return False
    return log is None or log.stat().st_mtime < submission.stat().st_mtime


def read_log(  # noqa: PLR0913  (the same five for the farm and this machine)
    bundle: Bundle,
    node_key: str,
    frame: Frame = None,
    client: Optional[DeadlineClient] = None,
    *,
    follow: bool = False,
    say: Callable[[str], None] = lambda _: None,
    pause: float = _FARM_PAUSE,
    job_id: Optional[str] = None,
) -> Iterator[str]:
    r"""What the task with that frame printed, piece by piece, all attempts one after the other.

    Bytes that are no text, and control characters, are shown as ``\x1b``. Without ``frame``, it is the task that
    ``choose_task`` gives. With ``follow`` it goes on until the task has ended, and ``say`` gets what is waited for;
    Deadline is asked every ``pause`` seconds. The client is needed where ``is_on_farm`` says so. With ``job_id``, it is
    the log of that job of the node, such as one that was resubmitted, and not of the one on record.

    Raises:
        NoLogError: There is none.
        UsageError: There is no such task, there are several, or the node has no job.
        SubmissionError: Deadline cannot be asked.
        StoreError: The store of the results cannot be read.
    """
    task = choose_task(bundle, node_key, frame)
    if task is None:
        frames = [str(task.real_frames or task.frames) for task in logged_tasks(bundle, node_key)]
        raise UsageError(f"{node_key} has {len(frames)} tasks; name a frame of one: {listing(frames, most=10)}")
    return read_task_log(bundle, node_key, task, client, follow=follow, say=say, pause=pause, job_id=job_id)


def read_task_log(  # noqa: PLR0913  (as above)
    bundle: Bundle,
    node_key: str,
    task: LoggedTask,
    client: Optional[DeadlineClient] = None,
    *,
    follow: bool = False,
    say: Callable[[str], None] = lambda _: None,
    pause: float = _FARM_PAUSE,
    job_id: Optional[str] = None,
) -> Iterator[str]:
    """As ``read_log``, of a task that was chosen."""
    if client is not None and (job_id is not None or is_on_farm(bundle, node_key, task)):
        return _FarmLog(bundle, node_key, task, client, say, job_id).read(follow=follow, pause=pause)
    return _read_offline(bundle, node_key, task, follow=follow, say=say)


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
        wanted = next(iter(FrameList.parse(str(frame))))
    except FrameListError as error:
        raise UsageError(f"'{frame}' is not a frame; {job.key} has {job.item_frames or job.frames}") from error
    if job.item_frames is None:
        return wanted
    real = list(FrameList.parse(job.item_frames))
    if wanted not in real:
        raise UsageError(f"{job.key} has no frame {wanted}; it has {job.item_frames}")
    return real.index(wanted)


def _new_task(number: int) -> LoggedTask:
    """A task that was not planned: frames were added to the job since."""
    return LoggedTask(str(number), str(number), has_failed=False, has_result=False, number=number)


def _named(bundle: Bundle, key: str, shown: str) -> str:
    return f"{job_labels(bundle.jobs, main=bundle.graph).get(key, key)} {shown}".rstrip()


def _offline_log(bundle: Bundle, key: str, task: LoggedTask) -> Optional[Path]:
    """The task's log of the offline farm, if there is one.

    Its name has the task's number, which changes with the frames that were added; the attempts in it say their frames.
    """
    planned = [None if chunk is None else str(chunk) for chunk in _job(bundle, key).chunks]
    folder = bundle.folder / OFFLINE / LOGS
    if task.frames in planned:
        first = folder / f"{key}.{planned.index(task.frames)}.log"
        if first.is_file() and _frames_in(first) in (task.frames or _NO_FRAMES, None):
            return first
    logs = [path for path in folder.glob(f"{key}.*.log") if path.name[len(key) + 1 : -4].isdigit()]
    return next((path for path in sorted(logs) if _has_frame(_frames_in(path), task.needle)), None)


def _frames_in(path: Path) -> Optional[str]:
    """The frames of the first attempt in a log; None in one of an earlier version."""
    with path.open("rb") as file:
        heading = parse_heading(file.readline(_PIECE).decode("utf-8", "replace"))
    return heading["frames"] if heading else None


def _has_frame(frames: Optional[str], wanted: int) -> bool:
    try:
        return frames is not None and wanted in FrameList.parse(frames)
    except FrameListError:
        return False


def _read_offline(
    bundle: Bundle, key: str, task: LoggedTask, *, follow: bool, say: Callable[[str], None]
) -> Iterator[str]:
    log = _offline_log(bundle, key, task)
    if log is None and (not follow or _has_ended_offline(bundle, key, task)):
        raise NoLogError(_no_offline_log(bundle, key, task))
    return readable(_growing(bundle, key, task, say) if follow else _pieces(log or Path()))


def _no_offline_log(bundle: Bundle, key: str, task: LoggedTask) -> str:
    name = _named(bundle, key, task.shown)
    job = _job(bundle, key)
    if task.frames is not None and not any(_has_frame(str(chunk), task.needle) for chunk in job.chunks):
        raise UsageError(f"{key} has no frame {task.needle}; it has {job.frames}")
    if task.has_result:
        return f"{name} has a result, and nothing was kept of what it printed"
    if not (bundle.folder / OFFLINE).is_dir():
        return f"{bundle.folder} was neither submitted nor run: {name} has printed nothing"
    return f"{name} has not begun, so it has printed nothing"


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(_PIECE), b"")


def _growing(bundle: Bundle, key: str, task: LoggedTask, say: Callable[[str], None]) -> Iterator[bytes]:
    """What is in the task's log, and what comes, until the task or the run has ended."""
    log = _offline_log(bundle, key, task)
    if log is None:
        say(f"{_named(bundle, key, task.shown)} has not begun; waiting for it")
    position = 0
    while True:
        has_ended = _has_ended_offline(bundle, key, task)  # Before the last look at the file.
        log = log or _offline_log(bundle, key, task)
        if log is not None:
            with log.open("rb") as file:
                file.seek(position)
                for piece in iter(lambda: file.read(_PIECE), b""):
                    position += len(piece)
                    yield piece
        if has_ended:
            return
        time.sleep(_PAUSE)


def _has_ended_offline(bundle: Bundle, key: str, task: LoggedTask) -> bool:
    """Whether nothing more comes: the task has ended, or nobody runs the bundle."""
    import sqlite3  # noqa: PLC0415 (a Python may lack it, and nothing else here needs it)

    folder = bundle.folder / OFFLINE
    frames = _NO_FRAMES if task.frames is None else task.frames
    query = "SELECT tasks.status FROM tasks JOIN jobs ON jobs.id = job_id WHERE key = ? AND frames = ?"
    if not (folder / REPOSITORY).is_file():
        return True
    try:
        if _is_unlocked(folder / LOCK, sqlite3):
            return True
        rows = _ask(folder / REPOSITORY, query, (key, frames))
    except sqlite3.Error:  # Being made, or being written.
        return False
    return bool(rows) and rows[0][0] in _ENDED


def _is_unlocked(path: Path, sqlite3: object) -> bool:
    """Whether no run holds the bundle's lock; it is only read, so that no run is kept from starting for long."""
    try:
        _ask(path, "SELECT 1 FROM sqlite_master", ())
    except sqlite3.OperationalError as error:  # type: ignore[attr-defined]
        return "locked" not in str(error)
    return True


def _ask(path: Path, query: str, values: Tuple[str, ...]) -> List[Tuple[str]]:
    import sqlite3  # noqa: PLC0415 (as above)

    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", timeout=0, uri=True)
    try:
        return list(connection.execute(query, values))
    finally:
        connection.close()


class _FarmLog:
    """The log of a task that Deadline has."""

    def __init__(  # noqa: PLR0913, PLR0917  (whose log it is, and how to get it)
        self,
        bundle: Bundle,
        key: str,
        task: LoggedTask,
        client: DeadlineClient,
        say: Callable[[str], None],
        job_id: Optional[str] = None,
    ) -> None:
        self._bundle = bundle
        self._key = key
        self._task = task
        self._name = _named(bundle, key, task.shown)
        self._client = client
        self._say = say
        self._told_id = job_id

    def read(self, *, follow: bool, pause: float) -> Iterator[str]:
        """The reports of all attempts, and with ``follow`` those that come until the task has ended."""
        job_id, found = self._find_first(self._job_ids())
        reports = self._client.read_reports(job_id, found.task_id)
        if not reports and not follow:
            raise NoLogError(self._nothing(found))
        return self._go_on(job_id, found, reports, pause) if follow else self._attempts(job_id, reports)

    def _attempts(self, job_id: str, reports: Iterable[Report]) -> Iterator[str]:
        for report in reports:
            yield from self._attempt(job_id, report)

    def _go_on(self, job_id: str, found: TaskDetails, reports: Iterable[Report], pause: float) -> Iterator[str]:
        seen: Set[str] = set()
        words = ""
        while True:
            new = [report for report in reports if report.report_id not in seen]
            seen.update(report.report_id for report in new)
            yield from self._attempts(job_id, new)
            if found.status in _ENDED:
                return
            if words != self._nothing(found):
                words = self._nothing(found)
                self._say(f"{words}; waiting for its end")
            time.sleep(pause)
            found = self._find(job_id)
            reports = self._client.read_reports(job_id, found.task_id)

    def _job_ids(self) -> Sequence[str]:
        """The node's jobs, the one that counts first: after a redo, those of before may hold a part of the frames."""
        if self._told_id is not None:
            return (self._told_id,)
        record = read_submission(self._bundle.folder)
        if record is None or self._key not in record.jobs:
            raise NoLogError(f"{self._key} has no job on record: {self._name} has printed nothing")
        return (record.jobs[self._key], *reversed(record.earlier.get(self._key, ())))

    def _find_first(self, job_ids: Sequence[str]) -> Tuple[str, TaskDetails]:
        """The first of the jobs that has the task, and the task."""
        for job_id in job_ids[:-1]:
            with contextlib.suppress(UsageError):
                return job_id, self._find(job_id)
        return job_ids[-1], self._find(job_ids[-1])

    def _find(self, job_id: str) -> TaskDetails:
        """The task in Deadline, by its frames; where Deadline does not tell them, by its place in the plan."""
        tasks = self._client.read_tasks(job_id)
        planned = [None if chunk is None else str(chunk) for chunk in _job(self._bundle, self._key).chunks]
        if len(tasks) == len(planned):
            tasks = tuple(
                replace(task, frames=task.frames or str(frames or "")) for task, frames in zip(tasks, planned)
            )
        if self._task.frames is None and tasks:
            return tasks[0]
        found = [task for task in tasks if _has_frame(task.frames, self._task.needle)]
        if not found:
            frames = listing([task.frames for task in tasks], most=10)
            raise UsageError(f"job {job_id} of {self._key} has no task with frame {self._task.needle}; it has {frames}")
        shown = _job(self._bundle, self._key).shown_frames(found[0].frames)
        self._name = _named(self._bundle, self._key, shown)
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
