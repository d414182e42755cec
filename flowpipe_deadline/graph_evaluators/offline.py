"""A graph evaluated on this machine, through the same plugin as on the farm."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from flowpipe import Graph, INode

from ..core.bundle import CODE, EDITS, ERRORS, FILES, JOBS, MANIFEST, NODES, RESULTS, STORE, SUBMISSION, AnyPath, Bundle
from ..core.errors import InterruptedRunError
from ..core.warnings import warning_lines
from ..offline.farm import DEFAULT_WORKERS, RunState, run_bundle, task_log
from ..offline.repository import JobStatus, TaskStatus
from ..offline.setup import WorkerSetup
from ..planning.plan import Plan
from ..studio.file import StudioFile, load_studio_file
from ..studio.options import SubmitOptions
from ..studio.variables import ROOT_VARIABLE
from ..studio.write import write_bundle
from ..submit.record import IDS
from .live_graph import GraphEvaluator, JobState, LiveGraph

_log = logging.getLogger(__name__)

_PARTS = frozenset({MANIFEST, CODE, EDITS, NODES, JOBS, SUBMISSION, IDS, ERRORS, RESULTS, "offline", STORE})
_LOG_LINES = 20


class OfflineEvaluator(GraphEvaluator):
    """Evaluates a graph on this machine, each task in a process of its own, through the same plugin as on the farm."""

    def __init__(
        self,
        *,
        workers: int = DEFAULT_WORKERS,
        root: AnyPath | None = None,
        failure_limit: int = 1,
        interpreters: Mapping[str, str] | None = None,
        options: SubmitOptions | None = None,
    ) -> None:
        """Runs ``workers`` tasks at once, and tries each ``failure_limit`` times.

        The bundle stays below ``root`` or the folder that FLOWPIPE_DEADLINE_ROOT names; without either it is temporary.
        ``interpreters`` are as for ``WorkerSetup``. Of the ``options``, those of the plan and of the bundle count.
        """
        self._workers = workers
        self._root = root
        self._failure_limit = failure_limit
        self._setup = WorkerSetup(interpreters=interpreters or {})
        self._options = options or SubmitOptions()

    def _run(self, graph: Graph, skip: Collection[INode], live_graph: Callable[..., LiveGraph]) -> LiveGraph:
        studio = self._options.studio or load_studio_file()
        plan = replace(self._options, skip=skip).plan(graph, studio=studio)
        for line in warning_lines(plan.warnings):
            _log.warning(line)
        with self._new_bundle(plan, studio) as (bundle, is_kept):
            live = live_graph(bundle=bundle)

            def follow(state: RunState) -> None:
                live.follow(_states(state), explain=lambda key: _last_words(bundle, state, key))

            try:
                run_bundle(
                    bundle,
                    workers=self._workers,
                    failure_limit=self._failure_limit,
                    setup=self._setup,
                    on_progress=follow,
                )
            except InterruptedRunError as error:
                raise KeyboardInterrupt(*([str(error)] if is_kept else [])) from None
        return live

    @contextmanager
    def _new_bundle(self, plan: Plan, studio: StudioFile) -> Iterator[tuple[Bundle, bool]]:
        """A new bundle, and whether it is kept."""
        root, options = self._root or os.environ.get(ROOT_VARIABLE), self._options
        write = partial(write_bundle, plan, templates=options.templates, studio=studio)
        if root:
            yield write(root=root, store=options.store), True
            return
        folder = Path(tempfile.mkdtemp(prefix="flowpipe-deadline-"))
        try:
            yield write(root=folder, store=FILES), False  # Nobody reads its results later.
        finally:
            _delete_unless_used(folder)


def _states(state: RunState) -> dict[str, JobState]:
    begun = {
        task.key for task in state.tasks if task.errors or task.status not in (TaskStatus.PENDING, TaskStatus.QUEUED)
    }
    ended: dict[JobStatus, JobState] = {JobStatus.COMPLETED: "completed", JobStatus.FAILED: "failed"}
    return {key: ended.get(status, "started" if key in begun else "waiting") for key, status in state.jobs.items()}


def _last_words(bundle: Bundle, state: RunState, key: str) -> str:
    """Why a task failed that left no error: the offline farm's message, and the end of the task's log."""
    task = next(task for task in state.tasks if task.key == key and task.status is TaskStatus.FAILED)
    try:
        said = task_log(bundle, task).read_text(encoding="utf-8")
    except OSError:
        return task.message
    lines = said.rpartition("ERROR: ")[0].splitlines()[-_LOG_LINES:]
    return "\n".join([task.message, "The end of the task's log:", *lines])


def _delete_unless_used(folder: Path) -> None:
    """Deletes a temporary root, unless nodes wrote files of their own into the bundle, their working directory."""
    own = [path for bundle in folder.iterdir() for path in bundle.iterdir() if path.name not in _PARTS]
    if not own:
        shutil.rmtree(folder, ignore_errors=True)
        return
    names = ", ".join(sorted(path.name for path in own)[:5])
    _log.warning(
        "nodes wrote %s into %s, which is kept; give nodes full paths, or the evaluator a root", names, own[0].parent
    )
