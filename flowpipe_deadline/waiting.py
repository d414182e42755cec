"""Waiting for the jobs of a submission, however long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Optional

from .bundle import AnyPath, Bundle, read_bundle
from .deadline import Farm, SubmissionError
from .submission_record import SUBMITTED
from .submission_words import SUBMITTING, check_place
from .submit import default_farm
from .submitted import Submission, Submitted

POLL_SECONDS = 10.0
_AT_WORK_PAUSE = 1.0  # Seconds between two looks at a submission that is being made.

Say = Callable[[str], None]
OnProgress = Callable[[Submitted], None]


def wait_for(
    bundle: AnyPath,
    open_farm: Callable[[], Farm] = default_farm,
    *,
    poll_seconds: float = POLL_SECONDS,
    timeout: Optional[float] = None,
    on_progress: Optional[OnProgress] = None,
    on_message: Optional[Say] = None,
) -> Submitted:
    """What the submission is once no job of it can go on, or after ``timeout`` seconds: ``is_over`` says which.

    Deadline is asked every ``poll_seconds``, for the jobs that can have changed; for all of them at first, and once
    more at the end, as somebody may have requeued some. ``on_progress`` hears how it is each time, ``on_message`` that
    Deadline is out of reach or back, and what else there is to say. ``open_farm`` is called once there is something to
    ask.

    Raises:
        RecordError: The folder is no bundle, or is damaged.
        SubmissionError: The bundle is not submitted, or only in part; it is a copy; or Deadline is out of reach for a
            quarter of an hour.
        StoreError: How far a job is, only its results tell, and they cannot be listed.
    """
    opened = read_bundle(bundle)
    clock = _Clock(timeout)
    say = on_message or (lambda _: None)
    first = _await_submission(opened, clock, say=say)
    if first.state == SUBMITTING:
        return first
    if first.state != SUBMITTED:
        raise SubmissionError(first.notices[0])
    check_place(opened)
    for notice in first.notices:
        say(notice)
    submission = Submission(opened, open_farm)
    return _follow(submission, clock, poll_seconds=poll_seconds, on_progress=on_progress or (lambda _: None), say=say)


class _Clock:
    """How much time is left."""

    def __init__(self, timeout: Optional[float]) -> None:
        self._end = None if timeout is None else time.monotonic() + timeout

    @property
    def is_out(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end

    def sleep(self, seconds: float) -> None:
        """Sleeps that long, and no longer than there is time."""
        left = seconds if self._end is None else min(seconds, self._end - time.monotonic())
        time.sleep(max(0.0, left))


def _await_submission(bundle: Bundle, clock: _Clock, *, say: Say) -> Submitted:
    """What the bundle alone tells, once nobody is submitting it any more, or the time is up."""
    told = False
    while True:
        now = Submission(bundle, None).now()
        if now.state != SUBMITTING or clock.is_out:
            return now
        if not told:
            say(f"{now.notices[0]}; waiting for that")
            told = True
        clock.sleep(_AT_WORK_PAUSE)


def _follow(
    submission: Submission, clock: _Clock, *, poll_seconds: float, on_progress: OnProgress, say: Say
) -> Submitted:
    jobs = submission.jobs
    assert jobs is not None
    trouble, asks_all = "", True
    while True:
        jobs.look(at_all=asks_all)
        if bool(jobs.trouble) != bool(trouble):
            say(f"Deadline cannot be asked: {jobs.trouble}; trying again" if jobs.trouble else "Deadline answers again")
        trouble = jobs.trouble
        now = submission.now()
        on_progress(now)
        is_over = now.is_over and not trouble
        if clock.is_out or (is_over and asks_all):
            return now
        if not is_over:
            clock.sleep(poll_seconds)
        asks_all = is_over or (asks_all and bool(trouble))
