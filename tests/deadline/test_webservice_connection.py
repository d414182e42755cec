"""How the Web Service is reached: TLS, users, proxies, and Ctrl+C at any moment."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading

import pytest
from redis_server import free_port
from web_services import BATCH, LOCALHOST, ScriptedService, farm_at, http, interrupts, job_ids_of, requests_of

from flowpipe_deadline.deadline.client import RefusedError, SubmissionError
from tests.fake_deadline.web import Guard, serve

SECRET = "correct-horse"
JOB_ID = "60ae9508f69eb6110034df45"


def refused(url, job, **settings):
    """The error of a submission, and whether a job may exist."""
    with pytest.raises(RefusedError) as caught:
        farm_at(url, **settings).submit(*job)
    return str(caught.value), caught.value.is_uncertain


def test_a_service_with_a_studios_own_certificate_is_trusted_by_it(deadline, job, certificates):
    """Every kind of question."""
    with serve(deadline, guard=Guard(certificate=certificates.service)) as web:
        client = farm_at(web.url, ca=certificates.ca)
        created = client.submit(*job)
        client.resume([created.job_id])

        assert client.read_jobs([created.job_id])[created.job_id].status == "Queued"
        assert client.read_repository().pools == ("none",)
        client.delete(client.find_jobs(BATCH))

    assert web.url.startswith("https://")
    assert job_ids_of(deadline) == []


def test_a_certificate_file_of_the_environment_does_not_stand_in_the_way(deadline, job, certificates, monkeypatch):
    """The setting is meant for this service; ``REQUESTS_CA_BUNDLE`` for the internet."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.untrusted))
    with serve(deadline, guard=Guard(certificate=certificates.service)) as web:
        farm_at(web.url, ca=certificates.ca).submit(*job)

    assert len(job_ids_of(deadline)) == 1


def test_a_service_that_is_not_trusted_gets_no_job(deadline, job, certificates):
    """Neither an unknown authority nor another host's certificate is trusted; the error says what to do."""
    with serve(deadline, guard=Guard(certificate=certificates.service)) as web:
        message, is_uncertain = refused(web.url, job)
    assert "over TLS: " in message
    assert "name the certificate to trust in FLOWPIPE_DEADLINE_WEBSERVICE_CA" in message
    assert not is_uncertain

    with serve(deadline, guard=Guard(certificate=certificates.elsewhere)) as web:
        message, is_uncertain = refused(web.url, job, ca=certificates.ca)
    assert re.search(r"over TLS: .*'127\.0\.0\.1'", message)
    assert "_CA" not in message
    assert not is_uncertain

    assert requests_of(deadline) == []


def test_a_service_without_tls_is_not_asked_with_it(deadline, job, certificates):
    """And certainly makes no job."""
    with serve(deadline) as web:
        message, is_uncertain = refused(web.url.replace("http:", "https:"), job, ca=certificates.ca)

    assert "over TLS" in message
    assert not is_uncertain


@pytest.mark.parametrize("parts", [("client", None), ("client", "key")], ids=["one file", "two files"])
def test_a_client_shows_its_certificate(deadline, job, certificates, parts):
    """Its key is in the same file, or in another."""
    certificate, key = (getattr(certificates, part) if part else None for part in parts)
    with serve(deadline, guard=Guard(certificate=certificates.service, client_ca=certificates.ca)) as web:
        farm_at(web.url, ca=certificates.ca, certificate=certificate, key=key).submit(*job)

    assert len(job_ids_of(deadline)) == 1


@pytest.mark.parametrize("name", [None, "untrusted"])
def test_a_client_whose_certificate_is_not_accepted_made_no_job(deadline, job, certificates, name):
    """With TLS 1.3 that is known only after the job was sent; without the reason, it is uncertain."""
    certificate = getattr(certificates, name) if name else None
    with serve(deadline, guard=Guard(certificate=certificates.service, client_ca=certificates.ca)) as web:
        message, is_uncertain = refused(web.url, job, ca=certificates.ca, certificate=certificate)

    assert not is_uncertain or "broke the connection off" in message
    assert requests_of(deadline) == []


def test_a_handshake_that_never_ends_made_no_job(job, certificates):
    """Nothing of the job was sent yet."""
    with socket.create_server((LOCALHOST, 0)) as listener:
        url = f"https://{LOCALHOST}:{listener.getsockname()[1]}"
        message, is_uncertain = refused(url, job, ca=certificates.ca, connect_timeout=0.2, read_timeout=0.2)

    assert "in time" in message or "no connection within" in message
    assert not is_uncertain


@pytest.mark.parametrize("password", [SECRET, "pässwörd €"])
def test_a_user_is_let_in_by_password(deadline, job, password):
    """In any characters."""
    with serve(deadline, guard=Guard(user="anna", password=password)) as web:
        farm_at(web.url, user="anna", password=password).submit(*job)

    assert len(job_ids_of(deadline)) == 1


