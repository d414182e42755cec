"""What can be asked for, and what runs with it; the least that must is proven in ``test_least_that_must.py``."""

from __future__ import annotations

import json

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import evaluate_plan, evaluate_task

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import BundleError, UsageError
from flowpipe_deadline.redo.missing import runnable, tolerant_results, without_blocked
from flowpipe_deadline.redo.selection import select


@pytest.fixture
def bundle(tmp_path):
    """``render`` in chunks of three, ``check`` by frame in chunks of two, ``publish`` of all; ``off`` is omitted."""
    graph = Graph(name="shot")
    frames = list(range(1001, 1007))
    render = nodes.Render(name="render", graph=graph, frames=frames, metadata={"batch_size": 3})
    metadata = {"batch": {"size": 2, "over": ["frames", "images"]}}
    check = nodes.Check(name="check", graph=graph, frames=frames, metadata=metadata)
    publish = nodes.Collect(name="publish", graph=graph)
    off = nodes.Pass(name="off", graph=graph)
    off.omit = True
    render.outputs["items"].connect(check.inputs["images"])
    check.outputs["images"].connect(publish.inputs["images"]["x"])
    off.outputs["value"].connect(publish.inputs["images"]["off"])
    plan = plan_graph(graph)
    written = write_bundle(plan, root=tmp_path)
    evaluate_plan(plan, written)
    return written


def texts(tasks):
    """The selected tasks as text."""
    return {key: [chunk and str(chunk) for chunk in chunks] for key, chunks in tasks.items()}


def selected(bundle, **asked):
    """What is selected, as text."""
    return texts(select(bundle, results=tolerant_results(bundle), **{"failed": {}, **asked}).tasks)


def test_a_frame_takes_along_what_is_made_from_its_task(bundle):
    """A task changes all of its frames; by frame along one connection, all along the other."""
    found = select(bundle, results=tolerant_results(bundle), failed={}, node="render", frames="1002")

    expected = {"render": ["1001-1003"], "check": ["1001-1002", "1003-1004"], "publish": [None]}
    assert texts(found.tasks) == expected
    assert (texts(found.asked), found.count) == ({"render": ["1001-1003"]}, 4)
    assert selected(bundle, node="shot.render", frames=[1002], only=True) == {"render": ["1001-1003"]}


def test_without_a_node_everything_is_asked_for(bundle):
    """All tasks of all jobs."""
    assert {key: len(tasks) for key, tasks in selected(bundle).items()} == {"render": 2, "check": 3, "publish": 1}


def test_what_failed_is_limited_by_node_and_frames(bundle):
    """A failed task of another node is not asked for."""
    failed = {"render": {"1004-1006"}, "check": {"1001-1002"}, "publish": {None}}

    assert selected(bundle, failed=failed, which="failed", only=True) == {
        "render": ["1004-1006"],
        "check": ["1001-1002"],
        "publish": [None],
    }
    assert selected(bundle, failed=failed, which="failed", node="check") == {"check": ["1001-1002"], "publish": [None]}
    assert selected(bundle, failed=failed, which="failed", node="check", frames="1003") == {}


def test_what_is_stale_is_mended_with_what_is_made_from_it(bundle):
    """The commonest case: a finished task was requeued by hand."""
    assert selected(bundle, which="stale") == {}

    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1004-1006"))

    expected = {"check": ["1003-1004", "1005-1006"], "publish": [None]}
    assert selected(bundle, which="stale") == expected
    assert selected(bundle, which="stale", only=True) == {"check": expected["check"]}


def test_nodes_with_new_inputs_run_again_and_alone_if_nothing_else_is_asked_for(bundle):
    """With a node, both."""
    assert selected(bundle, edited={"check"}) == {"check": ["1001-1002", "1003-1004", "1005-1006"], "publish": [None]}
    assert selected(bundle, edited={"publish"}, node="render", frames="1001", only=True) == {
        "render": ["1001-1003"],
        "publish": [None],
    }
    assert selected(bundle, edited={"check"}, node="check", frames="1001")["check"] == ["1001-1002"]


def test_a_job_that_was_cut_anew_has_the_tasks_of_the_farm(bundle):
    """As the farm tells, where it does; else as the results do."""
    cut = {"render": (FrameList.parse("1001-1004"), FrameList.parse("1005-1006"))}

    assert selected(bundle, tasks=cut, node="render", frames="1004", only=True) == {"render": ["1001-1004"]}

    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1001-1004"))
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1005-1006"))
    assert selected(bundle, node="render", frames="1004", only=True) == {"render": ["1001-1004"]}


