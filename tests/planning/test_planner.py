"""Graph to plan."""

from __future__ import annotations

import itertools
import sys

import farm_nodes as nodes
import pytest
from flowpipe import Graph, INode, InputPlug, Node, OutputPlug

from flowpipe_deadline.core.loading import LOADING
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.errors import CycleError, LoadingError, PlanError, SettingError
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.settings.context import PlanContext


def jobs_by_name(graph):
    """The planned jobs by node name."""
    return {job.node: job for job in make_plan(graph).jobs}


def link(source, target):
    """Connects two plugs past flowpipe's own checks, which take longer the longer a chain is."""
    source.connections.append(target)
    target.connections.append(source)


def chain(graph, count):
    """Nodes that feed one another in a row."""
    made = [nodes.Pass(graph=None, name=f"n{index}") for index in range(count)]
    for node in made:
        node.graph = graph
    graph.nodes.extend(made)
    for one, other in itertools.pairwise(made):
        link(one.outputs["value"], other.inputs["value"])
    return made


def test_jobs_come_upstream_first_otherwise_as_added(graph):
    """Nodes keep the order in which they were added, as far as connections allow."""
    last = nodes.Add(name="last", graph=graph)
    free = nodes.Pass(name="free", graph=graph)
    first = nodes.Pass(name="first", graph=graph)
    first.outputs["value"].connect(last.inputs["first"])

    plan = make_plan(graph)

    assert [job.node for job in plan.jobs] == ["free", "first", "last"]
    assert free.name == "free"


def test_a_job_depends_on_its_direct_parents_once_each(graph):
    """A feeds b twice and c; c waits for b and a, b for a."""
    a = nodes.Pass(name="a", graph=graph)
    b = nodes.Add(name="b", graph=graph)
    c = nodes.Collect(name="c", graph=graph)
    a.outputs["value"].connect(b.inputs["first"])
    a.outputs["value"].connect(b.inputs["second"])
    b.outputs["total"].connect(c.inputs["images"]["x"])
    a.outputs["value"].connect(c.inputs["images"]["y"])

    jobs = jobs_by_name(graph)

    assert [item.upstream for item in jobs["b"].dependencies] == ["a"]
    assert [item.upstream for item in jobs["c"].dependencies] == ["b", "a"]
    assert jobs["c"].dependencies[0].reason == "feeds images.x"


def test_connected_graphs_belong_to_the_plan():
    """Nodes of a connected graph are planned, also its unconnected ones, and what is connected to these."""
    main, second, third = Graph(name="main"), Graph(name="second"), Graph(name="third")
    a = nodes.Pass(name="a", graph=main)
    b = nodes.Pass(name="b", graph=second)
    alone = nodes.Pass(name="alone", graph=second)
    c = nodes.Pass(name="c", graph=third)
    a.outputs["value"].connect(b.inputs["value"])
    alone.outputs["value"].connect(c.inputs["value"])

    plan = make_plan(main)

    assert [job.label for job in plan.jobs] == ["main.a", "second.b", "second.alone", "third.c"]


def test_equal_names_get_distinct_keys():
    """Two graphs of one name with nodes of one name: four labels, four keys, distinct without regard to case."""
    main = Graph(name="main")
    last = nodes.Collect(name="last", graph=main)
    for index, name in enumerate(["Render", "render", "Render"]):
        sub = Graph(name="sub")
        node = nodes.Pass(name=name, graph=sub)
        link(node.outputs["value"], last.inputs["images"][str(index)])

    keys = [job.key for job in make_plan(main).jobs]

    assert len({key.lower() for key in keys}) == 4


def test_a_stale_cache_of_flowpipe_hides_nothing(graph):
    """Flowpipe's caches, warmed before the last connections, would lose nodes; the plan has them all."""
    made = chain(graph, 4)
    assert len(graph.all_nodes) == 4
    late = nodes.Pass(name="late", graph=Graph(name="late"))
    link(late.outputs["value"], made[0].inputs["value"])

    assert [job.node for job in make_plan(graph).jobs] == ["late", "n0", "n1", "n2", "n3"]


def test_a_cycle_is_reported_as_a_path(graph):
    """The error names the whole cycle, in the direction of the data."""
    a, b, c = chain(graph, 3)
    tail = nodes.Pass(name="tail", graph=graph)
    link(c.outputs["value"], a.inputs["value"])
    link(c.outputs["value"], tail.inputs["value"])

    with pytest.raises(CycleError) as caught:
        make_plan(graph)

    assert caught.value.path == ("n0", "n1", "n2", "n0")
    assert "n0 -> n1 -> n2 -> n0" in str(caught.value)
    assert b.name == "n1"


