"""Random faults of everything that a redo calls: everything runs again as chosen, or everything is as it was."""

from __future__ import annotations

import errno
import json
import os
import random
from functools import partial

import pytest
from direct_farm import DirectClient
from flowpipe import Graph
from redo_farm import Farm, chosen, states, write_shot

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.redo.farm import redo_on_farm
from flowpipe_deadline.redo.missing import tolerant_results
from flowpipe_deadline.redo.options import RedoOptions
from flowpipe_deadline.redo.selection import select
from flowpipe_deadline.submit.ownership import _at_work
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.redo_record import read_redo
from flowpipe_deadline.submit.transaction import submit_to
from tests.redo.test_least_that_must import add_nodes

RUNS = int(os.environ.get("FAULT_RUNS", "8"))
FIRST = int(os.environ.get("FAULT_FIRST", "0"))
KINDS = (
    lambda: SubmissionError("no line"),
    lambda: OSError(errno.ENOSPC, "disk full"),
    KeyboardInterrupt,
    SystemExit,
    MemoryError,
    lambda: RuntimeError("a bug"),
)
CHOICES = {
    "requeued_upstream": ("stays", "pends"),
    "resumed_dependent": ("Pending", "Active"),
    "suspended_dependent": ("Suspended", "Pending"),
    "pend_suspended": ("works", "refused"),
    "wrong_state": ("error", "nothing"),
    "several_changes": ("go on", "stop"),
    "partly_pending": ("Active", "Pending"),
}
SELECTIONS = (
    {"render": ["5-8"], "comp": ["5-8"], "collect": None},
    {"render": ["1-4", "9-10"], "comp": None, "collect": None},
    {"comp": ["1-4"], "collect": None},
    {"render": None},
)


class Faults:
    """Raises at some of the calls, and at all after one of them if it ``lasts``."""

    def __init__(self, choice, *, most, lasts):
        self.at = {choice.randrange(1, most) for _ in range(choice.randrange(1, 3))}
        self.kind = choice.choice(KINDS)
        self.lasts = lasts
        self.calls = 0

    def __call__(self, *_):
        """Does nothing else."""
        self.calls += 1
        if self.calls in self.at or (self.lasts and self.calls > min(self.at)):
            raise self.kind()


@pytest.fixture
def bundle(graph, tmp_path):
    """Four jobs."""
    return write_shot(graph, tmp_path)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Nothing has to be waited for."""
    monkeypatch.setattr("flowpipe_deadline.redo.restore.time.sleep", lambda _: None)


def setup(deadline, bundle, choice, selection):
    """The bundle's jobs, in one of several states, and the farm."""
    job_ids = submit_to(DirectClient(deadline), bundle)
    farm = Farm(deadline, bundle)
    if choice.random() < 0.6:
        farm.run()
        if "1-4" in map(str, selection.tasks.get("comp", ())) and choice.random() < 0.5:
            deadline.change("requeue", job_ids["comp"], task_ids=[0])
            deadline.change("fail", job_ids["comp"], task_ids=[0])
    else:
        for _ in range(choice.randrange(1, 6)):
            farm.take()
            farm.end()
    farm.log.clear()
    deadline.change_settings(unknowns={name: choice.choice(answers) for name, answers in CHOICES.items()})
    return farm


def facts(deadline):
    """What there is, to compare; whether a task waits for a worker or for the next scan makes no difference."""
    deadline.scan()
    return {
        job.job_id: (
            "".join(task.status.value[0].replace("P", "Q") for task in deadline.repository.tasks_of(job.job_id)),
            job.dependencies,
            job.job_info.get("Priority") or None,
        )
        for job in deadline.repository.jobs()
    }


def clean(deadline, bundle):
    """Forgets everything."""
    for job in deadline.repository.jobs(is_deleted=None):
        deadline.repository.purge(job.job_id)
    for path in (*bundle.folder.glob("submission.*"), *bundle.folder.glob("redo.*")):
        path.unlink()


def die(bundle):
    """Makes the record that of a process that is gone."""
    _at_work.clear()
    path = bundle.folder / "redo.json"
    if path.exists():
        path.write_text(json.dumps({**json.loads(path.read_text()), "process": 0}))


def play(deadline, bundle, seed, *, new_jobs):
    """One redo under random faults, and a second one without."""
    choice = random.Random(seed)
    selection = chosen(bundle, **choice.choice(SELECTIONS))
    farm = setup(deadline, bundle, choice, selection)
    before = facts(deadline)
    how = RedoOptions(
        new_jobs=new_jobs,
        waiting=choice.choice(["repoint", "delete"]),
        entries=choice.choice([{}, {"Priority": "80"}]),
    )
    client, lasts = DirectClient(deadline), choice.random() < 0.4
    faults = Faults(choice, most=40, lasts=lasts)
    client.on_call, client.after_call = (
        (faults, client.after_call) if choice.random() < 0.5 else (client.on_call, faults)
    )
    said, told = None, ""
    try:
        told = "".join(redo_on_farm(client, bundle, selection, how=how).messages)
    except BaseException as error:
        said = str(error)
    die(bundle)

    if said is None:
        farm.run()
    else:
        redo = read_redo(bundle.folder)
        assert redo is not None or facts(deadline) == before, said
        if redo is not None:
            assert lasts or len(faults.at) > 1 or "may still be coming" in said, said
        said = []
        redo_on_farm(DirectClient(deadline), bundle, selection, how=how, say=said.append)
        assert redo is None or any("undoing it" in line for line in said) or redo.jobs
        farm.run()
    check(deadline, bundle, farm, selection, told)


