"""flowpipe's ``graph.evaluate`` with our evaluators: nobody can tell from the graph where it was evaluated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import failing_nodes
import farm_nodes as nodes
import psutil
import pytest
from flowpipe import Graph, Node
from harness import evaluate_plan, write_script
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patience import wait_until
from random_examples import examples

from flowpipe_deadline import OfflineEvaluator, plan_graph, write_bundle
from flowpipe_deadline.errors import EvaluationError, MergeError, PlanError
from flowpipe_deadline.graph_evaluators.live_graph import GraphEvaluator
from flowpipe_deadline.offline.repository import Repository, TaskStatus
from flowpipe_deadline.planning.graph import sorted_nodes
from flowpipe_deadline.results.codec import encode

TESTS = str(Path(__file__).parents[1] / "support")


@pytest.fixture(autouse=True)
def _workers_environment(monkeypatch):
    """Workers find what the nodes of the tests import; no root is set."""
    monkeypatch.setenv("PYTHONPATH", TESTS)
    monkeypatch.delenv("FLOWPIPE_DEADLINE_ROOT", raising=False)


def evaluate_offline(graph, **options):
    """Evaluates the graph on the offline farm, through flowpipe's own hook."""
    graph.evaluate(mode=None, evaluator=OfflineEvaluator(workers=4), **options)


def plugs_of(graph):
    """Every plug of the graph and of those connected, with the type and value it holds, and whether it is dirty."""
    return {
        f"{node.graph.name}.{node.name} {side} {name}": (encode(plug.value), plug.is_dirty)
        for node in sorted_nodes(graph)
        for side, plugs in (("in", node.all_inputs()), ("out", node.all_outputs()))
        for name, plug in plugs.items()
    }


def sub_plugs():
    """Sub-plugs that compute makes, connected whole and one by one, and such that it leaves alone."""
    graph = Graph(name="graph")
    split = nodes.Split(name="split", graph=graph, value=(1, {2}))
    whole = nodes.Collect(name="whole", graph=graph)
    single = nodes.Collect(name="single", graph=graph)
    plain = nodes.Pass(name="plain", graph=graph)
    split.outputs["parts"]["extra"].connect(single.inputs["images"]["extra"])
    split.outputs["parts"]["left"].connect(single.inputs["images"]["left"])
    split.outputs["parts"].connect(whole.inputs["images"]["all"])
    split.outputs["parts"].connect(plain.inputs["value"])
    return graph


def connected_graphs():
    """Three graphs in a row, of which the first does not know the last."""
    first, second, third = (Graph(name=name) for name in ("first", "second", "third"))
    start = nodes.Add(name="add", graph=first, first=1, second=2)
    middle = nodes.Add(name="add", graph=second, second=10)
    end = nodes.Add(name="add", graph=third, second=100)
    start.outputs["total"].connect(middle.inputs["first"])
    middle.outputs["total"].connect(end.inputs["first"])
    return first


def batches():
    """A chunked node, one that is chunked alike, and one that takes it whole."""
    graph = Graph(name="graph")
    render = nodes.Render(name="render", graph=graph, frames=range(1, 8), factor=2, metadata={"batch_size": 3})
    batch = {"size": 2, "over": ["frames", "images"]}
    check = nodes.Check(name="check", graph=graph, frames=range(1, 8), metadata={"batch": batch})
    collect = nodes.Collect(name="collect", graph=graph)
    render.outputs["items"].connect(check.inputs["images"])
    render.outputs["table"].connect(collect.inputs["images"]["table"])
    check.outputs["images"].connect(collect.inputs["images"]["checked"])
    return graph


def omitted():
    """An omitted node between two others, with an output of earlier days."""
    graph = Graph(name="graph")
    first = nodes.Pass(name="first", graph=graph, value=[1])
    between = nodes.Pass(name="between", graph=graph)
    last = nodes.Pass(name="last", graph=graph)
    between.outputs["value"].value = "earlier"
    between.omit = True
    first.outputs["value"].connect(between.inputs["value"])
    between.outputs["value"].connect(last.inputs["value"])
    return graph


