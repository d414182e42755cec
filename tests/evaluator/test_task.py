"""The evaluator against flowpipe: the same graph, the same outputs."""

from __future__ import annotations

import farm_nodes as nodes
import odd_nodes
import pytest
from farm_nodes import Colour, Shot
from flowpipe import Graph
from harness import evaluate_in_process, evaluate_plan, evaluate_task, expected_outputs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_examples import examples

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import MergeError, MissingResultsError, RecordError
from flowpipe_deadline.evaluator.nodes import NodeError
from flowpipe_deadline.evaluator.task import TaskError


def assert_same_as_flowpipe(graph, tmp_path):
    """The farm's outputs, types included, are those of ``graph.evaluate()``."""
    actual = evaluate_in_process(graph, tmp_path)
    expected = expected_outputs(graph)

    assert actual == expected
    assert repr(sorted(actual.items())) == repr(sorted(expected.items()))


def test_a_plain_connection_carries_the_value_with_its_type(graph, tmp_path):
    """Tuples, sets, ranges, members and dataclasses arrive as they were."""
    value = {"a": (1, {2, 3}), 4: range(3), "shot": Shot(name="x", frames=(1,)), "colour": Colour.GREEN}
    first = nodes.Pass(name="first", graph=graph, value=value)
    second = nodes.Pass(name="second", graph=graph)
    first.outputs["value"].connect(second.inputs["value"])

    assert_same_as_flowpipe(graph, tmp_path)


def test_sub_plugs_in_both_directions(graph, tmp_path):
    """Output to sub-plug, sub-plug to input, sub-plug to sub-plug, and a compound as a whole."""
    split = nodes.Split(name="split", graph=graph, value=5)
    left = nodes.Pass(name="left", graph=graph)
    whole = nodes.Pass(name="whole", graph=graph)
    collect = nodes.Collect(name="collect", graph=graph)
    split.outputs["parts"]["left"].connect(left.inputs["value"])
    split.outputs["parts"].connect(whole.inputs["value"])
    split.outputs["parts"]["right"].connect(collect.inputs["images"]["a.b"])
    split.outputs["whole"].connect(collect.inputs["images"]["plain"])
    collect.inputs["images"]["fixed"].value = "set by hand"

    assert_same_as_flowpipe(graph, tmp_path)


def test_an_output_that_feeds_a_plug_and_its_sub_plugs(graph, tmp_path):
    """Flowpipe lets the sub-plugs win; so does the farm."""
    first = nodes.Pass(name="first", graph=graph, value={"x": 1})
    second = nodes.Collect(name="second", graph=graph)
    first.outputs["value"].connect(second.inputs["images"])
    first.outputs["value"].connect(second.inputs["images"]["x"])

    assert_same_as_flowpipe(graph, tmp_path)


def test_outputs_that_upstream_never_sets(graph, tmp_path):
    """The input keeps its planned value, as in flowpipe."""
    silent = nodes.Silent(name="silent", graph=graph)
    kept = nodes.Pass(name="kept", graph=graph)
    preset = nodes.Pass(name="preset", graph=graph)
    silent.outputs["value"].connect(kept.inputs["value"])
    kept.inputs["value"].value = "mine"
    silent.outputs["other"].value = "preset"
    silent.outputs["other"].connect(preset.inputs["value"])

    assert_same_as_flowpipe(graph, tmp_path)


def test_an_output_that_upstream_never_sets_needs_a_planned_value(graph, tmp_path):
    """One that cannot be kept is only missed where it is needed."""
    silent = nodes.Silent(name="silent", graph=graph)
    last = nodes.Pass(name="last", graph=graph)
    silent.outputs["value"].value = object()
    silent.outputs["value"].connect(last.inputs["value"])

    with pytest.raises(NodeError, match="silent did not set its output 'value', and the value that 'value' had when"):
        evaluate_in_process(graph, tmp_path)


def test_omitted_nodes(graph, tmp_path):
    """They run no code, and pass on their planned values."""
    first = nodes.Pass(name="first", graph=graph, value=1)
    middle = nodes.Pass(name="middle", graph=graph)
    last = nodes.Pass(name="last", graph=graph)
    middle.outputs["value"].value = "as planned"
    first.outputs["value"].connect(middle.inputs["value"])
    middle.outputs["value"].connect(last.inputs["value"])
    middle.omit = True

    assert_same_as_flowpipe(graph, tmp_path)


def test_class_nodes_with_attributes(graph, tmp_path):
    """With a constructor that needs arguments, and with one that makes what cannot be kept."""
    scale = nodes.Scale("length", 3, name="scale", graph=graph)
    scale.inputs["length"].value = 2
    holder = nodes.Holder(name="holder", graph=graph)
    holder.offset = 10
    scale.outputs["scaled"].connect(holder.inputs["value"])

    assert_same_as_flowpipe(graph, tmp_path)


