"""Graph to plan: which jobs, in which order, waiting for what, cut how, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from flowpipe import Graph, INode

from .errors import PlanError
from .farm.cut import CutError, items_of
from .farm.frames import FrameList, FrameListError
from .farm.guard import refuse_while_loading
from .keys import unique_keys
from .node_records import label, node_record
from .plan import Dependency, FrameMode, Job, OmittedNode, Plan
from .settings import BatchSettings, NodeSettings, misspelt_metadata, parse_settings
from .walk import connections, parents, sorted_nodes

_NO_FRAMES = FrameList([0])  # Deadline's own default for a job without frames.


@dataclass(frozen=True)
class _Chunking:
    """How one node is cut into tasks."""

    mode: FrameMode
    frames: FrameList
    chunk_size: int
    note: str


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
    plan_name = name or graph.name
    if not nodes:
        raise PlanError(plan_name, "the graph has no nodes")
    keys = dict(zip((id(node) for node in nodes), unique_keys(str(node.name) for node in nodes)))
    skipped = {id(node) for node in skip}
    running = {id(node): keys[id(node)] for node in nodes if not node.omit and id(node) not in skipped}
    awaited = _awaited_nodes(nodes, running)
    jobs, omitted, warnings = [], [], []
    for node in nodes:
        if id(node) in skipped:
            continue
        node_settings = parse_settings(label(node), metadata=node.metadata, graph_wide=settings or {})
        if node.omit:
            omitted.append(_omitted_node(node, node_settings, keys=keys, running=running))
            continue
        job = _plan_job(node, node_settings, key=keys[id(node)], running=running, awaited=awaited[id(node)])
        jobs.append(job)
        warnings += _warnings(node, job, interpreters)
    if not jobs:
        raise PlanError(plan_name, "all nodes of the graph are omitted" + (" or skipped" if skipped else ""))
    return Plan(name=plan_name, jobs=tuple(jobs), omitted=tuple(omitted), warnings=tuple(warnings))


def _awaited_nodes(nodes: Sequence[INode], running: Mapping[int, str]) -> dict[int, dict[int, INode]]:
    """The nodes that each node waits for: its parents, and for one that does not run those that it would wait for."""
    awaited: dict[int, dict[int, INode]] = {}
    for node in nodes:
        direct: dict[int, INode] = {}
        for parent in parents(node):
            direct.update({id(parent): parent} if id(parent) in running else awaited[id(parent)])
        awaited[id(node)] = direct
    return awaited


def _plan_job(
    node: INode, settings: NodeSettings, *, key: str, running: Mapping[int, str], awaited: Mapping[int, INode]
) -> Job:
    chunking = _plan_chunks(node, settings.batch, running)
    batch = _batch_record(settings.batch, chunking)
    return Job(
        key=key,
        node=node.name,
        graph=node.graph.name,
        interpreter=settings.interpreter,
        frame_mode=chunking.mode,
        frames=chunking.frames,
        chunk_size=chunking.chunk_size,
        dependencies=_dependencies(node, running=running, awaited=awaited),
        job_info=settings.job_info,
        record=node_record(node, key=key, keys=running, interpreter=settings.interpreter, batch=batch),
        notes=(chunking.note,),
    )


def _omitted_node(
    node: INode, settings: NodeSettings, *, keys: Mapping[int, str], running: Mapping[int, str]
) -> OmittedNode:
    key = keys[id(node)]
    record = node_record(node, key=key, keys=running, interpreter=settings.interpreter, batch=None)
    return OmittedNode(key=key, node=node.name, graph=node.graph.name, record=record)


def _dependencies(node: INode, *, running: Mapping[int, str], awaited: Mapping[int, INode]) -> tuple[Dependency, ...]:
    handed: dict[int, list[str]] = {}
    for connection in connections(node):
        target = connection.input if connection.input_key is None else f"{connection.input}.{connection.input_key}"
        handed.setdefault(id(connection.source), []).append(target)
    return tuple(Dependency(upstream=running[key], reason=_dependency_reason(handed.get(key, []))) for key in awaited)


def _dependency_reason(inputs: Sequence[str]) -> str:
    if not inputs:
        return "order only: the node between them is omitted or skipped"
    shown = ", ".join(inputs[:3]) + (f" and {len(inputs) - 3} more" if len(inputs) > 3 else "")
    return f"feeds {shown}"


def _plan_chunks(node: INode, batch: Optional[BatchSettings], running: Mapping[int, str]) -> _Chunking:
    if batch is None:
        return _Chunking(mode="none", frames=_NO_FRAMES, chunk_size=1, note="one task: no batch size is set")
    known = _known_items(node, batch, running)
    first, items = next(iter(known.items()))
    for name, others in known.items():
        if len(others) != len(items):
            raise PlanError(
                label(node), f"is batched over '{first}' with {len(items)} items and '{name}' with {len(others)}"
            )
    if not items:
        return _Chunking(mode="none", frames=_NO_FRAMES, chunk_size=1, note=f"one task: '{first}' has no items")
    frames = _real_frames(items) if first == batch.over[0] else None
    if frames is not None and (frames.is_contiguous or (frames.is_ascending and batch.chunk_size == 1)):
        note = f"'{first}' cut into chunks of {batch.chunk_size}"
        return _Chunking(mode="frames", frames=frames, chunk_size=batch.chunk_size, note=note)
    note = f"'{first}' cut into chunks of {batch.chunk_size}, by item number: {_why_not_frames(frames)}"
    numbers = FrameList(range(len(items)))
    return _Chunking(mode="items", frames=numbers, chunk_size=batch.chunk_size, note=note)


def _known_items(node: INode, batch: BatchSettings, running: Mapping[int, str]) -> dict[str, Sequence[Any]]:
    """The items of every batched input whose items are known before anything runs."""
    fed = {connection.input for connection in connections(node) if id(connection.source) in running}
    known = {}
    for name in batch.over:
        plug = node.inputs.get(name)
        if plug is None:
            advice = f"name one of its inputs in metadata['batch']['over']: {', '.join(node.inputs) or 'it has none'}"
            raise PlanError(label(node), f"is batched over '{name}', which it does not have; {advice}")
        if plug.sub_plugs:
            raise PlanError(label(node), f"is batched over '{name}', which has sub-plugs; batch over a list instead")
        if name in fed:
            continue
        try:
            known[name] = items_of(plug.value)
        except CutError as error:
            raise PlanError(label(node), f"is batched over '{name}', but {error}") from error
    if not known:
        reason = "the number of its tasks would be known only after upstream has run; batch over an input that is set"
        raise PlanError(label(node), f"is batched over {', '.join(batch.over)}, all fed by other nodes: {reason}")
    return known


def _real_frames(items: Sequence[Any]) -> Optional[FrameList]:
    """The items as frames that artists see in the Monitor, if they are frames at all."""
    try:
        return FrameList(items)
    except FrameListError:
        return None


def _why_not_frames(frames: Optional[FrameList]) -> str:
    if frames is None:
        return "the items are no list of different whole numbers from 0"
    return "how Deadline cuts frames with gaps between them is unknown" if frames.is_ascending else "they do not ascend"


def _batch_record(batch: Optional[BatchSettings], chunking: _Chunking) -> Optional[dict[str, Any]]:
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
    if interpreters is not None and job.interpreter not in interpreters:
        warnings.append(
            f"{label(node)}: the interpreter '{job.interpreter}' is not configured; its job would fail here"
        )
    batch = job.record["batch"]
    if batch is not None and isinstance(node.inputs[batch["over"][0]].value, str):
        warnings.append(f"{label(node)}: '{batch['over'][0]}' is text; every chunk gets the text of its own frames")
    return warnings
