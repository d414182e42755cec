"""Jobs submitted through the Web Service: what it is sent, and when a job may exist whose ID is not known."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time

import pytest
from patience import wait_until
from redis_server import free_port
from web_services import JOB_INFO, ScriptedService, farm_at, http, job_ids_of, requests_of, write_job

from flowpipe_deadline.deadline.client import RefusedError
from tests.fake_deadline.web import serve
from tests.fake_deadline.web_routes import Behaviour

JOB_ID = "69789945325386f947e7240b"


def test_a_job_arrives_as_its_files_have_it(client, deadline, tmp_path):
    """Every key and value, those with an equals sign too, and no auxiliary file."""
    special = {"EnvironmentKeyValue0": "A=B=C", "Comment": "größe π", "ChunkSize": "3"}
    files = write_job(tmp_path, **special)

    created = client.submit(*files)

    (made,) = deadline.jobs()
    assert created.job_id == made.job_id
    assert created.warnings == ()
    submitter = {"UserName": "anna", "MachineName": "desk-7"}
    assert dict(made.job_info) == {**JOB_INFO, **special, **submitter, "Name": "render"}
    assert dict(made.plugin_info) == {"Bundle": "/shows/shot", "Node": "render"}


def test_the_question_has_the_form_that_the_service_wants(job):
    """``AuxFiles`` must be there also without any, and the ID is enough of an answer."""
    with ScriptedService(http(200, {"_id": JOB_ID})) as service:
        farm_at(service.url).submit(*job)

    (request,) = service.requests
    assert (request.method, request.path) == ("POST", "/api/jobs")
    assert "Content-Type: application/json" in request.head
    body = json.loads(request.body)
    assert body.keys() == {"JobInfo", "PluginInfo", "AuxFiles", "IdOnly"}
    assert (body["AuxFiles"], body["IdOnly"]) == ([], True)


def test_a_job_that_names_its_user_keeps_it(client, deadline, tmp_path):
    """Whatever the letter case; Deadline reads keys without regard to it."""
    client.submit(*write_job(tmp_path, username="otto"))

    (made,) = deadline.jobs()
    assert made.job_info["username"] == "otto"
    assert made.job_info["MachineName"] == "desk-7"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_info_files_are_read_in_every_encoding_of_deadlines(client, deadline, tmp_path, encoding):
    """The byte order mark tells them apart."""
    job_file, plugin_file = tmp_path / "a.job", tmp_path / "a.plugin"
    job_file.write_bytes("Plugin=Flowpipe\r\nName=größe\r\n".encode(encoding))
    plugin_file.write_bytes("Bundle=/π\n".encode(encoding))

    client.submit(str(job_file), str(plugin_file))

    (made,) = deadline.jobs()
    assert (made.name, made.plugin_info["Bundle"]) == ("größe", "/π")


def test_a_file_that_cannot_be_read_is_refused_before_anything_is_sent(client, deadline, tmp_path):
    """By its path."""
    job_file, plugin_file = write_job(tmp_path)
    (tmp_path / "damaged.plugin").write_text("no entry\n")

    for files, words in [
        ((str(tmp_path / "missing.job"), plugin_file), r"missing\.job cannot be read: No such file"),
        ((job_file, str(tmp_path / "damaged.plugin")), r"damaged\.plugin cannot be read: .*not Key=Value"),
    ]:
        with pytest.raises(RefusedError, match=words) as caught:
            client.submit(*files)
        assert not caught.value.is_uncertain

    assert requests_of(deadline) == []


@pytest.mark.parametrize("form", ["object", "job", "text"])
def test_the_id_is_found_in_every_form_of_answer(deadline, job, form):
    """An object with the ID, the whole job, or the ID alone."""
    with serve(deadline, behaviour=Behaviour(job_id_form=form)) as web:
        created = farm_at(web.url).submit(*job)

    assert [created.job_id] == job_ids_of(deadline)


@pytest.mark.parametrize(
    "answer",
    [[{"_id": JOB_ID.upper()}], JOB_ID.upper(), f'"{JOB_ID}"\r\n', f"\ufeff{JOB_ID}"],
    ids=["list of one", "bare and in capitals", "quoted, with a line break", "byte order mark"],
)
def test_an_id_in_small_letters_comes_out_of_odd_answers(job, answer):
    """All of them are sound JSON or text with nothing but the ID."""
    with ScriptedService(http(200, answer)) as service:
        assert farm_at(service.url).submit(*job).job_id == JOB_ID


@pytest.mark.parametrize(
    "answer",
    [
        *("", "Success", "{}", '{"_id":""}', '{"_id":"69789945"}', f'{{"_id":"{JOB_ID}0"}}', '{"_id":5}', "null"),
        *("[]", f'["{JOB_ID}","{JOB_ID}"]', f"job {JOB_ID}", "<html><body>Welcome</body></html>", "[" * 100_000),
    ],
    ids=lambda answer: answer[:24] or "nothing",
)
def test_an_answer_without_an_id_leaves_open_whether_there_is_a_job(job, answer):
    """The job may have been made all the same; what was said is in the message, on one line."""
    with ScriptedService(http(200, answer)) as service, pytest.raises(RefusedError, match="no ID") as caught:
        farm_at(service.url).submit(*job)

    assert caught.value.is_uncertain
    assert len(service.requests) == 1
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("status", "is_uncertain"),
    [
        *[(status, False) for status in (301, 302, 307, 308, 400, 401, 403, 404, 405, 413, 429, 501)],
        *[(status, True) for status in (500, 502, 503, 504)],
    ],
)
def test_an_error_of_the_server_leaves_open_whether_there_is_a_job(job, status, is_uncertain):
    """A proxy that lost the service says the same whether it had passed the job on; other errors come before a job.

    In both cases, the job is sent once.
    """
    with ScriptedService(http(status, "Not today.\nSorry.")) as service, pytest.raises(RefusedError) as caught:
        farm_at(service.url).submit(*job)

    assert caught.value.is_uncertain == is_uncertain
    assert len(service.requests) == 1
    assert f"{service.url} answered with status {status}" in str(caught.value)
    assert status < 400 or ": Not today. Sorry." in str(caught.value)


def test_a_redirect_is_not_followed(job):
    """It would turn the submission into a question."""
    moved = http(302, "", "Location: https://farm:4434/")
    with ScriptedService(moved) as service, pytest.raises(RefusedError, match="farm:4434/; use that URL"):
        farm_at(service.url).submit(*job)

    assert len(service.requests) == 1


def test_a_page_of_a_proxy_is_told_without_its_markup(job):
    """In one line of bearable length."""
    page = "<html><head><title>504</title></head><body><h1>Gateway\nTime-out</h1>" + "<p>sorry</p>" * 900
    with (
        ScriptedService(http(504, page)) as service,
        pytest.raises(RefusedError, match="Gateway Time-out sorry") as caught,
    ):
        farm_at(service.url).submit(*job)

    assert "<" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_job_that_deadline_does_not_take_is_told_in_its_words(client, deadline, tmp_path):
    """The offline one refuses a plugin that there is not."""
    with pytest.raises(RefusedError, match="The plugin Nope does not exist"):
        client.submit(*write_job(tmp_path, Plugin="Nope"))

    assert job_ids_of(deadline) == []


@pytest.mark.parametrize(
    ("fault", "jobs"),
    [
        ({"do": "die"}, 0),
        ({"do": "die_after"}, 1),
        ({"do": "late", "value": 30}, 1),
        ({"do": "hang"}, 0),
        ({"do": "garble"}, 1),
        ({"do": "deny", "value": 503}, 0),
        ({"do": "quiet", "value": "no space left"}, 0),
    ],
    ids=lambda value: value["do"] if isinstance(value, dict) else "",
)
def test_a_lost_answer_leaves_open_whether_there_is_a_job(service, deadline, job, fault, jobs):
    """Whether there is one cannot be seen from outside. It is never sent again."""
    deadline.set_faults({"on": "POST", **fault})

    with pytest.raises(RefusedError) as caught:
        farm_at(service.url, read_timeout=0.2).submit(*job)

    assert caught.value.is_uncertain
    wait_until(lambda: requests_of(deadline) and len(job_ids_of(deadline)) == jobs)  # The service may be slower.
    assert requests_of(deadline) == ["POST /api/jobs"]
    assert len(job_ids_of(deadline)) == jobs


def test_a_fault_at_a_later_job_spares_the_earlier_ones(client, deadline, tmp_path):
    """And the next one is taken again."""
    deadline.set_faults({"on": "POST", "do": "die_after", "nth": 2})
    client.submit(*write_job(tmp_path, name="a"))

    with pytest.raises(RefusedError):
        client.submit(*write_job(tmp_path, name="b"))
    client.submit(*write_job(tmp_path, name="c"))

    assert [made.name for made in deadline.jobs()] == ["a", "b", "c"]


def test_a_service_that_is_not_there_certainly_made_no_job(job):
    """Nothing listens on the port, or the name is unknown."""
    for url, words in [
        (f"http://127.0.0.1:{free_port()}", "cannot be reached: Connection refused"),
        ("http://no-such-host.invalid", "this machine does not know the host no-such-host.invalid"),
    ]:
        with pytest.raises(RefusedError, match=words) as caught:
            farm_at(url).submit(*job)

        assert not caught.value.is_uncertain


@contextlib.contextmanager
def full_service():
    """A port that has more connections waiting than it takes."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="Windows refuses such connections")
