"""Everything that keeps a graph from being planned, told at once."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from flowpipe import Graph, InputPlug
from harness import run_cli, write_script

from flowpipe_deadline.core.warnings import ErrorCollector
from flowpipe_deadline.errors import CycleError, PlanError, PreflightError, SettingError
from flowpipe_deadline.planning.planner import make_plan


def problems_of_plan(graph):
    """What keeps the graph from being planned: at least two problems."""
    with pytest.raises(PreflightError) as caught:
        make_plan(graph)
    return caught.value.errors


def link(source, target):
    """Connects two plugs past flowpipe's own checks, which refuse some cycles."""
    source.connections.append(target)
    target.connections.append(source)


def ring(graph, *names):
    """Nodes that feed one another in a circle."""
    made = [nodes.Add(name=name, graph=graph) for name in names]
    for one, other in zip(made, [*made[1:], made[0]]):
        link(one.outputs["total"], other.inputs["first"])
    return made


def test_a_problem_is_raised_as_it_is(graph):
    """Nobody has to look into a collection of one."""
    nodes.Pass(name="good", graph=graph)
    nodes.Pass(name="bad", graph=graph, metadata={"deadline": {"prioritty": 1}})

    with pytest.raises(SettingError, match="Did you mean 'priority'"):
        make_plan(graph)


def test_problems_of_all_nodes_come_in_the_order_of_the_graph(graph):
    """Each node is looked at, whatever is wrong with those before it."""
    nodes.Pass(name="c", graph=graph, metadata={"deadline": {"prioritty": 1}})
    nodes.Render(name="a", graph=graph, frames=5, metadata={"batch_size": 1})
    nodes.Pass(name="b", graph=graph, value=object())

    errors = problems_of_plan(graph)

    assert [error.node for error in errors] == ["Test.c", "Test.a", "Test.b"]
    assert [type(error) for error in errors] == [SettingError, PlanError, PlanError]


def test_several_problems_of_one_node_are_all_told(graph):
    """Settings, merge rules, values and attributes can be looked at on their own."""
    node = nodes.Scale("x", 2, name="scale", graph=graph, metadata={"deadline": {"priority": -1}})
    node.handle, node.lock = object(), object()
    node.inputs["x"].value = object()
    InputPlug("lights", node)["key"].value = object()

    errors = problems_of_plan(graph)

    assert [error.reason.partition(" cannot go to the farm")[0] for error in errors[1:]] == [
        "its attribute 'handle'",
        "its attribute 'lock'",
        "input 'x'",
        "input 'lights.key'",
    ]
    assert isinstance(errors[0], SettingError)


def test_all_inputs_that_cannot_be_cut_are_told(graph):
    """Each name in ``over`` is looked at, and each merge rule."""
    batch = {"size": 1, "over": ["frames", "nope", "images"], "merge": {"imagse": "concat", "sum": "sum"}}
    nodes.Check(name="a", graph=graph, frames=[1], images=7, metadata={"batch": batch})

    errors = problems_of_plan(graph)

    assert [error.reason.partition(",")[0] for error in errors] == [
        "is batched over 'nope'",
        "is batched over 'images'",
        "has a merge rule for 'imagse'",
        "has a merge rule for 'sum'",
    ]


def test_a_node_without_problems_gets_none_from_those_upstream(graph):
    """What it takes from a broken node still counts as taken from there."""
    broken = nodes.Pass(name="broken", graph=graph, metadata={"interpreter": "my maya"})
    fed = nodes.Pass(name="fed", graph=graph)
    broken.outputs["value"].connect(fed.inputs["value"])
    fed.inputs["value"].value = object()

    with pytest.raises(SettingError) as caught:
        make_plan(graph)

    assert caught.value.node == "Test.broken"


def test_an_omitted_node_is_looked_at_too(graph):
    """Its record goes into the bundle as well."""
    nodes.Pass(name="good", graph=graph)
    omitted = nodes.Pass(name="omitted", graph=graph, value=object(), metadata={"deadline": {"priority": -1}})
    omitted.omit = True

    assert [error.node for error in problems_of_plan(graph)] == ["Test.omitted", "Test.omitted"]


def test_a_cycle_hides_no_other_problem(graph):
    """Nodes in the cycle, behind it and beside it are looked at."""
    a, _ = ring(graph, "a", "b")
    a.inputs["second"].value = object()
    behind = nodes.Pass(name="behind", graph=graph, metadata={"deadline": {"priority": -1}})
    link(a.outputs["total"], behind.inputs["value"])
    nodes.Pass(name="beside", graph=graph, value=object())

    cycle, *others = problems_of_plan(graph)

    assert cycle.path == ("a", "b", "a")
    assert sorted(error.node for error in others) == ["Test.a", "Test.behind", "Test.beside"]


