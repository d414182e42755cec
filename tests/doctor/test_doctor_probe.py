"""The doctor's graph on a farm: compared, measured, and deleted."""

from __future__ import annotations

import os
import re
import signal
import subprocess

import pytest
from doctors import COMMAND, changes_of, examine, only, pretend_version, send, verdicts
from patience import wait_until

from flowpipe_deadline.deadline.connect import Connection
from flowpipe_deadline.deadline.webservice.settings import WebServiceSettings
from flowpipe_deadline.doctor.probe import check_cleanup, check_release, check_submissions
from flowpipe_deadline.doctor.probe_graph import build_graph, check_outputs, expected_outputs
from flowpipe_deadline.installation.install import install
from flowpipe_deadline.studio.file import StudioFile
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.web import serve
from tests.fake_deadline.workers import running_workers

GRAPH = {"is_probing": True, "only": ("graph",)}


@pytest.fixture
def deadline(tmp_path, monkeypatch):
    """A fake Deadline with the plugin, and the farm's own packages, installed."""
    monkeypatch.setattr("flowpipe_deadline.deadline.client.DeadlineClient.undo_pauses", (0.0, 0.0, 0.0))
    with FakeDeadline.create(tmp_path / "deadline", pools=("none", "tests")) as made:
        install(made.root)
        monkeypatch.setenv("DEADLINE_PATH", str(made.bin))
        yield made


