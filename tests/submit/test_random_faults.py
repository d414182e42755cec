"""Random faults of everything that a submission calls: all jobs or none, and what is left is on record or named."""

from __future__ import annotations

import errno
import itertools
import os
import random
import sys

import pytest
from direct_farm import DirectClient
from submissions import write_three

from flowpipe_deadline.deadline.client import RefusedError, SubmissionError
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.submit.ownership import _at_work
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to

RUNS = int(os.environ.get("FAULT_RUNS", "12"))
KINDS = (
    lambda: SubmissionError("no line"),
    lambda: RefusedError("timed out", is_uncertain=True, may_come=False),
    lambda: OSError(errno.ENOSPC, "disk full"),
    OSError,
    KeyboardInterrupt,
    SystemExit,
    MemoryError,
    RecursionError,
    lambda: RuntimeError("a bug"),
)
FOLLOW_UPS = (None, {"BatchName": "drafts"}, {"BatchName": None}, {"Name": "again"}, {"Plugin": "Python"})
_faulty = {"folder": None, "countdowns": [], "lasts": False, "error": OSError}
ON_DISK = ("open", "os.rename", "os.remove", "os.link", "os.utime")


def _watch(event, arguments):
    folder = _faulty["folder"]
    if folder is None or event not in ON_DISK or not str(arguments[0]).startswith(folder):
        return
    countdowns = _faulty["countdowns"]
    countdowns[:] = [number - 1 for number in countdowns]
    if 0 in countdowns or (_faulty["lasts"] and min(countdowns, default=1) < 0):
        raise _faulty["error"]()


sys.addaudithook(_watch)


class Faults:
    """Raises at some of the calls."""

    def __init__(self, choice, *, most):
        self.at = {choice.randrange(1, most) for _ in range(choice.randrange(4))}
        self.kind = choice.choice(KINDS)
        self.lasts = choice.random() < 0.2
        self.calls = 0

    def __call__(self, *_):
        """Does nothing else."""
        self.calls += 1
        if self.calls in self.at or (self.lasts and self.calls > min(self.at, default=99)):
            raise self.kind()


def attempt(act):
    """What an act that may fail in any way said; None if it worked."""
    try:
        act()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    finally:
        _faulty["folder"] = None
    return None


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


def play(deadline, bundle, monkeypatch, seed):
    """One submission under random faults, and what may be done afterwards in the same process."""
    choice = random.Random(seed)
    client = DirectClient(deadline)
    strangers = {deadline.submit({"Plugin": "Flowpipe", "Name": "Test - render", "BatchName": "x"}, {}).job_id}
    value = choice.choice(FOLLOW_UPS)
    deadline.set_faults(
        *([] if value is None else [{"on": "submit", "do": "follow", "nth": choice.randrange(1, 4), "value": value}])
    )
    deadline.change_settings(unknowns={"event_ids": choice.choice(["after", "before"])})
    before = Faults(choice, most=30)
    others = [Faults(choice, most=30), Faults(choice, most=12), Faults(choice, most=8), Faults(choice, most=5)]
    client.on_call, client.after_call, say, is_stopping, sleep = before, *others
    monkeypatch.setattr("flowpipe_deadline.submit.undo.time.sleep", sleep)
    for act in (submit_to, choice.choice([submit_to, cancel])):
        countdowns = [choice.randrange(1, 120) for _ in range(choice.randrange(3))]
        error, lasts = choice.choice(KINDS[2:]), choice.random() < 0.2
        _faulty.update(folder=str(bundle.folder), countdowns=countdowns, error=error, lasts=lasts)
        said = attempt(lambda act=act: act(client, bundle, say=say, is_stopping=lambda: bool(is_stopping())))
        check(deadline, bundle, said, strangers)
    client.on_call = client.after_call = lambda _: None
    monkeypatch.setattr("flowpipe_deadline.submit.undo.time.sleep", lambda _: None)
    deadline.set_faults()
    record = read_submission(bundle.folder)
    if record is None or record.state != "submitted" or choice.random() < 0.5:
        if record is not None:
            cancel_submission(bundle, lambda: client)
            assert ours(deadline, bundle) == {}
        submit_to(client, bundle)
    assert statuses(deadline, bundle) == ["Pending", "Queued", "Queued"]
    check(deadline, bundle, None, strangers)


