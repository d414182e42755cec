"""Jobs released, held back and deleted through the Web Service, also where its answers get lost."""

from __future__ import annotations

import pytest
from redis_server import free_port
from web_services import AT_ONCE, ScriptedService, farm_at, http, job_ids_of, requests_of, write_job

from flowpipe_deadline.deadline.client import SubmissionError
from tests.fake_deadline.web import serve
from tests.fake_deadline.web_routes import Behaviour

UNKNOWN = "60ae9508f69eb6110034df45"
LOST = [{"do": "die"}, {"do": "die_after"}, {"do": "deny", "value": 503}, {"do": "deny", "value": 504}]


@pytest.fixture
def jobs(client, tmp_path):
    """The IDs of three jobs, each waiting for the one before."""
    ids = [client.submit(*write_job(tmp_path, name="a")).job_id]
    for name in "bc":
        ids.append(client.submit(*write_job(tmp_path, name=name, JobDependencies=ids[-1])).job_id)
    return ids


def statuses(client, ids):
    """Their states, in order."""
    details = client.read_jobs(ids)
    return [details[job_id].status if job_id in details else "gone" for job_id in ids]


def test_suspended_jobs_go_on(client, jobs):
    """Those that wait for others are pending then."""
    client.resume(jobs)

    assert statuses(client, jobs) == ["Queued", "Pending", "Pending"]


def test_jobs_with_dependencies_are_pended(client, jobs, deadline):
    """Where resuming made them active too early."""
    deadline.change_settings(unknowns={"resumed_dependent": "Active"})
    client.resume(jobs)
    assert statuses(client, jobs) == ["Queued"] * 3

    client.pend(jobs[1:])

    assert statuses(client, jobs) == ["Queued", "Pending", "Pending"]


def test_jobs_are_held_back(client, jobs):
    """Whatever they were at."""
    client.resume(jobs)

    client.suspend(jobs)

    assert statuses(client, jobs) == ["Suspended"] * 3


def test_jobs_are_deleted(client, jobs, deadline):
    """The others stay."""
    client.delete(jobs[1:])

    assert statuses(client, jobs) == ["Suspended", "gone", "gone"]
    assert job_ids_of(deadline) == jobs[:1]


def test_each_command_is_for_one_job(client, jobs, deadline):
    """Lists are documented for reading and purging alone."""
    client.resume(jobs)
    client.delete(jobs)

    commands = [call for call in deadline.log.calls("request") if call.name[:4] in ("PUT ", "DELE")]
    assert [call.name for call in commands] == ["PUT /api/jobs"] * 3 + ["DELETE /api/jobs"] * 3


@pytest.mark.parametrize("command", ["resume", "suspend", "delete", "pend"])
def test_nothing_is_asked_for_no_jobs(client, deadline, command):
    """A submission of nothing has nothing to undo."""
    getattr(client, command)([])

    assert requests_of(deadline) == []


@pytest.mark.parametrize("wrong_state", ["error", "nothing"])
def test_a_job_that_is_as_it_should_be_is_left_so(client, jobs, deadline, wrong_state):
    """Deadline may make an error of a command that changes nothing; to us it has done what it is for."""
    deadline.change_settings(unknowns={"wrong_state": wrong_state})

    client.suspend(jobs)
    client.resume(jobs)
    client.resume(jobs)
    client.pend(jobs[1:])
    client.delete(jobs[2:])
    client.delete([UNKNOWN, *jobs[2:]])

    assert statuses(client, jobs) == ["Queued", "Pending", "gone"]


def test_a_job_that_does_not_exist_cannot_go_on(client):
    """The error holds Deadline's words."""
    with pytest.raises(
        SubmissionError, match=f"the command 'resume' failed for job {UNKNOWN}: .*The job {UNKNOWN} does not exist"
    ):
        client.resume([UNKNOWN])


def test_a_job_that_waits_for_nothing_cannot_be_pended(client, jobs):
    """The error holds Deadline's words."""
    with pytest.raises(SubmissionError, match=f"the command 'pend' failed for job {jobs[0]}: .*depends on nothing"):
        client.pend(jobs)


def test_jobs_are_released_up_to_the_first_that_will_not(client, jobs, deadline):
    """The others would begin although their submission is undone."""
    deadline.set_faults({"on": "resume", "do": "refuse", "nth": 2, "times": 0, "value": "No licence"})

    with pytest.raises(
        SubmissionError, match=f"the command 'resume' failed for job {jobs[1]}: .*status 500: No licence"
    ):
        client.resume(jobs)

    assert statuses(client, jobs) == ["Queued", "Suspended", "Suspended"]