def silent_outputs():
    """A node that sets no output: the one it had stays, here and downstream."""
    graph = Graph(name="graph")
    silent = nodes.Silent(name="silent", graph=graph)
    after = nodes.Pass(name="after", graph=graph)
    silent.outputs["value"].value = Path("/kept")
    silent.outputs["value"].connect(after.inputs["value"])
    return graph


def kinds_of_values():
    """Classes of nodes and of values that have to be found again."""
    graph = Graph(name="graph")
    values = (nodes.Colour.RED, nodes.Shot("sh010", (1, 2)), {1: b"x"}, Path("/a"), float("inf"), None)
    first = nodes.Pass(name="first", graph=graph, value=values)
    second = nodes.Pass(name="second", graph=graph)
    nodes.Scale(plug="width", factor=3, name="scale", graph=graph).inputs["width"].value = 4
    first.outputs["value"].connect(second.inputs["value"])
    return graph


@pytest.mark.parametrize(
    "build", [sub_plugs, connected_graphs, batches, omitted, silent_outputs, kinds_of_values], ids=lambda f: f.__name__
)
def test_the_plugs_are_left_as_flowpipe_leaves_them(build):
    """Values with their types, sub-plugs, and what is dirty, of every node; and each has the statistics of its run."""
    here, farmed = build(), build()

    here.evaluate()
    evaluate_offline(farmed)

    assert plugs_of(farmed) == plugs_of(here)
    for ours, flowpipes in zip(sorted_nodes(farmed), sorted_nodes(here)):
        assert ours.stats.keys() == flowpipes.stats.keys()


def test_a_task_that_ends_while_the_farm_is_read_is_noticed(graph, monkeypatch):
    """The last state has all jobs complete, so that no node is left without its outputs."""
    read = Repository.job_status

    def read_slowly(repository):
        statuses = read(repository)
        while any(task.status is not TaskStatus.COMPLETED for task in repository.tasks()):
            time.sleep(0.01)
        return statuses

    monkeypatch.setattr(Repository, "job_status", read_slowly)
    node = nodes.Pass(graph=graph, value=1)

    evaluate_offline(graph)

    assert node.outputs["value"].value == 1


def test_a_value_is_handed_on_and_not_copied(graph):
    """Output and inputs hold the same object, as in flowpipe."""
    first = nodes.Pass(name="first", graph=graph, value=[1])
    second = nodes.Pass(name="second", graph=graph)
    first.outputs["value"].connect(second.inputs["value"])

    evaluate_offline(graph)

    assert second.inputs["value"].value is first.outputs["value"].value


class InProcessEvaluator(GraphEvaluator):
    """Evaluates every task of the plan in this process, and has the graph follow."""

    def __init__(self, root):
        self._root = root

    def _run(self, graph, skip, live_graph):
        plan = plan_graph(graph, skip=skip)
        bundle = write_bundle(plan, root=self._root)
        evaluate_plan(plan, bundle)
        live = live_graph(bundle=bundle)
        live.follow({job.key: "completed" for job in plan.jobs}, explain=str)
        return live


OUTPUTS = {"Pass": ["value"], "Split": ["parts", "whole"], "Silent": ["value", "other"]}