def test_a_chain_of_thousands_is_planned(graph):
    """No recursion, no quadratic time."""
    chain(graph, 3000)

    plan = make_plan(graph)

    assert len(plan.jobs) == 3000
    assert plan.last_jobs[0].node == "n2999"


def test_a_chain_of_thousands_of_batches_with_one_scene_is_planned(graph):
    """That the scene is complete before each batch but the first begins is known without a search upstream."""
    scene = nodes.Pass(graph=graph, name="scene")
    made = [nodes.Check(graph=None, name=f"n{index}", frames=[1, 2]) for index in range(2000)]
    for node in made:
        node.graph = graph
        node.metadata = {"batch": {"size": 1, "over": ["frames", "images"]}}
        link(scene.outputs["value"], InputPlug("scene", node))
    made[0].metadata = {"batch_size": 1}
    graph.nodes.extend(made)
    for one, other in itertools.pairwise(made):
        link(one.outputs["images"], other.inputs["images"])

    jobs = jobs_by_name(graph)

    assert kinds(jobs["n0"]) == {"scene": "job"}
    assert kinds(jobs["n1999"]) == {"n1998": "frame", "scene": "implied"}


def test_planning_twice_gives_the_same_plan(graph):
    """Same graph, same plan, same order."""
    made = chain(graph, 6)
    made[2].metadata["batch_size"] = 2
    made[2].inputs["frames"] = InputPlug("frames", made[2], [1, 2, 3])

    assert make_plan(graph) == make_plan(graph)


def test_planning_leaves_the_graph_alone(graph):
    """No value, connection or state of the graph changes."""
    render = nodes.Render(graph=graph, frames=range(1, 10), metadata={"batch_size": 4, "deadline": {"pool": "x"}})
    before = (render.to_json()["inputs"]["factor"], dict(render.metadata), render.inputs["frames"].is_dirty)

    make_plan(graph)

    assert (render.to_json()["inputs"]["factor"], render.metadata, render.inputs["frames"].is_dirty) == before


def batched(graph, name, *, size, over=("frames",), frames=range(1, 11)):
    """A node that is batched over frames, and images that come with them."""
    metadata = {"batch": {"size": size, "over": list(over)}}
    return nodes.Check(name=name, graph=graph, frames=list(frames), metadata=metadata)


def kinds(job):
    """How a job waits for each of its upstream jobs."""
    return {item.upstream: item.kind for item in job.dependencies}


def test_a_batch_over_the_same_frames_is_waited_for_frame_by_frame(graph):
    """Chunk sizes may differ; what is whole or an other list is waited for as a whole."""
    first = batched(graph, "first", size=4)
    same = batched(graph, "same", size=3, over=("frames", "images"))
    other = batched(graph, "other", size=3, over=("frames", "images"), frames=range(2, 12))
    whole = batched(graph, "whole", size=3)
    for node in (same, other, whole):
        first.outputs["images"].connect(node.inputs["images"])

    jobs = jobs_by_name(graph)

    assert kinds(jobs["same"]) == {"first": "frame"}
    assert jobs["same"].record["inputs"]["images"]["source"]["by_frame"] is True
    assert jobs["same"].is_frame_dependent
    assert kinds(jobs["other"]) == {"first": "job"}
    assert kinds(jobs["whole"]) == {"first": "job"}


def test_a_merge_rule_of_its_own_is_no_list_by_frame(graph):
    """What a rule makes of the chunks exists only when all of them do."""
    first = batched(graph, "first", size=4)
    first.metadata["batch"]["merge"] = {"images": "last"}
    second = batched(graph, "second", size=4, over=("frames", "images"))
    first.outputs["images"].connect(second.inputs["images"])

    assert kinds(jobs_by_name(graph)["second"]) == {"first": "job"}


def test_a_sub_plug_is_no_list_by_frame(graph):
    """What it has is told once all chunks are there."""
    first = batched(graph, "first", size=4)
    second = batched(graph, "second", size=4, over=("frames", "images"))
    first.outputs["images"]["left"].connect(second.inputs["images"])

    assert kinds(jobs_by_name(graph)["second"]) == {"first": "job"}