def test_all_cycles_are_told(graph):
    """Also one that waits for another, and a node that feeds itself."""
    first = ring(graph, "a", "b", "c")
    second = ring(graph, "d", "e")
    alone = nodes.Pass(name="f", graph=graph)
    link(alone.outputs["value"], alone.inputs["value"])
    link(first[0].outputs["total"], second[1].inputs["second"])

    errors = problems_of_plan(graph)

    assert [error.path for error in errors] == [("a", "b", "c", "a"), ("d", "e", "d"), ("f", "f")]


def test_of_cycles_that_share_a_node_one_is_told(graph):
    """Cutting it may cut the other as well."""
    _, b = ring(graph, "a", "b")
    c = nodes.Pass(name="c", graph=graph)
    link(b.outputs["total"], c.inputs["value"])
    link(c.outputs["value"], b.inputs["second"])

    with pytest.raises(CycleError) as caught:
        make_plan(graph)

    assert caught.value.path == ("a", "b", "a")


def test_thousands_of_cycles_are_told(graph):
    """No squares of time where much is wrong."""
    made = [nodes.Add(name=str(index), graph=None) for index in range(4000)]
    graph.nodes.extend(made)
    for node in made:
        node.graph = graph
    for one, other in zip(made[::2], made[1::2]):
        link(one.outputs["total"], other.inputs["first"])
        link(other.outputs["total"], one.inputs["first"])
    for one, other in zip(made[1::2], made[2::2]):
        link(one.outputs["total"], other.inputs["second"])

    assert len(problems_of_plan(graph)) == 2000


def test_a_problem_that_many_nodes_share_is_one_line(graph):
    """The message stays readable; the errors are all there."""
    for index in range(5):
        nodes.Pass(name=f"n{index}", graph=graph, metadata={"deadline": {"prioritty": 1}})

    with pytest.raises(PreflightError) as caught:
        make_plan(graph)

    assert len(caught.value.errors) == 5
    assert caught.value.lines == [
        "Test.n0, Test.n1, Test.n2 and 2 more: unknown setting 'prioritty'. Did you mean 'priority'?"
    ]
    assert str(caught.value).splitlines()[0] == "5 errors:"


def test_collected_problems_keep_where_they_came_from():
    """A traceback leads to the line that raised, and to the cause."""
    errors = ErrorCollector()

    with errors.collected():
        raise PlanError("a", "one") from ValueError("why")

    with pytest.raises(PlanError) as caught:
        errors.raise_all()
    assert isinstance(caught.value.__cause__, ValueError)


def test_other_errors_are_not_collected():
    """A bug is no finding."""
    errors = ErrorCollector()

    with pytest.raises(ZeroDivisionError), errors.collected():
        1 / 0  # noqa: B018

    errors.raise_all()


def test_the_command_line_tells_each_problem_in_a_line(tmp_path):
    """One line to count them, one for each."""
    script = write_script(
        tmp_path,
        "from flowpipe import Graph, Node\n"
        "graph = Graph(name='g')\n"
        "@Node(outputs=['x'])\n"
        "def Make(a=None, b=None): return {'x': 1}\n"
        "Make(graph=graph, a=object(), b=object(), metadata={'interpreter': 3})\n",
    )

    result = run_cli("plan", f"{script}:graph")

    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "Error: 3 errors:",
        "- g.Make: 3 is not an interpreter; use a name such as 'maya' or 'maya-2025'",
        "- g.Make: input 'a' cannot go to the farm, as plain data and paths can: an object cannot be kept",
        "- g.Make: input 'b' cannot go to the farm, as plain data and paths can: an object cannot be kept",
    ]


def test_a_module_with_several_graphs_tells_its_cycle(tmp_path):
    """Choosing the graph needs no order of its nodes."""
    script = write_script(
        tmp_path,
        "from flowpipe import Graph, Node\n"
        "one, two = Graph(name='one'), Graph(name='two')\n"
        "@Node(outputs=['x'])\n"
        "def Make(x=None, y=None): return {'x': 1}\n"
        "a, b = Make(name='a', graph=one), Make(name='b', graph=two, y=object())\n"
        "for s, t in ((a, b), (b, a)):\n"
        "    s.outputs['x'].connections.append(t.inputs['x']); t.inputs['x'].connections.append(s.outputs['x'])\n",
    )

    result = run_cli("plan", script)

    assert "two.b -> one.a -> two.b" in result.stderr
    assert "input 'y' cannot go to the farm" in result.stderr


def test_a_graph_of_omitted_nodes_tells_their_problems_too():
    """That nothing would run is one problem of several."""
    graph = Graph(name="g")
    nodes.Pass(name="a", graph=graph, value=object()).omit = True

    errors = problems_of_plan(graph)

    assert [error.node for error in errors] == ["g.a", "g"]
