"""Waiting for the jobs of a submission."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..core.bundle import AnyPath, Bundle, read_bundle
from ..deadline.client import DeadlineClient, SubmissionError
from ..studio.connect import studio_client
from ..submit.record import SUBMITTED, read_submission
from .jobs import DeadlineJobs
from .notices import SUBMITTING, check_place, notices_of, state_of
from .status import SubmissionReader, SubmissionStatus

POLL_SECONDS = 10.0
_LONGEST_PAUSE = 1.0  # Seconds between two looks at a submission that is still being made.


class Listener:
    """Gets what happens while a submission is waited for; this one ignores it."""

    wants_progress = False
    """Whether it shows the progress of tasks, for which Deadline is asked one question more each time."""

    def show(self, submitted: SubmissionStatus) -> None:
        """Gets the status each time that Deadline was asked."""

    def say(self, line: str) -> None:
        """Gets a message, such as that Deadline is out of reach or back."""


def wait_for_submission(
    bundle: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    poll_seconds: float = POLL_SECONDS,
    timeout: float | None = None,
    listener: Listener | None = None,
) -> SubmissionStatus:
    """The status of the submission once no job can go on, or after ``timeout`` seconds: ``is_over`` says which.

    Deadline is asked every ``poll_seconds`` for the jobs that can have changed. All jobs are read at first, and again
    at the end, as some may have been requeued. ``open_client`` is called once there is something to ask.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        SubmissionError: The bundle is not submitted, or only in part; it is a copy; or Deadline is out of reach for a
            quarter of an hour.
        StoreError: The results of a job have to be counted, and cannot be listed.
    """
    opened = read_bundle(bundle)
    end = math.inf if timeout is None else time.monotonic() + timeout
    listener = listener or Listener()
    state, notices = _await_submission(opened, end, listener, pause=min(poll_seconds, _LONGEST_PAUSE))
    if state == SUBMITTING:
        return SubmissionReader(opened, None).status()
    if state != SUBMITTED:
        raise SubmissionError(notices[0])
    check_place(opened)
    for notice in notices:
        listener.say(notice)
    reader = SubmissionReader(opened, open_client)
    if reader.jobs is None:
        raise SubmissionError(f"{opened.name} was cancelled this moment; there is nothing to wait for")
    return _follow(reader, reader.jobs, end, listener, poll_seconds=poll_seconds)


def _sleep(seconds: float, end: float) -> None:
    time.sleep(max(0.0, min(seconds, end - time.monotonic())))


def _await_submission(bundle: Bundle, end: float, listener: Listener, *, pause: float) -> tuple[str, tuple[str, ...]]:
    """State and notices of the submission, once it is not being made any more, or the time is up."""
    is_announced = False
    while True:
        record = read_submission(bundle.folder)
        state, notices = state_of(record), notices_of(bundle, record)
        if state != SUBMITTING or time.monotonic() >= end:
            return state, notices
        if not is_announced:
            listener.say(f"{notices[0]}; waiting for that")
            is_announced = True
        _sleep(pause, end)


def _follow(
    reader: SubmissionReader, jobs: DeadlineJobs, end: float, listener: Listener, *, poll_seconds: float
) -> SubmissionStatus:
    error, asks_all = "", True
    while True:
        jobs.look(at_all=asks_all)
        if jobs.error and not error:
            listener.say(f"Deadline cannot be asked: {jobs.error}; trying again")
        elif error and not jobs.error:
            listener.say("Deadline answers again")
        error = jobs.error
        now = reader.status(with_progress=listener.wants_progress)
        listener.show(now)
        is_over = now.is_over and not error
        if time.monotonic() >= end or (is_over and asks_all):
            return now
        if not is_over:
            _sleep(poll_seconds, end)
        asks_all = is_over or (asks_all and bool(error))
