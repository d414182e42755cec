"""``why`` and ``logs`` as commands, in processes of their own."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from direct_farm import DirectClient
from harness import run_cli
from submissions import Worker, write_three

from flowpipe_deadline.results.failures import write_failure
from flowpipe_deadline.status.logs import attempt_heading
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.reports import write_attempt
from tests.fake_deadline.web import serve

PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _context(monkeypatch, deadline):
    """The fake Deadline's command is the one of this machine."""
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


@pytest.fixture
def failed(deadline, bundle):
    """Submitted; the only task of ``beside`` has failed, with a report of Deadline's."""
    job_ids = submit_to(DirectClient(deadline), bundle)
    error = RuntimeError("no license")
    write_failure(bundle.folder, "beside", None, error=error, report="no license")
    heading = "=== 2026-11-30 07:01:00, node-7, frames 0, attempt 1 ==="
    write_attempt(deadline, job_ids["beside"], 0, heading=heading, lines=["STDOUT: one", "ERROR: no license"])
    Worker(deadline, bundle, job_ids).fail("beside")
    deadline.change_settings(workers=[{"name": "node-7", "state": "Offline"}])
    return bundle


@pytest.fixture(params=["script", "command", "webservice"])
def via(request, deadline, monkeypatch):
    """Every connection to the fake Deadline."""
    if request.param != "webservice":
        yield request.param
        return
    with serve(deadline) as service:
        monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", service.url)
        yield request.param


def write_log(bundle, key, data, *, frames="0", number=0):
    """What the offline farm's worker wrote."""
    folder = bundle.folder / "offline" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.{number}.log"
    path.write_bytes(attempt_heading(frames, worker="worker-1", attempt=1).encode() + b"\n" + data)
    return path


def test_why_names_causes_and_what_helps(failed, via):
    """By every connection; one line for a cause, one for what to do, one for what waits."""
    result = run_cli("why", failed.folder, "--via", via)

    assert (result.returncode, result.stderr) == (0, "")
    logs, redo = (f"flowpipe-deadline {verb} {failed.folder} beside" for verb in ("logs", "redo"))
    assert result.stdout.splitlines() == [
        "beside: failed: no license",
        f"  see:  {logs}    and once it is mended:  {redo} --failed",
        "render: queued: all workers are off: node-7 (offline)",
        "  change the job's pool, group or machine list, or set up a worker",
        "  1 job waits for it: collect",
    ]


def test_why_as_json_has_the_chain(failed):
    """As keys, whatever its length."""
    answer = json.loads(run_cli("why", failed.folder, "collect", "-o", "json", "--via", "command").stdout)

    assert answer["asked"] == ["collect"]
    assert [(reason["key"], reason["kind"], reason["because"]) for reason in answer["reasons"]] == [
        ("collect", "upstream", ["render"]),
        ("render", "no worker", []),
    ]
    assert answer["reasons"][1]["node"] == "Test.render"


def test_why_needs_no_deadline_for_what_the_bundle_tells(failed, monkeypatch):
    """Its absence is one reason among others."""
    monkeypatch.setenv("DEADLINE_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")

    lines = run_cli("why", failed.folder, "beside").stdout.splitlines()

    assert lines[0].startswith("Deadline cannot be asked: no deadlinecommand on this machine")
    assert lines[2] == "beside: failed: no license"


def test_logs_on_the_farm_are_deadlines_reports(failed, via):
    """By every connection."""
    result = run_cli("logs", failed.folder, "beside", "--via", via)

    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "=== beside, 2026-11-30 07:01:00, node-7, failed ==="
    assert "2026-11-30 07:01:00:  0: STDOUT: one" in lines


def test_logs_as_json_have_a_line_each(bundle):
    """Whatever is in them; a choice is a list of tasks."""
    write_log(bundle, "beside", b'a "b"\xff\nlast')

    answer = json.loads(run_cli("logs", bundle.folder, "beside", "-o", "json").stdout)
    choice = json.loads(run_cli("logs", bundle.folder, "render", "-o", "json").stdout)

    assert (answer["node"], answer["frames"], answer["lines"][1:]) == ("beside", None, ['a "b"\\xff', "last"])
    frames = ("1-4", "5-8", "9-10")
    assert choice["tasks"] == [{"frames": each, "real_frames": each, "result": False} for each in frames]


def test_logs_of_several_tasks_are_a_choice(bundle):
    """Where none has failed; a wrong frame is an error."""
    result = run_cli("logs", bundle.folder, "Test.render")
    wrong = run_cli("logs", bundle.folder, "render", "99")

    assert result.stdout.splitlines() == [
        "render has 3 tasks, none of which failed; name a frame of one:",
        "  1-4  (no result)",
        "  5-8  (no result)",
        "  9-10  (no result)",
    ]
    assert (wrong.returncode, wrong.stderr) == (2, "Error: render has no frame 99; it has 1-10\n")


def following(bundle, *arguments, **options):
    """A process that follows the log of ``beside``, which an offline run seems to write."""
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "logs", str(bundle.folder), "beside", "-f"]
    return subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.fixture
def endless(bundle):
    """A run whose task renders for ever."""
    write_log(bundle, "beside", b"one\n")
    connection = sqlite3.connect(bundle.folder / "offline" / "lock.sqlite", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    Path(bundle.folder, "offline", "repository.sqlite").write_bytes(b"")
    yield bundle
    connection.close()


def test_ctrl_c_ends_the_looking_and_is_no_error(endless):
    """What was shown was shown."""
    with following(endless) as process:
        assert process.stdout.readline().startswith("=== ")
        assert process.stdout.readline() == "one\n"

        process.send_signal(signal.SIGINT)

        assert (process.wait(PATIENCE), process.stderr.read()) == (0, "")


def test_a_reader_that_goes_ends_the_following(endless):
    """As ``logs -f | head`` does."""
    log = endless.folder / "offline" / "logs" / "beside.0.log"
    end = time.monotonic() + PATIENCE
    with following(endless) as process:
        process.stdout.readline()
        process.stdout.close()

        while process.poll() is None and time.monotonic() < end:
            with log.open("ab") as file:
                file.write(b"more\n")
            time.sleep(0.1)

        assert (process.returncode, process.stderr.read()) == (0, "")