def test_a_constructor_that_fails_on_a_worker_is_not_needed(graph, tmp_path, monkeypatch):
    """Unless it makes what cannot be kept; then its error is told."""
    monkeypatch.setenv("SCENE", "shot.ma")
    odd_nodes.Scene(name="whole", graph=graph)
    odd_nodes.Scene(name="open", graph=graph).handle = object()
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    monkeypatch.delenv("SCENE")

    evaluate_task(bundle.folder, node="whole")
    with pytest.raises(NodeError, match=r"Scene\(\) fails without arguments: KeyError: 'SCENE'"):
        evaluate_task(bundle.folder, node="open")

    assert read_results(bundle)["Test.whole"].outputs() == {"value": "shot.ma"}


def test_functions_patterns_and_odd_names_on_a_node_survive(graph, tmp_path):
    """Attributes that its constructor would make differently are as they were planned."""
    node = nodes.Apply(nodes.double, name="apply", graph=graph)
    node.func = "mean"

    assert_same_as_flowpipe(graph, tmp_path)


def test_a_class_whose_name_means_something_else_is_found(graph, tmp_path):
    """Under the name that still leads to it."""
    nodes.First(name="first", graph=graph)
    nodes.Twice(name="second", graph=graph)

    assert_same_as_flowpipe(graph, tmp_path)


def test_outputs_that_are_changed_in_place(graph, tmp_path):
    """They count as set."""
    last = nodes.Pass(name="last", graph=graph)
    nodes.Grow(name="grow", graph=graph).outputs["grown"].connect(last.inputs["value"])

    assert evaluate_in_process(graph, tmp_path)["Test.last"] == {"value": [7]}


def test_attributes_of_a_dataclass_that_are_no_fields_survive(graph, tmp_path):
    """As pickle would keep them."""
    nodes.Pass(name="a", graph=graph, value=nodes.Derived(3))

    assert evaluate_in_process(graph, tmp_path)["Test.a"]["value"].twice == 6


def test_an_output_that_cannot_be_merged_does_not_affect_others(graph, tmp_path):
    """The others can be used, with their sub-plugs; the results name the one and show the rest."""
    measure = nodes.Measure(name="measure", graph=graph, frames=[1, 2, 3, 4], metadata={"batch_size": 2})
    measure.outputs["parts"]["log"].value = "preset"
    images = nodes.Pass(name="images", graph=graph)
    parts = nodes.Collect(name="parts", graph=graph)
    measure.outputs["images"].connect(images.inputs["value"])
    measure.outputs["parts"].connect(parts.inputs["images"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)

    evaluate_plan(plan, bundle)

    results = read_results(bundle)
    assert results["Test.images"].outputs() == {"value": ["i1", "i2", "i3", "i4"]}
    assert results["Test.parts"].outputs() == {"parts": {"log": "preset", "1": 1, "2": 2, "3": 3, "4": 4}}
    assert "measure.seconds: the rule 'same' cannot merge" in results["Test.measure"].error
    assert "measure.pair: the rule 'same' cannot merge" in results["Test.measure"].error
    assert set(results["Test.measure"].plain_outputs()) == {"images", "parts"}


def test_a_constant_tuple_is_no_list_by_frame(graph, tmp_path):
    """As long as a chunk, and the same in every chunk: whether it is one or grows with the frames has to be said."""
    measure = nodes.Measure(name="measure", graph=graph, frames=[1, 2, 3, 4], metadata={"batch_size": 2})
    metadata = {"batch": {"size": 2, "over": ["frames", "images"]}}
    check = nodes.Check(name="check", graph=graph, frames=[1, 2, 3, 4], metadata=metadata)
    measure.outputs["pair"].connect(check.inputs["images"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)

    with pytest.raises(MergeError, match="as many items as they have frames"):
        evaluate_plan(plan, bundle)


@pytest.mark.parametrize("items", [[[1, 2], [3]], [{"a": 1}, {"b": 2}], [{1}, {2}]], ids=["lists", "dicts", "sets"])
def test_any_items_can_be_cut(graph, tmp_path, items):
    """Also those that have no hash."""
    nodes.Render(name="render", graph=graph, frames=[1], metadata={"batch_size": 1})
    nodes.Pass(name="a", graph=graph, value=items, metadata={"batch": {"size": 1, "over": ["value"]}})

    assert_same_as_flowpipe(graph, tmp_path)


def test_sub_graphs_of_one_name(tmp_path):
    """Equal names of graphs and nodes do not mix up results."""
    main = Graph(name="main")
    collect = nodes.Collect(name="collect", graph=main)
    for index in range(3):
        node = nodes.Pass(name="node", graph=Graph(name="sub"), value=index)
        node.outputs["value"].connections.append(collect.inputs["images"][str(index)])
        collect.inputs["images"][str(index)].connections.append(node.outputs["value"])

    actual = evaluate_in_process(main, tmp_path)

    assert actual["main.collect"] == {"parts": {"0": 0, "1": 1, "2": 2}}
    assert [actual[label]["value"] for label in actual if label.startswith("sub.node")] == [0, 1, 2]


@pytest.mark.parametrize("size", range(1, 13))
@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(list(range(1, 12)), id="list"),
        pytest.param(tuple(range(1, 12)), id="tuple"),
        pytest.param(range(11), id="range"),
        pytest.param(range(0, 22, 2), id="stepped range"),
        pytest.param([5, 3, 9, 1], id="unsorted"),
        pytest.param([1.5, 2.5, 3.5], id="floats"),
        pytest.param([7], id="one frame"),
        pytest.param([], id="no frame"),
    ],
)
def test_every_chunk_size_gives_what_one_evaluation_gives(graph, tmp_path, frames, size):
    """The law of batches, for a node that treats its frames one by one and one that needs images to go with them."""
    render = nodes.Render(name="render", graph=graph, frames=frames, factor=2, metadata={"batch_size": size})
    check = nodes.Check(
        name="check", graph=graph, frames=frames, metadata={"batch": {"size": 3, "over": ["frames", "images"]}}
    )
    render.outputs["items"].connect(check.inputs["images"])

    assert_same_as_flowpipe(graph, tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=examples(20))
