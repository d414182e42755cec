"""Tasks of the same jobs again: exactly those, in the right order, or everything as it was."""

from __future__ import annotations

import itertools
import json
import os
import socket

import pytest
from direct_farm import DirectClient
from redo_farm import Farm, chosen, states, write_shot

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.redo.farm import redo_on_farm
from flowpipe_deadline.redo.options import RedoOptions
from flowpipe_deadline.redo.record import RedoWriter
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.status.notices import notices_of
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to

DONE = {"render": "CCC", "comp": "CCC", "collect": "C", "beside": "C"}
_ANSWERS = {
    "requeued_upstream": ("stays", "pends"),
    "resumed_dependent": ("Pending", "Active"),
    "pend_suspended": ("works", "refused"),
    "wrong_state": ("error", "nothing"),
}
# What a partly pending job is called has nothing to do with the others: each answer meets both words.
UNKNOWNS = [
    {
        **{key: answers[number] for (key, answers), number in zip(_ANSWERS.items(), numbers)},
        "partly_pending": ("Active", "Pending")[sum(numbers) % 2],
    }
    for numbers in itertools.product((0, 1), repeat=len(_ANSWERS))
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


@pytest.mark.parametrize("unknowns", UNKNOWNS, ids=lambda choice: "-".join(choice.values()))
def test_a_task_that_waits_for_nothing_that_runs_again_may_start_at_once(client, bundle, farm, job_ids, unknowns):
    """Of a frame dependent job, the others still wait for the frames that they need, while workers take tasks."""
    client.deadline.change_settings(unknowns=unknowns)
    client.on_call = lambda number: farm.work() if number % 5 == 0 else None

    redo_on_farm(client, bundle, chosen(bundle, render=["5-8"], comp=["5-8", "9-10"], collect=None))

    farm.run()
    assert states(client.deadline, job_ids) == DONE
    assert farm.stale() == set()
    assert sorted(farm.log, key=str) == [("collect", None), ("comp", "5-8"), ("comp", "9-10"), ("render", "5-8")]
    assert farm.log.index(("render", "5-8")) < farm.log.index(("comp", "5-8"))


def test_failed_tasks_go_on_and_finished_ones_stay(client, bundle, farm, job_ids, deadline):
    """A task in the middle failed; what waits for it is pending."""
    deadline.change("requeue", job_ids["comp"], task_ids=[1])
    deadline.change("fail", job_ids["comp"], task_ids=[1])
    deadline.change("requeue", job_ids["collect"])
    deadline.change("pend", job_ids["collect"])

    redo_on_farm(client, bundle, chosen(bundle, comp=["5-8"], collect=None))

    farm.run()
    assert farm.log == [("comp", "5-8"), ("collect", None)]
    assert states(deadline, job_ids) == DONE


def test_what_waits_for_a_worker_waits_for_what_runs_again(client, bundle, farm, job_ids, deadline):
    """Only one node was chosen; a task downstream had not run yet."""
    deadline.change("requeue", job_ids["collect"])

    redo_on_farm(client, bundle, chosen(bundle, comp=["5-8"]))

    farm.run()
    assert farm.log == [("comp", "5-8"), ("collect", None)]


def test_what_somebody_has_suspended_stays_so(client, bundle, farm, job_ids, deadline):
    """A job, or single tasks; it is said, and what is downstream waits."""
    deadline.change("requeue", job_ids["comp"], task_ids=[2])
    deadline.change("suspend", job_ids["comp"], task_ids=[2])
    deadline.change("requeue", job_ids["beside"])
    deadline.change("suspend", job_ids["beside"])

    result = redo_on_farm(client, bundle, chosen(bundle, render=None, comp=None, collect=None, beside=None))

    farm.run()
    assert states(deadline, job_ids) == {"render": "CCC", "comp": "SSS", "collect": "P", "beside": "S"}
    assert [message.partition(" stays")[0] for message in result.messages] == [
        "Test.comp: its job",
        "Test.beside: its job",
    ]
    deadline.change("resume", job_ids["comp"], task_ids=[0, 1])

    result = redo_on_farm(client, bundle, chosen(bundle, comp=None, collect=None))

    farm.run()
    assert states(deadline, job_ids)["comp"] == "CCS"
    assert result.messages == ("Test.comp: its task 2 stays suspended, as somebody wanted; resume it in the Monitor",)


def test_tasks_are_chosen_by_their_frames(client, bundle, farm, job_ids, deadline):
    """The job was cut anew in the Monitor, and lost frames."""
    deadline.set_frames(job_ids["render"], "1-6", 2)
    farm.run()
    farm.log.clear()

    result = redo_on_farm(client, bundle, chosen(bundle, render=["5-8"]))

    farm.run()
    assert farm.log == [("render", "5-6")]
    (message,) = result.messages
    assert message.startswith(f"Test.render: the frames 7-8 have no task in job {job_ids['render']}, as its frames")


def test_jobs_that_are_not_ours_or_not_there_are_not_touched(client, bundle, farm, job_ids, deadline):
    """They are named."""
    deadline.set_job_info(job_ids["comp"], {"BatchName": "another's"})
    if client.read_batches([job_ids["comp"]])[job_ids["comp"]] is not None:
        with pytest.raises(SubmissionError, match=rf"not touched: comp \({job_ids['comp']}\) of another's"):
            redo_on_farm(client, bundle, chosen(bundle, comp=["5-8"]))
    deadline.set_job_info(job_ids["comp"], {"BatchName": bundle.name})
    deadline.delete(job_ids["render"])

    with pytest.raises(SubmissionError, match=r"Test\.render: its job is not in Deadline any more; use --new-jobs"):
        redo_on_farm(client, bundle, chosen(bundle, render=None))

    assert states(deadline, job_ids) == DONE
    assert read_submission(bundle.folder).redo is None


def test_settings_change_on_the_way_and_back(client, bundle, farm, job_ids, deadline):
    """Of the jobs that run again; they are read back."""
    for job_id in job_ids.values():
        deadline.set_job_info(job_id, {"Priority": "50"})
    how = RedoOptions(entries={"Priority": "80"})
    seen = []

    def fail(_):
        if not seen and deadline.job(job_ids["comp"]).job_info["Priority"] == "80":
            seen.append("80")
            raise SubmissionError("no line")

    client.on_call = fail
    selection = chosen(bundle, comp=["5-8"], collect=None)

    with pytest.raises(SubmissionError, match="no line; its jobs are as they were"):
        redo_on_farm(client, bundle, selection, how=how)
    assert {deadline.job(job_id).job_info["Priority"] for job_id in job_ids.values()} == {"50"}

    client.on_call = lambda _: None
    redo_on_farm(client, bundle, selection, how=how)
    priorities = {key: deadline.job(job_id).job_info["Priority"] for key, job_id in job_ids.items()}
    assert priorities == {"render": "50", "comp": "80", "collect": "80", "beside": "50"}


def test_of_two_wranglers_one_does_it(client, bundle, farm, deadline):
    """The second is told whose it is; so is who cancels meanwhile."""
    said = []

    def meanwhile(number):
        if number == 4:
            other = DirectClient(deadline)
            for act in (
                lambda: redo_on_farm(other, bundle, chosen(bundle, render=None)),
                lambda: cancel_submission(bundle, lambda: other),
            ):
                with pytest.raises(SubmissionError) as caught:
                    act()
                said.append(str(caught.value))
            assert "is being done again this moment by process" in notices_of(bundle, read_submission(bundle.folder))[0]

    client.calls, client.on_call = 0, meanwhile

    redo_on_farm(client, bundle, chosen(bundle, render=["5-8"]))

    owner = f"process {os.getpid()} on {socket.gethostname()}"
    wait = "wait for that, press Ctrl+C there, or end that process"
    assert said == [f"a part of {bundle.name} is being done again this moment by {owner}; {wait}"] * 2
    farm.run()
    assert farm.log == [("render", "5-8")]


def test_a_killed_redo_is_told_and_undone_by_the_next(client, bundle, farm, job_ids, deadline):
    """Also if another one was meant; or everything is deleted by who cancels."""

    class Killed(BaseException):
        """The process ends here."""

    def kill(number):
        if number > 12:
            raise Killed

    client.calls, client.on_call = 0, kill
    with pytest.raises(SubmissionError, match="not all jobs are as they were"):
        redo_on_farm(client, bundle, chosen(bundle, render=None, comp=None, collect=None))
    client.on_call = lambda _: None
    path = bundle.folder / "redo.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": "redoing", "process": 0}))
    assert states(deadline, job_ids) != DONE
    notice = notices_of(bundle, read_submission(bundle.folder))[0]
    assert notice.startswith(
        f"a redo of a part of {bundle.name} ended half-way: its jobs render ({job_ids['render']}), "
    )
    kept = path.read_bytes()

    said = []
    redo_on_farm(client, bundle, chosen(bundle, beside=None), say=said.append)

    assert said == [f"A redo of {bundle.name} ended half-way; undoing it", "its jobs are as they were"]
    assert states(deadline, job_ids) == {**DONE, "beside": "Q"}
    path.write_bytes(kept)
    cancel_submission(bundle, lambda: client)
    assert deadline.jobs() == []
    assert not path.exists()


