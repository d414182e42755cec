"""What runs again is the least that must: random graphs and bad frames against a model of what depends on what.

The model is in ``redo_cases.py``, and knows nothing of records, results or versions.
"""

from __future__ import annotations

import os
import random

import pytest
import redo_nodes as nodes
from flowpipe import Graph
from redo_cases import SEEDS, Case, add_nodes

from flowpipe_deadline import redo_bundle
from flowpipe_deadline.redo.missing import tolerant_results
from tests.test_random_graphs import assert_equal, outputs_of

GRAPHS, PAIRS, EVALUATED = 8, 32, 2


@pytest.fixture(autouse=True)
def _good_again():
    """Nodes are bad only where a test says so."""
    yield
    nodes.BAD.clear()


@pytest.mark.parametrize("seed", range(2 * SEEDS))
def test_tasks_that_run_again_are_exactly_the_necessary_ones(tmp_path, monkeypatch, seed):
    """Of hundreds of pairs of graph and bad frames; some are spoilt and mended as well, and give what flowpipe gives.

    ``REDO_SEEDS`` tries more.
    """
    monkeypatch.setattr(os, "fsync", lambda _: None)  # Nobody pulls the plug.
    rng = random.Random(seed)
    for _ in range(GRAPHS):
        add_nodes(rng, graph := Graph(name="main"))
        case = Case(graph, tmp_path)
        results = tolerant_results(case.bundle)
        for number in range(PAIRS):
            atoms, asked = rng.choice([case.some_frames, case.some_failed])(rng)
            necessary = case.model.changed_by(atoms)
            assert case.selected(results, **asked) == necessary, (seed, asked)
            if number < EVALUATED:
                case.spoil(atoms)
                case.evaluate(necessary)
                assert_equal(outputs_of(case.bundle), case.good)
                assert case.selected(tolerant_results(case.bundle), which="stale") == set()


def test_what_was_requeued_by_hand_leaves_exactly_the_rest_stale(tmp_path, monkeypatch):
    """Tasks of one node run again alone, then what is stale: together these are what must, and nothing twice."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    rng = random.Random(5)
    for _ in range(GRAPHS):
        add_nodes(rng, graph := Graph(name="main"))
        case = Case(graph, tmp_path)
        atoms, asked = case.some_frames(rng)
        necessary = case.model.changed_by(atoms)
        case.spoil(atoms)
        alone = case.selected(tolerant_results(case.bundle), only=True, **asked)

        case.evaluate(alone)
        stale = case.selected(tolerant_results(case.bundle), which="stale")

        assert (alone | stale, alone & stale) == (necessary, set())
        case.evaluate(stale)
        assert_equal(outputs_of(case.bundle), case.good)


@pytest.mark.parametrize("seed", range(11, 11 + SEEDS))
def test_the_offline_farm_runs_exactly_these(tmp_path, monkeypatch, seed):
    """A dozen graphs in one bundle, each with bad frames, in one run: results of all other tasks stay."""
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(nodes.__file__))
    rng, graph = random.Random(seed), Graph(name="main")
    for number in range(12):
        add_nodes(rng, graph, prefix=f"g{number}n")
    case = Case(graph, tmp_path)
    tasks = [rng.choice([task for task in case.chunks if task[0][0].startswith(f"g{n}n")]) for n in range(12)]
    atoms = [atom for task in tasks for atom in task]
    case.spoil(atoms)
    for task in tasks:
        case.fail(task)
    before = case.tokens()

    result = redo_bundle(case.bundle, which="failed", workers=2)

    after = case.tokens()
    again = {task for task in case.chunks if before.get(task) != after[task]}
    assert again == case.model.changed_by(atoms) == case.tasks_of(result.tasks)
    assert result.left == {}
    assert_equal(outputs_of(case.bundle), case.good)
