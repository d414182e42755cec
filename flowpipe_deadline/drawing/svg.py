"""A picture as SVG: each state has a sign and a word beside its colour, so that it is read without colours."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jinja2

from ..core.text import counted
from .layout import Point, place
from .picture import Picture, PictureNode, State, duration

BOX: Point = (216, 68)
GAPS: Point = (76, 22)
MARGIN = 24
_BAR = 186  # The length of the bar that shows progress.
_LONGEST_NAME = 21  # Letters that fit into a box.
_LONGEST_FRAMES = 18
# What XML cannot hold, or no encoding.
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
SIGNS = {
    State.PLANNED: "M6 2a4 4 0 1 0 .01 0z",
    State.PARTLY: "M6 2a4 4 0 1 0 .01 0zM6 2v8",
    State.WAITING: "M2.5 6h.01M6 6h.01M9.5 6h.01",
    State.BLOCKED: "M6 1.5a4.5 4.5 0 1 0 .01 0zM3.8 6h4.4",
    State.QUEUED: "M2 3h8M2 6h8M2 9h5",
    State.RENDERING: "M3.5 2l6 4-6 4z",
    State.SUSPENDED: "M4 2.5v7M8 2.5v7",
    State.COMPLETE: "M2 6.5l3 3 5-7",
    State.STALE: "M10 6a4 4 0 1 1-1.5-3.1M8.8 .8v2.3H6.5",
    State.MISSING: "M6 1.5v5.5M6 10h.01",
    State.FAILED: "M2.5 2.5l7 7M9.5 2.5l-7 7",
    State.DELETED: "M6 1.5a4.5 4.5 0 1 0 .01 0zM3 9l6-6",
    State.UNKNOWN: "M4 4a2 2 0 1 1 2.8 1.8c-.8.4-.8.8-.8 1.4M6 10h.01",
}
"""A drawing for each state, 12 by 12."""


def draw_svg(picture: Picture) -> str:
    """The picture as an SVG file of its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + render("graph.svg.jinja", svg_values(picture))


def svg_values(picture: Picture) -> dict[str, Any]:
    """What the template of the SVG is given."""
    keys = [node.key for node in picture.nodes]
    edges = [(edge.upstream, edge.downstream) for edge in picture.edges]
    layout = place(keys, edges, size=BOX, gaps=GAPS)
    return {
        "picture": picture,
        "width": round(layout.width + 2 * MARGIN),
        "height": round(layout.height + 2 * MARGIN),
        "size": BOX,
        "boxes": [_box_values(node, layout.boxes[node.key]) for node in picture.nodes],
        "lines": [
            {"edge": edge, "path": _path(layout.routes[edge.upstream, edge.downstream])} for edge in picture.edges
        ],
        "labels": {node.key: node.label for node in picture.nodes},
    }


def _box_values(node: PictureNode, corner: Point) -> dict[str, Any]:
    lines = [
        f"{node.label}: {node.state.value}",
        *(f"{name}: {text}" for name, text in node.facts),
        *([f"Time: {duration(node.seconds)}"] if node.seconds is not None else []),
    ]
    return {
        "node": node,
        "x": round(corner[0] + MARGIN, 1),
        "y": round(corner[1] + MARGIN, 1),
        "name": _shortened(node.label, _LONGEST_NAME),
        "chunks": _chunks(node),
        "frames": "" if node.frames is None else _shortened(node.frames, _LONGEST_FRAMES),
        "time": "" if node.seconds is None else duration(node.seconds),
        "sign": SIGNS[node.state],
        "bars": list(_bars(node)),
        "tooltip": "\n".join(lines),
    }


def _chunks(node: PictureNode) -> str:
    """How far it is, in a word or two."""
    if node.state is State.PLANNED:
        return counted(node.total, "chunk") if node.total > 1 else ""
    if node.total == 1:
        return f"{100 * node.done:.0f} %" if node.state is State.RENDERING else ""
    return f"{int(node.done)}/{node.total}"


def _bars(node: PictureNode) -> Iterator[tuple[str, float, float]]:
    """The class, the beginning and the length of each part of the bar."""
    whole = max(node.total, 1)
    done = min(node.done, whole)
    stale = min(node.stale, done)
    parts = (("complete", done - stale), ("stale", stale), ("failed", min(node.failed, whole - done)))
    start = 0.0
    for name, chunks in parts:
        length = round(_BAR * chunks / whole, 1)
        if length:
            yield name, start, length
        start = round(start + length, 1)


def _path(points: tuple[Point, ...]) -> str:
    """A curve through the points, which leaves and reaches boxes and columns level."""
    moved = [(round(x + MARGIN, 1), round(y + MARGIN, 1)) for x, y in points]
    parts = [f"M{moved[0][0]:g} {moved[0][1]:g}"]
    for (x, y), (next_x, next_y) in itertools.pairwise(moved):
        middle = round((x + next_x) / 2, 1)
        parts.append(f"C{middle:g} {y:g} {middle:g} {next_y:g} {next_x:g} {next_y:g}")
    return "".join(parts)


def _shortened(text: str, longest: int) -> str:
    """As much of the text as fits where so many letters do."""
    text, room = " ".join(text.split()), float(longest)
    for index, character in enumerate(text):
        room -= _width(character)
        if room < 0:
            return f"{text[: max(index - 1, 1)]}…"
    return text


def _width(character: str) -> float:
    """About the width of a character, in those of a Latin letter; what is too long all the same, the box cuts off."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in ("W", "F") or character in "mwMW@%":
        return 1.7
    if character in "fijlrt.,:;'|!()[] ":
        return 0.6
    return 1.0 if character.isascii() and not character.isupper() else 1.2


def render(template: str, values: Mapping[str, Any]) -> str:
    """The text of one of our templates; what it is given is escaped, and fits into XML and UTF-8."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("flowpipe_deadline.drawing", "jinja"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
        finalize=lambda value: _UNFIT.sub("\ufffd", value) if type(value) is str else value,
    )
