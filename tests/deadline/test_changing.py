"""What the clients change of jobs that there are, each in its own way, with the same outcome."""

from __future__ import annotations

import pytest
from direct_farm import DirectClient
from each_client import WAYS, client_of
from web_services import farm_at, write_job

from flowpipe_deadline.deadline.client import SubmissionError

CHANGED = {"Priority": "80", "Pool": "comp", "Comment": "by hand", "Protected": "true"}


@pytest.fixture(params=WAYS)
def client(request, deadline):
    """Each way to a farm."""
    deadline.change_settings(pools=["none", "comp"], path_mappings=[("/shows/", "S:/")])
    return client_of(request.param, request)


@pytest.fixture
def jobs(deadline, tmp_path):
    """The IDs of three jobs, of which the third waits for the first."""
    client = DirectClient(deadline)
    files = [write_job(tmp_path, name=name, Priority="50", Comment="as planned", Protected="false") for name in "ab"]
    ids = [client.submit(*pair).job_id for pair in files]
    files = write_job(tmp_path, name="c", JobDependencies=ids[0], Priority="50")
    return [*ids, client.submit(*files).job_id]


def states(deadline, job_id):
    """The states of the job's tasks."""
    return [task.status.value for task in deadline.tasks(job_id)]


@pytest.mark.parametrize("client", ["direct", "command", "webservice"], indirect=True)
def test_tasks_and_settings_of_jobs_are_changed(client, jobs, deadline):
    """Single tasks, whole jobs, what they depend on, and entries of the job info; all is read back."""
    a, b, c = jobs
    client.change_tasks_of("complete", {a: [0, 1, 2], b: [1]})
    assert (states(deadline, a), states(deadline, b)) == (["Completed"] * 3, ["Suspended", "Completed", "Suspended"])
    client.change_tasks("requeue", a, [0, 2])
    assert states(deadline, a) == ["Queued", "Completed", "Queued"]
    client.change("complete", [a, b])
    client.change("requeue", [a, b])
    assert states(deadline, a) == states(deadline, b) == ["Queued"] * 3
    client.change_tasks("fail", b, [2])
    client.change_tasks("resumefailed", b, [2])
    assert states(deadline, b) == ["Queued"] * 3

    before = client.read_entries(a, list(CHANGED))
    client.set_entries(a, CHANGED)
    client.set_dependencies(c, [b, a])

    assert before == {"Priority": "50", "Pool": before["Pool"], "Comment": "as planned", "Protected": "false"}
    assert client.read_entries(a, list(CHANGED)) == CHANGED
    details = client.read_jobs(jobs)
    assert details[c].dependencies == (b, a)
    assert (details[a].pool, details[a].group, details[a].task_count) == ("comp", "none", 3)


def test_jobs_tell_their_bundles(client, jobs, deadline):
    """And a path is mapped where Deadline maps it."""
    deadline.submit({"Plugin": "Python", "Name": "another's"}, {"Bundle": "/elsewhere"})
    bundle = ("/shows/shot", "render")

    assert client.find_bundle_jobs() == dict.fromkeys(jobs, bundle)
    info = client.read_plugin_info(jobs[0])
    assert (info["Bundle"], info["Node"]) == bundle
    with pytest.raises(SubmissionError, match=r"does not (know|exist)|0a1b2c"):
        client.read_plugin_info("0a1b2c" * 4)
    assert client.map_path("/shows/a b") == ("S:/a b" if hasattr(client, "run") else "/shows/a b")


@pytest.mark.parametrize("client", ["webservice", "script"], indirect=True)
def test_what_a_job_that_there_is_cannot_have_is_refused(client, jobs, deadline):
    """Before anything is changed."""
    with pytest.raises(SubmissionError, match="EnvironmentKeyValue0 cannot be changed on a submitted job"):
        client.set_entries(jobs[0], {"Priority": "1", "EnvironmentKeyValue0": "A=B"})

    assert deadline.job(jobs[0]).job_info["Priority"] == "50"


def test_a_lost_answer_of_the_web_service_is_looked_into(deadline, jobs, service):
    """The tasks are read; what is done is not done twice."""
    client = farm_at(service.url)
    for fault in ({"do": "die"}, {"do": "die_after"}):
        deadline.set_faults({"on": "complete", **fault})
        client.change_tasks("complete", jobs[0], [0])
        deadline.set_faults({"on": "requeue", **fault})
        client.change_tasks("requeue", jobs[0], [0])
        assert states(deadline, jobs[0]) == ["Queued", "Suspended", "Suspended"]