@st.composite
def any_graphs(draw):
    """A function that builds a graph, the same one at each call, of nodes connected in every way."""
    kinds = draw(st.lists(st.sampled_from(sorted(OUTPUTS)), min_size=1, max_size=6))
    keys = st.sampled_from([None, None, "left", "other"])
    edges = []
    for target in range(1, len(kinds)):
        for source in draw(st.lists(st.integers(0, target - 1), max_size=3)):
            edges.append((source, draw(st.sampled_from(OUTPUTS[kinds[source]])), draw(keys), target, draw(keys)))
    omitted = draw(st.sets(st.integers(0, len(kinds) - 1), max_size=2))

    def build():
        graph = Graph(name="any")
        made = [getattr(nodes, kind)(name=f"n{i}", graph=graph, value=i) for i, kind in enumerate(kinds)]
        for source, output, output_key, target, input_key in edges:
            out, into = made[source].outputs[output], made[target].inputs["value"]
            (out if output_key is None else out[output_key]).connect(into if input_key is None else into[input_key])
        for place in omitted:
            made[place].omit = True
        return graph

    return build


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=examples(15))
@given(build=any_graphs(), changed=st.sets(st.integers(0, 5), max_size=2), skip_clean=st.booleans())
def test_any_graph_is_left_as_flowpipe_leaves_it(tmp_path, build, changed, skip_clean):
    """The first time, and again after inputs have changed, with its clean nodes or without; the same are told of."""
    here, farmed = build(), build()
    evaluator = InProcessEvaluator(tmp_path)
    told = {"here": [], "farmed": []}

    here.evaluate()
    farmed.evaluate(mode=None, evaluator=evaluator)
    assert plugs_of(farmed) == plugs_of(here)
    for graph in (here, farmed):
        for node in (graph.nodes[place] for place in changed if place < len(graph.nodes)):
            for plug in node.inputs["value"].sub_plugs.values() or [node.inputs["value"]]:
                plug.value = {"changed": True}
    here.evaluate(skip_clean=skip_clean, on_node_event=lambda node, *_: told["here"].append(node.name))
    farmed.evaluate(
        mode=None,
        evaluator=evaluator,
        skip_clean=skip_clean,
        on_node_event=lambda node, *_: told["farmed"].append(node.name),
    )

    assert plugs_of(farmed) == plugs_of(here)
    assert sorted(told["farmed"]) == sorted(told["here"])


def chain(log):
    """Four nodes in a row, whose third is fed by a sub-plug: flowpipe does not make it dirty when the first changes."""
    graph = Graph(name="graph")
    first = nodes.Wait(name="first", graph=graph, value=1)
    split = nodes.Split(name="split", graph=graph)
    third = nodes.Wait(name="third", graph=graph, log=str(log))
    last = nodes.Add(name="last", graph=graph, second=5)
    first.outputs["value"].connect(split.inputs["value"])
    split.outputs["parts"]["left"].connect(third.inputs["value"])
    third.outputs["value"].connect(last.inputs["first"])
    return graph


@pytest.mark.parametrize(
    ("changes", "evaluated"),
    [
        ({}, []),
        ({"first": "value"}, ["first", "split"]),
        ({"last": "second"}, ["last"]),
        ({"first": "value", "last": "second"}, ["first", "split", "last"]),
    ],
    ids=["nothing changed", "the first", "the last", "first and last"],
)
def test_clean_nodes_are_skipped_as_flowpipe_skips_them(tmp_path, changes, evaluated):
    """The same nodes are evaluated, with the same inputs, and the same ones are dirty afterwards."""
    log = tmp_path / "log"
    here, farmed = chain(log), chain(log)
    for graph in (here, farmed):
        graph.evaluate()
        for node, plug in changes.items():
            graph[node].inputs[plug].value = 70
    log.unlink()
    events = []

    here.evaluate(skip_clean=True)
    evaluate_offline(farmed, skip_clean=True, on_node_event=lambda node, event, _: events.append((node.name, event)))

    assert [name for name, event in events if event == "finished"] == evaluated
    assert plugs_of(farmed) == plugs_of(here)
    assert not log.exists()


def test_a_clean_node_does_not_have_to_be_loadable(graph):
    """Only its outputs are used, so that a node of this session may feed the farm."""

    @Node(outputs=["value"])
    def Local():
        return {"value": {1, 2}}

    local = Local(graph=graph)
    after = nodes.Pass(name="after", graph=graph)
    local.outputs["value"].connect(after.inputs["value"])
    local.evaluate()

    evaluate_offline(graph, skip_clean=True)

    assert after.outputs["value"].value == {1, 2}


