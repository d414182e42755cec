"""The progress of a run: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Callable

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ..offline.farm import FarmState
from ..offline.repository import JobStatus, Task, TaskStatus

_MOST_BARS = 12

OnProgress = Callable[[FarmState], None]


@contextmanager
def progress_display(terminal: Console, labels: Mapping[str, str]) -> Iterator[OnProgress]:
    """A function that shows a farm's state, for the length of the block; ``labels`` are the jobs' names by key."""
    if not terminal.is_terminal:
        yield _PlainLines(labels).show
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
        transient=True,
    ) as bars:
        yield _LiveBars(bars, labels).show


class _PlainLines:
    """A line when a job has ended, and when a task had an error."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._told: set[tuple[str, object]] = set()

    def show(self, state: FarmState) -> None:
        """Tells what is new."""
        ended = sum(status in (JobStatus.COMPLETED, JobStatus.FAILED) for status in state.jobs.values())
        for task in state.tasks:
            if task.errors and self._is_new(task.key, (task.task_id, task.errors)):
                self._say(f"{self._labels[task.key]} {_frames(task)}: error {task.errors}: {last_line(task.message)}")
        for key, status in state.jobs.items():
            if status in (JobStatus.COMPLETED, JobStatus.FAILED) and self._is_new(key, status):
                self._say(f"[{ended}/{len(state.jobs)}] {self._labels[key]} {status.value.lower()}")

    def _is_new(self, key: str, what: object) -> bool:
        is_new = (key, what) not in self._told
        self._told.add((key, what))
        return is_new

    def _say(self, line: str) -> None:
        click.echo(line, err=True)


class _LiveBars:
    """One bar for all tasks, and one for each job that is rendering."""

    def __init__(self, bars: Progress, labels: Mapping[str, str]) -> None:
        self._bars = bars
        self._labels = labels
        self._total = bars.add_task("Total", total=None)
        self._by_job: dict[str, TaskID] = {}

    def show(self, state: FarmState) -> None:
        """Moves the bars."""
        self._bars.update(self._total, total=len(state.tasks), completed=_completed(state.tasks))
        by_job: dict[str, list[Task]] = {}
        for task in state.tasks:
            by_job.setdefault(task.key, []).append(task)
        active = [key for key, tasks in by_job.items() if any(task.status is TaskStatus.RENDERING for task in tasks)]
        for key in set(self._by_job) - set(active[:_MOST_BARS]):
            self._bars.remove_task(self._by_job.pop(key))
        for key in active[:_MOST_BARS]:
            if key not in self._by_job:
                self._by_job[key] = self._bars.add_task(self._labels[key], total=len(by_job[key]))
            self._bars.update(self._by_job[key], completed=_completed(by_job[key]))


def _completed(tasks: list[Task] | tuple[Task, ...]) -> float:
    """How many tasks are done, those that are rendering by their share."""
    return sum(1.0 if task.status is TaskStatus.COMPLETED else task.progress / 100 for task in tasks)


def _frames(task: Task) -> str:
    return f"task {task.task_id}"


def last_line(text: str) -> str:
    """The last line with something in it; of a traceback, the error."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
