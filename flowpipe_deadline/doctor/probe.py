"""Sends the doctor's graph to the farm, by every way; waits for it, measures, and cleans up."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

from ..bundle.write import write_plan
from ..core.bundle import Bundle
from ..core.errors import FlowpipeDeadlineError
from ..core.text import one_line
from ..deadline.client import COMPLETED, DeadlineClient
from ..deadline.process import DeadlineCommand, ProcessClient
from ..planning.plan import Plan
from ..results.failures import read_failures
from ..results.outputs import read_results
from ..status.jobs import DeadlineJobs
from ..submit.record import read_submission
from ..submit.submit import Connection, open_client, submit_unchecked
from ..submit.transaction import InterruptedSubmissionError
from . import measures, probe_graph
from .measures import LONGEST
from .options import DoctorOptions
from .report import Check
from .watch import Sight, watch


class GraphSender:
    """Sends the graph; ``checks`` are what came of it."""

    def __init__(
        self,
        plan: Plan,
        options: DoctorOptions,
        connections: Sequence[Connection],
        *,
        say: Callable[[str], None],
        is_stopping: Callable[[], bool],
    ) -> None:
        """The graph is evaluated by the first of the ways; by the others it is only submitted, suspended."""
        assert options.root is not None
        self.checks: list[Check] = []
        self.left: list[str] = []
        """What could not be cleaned up, in words."""
        self.is_interrupted = False
        self._plan = plan
        self._options = options
        self._root: Path = options.root
        self._connections = connections
        self._say = say
        self._is_stopping = is_stopping
        self._submissions: dict[str, Any] = {}

    def run(self) -> None:
        """Does all of it."""
        expected = probe_graph.expected_outputs()
        for connection in reversed(self._connections):
            if self._must_stop():
                break
            try:
                self._send(connection, expected if connection is self._connections[0] else None)
            except FlowpipeDeadlineError as error:
                self._fail(connection, error)
        if self._submissions:
            self.checks.insert(0, measures.submissions(self._submissions))

    def _must_stop(self) -> bool:
        self.is_interrupted = self.is_interrupted or self._is_stopping()
        return self.is_interrupted

    def _fail(self, connection: Connection, error: FlowpipeDeadlineError) -> None:
        self.is_interrupted = self.is_interrupted or isinstance(error, InterruptedSubmissionError)
        self._submissions.setdefault(connection.via, {"error": str(error)})
        self._say(f"  {error}")
        if connection is self._connections[0] and not self.is_interrupted:
            self.checks.append(Check("graph", "problem", one_line(str(error), longest=LONGEST)))

    def _send(self, connection: Connection, expected: Optional[Mapping[str, Mapping[str, Any]]]) -> None:
        """Submits the graph by one way, and waits for it if it is to give something; leaves nothing behind."""
        self._say(f"Submitting {len(self._plan.jobs)} jobs by {connection.via}{'' if expected else ', suspended'}")
        bundle = write_plan(self._plan, root=self._root, store=self._options.store)
        job_ids: dict[str, str] = {}
        try:
            started = time.monotonic()
            job_ids = submit_unchecked(bundle, connection=connection, keep_suspended=expected is None)
            seconds = time.monotonic() - started
            self._submissions[connection.via] = {"seconds": seconds, "jobs": len(job_ids)}
            if expected is not None:
                self._wait(bundle, job_ids, expected)
        finally:
            self._clean(bundle, list(job_ids.values()))

    def _clean(self, bundle: Bundle, job_ids: Sequence[str]) -> None:
        if job_ids and self._options.is_keeping and any(check.verdict == "problem" for check in self.checks):
            left: Optional[str] = f"as you wished: the jobs {', '.join(job_ids)}, and their bundle {bundle.folder}"
        elif not job_ids and read_submission(bundle.folder) is not None:
            left = f"jobs of {bundle.name} may be left; their bundle is {bundle.folder}"
        else:
            left = probe_graph.remove(bundle, job_ids, self._client(is_patient=True))
        self.left += [left] if left else []

    def _client(self, *, is_patient: bool = False) -> DeadlineClient:
        """Deadline, for questions; with ``is_patient``, also once somebody wants to stop."""
        connection = self._connections[0]
        is_stopping = None if is_patient else self._is_stopping
        if connection.webservice is not None:
            return open_client(connection)
        return ProcessClient(DeadlineCommand(is_stopping=is_stopping))

    def _wait(self, bundle: Bundle, job_ids: Mapping[str, str], expected: Mapping[str, Mapping[str, Any]]) -> None:
        client = self._client()
        end = time.monotonic() + self._options.timeout

        def has_results(key: str) -> bool:
            return all(node.encoded is not None for node in read_results(bundle, node=key).values())

        jobs = DeadlineJobs(bundle, job_ids, client=client, has_results=has_results)
        sights = watch(jobs, until=lambda: self._must_stop() or time.monotonic() > end, on_change=self._show)
        if self._must_stop():
            return
        incomplete = {key: status for key, status in jobs.statuses.items() if status != COMPLETED}
        if incomplete:
            self.checks.append(self._incomplete(bundle, incomplete, is_late=time.monotonic() > end))
            return
        results = probe_graph.read_outputs(bundle)
        self.checks.append(measures.compared(results, expected))
        self.checks.append(measures.release(sights))
        self.checks.append(measures.overhead(client, job_ids, results))

    def _show(self, sight: Sight) -> None:
        self._say("  " + ", ".join(f"{key} {status}" for key, status in sight.statuses.items()))

    def _incomplete(self, bundle: Bundle, incomplete: Mapping[str, str], *, is_late: bool) -> Check:
        states = ", ".join(f"{key} is {status}" for key, status in incomplete.items())
        failures = [failure for key in incomplete for failure in read_failures(bundle.folder, key)]
        said = f"; {one_line(failures[0].report.strip().splitlines()[-1], longest=LONGEST)}" if failures else ""
        when = f"not complete after {self._options.timeout:g} s: " if is_late else ""
        advice = "run it once more with --keep, and see the reports of its tasks in the Monitor"
        if is_late and not failures:
            advice = (
                "see that an idle worker takes the jobs' pool and group (--set pool=..., group=...); or give --timeout"
            )
        return Check("graph", "problem", f"{when}{states}{said}", advice, {"statuses": dict(incomplete)})