@pytest.mark.parametrize("skip_clean", [False, True])
def test_a_graph_with_nothing_to_do_is_left_alone(graph, skip_clean):
    """Nothing is started for a graph without nodes, or with omitted ones only."""
    evaluate_offline(Graph(name="empty"), skip_clean=skip_clean)
    node = nodes.Pass(name="node", graph=graph)
    node.omit = True
    events = []

    evaluate_offline(graph, skip_clean=skip_clean, on_node_event=lambda _, event, info: events.append((event, info)))

    assert events == [("started", None), ("finished", None)]
    assert node.is_dirty


def test_events_come_in_flowpipes_order():
    """A node is told of after those that feed it, omitted ones in their turn, and has its outputs by then."""
    told = {}
    for name, evaluate in (("here", Graph.evaluate), ("farmed", evaluate_offline)):
        graph, told[name] = omitted(), []
        evaluate(graph, on_node_event=lambda *event, log=told[name]: log.append(described(*event)))

    assert told["farmed"] == told["here"]
    assert told["farmed"][:2] == [("first", "started", None, None), ("first", "finished", [1], None)]


def described(node, event, info):
    """An event without its node."""
    return node.name, event, node.outputs["value"].value, info


def test_listeners_of_the_node_hear_what_happens_to_it(graph):
    """The events of flowpipe's own, in the process that evaluates the graph."""
    heard = []
    fine = failing_nodes.Raise(name="fine", graph=graph, value=1)
    fails = failing_nodes.Raise(name="fails", graph=graph, kind="plain")
    left_out = nodes.Pass(name="left_out", graph=graph)
    left_out.omit = True
    for node in (fine, fails, left_out):
        for name, event in node.events.items():
            event.register(lambda node, name=name: heard.append((node.name, name.partition("-")[2])))

    with pytest.raises(ValueError, match="no scene"):
        evaluate_offline(graph)

    assert sorted(heard) == [
        ("fails", "exception"),
        ("fails", "started"),
        ("fine", "finished"),
        ("fine", "started"),
        ("left_out", "omitted"),
    ]


def test_a_failure_keeps_what_was_complete():
    """What does not depend on the failed node is evaluated and brought back; what does is as it was."""
    graph = Graph(name="graph")
    first = nodes.Pass(name="first", graph=graph, value=1)
    fails = failing_nodes.Raise(name="fails", graph=graph, kind="own")
    after = nodes.Collect(name="after", graph=graph)
    beside = nodes.Pass(name="beside", graph=graph)
    first.outputs["value"].connect(fails.inputs["value"])
    first.outputs["value"].connect(beside.inputs["value"])
    fails.outputs["value"].connect(after.inputs["images"]["a"])
    events = []

    with pytest.raises(failing_nodes.LicenceError) as caught:
        evaluate_offline(graph, on_node_event=lambda node, event, info: events.append((node.name, event, info)))

    assert (first.outputs["value"].value, beside.outputs["value"].value) == (1, 1)
    assert (fails.inputs["value"].value, fails.outputs["value"].value, after.outputs["parts"].value) == (1, None, None)
    assert [node.is_dirty for node in (first, beside, fails, after)] == [False, False, True, True]
    assert ("fails", "failed", {"error": caught.value}) in events
    assert [name for name, event, _ in events if name == "after"] == []


@pytest.mark.parametrize("kind", ["plain", "own", "file", "text", "exit"])
def test_what_a_node_raises_is_raised(graph, kind):
    """The same class, message and attributes as here; the traceback that it had there is its cause."""
    node = failing_nodes.Raise(name="node", graph=graph, kind=kind)
    with pytest.raises(BaseException) as here:  # noqa: PT011
        node.evaluate()

    with pytest.raises(BaseException) as farmed:  # noqa: PT011
        evaluate_offline(graph)

    assert type(farmed.value) is type(here.value)
    assert (str(farmed.value), farmed.value.args) == (str(here.value), here.value.args)
    assert vars(farmed.value) == vars(here.value)
    assert getattr(farmed.value, "filename", None) == getattr(here.value, "filename", None)
    assert getattr(farmed.value, "code", None) == getattr(here.value, "code", None)
    assert isinstance(farmed.value.__cause__, EvaluationError)
    assert "failing_nodes.py" in farmed.value.__cause__.report