@pytest.mark.parametrize("is_dead", [False, True], ids=["at work", "taken for dead"])
def test_of_two_at_once_one_submits(deadline, bundle, is_dead):
    """The second comes at whatever call of the first, which may have been taken for dead; so may the second then."""
    for seed in range(RUNS):
        choice = random.Random(seed)
        clients = [DirectClient(deadline) for _ in range(3)]
        ended = [meet(client, other, bundle, choice, is_dead=is_dead) for client, other in itertools.pairwise(clients)]
        said = attempt(lambda client=clients[0]: submit_to(client, bundle))

        record = read_submission(bundle.folder)
        assert is_dead or [said, *(words[0] for words in ended if words)].count(None) == 1, seed
        if record is None:
            assert ours(deadline, bundle) == {}, seed
            submit_to(DirectClient(deadline), bundle)
        check(deadline, bundle, None, set())
        assert statuses(deadline, bundle) == ["Pending", "Queued", "Queued"], seed
        clean(deadline, bundle)


def meet(client, other, bundle, choice, *, is_dead):
    """Has the other submit at a call of the first; gives what it says."""
    number, said = choice.randrange(1, 16), []

    def submit_too(at):
        if at == number and not said:
            said.append("")
            if is_dead:
                _at_work.clear()
            said[0] = attempt(lambda: submit_to(other, bundle))

    if choice.random() < 0.5:
        client.on_call = submit_too
    else:
        client.after_call = submit_too
    return said


def clean(deadline, bundle):
    """Forgets all jobs and the submission."""
    deadline.set_faults()
    for job in deadline.jobs(is_deleted=None):
        if not job.is_deleted:
            deadline.delete(job.job_id)
        deadline.purge(job.job_id)
    for path in bundle.folder.glob("submission.*"):
        path.unlink()


def cancel(client, bundle, *, say, is_stopping):
    """Takes it back."""
    cancel_submission(bundle, lambda: client, on_message=say)


def ours(deadline, bundle):
    """Our jobs that there are, by ID."""
    names = {f"Test - {job.node}" for job in bundle.jobs}
    return {
        job.job_id: job
        for job in deadline.jobs()
        if job.batch_name == bundle.name and job.name in names and job.job_info["Plugin"] == "Flowpipe"
    }


def statuses(deadline, bundle):
    """The states of our jobs."""
    return sorted(job.shown_status for job in ours(deadline, bundle).values())


def check(deadline, bundle, said, strangers):
    """All jobs or none, or a record that says so; and the jobs of others are as they were."""
    everything = {job.job_id: job for job in deadline.jobs(is_deleted=None)}
    mine = {job.job_id for job in everything.values() if job.batch_name == bundle.name}
    for job in everything.values():
        is_ours = job.job_id in mine and job.name.startswith("Test - ") and job.job_info["Plugin"] == "Flowpipe"
        if not is_ours:
            assert not job.is_deleted, f"{job.job_id} of {job.batch_name} was deleted"
    assert strangers <= {job.job_id for job in deadline.jobs()}
    record, alive = read_submission(bundle.folder), ours(deadline, bundle)
    assert record is None or not record.is_at_work
    if record is not None and record.state == "submitted":
        assert set(record.jobs.values()) == set(alive)
        assert all(job.shown_status != "Suspended" for job in alive.values())
    elif record is None:
        assert not alive or all(job_id in (said or "") for job_id in alive), said


def test_whatever_goes_wrong_nothing_is_lost_and_the_process_can_go_on(deadline, bundle, monkeypatch):
    """Each seed is one submission; ``FAULT_RUNS`` tries more."""
    first = int(os.environ.get("FAULT_FIRST", "0"))
    for seed in range(first, first + RUNS):
        try:
            play(deadline, bundle, monkeypatch, seed)
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
        clean(deadline, bundle)