@given(
    frames=st.lists(st.integers(0, 40), max_size=12).map(sorted) | st.lists(st.integers(-5, 40), max_size=12),
    size=st.integers(1, 14),
    check_size=st.integers(1, 14),
)
def test_the_law_of_batches(tmp_path, frames, size, check_size):
    """For any frames, in any order and with repeats, and any two chunk sizes."""
    graph = Graph(name="law")
    frames = list(dict.fromkeys(frames))
    render = nodes.Render(name="render", graph=graph, frames=frames, metadata={"batch_size": size})
    check = nodes.Check(
        name="check", graph=graph, frames=frames, metadata={"batch": {"size": check_size, "over": ["frames", "images"]}}
    )
    render.outputs["items"].connect(check.inputs["images"])

    assert_same_as_flowpipe(graph, tmp_path)


@pytest.mark.parametrize(
    ("frames", "size", "seen"),
    [
        ([1, 2, 3], 2, ["list [1, 2]", "list [3]"]),
        ((1, 2, 3), 2, ["tuple (1, 2)", "tuple (3,)"]),
        (range(1, 4), 2, ["range range(1, 3)", "range range(3, 4)"]),
        (range(0, 6, 2), 2, ["range range(0, 4, 2)", "range range(4, 6, 2)"]),
        ("1-3", 2, ["str '1-2'", "str '3'"]),
        ([(1, 2), (3, 4)], 1, ["list [(1, 2)]", "list [(3, 4)]"]),
    ],
)
def test_a_chunk_has_the_type_of_the_whole(graph, tmp_path, frames, size, seen):
    """Lists are cut into lists, ranges into ranges, text into text."""
    nodes.See(name="see", graph=graph, frames=frames, metadata={"batch_size": size})

    assert evaluate_in_process(graph, tmp_path)["Test.see"] == {"seen": seen}


def test_a_frame_that_was_not_planned_is_evaluated(graph, tmp_path):
    """The frame range was changed in the Monitor."""
    nodes.Render(name="render", graph=graph, frames=range(1, 4), metadata={"batch_size": 2})
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)
    evaluate_plan(plan, bundle)

    evaluate_task(bundle.folder, node="render", frames=FrameList([700, 701]))

    assert read_results(bundle)["Test.render"].outputs()["items"] == [1, 2, 3, 700, 701]


def test_a_frame_without_its_item_is_refused(graph, tmp_path):
    """There is no image for a frame that was not planned."""
    metadata = {"batch": {"size": 1, "over": ["frames", "images"]}}
    nodes.Check(name="check", graph=graph, frames=[1, 2], images=["a", "b"], metadata=metadata)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with pytest.raises(Exception, match="images has no item for frame 9: 1-2 were planned"):
        evaluate_task(bundle.folder, node="check", frames=FrameList([9]))


