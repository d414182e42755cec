"""flowpipe's own way to evaluate a graph, on a farm: ``graph.evaluate(mode=None, evaluator=OfflineEvaluator())``."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Optional

from flowpipe import Graph, INode
from flowpipe.evaluator import Evaluator, LinearEvaluator, NodeEventCallback

from ..bundle.write import write_bundle
from ..core.bundle import FILES, JOBS, MANIFEST, NODES, ROOT_VARIABLE, STORE, SUBMISSION, AnyPath, Bundle
from ..core.errors import InterruptedRunError
from ..core.loading import refuse_while_loading
from ..core.names import unique_keys
from ..core.warnings import PlanWarning, WarningKind, warning_lines
from ..deadline.client import COMPLETED, FAILED, RepositoryInfo, SubmissionError
from ..offline.farm import DEFAULT_WORKERS, RunState, run_bundle, task_log
from ..offline.repository import JobStatus, TaskStatus
from ..offline.setup import WorkerSetup
from ..planning.graph import sorted_nodes
from ..planning.plan import Plan
from ..preflight.check import check_plan, parse_kinds, raise_errors
from ..results.counts import ResultCounts
from ..results.failures import ERRORS
from ..results.store import RESULTS
from ..status.jobs import DELETED, DeadlineJobs
from ..studio.connect import studio_connection
from ..studio.file import StudioFile, load_studio_file
from ..studio.plan import studio_layers, studio_plan
from ..submit.record import IDS
from ..submit.submit import open_client, submit_new_bundle
from ..submit.transaction import InterruptedSubmissionError
from .live_graph import JobState, LiveGraph

_log = logging.getLogger(__name__)

_PARTS = frozenset({MANIFEST, NODES, JOBS, SUBMISSION, IDS, ERRORS, RESULTS, "offline", STORE})
_LOG_LINES = 20
_WAIT_FOR_RESULTS = 30.0  # Seconds that network file systems have to show a result; as the plugin's own default.
_STATES: Mapping[str, JobState] = {
    "Rendering": "started",
    COMPLETED: "completed",
    FAILED: "failed",
    DELETED: "failed",
}


class GraphEvaluator(Evaluator):
    """What the evaluators share: a graph is planned, written, run, and gets its outputs back.

    The plugs are left as flowpipe's own evaluation leaves them, and ``stats`` holds the times seen from here; what a
    node sets on itself stays where it was evaluated. What does not depend on a failed node is still evaluated and
    brought back; then the node's error is raised, of its own class where that can be imported. Nodes have to be
    importable by other processes, and relative paths in them mean the bundle's folder.
    """

    def __init__(
        self,
        *,
        root: Optional[AnyPath],
        settings: Optional[Mapping[str, Any]],
        interpreters: Optional[Collection[str]],
        templates: Optional[AnyPath],
    ) -> None:
        self._root = root
        self._settings = settings
        self._interpreters = interpreters
        self._templates = templates

    def evaluate(
        self, graph: Graph, skip_clean: bool = False, on_node_event: Optional[NodeEventCallback] = None
    ) -> None:
        """Evaluates the graph and all connected graphs; with ``skip_clean``, clean nodes are left as they are.

        ``on_node_event`` hears of a node when its first task starts, and when its outputs are back or it has failed.

        Raises:
            FlowpipeDeadlineError: The graph cannot be planned or run; the message says why.
            EvaluationError: A node failed with an error that is not known here, or without saying why.
            KeyboardInterrupt: Ctrl+C; nothing goes on, and what was complete is in the graph.
            BaseException: Whatever a node raises.
        """
        refuse_while_loading("evaluate a graph")
        nodes = sorted_nodes(graph)
        keyed = zip(unique_keys(str(node.name) for node in nodes), nodes)  # As the planner calls them.
        chosen = {key: node for key, node in keyed if node.is_dirty or not skip_clean}
        if all(node.omit for node in chosen.values()):
            LinearEvaluator()._evaluate_nodes(list(chosen.values()), on_node_event)
            return
        chosen_ids = {id(node) for node in chosen.values()}
        clean = [node for node in nodes if id(node) not in chosen_ids]
        studio = load_studio_file()
        layers = studio_layers(studio, given=self._settings)
        plan = studio_plan(graph, studio=studio, layers=layers, interpreters=self._interpreters, skip=clean)
        for line in warning_lines(plan.warnings):
            _log.warning(line)
        for error in self._run(plan, chosen, on_node_event):
            raise error

    @abstractmethod
    def _run(
        self, plan: Plan, nodes: Mapping[str, INode], on_node_event: Optional[NodeEventCallback]
    ) -> list[BaseException]:
        """Runs the plan to its end while the nodes follow; gives what nodes raised."""


class OfflineEvaluator(GraphEvaluator):
    """Evaluates a graph on this machine, each task in a process of its own, through the same plugin as on the farm."""

    def __init__(
        self,
        *,
        workers: int = DEFAULT_WORKERS,
        root: Optional[AnyPath] = None,
        failure_limit: int = 1,
        interpreters: Optional[Mapping[str, str]] = None,
        settings: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """``workers`` tasks run at once; a task is tried ``failure_limit`` times.

        The bundle goes below ``root`` or the folder that FLOWPIPE_DEADLINE_ROOT names, and stays there; without either
        it is temporary. ``interpreters`` are those of ``WorkerSetup``, and ``settings`` those of ``plan_graph``.
        """
        super().__init__(root=root, settings=settings, interpreters={"python", *(interpreters or ())}, templates=None)
        self._workers = workers
        self._failure_limit = failure_limit
        self._setup = WorkerSetup(interpreters=interpreters or {})

    def _run(
        self, plan: Plan, nodes: Mapping[str, INode], on_node_event: Optional[NodeEventCallback]
    ) -> list[BaseException]:
        with self._new_bundle(plan) as (bundle, is_kept):
            live = LiveGraph(nodes, bundle=bundle, on_node_event=on_node_event)

            def follow(state: RunState) -> None:
                live.follow(_offline_states(state), explain=lambda key: _last_words(bundle, state, key))

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
        return live.errors

    @contextmanager
    def _new_bundle(self, plan: Plan) -> Iterator[tuple[Bundle, bool]]:
        """A new bundle, and whether it stays."""
        root = self._root or os.environ.get(ROOT_VARIABLE)
        if root:
            yield write_bundle(plan, root=root), True
            return
        folder = Path(tempfile.mkdtemp(prefix="flowpipe-deadline-"))
        try:
            yield write_bundle(plan, root=folder), False
        finally:
            _delete_unless_used(folder)


class DeadlineEvaluator(GraphEvaluator):
    """Evaluates a graph on the Deadline farm, and waits for it."""

    def __init__(
        self,
        *,
        root: AnyPath,
        settings: Optional[Mapping[str, Any]] = None,
        templates: Optional[AnyPath] = None,
        poll_seconds: float = 10.0,
        on_progress: Optional[Callable[[Mapping[str, str]], None]] = None,
    ) -> None:
        """``root`` is a folder that all machines see; the bundle stays there.

        Deadline is asked for the state of the jobs every ``poll_seconds``, and ``on_progress`` hears of every change:
        Deadline's words by node key. How often a task is tried again is the repository's setting. Where waiting ends
        early, the jobs are suspended. ``settings`` and ``templates`` are those of ``plan_graph`` and ``write_bundle``,
        the way to Deadline is that of ``choose_connection``, or the studio's.
        """
        super().__init__(root=root, settings=settings, interpreters=None, templates=templates)
        self._poll_seconds = poll_seconds
        self._on_progress = on_progress

    def _run(
        self, plan: Plan, nodes: Mapping[str, INode], on_node_event: Optional[NodeEventCallback]
    ) -> list[BaseException]:
        assert self._root is not None
        studio = load_studio_file()
        connection = studio_connection(studio)
        client = open_client(connection)  # Before anything is written.
        written: list[Bundle] = []

        def write(repository: RepositoryInfo) -> Bundle:
            for warning in _checked(plan, repository, root=self._root, studio=studio):
                _log.warning(warning)
            templates = self._templates or studio.templates
            written.append(write_bundle(plan, root=str(self._root), templates=templates, store=studio.store or FILES))
            return written[0]

        try:
            job_ids = submit_new_bundle(write, connection=connection, on_message=_log.info)
        except InterruptedSubmissionError as error:
            raise KeyboardInterrupt(str(error)) from None
        bundle = written[0]
        live = LiveGraph(nodes, bundle=bundle, on_node_event=on_node_event, wait=_WAIT_FOR_RESULTS)
        jobs = DeadlineJobs(bundle, job_ids, client=client, has_results=ResultCounts(bundle).has_all)
        try:
            self._watch(jobs, live, job_ids=job_ids)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{_suspend(jobs)}; results so far: {bundle.folder}") from None
        except BaseException:
            _log.warning(_suspend(jobs))
            raise
        return live.errors

    def _watch(self, jobs: DeadlineJobs, live: LiveGraph, *, job_ids: Mapping[str, str]) -> None:
        """Returns when no job can go on any more."""

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


def _checked(
    plan: Plan, repository: RepositoryInfo, *, root: Optional[AnyPath], studio: StudioFile
) -> tuple[PlanWarning, ...]:
    """What is odd about the plan there; what is wrong is raised, but not a root of this machine, which was chosen."""
    warnings = check_plan(plan, root=root, repository=repository)
    strict = studio.strict if isinstance(studio.strict, bool) else parse_kinds(studio.strict)
    known = [warning for warning in warnings if warning not in plan.warnings]  # Those have been told.
    return raise_errors(known, strict=strict, tolerated={WarningKind.LOCAL_ROOT})


def _suspend(jobs: DeadlineJobs) -> str:
    """Suspends what could start, where waiting ends early; how that went."""
    try:
        return jobs.suspend()
    except SubmissionError as error:
        return str(error)


def _offline_states(state: RunState) -> dict[str, JobState]:
    begun = {
        task.key for task in state.tasks if task.errors or task.status not in (TaskStatus.PENDING, TaskStatus.QUEUED)
    }
    ended: dict[JobStatus, JobState] = {JobStatus.COMPLETED: "completed", JobStatus.FAILED: "failed"}
    return {key: ended.get(status, "started" if key in begun else "waiting") for key, status in state.jobs.items()}


def _last_words(bundle: Bundle, state: RunState, key: str) -> str:
    """Why a task failed whose evaluator could not say it: the farm's message, and the end of the task's log."""
    task = next(task for task in state.tasks if task.key == key and task.status is TaskStatus.FAILED)
    try:
        said = task_log(bundle, task).read_text(encoding="utf-8")
    except OSError:
        return task.message
    lines = said.rpartition("ERROR: ")[0].splitlines()[-_LOG_LINES:]
    return "\n".join([task.message, "The end of the task's log:", *lines])


def _delete_unless_used(folder: Path) -> None:
    """Deletes a temporary root, unless nodes wrote files of their own into their working directory, the bundle."""
    own = [path for bundle in folder.iterdir() for path in bundle.iterdir() if path.name not in _PARTS]
    if not own:
        shutil.rmtree(folder, ignore_errors=True)
        return
    names = ", ".join(sorted(path.name for path in own)[:5])
    _log.warning(
        "nodes wrote %s into %s, which is kept; give the evaluator a root, or them full paths", names, own[0].parent
    )
