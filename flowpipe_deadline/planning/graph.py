"""The nodes of a graph and of everything connected to it, upstream first.

Only direct connections are read: flowpipe's ``upstream_nodes``, ``all_nodes`` and ``evaluation_sequence`` rest on
caches that go stale (nodes missing, accepted cycles) and recurse, which a chain of thousands does not survive.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flowpipe import Graph, INode
from flowpipe.plug import OutputPlug, SubOutputPlug

from ..core.errors import CycleError


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
    nodes, cycles = sort_nodes(graph)
    if cycles:
        raise cycles[0]
    return nodes


def sort_nodes(graph: Graph) -> tuple[tuple[INode, ...], tuple[CycleError, ...]]:
    """The nodes as ``sorted_nodes`` gives them, and the cycles among them, no two of which share a node.

    The nodes of a cycle come as if they did not wait for each other.
    """
    sorting = _Sorting(connected_nodes(graph))
    return tuple(sorting.ordered), tuple(sorting.cycles)


def connected_nodes(graph: Graph) -> list[INode]:
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


def _connection(source: OutputPlug, name: str, key: str | None) -> Connection:
    output, output_key = _plug_names(source)
    return Connection(source=source.node, output=output, output_key=output_key, input=name, input_key=key)


def _plug_names(plug: OutputPlug) -> tuple[str, str | None]:
    return (plug.parent_plug.name, plug.key) if isinstance(plug, SubOutputPlug) else (plug.name, None)


class _Sorting:
    """Puts nodes into order; where nothing is left that waits for nobody, a cycle is cut."""

    def __init__(self, nodes: Sequence[INode]) -> None:
        self.ordered: list[INode] = []
        self.cycles: list[CycleError] = []
        self._nodes = nodes
        self._place = {id(node): index for index, node in enumerate(nodes)}
        self._waiting = {id(node): {id(parent) for parent in parents(node)} for node in nodes}
        self._children: dict[int, list[int]] = {id(node): [] for node in nodes}
        for node in nodes:
            for parent in self._waiting[id(node)]:
                self._children[parent].append(id(node))
        self._settle(self._place[key] for key, others in self._waiting.items() if not others)
        for node in nodes:
            while self._waiting[id(node)]:
                loop = self._find_loop(node)
                self.cycles.append(self._cycle_error(loop))
                for member in loop:
                    self._waiting[id(member)].clear()
                self._settle(self._place[id(member)] for member in loop)

    def _settle(self, places: Iterable[int]) -> None:
        """Puts these nodes into order, and all that then wait for nobody any more."""
        ready = sorted(places)
        while ready:
            node = self._nodes[heapq.heappop(ready)]
            self.ordered.append(node)
            for child in self._children[id(node)]:
                waiting = self._waiting[child]
                if id(node) in waiting:
                    waiting.discard(id(node))
                    if not waiting:
                        heapq.heappush(ready, self._place[child])

    def _find_loop(self, node: INode) -> list[INode]:
        """Nodes that wait for each other, against the direction of the data; ``node`` is of them or waits for them."""
        path = [node]
        seen = {id(node): 0}
        while True:
            waiting = self._waiting[id(path[-1])]
            parent = next(parent for parent in parents(path[-1]) if id(parent) in waiting)
            if id(parent) in seen:
                return path[seen[id(parent)] :]
            seen[id(parent)] = len(path)
            path.append(parent)

    def _cycle_error(self, loop: Sequence[INode]) -> CycleError:
        """The way round in the direction of the data, from the node that was come upon first."""
        first = min(range(len(loop)), key=lambda index: self._place[id(loop[index])])
        around = [*loop[first:], *loop[: first + 1]]
        is_one_graph = len({id(node.graph) for node in around}) == 1
        names = [str(node.name) if is_one_graph else f"{node.graph.name}.{node.name}" for node in around]
        return CycleError(tuple(reversed(names)))
