"""The fake Deadline's Web Service: the recorded forms of its answers, and what goes wrong on demand."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests
from redis_server import free_port
from web_services import JOB_INFO, job_ids_of, requests_of

from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.settings import SettingsError
from tests.fake_deadline.web import Guard, serve
from tests.fake_deadline.web_routes import Behaviour

JOB = {"JobInfo": JOB_INFO, "PluginInfo": {"Bundle": "/x"}, "AuxFiles": []}
UNKNOWN = "60ae9508f69eb6110034df45"


@pytest.fixture
def deadline(tmp_path):
    """A fake Deadline without jobs."""
    with FakeDeadline.create(tmp_path / "deadline") as offline:
        yield offline


@pytest.fixture
def ask(service):
    """Asks the service: method, path, JSON body."""
    with requests.Session() as session:
        yield lambda method, path, data=None: session.request(method, service.url + path, json=data, timeout=10)


def test_jobs_come_in_a_list_even_one_alone(ask):
    """With the keys of a real service's."""
    job_id = ask("POST", "/api/jobs", {**JOB, "IdOnly": True}).json()["_id"]

    answer = ask("GET", f"/api/jobs?JobID={job_id}")

    (job,) = answer.json()
    assert answer.headers["Content-Type"] == "application/json"
    assert (job["_id"], job["Stat"], job["SuspendedChunks"], job["Plug"]) == (job_id, 2, 3, "Flowpipe")
    properties = job["Props"]
    assert (properties["Frames"], properties["Chunk"], properties["Tasks"]) == ("1-10", 4, 3)
    assert (properties["Dep"], properties["DepFrame"], properties["PlugInfo"]) == ([], False, {"Bundle": "/x"})
    assert job["DateComp"] == "0001-01-01T00:00:00Z"
    assert ask("GET", "/api/jobs").json() == [job]
    assert ask("GET", "/api/jobs?IdOnly=true").json() == [job_id]
    assert ask("GET", "/api/jobs?States=Active,Pending").json() == []
    assert ask("GET", "/api/jobs?States=Suspended&IdOnly=true").json() == [job_id]


def test_a_job_without_a_user_is_the_services(ask, deadline):
    """As the real service gives it to its own account."""
    ask("POST", "/api/jobs", JOB)

    assert deadline.jobs()[0].job_info["UserName"] == "webservice"


def test_the_whole_job_is_answered_without_id_only(ask):
    """Numbers and booleans in the job info are taken too."""
    job = ask("POST", "/api/jobs", {**JOB, "JobInfo": {**JOB_INFO, "Priority": 7, "IsFrameDependent": True}}).json()

    assert (job["Props"]["Pri"], job["Props"]["DepFrame"]) == (7, True)


def test_tasks_come_in_an_object(ask):
    """In the recorded form; a single one comes in a list too."""
    job_id = ask("POST", "/api/jobs", JOB).json()["_id"]

    told = ask("GET", f"/api/tasks?JobID={job_id}").json()

    assert told.keys() == {"ID", "PreTask", "Tasks", "PostTask"}
    task = told["Tasks"][2]
    assert (task["TaskID"], task["Frames"], task["Stat"], task["Prog"], task["Slave"]) == (2, "9-10", 3, "0 %", "")
    assert ask("GET", f"/api/tasks?JobID={job_id}&IdOnly=true").json() == [0, 1, 2]
    assert ask("GET", f"/api/tasks?JobID={job_id}&TaskID=2").json() == [task]


