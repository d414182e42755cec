"""The progress of a run: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Callable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..offline.farm import FarmState
from ..offline.repository import JobStatus, Task, TaskStatus
from .output import say

_MOST_BARS = 12
_LONGEST_LABEL = 30

OnProgress = Callable[[FarmState], None]


@contextmanager
def progress_display(terminal: Console, labels: Mapping[str, str]) -> Iterator[OnProgress]:
    """A function that shows a farm's state, for the length of the block; ``labels`` are the jobs' names by key."""
    if not terminal.is_terminal or terminal.is_dumb_terminal:
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
        self._errors = _Errors(labels)
        self._told: set[str] = set()

    def show(self, state: FarmState) -> None:
        """Tells what is new."""
        ended = sum(status in (JobStatus.COMPLETED, JobStatus.FAILED) for status in state.jobs.values())
        for line in self._errors.new_lines(state):
            say(line)
        for key, status in state.jobs.items():
            if status in (JobStatus.COMPLETED, JobStatus.FAILED) and key not in self._told:
                self._told.add(key)
                say(f"[{ended}/{len(state.jobs)}] {self._labels[key]} {status.value.lower()}")


class _Errors:
    """The errors of tasks, each told once."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._told: set[tuple[str, int, int]] = set()

    def new_lines(self, state: FarmState) -> Iterator[str]:
        """A line for each error since the last time."""
        for task in state.tasks:
            mark = (task.key, task.task_id, task.errors)
            if task.errors and task.status is not TaskStatus.COMPLETED and mark not in self._told and task.message:
                self._told.add(mark)
                yield f"{self._labels[task.key]} task {task.task_id}: error {task.errors}: {last_line(task.message)}"


class _LiveBars:
    """One bar for all tasks, and one for each job that is rendering."""

    def __init__(self, bars: Progress, labels: Mapping[str, str]) -> None:
        self._bars = bars
        self._labels = {key: shorten(label) for key, label in labels.items()}
        self._errors = _Errors(labels)
        self._total = bars.add_task("Total", total=None)
        self._by_job: dict[str, TaskID] = {}

    def show(self, state: FarmState) -> None:
        """Moves the bars, and tells errors above them."""
        for line in self._errors.new_lines(state):
            self._bars.console.print(Text(line))
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


def shorten(label: str) -> str:
    """A label that leaves room for a bar."""
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def last_line(text: str) -> str:
    """The last line with something in it; of a traceback, the error."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
