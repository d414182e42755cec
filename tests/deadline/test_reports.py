"""Reports, workers and limits, by every connection and in every form that they may have."""

from __future__ import annotations

import bz2
from dataclasses import replace

import pytest
from inside_deadline import CommandsInside
from web_services import farm_at, write_job

from flowpipe_deadline.deadline.client import FarmDetails, LimitDetails, SubmissionError, WorkerDetails
from flowpipe_deadline.deadline.process import DeadlineCommand
from flowpipe_deadline.submit.script_client import ScriptClient
from tests.fake_deadline.reports import write_attempt
from tests.fake_deadline.web import serve
from tests.fake_deadline.web_routes import Behaviour

HEADING = "=== 2026-11-30 07:{minute:02d}:00, node-{minute}, frames {frames}, attempt 1 ==="
WORKERS = [
    {"name": "node-1", "state": "Rendering", "pools": ["comp"], "groups": ["linux"]},
    {"name": "node-2", "state": "Offline", "enabled": False},
]
FARM = FarmDetails(
    workers=(
        WorkerDetails("node-1", state="Rendering", is_enabled=True, pools=("comp",), groups=("linux",)),
        WorkerDetails("node-2", state="Offline", is_enabled=False, pools=(), groups=()),
    ),
    limits=(LimitDetails("nuke", maximum=4, in_use=3),),
)


@pytest.fixture
def job_id(deadline, client, tmp_path):
    """A job with the tasks 1-4, 5-8 and 9-10: the second failed once before it worked, the last never began."""
    job_id = client.submit(*write_job(tmp_path)).job_id
    attempts = [(1, 3, "5-8", "ERROR: no license"), (0, 1, "1-4", "STDOUT: one"), (1, 5, "5-8", "STDOUT: two")]
    for task, minute, frames, line in attempts:
        heading = HEADING.format(minute=minute, frames=frames)
        write_attempt(deadline, job_id, task, heading=heading, lines=["INFO: Plugin rendering frame(s)", line])
    return job_id


def by_script(deadline, monkeypatch):
    """The client that starts a process of Deadline's for each question."""
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    return ScriptClient(DeadlineCommand())


def told(client, job_id, task_id=None):
    """What is told of the reports, and the lines with what was printed."""
    return [
        (report.task_id, report.worker, report.title.rpartition(" : ")[2], printed(client, job_id, report))
        for report in client.read_reports(job_id, task_id)
    ]


def printed(client, job_id, report):
    """The last word of what the node said, in the report's log."""
    text = b"".join(client.read_report_log(job_id, report)).decode("utf-8")
    return text.split("\n\n")[0].split()[-1]


ALL = [(0, "node-1", "", "one"), (1, "node-3", "no license", "license"), (1, "node-5", "", "two")]


@pytest.mark.parametrize("files", ["compressed", "plain"])
def test_commands_name_files_which_say_what_they_are_about(deadline, job_id, files):
    """Which task it was, they tell by its frames."""
    deadline.change_settings(unknowns={"report_files": files})
    client = CommandsInside(deadline)

    assert told(client, job_id) == ALL
    assert told(client, job_id, 1) == ALL[1:]
    assert told(client, job_id, 2) == []


def test_a_file_that_only_deadline_sees_is_named(deadline, job_id):
    """It may be any task's; whoever wants to read it is told that it is not here."""
    deadline.change_settings(unknowns={"report_files": "elsewhere"})
    client = CommandsInside(deadline)

    reports = client.read_reports(job_id, 2)

    assert [(report.task_id, report.is_error) for report in reports] == [(None, True), (None, False), (None, False)]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list(client.read_report_log(job_id, reports[0]))


@pytest.mark.parametrize("form", ["list", "text", "plain"])
def test_the_web_service_gives_reports_and_their_texts(deadline, job_id, form):
    """In whatever form these are."""
    with serve(deadline, behaviour=Behaviour(report_form=form)) as service:
        client = farm_at(service.url)

        assert told(client, job_id) == ALL
        assert told(client, job_id, 1) == ALL[1:]
        assert told(client, job_id, 2) == []


@pytest.mark.parametrize("calls", ["all", "texts"])
def test_a_script_gives_reports(deadline, job_id, calls, monkeypatch):
    """Their texts, where their files are not told."""
    deadline.change_settings(unknowns={"report_calls": calls})
    client = by_script(deadline, monkeypatch)

    assert told(client, job_id, 1) == ALL[1:]
    assert [bool(report.path) for report in client.read_reports(job_id)] == [calls == "all"] * 3


def test_a_report_that_is_gone_is_an_error(deadline, job_id, monkeypatch):
    """House cleaning deletes them at any moment."""
    deadline.change_settings(unknowns={"report_calls": "texts"})
    client = by_script(deadline, monkeypatch)
    (report,) = client.read_reports(job_id, 0)

    with pytest.raises(SubmissionError, match=f"no report gone of job {job_id} any more"):
        client.read_report_log(job_id, replace(report, report_id="gone"))


def test_a_damaged_file_of_a_report_is_one_that_cannot_be_read(deadline, job_id, tmp_path):
    """As on a full disk."""
    client = CommandsInside(deadline)
    (report,) = client.read_reports(job_id, 0)
    data = bz2.compress(b"x" * 100_000)
    (tmp_path / "half.bz2").write_bytes(data[: len(data) // 2])

    with pytest.raises(EOFError):
        list(client.read_report_log(job_id, replace(report, path=str(tmp_path / "half.bz2"))))


@pytest.fixture
def farm(deadline):
    """Two workers and a limit."""
    deadline.change_settings(workers=WORKERS, limits=["nuke"], limit_usage={"nuke": [4, 3]})
    return deadline


@pytest.mark.parametrize("keys", ["Slave", "Worker", "none"])
def test_commands_tell_workers_and_limits(farm, keys):
    """Where they do not tell who is in a pool, its members are listed."""
    farm.change_settings(unknowns={"worker_keys": keys})
    client = CommandsInside(farm)

    assert client.read_farm(pools=["comp"], groups=["linux"]) == FARM
    more = ["-GetSlaveNamesInPool", "-GetSlaveNamesInGroup"] if keys == "none" else []
    assert client.asked == ["-GetSlaveNames", "-GetSlave", *more, "-GetLimitGroups"]


def test_the_web_service_tells_workers_and_limits(farm, service):
    """By two questions; an older one, that it does not."""
    assert farm_at(service.url).read_farm() == FARM

    with serve(farm, behaviour=Behaviour(lacks=("/api/slaves", "/api/limitgroups"))) as older:
        assert farm_at(older.url).read_farm() == FarmDetails()


@pytest.mark.parametrize("calls", ["all", "none"])
def test_a_script_tells_workers_and_limits(farm, calls, monkeypatch):
    """By its own calls, or else by commands."""
    farm.change_settings(unknowns={"farm_calls": calls})

    assert by_script(farm, monkeypatch).read_farm(pools=["comp"]) == FARM


def test_without_workers_none_are_asked_about(deadline):
    """A farm that nobody has set up yet."""
    client = CommandsInside(deadline)

    assert client.read_farm() == FarmDetails(workers=(), limits=())
    assert client.asked == ["-GetSlaveNames", "-GetLimitGroups"]
