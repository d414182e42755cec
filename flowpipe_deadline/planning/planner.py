"""Makes the plan of a graph: its jobs upstream first, how they are cut, and what they wait for."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Optional

from flowpipe import Graph, INode

from ..core.errors import PlanError, SettingError
from ..core.loading import refuse_while_loading
from ..core.warnings import ErrorCollector, PlanWarning
from ..results.upstream import UPSTREAM
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
from .graph import GraphNode, awaited_keys, label, read_nodes
from .node_records import Feed, node_record
from .plan import Job, OmittedNode, Plan


def make_plan(
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
    nodes, cycles = read_nodes(graph)
    plan_name = str(name or graph.name)
    if not nodes:
        raise PlanError(plan_name, "the graph has no nodes")
    errors = ErrorCollector(cycles)
    skipped = {id(node) for node in skip}
    considered = [node for node in nodes if id(node.node) not in skipped]
    running = {node.key for node in considered if not node.node.omit}
    awaited = awaited_keys(nodes, running)
    jobs: dict[str, Job] = {}
    precedence = Precedence()
    omitted: list[OmittedNode] = []
    warnings: list[PlanWarning] = []
    context = context or PlanContext()
    graph_wide = GraphWide()
    with errors.collected():
        graph_wide = check_graph_wide(settings or {}, name=plan_name)
    for node in considered:
        given = NodeSettings()
        with errors.collected():
            given = parse_settings(
                label(node.node), metadata=node.node.metadata, graph_wide=graph_wide, context=context
            )
        with errors.collected():
            if node.key not in running:
                omitted.append(_omitted_node(node, given))
                continue
            job, feeds = _plan_job(node, given, running=running, planned=jobs)
            upstream = [jobs[key] for key in awaited[node.key] if key in jobs]
            job = replace(job, dependencies=plan_dependencies(job, feeds, awaited=upstream, precedence=precedence))
            jobs[node.key] = job
            precedence.add(job)
            warnings += job_warnings(job, settings=given, interpreters=context.interpreters)
    if not running:
        errors.add(PlanError(plan_name, "all nodes of the graph are omitted" + (" or skipped" if skipped else "")))
    errors.raise_all()
    planned = tuple(jobs.values())
    return Plan(name=plan_name, jobs=planned, omitted=tuple(omitted), warnings=(*warnings, *plan_warnings(planned)))


def _omitted_node(node: GraphNode, settings: NodeSettings) -> OmittedNode:
    record = node_record(node.node, key=node.key, interpreter=settings.interpreter, batch=None, feeds=())
    return OmittedNode(key=node.key, node=str(node.node.name), graph=str(node.node.graph.name), record=record)


def _plan_job(
    node: GraphNode, settings: NodeSettings, *, running: Collection[str], planned: Mapping[str, Job]
) -> tuple[Job, tuple[Feed, ...]]:
    """The job of one node, still without dependencies, and what feeds it.

    Jobs upstream may be missing from those ``planned``, but only if their errors keep the plan from being made.

    Raises:
        PlanError: The node cannot go to a farm as it is.
        PreflightError: There are several reasons for that.
    """
    errors = ErrorCollector()
    connections = [connection for connection in node.connections if connection.source in running]
    chunking = NOT_CUT
    with errors.collected():
        chunking = plan_chunks(node.node, settings.batch, fed={connection.input for connection in connections})
    _collect_merge_rules(node.node, settings.batch, errors)
    over = () if settings.batch is None or chunking.mode == "none" else settings.batch.over
    feeds = plan_feeds(connections, chunking, over=over, planned=planned)
    record: dict[str, Any] = {}
    with errors.collected():
        record = node_record(
            node.node,
            key=node.key,
            interpreter=settings.interpreter,
            batch=_batch_record(settings.batch, chunking),
            feeds=feeds,
        )
    errors.raise_all()
    record[UPSTREAM] = {
        feed.connection.source: planned[feed.connection.source].record["batch"]
        for feed in feeds
        if feed.connection.source in planned
    }
    if settings.import_roots:
        record["imports"] = {"roots": list(settings.import_roots), "python_path": list(settings.python_path)}
    job = Job(
        key=node.key,
        node=str(node.node.name),
        graph=str(node.node.graph.name),
        interpreter=settings.interpreter,
        frame_mode=chunking.mode,
        frames=chunking.frames,
        chunk_size=chunking.chunk_size,
        dependencies=(),
        job_info=settings.job.job_info,
        extra_info=settings.job.extra_info,
        environment_kinds=settings.job.environment_kinds,
        record=record,
        notes=(chunking.note,),
    )
    return job, feeds


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
