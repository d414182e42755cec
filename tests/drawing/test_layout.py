"""Where boxes are, and which way edges go."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import many

from flowpipe_deadline.drawing.layout import place

SIZE = (200, 60)
GAPS = (80, 20)
DIAMOND = ["a", "b", "c", "d"], [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]


def placed(keys, edges):
    """The layout of boxes of one size."""
    return place(keys, edges, size=SIZE, gaps=GAPS)


@st.composite
def graphs(draw):
    """Keys, and edges that only go from an earlier one to a later."""
    keys = [f"n{index}" for index in range(draw(st.integers(0, 14)))]
    pairs = [(one, other) for index, one in enumerate(keys) for other in keys[index + 1 :]]
    return keys, draw(st.lists(st.sampled_from(pairs), unique=True, max_size=30)) if pairs else []


def test_a_diamond():
    """Upstream on the left, and what is beside each other, one above the other."""
    layout = placed(*DIAMOND)

    assert layout.boxes == {"a": (0, 40), "b": (280, 0), "c": (280, 80), "d": (560, 40)}
    assert layout.routes["a", "c"] == ((200, 70), (280, 110))
    assert (layout.width, layout.height) == (760, 140)


@given(graphs())
def test_no_box_touches_another_and_all_wait_for_what_is_left_of_them(graph):
    """And everything is within the picture, at its edges."""
    keys, edges = graph

    layout = placed(keys, edges)

    boxes = list(layout.boxes.values())
    assert list(layout.boxes) == keys
    assert [
        (one, other)
        for index, one in enumerate(boxes)
        for other in boxes[index + 1 :]
        if abs(one[0] - other[0]) < SIZE[0] and abs(one[1] - other[1]) < SIZE[1] + GAPS[1] - 0.001
    ] == []
    assert set(layout.routes) == set(edges)
    assert all(layout.boxes[one][0] + SIZE[0] < layout.boxes[other][0] for one, other in edges)
    if keys:
        assert (min(x for x, _ in boxes), min(y for _, y in boxes)) == pytest.approx((0, 0))
        assert layout.width == pytest.approx(max(x for x, _ in boxes) + SIZE[0])
        assert layout.height == pytest.approx(max(y for _, y in boxes) + SIZE[1])


def test_a_long_edge_passes_the_boxes_between():
    """It goes level beside their column."""
    layout = placed(["a", "b", "c"], [("a", "b"), ("b", "c"), ("a", "c")])

    (_, _), first, second, (_, _) = layout.routes["a", "c"]
    left, top = layout.boxes["b"]
    assert (first[0], second[0]) == (left, left + SIZE[0])
    assert first[1] == second[1]
    assert not top - 1 < first[1] < top + SIZE[1] + 1


def test_what_does_not_hang_together_fills_a_page():
    """In rows, in the order of the keys."""
    layout = placed([f"n{index}" for index in range(100)], [])

    columns = {x for x, _ in layout.boxes.values()}
    assert len(columns) == 7
    assert layout.boxes["n0"] == (0, 0)
    assert layout.boxes["n6"][1] == 0
    assert layout.boxes["n7"] == (0, 80)


def test_shots_side_by_side_do_not_cross():
    """A hundred pipelines that end in one node: of two lines between the same columns, the upper stays above."""
    keys, edges = [], []
    for shot in range(100):
        names = [f"{step}{shot}" for step in ("sim", "cache", "beauty", "matte", "comp")]
        keys += names
        edges += [(names[0], names[1]), (names[1], names[2]), (names[1], names[3])]
        edges += [(names[2], names[4]), (names[3], names[4]), (names[4], "edit")]

    layout = placed([*keys, "edit"], edges)

    lines = sorted((*layout.boxes[one], *layout.boxes[other]) for one, other in edges)
    assert [
        (one, other)
        for one, other in itertools.pairwise(lines)
        if one[0] == other[0] and one[2] == other[2] and one[1] < other[1] and one[3] > other[3]
    ] == []


def test_the_same_graph_has_the_same_layout_in_every_process():
    """Whatever order Python gives sets."""
    script = (
        "from pictures import many; from flowpipe_deadline.drawing.layout import place; p = many(60);"
        "print(place([n.key for n in p.nodes], [(e.upstream, e.downstream) for e in p.edges],"
        " size=(200, 60), gaps=(80, 20)))"
    )
    layouts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(layouts) == 1


def test_two_thousand_nodes():
    """Without Python's limit of recursion, in seconds: a chain, and many that feed one, which feeds many."""
    chain = [(f"a{index}", f"a{index + 1}") for index in range(1199)]
    fans = [(f"b{index}", "c") for index in range(400)] + [("c", f"d{index}") for index in range(399)]
    keys = [f"a{index}" for index in range(1200)] + [f"b{index}" for index in range(400)]
    keys += ["c", *(f"d{index}" for index in range(399))]
    started = time.process_time()

    layout = placed(keys, chain + fans)

    assert len(set(layout.boxes.values())) == 2000
    assert time.process_time() - started < 20


def test_a_tangle_of_five_hundred():
    """In less than seconds."""
    drawn = many(500)
    started = time.process_time()

    layout = placed([node.key for node in drawn.nodes], [(edge.upstream, edge.downstream) for edge in drawn.edges])

    assert len(layout.routes) == len(drawn.edges)
    assert time.process_time() - started < 8