def test_a_connection_that_does_not_come_about_in_time_certainly_made_no_job(job):
    """It is not tried again: it has taken long enough."""
    with full_service() as url, pytest.raises(RefusedError, match=r"no connection within 0\.2 seconds") as caught:
        farm_at(url, connect_timeout=0.2).submit(*job)

    assert not caught.value.is_uncertain


def test_a_job_is_sent_as_soon_as_a_service_that_restarts_is_back(deadline, job):
    """No connection came about before, so none can have been submitted."""
    port = free_port()
    is_over = threading.Event()

    def serve_later():
        time.sleep(0.1)
        with serve(deadline, port=port):
            is_over.wait(30)

    thread = threading.Thread(target=serve_later)
    thread.start()
    try:
        farm_at(f"http://127.0.0.1:{port}", pauses=[0.02] * 500).submit(*job)
    finally:
        is_over.set()
        thread.join()

    assert len(job_ids_of(deadline)) == 1


def test_a_service_that_was_restarted_between_two_jobs_takes_the_second(deadline, tmp_path):
    """The connection to the first has gone stale, which is noticed before the job is given to it."""
    with serve(deadline) as web:
        client = farm_at(web.url)
        client.submit(*write_job(tmp_path, name="a"))
        port = web.server_address[1]
    with serve(deadline, port=port):
        client.submit(*write_job(tmp_path, name="b"))

    assert [made.name for made in deadline.jobs()] == ["a", "b"]
