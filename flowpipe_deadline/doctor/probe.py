"""Sends the doctor's graph to the farm by every connection, waits for it, and cleans up."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..bundle.write import write_plan
from ..core.bundle import FILES, Bundle, with_job_names
from ..core.errors import FlowpipeDeadlineError
from ..core.text import counted, one_line
from ..deadline.client import ACTIVE, COMPLETED, DeadlineClient, Stop
from ..deadline.connect import Connection
from ..deadline.via import VIA_VARIABLE
from ..planning.plan import Plan
from ..results.counts import ResultCounts
from ..results.failures import read_failures
from ..results.outputs import read_results
from ..status.jobs import DeadlineJobs
from ..studio.file import StudioFile
from ..submit.own_jobs import own_jobs
from ..submit.record import read_submission
from ..submit.submit import open_client, submit_unchecked
from ..submit.transaction import Say
from ..submit.undo import Deletion
from . import probe_graph
from .probe_graph import SHIFT, TOTAL
from .report import Check, DoctorOptions

_LATE_RESULTS = 30.0  # Seconds that network file systems have to show a result.
_LONGEST = 300  # Characters of an error.
# The jobs that are evaluated are released as well, which takes up to as long again.
_MUCH_FASTER = 3.0
_LONG = 30.0  # Seconds between two jobs that are worth a look at the repository options.

Look = tuple[float, Mapping[str, str]]
"""When Deadline was asked, on a monotonic clock, and the states of the jobs by node key."""


class GraphSender:
    """Sends the graph; ``checks`` are the results."""

    def __init__(
        self, plan: Plan, options: DoctorOptions, connections: Sequence[Connection], *, say: Say, is_stopping: Stop
    ) -> None:
        """The graph is evaluated by the first connection; by the others it is only submitted, suspended."""
        self.checks: list[Check] = []
        self.left: list[str] = []
        """What could not be cleaned up, in words."""
        self._plan = plan
        self._options = options
        self._connections = connections
        self._say = say
        self._is_stopping = is_stopping
        self._submissions: dict[str, Any] = {}

    def run(self) -> None:
        """Sends the graph by all connections, the first one last."""
        for connection in reversed(self._connections):
            if self._is_stopping():
                break
            is_first = connection is self._connections[0]
            try:
                self._send(connection, is_evaluated=is_first)
            except FlowpipeDeadlineError as error:
                self._submissions.setdefault(connection.via, {"error": str(error)})
                self._say(f"  {error}")
                if is_first and not self._is_stopping():
                    self.checks.append(Check("graph", "problem", one_line(str(error), longest=_LONGEST)))
        if self._submissions:
            is_studios = not (self._options.via or os.environ.get(VIA_VARIABLE))
            studio = self._options.studio if is_studios else None
            self.checks.insert(0, check_submissions(self._submissions, self._connections, studio))

    def _send(self, connection: Connection, *, is_evaluated: bool) -> None:
        """Submits the graph by one connection, and waits for it if it is evaluated; leaves nothing behind."""
        suspended = "" if is_evaluated else ", suspended"
        self._say(f"Submitting {counted(len(self._plan.jobs), 'job')} by {connection.via}{suspended}")
        assert self._options.root is not None
        bundle = write_plan(self._plan, root=self._options.root, store=self._options.store)
        job_ids: dict[str, str] = {}
        try:
            started = time.monotonic()
            job_ids = submit_unchecked(bundle, connection=connection, keep_suspended=not is_evaluated)
            seconds = time.monotonic() - started
            self._submissions[connection.via] = {"seconds": seconds, "jobs": len(job_ids)}
            if is_evaluated:
                self._wait(bundle, job_ids)
        finally:
            left = self._clean(bundle, job_ids)
            self.left += [left] if left else []

    def _clean(self, bundle: Bundle, job_ids: Mapping[str, str]) -> str | None:
        """Deletes the jobs and the bundle; returns what is left, in words."""
        if job_ids and self._options.is_keeping and any(check.verdict == "problem" for check in self.checks):
            jobs = with_job_names(", ".join(job_ids.values()), job_ids)
            return f"kept because of --keep: the jobs {jobs}, and their bundle {bundle.folder}"
        if not job_ids and read_submission(bundle.folder) is not None:
            return f"jobs of {bundle.name} may be left; their bundle is {bundle.folder}"
        made = list(job_ids.values())
        deletion = Deletion(own_jobs(self._client(lambda: False), bundle, job_ids, trusted=made))
        said = deletion.run(made)
        if not deletion.is_complete:
            return f"{said}; their bundle is {bundle.folder}"
        for pause in (0.0, 0.5, 2.0):  # A worker may still be writing into it.
            time.sleep(pause)
            with contextlib.suppress(OSError):
                shutil.rmtree(bundle.folder)
            if not bundle.folder.exists():
                return None
        return f"{bundle.folder} could not be removed"

    def _client(self, is_stopping: Stop) -> DeadlineClient:
        """A client of the first connection, with a process per call instead of a script."""
        return open_client(replace(self._connections[0], via="command"), is_stopping=is_stopping)

    def _wait(self, bundle: Bundle, job_ids: Mapping[str, str]) -> None:
        client = self._client(self._is_stopping)
        started = time.monotonic()
        end = started + self._options.timeout
        counts = ResultCounts(bundle)
        jobs = DeadlineJobs(bundle, job_ids, client=client, has_results=counts.has_all)
        looks = self._watch(jobs, end)
        if self._is_stopping():
            return
        incomplete = {key: status for key, status in jobs.statuses.items() if status != COMPLETED}
        if incomplete:
            self.checks.append(self._incomplete(bundle, incomplete, is_late=time.monotonic() > end))
            return
        counts.wait_for(job_ids, seconds=_LATE_RESULTS)
        results = {result.node: result for result in read_results(bundle).values()}
        self.checks.append(probe_graph.check_outputs(results, seconds=looks[-1][0] - started))
        self.checks.append(check_release(looks))

    def _watch(self, jobs: DeadlineJobs, end: float) -> list[Look]:
        """The states of the jobs until none can go on, or there is no more time."""
        looks: list[Look] = []
        while not self._is_stopping() and time.monotonic() < end:
            if jobs.look() or not looks:
                self._say("  " + ", ".join(f"{key} {status}" for key, status in jobs.statuses.items()))
            looks.append((time.monotonic(), dict(jobs.statuses)))
            if not jobs.due():
                break
            time.sleep(self._options.pause)
        return looks

    def _incomplete(self, bundle: Bundle, incomplete: Mapping[str, str], *, is_late: bool) -> Check:
        states = ", ".join(f"{key} is {status}" for key, status in incomplete.items())
        failures = [failure for key in incomplete for failure in read_failures(bundle.folder, key)]
        error = failures[0].reason if failures else ""
        said = f"; {one_line(error, longest=_LONGEST)}" if failures else ""
        when = f"not complete after {self._options.timeout:g} s: " if is_late else ""
        advice = "run it once more with --keep, and see the reports of its tasks in the Monitor"
        if is_late and not failures:
            places = "pool and group (--set pool=..., group=...)"
            advice = f"see that an idle worker takes the jobs' {places}; or give --timeout"
        return Check("graph", "problem", f"{when}{states}{said}", advice, {"statuses": dict(incomplete)})


def check_submissions(
    submissions: Mapping[str, Mapping[str, Any]], connections: Sequence[Connection], studio: StudioFile | None
) -> Check:
    """How long it took to submit the graph, by connection, or why it failed; and what to write if another is better.

    The first connection is the one in use. ``studio`` is None if it is not the studio's choice.
    """
    texts, check = [], Check("submission", "ok", "", details=submissions)
    for via, info in submissions.items():
        if "error" in info:
            check = replace(check, verdict="warning", advice="please report this, with --output json")
            texts.append(f"{via}: failed ({one_line(info['error'], longest=_LONGEST)})")
        else:
            each = info["seconds"] / info["jobs"]
            texts.append(f"{via}: {info['seconds']:.2g} s for {counted(info['jobs'], 'job')}, {each:.2g} s for one")
    seconds = {via: info["seconds"] for via, info in submissions.items() if "seconds" in info}
    fastest = min(connections, key=lambda connection: seconds.get(connection.via, float("inf")))
    used = connections[0]
    if studio and seconds.get(used.via, 0.0) > _MUCH_FASTER * seconds.get(fastest.via, 0.0) and not check.advice:
        check = replace(check, advice=f"{fastest.via} is much faster than {used.via}: {_studio_lines(fastest, studio)}")
    return replace(check, found="; ".join(texts))


def _studio_lines(connection: Connection, studio: StudioFile) -> str:
    """What to write into the studio file, so that everybody uses this connection."""
    lines = f'write  via = "{connection.via}"'
    if connection.webservice is not None and "url" not in studio.webservice:
        lines += f'  and, in its table [webservice],  url = "{connection.webservice.url}"'
    return f"{lines}  into {studio.path or 'a studio file, whose place flowpipe-deadline config says'}"


def check_release(looks: Sequence[Look]) -> Check:
    """How long Deadline held back the last job, once the one that it waits for was complete.

    >>> states = [("Rendering", "Pending"), ("Completed", "Pending"), ("Completed", "Queued")]
    >>> looks = [(5.0 * number, {SHIFT: one, TOTAL: other}) for number, (one, other) in enumerate(states)]
    >>> check_release(looks).found
    'the last job was released 5 s after all before it (give or take 5)'
    """
    complete = _first_with(looks, SHIFT, (COMPLETED,))
    released = _first_with(looks, TOTAL, (*ACTIVE, COMPLETED))
    if not complete or not released:
        return Check("release", "unknown", "when Deadline released the last job was not seen")
    seconds = looks[released][0] - looks[complete][0]
    uncertainty = max(looks[index][0] - looks[index - 1][0] for index in (complete, released))
    found = f"the last job was released {seconds:.2g} s after all before it (give or take {uncertainty:.2g})"
    advice = "graphs take less time if Deadline looks for pending jobs more often: see the repository options"
    details = {"seconds": seconds, "uncertainty": uncertainty}
    return Check("release", "ok", found, advice if seconds > _LONG else "", details)


def _first_with(looks: Sequence[Look], key: str, statuses: Sequence[str]) -> int | None:
    return next((index for index, (_, by_key) in enumerate(looks) if by_key[key] in statuses), None)


def check_cleanup(left: Sequence[str], store: str) -> Check:
    """What could not be cleaned up."""
    if left:
        return Check("clean-up", "problem", "; ".join(left), "delete them by hand")
    expiring = "" if store == FILES else "; the results of the graph leave the store once they expire"
    return Check("clean-up", "ok", f"nothing is left{expiring}")
