"""Lets jobs go on that were held: those that wait for others begin to wait first, while none of those others can end.

Deadline's own Python imports this too: standard library only, valid from Python 3.7.
"""

from __future__ import annotations

import contextlib
from typing import Callable, Sequence

from ..deadline.client import SubmissionError
from .own_jobs import OwnJobs


def let_wait(own: OwnJobs, suspended: Sequence[str], *, not_waiting: Callable[[], list[str]]) -> None:
    """Brings jobs from Suspended to Pending; ``not_waiting`` reads which of all that have to wait do not.

    The status of a job that is submitted suspended with a dependency is undocumented, and so is what resuming makes of
    it (submission, section 5.2): Suspended or Pending, then Pending or Active. It must be Pending before anything
    upstream may run, so that is requested and verified: they are pended first, as resuming may let them start. If that
    does nothing, they are resumed and then pended.

    Raises:
        SubmissionError: Some do not wait.
    """
    if suspended:
        with contextlib.suppress(SubmissionError):  # What came of it is read.
            own.client.pend(suspended)
        held = [job_id for job_id in not_waiting() if job_id in suspended]
        if held:
            own.client.resume(held)
            with contextlib.suppress(SubmissionError):  # At once, before a worker takes a task.
                own.client.pend(held)
            too_early = [job_id for job_id in not_waiting() if job_id in held]
            if too_early:
                own.client.pend(too_early)
    left = not_waiting()
    if left:
        raise SubmissionError(f"Deadline does not let {own.named(left)} wait for what they depend on")


def let_go(
    own: OwnJobs,
    held: Sequence[str],
    *,
    resume: Callable[[Sequence[str]], None],
    still_held: Callable[[], list[str]],
) -> None:
    """Resumes jobs that wait for nothing; ``still_held`` reads which of them are still suspended.

    Raises:
        SubmissionError: Some do not go on.
    """
    for _ in range(2):  # A second time if the first did not reach all.
        if not held:
            return
        resume(held)
        held = still_held()
    if held:
        raise SubmissionError(f"Deadline does not resume {own.named(held)}")
