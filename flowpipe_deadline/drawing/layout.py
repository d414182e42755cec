"""Where the boxes of a graph are, and which way its edges go: one layout for the page, the SVG and the dialog."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from grandalf.graphs import Edge, Vertex, graph_core
from grandalf.layouts import SugiyamaLayout

Point = tuple[float, float]
Ends = tuple[str, str]
"""The keys of the boxes that an edge connects, upstream first."""
_ROUNDS = 3  # Of ordering the columns: more of them remove hardly any crossings.
_SHAPE = 1.6  # Width by height of what does not hang together.


@dataclass(frozen=True)
class Layout:
    """A graph on a plane whose upper left corner is 0, 0."""

    boxes: Mapping[str, Point]
    """The upper left corner of each box, in the order of the keys."""
    routes: Mapping[Ends, tuple[Point, ...]]
    """The points that each edge passes, from the right side of a box to the left side of another."""
    width: float
    height: float


def place(keys: Sequence[str], edges: Collection[Ends], *, size: Point, gaps: Point) -> Layout:
    """The layout of boxes of one ``size``, upstream on the left, with ``gaps`` between columns and within a column.

    It has no chance in it: the same keys and edges, in the same order, give the same layout. There is no cycle.
    """
    return _placed(tuple(keys), tuple(edges), size, gaps)


@lru_cache(maxsize=8)  # A graph is drawn again and again while its states and settings change.
def _placed(keys: Sequence[str], edges: Collection[Ends], size: Point, gaps: Point) -> Layout:
    boxes: dict[str, Point] = {}
    routes: dict[Ends, tuple[Point, ...]] = {}
    parts = [_part(part, edges_of, size=size, gaps=gaps) for part, edges_of in _connected(keys, edges)]
    widest = max((part.width for part in parts), default=0.0)
    area = sum((part.width + gaps[0]) * (part.height + gaps[1]) for part in parts)
    limit = max(widest, (area * _SHAPE) ** 0.5)
    x = y = tallest = 0.0
    for part in parts:
        if x and x + part.width > limit:
            x, y, tallest = 0.0, y + tallest + gaps[1], 0.0
        boxes.update({key: (x + left, y + top) for key, (left, top) in part.boxes.items()})
        routes.update({ends: tuple((x + a, y + b) for a, b in points) for ends, points in part.routes.items()})
        x, tallest = x + part.width + gaps[0], max(tallest, part.height)
    width = max((x + size[0] for x, _ in boxes.values()), default=0.0)
    height = max((y + size[1] for _, y in boxes.values()), default=0.0)
    return Layout({key: boxes[key] for key in keys}, routes, width, height)


def _connected(keys: Sequence[str], edges: Collection[Ends]) -> list[tuple[list[str], list[Ends]]]:
    """The parts that hang together, each with its edges, in the order of the keys."""
    near: dict[str, list[str]] = {key: [] for key in keys}
    for one, other in edges:
        near[one].append(other)
        near[other].append(one)
    part_of: dict[str, int] = {}
    for number, key in enumerate(keys):
        ahead = [] if key in part_of else [key]
        while ahead:
            found = ahead.pop()
            if found not in part_of:
                part_of[found] = number
                ahead += near[found]
    parts: dict[int, tuple[list[str], list[Ends]]] = {}
    for key in keys:
        parts.setdefault(part_of[key], ([], []))[0].append(key)
    for ends in edges:
        parts[part_of[ends[0]]][1].append(ends)
    return list(parts.values())


class _View:
    """The size of a vertex, and where the library puts its middle; it draws downwards, so x is our y."""

    def __init__(self, size: Point) -> None:
        self.w, self.h = size[1], size[0]
        self.xy = (0.0, 0.0)

    @property
    def middle(self) -> Point:
        return self.xy[1], self.xy[0]


class _Route:
    """The points of an edge, as the library sets them."""

    def __init__(self) -> None:
        self.points: Sequence[Point] = ()

    def setpath(self, points: Sequence[Point]) -> None:
        self.points = points


def _part(keys: Sequence[str], edges: Sequence[Ends], *, size: Point, gaps: Point) -> Layout:
    """The layout of what hangs together."""
    if not edges:
        return Layout({keys[0]: (0.0, 0.0)}, {}, *size)
    vertices = {key: Vertex(key) for key in keys}
    for vertex in vertices.values():
        vertex.view = _View(size)
    links = {ends: Edge(vertices[ends[0]], vertices[ends[1]]) for ends in edges}
    for link in links.values():
        link.view = _Route()
    graph = graph_core(list(vertices.values()), list(links.values()))
    layout = SugiyamaLayout(graph)
    layout.xspace, layout.yspace = gaps[1], gaps[0]
    layout.dw = 0  # An edge on its way past a column takes no more room than the gap.
    layout.init_all(inverted_edges=[])
    layout.draw(_ROUNDS)
    middles = _apart({key: vertex.view.middle for key, vertex in vertices.items()}, distance=size[1] + gaps[1])
    left, top = (min(middle[axis] for middle in middles.values()) - size[axis] / 2 for axis in (0, 1))
    boxes = {key: (x - size[0] / 2 - left, y - size[1] / 2 - top) for key, (x, y) in middles.items()}
    routes = {}
    for (upstream, downstream), link in links.items():
        first, last = boxes[upstream], boxes[downstream]
        start, end = (first[0] + size[0], first[1] + size[1] / 2), (last[0], last[1] + size[1] / 2)
        columns = [(y - left, x - top) for x, y in link.view.points[1:-1]]
        between = [(x + side * size[0] / 2, y) for x, y in columns for side in (-1, 1)]  # Level past each column.
        routes[upstream, downstream] = (start, *between, end)
    bottom = max(y for _, y in boxes.values()) + size[1]
    return Layout(boxes, routes, max(x for x, _ in boxes.values()) + size[0], bottom)


def _apart(middles: Mapping[str, Point], *, distance: float) -> dict[str, Point]:
    """The same, with at least that distance in each column: the library lets two boxes overlap now and then."""
    found = {}
    order = sorted(middles.items(), key=lambda item: item[1])
    for x, column in groupby(order, key=lambda item: item[1][0]):
        lowest = float("-inf")
        for key, (_, y) in column:
            lowest = max(y, lowest + distance)
            found[key] = (x, lowest)
    return found