def test_commands_are_answered_with_success(ask, deadline):
    """As plain text; for tasks too."""
    job_id = ask("POST", "/api/jobs", JOB).json()["_id"]

    for method, path, data in [
        ("PUT", "/api/jobs", {"Command": "resume", "JobID": job_id}),
        ("PUT", "/api/tasks", {"Command": "complete", "JobID": job_id, "TaskList": [0]}),
        ("PUT", "/api/tasks", {"Command": "suspend", "JobID": job_id, "TaskList": 1}),
        ("PUT", "/api/tasks", {"Command": "complete", "JobID": job_id, "TaskList": [2]}),
        ("PUT", "/api/jobs", {"Command": "appendjobframerange", "JobID": job_id, "FrameList": "20"}),
        ("PUT", "/api/jobs", {"Command": "setjobframerange", "JobID": job_id, "FrameList": "1-2", "ChunkSize": 1}),
        ("DELETE", f"/api/jobs?JobID={job_id}", None),
        ("PUT", "/api/jobs", {"Command": "undelete", "JobID": job_id}),
        ("DELETE", f"/api/jobs?JobID={job_id}", None),
        ("DELETE", f"/api/jobs?Purge=true&JobID={job_id}", None),
    ]:
        answer = ask(method, path, data)
        assert (answer.status_code, answer.text) == (200, "Success"), (method, data)
        assert answer.headers["Content-Type"].startswith("text/plain")

    assert deadline.repository.jobs(is_deleted=None) == []


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("PUT", "/api/jobs", None, 400),
        ("PUT", "/api/jobs", {"JobID": UNKNOWN}, 400),
        ("PUT", "/api/jobs", {"Command": "resume"}, 400),
        ("PUT", "/api/jobs", {"Command": "resume", "JobID": UNKNOWN}, 500),
        ("PUT", "/api/jobs", {"Command": "dance", "JobID": UNKNOWN}, 500),
        ("POST", "/api/jobs", None, 400),
        ("POST", "/api/jobs", {"JobInfo": {}, "PluginInfo": {}}, 400),
        ("POST", "/api/jobs", {**JOB, "JobInfo": {}}, 500),
        ("POST", "/api/jobs", {**JOB, "AuxFiles": ["/nowhere/at.all"]}, 500),
        ("DELETE", "/api/jobs", None, 400),
        ("DELETE", f"/api/jobs?JobID={UNKNOWN}", None, 500),
        ("DELETE", f"/api/jobs?JobID={UNKNOWN},{UNKNOWN}", None, 500),
        ("DELETE", f"/api/jobs?Purge=true&JobID={UNKNOWN}", None, 500),
        ("GET", "/api/tasks", None, 400),
        ("GET", f"/api/tasks?JobID={UNKNOWN}", None, 500),
        ("PUT", "/api/tasks", {"Command": "dance", "JobID": UNKNOWN}, 500),
        ("PUT", "/api/tasks", {"Command": "resume"}, 400),
        ("POST", "/api/tasks", {}, 501),
        ("DELETE", "/api/tasks", None, 501),
        ("PUT", "/api/pools", {}, 501),
        ("GET", "/api/repository", None, 400),
        ("GET", "/api/repository?Directory=cellar", None, 404),
        ("GET", "/api/nothing", None, 404),
        ("GET", "/", None, 404),
    ],
)
def test_errors_are_plain_text_with_their_status(ask, method, path, data, status):
    """400 for what is missing, 500 for what Deadline refuses, 501 for an unknown kind of request."""
    answer = ask(method, path, data)

    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text


def test_jobs_that_there_are_not_are_left_out_or_an_error(ask, deadline):
    """The real form is undocumented."""
    assert ask("GET", f"/api/jobs?JobID={UNKNOWN}").json() == []

    with serve(deadline, behaviour=Behaviour(unknown_job="error")) as strict:
        assert requests.get(f"{strict.url}/api/jobs?JobID={UNKNOWN}", timeout=10).status_code == 500


def test_deleted_jobs_are_shown_to_who_asks_for_them(ask):
    """Everybody else is refused."""
    job_id = ask("POST", "/api/jobs", JOB).json()["_id"]
    ask("DELETE", f"/api/jobs?JobID={job_id}")

    assert ask("GET", "/api/jobs?IdOnly=true").json() == []
    assert ask("GET", "/api/jobs?IdOnly=true&Deleted=true").json() == [job_id]


def test_requests_are_counted(ask, deadline):
    """By method and path, with what they asked for."""
    ask("POST", "/api/jobs", JOB)
    ask("GET", "/api/pools")

    assert requests_of(deadline) == ["POST /api/jobs", "GET /api/pools"]
    assert deadline.log.calls("request")[0].arguments[0] == "submit"


@pytest.mark.parametrize("on", ["POST", "/api/jobs", "submit", "*"])
def test_a_fault_happens_by_method_path_operation_or_always(ask, deadline, on):
    """At the request that it names, and not before or after."""
    deadline.set_faults({"on": on, "do": "deny", "nth": 2, "value": 503})

    answers = [ask("POST", "/api/jobs", JOB) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 503, 200]
    assert len(job_ids_of(deadline)) == 2