@pytest.mark.parametrize("user", [{}, {"user": "anna", "password": f"{SECRET}r"}, {"user": "otto"}], ids=str)
def test_a_wrong_user_is_told_which_settings_to_look_at(deadline, job, user):
    """And certainly made no job."""
    with serve(deadline, guard=Guard(user="anna", password=SECRET)) as web:
        message, is_uncertain = refused(web.url, job, **user)
        with pytest.raises(SubmissionError, match=r"status 401: .*Set FLOWPIPE_DEADLINE_WEBSERVICE_USER"):
            farm_at(web.url, **user).read_repository()

    assert "status 401" in message
    assert SECRET not in message
    assert not is_uncertain
    assert job_ids_of(deadline) == []


def test_a_password_that_the_service_repeats_is_not_repeated_by_us(job):
    """Neither as it is, nor in the form in which it is sent."""
    echo = ScriptedService(lambda request: http(500, f"{request.head} for {SECRET}"))
    with echo as service:
        message, _ = refused(service.url, job, user="anna", password=SECRET)

    token = next(line for line in service.requests[0].head.splitlines() if line.startswith("Authorization"))
    assert token.startswith("Authorization: Basic ")
    assert token.rpartition(" ")[2] not in message
    assert SECRET not in message
    assert "Basic *** " in message


def test_a_proxy_that_fails_is_named_without_its_password(job, monkeypatch):
    """The Web Service is in-house: most likely it should be reached without."""
    monkeypatch.setenv("HTTP_PROXY", f"http://anna:{SECRET}@localhost:{free_port()}")
    with ScriptedService(http(200, {"_id": JOB_ID})) as service:
        message, is_uncertain = refused(service.url, job)

        assert "the proxy localhost fails" in message
        assert "name its host in NO_PROXY" in message
        assert SECRET not in message
        assert not is_uncertain

        monkeypatch.setenv("NO_PROXY", LOCALHOST)
        assert farm_at(service.url).submit(*job).job_id == JOB_ID


def test_a_proxy_is_asked_for_hosts_that_it_is_for(job, monkeypatch):
    """As for any other program."""
    with ScriptedService(http(200, {"_id": JOB_ID})) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        farm_at("http://farm.studio.invalid:8081").submit(*job)

    assert proxy.requests[0].path == "http://farm.studio.invalid:8081/api/jobs"


def test_a_connection_is_kept_between_questions(deadline, job):
    """A graph of a thousand jobs is a thousand requests, and one connection."""
    opened = []
    with serve(deadline) as web:
        get_request = web.get_request
        web.get_request = lambda: opened.append(1) or get_request()
        client = farm_at(web.url)
        for _ in range(5):
            client.submit(*job)
        client.find_jobs(BATCH)
        client.delete(job_ids_of(deadline))

    assert len(opened) == 1


ASKS = {
    "submit": lambda client, job: client.submit(*job),
    "read_jobs": lambda client, _: client.read_jobs([JOB_ID]),
    "read_tasks": lambda client, _: client.read_tasks(JOB_ID),
    "find_jobs": lambda client, _: client.find_jobs(BATCH),
    "resume": lambda client, _: client.resume([JOB_ID]),
    "pend": lambda client, _: client.pend([JOB_ID]),
    "suspend": lambda client, _: client.suspend([JOB_ID]),
    "delete": lambda client, _: client.delete([JOB_ID]),
    "read_repository": lambda client, _: client.read_repository(),
}


@pytest.mark.parametrize("name", ASKS)
def test_ctrl_c_while_the_service_thinks_is_ctrl_c(job, name):
    """Nothing takes it for a failure, or asks again."""
    with ScriptedService(interrupts) as service:
        with pytest.raises(KeyboardInterrupt):
            ASKS[name](farm_at(service.url), job)

        assert len(service.requests) == 1


@pytest.mark.parametrize("name", [name for name in ASKS if name != "submit"])
def test_ctrl_c_before_a_repeat_is_ctrl_c(job, name):
    """Pauses end with it; so does a look at what a command came to."""

    def busy_then_interrupts(_request):
        threading.Timer(0.05, interrupts, [None]).start()
        return http(503)

    with ScriptedService(busy_then_interrupts, http(503)) as service, pytest.raises(KeyboardInterrupt):
        ASKS[name](farm_at(service.url, pauses=[60]), job)


def test_settings_and_command_line_do_not_load_what_only_this_way_needs():
    """Every other command would wait for it."""
    code = (
        "import sys, flowpipe_deadline.cli.main, flowpipe_deadline.deadline.webservice.settings;"
        "print('requests' in sys.modules, 'http.server' in sys.modules)"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.split() == ["False", "False"]
