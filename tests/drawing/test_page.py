"""The page in a real Chromium: what a supervisor sees and does."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone

import pytest
from pictures import edges, many, node, picture

from flowpipe_deadline.drawing.page import draw_page
from flowpipe_deadline.drawing.picture import State

MADE = datetime(2026, 11, 30, 12, 31, 5, tzinfo=timezone.utc)
NASTY = [
    "<script>window.hacked = 1</script>",
    "</script><img src=x onerror='window.hacked = 1'>",
    "\"quotes' & <b>tags</b>",
    "]]> <![CDATA[ --> <!--",
    "${window.hacked = 1} {{ 7 * 7 }} \\u003c",
    "</title></style></svg>",
    "Рендер 合成 \u05d0\u05d1 e\u0301 \U0001f3ac",
]
SHOT = picture(
    node("sim", State.COMPLETE, total=4, done=4, frames="1-4", seconds=75.0),
    node("render", State.FAILED, total=10, done=7, failed=2, frames="1001-1010", reason="RuntimeError: no licence"),
    node("matte", State.RENDERING, total=1, done=0.4),
    node("comp", State.BLOCKED, facts=(("Key", "comp"), ("Waits for", "render"))),
    node("publish", State.WAITING),
    edges=(*edges(("sim", "render"), ("sim", "matte"), kind="frame"), *edges(("render", "comp"), ("comp", "publish"))),
    is_over=False,
)


@pytest.fixture
def show(browser, tmp_path):
    """Writes a picture as a page, and opens it."""

    def open_page(drawn, *, seconds=0.0, made=MADE, **options):
        path = tmp_path / "page.html"
        path.write_text(draw_page(drawn, made=made, seconds=seconds), encoding="utf-8")
        browser.open(path, **options)
        return path

    return open_page


def texts(browser, selector):
    """The texts of all elements that the selector finds."""
    return browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.textContent.trim())")


def selected(browser):
    """The key of the node that is selected."""
    return browser.run("document.querySelector('.node.selected')?.dataset.key ?? null")


def in_view(browser, key):
    """Whether all of the node's box can be seen."""
    return browser.run(
        f"(() => {{ const box = document.querySelector('[data-key={json.dumps(key)}]').getBoundingClientRect();"
        " const view = document.getElementById('view').getBoundingClientRect();"
        " return box.left >= view.left && box.right <= view.right && box.top >= view.top && box.bottom <= view.bottom;"
        " })()"
    )


def test_it_stands_alone(browser, show):
    """It asks for itself, and for nothing else."""
    path = show(SHOT)

    assert {url for url in browser.requested if not url.startswith("data:")} <= {path.as_uri(), "about:blank"}
    assert "http-equiv" not in path.read_text(encoding="utf-8")


def test_states_have_words_and_signs(browser, show):
    """So that they are read without colours; progress, chunks and times stand on the boxes."""
    show(SHOT)

    assert texts(browser, ".node .state") == ["complete", "failed", "rendering", "blocked", "waiting"]
    assert len(set(browser.run("[...document.querySelectorAll('.node .sign')].map((one) => one.outerHTML)"))) == 5
    assert texts(browser, ".node .chunks") == ["4/4", "7/10", "40 %", "", ""]
    assert texts(browser, ".node .small.end")[0] == "1 min 15 s"
    assert texts(browser, ".count") == ["1 waiting", "1 blocked", "1 rendering", "1 complete", "1 failed"]
    assert [
        bool(dash)
        for dash in browser.run(
            "[...document.querySelectorAll('.edge')].map((one) => getComputedStyle(one).strokeDasharray !== 'none')"
        )
    ] == [True, True, False, False]
    assert browser.run("document.title") == "Shot – 1 failed"


def test_all_of_five_nodes_is_seen(browser, show):
    """Without scrolling, and without a map."""
    show(SHOT)

    assert all(in_view(browser, key) for key in ("sim", "render", "matte", "comp", "publish"))
    assert browser.run("document.getElementById('map').hidden")


@pytest.mark.parametrize("name", NASTY)
def test_names_are_text(browser, show, name):
    """Whatever they look like."""
    show(
        picture(
            node("a", State.FAILED, label=name, reason=name, facts=((name, name),), frames="1", total=2),
            node("b", label="b"),
            edges=edges(("a", "b")),
            name=name,
            notices=(name,),
        )
    )
    browser.click(".node")

    assert browser.run("window.hacked ?? null") is None
    assert texts(browser, ".title strong") == [name]
    assert texts(browser, "#details h2") == [name]
    assert texts(browser, "#details dt")[1] == name
    assert texts(browser, "#lists td")[0] == name
    assert texts(browser, ".notice") == [name]
    assert browser.run("document.querySelector('.node title').textContent.split(': failed')[0]") == name
    assert browser.run("document.querySelectorAll('#graph > svg').length") == 1