def test_a_batch_that_cannot_be_merged_names_the_rule_to_declare(graph, tmp_path):
    """Two chunks, two values: downstream says which node, which output, and what to do."""
    sums = nodes.Pass(name="sums", graph=graph, value=[1, 2], metadata={"batch": {"size": 1, "over": ["value"]}})
    last = nodes.Pass(name="last", graph=graph)
    sums.outputs["value"].value = None
    sums.outputs["value"].connect(last.inputs["value"])
    sums.metadata["batch"]["merge"] = {"value": "same"}
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)

    with pytest.raises(MergeError, match=r"sums\.value: the rule 'same' cannot merge"):
        evaluate_plan(plan, bundle)


def test_a_missing_upstream_result_is_named(graph, tmp_path):
    """Node and frames, and what to do."""
    render = nodes.Render(name="render", graph=graph, frames=range(1, 11), metadata={"batch_size": 5})
    last = nodes.Pass(name="last", graph=graph)
    render.outputs["items"].connect(last.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-5"))

    with pytest.raises(MissingResultsError, match="render: the results of 6-10 are missing; requeue"):
        evaluate_task(bundle.folder, node="last")


def test_running_a_task_twice_gives_the_same(graph, tmp_path):
    """The farm only adds results: records do not change, and the second run replaces the first."""
    nodes.Render(name="render", graph=graph, frames=range(1, 4), metadata={"batch_size": 2})
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)
    before = {path: path.read_bytes() for path in bundle.folder.rglob("*") if path.is_file()}

    evaluate_plan(plan, bundle)
    first = read_results(bundle)["Test.render"].outputs()
    evaluate_plan(plan, bundle)

    assert read_results(bundle)["Test.render"].outputs() == first
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(path.name for path in (bundle.folder / "results" / "render").iterdir()) == ["1-2.json", "3.json"]


def test_an_output_that_cannot_be_handed_on_is_named(graph, tmp_path):
    """Node, output, and what to return instead."""
    nodes.Unkept(name="a", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with pytest.raises(NodeError, match="a: its output 'value' cannot be passed on: an object cannot be kept"):
        evaluate_task(bundle.folder, node="a")

    assert not list((bundle.folder / "results").rglob("*.json"))


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"format": 99}', '{"format": 1}', "\x00"])
def test_damaged_records_are_one_clear_error(graph, tmp_path, damage):
    """Of a node, and of a result."""
    first = nodes.Pass(name="first", graph=graph, value=1)
    last = nodes.Pass(name="last", graph=graph)
    first.outputs["value"].connect(last.inputs["value"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)
    evaluate_plan(plan, bundle)
    (bundle.folder / "results" / "first" / "whole.json").write_text(damage)

    with pytest.raises(RecordError, match=r"whole\.json"):
        evaluate_task(bundle.folder, node="last")


def test_a_task_that_does_not_fit_its_node_is_refused(graph, tmp_path):
    """Frames for a node without a batch, or none for one with."""
    nodes.Pass(name="plain", graph=graph)
    nodes.Render(name="render", graph=graph, frames=[1], metadata={"batch_size": 1})
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with pytest.raises(TaskError, match="plain is not batched"):
        evaluate_task(bundle.folder, node="plain", frames=FrameList([1]))
    with pytest.raises(TaskError, match="render is batched"):
        evaluate_task(bundle.folder, node="render")


@pytest.mark.parametrize("sizes", [(4, 3), (1, 2), (3, 3)], ids=str)
def test_an_array_that_is_concatenated_feeds_frame_by_frame(graph, tmp_path, sizes):
    """Each task gets the rows of its frames, whatever chunks they are in."""
    frames = list(range(1, 9))
    metadata = {"batch": {"size": sizes[0], "merge": {"points": "concat"}}}
    points = nodes.Points(name="points", graph=graph, frames=frames, metadata=metadata)
    over = {"batch": {"size": sizes[1], "over": ["frames", "points"]}}
    rows = nodes.Rows(name="rows", graph=graph, frames=frames, metadata=over)
    points.outputs["points"].connect(rows.inputs["points"])

    results = evaluate_in_process(graph, tmp_path)

    assert results["Test.rows"]["sums"] == [(frame, 0, frame) for frame in frames]
    assert results["Test.points"]["points"].tolist() == [[frame, -frame] for frame in frames]


def test_frames_of_a_changed_range_come_in_one_order(graph, tmp_path):
    """Planned 4-7, and rendered 3-7 in other chunks, one of them backwards: all outputs ascend, as do the inputs."""
    nodes.Render(name="render", graph=graph, frames=[4, 5, 6, 7], metadata={"batch_size": 2})
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)

    for text in ("3-4", "6-5", "7"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(text))

    outputs = read_results(bundle)["Test.render"].outputs()
    assert outputs["items"] == [3, 4, 5, 6, 7]
    assert list(outputs["table"].values()) == [3, 4, 5, 6, 7]
    assert [path.stem for path in sorted((bundle.folder / "results/render").glob("*.json"))] == ["3-4", "5-6", "7"]