def test_an_output_that_cannot_be_cut_makes_everything_from_all_of_it(tmp_path):
    """One item for all frames of upstream: a frame by frame connection hands over all of it, and the results say so."""
    graph = Graph(name="shot")
    render = nodes.Linger(name="render", graph=graph, frames=[1, 2, 3, 4], metadata={"batch_size": 4})
    render.inputs["seconds"].value = dict.fromkeys("1234", 0)
    metadata = {"batch": {"size": 1, "over": ["frames", "images"]}}
    check = nodes.Check(name="check", graph=graph, frames=[1, 2, 3, 4], metadata=metadata)
    render.outputs["items"].connect(check.inputs["images"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)
    evaluate_plan(plan, bundle)
    cut = {"render": (FrameList([1, 2]), FrameList([3, 4]))}
    by_frame = selected(bundle, tasks=cut, node="render", frames="1")
    for path in (bundle.folder / "results" / "check").glob("*.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "taken": {"render": {"all": "4.0123"}}}))

    whole = selected(bundle, tasks=cut, node="render", frames="1")

    assert by_frame == {"render": ["1-2"], "check": ["1", "2"]}
    assert whole == {"render": ["1-2"], "check": ["1", "2", "3", "4"]}


@pytest.mark.parametrize(
    ("items", "frames", "tasks"),
    [
        pytest.param([1001, 1011, 1021, 1031], "1011", ["0-1"], id="stepped"),
        pytest.param("1021,1001-1003", "1021,1003", ["0-1", "2-3"], id="a text"),
        pytest.param((7, 7, 3, 7), "7", ["0-1", "2-3"], id="a frame that occurs again"),
        pytest.param(range(10, 50, 10), "30", ["2-3"], id="a range"),
        pytest.param(["a", "b", "c", "d"], "1", ["0-1"], id="names, by item number"),
        pytest.param([-1, -2, 0, 1], "0", ["0-1"], id="negative ones, by item number"),
    ],
)
def test_frames_are_real_ones_where_tasks_carry_item_numbers(tmp_path, items, frames, tasks):
    """As people know them; items that are no frames go by their number, as in the Monitor."""
    graph = Graph(name="shot")
    nodes.See(name="see", graph=graph, frames=items, metadata={"batch_size": 2})

    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    assert selected(bundle, node="see", frames=frames) == {"see": tasks}
    with pytest.raises(UsageError, match=r"shot\.see has no frame 99; it has \d"):
        selected(bundle, node="see", frames="99")


def test_what_is_missing_is_told_by_real_frames(tmp_path):
    """Also how to make it."""
    graph = Graph(name="shot")
    see = nodes.See(name="see", graph=graph, frames=[1001, 1011, 1021], metadata={"batch_size": 2})
    last = nodes.Pass(name="last", graph=graph)
    see.outputs["seen"].connect(last.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    evaluate_task(bundle.folder, node="see", frames=FrameList([0, 1]))
    chosen = select(bundle, results=tolerant_results(bundle), failed={}, node="last")

    with pytest.raises(BundleError) as caught:
        runnable(bundle, chosen)

    assert str(caught.value) == (
        "nothing was run: shot.last needs shot.see 2 (frames 1021), which is missing. Make that first, with what is"
        f" made from it:  flowpipe-deadline redo {bundle.folder} see 1021"
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"node": "rendr"}, "has no node 'rendr'; it has shot.render, shot.check, shot.publish, shot.off"),
        ({"node": "off"}, "shot.off is omitted, so it has no task that could run again"),
        ({"node": "render", "frames": "1003,1009-1012"}, "shot.render has no frame 1009-1012; it has 1001-1006"),
        ({"node": "publish", "frames": "1001"}, "shot.publish has no frames: it is one task; name it without 1001"),
        ({"node": "render", "frames": "first"}, "shot.render: 'first' is not a frame or range"),
        ({"frames": "1001"}, "the frames 1001 of which node?"),
        ({"which": "new"}, "'new' cannot be made again; choose all, failed, stale"),
    ],
)
def test_what_cannot_be_asked_for_is_one_clear_error(bundle, asked, message):
    """It says what, and what there is."""
    with pytest.raises(UsageError) as caught:
        selected(bundle, **asked)

    assert message in str(caught.value)


def test_a_name_of_several_nodes_is_refused(tmp_path):
    """Their labels tell them apart; a key always means its node."""
    main, sub, third = Graph(name="main"), Graph(name="sub"), Graph(name="third")
    nodes.Pass(name="load", graph=main)
    first = nodes.Pass(name="one pass", graph=sub)
    second = nodes.Pass(name="one pass", graph=third)
    last = nodes.Collect(name="last", graph=main)
    first.outputs["value"].connect(last.inputs["images"]["a"])
    second.outputs["value"].connect(last.inputs["images"]["b"])
    bundle = write_bundle(plan_graph(main), root=tmp_path)
    keys = {job.label: job.key for job in bundle.jobs}

    with pytest.raises(UsageError, match=r"'one pass' is the name of several nodes; choose one of sub\.one pass"):
        selected(bundle, node="one pass")
    assert list(selected(bundle, node="third.one pass", only=True)) == [keys["third.one pass"]]
    assert list(selected(bundle, node=keys["sub.one pass"], only=True)) == [keys["sub.one pass"]]


def test_what_a_task_misses_is_told(bundle):
    """Which frames of which node; what is made from such a task waits as well, and nothing else does."""
    (bundle.folder / "results" / "render" / "1004-1006.json").unlink()
    results = tolerant_results(bundle)
    chosen = select(bundle, results=results, failed={}, node="check")

    free, missing = without_blocked(bundle, chosen, results=results)

    assert texts(free.tasks) == texts(free.asked) == {"check": ["1001-1002"]}
    assert [(one.key, str(one.chunk), one.source, str(one.frames)) for one in missing] == [
        ("check", "1003-1004", "render", "1004"),
        ("check", "1005-1006", "render", "1005-1006"),
    ]
    assert without_blocked(bundle, chosen, results=results, coming={"render"}) == (chosen, ())
    everything = select(bundle, results=results, failed={})
    assert without_blocked(bundle, everything, results=results) == (everything, ())
