"""Waiting for the jobs of a submission, however long that takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Optional

from ..core.bundle import AnyPath, Bundle, read_bundle
from ..deadline.client import DeadlineClient, SubmissionError
from ..studio.connect import studio_client
from ..submit.record import SUBMITTED, read_submission
from .jobs import DeadlineJobs
from .notices import SUBMITTING, check_place, notices_of, state_of
from .status import Submission, SubmissionStatus

POLL_SECONDS = 10.0
_AT_WORK_PAUSE = 1.0  # Seconds between two looks at a submission that is being made.


class Listener:
    """Hears of a submission while it is waited for; this one does not care."""

    def show(self, submitted: SubmissionStatus) -> None:
        """How it is now; called each time that Deadline was asked."""

    def say(self, line: str) -> None:
        """That Deadline is out of reach or back, and what else there is to say."""


def wait_for_submission(
    bundle: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    poll_seconds: float = POLL_SECONDS,
    timeout: Optional[float] = None,
    listener: Optional[Listener] = None,
) -> SubmissionStatus:
    """What the submission is once no job of it can go on, or after ``timeout`` seconds: ``is_over`` says which.

    Deadline is asked every ``poll_seconds``, for the jobs that can have changed; for all of them at first, and once
    more at the end, as somebody may have requeued some. ``open_client`` is called once there is something to ask.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        SubmissionError: The bundle is not submitted, or only in part; it is a copy; or Deadline is out of reach for a
            quarter of an hour.
        StoreError: How far a job is, only its results tell, and they cannot be listed.
    """
    opened = read_bundle(bundle)
    clock = _Clock(timeout)
    hears = listener or Listener()
    state, notices = _await_submission(opened, clock, hears)
    if state == SUBMITTING:
        return Submission(opened, None).now()
    if state != SUBMITTED:
        raise SubmissionError(notices[0])
    check_place(opened)
    for notice in notices:
        hears.say(notice)
    submission = Submission(opened, open_client)
    if submission.jobs is None:
        raise SubmissionError(f"{opened.name} was cancelled this moment; there is nothing to wait for")
    return _follow(submission, submission.jobs, clock, hears, poll_seconds=poll_seconds)


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


def _await_submission(bundle: Bundle, clock: _Clock, listener: Listener) -> tuple[str, tuple[str, ...]]:
    """The state of the submission once nobody is at it any more, or the time is up, and what there is to say."""
    told = False
    while True:
        record = read_submission(bundle.folder)
        state, notices = state_of(record), notices_of(bundle, record)
        if state != SUBMITTING or clock.is_out:
            return state, notices
        if not told:
            listener.say(f"{notices[0]}; waiting for that")
            told = True
        clock.sleep(_AT_WORK_PAUSE)


def _follow(
    submission: Submission, jobs: DeadlineJobs, clock: _Clock, listener: Listener, *, poll_seconds: float
) -> SubmissionStatus:
    trouble, asks_all = "", True
    while True:
        jobs.look(at_all=asks_all)
        if jobs.trouble and not trouble:
            listener.say(f"Deadline cannot be asked: {jobs.trouble}; trying again")
        elif trouble and not jobs.trouble:
            listener.say("Deadline answers again")
        trouble = jobs.trouble
        now = submission.now()
        listener.show(now)
        is_over = now.is_over and not trouble
        if clock.is_out or (is_over and asks_all):
            return now
        if not is_over:
            clock.sleep(poll_seconds)
        asks_all = is_over or (asks_all and bool(trouble))
