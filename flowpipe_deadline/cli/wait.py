"""``flowpipe-deadline wait``"""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping

import click

from ..core.bundle import Bundle, job_labels
from ..core.errors import InterruptedRunError
from ..core.interrupts import terminable
from ..core.text import listing
from ..deadline.client import FAILED, SUSPENDED, DeadlineClient
from ..results.counts import ResultCounts
from ..results.outputs import NodeResults, read_results
from ..status.jobs import DELETED
from ..status.status import SubmissionStatus
from ..status.wait import POLL_SECONDS, Listener, wait_for_submission
from ..studio.connect import studio_client
from .support.options import bundle_argument, opened_bundle, output_option, via_option
from .support.output import answer_json, reserve_stdout, say
from .support.progress import Display, JobProgress, progress_display
from .support.report import MOST_NAMES, answer_parts, has_answer, pending_lines, print_answer
from .support.submission import MOST_FAILURES, failure_line, submitted_json, summary

_TIMED_OUT = 124  # As the program ``timeout``.
_SLACK = 30.0  # Seconds by which a question to Deadline may exceed the time-out.
_LATE_RESULTS = 30.0  # Seconds that network file systems have to show a result.


@click.command()
@bundle_argument
@click.option(
    "--timeout", type=click.FloatRange(min=0), metavar="SECONDS", help="How long to wait; for ever by default."
)
@click.option(
    "--poll",
    type=click.FloatRange(min=0, min_open=True),
    default=POLL_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How often Deadline is asked.",
)
@via_option
@output_option
def wait(bundle: str, timeout: float | None, poll: float, via: str | None, output: str) -> int:
    """Wait for the jobs of a submission, and print the outputs of the last nodes.

    Shows their progress, and the errors of their tasks. Exits with 0 if all jobs are complete and have their results;
    with 1 if a job failed, was deleted, or waits for one that did, as soon as nothing else can go on; with 124 when the
    time is up. Suspended jobs are waited for: somebody has to resume them. Ctrl+C ends the waiting, and nothing else.

    \b
    Examples:
      flowpipe-deadline wait //server/show/farm/Shot-20261123-101500-1a2b3c4d
      flowpipe-deadline wait ./Shot-20261123-101500-1a2b3c4d --timeout 3600 && publish
      flowpipe-deadline wait ./Shot-20261123-101500-1a2b3c4d --poll 60 -o json
    """
    reserve_stdout()
    opened = opened_bundle(bundle, via)
    try:
        with terminable():
            submitted = _wait(opened, timeout=timeout, poll=poll, via=via)
            if submitted.is_over and submitted.is_complete:
                keys = (job.key for job in submitted.jobs)
                ResultCounts(submitted.bundle).wait_for(keys, seconds=_LATE_RESULTS)
            results = read_results(submitted.bundle) if submitted.is_over else {}
    except KeyboardInterrupt:
        raise InterruptedRunError(
            f"interrupted; the jobs go on. To wait again:  flowpipe-deadline wait {opened.folder}    To delete them:"
            f"  flowpipe-deadline cancel {opened.folder}"
        ) from None
    if output == "json":
        answer_json({**submitted_json(submitted), **answer_parts(results)})
    else:
        _print_report(submitted, results)
    if not submitted.is_over:
        return _TIMED_OUT
    return 0 if submitted.is_complete and has_answer(results) else 1


def _wait(bundle: Bundle, *, timeout: float | None, poll: float, via: str | None) -> SubmissionStatus:
    end = None if timeout is None else time.monotonic() + timeout + _SLACK
    labels = job_labels(bundle.jobs, main=bundle.graph)

    def open_client() -> DeadlineClient:
        return studio_client(via=via, is_stopping=lambda: end is not None and time.monotonic() > end)

    with progress_display(labels) as display:
        return wait_for_submission(
            bundle.folder, open_client, poll_seconds=poll, timeout=timeout, listener=OnDisplay(display, labels)
        )


class OnDisplay(Listener):
    """Shows the submission on a display."""

    def __init__(self, display: Display, labels: Mapping[str, str]) -> None:
        self._display = display
        self.wants_progress = display.is_live
        self._labels = labels
        self._suspended: set[str] = set()

    def say(self, line: str) -> None:
        """Prints a line."""
        self._display.say(line)

    def show(self, submitted: SubmissionStatus) -> None:
        """Shows the jobs; prints which have been suspended, and the errors of tasks."""
        suspended = [job.key for job in submitted.jobs if job.status == SUSPENDED]
        new = [self._labels[key] for key in suspended if key not in self._suspended]
        if new:
            self.say(f"Suspended: {listing(new, most=MOST_NAMES)}; somebody has to resume that in the Monitor")
        self._suspended = set(suspended)
        news: dict[Hashable, str] = {
            (job.key, failure.frames, failure.written): failure_line(failure, self._labels[job.key], job)
            for job in submitted.jobs
            for failure in job.failures[:MOST_FAILURES]
        }
        news.update({line: line for line in submitted.changes})
        jobs = [
            JobProgress(
                key=job.key,
                status=job.status or "",
                done=job.progress * job.total / 100,
                total=job.total,
                is_rendering=job.status == "Rendering" or bool(job.states.get("Rendering")),
            )
            for job in submitted.jobs
        ]
        self._display.show(jobs, news)


def _print_report(submitted: SubmissionStatus, results: Mapping[str, NodeResults]) -> None:
    labels, folder = job_labels(submitted.bundle.jobs, main=submitted.bundle.graph), submitted.bundle.folder
    print_answer(results)
    for job in submitted.jobs:
        if job.status == FAILED:
            reason = next((failure.reason for failure in job.failures), "")
            reason = reason or f"to see why:  flowpipe-deadline why {folder} {job.key}"
            say(f"Failed: {labels[job.key]} ({job.job_id}): {reason}")
        elif job.status == DELETED:
            say(f"Deleted: {labels[job.key]} ({job.job_id}), before it was complete")
    for line in pending_lines([labels[key] for key in submitted.stuck]):
        say(line)
    if submitted.is_complete:
        for label, node in results.items():
            if node.is_last and node.missing is not None:
                say(f"{label}: its job is complete, yet it is {node.missing_words}")
        return
    say(summary(submitted))
    if submitted.is_over:
        say(f"To make again what failed:  flowpipe-deadline redo {folder} --failed")
    else:
        say(f"The time is up, and the jobs go on. To wait again:  flowpipe-deadline wait {folder}")
