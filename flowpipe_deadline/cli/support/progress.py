"""The progress of jobs on a farm or on this machine: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ...core.text import one_line
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


class Display:
    """Prints a line when a job has ended, and each of the news once."""

    is_live = False
    """Whether it shows how far jobs are meanwhile."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._printed: set[Hashable] = set()
        self._ended: set[str] = set()

    def say(self, line: str) -> None:
        """Prints a line."""
        say(line)

    def show(self, jobs: Sequence[JobProgress], news: Mapping[Hashable, str]) -> None:
        """Shows the jobs, and prints those of the ``news``, by a key that tells them apart, that are new."""
        for mark, line in news.items():
            if mark not in self._printed:
                self._printed.add(mark)
                self.say(line)
        self._show_jobs(jobs)

    def _show_jobs(self, jobs: Sequence[JobProgress]) -> None:
        ended = [job for job in jobs if job.status in ENDED]
        new = [job for job in ended if job.key not in self._ended]
        self._ended.update(job.key for job in new)
        for number, job in enumerate(new, start=len(ended) - len(new) + 1):
            self.say(f"[{number}/{len(jobs)}] {self._labels[job.key]} {job.status.lower()}")


class _LiveBars(Display):
    """One bar for all tasks, and one for each job that is rendering."""

    is_live = True

    def __init__(self, bars: Progress, labels: Mapping[str, str]) -> None:
        super().__init__({key: one_line(label, longest=_LONGEST_LABEL) for key, label in labels.items()})
        self._bars = bars
        self._total = bars.add_task("Total", total=None)
        self._by_job: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        self._bars.console.print(Text(line))

    def _show_jobs(self, jobs: Sequence[JobProgress]) -> None:
        total, done = sum(job.total for job in jobs), sum(job.done for job in jobs)
        self._bars.update(self._total, total=total, completed=done)
        active = [job for job in jobs if job.is_rendering][:_MOST_BARS]
        for key in set(self._by_job) - {job.key for job in active}:
            self._bars.remove_task(self._by_job.pop(key))
        for job in active:
            if job.key not in self._by_job:
                self._by_job[job.key] = self._bars.add_task(self._labels[job.key], total=job.total)
            self._bars.update(self._by_job[job.key], total=job.total, completed=job.done)


@contextmanager
def progress_display(labels: Mapping[str, str]) -> Iterator[Display]:
    """A display on stderr for the duration of the block; ``labels`` are the jobs' names by key."""
    terminal = Console(stderr=True, highlight=False, emoji=False)
    if not terminal.is_terminal or terminal.is_dumb_terminal:
        yield Display(labels)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=terminal, transient=True) as bars:
        yield _LiveBars(bars, labels)