def test_one_whole_job_among_the_upstream_makes_all_whole(graph):
    """Deadline has one switch per job; the reason names the job that is to blame."""
    first = batched(graph, "first", size=4)
    lone = nodes.Pass(name="lone", graph=graph)
    second = batched(graph, "second", size=4, over=("frames", "images"))
    first.outputs["images"].connect(second.inputs["images"])
    InputPlug("lens", second)
    lone.outputs["value"].connect(second.inputs["lens"])

    job = jobs_by_name(graph)["second"]

    assert kinds(job) == {"first": "job", "lone": "job"}
    assert job.dependencies[0].reason == "feeds images, not frame by frame as all of lone is needed"
    assert job.record["inputs"]["images"]["source"]["by_frame"] is True


def test_a_whole_job_that_is_complete_before_is_implied(graph):
    """The scene is complete before any frame is, so a job that waits for frames need not wait for it."""
    scene = nodes.Pass(name="scene", graph=graph)
    first = batched(graph, "first", size=4)
    second = batched(graph, "second", size=4, over=("frames", "images"))
    third = batched(graph, "third", size=2, over=("frames", "images"))
    InputPlug("scene", first)
    InputPlug("scene", third)
    scene.outputs["value"].connect(first.inputs["scene"])
    scene.outputs["value"].connect(third.inputs["scene"])
    first.outputs["images"].connect(second.inputs["images"])
    second.outputs["images"].connect(third.inputs["images"])

    job = jobs_by_name(graph)["third"]

    assert kinds(job) == {"second": "frame", "scene": "implied"}
    assert job.awaited_keys == ("second",)
    assert job.dependencies[1].reason == "feeds scene, complete before second begins"


def test_an_omitted_node_has_no_job_and_keeps_the_order(graph):
    """Its children wait for its parents, and keep their own values."""
    a, b, c = chain(graph, 3)
    b.omit = True
    c.inputs["value"].value = 7

    plan = make_plan(graph)

    assert [job.node for job in plan.jobs] == ["n0", "n2"]
    assert [node.node for node in plan.omitted] == ["n1"]
    assert plan.jobs[1].dependencies[0].upstream == "n0"
    assert "omitted" in plan.jobs[1].dependencies[0].reason
    assert plan.jobs[1].record["inputs"]["value"] == {"value": 7, "source": None, "sub_plugs": {}}
    assert a.name == "n0"


@pytest.mark.parametrize(
    ("frames", "size", "mode", "text"),
    [
        pytest.param(list(range(1, 11)), 4, "frames", "1-10", id="one range"),
        pytest.param(range(5), 2, "frames", "0-4", id="a range object from zero"),
        pytest.param("1-10", 3, "frames", "1-10", id="text"),
        pytest.param([1, 3, 5], 1, "frames", "1-5x2", id="stepped, one by one"),
        pytest.param([1, 3, 5], 2, "items", "0-2", id="stepped, in chunks"),
        pytest.param([3, 2, 1], 1, "items", "0-2", id="descending"),
        pytest.param([1, 1, 2], 1, "items", "0-2", id="repeated"),
        pytest.param([-1, 0, 1], 1, "items", "0-2", id="negative"),
        pytest.param([1.0, 2.0], 1, "items", "0-1", id="floats"),
        pytest.param([True, False], 1, "items", "0-1", id="booleans"),
        pytest.param(["a", "b"], 1, "items", "0-1", id="names"),
        pytest.param([(1, 2)], 5, "items", "0", id="one tuple"),
    ],
)
def test_frames_are_real_where_deadline_cuts_them_in_one_known_way(graph, frames, size, mode, text):
    """A contiguous range, or an ascending list one by one, are frames in the Monitor; all else goes by item number."""
    nodes.Render(graph=graph, frames=frames, metadata={"batch_size": size})

    job = make_plan(graph).jobs[0]

    assert (job.frame_mode, str(job.frames)) == (mode, text)
    assert job.task_count == len(job.frames.chunks(size=size))


def test_an_empty_batch_is_one_task(graph):
    """No frames: the node is evaluated once, with none, as flowpipe does it."""
    nodes.Render(graph=graph, frames=[], metadata={"batch_size": 4})

    job = make_plan(graph).jobs[0]

    assert (job.frame_mode, job.task_count) == ("none", 1)


