"""What is kept of each evaluation of a chunk, in its result or its failure: when, where, how long, for which task.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, Mapping, Sequence

from ..core.frames import FrameList
from .shapes import Shape, check_members, is_count

MOST = 20
"""How many are kept of a chunk."""
LONGEST_REASON = 300
_MOST_SECONDS = 10**9
_SHAPES: Mapping[str, Shape] = {
    **dict.fromkeys(("written", "attempt", "edit"), is_count),
    **dict.fromkeys(("worker", "job", "task", "token", "error"), str),
    "seconds": lambda data: type(data) in (int, float) and 0 <= data < _MOST_SECONDS,
}
"""What is kept of each in a record, and what it is."""
_SHOWN_OF_TOKEN = 8  # All of it would let a node answer for its task.


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a chunk."""

    frames: str | None
    """The frame list of the chunk; None if the node is not batched."""
    written: int
    """When it ended, in nanoseconds since 1970, by the worker's clock."""
    seconds: float | None = None
    """How long it took; None if that is not known."""
    worker: str = ""
    job: str = ""
    """The ID of the job; empty if it ran on no farm."""
    task: str = ""
    """The number of the task in its job."""
    attempt: int = 1
    """How often the chunk had been evaluated by then, this time included."""
    token: str = ""
    """Tells it from all others."""
    edit: int = 0
    """The number of the last edit of the node's inputs that it was made with."""
    error: str | None = None
    """Why it failed, in a line; None if it did not."""

    @property
    def has_failed(self) -> bool:
        """Whether it gave no result."""
        return self.error is not None


def public_token(token: str) -> str:
    """What records keep of the token of a task."""
    return token[:_SHOWN_OF_TOKEN]


def followed_by(earlier: Sequence[Evaluation], own: Evaluation) -> tuple[Evaluation, ...]:
    """The evaluations of a chunk with one more, which is a further attempt; only the latest are kept."""
    attempt = earlier[-1].attempt + 1 if earlier else 1
    return (*earlier, replace(own, attempt=attempt))[-MOST:]


def in_order(*series: Sequence[Evaluation]) -> tuple[Evaluation, ...]:
    """The evaluations of one chunk out of several records, each once, oldest first, counted as attempts.

    Each series keeps its order, whatever the clocks of the workers said.
    """
    times: dict[str, tuple[int, Evaluation]] = {}
    for each in series:
        latest = 0
        for one in each:
            latest = max(latest, one.written)
            times.setdefault(one.token or str(one.written), (latest, one))
    ordered: list[Evaluation] = []
    for _, one in sorted(times.values(), key=lambda pair: pair[0]):
        attempt = max(one.attempt, ordered[-1].attempt + 1 if ordered else 1)
        ordered.append(replace(one, attempt=attempt))
    return tuple(ordered)


def evaluations_json(evaluations: Iterable[Evaluation]) -> list[dict[str, Any]]:
    """The evaluations of a chunk as records hold them: without its frames, and without what says nothing."""
    return [
        {key: value for key, value in vars(one).items() if key != "frames" and value not in (None, "", 0)}
        for one in evaluations
    ]


def parse_evaluations(data: Any, *, frames: FrameList | None) -> tuple[Evaluation, ...]:
    """The evaluations of a chunk of these frames, from a record.

    Raises:
        TypeError, ValueError: The record is damaged.
    """
    text = None if frames is None else str(frames)
    entries = [check_members(entry, _SHAPES) for entry in data]
    return tuple(Evaluation(text, **{name: entry[name] for name in _SHAPES if name in entry}) for entry in entries)
