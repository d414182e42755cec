"""Submission by ``deadlinecommand``, through real processes: one for a whole graph, or one per call."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys

import farm_nodes as nodes
import pytest
from patience import wait_until

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.deadline.client import ACTIVE, SubmissionError
from flowpipe_deadline.deadline.connect import choose_connection
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.submit import open_client, submit_unchecked
from tests.fake_deadline.operations import FakeDeadline

RELEASED = ["Queued", "Pending", "Pending"]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    """Nobody else is at work here, so nothing has to be waited for."""
    monkeypatch.setattr("flowpipe_deadline.deadline.client.DeadlineClient.undo_pauses", (0.0, 0.0))


@pytest.fixture
def deadline(tmp_path, monkeypatch):
    """A fake Deadline whose ``deadlinecommand`` is the one of this machine."""
    with FakeDeadline.create(tmp_path / "deadline") as made:
        monkeypatch.setenv("DEADLINE_PATH", str(made.bin))
        yield made


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs in a row, one with a name that no file could have."""
    made = [nodes.Pass(name=name, graph=graph) for name in ("a", "b ü/..", "c")]
    for one, other in itertools.pairwise(made):
        one.outputs["value"].connect(other.inputs["value"])
    return write_bundle(plan_graph(graph), root=tmp_path)


def states(deadline):
    """The states of all jobs, upstream first."""
    return [job.shown_status for job in deadline.jobs()]


def processes(deadline):
    """How many processes of ``deadlinecommand`` there were."""
    return len(deadline.log.calls("process"))


BY = pytest.mark.parametrize("via", ["script", "command"])


@BY
def test_a_graph_is_submitted_whole(deadline, bundle, via):
    """All jobs are there and released, and the bundle knows them."""
    told = []

    job_ids = submit_unchecked(bundle, connection=choose_connection(via), on_message=told.append)

    assert states(deadline) == RELEASED
    assert [job.job_id for job in deadline.jobs()] == list(job_ids.values())
    assert read_submission(bundle.folder).jobs == job_ids
    assert told == [f"{name}: {job_id}" for name, job_id in zip(("a", "b ü/..", "c"), job_ids.values())]


