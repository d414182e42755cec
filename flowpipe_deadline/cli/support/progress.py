"""The progress of jobs on a farm or on this machine: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ...status.jobs import ENDED
from .output import say

_MOST_BARS = 12
_LONGEST_LABEL = 30


@dataclass(frozen=True)
class JobProgress:
    """How far a job is."""

    key: str
    status: str
    """In Deadline's words."""
    done: float
    """How many tasks are complete; those that render count by their progress, where that is known."""
    total: int
    is_rendering: bool


@dataclass(frozen=True)
class Shown:
    """What a display shows at one moment."""

    jobs: Sequence[JobProgress]
    news: Mapping[Hashable, str] = field(default_factory=dict)
    """Lines that are printed once each, by a key that tells them apart."""


class Display(Protocol):
    """Where progress is shown."""

    def show(self, shown: Shown) -> None:
        """Shows the jobs, and prints news."""

    def say(self, line: str) -> None:
        """Prints a line."""


@contextmanager
def progress_display(terminal: Console, labels: Mapping[str, str]) -> Iterator[Display]:
    """A display for the duration of the block; ``labels`` are the jobs' names by key."""
    if not terminal.is_terminal or terminal.is_dumb_terminal:
        yield _PlainLines(labels)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
        transient=True,
    ) as bars:
        yield _LiveBars(bars, labels)


class _PlainLines:
    """Prints a line when a job has ended, and for news."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._news = _News()
        self._printed: set[str] = set()

    def say(self, line: str) -> None:
        """Prints a line."""
        say(line)

    def show(self, shown: Shown) -> None:
        """Prints news, and which jobs have ended."""
        for line in self._news.new_lines(shown):
            say(line)
        ended = [job for job in shown.jobs if job.status in ENDED]
        new = [job for job in ended if job.key not in self._printed]
        self._printed.update(job.key for job in new)
        for number, job in enumerate(new, start=len(ended) - len(new) + 1):
            say(f"[{number}/{len(shown.jobs)}] {self._labels[job.key]} {job.status.lower()}")


class _News:
    """Remembers which news was printed."""

    def __init__(self) -> None:
        self._printed: set[Hashable] = set()

    def new_lines(self, shown: Shown) -> Iterator[str]:
        """The lines that were not there before."""
        for mark, line in shown.news.items():
            if mark not in self._printed:
                self._printed.add(mark)
                yield line


class _LiveBars:
    """One bar for all tasks, and one for each job that is rendering."""

    def __init__(self, bars: Progress, labels: Mapping[str, str]) -> None:
        self._bars = bars
        self._labels = {key: shorten(label) for key, label in labels.items()}
        self._news = _News()
        self._total = bars.add_task("Total", total=None)
        self._by_job: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        """Prints a line above the bars."""
        self._bars.console.print(Text(line))

    def show(self, shown: Shown) -> None:
        """Moves the bars, and prints news above them."""
        for line in self._news.new_lines(shown):
            self.say(line)
        total, done = sum(job.total for job in shown.jobs), sum(job.done for job in shown.jobs)
        self._bars.update(self._total, total=total, completed=done)
        active = [job for job in shown.jobs if job.is_rendering][:_MOST_BARS]
        for key in set(self._by_job) - {job.key for job in active}:
            self._bars.remove_task(self._by_job.pop(key))
        for job in active:
            if job.key not in self._by_job:
                self._by_job[job.key] = self._bars.add_task(self._labels[job.key], total=job.total)
            self._bars.update(self._by_job[job.key], total=job.total, completed=job.done)


def shorten(label: str) -> str:
    """A label that leaves room for a bar."""
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"