def test_whoever_stops_it_finds_everything_as_it_was(client, bundle, farm, job_ids, deadline):
    """The exit code says that it was stopped."""
    questions = iter([False] * 3 + [True] * 99)

    with pytest.raises(SubmissionError, match=r"interrupted while .*; its jobs are as they were") as caught:
        redo_on_farm(client, bundle, chosen(bundle, render=None), is_stopping=lambda: next(questions))

    assert caught.value.exit_code == 130
    assert states(deadline, job_ids) == DONE


def test_a_bundle_without_jobs_has_nothing_to_redo(client, bundle):
    """Nor has an empty selection."""
    with pytest.raises(SubmissionError, match=r"is not submitted: there is no job to run again"):
        redo_on_farm(client, bundle, chosen(bundle, render=None))

    submit_to(client, bundle)
    assert redo_on_farm(client, bundle, chosen(bundle)).tasks == {}
    assert not (bundle.folder / "redo.json").exists()


def test_a_redo_that_ends_while_it_is_looked_at_did_not_end_half_way(client, bundle, farm, monkeypatch):
    """Its record is read again, once there is nobody at work on it any more."""
    path = bundle.folder / "redo.json"
    with RedoWriter(bundle.folder) as writer:
        writer.claim()

        def end_it(data, paths):
            path.unlink(missing_ok=True)
            return False

        monkeypatch.setattr("flowpipe_deadline.submit.redo_record.is_at_work", end_it)
        assert read_submission(bundle.folder).redo is None