def test_by_script_one_process_submits_any_graph(deadline, graph, tmp_path):
    """Twenty jobs, one start of ``deadlinecommand``."""
    for index in range(20):
        nodes.Pass(name=f"n{index}", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    submit_unchecked(bundle, connection=choose_connection("script"))

    assert processes(deadline) == 1
    assert len(deadline.jobs()) == 20


@pytest.mark.parametrize("answers", [{"script_calls": "process"}, {"script_output": "hidden", "script_file": "unset"}])
def test_what_a_script_is_like_does_not_matter(deadline, bundle, answers):
    """Whether its calls stay inside, what it prints, and what it knows of itself is unknown."""
    deadline.change_settings(unknowns=answers)

    submit_unchecked(bundle, connection=choose_connection("script"))

    assert states(deadline) == RELEASED


@pytest.mark.parametrize(
    "answers",
    [
        {"job_keys": "Status", "several_jobs": "first", "batch_filter": "nothing"},
        {"job_details": "short", "batch_filter": "error", "failure_exit_code": 0, "unknown_job": "nothing"},
        {
            "job_keys": "both",
            "several_jobs": "error",
            "suspended_dependent": "Pending",
            "resumed_dependent": "Active",
        },
    ],
    ids=str,
)
def test_what_getjob_prints_does_not_matter(deadline, bundle, answers):
    """Its keys, and how it takes several IDs, are recorded nowhere; a refusal is undone all the same."""
    deadline.change_settings(unknowns=answers)

    submit_unchecked(bundle, connection=choose_connection("command"))
    assert states(deadline) == RELEASED

    again = write_bundle(plan_graph(nodes.Pass(name="alone").graph), root=bundle.folder.parent)
    deadline.set_faults({"on": "submit", "do": "refuse", "value": "no such pool"})
    with pytest.raises(SubmissionError, match="no such pool; nothing was submitted"):
        submit_unchecked(again, connection=choose_connection("command"))
    assert states(deadline) == RELEASED


CALL_FAULTS = {
    "is denied": {"do": "deny", "value": "no such pool"},
    "is denied with exit code 0": {"do": "quiet", "value": "no such pool"},
    "dies": {"do": "die"},
    "dies once it is done": {"do": "die_after"},
    "answers with nonsense": {"do": "garble"},
    "hangs": {"do": "hang"},
    "hangs once it is done": {"do": "late", "value": 60},
}


@pytest.mark.parametrize(("nth", "fault"), [*((3, fault) for fault in CALL_FAULTS), (1, "dies once it is done")])
def test_whatever_a_submission_does_no_job_is_left(deadline, bundle, monkeypatch, fault, nth):
    """A process per job: the n-th goes wrong, and all jobs are deleted, also one that nobody heard of."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TIMEOUT", "1")
    deadline.set_faults({"on": "SubmitJob", "nth": nth, **CALL_FAULTS[fault]})

    with pytest.raises(SubmissionError, match=r"Test\.(a|c): "):
        submit_unchecked(bundle, connection=choose_connection("command"))

    assert deadline.jobs() == []
    record = read_submission(bundle.folder)
    assert record is None or record.jobs == {}  # Of a call that was ended, a job may still be coming.
    deadline.set_faults()
    submit_unchecked(bundle, connection=choose_connection("command"))
    assert states(deadline) == RELEASED


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("GetJob", "is denied"),
        ("GetJob", "answers with nonsense"),
        ("ResumeJob", "is denied"),
        ("ResumeJob", "dies once it is done"),
        ("GetJobIdsFilter", "answers with nonsense"),
    ],
)
def test_whatever_another_call_does_there_are_all_jobs_or_none(deadline, bundle, command, fault):
    """Reading back, counting and releasing can go wrong as well."""
    deadline.set_faults({"on": command, **CALL_FAULTS[fault]})

    try:
        submit_unchecked(bundle, connection=choose_connection("command"))
    except SubmissionError:
        assert states(deadline) == []
        assert read_submission(bundle.folder) is None
    else:
        assert states(deadline) == RELEASED


@pytest.mark.parametrize(
    ("operation", "nth"), [("submit", 1), ("submit", 3), ("resume", 1), ("resume", 2), ("read", 1)]
)
def test_by_script_whatever_deadline_refuses_there_are_all_jobs_or_none(deadline, bundle, operation, nth):
    """The script undoes it, in the same process."""
    deadline.set_faults({"on": operation, "do": "refuse", "nth": nth, "value": "no such pool"})

    try:
        submit_unchecked(bundle, connection=choose_connection("script"))
    except SubmissionError:
        assert states(deadline) == []
        assert read_submission(bundle.folder) is None
    else:
        assert states(deadline) == RELEASED
    assert processes(deadline) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"on": "submit", "do": "refuse", "nth": 3, "value": "no such pool"}, id="third job is refused"),
        pytest.param({"on": "ExecuteScriptNoGui", "do": "die"}, id="nothing runs"),
        pytest.param({"on": "ExecuteScriptNoGui", "do": "hang"}, id="it hangs"),
        pytest.param({"on": "ExecuteScriptNoGui", "do": "deny", "value": "scripts are switched off"}, id="denied"),
    ],
)
def test_by_script_alone_what_does_not_work_leaves_no_job(deadline, bundle, monkeypatch, fault):
    """Asked for by name, it is not replaced by another way."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TIMEOUT", "2")
    deadline.set_faults(fault)

    with pytest.raises(SubmissionError):
        submit_unchecked(bundle, connection=choose_connection("script"))

    assert deadline.jobs() == []
    assert read_submission(bundle.folder) is None


def test_chosen_by_itself_a_script_that_does_not_run_is_replaced(deadline, bundle):
    """By a process per call, and it is said."""
    deadline.set_faults({"on": "ExecuteScriptNoGui", "do": "deny", "value": "scripts are switched off", "times": 0})
    told = []

    submit_unchecked(bundle, on_message=told.append)

    assert states(deadline) == RELEASED
    assert told[0].endswith("scripts are switched off; submitting with a process per job instead")


def test_a_script_that_is_killed_half_way_is_undone(deadline, bundle, tmp_path):
    """What it had submitted is on record, and deleted by a process per call."""
    deadline.set_faults({"on": "SubmitJob", "do": "die_after", "nth": 3})

    with pytest.raises(SubmissionError, match=r"ended without an answer of our script.*what was submitted was deleted"):
        submit_unchecked(bundle, connection=choose_connection("script"))

    assert deadline.jobs() == []
    assert read_submission(bundle.folder) is None


@pytest.mark.parametrize("via", ["script", None])
def test_a_submitted_bundle_is_left_alone_where_scripts_do_not_run(deadline, bundle, via):
    """It is said to be submitted, and its jobs go on."""
    submit_unchecked(bundle, connection=choose_connection("command"))
    deadline.set_faults({"on": "ExecuteScriptNoGui", "do": "deny", "value": "scripts are switched off", "times": 0})

    with pytest.raises(SubmissionError, match="is submitted already"):
        submit_unchecked(bundle, connection=choose_connection(via))

    assert states(deadline) == RELEASED
    assert read_submission(bundle.folder).state == "submitted"