@pytest.fixture
def root(tmp_path):
    """A folder for bundles."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def what_is_left(deadline, root):
    """Jobs and files."""
    return [job.job_id for job in deadline.jobs()], list(root.iterdir())


def test_the_farm_gives_what_the_graph_gives_at_home(deadline, root, monkeypatch):
    """By one connection; by the others it is only submitted. All of it is measured, and nothing is left."""
    with serve(deadline) as service, running_workers(deadline, count=1, scan_seconds=0.05):
        monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", service.url)

        report = examine(root=root, settings={"pool": "tests", "priority": 70}, **GRAPH)

    names = ("submission", "graph", "release", "clean-up")
    assert verdicts(report.probe) == dict.fromkeys(names, "ok")
    assert only(report.probe, "graph").found.startswith("6 tasks of 3 jobs gave what graph.evaluate() gives")
    submission = only(report.probe, "submission").details
    assert {via: fact["jobs"] for via, fact in submission.items()} == {"webservice": 3, "command": 3, "script": 3}
    assert what_is_left(deadline, root) == ([], [])
    deleted = deadline.jobs(is_deleted=True)
    assert {(job.job_info["Pool"], job.job_info["Priority"]) for job in deleted} == {("tests", "70")}
    assert sorted(job.shown_status for job in deleted).count("Completed") == 3
    assert len(deleted) == 9


def test_where_scripts_do_not_run_the_graph_goes_by_command(deadline, root):
    """As a submission would."""
    deadline.change_settings(interpreter="/nowhere/python")

    report = examine(root=root, timeout=0.1, **GRAPH)

    assert list(only(report.probe, "submission").details) == ["command"]


def test_a_farm_without_workers_is_reported_after_the_time_out(deadline, root):
    """With the states of the jobs, and what to do."""
    sender = send(root, timeout=0.1)

    graph = only(sender.checks, "graph")
    assert graph.verdict == "problem"
    assert graph.found == "not complete after 0.1 s: square is Queued, shift is Pending, total is Pending"
    assert "an idle worker" in graph.advice
    assert (sender.left, what_is_left(deadline, root)) == ([], ([], []))


def test_a_task_that_fails_is_reported_in_its_own_words(deadline, root):
    """What the node raised, from the bundle, before that is removed."""
    deadline.change_settings(failure_limit=1)

    with running_workers(deadline, count=1, scan_seconds=0.05):
        sender = send(root, graph=build_graph(["one", "two"]))

    graph = only(sender.checks, "graph")
    assert graph.verdict == "problem"
    assert "square is Failed" in graph.found
    assert "TypeError: can't multiply sequence" in graph.found
    assert what_is_left(deadline, root) == ([], [])


def test_what_could_not_be_cleaned_up_is_named(deadline, root):
    """Jobs and bundle, which stays as long as its jobs do."""
    deadline.set_faults({"on": "delete", "do": "refuse", "times": 0, "value": "You may not"})

    sender = send(root, timeout=0.1)

    (left,) = sender.left
    job_ids, folders = what_is_left(deadline, root)
    assert (len(job_ids), len(folders)) == (3, 1)
    assert all(str(word) in left for word in ("You may not", *job_ids, *folders))
    assert check_cleanup(sender.left, "files").verdict == "problem"


def test_a_graph_that_went_wrong_can_be_kept(deadline, root):
    """To look at its reports in the Monitor; what was only measured goes all the same."""
    sender = send(root, "command", "script", timeout=0.1, is_keeping=True)

    job_ids, folders = what_is_left(deadline, root)
    (left,) = sender.left
    assert re.sub(r"\w+ \((\w+)\)", r"\1", left) == (
        f"kept because of --keep: the jobs {', '.join(job_ids)}, and their bundle {folders[0]}"
    )
    assert (len(job_ids), len(folders)) == (3, 1)


def test_a_submission_that_fails_is_reported(deadline, root):
    """By each connection; its jobs are deleted."""
    deadline.set_faults({"on": "submit", "do": "refuse", "nth": 2, "times": 0, "value": "The disk is full"})

    sender = send(root, "command", "script")

    assert verdicts(sender.checks) == {"submission": "warning", "graph": "problem"}
    assert only(sender.checks, "submission").found.count("The disk is full") == 2
    assert (sender.left, what_is_left(deadline, root)) == ([], ([], []))


def test_with_an_error_nothing_is_sent_to_the_farm(deadline, root):
    """It would not come back."""
    pretend_version(deadline, "0.0.1")

    report = examine(root=root, **GRAPH)

    assert verdicts(report.probe) == {"graph": "unknown", "clean-up": "ok"}
    assert "because of errors: plugin" in only(report.probe, "graph").found
    assert changes_of(deadline) == []


def test_without_deadlinecommand_no_question_can_be_asked(monkeypatch):
    """Each answer says so."""
    monkeypatch.setenv("DEADLINE_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")

    report = examine(is_probing=True, only=("chunks", "frames"))

    assert [str(answer) for answer in report.answers] == ["no answer: deadlinecommand is not here"] * 2


def test_ctrl_c_cleans_up(deadline, root):
    """Jobs that wait on the farm are deleted, their bundle is removed, and the report is printed."""
    options = ["--root", str(root), "--tolerate", "local-root", "--only", "graph", "--via", "command"]
    process = subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, encoding="utf-8", start_new_session=True)
    try:
        wait_until(lambda: any(job.shown_status == "Queued" for job in deadline.jobs()))
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 130
    assert "Interrupted; no errors so far" in output
    assert what_is_left(deadline, root) == ([], [])


def look(seconds, shift, total):
    """Two jobs at that moment."""
    return seconds, {"shift": shift, "total": total}


def test_the_delay_of_the_release_is_as_exact_as_the_looks():
    """From the first look with the one complete to the first with the other released; gaps are the uncertainty."""
    looks = [
        look(0.0, "Rendering", "Pending"),
        look(3.0, "Completed", "Pending"),
        look(5.0, "Completed", "Pending"),
        look(7.0, "Completed", "Queued"),
    ]

    seen = check_release(looks)

    assert seen.details == {"seconds": 4.0, "uncertainty": 3.0}
    assert seen.advice == ""
    assert check_release(looks[:3]).verdict == "unknown"
    assert check_release(looks[1:]).verdict == "unknown"
    assert "more often" in check_release([*looks[:3], look(60.0, "Completed", "Queued")]).advice


SERVICE = WebServiceSettings("http://farm:8081")
CONNECTIONS = [Connection("script", ""), Connection("command", ""), Connection("webservice", "", webservice=SERVICE)]


@pytest.mark.parametrize(
    ("seconds", "studio", "advice"),
    [
        pytest.param((3.0, 9.0, 2.0), StudioFile(), "", id="another is not much faster"),
        pytest.param((9.0, 2.0, 5.0), None, "", id="it was asked for"),
        pytest.param(
            (9.0, 2.0, 5.0),
            StudioFile("/studio.toml"),
            'command is much faster than script: write  via = "command"  into /studio.toml',
            id="a process per job",
        ),
        pytest.param(
            (9.0, 12.0, 0.1),
            StudioFile("/studio.toml"),
            'webservice is much faster than script: write  via = "webservice"  and, in its table [webservice],'
            '  url = "http://farm:8081"  into /studio.toml',
            id="the Web Service",
        ),
        pytest.param(
            (9.0, 12.0, 0.1),
            StudioFile(webservice={"url": SERVICE.url}),
            'webservice is much faster than script: write  via = "webservice"  into a studio file, whose place'
            " flowpipe-deadline config says",
            id="with its address",
        ),
    ],
)
def test_a_much_faster_connection_is_advised_as_the_studio_file_has_it(seconds, studio, advice):
    """Unless this one was asked for, or another has failed, which comes first."""
    found = {one.via: {"seconds": took, "jobs": 3} for one, took in zip(CONNECTIONS, seconds)}

    assert check_submissions(found, CONNECTIONS, studio).advice == advice
    assert "please report" in check_submissions({**found, "script": {"error": "no"}}, CONNECTIONS, studio).advice


class Given:
    """Results of a node."""

    chunks = (None,)

    def __init__(self, **outputs):
        self._outputs = outputs

    def outputs(self):
        """Its outputs."""
        return self._outputs


def test_other_results_than_expected_are_reported():
    """Node, output, and both values."""
    expected = expected_outputs()
    given = {node: Given(**outputs, python="3.10") for node, outputs in expected.items()}

    assert expected["total"] == {"total": 112}
    right = check_outputs(given, seconds=48.0)
    assert (right.verdict, right.found) == (
        "ok",
        "3 tasks of 3 jobs gave what graph.evaluate() gives, in 48 s, by Python 3.10",
    )
    wrong = check_outputs({**given, "total": Given(total=7)}, seconds=1.0)
    assert (wrong.verdict, wrong.found) == ("problem", "total.total is 7 where 112 was expected")
