"""The reports of a fake Deadline: an attempt at a task each, as its workers printed it (plugin API, section 5.10)."""

from __future__ import annotations

import bz2
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flowpipe_deadline.offline.repository import Task

from .jobs import Job
from .operations import FakeDeadline

LOGS = "logs"
_RULE = "=" * 55
_ERROR = "ERROR: "


@dataclass(frozen=True)
class FakeReport:
    """One attempt at a task that has ended."""

    job: Job
    task_id: int
    number: int
    frames: str
    worker: str
    written: str
    lines: tuple[str, ...]
    error: str | None
    """Its message; None for an attempt that worked."""

    @property
    def report_id(self) -> str:
        """Deadline's ID of it."""
        return f"{self.job.job_id}-{self.task_id}-{self.number}"

    @property
    def text(self) -> str:
        """The whole report."""
        log = [f"{self.written}:  0: Plugin rendering frame(s): {self.frames}"]
        log += [f"{self.written}:  0: {line}" for line in self.lines if "Plugin rendering" not in line]
        details = [
            f"Date: {self.written}",
            f"Frames: {self.frames}",
            f"Job User: {self.job.job_info.get('UserName', '')}",
        ]
        error = [] if self.error is None else [*_section("Error", [f"Error: FailRenderException : {self.error}"])]
        error += [] if self.error is None else [*_section("Type", ["RenderPluginException"]), *_heading("Log")]
        return "\n".join(
            [
                *error,
                *log,
                "",
                *_section("Details", details),
                *_section("Worker Information", [f"Worker Name: {self.worker}"]),
            ]
        )


def reports_of(deadline: FakeDeadline, job_id: str, task_id: int | None = None) -> list[FakeReport]:
    """The reports of a job, or of one task of it, the earliest first."""
    job = deadline.job(job_id)
    tasks = [task for task in deadline.repository.tasks_of(job_id) if task_id in (None, task.task_id)]
    return sorted(
        (report for task in tasks for report in _attempts(deadline, job, task)), key=lambda report: report.written
    )


def report_file(deadline: FakeDeadline, report: FakeReport) -> str:
    """The path of the file with the report, as Deadline tells it; written now, if this Deadline has such files."""
    form = deadline.settings.unknowns.report_files
    if form == "elsewhere":
        return f"/nowhere/reports/{report.report_id}.bz2"
    path = (
        deadline.root / "reports" / (f"{report.report_id}.bz2" if form == "compressed" else f"{report.report_id}.txt")
    )
    path.parent.mkdir(exist_ok=True)
    data = report.text.encode("utf-8", "surrogateescape")
    path.write_bytes(bz2.compress(data) if form == "compressed" else data)
    return str(path)


def write_attempt(deadline: FakeDeadline, job_id: str, task_id: int, *, heading: str, lines: Sequence[str]) -> None:
    """Adds an attempt to what the workers printed; one that failed ends with a line ``ERROR: message``."""
    path = _log(deadline, job_id, task_id)
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{line}\n" for line in (heading, *lines))


def _attempts(deadline: FakeDeadline, job: Job, task: Task) -> Iterator[FakeReport]:
    path = _log(deadline, job.job_id, task.task_id)
    if not path.exists():
        return
    from flowpipe_deadline.status.logs import parse_heading  # Each command would pay for it.

    attempts: list[tuple[dict[str, str], list[str]]] = []
    for line in path.read_text(encoding="utf-8", errors="surrogateescape").split("\n"):
        heading = parse_heading(line)
        if heading is not None:
            attempts.append((heading, []))
        elif attempts and line:
            attempts[-1][1].append(line)
    if task.status.value == "Rendering":
        del attempts[-1:]
    for number, (heading, lines) in enumerate(attempts):
        errors = [index for index, line in enumerate(lines) if line.startswith(_ERROR)]
        error = " ".join([lines[errors[-1]][len(_ERROR) :], *lines[errors[-1] + 1 :]]) if errors else None
        yield FakeReport(
            job, task.task_id, number, heading["frames"], heading["worker"], heading["written"], tuple(lines), error
        )


def _log(deadline: FakeDeadline, job_id: str, task_id: int) -> Path:
    return deadline.folder / LOGS / f"{job_id}.{task_id}.log"


def _heading(title: str) -> list[str]:
    return [_RULE, title, _RULE]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [*_heading(title), *lines, ""]
