"""What a node can tell about where it is evaluated, as the page on workflows says."""

from __future__ import annotations

from pathlib import Path

import differing_nodes as nodes
import pytest
from flowpipe import Graph

from flowpipe_deadline import OfflineEvaluator
from flowpipe_deadline.evaluator.nodes import NodeError

SUPPORT = str(Path(__file__).parents[1] / "support")


def evaluate(graph, *, on_farm):
    """Evaluates the graph, here or by jobs."""
    nodes.CALLS.clear()
    options = {"mode": None, "evaluator": OfflineEvaluator(workers=1)} if on_farm else {}
    graph.evaluate(**options)


@pytest.fixture(autouse=True)
def _workers_environment(monkeypatch):
    """Workers find what the nodes of the tests import; no root is set."""
    monkeypatch.setenv("PYTHONPATH", SUPPORT)
    monkeypatch.delenv("FLOWPIPE_DEADLINE_ROOT", raising=False)


@pytest.fixture
def evaluated(request):
    """A node that changes what another is given as well, and one that looks around; evaluated."""
    graph = Graph(name="graph")
    make, change = nodes.Make(name="make", graph=graph), nodes.Change(name="change", graph=graph)
    look, around = nodes.Look(name="look", graph=graph), nodes.Neighbours(name="around", graph=graph)
    make.outputs["items"].connect(change.inputs["items"])
    make.outputs["items"].connect(look.inputs["items"])
    change.outputs["items"].connect(around.inputs["items"])
    evaluate(graph, on_farm=request.param)
    return graph


@pytest.mark.parametrize("evaluated", [False], indirect=True)
def test_nodes_that_are_evaluated_here_share_everything(evaluated):
    """Values, the graph, and the state of their modules; what they keep is there afterwards."""
    assert evaluated["look"].outputs["items"].value == [[1, 2], [1, 2]]
    assert evaluated["look"].outputs["calls"].value == ["Change", "Look"]
    assert evaluated["around"].outputs["found"].value == ["graph", 4, ["change"], True]
    assert evaluated["around"].seen == ["change"]


@pytest.mark.parametrize("evaluated", [True], indirect=True)
def test_nodes_on_the_farm_share_nothing_but_values(evaluated):
    """These are copies, in which two items are never one; a node is alone, and only its outputs come back."""
    assert evaluated["change"].outputs["items"].value == [[1, 2], [1]]
    assert evaluated["look"].outputs["items"].value == [[1], [1]]
    assert evaluated["look"].outputs["calls"].value == ["Look"]
    assert evaluated["around"].outputs["found"].value == ["graph", 1, [], False]
    assert evaluated["around"].seen is None


def test_what_belongs_to_a_process_is_handed_on_only_within_one(graph):
    """On the farm it is refused by the name of the output."""
    nodes.Lock(name="lock", graph=graph)
    evaluate(graph, on_farm=False)

    with pytest.raises(NodeError, match=r"lock: its output 'lock' cannot be passed on: a _thread\.lock cannot be kept"):
        evaluate(graph, on_farm=True)
