"""Graph to plan: which jobs, in which order, waiting for what, cut how, and why."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Optional

from flowpipe import Graph, INode

from .chunking import Chunking, plan_chunks
from .dependencies import plan_dependencies, plan_feeds
from .errors import PlanError, SettingError
from .farm.guard import refuse_while_loading
from .keys import unique_keys
from .node_records import label, node_record
from .plan import Job, OmittedNode, Plan
from .settings import BatchSettings, NodeSettings, misspelt_metadata, parse_settings
from .walk import connections, parents, sorted_nodes


def plan_graph(
    graph: Graph,
    *,
    name: Optional[str] = None,
    settings: Optional[Mapping[str, Any]] = None,
    interpreters: Optional[Collection[str]] = None,
    skip: Collection[INode] = (),
) -> Plan:
    """The jobs that the graph becomes, upstream first; the graph is only read.

    ``settings`` are job settings for all nodes, as in ``metadata["deadline"]``; a node's own win. With
    ``interpreters``, jobs that need another one are said in the plan's warnings. Nodes in ``skip`` are no part of the
    plan: what they feed keeps the values that it has.

    Raises:
        CycleError: Nodes feed each other.
        SettingError: A node's settings do not exist or do not fit.
        PlanError: There is no node, or one that a worker could not load or that holds a value that does not survive.
        LoadingError: A script plans while it is only being loaded.
    """
    refuse_while_loading("plan")
    nodes = sorted_nodes(graph)
    plan_name = str(name or graph.name)
    if not nodes:
        raise PlanError(plan_name, "the graph has no nodes")
    keys = dict(zip((id(node) for node in nodes), unique_keys(str(node.name) for node in nodes)))
    skipped = {id(node) for node in skip}
    awaited = _awaited_nodes(nodes, skipped)
    jobs: dict[int, Job] = {}
    omitted: list[OmittedNode] = []
    warnings: list[str] = []
    for node in nodes:
        if id(node) in skipped:
            continue
        node_settings = parse_settings(label(node), metadata=node.metadata, graph_wide=settings or {})
        if node.omit:
            omitted.append(_omitted_node(node, node_settings, key=keys[id(node)]))
            continue
        job = _plan_job(node, node_settings, key=keys[id(node)], planned=jobs, awaited=awaited[id(node)])
        jobs[id(node)] = job
        warnings += _warnings(node, job, interpreters)
    if not jobs:
        raise PlanError(plan_name, "all nodes of the graph are omitted" + (" or skipped" if skipped else ""))
    return Plan(name=plan_name, jobs=tuple(jobs.values()), omitted=tuple(omitted), warnings=tuple(warnings))


def _awaited_nodes(nodes: Sequence[INode], skipped: Collection[int]) -> dict[int, dict[int, INode]]:
    """The nodes that each node waits for: its parents, and for one that does not run those that it would wait for."""
    awaited: dict[int, dict[int, INode]] = {}
    for node in nodes:
        direct: dict[int, INode] = {}
        for parent in parents(node):
            runs = not parent.omit and id(parent) not in skipped
            direct.update({id(parent): parent} if runs else awaited[id(parent)])
        awaited[id(node)] = direct
    return awaited


def _plan_job(
    node: INode, settings: NodeSettings, *, key: str, planned: Mapping[int, Job], awaited: Mapping[int, INode]
) -> Job:
    fed = {connection.input for connection in connections(node) if id(connection.source) in planned}
    chunking = plan_chunks(node, settings.batch, fed=fed)
    _check_merge_rules(node, settings.batch)
    over = () if settings.batch is None or chunking.mode == "none" else settings.batch.over
    feeds = plan_feeds(node, chunking, over=over, planned=planned)
    batch = _batch_record(settings.batch, chunking)
    return Job(
        key=key,
        node=str(node.name),
        graph=str(node.graph.name),
        interpreter=settings.interpreter,
        frame_mode=chunking.mode,
        frames=chunking.frames,
        chunk_size=chunking.chunk_size,
        dependencies=plan_dependencies(feeds, awaited=[planned[parent] for parent in awaited], planned=planned),
        job_info=settings.job_info,
        extra_info=settings.extra_info,
        record=node_record(node, key=key, interpreter=settings.interpreter, batch=batch, feeds=feeds),
        notes=(chunking.note,),
    )


def _omitted_node(node: INode, settings: NodeSettings, *, key: str) -> OmittedNode:
    """The node as it is: nobody feeds it, as it does not run."""
    record = node_record(node, key=key, interpreter=settings.interpreter, batch=None, feeds=())
    return OmittedNode(key=key, node=str(node.name), graph=str(node.graph.name), record=record)


def _check_merge_rules(node: INode, batch: Optional[BatchSettings]) -> None:
    """Raises SettingError if a merge rule is for an output that the node does not have."""
    for place, _ in batch.merge if batch is not None else ():
        if place not in node.outputs and place.partition(".")[0] not in node.outputs:
            guess = difflib.get_close_matches(place, node.outputs, n=1)
            advice = f"did you mean '{guess[0]}'?" if guess else f"it has {', '.join(node.outputs) or 'none'}"
            raise SettingError(label(node), f"has a merge rule for '{place}', which is none of its outputs; {advice}")


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


def _warnings(node: INode, job: Job, interpreters: Optional[Collection[str]]) -> list[str]:
    warnings = [
        f"{label(node)}: metadata '{key}' means nothing here; is it '{meant}'?"
        for key, meant in misspelt_metadata(node.metadata)
    ]
    warnings += [
        f"its attribute '{name}' cannot be kept: a worker has its constructor's" for name in job.record["unkept"]
    ]
    if interpreters is not None and job.interpreter not in interpreters:
        warnings.append(
            f"{label(node)}: the interpreter '{job.interpreter}' is not configured; its job would fail here"
        )
    batch = job.record["batch"]
    if batch is not None and isinstance(node.inputs[batch["over"][0]].value, str):
        warnings.append(f"{label(node)}: '{batch['over'][0]}' is text; every chunk gets the text of its own frames")
    return warnings