@pytest.mark.parametrize(
    ("metadata", "inputs", "reason"),
    [
        pytest.param({"batch_size": 0}, {}, "from 1", id="size zero"),
        pytest.param({"batch_size": True}, {}, "whole number", id="size is a boolean"),
        pytest.param({"batch_size": "10"}, {}, "whole number", id="size is text"),
        pytest.param({"batch_size": 1, "batch": {"size": 1}}, {}, "keep the second", id="both forms"),
        pytest.param({"batch": {}}, {}, "needs 'size'", id="no size"),
        pytest.param({"batch": {"size": 1, "ovr": ["x"]}}, {}, "'over'", id="misspelt key"),
        pytest.param({"batch": {"size": 1, "over": ["nope"]}}, {}, "does not have", id="no such input"),
        pytest.param({"batch": {"size": 1, "merge": {"items": "conct"}}}, {}, "no merge rule", id="no such rule"),
        pytest.param({"batch_size": 1}, {"frames": 5}, "no items to cut", id="frames are a number"),
        pytest.param({"batch_size": 1}, {"frames": "a-b"}, "not a frame list", id="frames are nonsense"),
        pytest.param({"batch": {"size": 1, "over": []}}, {}, "must be a list of input names", id="over nothing"),
        pytest.param({"batch": {"size": 1, "over": [1]}}, {}, "must be a list of input names", id="over a number"),
        pytest.param({"batch": {"size": 1, "merge": {"items": 1}}}, {}, "must be a name, not 1", id="rule is a number"),
        pytest.param({"reload": "yes"}, {}, "must be True or False", id="reload is text"),
        pytest.param({"interpreter": "my maya"}, {}, "not an interpreter", id="interpreter with a blank"),
        pytest.param({"interpreter": 3}, {}, "not an interpreter", id="interpreter is a number"),
    ],
)
def test_bad_batches_and_interpreters_are_refused(graph, metadata, inputs, reason):
    """The error names the node and what to do."""
    nodes.Render(name="render", graph=graph, metadata=metadata, **{"frames": [1, 2], **inputs})

    with pytest.raises(PlanError, match=reason) as caught:
        make_plan(graph)

    assert caught.value.node == "Test.render"


def test_a_batch_whose_items_all_come_from_upstream_is_refused(graph):
    """Deadline's tasks are made when the job is submitted, so their number must be known."""
    source = nodes.Pass(name="source", graph=graph, value=[1, 2])
    render = nodes.Render(name="render", graph=graph, metadata={"batch_size": 1})
    source.outputs["value"].connect(render.inputs["frames"])

    with pytest.raises(PlanError, match="known only after upstream"):
        make_plan(graph)


def test_a_batch_over_an_input_with_sub_plugs_is_refused(graph):
    """They are a dict, which has no order to cut."""
    render = nodes.Render(name="render", graph=graph, metadata={"batch_size": 1})
    render.inputs["frames"]["left"].value = [1, 2]

    with pytest.raises(PlanError, match="'frames', which has sub-plugs; batch over a list"):
        make_plan(graph)


def test_a_batch_is_cut_by_the_first_input_that_is_known(graph):
    """Frames that are made upstream are as many as the images, whose numbers are not theirs."""
    source = nodes.Pass(name="source", graph=graph, value=[1, 2, 3])
    check = batched(graph, "check", size=2, over=("frames", "images"))
    check.inputs["images"].value = [7, 8, 9]
    source.outputs["value"].connect(check.inputs["frames"])

    job = jobs_by_name(graph)["check"]

    assert (job.frame_mode, str(job.frames)) == ("items", "0-2")


def test_batched_inputs_of_different_lengths_are_refused(graph):
    """Item i goes with item i."""
    nodes.Check(
        graph=graph, frames=[1, 2, 3], images=[1], metadata={"batch": {"size": 1, "over": ["frames", "images"]}}
    )

    with pytest.raises(PlanError, match="3 items and 'images' with 1"):
        make_plan(graph)


def test_values_that_do_not_survive_are_refused_by_node_and_plug(graph):
    """The error names node, plug, place and type, before anything is written."""
    nodes.Pass(name="render", graph=graph, value={"camera": [object()]})

    with pytest.raises(
        PlanError, match=r"Test\.render: input 'value' .*an object cannot be kept \(at \['camera'\]\[0\]\)"
    ):
        make_plan(graph)


def test_a_node_defined_inside_a_function_is_refused(graph):
    """A worker could not import it."""

    @Node(outputs=["value"])
    def hidden():
        return {}

    hidden(graph=graph)

    with pytest.raises(PlanError, match="inside a function"):
        make_plan(graph)


def test_an_attribute_that_no_constructor_could_restore_is_refused(graph):
    """A constructor that needs arguments cannot be called on a worker, so every attribute must survive."""
    node = nodes.Scale("x", 2, name="scale", graph=graph)
    node.handle = object()

    with pytest.raises(PlanError, match="attribute 'handle' cannot go to the farm"):
        make_plan(graph)


def test_a_graph_without_nodes_is_refused(graph):
    """There is nothing to submit."""
    with pytest.raises(PlanError, match="no nodes"):
        make_plan(graph)


