"""A redo by each way to a farm: commands, the Web Service, and our script inside Deadline."""

from __future__ import annotations

import pytest
from direct_farm import DirectClient
from each_client import SessionClient, client_of
from redo_farm import Farm, chosen, states, write_shot

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.redo.by_script import redo_by
from flowpipe_deadline.redo.farm import redo_on_farm
from flowpipe_deadline.redo.options import RedoOptions
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to

PRIORITY = {"Priority": "80"}


@pytest.fixture(params=["command", "webservice", "script"])
def client(request):
    """Each way to the farm."""
    return client_of(request.param, request)


@pytest.fixture
def bundle(graph, tmp_path):
    """Four jobs."""
    return write_shot(graph, tmp_path)


@pytest.fixture
def job_ids(deadline, bundle):
    """They are submitted, and ``collect`` waits for one task."""
    ids = submit_to(DirectClient(deadline), bundle)
    for job_id in ids.values():
        deadline.set_job_info(job_id, {"Priority": "50"})
    return ids


@pytest.fixture
def farm(deadline, bundle, job_ids):
    """The workers; the last frames failed upstream, and everything else is done."""
    workers = Farm(deadline, bundle)
    workers.run()
    for key, task_ids in {"render": [2], "comp": [2], "collect": [0]}.items():
        deadline.change("requeue", job_ids[key], task_ids=task_ids)
        if key != "render":
            deadline.change("pend", job_ids[key])
    deadline.change("fail", job_ids["render"], task_ids=[2])
    workers.log.clear()
    return workers


def test_tasks_run_again_by_each_way(client, bundle, farm, job_ids, deadline):
    """A failed task and a finished one, with a setting changed."""
    selection = chosen(bundle, render=["1-4", "9-10"], comp=["1-4"], collect=None)

    redo_by(client, bundle, selection, how=RedoOptions(entries=PRIORITY))

    assert states(deadline, job_ids) == {"render": "QCQ", "comp": "PCP", "collect": "P", "beside": "C"}
    assert {key: deadline.job(job_id).job_info["Priority"] for key, job_id in job_ids.items()} == {
        "render": "80",
        "comp": "80",
        "collect": "80",
        "beside": "50",
    }
    farm.run()
    assert sorted(farm.log[:-1]) == [("comp", "1-4"), ("comp", "9-10"), ("render", "1-4"), ("render", "9-10")]
    assert farm.log[-1] == ("collect", None)
    assert farm.stale() == set()


def test_new_jobs_come_by_each_way(client, bundle, farm, job_ids, deadline):
    """What waits downstream is pointed to them."""
    selection = chosen(bundle, render=["1-4", "9-10"], comp=["1-4", "9-10"], collect=None)

    result = redo_by(client, bundle, selection, how=RedoOptions(new_jobs=True, entries=PRIORITY))

    assert list(result.new_jobs) == ["render", "comp"]
    assert states(deadline, result.new_jobs) == {"render": "QCQ", "comp": "PCP"}
    assert deadline.job(job_ids["collect"]).dependencies[0] == result.new_jobs["comp"]
    farm.run()
    assert sorted(farm.log[:-1]) == [("comp", "1-4"), ("comp", "9-10"), ("render", "1-4"), ("render", "9-10")]
    assert farm.log[-1] == ("collect", None)
    assert farm.stale() == set()


@pytest.mark.parametrize("answer", ["nothing", "error"])
@pytest.mark.parametrize("new_jobs", [False, True])
def test_settings_that_commands_may_not_change(bundle, farm, job_ids, answer, new_jobs):
    """Whether SetJobSetting has the names of the job info is unknown: nothing is believed that is not read back."""
    deadline = farm.deadline
    deadline.change_settings(unknowns={"job_setting": answer, "job_details": "short"})
    before = states(deadline, job_ids)
    selection = chosen(bundle, render=["9-10"], comp=["9-10"], collect=None)
    how = RedoOptions(new_jobs=new_jobs, entries=PRIORITY)

    with pytest.raises(SubmissionError, match=r"use --new-jobs|leave the waiting jobs|does not have job"):
        redo_on_farm(SessionClient(deadline), bundle, selection, how=how)

    deadline.scan()
    assert states(deadline, job_ids) == before
    assert {job.job_id for job in deadline.jobs()} == set(job_ids.values())
    assert read_submission(bundle.folder).redo is None


@pytest.mark.parametrize("client", ["script"], indirect=True)
def test_by_script_one_process_does_all_of_it(client, bundle, farm, job_ids, deadline):
    """What it says arrives, also the error of one that fails, which undoes everything."""
    deadline.log.clear()
    said = []
    deadline.set_faults({"on": "suspend", "do": "refuse", "value": "no line", "times": 0})
    with pytest.raises(SubmissionError, match=r"cannot be held: .*no line.*; its jobs are as they were"):
        redo_by(client, bundle, chosen(bundle, render=["1-4"]), how=RedoOptions(), say=said.append)
    deadline.set_faults()
    deadline.set_frames(job_ids["beside"], "5", 1)

    redo_by(client, bundle, chosen(bundle, render=["1-4"]), how=RedoOptions(new_jobs=True), say=said.append)

    assert len(deadline.log.calls("process")) == 2
    assert said == [f"Test.render: {read_submission(bundle.folder).jobs['render']}"]


@pytest.mark.parametrize("client", ["script"], indirect=True)
@pytest.mark.parametrize("may_fall_back", [True, False])
def test_a_deadlinecommand_that_runs_no_script_is_done_without(client, bundle, farm, deadline, may_fall_back):
    """If another connection may be used; nothing was done until then."""
    client.may_fall_back = may_fall_back
    deadline.set_faults({"on": "ExecuteScriptNoGui", "do": "deny", "times": 0})
    said = []

    if may_fall_back:
        redo_by(client, bundle, chosen(bundle, beside=None), how=RedoOptions(), say=said.append)
        assert said[0].endswith("; asking Deadline with a process per step instead")
    else:
        with pytest.raises(SubmissionError, match="ended without an answer of our script"):
            redo_by(client, bundle, chosen(bundle, beside=None), how=RedoOptions(), say=said.append)
    assert not (bundle.folder / "redo.json").exists()


@pytest.mark.parametrize("deadline_python", ["3.7"], indirect=True)
@pytest.mark.parametrize("client", ["script"], indirect=True)
def test_what_a_process_had_begun_that_is_gone_is_undone(client, bundle, farm, job_ids, deadline_python):
    """Under the oldest Python that Deadline has had."""
    deadline = farm.deadline
    deadline.change_settings(interpreter=deadline_python)
    before = states(deadline, job_ids)
    deadline.set_faults({"on": "SuspendJob", "do": "die"})

    with pytest.raises(SubmissionError, match="its jobs are as they were"):
        redo_by(client, bundle, chosen(bundle, beside=None), how=RedoOptions())

    assert states(deadline, job_ids) == before
    assert not (bundle.folder / "redo.json").exists()
    assert redo_by(client, bundle, chosen(bundle, comp=["1-4"]), how=RedoOptions(new_jobs=True)).new_jobs