def test_what_an_error_holds_comes_back_as_far_as_it_can(graph):
    """Its message in place of arguments that cannot be kept, and the attributes that can."""
    failing_nodes.Raise(name="node", graph=graph, kind="handle")

    with pytest.raises(failing_nodes.HandleError, match="lost") as caught:
        evaluate_offline(graph)

    assert vars(caught.value) == {"shot": "sh010"}


def test_an_error_that_cannot_be_imported_is_told_with_its_traceback(graph):
    """Its class stands in a function of the node's module."""
    failing_nodes.Raise(name="node", graph=graph, kind="local")

    with pytest.raises(EvaluationError) as caught:
        evaluate_offline(graph)

    assert caught.value.node == "Test.node"
    assert str(caught.value).splitlines()[0] == "Test.node failed on the farm:"
    assert str(caught.value).splitlines()[-1].endswith("LocalError: somewhere")


def test_a_crash_is_told_with_the_last_words(graph):
    """The interpreter is gone, and with the temporary folder so is the task's log: its end is in the error."""
    failing_nodes.Crash(name="node", graph=graph)

    with pytest.raises(EvaluationError, match="exit code 7") as caught:
        evaluate_offline(graph)

    assert "the last thing it said" in caught.value.report


def test_a_failed_chunk_fails_its_node(graph):
    """One chunk is there and the other raises: nothing of the node comes back."""
    batch = {"batch": {"size": 1, "over": ["numbers"]}}
    node = failing_nodes.Divide(name="node", graph=graph, numbers=[1, 0, 2], metadata=batch)

    with pytest.raises(ZeroDivisionError):
        evaluate_offline(graph)

    assert node.outputs["value"].value is None
    assert node.is_dirty


def test_chunks_that_cannot_be_merged_fail_their_node(graph):
    """Also where nobody is downstream to ask for them."""
    node = nodes.Pass(name="node", graph=graph, value=[1, 2], metadata={"batch": {"size": 1, "over": ["value"]}})
    node.metadata["batch"]["merge"] = {"value": "same"}

    with pytest.raises(MergeError, match=r"node.value: the rule 'same'"):
        evaluate_offline(graph)

    assert node.outputs["value"].value is None


def test_a_task_may_be_tried_again(graph, tmp_path):
    """As often as the evaluator is told; an error that was overcome is none."""
    node = nodes.FailOnce(name="node", graph=graph, marker=str(tmp_path / "marker"), value=5)

    graph.evaluate(mode=None, evaluator=OfflineEvaluator(failure_limit=2))

    assert node.outputs["value"].value == 5


def test_nodes_of_a_function_are_refused_before_anything_happens(graph):
    """No other process could load them; the error says what to do."""

    @Node(outputs=["value"])
    def Local():
        return {"value": 1}

    Local(graph=graph)
    events = []

    with pytest.raises(PlanError, match="defined inside a function; move it to the top of its module"):
        evaluate_offline(graph, on_node_event=lambda *event: events.append(event))

    assert events == []


def test_without_a_root_nothing_stays(graph, tmp_path, monkeypatch):
    """The bundle was temporary."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    nodes.Pass(name="node", graph=graph, value=1)

    evaluate_offline(graph)

    assert list(tmp_path.iterdir()) == []


def test_files_that_a_node_leaves_in_a_temporary_bundle_are_kept(graph, tmp_path, monkeypatch, caplog):
    """A relative path means the bundle's folder; a warning says where that is."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    failing_nodes.Litter(name="node", graph=graph, file="image.png")

    evaluate_offline(graph)

    (image,) = tmp_path.glob("*/*/image.png")
    assert image.read_text() == "rendered"
    assert f"nodes wrote image.png into {image.parent}, which is kept; give nodes full paths" in caplog.text