def test_a_fault_happens_at_a_command(ask, deadline):
    """Not at another one."""
    job_id = ask("POST", "/api/jobs", JOB).json()["_id"]
    deadline.set_faults({"on": "resume", "do": "quiet", "value": "no"})

    suspended = ask("PUT", "/api/jobs", {"Command": "suspend", "JobID": job_id})
    resumed = ask("PUT", "/api/jobs", {"Command": "resume", "JobID": job_id})

    assert suspended.status_code == 500
    assert (resumed.status_code, resumed.text) == (200, "Error: no")


def test_an_event_that_changes_jobs_changes_them_here_too(ask, deadline):
    """A fault inside Deadline happens with every connection."""
    deadline.set_faults({"on": "submit", "do": "rewrite", "value": {"Frames": "1-5"}})

    assert ask("POST", "/api/jobs", JOB).json()["Props"]["Frames"] == "1-5"


def test_garbage_is_answered_after_the_job_is_made(ask, deadline):
    """It is neither JSON nor text."""
    deadline.set_faults({"on": "POST", "do": "garble"})

    assert b"\xff" in ask("POST", "/api/jobs", JOB).content
    assert len(job_ids_of(deadline)) == 1


def test_many_clients_are_served_at_once(service, deadline):
    """While one hangs, the others are answered."""
    deadline.set_faults({"on": "GET", "do": "hang"})
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{service.url}/api/pools", timeout=0.1)

    assert requests.get(f"{service.url}/api/pools", timeout=10).json() == ["none"]


def test_strangers_are_kept_out(deadline, certificates):
    """With TLS, a certificate, and a password."""
    guard = Guard(certificate=certificates.service, client_ca=certificates.ca, user="anna", password="correct-horse")
    with serve(deadline, guard=guard) as web:
        known = {"verify": str(certificates.ca), "cert": str(certificates.client), "timeout": 10}
        answer = requests.get(f"{web.url}/api/pools", **known)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="Deadline"')
        assert requests.get(f"{web.url}/api/pools", auth=("anna", "correct-horse"), **known).status_code == 200
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"{web.url}/api/pools", verify=str(certificates.ca), timeout=10)


def test_a_service_that_cannot_be_is_a_clear_error(service, deadline, tmp_path):
    """The folder has no Deadline, or the port is taken."""
    for folder, port, words in [
        (tmp_path / "nowhere", 0, "holds no fake Deadline"),
        (deadline, service.server_address[1], "cannot be served on port .* in use"),
        (deadline, 123456, "cannot be served on port 123456"),
    ]:
        with pytest.raises(SettingsError, match=words), serve(folder, port=port):
            pass


def test_the_front_serves_it_beside_the_command(tmp_path):
    """It prints the variable to set, and ends with Ctrl+C."""
    port = free_port()
    command = [sys.executable, "-m", "tests.fake_deadline", str(tmp_path / "farm"), "--create"]
    options = ["--workers", "0", "--web", str(port)]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = [process.stdout.readline() for _ in range(4)]
            version = requests.get(f"http://127.0.0.1:{port}/api/repository?Version=", timeout=10).json()
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)

    assert f"export FLOWPIPE_DEADLINE_WEBSERVICE='http://127.0.0.1:{port}'" in lines[3]
    assert version.startswith("v10.4")
    assert "Stopped" in rest
    assert process.returncode == 0


def test_a_job_is_saved_as_a_whole(deadline, service, tmp_path):
    """Only what is imitated can be changed (submission, section 6.2), each property by a value of its type."""
    job_id = deadline.submit({"Plugin": "Python", "Frames": "1-4", "Priority": "50"}, {}).job_id
    job = requests.get(f"{service.url}/api/jobs?JobID={job_id}", timeout=10).json()[0]

    def save(changed):
        body = {"Command": "save", "Job": changed}
        answer = requests.put(f"{service.url}/api/jobs", json=body, timeout=10)
        return answer.status_code, answer.text

    assert save({**job, "Props": {**job["Props"], "Pri": 80}}) == (200, "Success")
    assert deadline.job(job_id).job_info["Priority"] == "80"
    job["Props"]["Pri"] = 80
    assert save({**job, "Props": {**job["Props"], "Pri": "90"}}) == (500, "Pri cannot be saved")
    assert save({**job, "Props": {**job["Props"], "Frames": "1"}}) == (500, "Frames cannot be saved")
    assert save({**job, "Stat": 2}) == (500, "Only properties of a job can be saved")
    assert save({**job, "Props": {"Pri": 1}}) == (500, "Only properties of a job can be saved")
    assert save(None) == (400, "The message body has no Job")
