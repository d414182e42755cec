"""Makes the plan of a graph: its jobs upstream first, how they are cut, and what they wait for."""

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
    BatchSettings,
    GraphWide,
    NodeSettings,
    check_graph_wide,
    parse_settings,
)
from .checks import job_warnings, plan_warnings
from .chunking import NOT_CUT, Chunking, plan_chunks
from .dependencies import Precedence, plan_dependencies, plan_feeds
from .graph import connections, parents, sort_nodes
from .node_records import label, node_record
from .plan import Job, OmittedNode, Plan


def plan_graph(
    graph: Graph,
    *,
    name: Optional[str] = None,
    settings: Optional[Mapping[str, Any]] = None,
    skip: Collection[INode] = (),
    context: Optional[PlanContext] = None,
) -> Plan:
    """The jobs that the graph becomes, upstream first; the graph is only read.

    ``settings`` are job settings for all nodes, as in ``metadata["deadline"]``; a node's own take precedence. Nodes in
    ``skip`` are not planned: inputs that they feed keep their values. ``context``, from ``read_plan_context``, has the
    variables that jobs may take along, the folders of their modules, and the configured interpreters.

    Raises:
        CycleError: Nodes feed each other.
        SettingError: A node has a setting that does not exist or does not fit.
        PlanError: There are no nodes, or a worker could not load one, or one of its values cannot be kept.
        PreflightError: Several of these errors, in the order of the graph.
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
    context = context or PlanContext()
    graph_wide = GraphWide()
    with errors.collected():
        graph_wide = check_graph_wide(settings or {}, name=plan_name)
    for node in nodes:
        if id(node) in skipped:
            continue
        node_settings = NodeSettings()
        with errors.collected():
            node_settings = parse_settings(label(node), metadata=node.metadata, graph_wide=graph_wide, context=context)
        with errors.collected():
            if node.omit:
                key, interpreter = unique[id(node)], node_settings.interpreter
                record = node_record(node, key=key, interpreter=interpreter, batch=None, feeds=())
                omitted.append(OmittedNode(key=key, node=str(node.name), graph=str(node.graph.name), record=record))
                continue
            job = _plan_job(node, node_settings, jobs=jobs, awaited=awaited[id(node)])
            jobs.add(node, job)
            warnings += job_warnings(job, settings=node_settings, interpreters=context.interpreters)
    if not running:
        errors.add(PlanError(plan_name, "all nodes of the graph are omitted" + (" or skipped" if skipped else "")))
    errors.raise_all()
    planned = tuple(jobs.by_node.values())
    return Plan(name=plan_name, jobs=planned, omitted=tuple(omitted), warnings=(*warnings, *plan_warnings(planned)))


class _Jobs:
    """The jobs planned so far."""

    def __init__(self, keys: Mapping[int, str]) -> None:
        self.keys = keys
        """The keys of all nodes that will run, by ``id``."""
        self.by_node: dict[int, Job] = {}
        self.precedence = Precedence()

    def add(self, node: INode, job: Job) -> None:
        """Adds the job of a node, after those that it waits for."""
        self.by_node[id(node)] = job
        self.precedence.add(job)


def _awaited_nodes(nodes: Sequence[INode], running: Collection[int]) -> dict[int, dict[int, INode]]:
    """The nodes that each node waits for: its parents, or instead of one that does not run, those that it waits for."""
    awaited: dict[int, dict[int, INode]] = {}
    for node in nodes:
        direct: dict[int, INode] = {}
        for parent in parents(node):
            # In a cycle, a parent may come later.
            direct.update({id(parent): parent} if id(parent) in running else awaited.get(id(parent), {}))
        awaited[id(node)] = direct
    return awaited


def _plan_job(node: INode, settings: NodeSettings, *, jobs: _Jobs, awaited: Mapping[int, INode]) -> Job:
    """The job of one node. Upstream jobs may be missing, but only if their errors keep the plan from being made.

    Raises:
        PlanError: The node cannot go to a farm as it is.
        PreflightError: There are several reasons for that.
    """
    errors = ErrorCollector()
    fed = {connection.input for connection in connections(node) if id(connection.source) in jobs.keys}
    chunking = NOT_CUT
    with errors.collected():
        chunking = plan_chunks(node, settings.batch, fed=fed)
    _collect_merge_rules(node, settings.batch, errors)
    over = () if settings.batch is None or chunking.mode == "none" else settings.batch.over
    feeds = plan_feeds(node, chunking, over=over, keys=jobs.keys, planned=jobs.by_node)
    record: dict[str, Any] = {}
    with errors.collected():
        record = node_record(
            node,
            key=jobs.keys[id(node)],
            interpreter=settings.interpreter,
            batch=_batch_record(settings.batch, chunking),
            feeds=feeds,
        )
    errors.raise_all()
    if settings.import_roots:
        record["imports"] = {"roots": list(settings.import_roots), "python_path": list(settings.python_path)}
    job = Job(
        key=jobs.keys[id(node)],
        node=str(node.name),
        graph=str(node.graph.name),
        interpreter=settings.interpreter,
        frame_mode=chunking.mode,
        frames=chunking.frames,
        chunk_size=chunking.chunk_size,
        dependencies=(),
        job_info=settings.job.job_info,
        extra_info=settings.job.extra_info,
        record=record,
        notes=(chunking.note,),
    )
    upstream = [jobs.by_node[parent] for parent in awaited if parent in jobs.by_node]
    return replace(job, dependencies=plan_dependencies(job, feeds, awaited=upstream, precedence=jobs.precedence))


def _collect_merge_rules(node: INode, batch: Optional[BatchSettings], errors: ErrorCollector) -> None:
    """Collects an error for each merge rule of an output that the node does not have."""
    for place, _ in batch.merge if batch is not None else ():
        if place not in node.outputs and place.partition(".")[0] not in node.outputs:
            guess = difflib.get_close_matches(place, node.outputs, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"it has {', '.join(node.outputs) or 'none'}"
            reason = f"has a merge rule for '{place}', which is not one of its outputs; {advice}"
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