def run_submit(bundle, via):
    """``flowpipe-deadline submit`` in a process of its own."""
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "submit", str(bundle.folder), "--via", via]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "FLOWPIPE_DEADLINE_TOLERATE": "local-root"},
    )


@BY
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "end"])
def test_interrupted_it_undoes_everything(deadline, bundle, via, number):
    """The call that is under way comes to its end; the exit code says that it was interrupted."""
    deadline.set_faults({"on": "submit", "do": "late", "nth": 2, "value": 1.0})
    process = run_submit(bundle, via)
    wait_until(lambda: len(deadline.jobs()) >= 1)

    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=60)

    assert (process.returncode, deadline.jobs()) == (130, []), said
    assert "interrupted while" in said
    assert read_submission(bundle.folder) is None


def kill_half_way(deadline, bundle, via):
    """Ends the command, and nothing else, as soon as there is a job."""
    deadline.set_faults({"on": "SubmitJob", "do": "late", "nth": 2, "value": 0.5})
    process = run_submit(bundle, via)
    wait_until(deadline.jobs)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: not read_submission(bundle.folder).is_at_work)


def test_a_command_that_was_killed_is_undone_by_the_next(deadline, bundle):
    """Half a submission is found, deleted, and made again."""
    kill_half_way(deadline, bundle, "command")
    half = {job.job_id for job in deadline.jobs()}
    deadline.set_faults()

    job_ids = submit_unchecked(bundle, connection=choose_connection("command"))

    assert half
    assert not half & set(job_ids.values())
    assert states(deadline) == RELEASED


def test_a_script_goes_on_to_the_end_without_the_command_that_started_it(deadline, bundle):
    """It is Deadline's process; all jobs are there as planned, and on record."""
    kill_half_way(deadline, bundle, "script")

    assert states(deadline) == RELEASED
    assert read_submission(bundle.folder).state == "submitted"


def test_the_other_questions_are_answered_alike_by_every_way(deadline, bundle):
    """Jobs, tasks, lists, and what the repository has."""
    submit_unchecked(bundle, connection=choose_connection("command"))
    ids = [job.job_id for job in deadline.jobs()]
    script, command = open_client(choose_connection("script")), open_client(choose_connection("command"))

    for client in (script, command):
        assert [job.status in ACTIVE for job in client.read_jobs(ids).values()] == [True, False, False]
        assert client.list_jobs([*ids, "0" * 24]) == set(ids)
        assert [task.status for task in client.read_tasks(ids[0])] == ["Queued"]
        assert sorted(client.find_jobs(bundle.name)) == sorted(ids)
        assert (client.read_repository().pools, client.read_repository().task_limit) == (("none",), 5000)
        client.suspend(ids[:1])
        assert client.read_jobs(ids[:1])[ids[0]].status == "Suspended"
        client.resume(ids[:1])
    script.delete(ids)
    assert deadline.jobs() == []


def test_a_way_is_chosen_and_explained(deadline, monkeypatch):
    """``deadlinecommand`` first, then the Web Service; what was asked for is not replaced."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", "farm.studio:8081")

    assert str(choose_connection()) == f"script ({deadline.bin / 'deadlinecommand'} is here)"
    assert str(choose_connection("webservice")) == "webservice (http://farm.studio:8081)"
    monkeypatch.setenv("DEADLINE_PATH", "")
    monkeypatch.setenv("PATH", "")
    assert str(choose_connection()) == "webservice (no deadlinecommand is here, but http://farm.studio:8081 is set)"
    with pytest.raises(SubmissionError, match="no deadlinecommand on this machine"):
        choose_connection("command")
    monkeypatch.delenv("FLOWPIPE_DEADLINE_WEBSERVICE")
    with pytest.raises(SubmissionError, match="or set FLOWPIPE_DEADLINE_WEBSERVICE to the URL"):
        choose_connection()
    with pytest.raises(UsageError, match="'fax' is not a connection to Deadline"):
        choose_connection("fax")


def test_a_timeout_that_is_no_number_is_refused(deadline, bundle, monkeypatch):
    """Before anything is done."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TIMEOUT", "soon")

    with pytest.raises(
        SubmissionError, match="FLOWPIPE_DEADLINE_TIMEOUT must be a number of seconds above 0, not 'soon'"
    ):
        submit_unchecked(bundle)

    assert json.loads((bundle.folder / "manifest.json").read_text())["jobs"]
    assert deadline.jobs() == []
