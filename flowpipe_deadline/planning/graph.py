"""The nodes of a graph and of everything connected to it, upstream first.

Only direct connections are read: flowpipe's ``upstream_nodes``, ``all_nodes`` and ``evaluation_sequence`` use caches
that go stale (nodes missing, cycles accepted), and recurse too deeply for chains of thousands of nodes.
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
    """An output that feeds an input; the key is that of a sub-plug."""

    source: INode
    output: str
    output_key: str | None
    input: str
    input_key: str | None


def sorted_nodes(graph: Graph) -> tuple[INode, ...]:
    """All nodes, each after those that feed it, otherwise in the order in which they were added.

    That includes the nodes of connected graphs, as in flowpipe, and everything connected to these.

    Raises:
        CycleError: Nodes feed each other; the error names the nodes of the cycle.
    """
    nodes, cycles = sort_nodes(graph)
    if cycles:
        raise cycles[0]
    return nodes


def sort_nodes(graph: Graph) -> tuple[tuple[INode, ...], tuple[CycleError, ...]]:
    """The nodes as ``sorted_nodes`` gives them, and the cycles among them, no two of which share a node.

    The nodes of a cycle are sorted as if they did not wait for each other.
    """
    sorting = _Sorting(connected_nodes(graph))
    return tuple(sorting.ordered), tuple(sorting.cycles)


def connected_nodes(graph: Graph) -> list[INode]:
    """The nodes of the graph, all nodes connected to them, and the nodes of their graphs, in the order of discovery."""
    found: dict[int, INode] = {}
    graphs = {id(graph)}
    queue = list(graph.nodes)
    for node in queue:  # It grows meanwhile.
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
    if isinstance(source, SubOutputPlug):
        output, output_key = source.parent_plug.name, source.key
    else:
        output, output_key = source.name, None
    return Connection(source=source.node, output=output, output_key=output_key, input=name, input_key=key)


class _Sorting:
    """Sorts nodes; when all that are left wait for others, a cycle is cut."""

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
        """Sorts these nodes, and all that then wait for no other."""
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
        """Nodes that wait for each other, downstream first; ``node`` is one of them or waits for them."""
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
        """The cycle, upstream first, beginning with the node that was discovered first."""
        first = min(range(len(loop)), key=lambda index: self._place[id(loop[index])])
        around = [*loop[first:], *loop[: first + 1]]
        is_one_graph = len({id(node.graph) for node in around}) == 1
        names = [str(node.name) if is_one_graph else f"{node.graph.name}.{node.name}" for node in around]
        return CycleError(tuple(reversed(names)))
