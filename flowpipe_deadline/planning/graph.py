"""The nodes of a graph and of everything connected to it, upstream first.

Only direct connections are read: flowpipe's ``upstream_nodes``, ``all_nodes`` and ``evaluation_sequence`` use caches
that go stale (nodes missing, cycles accepted), and recurse too deeply for chains of thousands of nodes.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from flowpipe import Graph, INode
from flowpipe.plug import OutputPlug, SubOutputPlug

from ..core.errors import CycleError
from ..core.names import unique_keys
from ..core.text import one_line
from .plan import LONGEST_LABEL
from .transliteration import spelt_in_ascii


@dataclass(frozen=True)
class Connection:
    """An output that feeds an input; the names of sub-plugs are None where the plugs themselves are connected."""

    source: str
    """The key of the node with the output."""
    output: str
    output_key: str | None
    input: str
    input_key: str | None
    by_frame: bool = False
    """Whether a chunk takes only the items of its own frames."""


@dataclass(frozen=True)
class GraphNode:
    """A node, by the key that is its own in the graph, and every connection into it in the order of its inputs."""

    node: INode
    key: str
    connections: tuple[Connection, ...]
    awaited: tuple[str, ...] = ()
    """The keys of the nodes that it waits for."""

    @property
    def label(self) -> str:
        """``graph.node``, for messages."""
        return label(self.node)


def read_nodes(graph: Graph) -> tuple[tuple[GraphNode, ...], tuple[CycleError, ...]]:
    """The nodes in the order of ``sorted_nodes``, and the cycles among them, no two of which share a node.

    The nodes of a cycle are sorted as if they did not wait for each other.
    """
    sorting = _Sorting(connected_nodes(graph))
    names = unique_keys(spelt_in_ascii(str(node.name)) for node in sorting.ordered)
    keys = {id(node): key for node, key in zip(sorting.ordered, names)}
    nodes = [GraphNode(node, keys[id(node)], tuple(_connections(node, keys))) for node in sorting.ordered]
    return tuple(nodes), tuple(sorting.cycles)


def nodes_to_plan(nodes: Sequence[GraphNode], *, skip: Iterable[INode]) -> list[GraphNode]:
    """The nodes but for those to skip; of their connections, those from nodes that will run.

    A node waits for its parents, or instead of one that does not run, for what that one waits for.
    """
    skipped = {id(node) for node in skip}
    considered = [node for node in nodes if id(node.node) not in skipped]
    running = {node.key for node in considered if not node.node.omit}
    awaited: dict[str, tuple[str, ...]] = {}
    for node in nodes:
        sources = dict.fromkeys(connection.source for connection in node.connections)
        # In a cycle, a parent may come later.
        each = ((parent,) if parent in running else awaited.get(parent, ()) for parent in sources)
        awaited[node.key] = tuple(dict.fromkeys(key for keys in each for key in keys))
    return [
        replace(
            node,
            connections=tuple(connection for connection in node.connections if connection.source in running),
            awaited=awaited[node.key],
        )
        for node in considered
    ]


def label(node: INode) -> str:
    """``graph.node``, for messages; long names are shortened."""
    return one_line(f"{node.graph.name}.{node.name}", longest=LONGEST_LABEL)


def sorted_nodes(graph: Graph) -> tuple[INode, ...]:
    """All nodes, each after those that feed it, otherwise in the order in which they were added.

    That includes the nodes of connected graphs, as in flowpipe, and everything connected to these.

    Raises:
        CycleError: Nodes feed each other; the error names the nodes of the cycle.
    """
    sorting = _Sorting(connected_nodes(graph))
    if sorting.cycles:
        raise sorting.cycles[0]
    return tuple(sorting.ordered)


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


def parents(node: INode) -> Iterator[INode]:
    """The nodes that feed this one directly, each once, in the order of its inputs."""
    return iter({id(source.node): source.node for source, _, _ in _sources(node)}.values())


def _sources(node: INode) -> Iterator[tuple[OutputPlug, str, str | None]]:
    """Every output that feeds the node, with the input and sub-plug that it feeds, in the order of the inputs."""
    for name, plug in node.inputs.items():
        yield from ((source, name, None) for source in plug.connections)
        for key, sub_plug in plug.sub_plugs.items():
            yield from ((source, name, key) for source in sub_plug.connections)


def _connections(node: INode, keys: Mapping[int, str]) -> Iterator[Connection]:
    for source, name, key in _sources(node):
        if isinstance(source, SubOutputPlug):
            yield Connection(keys[id(source.node)], source.parent_plug.name, source.key, name, key)
        else:
            yield Connection(keys[id(source.node)], source.name, None, name, key)


def _children(node: INode) -> Iterator[INode]:
    for plug in node.outputs.values():
        for output in (plug, *plug.sub_plugs.values()):
            yield from (connected.node for connected in output.connections)


class _Sorting:
    """Sorts nodes; when all that are left wait for others, a cycle is cut."""

    def __init__(self, nodes: Sequence[INode]) -> None:
        self.ordered: list[INode] = []
        self.cycles: list[CycleError] = []
        self._nodes = nodes
        self._place = {id(node): index for index, node in enumerate(nodes)}
        self._waiting = {id(node): {id(parent): parent for parent in parents(node)} for node in nodes}
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
                if waiting.pop(id(node), None) is not None and not waiting:
                    heapq.heappush(ready, self._place[child])

    def _find_loop(self, node: INode) -> list[INode]:
        """Nodes that wait for each other, downstream first; ``node`` is one of them or waits for them."""
        path = [node]
        seen = {id(node): 0}
        while True:
            parent = next(iter(self._waiting[id(path[-1])].values()))
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
