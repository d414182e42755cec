"""A whole graph through the Web Service: all jobs or none, whatever goes wrong at whatever request."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from web_services import farm_at, job_ids_of, requests_of

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.web import serve

RELEASED = {"render": "Queued", "check": "Pending", "last": "Pending"}
FAULTS = [
    {"do": "die"},
    {"do": "die_after"},
    {"do": "garble"},
    {"do": "quiet", "value": "no"},
    {"do": "deny", "value": 400},
    {"do": "deny", "value": 503},
    {"do": "deny", "value": "The database is away"},
    {"do": "late", "value": 30},
    {"do": "hang"},
]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    """Nobody else is at work here, so nothing has to be waited for."""
    monkeypatch.setattr("flowpipe_deadline.deadline.client.DeadlineClient.undo_pauses", (0.0, 0.0, 0.0))


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs: one that waits for nothing, one frame by frame for that, one for all of the second."""
    render = nodes.Render(name="render", graph=graph, frames=list(range(1, 11)), metadata={"batch_size": 4})
    batch = {"size": 5, "over": ["frames", "images"]}
    check = nodes.Check(name="check", graph=graph, frames=list(range(1, 11)), metadata={"batch": batch})
    last = nodes.Collect(name="last", graph=graph)
    render.outputs["items"].connect(check.inputs["images"])
    check.outputs["images"].connect(last.inputs["images"]["one"])
    return write_bundle(plan_graph(graph), root=tmp_path)


def statuses(deadline):
    """The states of all jobs, by node."""
    return {job.series("ExtraInfoKeyValue")["FlowpipeNode"]: job.shown_status for job in deadline.jobs()}


def outcome(deadline, bundle, client):
    """Which jobs there are after a submission that may fail; all are deleted then."""
    try:
        submit_to(client, bundle)
    except SubmissionError:
        record = read_submission(bundle.folder)  # Where a job may still be coming, it says that.
        is_clean = not deadline.jobs() and (record is None or not record.jobs)
        (bundle.folder / "submission.json").unlink(missing_ok=True)
        return "none" if is_clean else f"some: {statuses(deadline)}"
    found = "all" if statuses(deadline) == RELEASED else f"some: {statuses(deadline)}"
    for job_id in job_ids_of(deadline):
        deadline.delete(job_id)
    (bundle.folder / "submission.json").unlink()
    return found


@pytest.mark.parametrize("resumed", ["Pending", "Active"])
@pytest.mark.parametrize("suspended", ["Suspended", "Pending"])
def test_a_graph_is_submitted_whole(service, deadline, bundle, suspended, resumed):
    """One request per job to submit it; the others do not grow with the number of jobs, or release one each."""
    deadline.change_settings(unknowns={"suspended_dependent": suspended, "resumed_dependent": resumed})

    job_ids = submit_to(farm_at(service.url), bundle)

    assert statuses(deadline) == RELEASED
    assert sorted(job_ids.values()) == sorted(job_ids_of(deadline))
    assert len(requests_of(deadline, "POST")) == 3


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: " ".join(map(str, fault.values())))
def test_whatever_goes_wrong_at_whatever_request_no_half_of_a_graph_is_left(service, deadline, bundle, fault):
    """Also where the answer got lost though the job was made; and the bundle can be submitted afterwards."""
    client = farm_at(service.url, read_timeout=0.15)
    assert outcome(deadline, bundle, client) == "all"
    count = len(requests_of(deadline))
    outcomes = []
    for number in range(1, count + 1):
        deadline.set_faults({"on": "*", "nth": number, **fault})
        outcomes.append(outcome(deadline, bundle, client))
        deadline.set_faults()

    assert set(outcomes) <= {"all", "none"}
    assert "none" in outcomes
    assert outcome(deadline, bundle, client) == "all"


def test_a_service_that_comes_back_is_told_to_undo_what_was_left(deadline, bundle):
    """While it is away nothing can be deleted; the bundle remembers what there is."""
    with serve(deadline) as web:
        port = web.server_address[1]
        client = farm_at(web.url)
        deadline.set_faults(
            {"on": "POST", "do": "deny", "nth": 3, "value": 400},
            {"on": "DELETE", "do": "die", "times": 0},
        )
        with pytest.raises(SubmissionError, match="could not be deleted"):
            submit_to(client, bundle)
    assert len(job_ids_of(deadline)) == 2

    deadline.set_faults()
    with serve(deadline, port=port):
        submit_to(client, bundle)

    assert statuses(deadline) == RELEASED


def test_frames_that_deadline_changed_are_noticed(service, deadline, bundle):
    """An event plugin did it; such a job would give another result than was planned."""
    deadline.set_faults({"on": "submit", "do": "rewrite", "value": {"Frames": "1-9"}})

    with pytest.raises(SubmissionError, match="the frames 1-9 where 1-10 were planned"):
        submit_to(farm_at(service.url), bundle)

    assert job_ids_of(deadline) == []
