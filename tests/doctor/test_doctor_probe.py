"""The doctor's graph on a farm: compared, measured, and deleted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest
from doctors import COMMAND, changes_of, examine, only, pretend_version, send, verdicts

from flowpipe_deadline.doctor.measures import Snapshot, release_delay, was_released_by_task
from flowpipe_deadline.doctor.probe import check_cleanup
from flowpipe_deadline.doctor.probe_graph import differences, expected_outputs
from flowpipe_deadline.installation.install import install
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.web import serve
from tests.fake_deadline.workers import running_workers

GRAPH = {"is_probing": True, "only": ("graph",)}


@pytest.fixture
def deadline(tmp_path, monkeypatch):
    """A fake Deadline with the plugin, and the farm's own packages, installed."""
    monkeypatch.setattr("flowpipe_deadline.deadline.client.DeadlineClient.undo_pauses", (0.0, 0.0, 0.0))
    monkeypatch.setattr("flowpipe_deadline.doctor.probe._PAUSE", 0.1)
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
    with serve(deadline) as service, running_workers(deadline):
        monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", service.url)

        report = examine(root=root, settings={"pool": "tests", "priority": 70}, **GRAPH)

    names = ("submission", "graph", "release", "task overhead", "clean-up")
    assert verdicts(report.probe) == dict.fromkeys(names, "ok")
    assert only(report.probe, "graph").found.startswith("6 tasks of 3 jobs gave what graph.evaluate() gives")
    submission, overhead = (only(report.probe, name).details for name in ("submission", "task overhead"))
    assert {via: fact["jobs"] for via, fact in submission.items()} == {"webservice": 3, "command": 3, "script": 3}
    assert len(overhead["seconds"]) == 6
    assert sum(overhead["seconds"]) > overhead["own_seconds"] > 0
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


def test_a_task_that_fails_is_reported_in_its_own_words(deadline, root, monkeypatch):
    """What the node raised, from the bundle, before that is removed."""
    deadline.change_settings(failure_limit=1)
    monkeypatch.setattr("flowpipe_deadline.doctor.probe_graph._FRAMES", ["one", "two"])
    monkeypatch.setattr("flowpipe_deadline.doctor.probe_graph.expected_outputs", dict)

    with running_workers(deadline):
        sender = send(root)

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

    report = examine(is_probing=True, only=("start", "frames"))

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


def wait_until(is_so):
    """Returns once it is so."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def snapshot(seconds, one, other, **tasks):
    """Two jobs at that moment."""
    return Snapshot(seconds, {"one": one, "other": other}, {"other": tasks})


def test_the_delay_of_the_release_is_as_exact_as_the_snapshots():
    """From the first snapshot with the one complete to the first with the other released; gaps are the uncertainty."""
    snapshots = [
        snapshot(0.0, "Rendering", "Pending"),
        snapshot(3.0, "Completed", "Pending"),
        snapshot(5.0, "Completed", "Pending"),
        snapshot(7.0, "Completed", "Queued"),
    ]

    assert str(release_delay(snapshots, upstream="one", downstream="other")) == "4 s (give or take 3)"
    assert release_delay(snapshots[:3], upstream="one", downstream="other") is None
    assert release_delay(snapshots[1:], upstream="one", downstream="other") is None


@pytest.mark.parametrize(
    ("snapshots", "expected"),
    [
        ([snapshot(0, "Rendering", "Queued", Pending=1, Queued=1)], True),
        ([snapshot(0, "Rendering", "Pending", Pending=2), snapshot(1, "Completed", "Queued", Queued=2)], False),
        ([snapshot(0, "Rendering", "Pending"), snapshot(1, "Completed", "Queued")], None),
    ],
    ids=["before the other was complete", "only then", "no numbers of tasks"],
)
def test_release_by_task_is_found_from_the_tasks(snapshots, expected):
    """One is released while the upstream job is not complete."""
    assert was_released_by_task(snapshots, upstream="one", downstream="other") is expected


class Given:
    """Results of a node."""

    def __init__(self, **outputs):
        self._outputs = outputs

    def outputs(self):
        """Its outputs."""
        return self._outputs


def test_other_results_than_expected_are_reported():
    """Node, output, and both values."""
    expected = expected_outputs()
    given = {node: Given(**outputs) for node, outputs in expected.items()}

    assert expected["total"] == {"total": 112}
    assert differences(given, expected) == []
    assert differences({**given, "total": Given(total=7)}, expected) == ["total.total is 7 where 112 was expected"]