@pytest.mark.parametrize(("command", "state"), [("delete", "gone"), ("suspend", "Suspended")])
def test_as_many_jobs_as_possible_are_deleted_or_held_back(client, jobs, deadline, command, state):
    """What is left is named."""
    client.resume(jobs)
    before = statuses(client, jobs)
    deadline.set_faults({"on": command, "do": "refuse", "nth": 2, "value": "It is protected"})

    with pytest.raises(SubmissionError, match=f"the command '{command}' failed for job {jobs[1]}: .*It is protected"):
        getattr(client, command)(jobs)

    assert statuses(client, jobs) == [state, before[1], state]


@pytest.mark.parametrize("fault", LOST, ids=str)
@pytest.mark.parametrize("command", ["resume", "suspend", "delete"])
def test_a_command_whose_answer_got_lost_is_given_again_if_it_was_not_done(client, jobs, deadline, command, fault):
    """Reading the job shows it; a command that was done would be an error the second time."""
    states = {"resume": ["Queued", "Pending"], "suspend": ["Suspended"] * 2, "delete": ["gone"] * 2}[command]
    if command == "suspend":
        client.resume(jobs)
    deadline.log.clear()
    deadline.set_faults({"on": command, **fault})

    getattr(client, command)(jobs[:2])

    assert statuses(client, jobs[:2]) == states
    given = len(requests_of(deadline, "PUT")) + len(requests_of(deadline, "DELETE"))
    assert given == (2 if fault["do"] == "die_after" else 3)


@pytest.mark.parametrize(("fault", "state"), [("late", "gone"), ("hang", "Suspended")])
def test_a_command_without_an_answer_in_time_is_not_given_again(service, deadline, jobs, fault, state):
    """What came of it is looked at; that is all that can be done."""
    client = farm_at(service.url, read_timeout=0.2)
    deadline.set_faults({"on": "DELETE", "do": fault, "value": 30})

    if fault == "late":
        client.delete(jobs[:1])
    else:
        with pytest.raises(SubmissionError, match="has not answered in time"):
            client.delete(jobs[:1])

    assert statuses(client, jobs[:1]) == [state]
    assert len(requests_of(deadline, "DELETE")) == 1


def test_commands_are_not_repeated_for_ever(client, jobs, deadline):
    """Without an answer for one job, the others are not tried: each would take as long."""
    deadline.log.clear()
    deadline.set_faults({"on": "DELETE", "do": "die", "times": 0})

    with pytest.raises(
        SubmissionError, match=f"the command 'delete' failed for job {', '.join(jobs)}: .*broke the connection off"
    ):
        client.delete(jobs)

    assert len(requests_of(deadline, "DELETE")) == len(AT_ONCE) + 1


def test_a_service_that_is_away_is_named(jobs):
    """With all jobs that are left."""
    client = farm_at(f"http://127.0.0.1:{free_port()}")
    for command in (client.delete, client.suspend):
        with pytest.raises(SubmissionError, match=f"{', '.join(jobs)}: .*Connection refused"):
            command(jobs)
    with pytest.raises(SubmissionError, match=f"the command 'resume' failed for job {jobs[0]}: .*Connection refused"):
        client.resume(jobs)


@pytest.mark.parametrize("words", ["Success", '"Success"', "success\r\n", "Job deleted", ""])
def test_what_is_said_after_a_deletion_does_not_matter(deadline, tmp_path, words):
    """It is documented as text; the job is gone, or it is not."""
    with serve(deadline, behaviour=Behaviour(deleted_words=words)) as web:
        client = farm_at(web.url)
        job_id = client.submit(*write_job(tmp_path)).job_id

        client.delete([job_id])

    assert job_ids_of(deadline) == []


def test_words_that_are_no_success_are_an_error_if_nothing_was_done(client, jobs, deadline):
    """Although the status is that of a success."""
    deadline.set_faults({"on": "resume", "do": "quiet", "value": "You have no rights"})

    with pytest.raises(SubmissionError, match="did not answer Success, but: Error: You have no rights"):
        client.resume(jobs)


def test_where_the_user_is_refused_the_job_is_not_looked_at():
    """That would be refused as well."""
    with ScriptedService(http(401, "Who are you?")) as service:
        with pytest.raises(SubmissionError, match=r"status 401: Who are you.*_USER"):
            farm_at(service.url).delete([UNKNOWN])

        assert [request.method for request in service.requests] == ["DELETE"]