def test_names_stay_in_their_boxes(browser, show):
    """In whatever letters, also in a font as wide as the one of this machine."""
    names = [
        "WWWW" * 20,
        "render_of_all_the_layers_of_the_shot",
        "Композитинг_финальный_слой",
        "iljt" * 20,
        "Ω≈ç√∫" * 9,
    ]
    show(
        picture(*(node(f"n{index}", label=name, frames="1001,1003,1005,1007,1009") for index, name in enumerate(names)))
    )

    widths = browser.run("[...document.querySelectorAll('.node .name')].map((one) => one.getBBox().width)")
    assert [width for width in widths if not 120 < width < 200] == []
    frames = "document.querySelector('.node .small').getBBox()"
    assert browser.run(f"{frames}.x + {frames}.width") < 145


def test_what_has_no_form_in_utf_8_is_replaced(browser, show):
    """File names that are not UTF-8 have lone surrogates; no document takes a control character."""
    show(picture(node("a", State.FAILED, label="x\udcff\x00\x1b\ufffe", reason="\udcff")))

    assert texts(browser, ".node .name")[0].startswith("x\ufffd")


def test_selection_shows_more(browser, show):
    """Facts, and what is before and after it, to go there; Escape ends it."""
    show(SHOT)

    browser.click("[data-key=comp]")
    assert selected(browser) == "comp"
    assert texts(browser, "#details h2") == ["comp"]
    assert texts(browser, "#details dt") == ["State", "Key", "Waits for", "Upstream", "Downstream"]
    assert texts(browser, "#details dd a") == ["render", "publish"]
    assert browser.run("document.querySelectorAll('.edge.near').length") == 2

    browser.click("#details dd a")
    assert selected(browser) == "render"

    browser.press("Escape")
    assert selected(browser) is None


def test_the_table_of_the_failed(browser, show):
    """Has the reason, and leads there."""
    show(SHOT)

    assert texts(browser, "#lists tbody tr td") == ["render", "2 chunks: RuntimeError: no licence"]
    browser.click("#lists td a")

    assert selected(browser) == "render"


def test_keys(browser, show):
    """Walk along the edges, to the failed, and zoom."""
    show(SHOT)

    browser.press("f")
    assert selected(browser) == "render"
    browser.press("ArrowRight")
    assert selected(browser) == "comp"
    browser.press("ArrowLeft")
    browser.press("ArrowDown")
    assert selected(browser) == "matte"
    browser.press("ArrowLeft")
    assert selected(browser) == "sim"
    assert browser.run("document.activeElement.dataset.key") == "sim"

    before = browser.run("document.querySelector('#graph svg').clientWidth")
    browser.press("+")
    assert browser.run("document.querySelector('#graph svg').clientWidth") > before
    browser.press("0")
    assert browser.run("document.querySelector('#graph svg').clientWidth") == pytest.approx(before, abs=2)


def test_search(browser, show):
    """By name and by state; Enter goes from one to the next."""
    show(many(500))

    browser.press("/")
    for key in "n49":
        browser.press(key)
    assert texts(browser, "#hits") == ["11 of 500"]
    browser.press("Enter")
    assert selected(browser) == "n49"
    assert in_view(browser, "n49")

    browser.press("Escape")
    browser.click(".count.failed")
    count = int(texts(browser, ".count.failed")[0].split()[0])
    assert texts(browser, "#hits") == [f"{count} of 500"]
    assert browser.run("document.querySelectorAll('.node:not(.dimmed)').length") == count
    assert browser.run("document.querySelector('.count.failed').getAttribute('aria-pressed')") == "true"


def test_five_hundred_nodes_are_readable(browser, show):
    """What failed first is in the middle, in letters that can be read; the map shows the rest, and leads there."""
    show(many(500))

    first = browser.run(
        "JSON.parse(document.getElementById('data').textContent).nodes.find((one) => one.isTrouble).key"
    )
    assert in_view(browser, first)
    assert browser.run("document.querySelector('.node .name').getBoundingClientRect().height") > 8
    assert not browser.run("document.getElementById('map').hidden")

    before = browser.run("document.getElementById('view').scrollLeft")
    x, y = browser.middle("#map")
    browser.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", clickCount=1)
    browser.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left", clickCount=1)
    assert browser.run("document.getElementById('view').scrollLeft") > before + 1000

    browser.click("#fit")
    assert browser.run(
        "document.querySelector('#graph svg').clientWidth <= document.getElementById('view').clientWidth"
    )
    assert browser.run("getComputedStyle(document.querySelector('.node .name')).display") == "none"


def test_a_large_graph_without_trouble_opens_at_its_first_node(browser, show):
    """The corner of such a picture has no node."""
    names = [f"n{number}" for number in range(60)]
    upstream = [(names[number], names[-1]) for number in range(58)]
    drawn = picture(*map(node, names), edges=edges(("n58", "n0"), *upstream))

    show(drawn)

    first = browser.run("JSON.parse(document.getElementById('data').textContent).nodes[0].key")
    assert browser.run("document.getElementById('view').scrollTop") > 0
    assert in_view(browser, first)