@pytest.mark.parametrize("given", ["argument", "variable"])
def test_with_a_root_the_bundle_stays(graph, tmp_path, monkeypatch, given):
    """Named by an argument or by FLOWPIPE_DEADLINE_ROOT."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_ROOT", str(tmp_path / "variable"))
    nodes.Pass(name="node", graph=graph, value=1)
    root = tmp_path / "argument" if given == "argument" else None

    graph.evaluate(mode=None, evaluator=OfflineEvaluator(root=root))

    assert len(list((tmp_path / given).glob("Test-*/results/node/whole.json"))) == 1
    assert [path.name for path in tmp_path.iterdir()] == [given]


def test_a_callback_that_raises_ends_the_evaluation(graph, tmp_path, monkeypatch):
    """Its error comes out, as with flowpipe, and nothing is left behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    nodes.Wait(name="slow", graph=graph, seconds=30)

    def refuse(node, event, info):
        raise RuntimeError(f"{node.name} is not welcome")

    with pytest.raises(RuntimeError, match="slow is not welcome"):
        evaluate_offline(graph, on_node_event=refuse)

    assert list(tmp_path.iterdir()) == []


SCRIPT = """
from farm_nodes import Wait
from flowpipe import Graph, Node
from flowpipe_deadline import OfflineEvaluator

@Node(outputs=["value"])
def Own(value):
    return {"value": value}

graph = Graph(name="Script")
own = Own(graph=graph, value=1)
slow = Wait(graph=graph, seconds=SECONDS, log='LOG')
own.outputs["value"].connect(slow.inputs["value"])
GUARD
    graph.evaluate(mode=None, evaluator=OfflineEvaluator())
    print("value", slow.outputs["value"].value)
"""


def evaluating_script(folder, *, guard='if __name__ == "__main__":', seconds=0.0):
    """A script that evaluates its graph under that guard, and the file its node writes to when it is at it."""
    log = folder / "log"
    text = SCRIPT.replace("GUARD", guard).replace("SECONDS", str(seconds)).replace("LOG", str(log))
    return write_script(folder, text), log


def test_nodes_of_the_running_script_are_evaluated(tmp_path):
    """Defined beside the evaluation, which stands under a main guard."""
    script, _ = evaluating_script(tmp_path)

    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=60)

    assert (run.stdout, run.returncode) == ("value 1\n", 0), run.stderr


def test_a_script_without_a_main_guard_is_refused(tmp_path):
    """It would evaluate itself again on every worker; the error says what to do."""
    script, _ = evaluating_script(tmp_path, guard="if True:")

    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=60)

    assert run.returncode == 1
    assert "would evaluate a graph while it is loaded for its nodes" in run.stderr.splitlines()[-1]
    assert "put that call under  if __name__ == '__main__':" in run.stderr.splitlines()[-1]


def test_ctrl_c_stops_the_evaluation(tmp_path):
    """A KeyboardInterrupt as with flowpipe; no process goes on, and no file stays."""
    script, log = evaluating_script(tmp_path, seconds=100)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, text=True, env=environment)
    wait_until(log.exists)
    below = psutil.Process(process.pid).children(recursive=True)

    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    assert errors.splitlines()[-1] == "KeyboardInterrupt"
    assert [child for child in below if child.is_running()] == []
    assert list(temporary.iterdir()) == []


def test_skipped_nodes_are_no_part_of_the_plan():
    """What they feed keeps the value it has, and waits for what was before them."""
    graph = omitted()
    graph["between"].omit = False

    plan = plan_graph(graph, skip=[graph["between"]])

    assert [job.key for job in plan.jobs] == ["first", "last"]
    assert plan.omitted == ()
    assert [dependency.upstream for dependency in plan.jobs[1].dependencies] == ["first"]
    assert plan.jobs[1].record["inputs"]["value"] == {"value": "earlier", "source": None, "sub_plugs": {}}
    with pytest.raises(PlanError, match="omitted or skipped"):
        plan_graph(graph, skip=graph.nodes)