def check(deadline, bundle, farm, selection, told):
    """What was chosen has run, nothing is stale, and no job is left over, unless that is ``told``."""
    record = read_submission(bundle.folder)
    assert record.redo is None
    gone = set(record.all_ids) - {job.job_id for job in deadline.repository.jobs()}
    assert set(record.all_ids) >= {job.job_id for job in deadline.repository.jobs()}
    assert not gone or "not all was done" in told
    ran = {(key, frame) for key, frames in farm.log for frame in (frames or "None").split(",")}
    for key, chunks in selection.tasks.items():
        for chunk in chunks:
            assert (key, str(chunk)) in ran, (key, chunk, farm.log)
    downstream = {"render": "render" in selection.tasks and "comp" not in selection.tasks}
    assert farm.stale() == set() or any(downstream.values())
    left = [job_id for job_id, (state, _, _) in facts(deadline).items() if set(state) - set("CF")]
    assert not left or "not all was done" in told or "could not be deleted" in told


@pytest.mark.parametrize("new_jobs", [False, True], ids=["same jobs", "new jobs"])
def test_whatever_goes_wrong_it_is_done_or_undone(deadline, bundle, new_jobs):
    """Each seed is one redo; ``FAULT_RUNS`` tries more."""
    for seed in range(FIRST, FIRST + RUNS):
        try:
            play(deadline, bundle, seed, new_jobs=new_jobs)
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
        clean(deadline, bundle)


def test_random_graphs_run_again_in_the_right_order(deadline, tmp_path):
    """Whatever was chosen, whatever is unknown, and while workers take tasks at once, between any two calls."""
    for seed in range(FIRST, FIRST + RUNS):
        choice = random.Random(seed)
        graph = Graph(name="Random")
        add_nodes(choice, graph)
        bundle = write_bundle(plan_graph(graph), root=tmp_path)
        submit_to(DirectClient(deadline), bundle)
        farm = Farm(deadline, bundle)
        for _ in range(choice.choice([0, 3, 99])):
            farm.take()
            if farm.is_busy:
                farm.end()
        answers = {name: choice.choice(some) for name, some in CHOICES.items()}
        deadline.change_settings(unknowns={**answers, "pend_suspended": "works"})
        node = choice.choice(bundle.jobs).key
        selection = select(bundle, results=tolerant_results(bundle), failed={}, node=node)
        farm.log.clear()
        client, how = DirectClient(deadline), RedoOptions(new_jobs=choice.random() < 0.5)
        client.on_call = farm.work
        try:
            redo_on_farm(client, bundle, selection, how=how)
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        farm.run()

        places = {
            (key, frame) for key, chunks in selection.tasks.items() for chunk in chunks for frame in chunk or [None]
        }
        assert farm.stale(of=places) == set(), seed
        ran = {(key, str(frames)) for key, frames in farm.log}
        assert {(key, str(chunk)) for key, chunks in selection.tasks.items() for chunk in chunks} <= ran, seed
        clean(deadline, bundle)


@pytest.mark.parametrize("is_dead", [False, True], ids=["at work", "taken for dead"])
def test_of_two_at_once_one_redoes(deadline, bundle, is_dead):
    """The second comes at whatever call of the first, which may have been taken for dead.

    Then its last call of all still does what it is for, which nobody can prevent; a new job is deleted again.
    """
    for seed in range(FIRST, FIRST + RUNS):
        choice = random.Random(seed)
        job_ids = submit_to(DirectClient(deadline), bundle)
        farm = Farm(deadline, bundle)
        farm.run()
        farm.log.clear()
        selection = chosen(bundle, **SELECTIONS[0])
        how = RedoOptions(new_jobs=is_dead or choice.random() < 0.5)
        act = partial(redo_on_farm, bundle=bundle, selection=selection, how=how)
        first, said = DirectClient(deadline), []
        first.on_call = Other(partial(act, DirectClient(deadline)), said, choice.randrange(1, 30), is_dead=is_dead)
        ended = attempt(partial(act, first))
        die(bundle)

        assert is_dead or ended is None, seed
        assert is_dead or not said or "is being done again this moment" in said[0], seed
        if read_redo(bundle.folder) is not None or None not in (ended, *said):
            redo_on_farm(DirectClient(deadline), bundle, selection, how=how)
        farm.run()
        check(deadline, bundle, farm, selection, "")
        assert states(deadline, job_ids) == {"render": "CCC", "comp": "CCC", "collect": "C", "beside": "C"}, seed
        clean(deadline, bundle)


class Other:
    """Redoes as well, at a call of the first."""

    def __init__(self, act, said, number, *, is_dead):
        self.act, self.said, self.number, self.is_dead = act, said, number, is_dead

    def __call__(self, number):
        """Does so if this is the call."""
        if number == self.number and not self.said:
            self.said.append("")
            if self.is_dead:
                _at_work.clear()
            self.said[0] = attempt(self.act)


def attempt(act):
    """What an act that may fail said; None if it worked."""
    try:
        act()
    except SubmissionError as error:
        return str(error)
    return None