def test_dragging_pans_and_selects_nothing(browser, show):
    """As a hand moves paper."""
    show(many(60))
    before = browser.run("(document.getElementById('view').scrollTo(300, 100), 300)")

    browser.call("Input.dispatchMouseEvent", type="mousePressed", x=600, y=400, button="left", clickCount=1)
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=500, y=380, button="left", buttons=1)
    browser.call("Input.dispatchMouseEvent", type="mouseReleased", x=500, y=380, button="left", clickCount=1)

    assert browser.run("document.getElementById('view').scrollLeft") == before + 100
    assert selected(browser) is None


def test_light_and_dark(browser, show):
    """As the system likes it; names stand out from their boxes in both."""
    papers = []
    for dark in (False, True):
        show(SHOT, dark=dark)
        colours = [
            browser.run(f"getComputedStyle(document.querySelector('.node {one}')).fill") for one in (".box", ".name")
        ]
        box, name = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
        assert abs(box - name) > 400
        papers.append(browser.run("getComputedStyle(document.body).backgroundColor"))

    assert len(set(papers)) == 2


def test_it_follows_its_file(browser, show):
    """In place: scroll, zoom, selection and search stay, and nothing is loaded anew."""
    drawn = many(200)
    path = show(drawn, seconds=0.2)
    browser.run("window.mark = 1")
    browser.click("#in")
    browser.run("document.querySelector('[data-key=n70]').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
    browser.run("document.getElementById('view').scrollTo(700, 300)")
    place = "[document.getElementById('view').scrollLeft, document.getElementById('view').scrollTop]"
    width = "document.querySelector('#graph svg').clientWidth"
    before = browser.run(place), browser.run(width)
    assert before[0] == [700, 300]

    done = [node(one.key, State.COMPLETE, total=4, done=4.0) for one in drawn.nodes]
    again = picture(*done, edges=drawn.edges, name="Many")
    path.write_text(draw_page(again, made=datetime(2026, 11, 30, 12, 32, tzinfo=timezone.utc), seconds=0.2))

    browser.until("document.querySelectorAll('.node.complete').length === 200")
    assert browser.run("window.mark") == 1
    assert (browser.run(place), browser.run(width)) == before
    assert selected(browser) == "n70"
    assert texts(browser, "#details dd")[0] == "complete"
    assert browser.run("document.activeElement.dataset.key") == "n70"
    assert texts(browser, ".count") == ["200 complete"]


def test_a_file_that_is_gone_leaves_the_page_as_it_is_and_it_says_so(browser, show):
    """Once nobody has written it for a while; and it goes on as soon as somebody does."""
    path = show(SHOT, seconds=0.2)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    browser.run("{ const now = Date.now; Date.now = () => now() + (window.later ?? 0); window.later = 60000; }")

    browser.until("!document.getElementById('late').hidden")
    assert texts(browser, "#late")[0].startswith("Nobody has written this page since ")
    assert texts(browser, ".node .state")[0] == "complete"

    path.write_text(text.replace("2026-11-30T12:31:05", "2026-11-30T12:40:00"))
    browser.until("document.getElementById('late').hidden")


@pytest.mark.parametrize(
    ("state", "seconds", "words"),
    [
        (State.RENDERING, 5.0, "kept current"),
        (State.RENDERING, 0.0, "not kept current"),
        (State.PLANNED, 0.0, "nothing has begun"),
        (State.FAILED, 0.0, "nothing goes on"),
        (State.COMPLETE, 0.0, "the work is over"),
    ],
)
def test_it_says_how_fresh_it_is(browser, show, state, seconds, words):
    """When it was made, how long ago that is, and what becomes of it; also to those without scripts."""
    drawn = picture(node("a", state), is_over=state is not State.RENDERING)
    path = show(drawn, seconds=seconds, made=datetime.now().astimezone())

    assert re.fullmatch(rf"Made .*\d\d.*, \d+ s ago, {words}", texts(browser, "#fresh")[0])
    plain = path.read_text(encoding="utf-8")
    assert f"</span>, {words}</p>" in plain
    assert ('<noscript><meta http-equiv="refresh" content="5">' in plain) is bool(seconds)


def test_loaded_anew_it_is_as_it_was(browser, show):
    """By the reader, or by another visit in the same tab."""
    show(many(200))
    browser.click("#in")
    browser.press("f")
    browser.run("document.getElementById('view').scrollBy(33, 44)")
    browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    state = (
        "[document.getElementById('view').scrollLeft, document.getElementById('view').scrollTop,"
        " document.querySelector('#graph svg').clientWidth, document.querySelector('.node.selected').dataset.key]"
    )
    before = browser.run(state)

    browser.call("Page.reload")
    browser.run("0")
    browser.until("document.readyState === 'complete' && document.querySelector('.node.selected') !== null")

    assert browser.run(state) == before