def test_planning_while_a_script_is_loaded_is_refused(graph, monkeypatch):
    """Without a main guard, every worker would plan the graph."""
    nodes.Pass(graph=graph)
    monkeypatch.setenv(LOADING, "scene.py")

    with pytest.raises(LoadingError, match=r"scene\.py .*__main__"):
        make_plan(graph)


def test_unknown_interpreters_and_near_misses_are_worth_a_warning(graph):
    """A warning does not prevent planning."""
    nodes.Pass(name="a", graph=graph, metadata={"interpreter": "3dequalizer", "batchsize": 3})

    warnings = make_plan(graph, context=PlanContext(interpreters={"python"})).warnings

    assert [warning.kind for warning in warnings] == [WarningKind.METADATA, WarningKind.INTERPRETER]
    assert str(warnings[0]) == "Test.a: metadata 'batchsize' has no meaning here; is it 'batch_size'?"
    assert "'3dequalizer' is not configured" in str(warnings[1])


@pytest.mark.parametrize(
    ("settings", "entries"),
    [
        ({"pool": "cpu", "priority": 80}, {"Pool": "cpu", "Priority": "80"}),
        ({"limits": ["maya", "arnold"]}, {"LimitGroups": "maya,arnold"}),
        ({"environment": {"SHOW": "x=y", "N": 1}}, {"EnvironmentKeyValue0": "SHOW=x=y", "EnvironmentKeyValue1": "N=1"}),
        ({"output_directories": ["/a", "/b"]}, {"OutputDirectory0": "/a", "OutputDirectory1": "/b"}),
        ({"job_info": {"ForceReloadPlugin": True}}, {"ForceReloadPlugin": "true"}),
        ({"pool": None}, {}),
    ],
)
def test_settings_become_job_info(graph, settings, entries):
    """Readable names on one side, Deadline's keys on the other."""
    nodes.Pass(graph=graph, metadata={"deadline": settings})

    assert dict(make_plan(graph).jobs[0].job_info) == entries


def test_a_nodes_own_settings_win_over_those_of_the_graph(graph):
    """Graph-wide settings fill in what the node does not say."""
    nodes.Pass(graph=graph, metadata={"deadline": {"pool": "own"}})

    job = make_plan(graph, settings={"pool": "wide", "group": "wide"}).jobs[0]

    assert dict(job.job_info) == {"Pool": "own", "Group": "wide"}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"prioritty": 1}, "Did you mean 'priority'"),
        ({"priority": -1}, "from 0"),
        ({"concurrent_tasks": 17}, "from 1 to 16"),
        ({"pool": 3}, "must be text"),
        ({"comment": "two\nlines"}, "line break"),
        ({"limits": "maya"}, "list of texts"),
        ({"limits": ["a,b"]}, "comma"),
        ({"environment": {"A=B": 1}}, "not a name"),
        ({"job_info": {"Plugin": "Other"}}, "set by the plan"),
        ({"job_info": {"pool": "x"}, "pool": "y"}, "another setting"),
        ({"job_info": {"Bad Key": 1}}, "not a job info key"),
        ("cpu", "must be a dict"),
    ],
)
def test_bad_settings_are_refused(graph, settings, reason):
    """Misspelt or out of range: the error says what would be right."""
    nodes.Pass(name="a", graph=graph, metadata={"deadline": settings})

    with pytest.raises(SettingError, match=reason):
        make_plan(graph)


def test_a_class_whose_constructor_needs_arguments_is_planned(graph):
    """Its attributes are kept, so that it can be built without its constructor."""
    nodes.Scale("x", 3, graph=graph)

    record = make_plan(graph).jobs[0].record

    assert record["attributes"] == {"plug": "x", "factor": 3}
    assert record["default_constructor"] is False


def test_a_node_of_the_running_script_is_planned_by_its_file(graph, monkeypatch, tmp_path):
    """``__main__`` on one machine is a file on the other."""

    class Local(INode):
        def compute(self):
            """Nothing."""

    Local.__module__ = "__main__"
    Local.__qualname__ = "Local"
    main = sys.modules["__main__"]
    monkeypatch.setattr(main, "Local", Local, raising=False)
    script = tmp_path / "script.py"
    script.touch()
    monkeypatch.setattr(main, "__file__", str(script), raising=False)
    monkeypatch.setattr(main, "__spec__", None)
    OutputPlug("value", Local(graph=graph))

    source = make_plan(graph).jobs[0].record["class"]

    assert source == {"module": "__main__", "qualname": "Local", "file": str(script)}
