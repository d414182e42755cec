"""A graph evaluated on the Deadline farm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from flowpipe import Graph, INode

from ..core.bundle import AnyPath
from ..deadline.client import COMPLETED, FAILED, SubmissionError
from ..results.counts import ResultCounts
from ..status.jobs import DELETED, DeadlineJobs
from ..studio.connect import studio_connection
from ..studio.file import load_studio_file
from ..studio.options import SubmitOptions
from ..studio.submit import submit_graph
from ..submit.submit import open_client
from ..submit.transaction import InterruptedSubmissionError
from .live_graph import GraphEvaluator, JobState, LiveGraph

_log = logging.getLogger(__name__)

_STATES: Mapping[str, JobState] = {
    "Rendering": "started",
    COMPLETED: "completed",
    FAILED: "failed",
    DELETED: "failed",
}


class DeadlineEvaluator(GraphEvaluator):
    """Evaluates a graph on the Deadline farm, and waits for it."""

    def __init__(
        self,
        *,
        root: AnyPath | None = None,
        options: SubmitOptions | None = None,
        poll_seconds: float = 10.0,
        wait_seconds: float = 30.0,
        on_progress: Callable[[Mapping[str, str]], None] | None = None,
    ) -> None:
        """``root`` and ``options`` are as for ``submit_graph``; a ``root`` on this machine is only a warning.

        The jobs are always submitted and released. Deadline is asked for their states every ``poll_seconds``, and
        ``on_progress`` is called with every change: Deadline's words by node key. How often a task is tried again is
        the repository's setting. If waiting ends early, the jobs are suspended. Network file systems have
        ``wait_seconds`` to show a result; the default is the plugin's own.
        """
        self._root = root
        self._options = options or SubmitOptions()
        self._poll_seconds = poll_seconds
        self._wait_seconds = wait_seconds
        self._on_progress = on_progress

    def _run(self, graph: Graph, skip: Collection[INode], live_graph: Callable[..., LiveGraph]) -> LiveGraph:
        studio = self._options.studio or load_studio_file()
        studio = replace(studio, allow_local_root=studio.allow_local_root or self._root is not None)
        connection = studio_connection(studio, via=self._options.via)
        client = open_client(connection)  # Before anything is written.
        options = replace(
            self._options, skip=skip, via=connection, studio=studio, keep_suspended=False, is_dry_run=False
        )
        try:
            submitted = submit_graph(
                graph, root=self._root, options=options, on_message=_log.info, on_warning=_log.warning
            )
        except InterruptedSubmissionError as error:
            raise KeyboardInterrupt(str(error)) from None
        bundle, job_ids = submitted.bundle, submitted.job_ids
        live = live_graph(bundle=bundle, wait=self._wait_seconds)
        jobs = DeadlineJobs(bundle, job_ids, client=client, has_results=ResultCounts(bundle).has_all)
        try:
            self._watch(jobs, live, job_ids=job_ids)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{_suspend(jobs)}; results so far: {bundle.folder}") from None
        except BaseException:
            _log.warning(_suspend(jobs))
            raise
        return live

    def _watch(self, jobs: DeadlineJobs, live: LiveGraph, *, job_ids: Mapping[str, str]) -> None:
        """Returns when no job can go on."""

        def explain(key: str) -> str:
            words = "was deleted before it was complete" if jobs.statuses[key] == DELETED else "failed"
            return f"Deadline job {job_ids[key]} {words}; see its reports in the Monitor"

        while True:
            has_changed = jobs.look()
            states = {key: _STATES.get(status, "waiting") for key, status in jobs.statuses.items()}
            live.follow(states, explain=explain)
            if has_changed and self._on_progress is not None:
                self._on_progress(dict(jobs.statuses))
            if not jobs.due():
                return
            time.sleep(self._poll_seconds)


def _suspend(jobs: DeadlineJobs) -> str:
    """Suspends the jobs that could start; returns how that went."""
    try:
        return jobs.suspend()
    except SubmissionError as error:
        return str(error)
