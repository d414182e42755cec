"""Watches jobs until they end, and tells from what was seen when Deadline let one go after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from ..deadline.client import ACTIVE, COMPLETED
from ..status.jobs import DeadlineJobs

_PAUSE = 0.5  # Seconds between two looks; a look by deadlinecommand takes longer itself.


@dataclass(frozen=True)
class Sight:
    """What was seen at one moment."""

    seconds: float
    """Since some moment."""
    statuses: Mapping[str, str]
    """By node key."""
    tasks: Mapping[str, Mapping[str, int]]
    """How many tasks of each job are in which state, as far as that is told."""


@dataclass(frozen=True)
class Delay:
    """How long something took, as far as looks that are apart in time can tell."""

    seconds: float
    """From seeing the first to seeing the second."""
    uncertainty: float
    """The longest that was between two looks there."""

    def __str__(self) -> str:
        return f"{self.seconds:.2g} s (give or take {self.uncertainty:.2g})"


def watch(jobs: DeadlineJobs, *, until: Callable[[], bool], on_change: Callable[[Sight], None]) -> list[Sight]:
    """Everything that was seen until no job can go on any more, or ``until`` says that it is enough.

    Raises:
        SubmissionError: Deadline gives no state of a job for a long time.
    """
    sights: list[Sight] = []
    while not until():
        has_changed = jobs.look()
        tasks = {key: dict(details.tasks) for key, details in jobs.details.items()}
        sights.append(Sight(time.monotonic(), dict(jobs.statuses), tasks))
        if has_changed or len(sights) == 1:
            on_change(sights[-1])
        if not jobs.due():
            break
        time.sleep(_PAUSE)
    return sights


def release_delay(sights: Sequence[Sight], *, upstream: str, downstream: str) -> Optional[Delay]:
    """How long a job that waits for the whole other was still held back once that was complete; None if not seen.

    >>> seen = [Sight(0, {"a": "Rendering", "b": "Pending"}, {}), Sight(2, {"a": "Completed", "b": "Pending"}, {})]
    >>> str(release_delay([*seen, Sight(7, {"a": "Completed", "b": "Queued"}, {})], upstream="a", downstream="b"))
    '5 s (give or take 5)'
    """
    complete = _first(sights, lambda sight: sight.statuses[upstream] == COMPLETED)
    released = _first(sights, lambda sight: sight.statuses[downstream] in (*ACTIVE, COMPLETED))
    if complete is None or released is None or complete == 0:
        return None
    gaps = [sights[index].seconds - sights[index - 1].seconds for index in (complete, released)]
    return Delay(sights[released].seconds - sights[complete].seconds, max(gaps))


def was_released_by_task(sights: Sequence[Sight], *, upstream: str, downstream: str) -> Optional[bool]:
    """Whether a task was let go while the other job was not complete; None if the numbers of tasks are not told."""
    if not any(sight.tasks.get(downstream) for sight in sights):
        return None
    return any(
        sight.statuses[upstream] != COMPLETED
        and any(sight.tasks.get(downstream, {}).get(state) for state in ("Queued", "Rendering", COMPLETED))
        for sight in sights
    )


def _first(sights: Sequence[Sight], is_it: Callable[[Sight], bool]) -> Optional[int]:
    return next((index for index, sight in enumerate(sights) if is_it(sight)), None)
