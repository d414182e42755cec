"""Graph to plan: which jobs, in which order, waiting for what, cut how, and why."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Optional

from flowpipe import Graph, INode

from ..core.errors import PlanError, SettingError
from ..core.loading import refuse_while_loading
from ..core.names import unique_keys
from ..core.warnings import ErrorCollector, PlanWarning
from ..settings.context import PlanContext
from ..settings.metadata import (
    DEFAULT_INTERPRETER,
    BatchSettings,
    GraphWide,
    NodeSettings,
    check_graph_wide,
    parse_settings,
)
from .checks import job_warnings, name_warnings, setting_warnings, vanishing_job_warnings
from .chunking import NOT_CUT, Chunking, plan_chunks
from .dependencies import Precedence, plan_dependencies, plan_feeds
from .graph import connections, parents, sort_nodes
from .node_records import label, node_record
from .plan import Job, OmittedNode, Plan, has_job_script

_NO_SETTINGS = NodeSettings(interpreter=DEFAULT_INTERPRETER, batch=None, job_info=(), extra_info=())


def make_plan(
    graph: Graph,
    *,
    name: Optional[str] = None,
    settings: Optional[Mapping[str, Any]] = None,
    skip: Collection[INode] = (),
    context: Optional[PlanContext] = None,
) -> Plan:
    """The jobs that the graph becomes, upstream first; the graph is only read.

    ``settings`` are job settings for all nodes, as in ``metadata["deadline"]``; a node's own win. Nodes in ``skip`` are
    no part of the plan: what they feed keeps the values that it has. ``context`` are what ``read_plan_context``
    gives: variables that jobs may take along, folders that their modules come from, and which interpreters there are.

    Raises:
        CycleError: Nodes feed each other.
        SettingError: A node's settings do not exist or do not fit.
        PlanError: There is no node, or one that a worker could not load or that holds a value that does not survive.
        PreflightError: Several of these: all that can be told, in the order of the graph.
        LoadingError: A script plans while it is only being loaded.
    """
    refuse_while_loading("plan")
    nodes, cycles = sort_nodes(graph)
    plan_name = str(name or graph.name)
    if not nodes:
        raise PlanError(plan_name, "the graph has no nodes")
    errors = ErrorCollector(cycles)
    unique = dict(zip((id(node) for node in nodes), unique_keys(str(node.name) for node in nodes)))
    skipped = {id(node) for node in skip}
    running = {id(node): unique[id(node)] for node in nodes if not node.omit and id(node) not in skipped}
    awaited = _awaited_nodes(nodes, running)
    jobs = _Jobs(running)
    omitted: list[OmittedNode] = []
    warnings: list[PlanWarning] = []
    around = context or PlanContext()
    graph_wide = GraphWide()
    with errors.collected():
        graph_wide = check_graph_wide(settings or {}, name=plan_name)
    for node in nodes:
        if id(node) in skipped:
            continue
        node_settings = _NO_SETTINGS
        with errors.collected():
            node_settings = parse_settings(label(node), metadata=node.metadata, graph_wide=graph_wide, context=around)
        with errors.collected():
            if node.omit:
                omitted.append(_omitted_node(node, node_settings, key=unique[id(node)]))
                continue
            job = _plan_job(node, node_settings, jobs=jobs, awaited=awaited[id(node)])
            jobs.add(node, _with_imports(job, node_settings, around))
            warnings += job_warnings(job, metadata=node.metadata, interpreters=around.interpreters)
            warnings += setting_warnings(label(node), node_settings)
    if not running:
        errors.add(PlanError(plan_name, "all nodes of the graph are omitted" + (" or skipped" if skipped else "")))
    errors.raise_all()
    planned = tuple(jobs.by_node.values())
    warnings += (*name_warnings(planned), *vanishing_job_warnings(planned))
    return Plan(name=plan_name, jobs=planned, omitted=tuple(omitted), warnings=tuple(warnings))


class _Jobs:
    """The jobs planned so far."""

    def __init__(self, keys: Mapping[int, str]) -> None:
        self.keys = keys
        """The keys of all nodes that will run, by ``id``."""
        self.by_node: dict[int, Job] = {}
        self.precedence = Precedence()

    def add(self, node: INode, job: Job) -> None:
        """Takes in the job of a node, after those that it waits for."""
        self.by_node[id(node)] = job
        self.precedence.add(job)


def _awaited_nodes(nodes: Sequence[INode], running: Collection[int]) -> dict[int, dict[int, INode]]:
    """The nodes that each node waits for: its parents, and for one that does not run those that it would wait for."""
    awaited: dict[int, dict[int, INode]] = {}
    for node in nodes:
        direct: dict[int, INode] = {}
        for parent in parents(node):
            # In a cycle, a parent may come later.
            direct.update({id(parent): parent} if id(parent) in running else awaited.get(id(parent), {}))
        awaited[id(node)] = direct
    return awaited


def _plan_job(node: INode, settings: NodeSettings, *, jobs: _Jobs, awaited: Mapping[int, INode]) -> Job:
    """The job of one node; where another one's is missing, there is a problem that keeps the plan from being made.

    Raises:
        PlanError: The node cannot go to a farm as it is.
        PreflightError: For several reasons.
    """
    errors = ErrorCollector()
    fed = {connection.input for connection in connections(node) if id(connection.source) in jobs.keys}
    chunking = NOT_CUT
    with errors.collected():
        chunking = plan_chunks(node, settings.batch, fed=fed)
    _collect_merge_rules(node, settings.batch, errors)
    over = () if settings.batch is None or chunking.mode == "none" else settings.batch.over
    feeds = plan_feeds(node, chunking, over=over, keys=jobs.keys, planned=jobs.by_node)
    record: Mapping[str, Any] = {}
    with errors.collected():
        record = node_record(
            node,
            key=jobs.keys[id(node)],
            interpreter=settings.interpreter,
            batch=_batch_record(settings.batch, chunking),
            feeds=feeds,
        )
    errors.raise_all()
    upstream = [jobs.by_node[parent] for parent in awaited if parent in jobs.by_node]
    return Job(
        key=jobs.keys[id(node)],
        node=str(node.name),
        graph=str(node.graph.name),
        interpreter=settings.interpreter,
        frame_mode=chunking.mode,
        frames=chunking.frames,
        chunk_size=chunking.chunk_size,
        dependencies=plan_dependencies(
            feeds,
            awaited=upstream,
            precedence=jobs.precedence,
            has_job_script=has_job_script(settings.job_info),
        ),
        job_info=settings.job_info,
        extra_info=settings.extra_info,
        record=record,
        notes=(chunking.note,),
    )


def _with_imports(job: Job, settings: NodeSettings, context: PlanContext) -> Job:
    """The job, its record telling the evaluator where modules of the graph's own may be imported from."""
    if not settings.import_roots:
        return job
    inherited = [folder for folder in context.python_path if folder in settings.import_roots]
    imports = {"roots": list(settings.import_roots), "python_path": inherited}
    return replace(job, record={**job.record, "imports": imports})


def _omitted_node(node: INode, settings: NodeSettings, *, key: str) -> OmittedNode:
    """The node as it is: nobody feeds it, as it does not run."""
    record = node_record(node, key=key, interpreter=settings.interpreter, batch=None, feeds=())
    return OmittedNode(key=key, node=str(node.name), graph=str(node.graph.name), record=record)


def _collect_merge_rules(node: INode, batch: Optional[BatchSettings], errors: ErrorCollector) -> None:
    """Keeps the merge rules that are for an output that the node does not have."""
    for place, _ in batch.merge if batch is not None else ():
        if place not in node.outputs and place.partition(".")[0] not in node.outputs:
            guess = difflib.get_close_matches(place, node.outputs, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"it has {', '.join(node.outputs) or 'none'}"
            reason = f"has a merge rule for '{place}', which is none of its outputs; {advice}"
            errors.add(SettingError(label(node), reason))


def _batch_record(batch: Optional[BatchSettings], chunking: Chunking) -> Optional[dict[str, Any]]:
    if batch is None or chunking.mode == "none":
        return None
    return {
        "over": list(batch.over),
        "size": chunking.chunk_size,
        "mode": chunking.mode,
        "frames": str(chunking.frames),
        "merge": dict(batch.merge),
    }
