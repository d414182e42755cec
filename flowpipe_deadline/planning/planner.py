"""Makes the plan of a graph: its jobs upstream first, how they are cut, and what they wait for."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from flowpipe import Graph, INode

from ..core.errors import PlanError, SettingError
from ..core.loading import refuse_while_loading
from ..core.locate import taking_along
from ..core.warnings import ErrorCollector, PlanWarning
from ..results.upstream import UPSTREAM
from ..settings.context import PlanContext
from ..settings.metadata import BatchSettings, GraphWide, NodeSettings, check_graph_wide, parse_settings
from .checks import job_warnings, plan_warnings
from .chunking import NOT_CUT, plan_chunks
from .dependencies import PlannedJobs, plan_dependencies, plan_feeds
from .graph import GraphNode, nodes_to_plan, read_nodes
from .node_records import node_record
from .plan import Job, OmittedNode, Plan
from .typed import TypedCode, with_typed_code


def make_plan(
    graph: Graph,
    *,
    settings: Mapping[str, Any] | None = None,
    skip: Collection[INode] = (),
    context: PlanContext | None = None,
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
    plan_name = str(graph.name)
    if not nodes:
        raise PlanError(plan_name, "the graph has no nodes")
    context = context or PlanContext()
    errors = ErrorCollector(cycles)
    graph_wide = GraphWide()
    with errors.collected():
        graph_wide = check_graph_wide(settings or {}, name=plan_name)
    planned = PlannedJobs()
    omitted: list[OmittedNode] = []
    warnings: list[PlanWarning] = []
    held_back: set[str] = set()
    considered = nodes_to_plan(nodes, skip=skip)
    typed = TypedCode()
    with taking_along(typed.take):
        for node in considered:
            given = NodeSettings()
            with errors.collected():
                given = parse_settings(node.label, metadata=node.node.metadata, graph_wide=graph_wide, context=context)
            if node.node.omit:
                omitted.append(_omitted_node(node, given, errors))
                continue
            with errors.collected():
                job = _plan_job(node, given, planned)
                planned.add(job)
                held_back.update(given.job.held_back)
                warnings += job_warnings(job, settings=given, interpreters=context.interpreters)
    if len(omitted) == len(considered):
        errors.add(PlanError(plan_name, "all nodes of the graph are omitted" + (" or skipped" if skip else "")))
    errors.raise_all()
    jobs = tuple(planned.by_key.values())
    warnings += plan_warnings(jobs, held_back=held_back)
    plan = Plan(name=plan_name, jobs=jobs, omitted=tuple(omitted), warnings=tuple(warnings))
    return with_typed_code(plan, typed)


def _omitted_node(node: GraphNode, settings: NodeSettings, errors: ErrorCollector) -> OmittedNode:
    record = node_record(node, interpreter=settings.interpreter, batch=None, feeds=(), errors=errors)
    return OmittedNode(key=node.key, node=record["name"], graph=record["graph"], record=record)


def _plan_job(node: GraphNode, settings: NodeSettings, planned: PlannedJobs) -> Job:
    """The job of one node.

    Jobs upstream may be missing from those ``planned``, but only if their errors keep the plan from being made.

    Raises:
        PlanError: The node cannot go to a farm as it is.
        PreflightError: There are several reasons for that.
    """
    errors = ErrorCollector()
    chunking = NOT_CUT
    with errors.collected():
        chunking = plan_chunks(node.node, settings.batch, fed={connection.input for connection in node.connections})
    _collect_merge_rules(node, settings.batch, errors)
    feeds = plan_feeds(node.connections, chunking, planned=planned)
    record = node_record(node, interpreter=settings.interpreter, batch=chunking.to_json(), feeds=feeds, errors=errors)
    errors.raise_all()
    sources = dict.fromkeys(feed.source for feed in feeds)
    record[UPSTREAM] = {key: planned.by_key[key].record["batch"] for key in sources if key in planned.by_key}
    if settings.import_roots:
        record["imports"] = {"roots": list(settings.import_roots), "python_path": list(settings.python_path)}
    if settings.reload:
        record["reload"] = True
    job = Job(
        key=node.key,
        node=record["name"],
        graph=record["graph"],
        interpreter=settings.interpreter,
        frame_mode=chunking.mode,
        frames=chunking.frames,
        chunk_size=chunking.chunk_size,
        dependencies=(),
        job_info=settings.job.job_info,
        extra_info=settings.job.extra_info,
        item_frames=chunking.item_frames,
        environment_kinds=settings.job.environment_kinds,
        record=record,
        notes=(chunking.note,),
    )
    return replace(job, dependencies=plan_dependencies(job, feeds, awaited=node.awaited, planned=planned))


def _collect_merge_rules(node: GraphNode, batch: BatchSettings | None, errors: ErrorCollector) -> None:
    """Collects an error for each merge rule of an output that the node does not have."""
    outputs = node.node.outputs
    for place, _ in batch.merge if batch is not None else ():
        if place not in outputs and place.partition(".")[0] not in outputs:
            guess = difflib.get_close_matches(place, outputs, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"it has {', '.join(outputs) or 'none'}"
            reason = f"has a merge rule for '{place}', which is not one of its outputs; {advice}"
            errors.add(SettingError(node.label, reason))
