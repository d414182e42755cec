"""A picture as an SVG file."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from pictures import edges, node, picture

from flowpipe_deadline.drawing.picture import State
from flowpipe_deadline.drawing.svg import SIGNS, draw_svg

SVG = "{http://www.w3.org/2000/svg}"


def boxes(text):
    """The elements of the nodes, by key."""
    return {one.get("data-key"): one for one in ET.fromstring(text).iter(f"{SVG}g")}


def words(element, kind):
    """What stands in the texts of that class."""
    return [one.text for one in element.iter(f"{SVG}text") if kind in one.get("class").split()]


def test_it_is_well_formed_whatever_names_are():
    """Also with what XML cannot hold."""
    name = "<a> & \"b\" 'c' ]]> \x00 \ud800 \uffff 合成"

    text = draw_svg(picture(node("a", label=name), node("b"), edges=edges(("a", "b")), name=name))

    shown = "<a> & \"b\" 'c' ]]> \ufffd \ufffd \ufffd 合成"
    root = ET.fromstring(text.encode("utf-8"))
    assert root.get("aria-label") == shown
    assert boxes(text)["a"].find(f"{SVG}title").text == f"{shown}: planned"


def test_every_state_has_a_sign_of_its_own():
    """And a word."""
    drawn = boxes(draw_svg(picture(*(node(state.name, state) for state in State))))

    assert set(SIGNS) == set(State)
    assert len({one.find(f"{SVG}path[@class='sign']").get("d") for one in drawn.values()}) == len(State)
    assert [words(one, "state") for one in drawn.values()] == [[state.value] for state in State]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("render", "render"),
        ("render_of_all_the_layers_of_the_shot", "render_of_all_the_layer…"),
        ("合成レンダリング最終出力結果", "合成レンダリング最終出…"),
        ("  two\n lines ", "two lines"),
        ("", ""),
    ],
)
def test_names_fit_into_their_boxes(name, shown):
    """The tooltip has all of them."""
    box = boxes(draw_svg(picture(node("a", label=name))))["a"]

    assert [text or "" for text in words(box, "name")] == [shown]
    assert box.find(f"{SVG}title").text.startswith(f"{name}: planned")


def test_the_bar_shows_what_is_complete_stale_and_failed():
    """Side by side, and no longer than the whole."""
    box = boxes(draw_svg(picture(node("a", State.FAILED, total=10, done=6, stale=2, failed=5))))["a"]

    bars = [(one.get("class"), one.get("x"), one.get("width")) for one in box.iter(f"{SVG}rect")][1:]
    assert bars == [
        ("bar", "16", "186"),
        ("bar complete", "16.0", "74.4"),
        ("bar stale", "90.4", "37.2"),
        ("bar failed", "127.6", "74.4"),
    ]


def test_chunks_are_counted_and_one_that_renders_in_percent():
    """All of them are complete only if all are."""
    nodes = [
        node("plan", total=12),
        node("many", State.RENDERING, total=1000, done=999.9),
        node("one", State.RENDERING, done=0.25),
        node("single", State.COMPLETE, done=1.0),
    ]

    drawn = boxes(draw_svg(picture(*nodes)))

    assert {key: words(one, "chunks") for key, one in drawn.items()} == {
        "plan": ["12 chunks"],
        "many": ["999/1000"],
        "one": ["25 %"],
        "single": [None],
    }


def test_the_same_picture_is_the_same_file():
    """Without a clock or chance."""
    drawn = picture(node("a"), node("b"), edges=edges(("a", "b")))

    assert draw_svg(drawn) == draw_svg(drawn)
    assert "2026" not in draw_svg(drawn)


def test_nothing_to_draw():
    """Is a picture all the same."""
    assert ET.fromstring(draw_svg(picture())).get("width") == "48"
