"""Tasks of the same jobs again: exactly those, in the right order, or everything as it was."""

from __future__ import annotations

import itertools

import pytest
from redo_farm import Farm, chosen, states, write_shot

from flowpipe_deadline.redo.farm import redo_on_farm

DONE = {"render": "CCC", "comp": "CCC", "collect": "C", "beside": "C"}
UNKNOWNS = [
    dict(zip(("requeued_upstream", "resumed_dependent", "pend_suspended", "wrong_state", "partly_pending"), choice))
    for choice in itertools.product(
        ("stays", "pends"), ("Pending", "Active"), ("works", "refused"), ("error", "nothing"), ("Active", "Pending")
    )
]


@pytest.fixture
def bundle(graph, tmp_path):
    """Four jobs."""
    return write_shot(graph, tmp_path)


@pytest.fixture
def farm(deadline, bundle, job_ids):
    """The workers, once everything is done."""
    workers = Farm(deadline, bundle)
    workers.run()
    assert states(deadline, job_ids) == DONE
    workers.log.clear()
    return workers


def test_what_was_chosen_runs_again_and_nothing_else(client, bundle, farm, job_ids, deadline):
    """One chunk of a frame-by-frame pipeline, and what is made of it."""
    result = redo_on_farm(client, bundle, chosen(bundle, render=["5-8"], comp=["5-8"], collect=None))

    assert states(deadline, job_ids) == {**DONE, "render": "CQC", "comp": "CPC", "collect": "P"}
    farm.run()
    assert farm.log == [("render", "5-8"), ("comp", "5-8"), ("collect", None)]
    assert farm.stale() == set()
    assert {key: [str(chunk) for chunk in chunks] for key, chunks in result.tasks.items()} == {
        "render": ["5-8"],
        "comp": ["5-8"],
        "collect": ["None"],
    }
    assert not (bundle.folder / "redo.json").exists()


@pytest.mark.parametrize("unknowns", UNKNOWNS, ids=lambda choice: "-".join(choice.values()))
def test_the_order_is_right_whatever_is_unknown(client, bundle, farm, job_ids, unknowns):
    """Also while workers take tasks at once, between any two calls; where no call keeps them away, now and then."""
    client.deadline.change_settings(unknowns=unknowns)
    is_open = (unknowns["resumed_dependent"], unknowns["pend_suspended"]) == ("Active", "refused")
    client.on_call = lambda number: farm.work() if not is_open or number % 5 == 0 else None

    redo_on_farm(client, bundle, chosen(bundle, render=["1-4", "9-10"], comp=["1-4", "9-10"], collect=None))
    farm.run()

    assert states(client.deadline, job_ids) == DONE
    assert farm.stale() == set()
    assert {("render", "5-8"), ("comp", "5-8"), ("beside", None)}.isdisjoint(farm.log)
    assert {("render", "1-4"), ("render", "9-10"), ("comp", "1-4"), ("comp", "9-10")} <= set(farm.log)
