"""The jobs of a submission as Deadline tells of them: which can change, which are stuck, and how they are suspended."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from direct_farm import DirectClient
from submissions import Worker, write_three

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.status.jobs import DeadlineJobs
from flowpipe_deadline.submit.transaction import submit_to


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


@pytest.fixture
def jobs(bundle, client, job_ids):
    """The jobs of the bundle, none of which has results."""
    return DeadlineJobs(bundle, job_ids, client=client, has_results=lambda _: False)


def states(deadline):
    """The states of all jobs, by node key."""
    return {job.series("ExtraInfoKeyValue")["FlowpipeNode"]: job.shown_status for job in deadline.jobs()}


def test_only_jobs_that_can_have_changed_are_asked_for(jobs, worker):
    """Not those that have ended, and not those that wait for others."""
    assert jobs.due() == ["render", "beside"]

    worker.fail("beside")
    jobs.look()
    assert jobs.due() == ["render"]

    worker.complete("render")
    jobs.look()
    assert jobs.due() == ["collect"]
    worker.complete("collect")
    jobs.look()
    assert jobs.due() == []


def test_a_look_says_whether_anything_has_changed(jobs, worker):
    """Nothing is asked of jobs that cannot have changed, unless all are wanted."""
    assert jobs.look()
    assert not jobs.look()
    worker.complete("beside")
    assert jobs.look()
    worker.requeue("beside")

    assert not jobs.look()
    assert jobs.look(at_all=True)
    assert jobs.statuses["beside"] == "Queued"


def test_a_job_that_renders_is_called_so_where_that_can_be_told(deadline, jobs, client):
    """By a script, Deadline calls both Active."""
    tell = client.read_jobs

    def tell_as_scripts(ids):
        return {
            job_id: type(job)(
                **{**vars(job), "status": "Active" if job.status in ("Queued", "Rendering") else job.status}
            )
            for job_id, job in tell(ids).items()
        }

    client.read_jobs = tell_as_scripts
    deadline.repository.claim("worker-1")

    jobs.look()

    is_told = type(client) is DirectClient
    assert jobs.statuses == {
        "render": "Rendering" if is_told else "Active",
        "beside": "Queued" if is_told else "Active",
        "collect": "Pending",
    }


def test_what_waits_for_something_that_failed_is_stuck(jobs, worker, deadline, job_ids):
    """Also where it was deleted; no longer, once somebody has released it."""
    worker.fail("render")
    jobs.look()
    assert (jobs.stuck(), jobs.due()) == (["collect"], ["beside"])

    deadline.change("releasepending", job_ids["collect"])
    jobs.look(at_all=True)

    assert (jobs.stuck(), jobs.due()) == ([], ["collect", "beside"])


@pytest.fixture
def by_frame(graph, tmp_path):
    """Two jobs of five tasks, of which each of the second waits for one of the first."""
    render = nodes.Render(name="render", graph=graph, frames=list(range(1, 6)), metadata={"batch_size": 1})
    batch = {"size": 1, "over": ["frames", "images"]}
    check = nodes.Check(name="check", graph=graph, frames=list(range(1, 6)), metadata={"batch": batch})
    render.outputs["items"].connect(check.inputs["images"])
    return write_bundle(plan_graph(graph), root=tmp_path)


def test_tasks_released_before_something_failed_still_end(by_frame, client, deadline):
    """Deadline calls their job active for ever, so that where it tells no more, only the tasks say when they have."""
    job_ids = submit_to(client, by_frame)
    worker = Worker(deadline, by_frame, job_ids)
    jobs = DeadlineJobs(by_frame, job_ids, client=client, has_results=lambda _: False)
    worker.complete("render", "1", "2")
    jobs.look()
    assert jobs.due() == ["render", "check"]

    worker.fail("render", "3", "4", "5")
    jobs.look()
    assert (jobs.due(), jobs.stuck()) == (["check"], [])

    worker.complete("check", "1", "2")
    jobs.look()
    assert (jobs.due(), jobs.stuck()) == ([], ["check"])


@pytest.mark.parametrize(
    ("has_results", "status"), [(True, "Completed"), (False, "Deleted")], ids=["results are there", "none are"]
)
def test_a_deleted_job_is_judged_by_its_results(bundle, client, deadline, has_results, status):
    """A farm may delete what is done."""
    job_ids = submit_to(client, bundle)
    jobs = DeadlineJobs(bundle, job_ids, client=client, has_results=lambda _: has_results)
    deadline.delete(job_ids["render"])

    assert jobs.look()

    assert jobs.statuses["render"] == status
    assert jobs.due() == (["collect", "beside"] if has_results else ["beside"])


def test_a_deadline_out_of_reach_is_waited_for(jobs, deadline, job_ids):
    """For a while: then its last words are told."""
    deadline.set_faults({"on": "read", "do": "refuse", "value": "no line"})
    assert not jobs.look()
    assert jobs.error == "no line"

    assert jobs.look()
    assert (jobs.error, jobs.statuses["render"]) == ("", "Queued")

    deadline.set_faults({"on": "read", "do": "refuse", "value": "no line"})
    jobs.patience = -1.0
    with pytest.raises(
        SubmissionError, match=rf"no state of render \({job_ids['render']}\), .* for long; its last words: no"
    ):
        jobs.look()


def test_a_job_that_is_listed_and_not_told_of_is_waited_for(jobs, client, job_ids):
    """Others go on meanwhile."""
    tell, render = client.read_jobs, job_ids["render"]
    client.list_jobs = set
    client.read_jobs = lambda ids: {job_id: job for job_id, job in tell(ids).items() if job_id != render}

    assert jobs.look()

    assert jobs.error == f"Deadline lists render ({render}) and tells no state"
    assert jobs.statuses["beside"] == "Queued"


ANSWERS = [
    {"wrong_state": wrong, "several_changes": several}
    for wrong in ("error", "nothing")
    for several in ("go on", "stop")
]


@pytest.mark.parametrize("answers", ANSWERS, ids=str)
def test_what_could_start_is_suspended(jobs, worker, deadline, job_ids, answers):
    """What waits for it stays pending: resumed in the Monitor, it might start before the others are done."""
    deadline.change_settings(unknowns=answers)
    worker.complete("beside")

    told = jobs.suspend()

    assert states(deadline) == {"render": "Suspended", "collect": "Pending", "beside": "Completed"}
    assert told == (
        f"the job render ({job_ids['render']}) is suspended, and collect ({job_ids['collect']}) waits for it: resume or"
        " delete them in the Monitor"
    )


@pytest.mark.parametrize("answers", ANSWERS, ids=str)
def test_what_ends_or_begins_while_it_is_suspended_is_seen(jobs, worker, deadline, client, answers):
    """The last task of one job ends at that moment, and the job that waited for it is released."""
    deadline.change_settings(unknowns=answers)
    ended = []

    def end_before_the_suspension(number):
        if number == 2:
            ended.append(number)
            worker.complete("render")

    client.calls, client.on_call = 0, end_before_the_suspension

    jobs.suspend()

    assert ended
    assert states(deadline) == {"render": "Completed", "collect": "Suspended", "beside": "Suspended"}


def test_nothing_is_suspended_twice(jobs, deadline, client):
    """Deadline may call that an error."""
    first = jobs.suspend()
    client.calls = 0

    assert jobs.suspend() == first

    assert client.calls == 1


def test_what_has_ended_is_not_suspended(jobs, worker):
    """It is said."""
    for key in ("render", "beside", "collect"):
        worker.complete(key)

    assert jobs.suspend() == "all jobs have ended"


def test_what_cannot_be_suspended_is_named(jobs, deadline, job_ids):
    """With Deadline's words."""
    deadline.set_faults({"on": "suspend", "do": "refuse", "value": "not your job", "times": 0})

    with pytest.raises(SubmissionError) as caught:
        jobs.suspend()

    assert str(caught.value) == (
        f"render ({job_ids['render']}), beside ({job_ids['beside']}) cannot be suspended (not your job):"
        " see to them in the Monitor"
    )
    assert states(deadline) == {"render": "Queued", "collect": "Pending", "beside": "Queued"}
