"""A redo by each way to a farm: commands, the Web Service, and our script inside Deadline."""

from __future__ import annotations

import pytest
from direct_farm import DirectClient
from each_client import SessionClient, client_of
from redo_farm import Farm, chosen, states, write_shot

from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.redo.farm import redo_on_farm
from flowpipe_deadline.redo.options import RedoOptions
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to

PRIORITY = {"Priority": "80"}


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


@pytest.mark.parametrize("way", ["command", "webservice", "script"])
def test_tasks_run_again_by_each_way(way, bundle, farm, job_ids, deadline, request):
    """A failed task and a finished one, with a setting changed."""
    client = client_of(way, request)
    selection = chosen(bundle, render=["1-4", "9-10"], comp=["1-4"], collect=None)

    redo_on_farm(client, bundle, selection, how=RedoOptions(entries=PRIORITY))

    assert states(deadline, job_ids) == {"render": "QCQ", "comp": "PCP", "collect": "P", "beside": "C"}
    assert {key: deadline.job(job_id).job_info["Priority"] for key, job_id in job_ids.items()} == {
        "render": "80",
        "comp": "80",
        "collect": "80",
        "beside": "50",
    }
    farm.run()
    assert farm.log == [("render", "1-4"), ("render", "9-10"), ("comp", "1-4"), ("comp", "9-10"), ("collect", None)]
    assert farm.stale() == set()


@pytest.mark.parametrize("way", ["command", "webservice", "script"])
def test_new_jobs_come_by_each_way(way, bundle, farm, job_ids, deadline, request):
    """What waits downstream is pointed to them."""
    client = client_of(way, request)
    selection = chosen(bundle, render=["1-4", "9-10"], comp=["1-4", "9-10"], collect=None)

    result = redo_on_farm(client, bundle, selection, how=RedoOptions(new_jobs=True, entries=PRIORITY))

    assert list(result.new_jobs) == ["render", "comp"]
    assert states(deadline, result.new_jobs) == {"render": "QCQ", "comp": "PCP"}
    assert deadline.job(job_ids["collect"]).dependencies[0] == result.new_jobs["comp"]
    farm.run()
    assert farm.log == [("render", "1-4"), ("render", "9-10"), ("comp", "1-4"), ("comp", "9-10"), ("collect", None)]
    assert farm.stale() == set()


@pytest.mark.parametrize("answer", ["nothing", "error"])
@pytest.mark.parametrize("new_jobs", [False, True])
def test_settings_that_commands_may_not_change(bundle, farm, job_ids, deadline, answer, new_jobs):
    """Whether SetJobSetting has the names of the job info is unknown: nothing is believed that is not read back."""
    deadline.change_settings(unknowns={"job_setting": answer, "job_details": "short"})
    before = states(deadline, job_ids)
    selection = chosen(bundle, render=["9-10"], comp=["9-10"], collect=None)
    how = RedoOptions(new_jobs=new_jobs, entries=PRIORITY)

    with pytest.raises(SubmissionError, match="use --new-jobs|leave the waiting jobs|does not have job"):
        redo_on_farm(SessionClient(deadline), bundle, selection, how=how)

    deadline.scan()
    assert states(deadline, job_ids) == before
    assert {job.job_id for job in deadline.jobs()} == set(job_ids.values())
    assert read_submission(bundle.folder).redo is None
