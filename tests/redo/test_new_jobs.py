"""New jobs for a part of a submission: they wait for each other and for the ones that stay, all or none."""

from __future__ import annotations

import itertools

import pytest
from redo_farm import Farm, chosen, states, write_shot

from flowpipe_deadline import read_bundle
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.redo.ended import read_farm_tasks
from flowpipe_deadline.redo.farm import redo_on_farm
from flowpipe_deadline.redo.missing import tolerant_results
from flowpipe_deadline.redo.options import RedoOptions
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.submit.record import read_submission

NEW = RedoOptions(new_jobs=True)
UNKNOWNS = [
    dict(zip(("suspended_dependent", "resumed_dependent", "pend_suspended", "partly_pending"), choice))
    for choice in itertools.product(
        ("Suspended", "Pending"), ("Pending", "Active"), ("works", "refused"), ("Active", "Pending")
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
    workers.log.clear()
    return workers


@pytest.mark.parametrize("unknowns", UNKNOWNS, ids=lambda choice: "-".join(choice.values()))
def test_new_jobs_are_made_for_what_was_chosen(client, bundle, farm, job_ids, unknowns):
    """From the first to the last chunk; what is between does not run. The old jobs are not touched."""
    deadline = client.deadline
    deadline.change_settings(unknowns=unknowns)
    is_open = (unknowns["resumed_dependent"], unknowns["pend_suspended"]) == ("Active", "refused")
    client.on_call = (lambda _: None) if is_open else farm.work  # Else nothing keeps a worker away that is so fast.

    result = redo_on_farm(
        client,
        bundle,
        chosen(bundle, render=["1-4", "9-10"], comp=["1-4", "9-10"], collect=None),
        how=RedoOptions(new_jobs=True, entries={"Priority": "80"}, note="asked for by anna"),
    )
    client.on_call = lambda _: None
    farm.run()

    new = dict(result.new_jobs)
    assert list(new) == ["render", "comp", "collect"]
    jobs = {key: deadline.job(job_id) for key, job_id in new.items()}
    assert {key: (job.frames, job.chunk_size, job.dependencies) for key, job in jobs.items()} == {
        "render": ("1-10", 4, ()),
        "comp": ("1-10", 4, (new["render"],)),
        "collect": ("0", 1, (new["comp"],)),
    }
    assert {job.job_info["Priority"] for job in jobs.values()} == {"80"}
    assert {job.batch_name for job in jobs.values()} == {bundle.name}
    assert all("asked for by anna" in job.job_info["Comment"] for job in jobs.values())
    expected = [("render", "1-4"), ("render", "9-10"), ("comp", "1-4"), ("comp", "9-10"), ("collect", None)]
    assert sorted(farm.log, key=str) == sorted(expected, key=str)
    assert farm.stale() == set()
    record = read_submission(bundle.folder)
    assert record.jobs == {**job_ids, **new}
    assert record.earlier == {key: (job_ids[key],) for key in new}
    assert record.redo is None
    assert states(deadline, job_ids)["render"] == "CCC"


def test_a_part_at_the_end_depends_on_the_jobs_that_stay(client, bundle, farm, job_ids, deadline):
    """A redo of a redo depends on the newest."""
    first = redo_on_farm(client, bundle, chosen(bundle, comp=["5-8"], collect=None), how=NEW).new_jobs
    farm.run()
    second = redo_on_farm(client, bundle, chosen(bundle, collect=None), how=NEW).new_jobs
    farm.run()

    assert deadline.job(first["comp"]).dependencies == (job_ids["render"],)
    assert deadline.job(first["comp"]).frames == "5-8"
    assert deadline.job(second["collect"]).dependencies == (first["comp"],)
    assert farm.log == [("comp", "5-8"), ("collect", None), ("collect", None)]
    record = read_submission(bundle.folder)
    assert record.earlier["collect"] == (job_ids["collect"], first["collect"])
    assert set(record.all_ids) == {job.job_id for job in deadline.jobs()}
    outcome = cancel_submission(bundle, lambda: client)
    assert outcome.count("collect (") == 3, "each with its node, also those that were replaced"
    assert deadline.jobs() == []


def test_all_tasks_of_a_node_are_known_that_has_a_new_job_for_some(client, bundle, farm, deadline):
    """They can be chosen again: each runs in the newest job that has it."""
    new = redo_on_farm(client, bundle, chosen(bundle, comp=["5-8"]), how=NEW).new_jobs["comp"]
    farm.run()
    record = read_submission(bundle.folder)

    found = read_farm_tasks(client, bundle, record, results=tolerant_results(bundle), needs_states=True)
    assert [str(chunk) for chunk in found.tasks["comp"]] == ["1-4", "5-8", "9-10"]

    farm.log.clear()
    redo_on_farm(client, bundle, chosen(bundle, comp=None))
    farm.run()
    assert sorted(farm.log) == [("comp", "1-4"), ("comp", "5-8"), ("comp", "9-10")]
    assert states(deadline, {"old": record.earlier["comp"][0], "new": new}) == {"old": "CCC", "new": "C"}
    with pytest.raises(SubmissionError, match=r"does not depend on .*, so it would not wait for that; use --new-jobs"):
        redo_on_farm(client, bundle, chosen(bundle, comp=None, collect=None))


@pytest.mark.parametrize("waiting", ["repoint", "delete", "leave"])
def test_what_was_waiting_downstream(client, bundle, job_ids, deadline, waiting):
    """Is pointed to the new jobs, or deleted as new ones come for it too, or left as it is."""
    farm = Farm(deadline, bundle)
    for key, numbers in {"render": [0, 1], "comp": [0]}.items():
        deadline.change("complete", job_ids[key], task_ids=numbers)
    deadline.change("fail", job_ids["render"], task_ids=[2])
    assert states(deadline, job_ids) == {"render": "CCF", "comp": "CPP", "collect": "P", "beside": "Q"}

    result = redo_on_farm(
        client,
        bundle,
        chosen(bundle, render=["9-10"], comp=["9-10"], collect=None),
        how=RedoOptions(new_jobs=True, waiting=waiting),
    )
    farm.run()

    record = read_submission(bundle.folder)
    if waiting == "repoint":
        assert list(result.new_jobs) == ["render", "comp"]
        assert deadline.job(job_ids["collect"]).dependencies == (result.new_jobs["comp"], job_ids["comp"])
        assert record.jobs["collect"] == job_ids["collect"]
    else:
        assert list(result.new_jobs) == ["render", "comp", "collect"]
        is_there = job_ids["collect"] in {job.job_id for job in deadline.jobs()}
        assert is_there == (waiting == "leave")
        assert record.earlier.get("collect", ()) == ((job_ids["collect"],) if is_there else ())
    assert (("collect", None) in farm.log) == (waiting != "leave")
    assert farm.stale() == set()


def test_jobs_know_their_bundle_by_the_name_that_it_has_for_them(client, bundle, farm, job_ids, deadline):
    """It was submitted on another system, and has another path here."""
    here = read_bundle(bundle.folder.rename(bundle.folder.with_name("here")))

    new = redo_on_farm(client, here, chosen(here, collect=None), how=NEW).new_jobs["collect"]

    assert deadline.job(new).plugin_info == deadline.job(job_ids["collect"]).plugin_info
    assert deadline.job(new).batch_name == bundle.name
    cancel_submission(here, lambda: client)
    assert deadline.jobs() == []


def test_jobs_that_are_gone_are_waited_for_no_more(client, bundle, farm, job_ids, deadline):
    """Their results are there; new jobs can come for them too."""
    deadline.delete(job_ids["render"])

    new = redo_on_farm(client, bundle, chosen(bundle, comp=["5-8"]), how=NEW).new_jobs
    again = redo_on_farm(client, bundle, chosen(bundle, render=["5-8"], comp=["5-8"]), how=NEW).new_jobs
    farm.run()

    assert deadline.job(new["comp"]).dependencies == ()
    assert deadline.job(again["comp"]).dependencies == (again["render"],)
    assert farm.log[-2:] == [("render", "5-8"), ("comp", "5-8")]


@pytest.mark.parametrize("waiting", ["repoint", "delete"])
def test_of_what_has_not_run_nothing_is_lost(client, bundle, job_ids, deadline, waiting):
    """The whole job waits, though only a part of it was chosen; so do those after it."""
    farm = Farm(deadline, bundle)
    deadline.change("complete", job_ids["render"], task_ids=[0])
    deadline.change("fail", job_ids["render"], task_ids=[2])
    assert states(deadline, job_ids) == {"render": "CQF", "comp": "PPP", "collect": "P", "beside": "Q"}

    result = redo_on_farm(
        client,
        bundle,
        chosen(bundle, render=["9-10"], comp=["9-10"], collect=None),
        how=RedoOptions(new_jobs=True, waiting=waiting),
    )
    farm.run()

    assert list(result.new_jobs) == (["render"] if waiting == "repoint" else ["render", "comp", "collect"])
    assert sorted(frames for key, frames in farm.log if key == "comp") == ["1-4", "5-8", "9-10"]
    assert farm.log[-1] == ("collect", None)
    assert farm.stale() == set()
