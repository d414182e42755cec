"""The nodes of a graph and of everything connected to it, upstream first.

Only direct connections are read: flowpipe's ``upstream_nodes``, ``all_nodes`` and ``evaluation_sequence`` rest on
caches that go stale (nodes missing, accepted cycles) and recurse, which a chain of thousands does not survive.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from flowpipe import Graph, INode
from flowpipe.plug import OutputPlug, SubOutputPlug

from .errors import CycleError


@dataclass(frozen=True)
class Connection:
    """An output that feeds an input; a sub-plug is given by its key."""

    source: INode
    output: str
    output_key: str | None
    input: str
    input_key: str | None


def sorted_nodes(graph: Graph) -> tuple[INode, ...]:
    """All nodes, each after those that feed it, otherwise in the order in which they were added.

    Nodes of connected graphs belong to it, as in flowpipe, and whatever is connected to these.

    Raises:
        CycleError: Nodes feed each other; the error names the way round.
    """
    nodes = _collect(graph)
    place = {id(node): index for index, node in enumerate(nodes)}
    waiting = {id(node): {id(parent) for parent in parents(node)} for node in nodes}
    children: dict[int, list[INode]] = {id(node): [] for node in nodes}
    for node in nodes:
        for parent in waiting[id(node)]:
            children[parent].append(node)
    ready = [place[key] for key, others in waiting.items() if not others]
    heapq.heapify(ready)
    ordered = []
    while ready:
        node = nodes[heapq.heappop(ready)]
        ordered.append(node)
        for child in children[id(node)]:
            waiting[id(child)].discard(id(node))
            if not waiting[id(child)]:
                heapq.heappush(ready, place[id(child)])
    if len(ordered) < len(nodes):
        raise CycleError(_cycle([node for node in nodes if waiting[id(node)]]))
    return tuple(ordered)


def connections(node: INode) -> Iterator[Connection]:
    """Every connection into the node, in the order of its inputs."""
    for name, plug in node.inputs.items():
        yield from (_connection(source, name, None) for source in plug.connections)
        for key, sub_plug in plug.sub_plugs.items():
            yield from (_connection(source, name, key) for source in sub_plug.connections)


def parents(node: INode) -> Iterator[INode]:
    """The nodes that feed this one directly, each once, in the order of its inputs."""
    return iter({id(connection.source): connection.source for connection in connections(node)}.values())


def _children(node: INode) -> Iterator[INode]:
    for plug in node.outputs.values():
        for output in (plug, *plug.sub_plugs.values()):
            yield from (connected.node for connected in output.connections)


def _collect(graph: Graph) -> list[INode]:
    """The nodes of the graph, of everything connected, and of the graphs these belong to, as they are come upon."""
    found: dict[int, INode] = {}
    graphs = {id(graph)}
    queue = list(graph.nodes)
    for node in queue:  # Grows while it is walked.
        if id(node) in found:
            continue
        found[id(node)] = node
        queue.extend(parents(node))
        queue.extend(_children(node))
        if id(node.graph) not in graphs:
            graphs.add(id(node.graph))
            queue.extend(node.graph.nodes)
    return list(found.values())


def _connection(source: OutputPlug, name: str, key: str | None) -> Connection:
    output, output_key = _plug_names(source)
    return Connection(source=source.node, output=output, output_key=output_key, input=name, input_key=key)


def _plug_names(plug: OutputPlug) -> tuple[str, str | None]:
    return (plug.parent_plug.name, plug.key) if isinstance(plug, SubOutputPlug) else (plug.name, None)


def _cycle(nodes: list[INode]) -> tuple[str, ...]:
    """A way round through nodes that all wait for another one of them, in the direction of the data."""
    stuck = {id(node) for node in nodes}
    path = [nodes[0]]
    seen = {id(nodes[0]): 0}
    while True:
        parent = next(parent for parent in parents(path[-1]) if id(parent) in stuck)
        if id(parent) in seen:
            loop = path[seen[id(parent)] :]
            first = min(range(len(loop)), key=lambda index: nodes.index(loop[index]))
            around = [*loop[first:], *loop[: first + 1]]
            is_one_graph = len({id(node.graph) for node in around}) == 1
            return tuple(
                str(node.name) if is_one_graph else f"{node.graph.name}.{node.name}" for node in reversed(around)
            )
        seen[id(parent)] = len(path)
        path.append(parent)
