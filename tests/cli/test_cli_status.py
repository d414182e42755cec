"""``status``, ``wait`` and ``cancel`` in processes of their own, by every connection to Deadline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import failing_nodes
import farm_nodes as nodes
import pytest
from direct_farm import DirectClient
from harness import run_cli
from patience import wait_until
from submissions import Worker, write_three
from terminals import on_terminal

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.cli.support.progress import Display
from flowpipe_deadline.cli.wait import OnDisplay
from flowpipe_deadline.core.bundle import with_job_names
from flowpipe_deadline.status.wait import wait_for_submission
from flowpipe_deadline.studio.connect import studio_client
from flowpipe_deadline.submit.record import read_submission
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.web import serve
from tests.fake_deadline.workers import running_workers

TESTS = str(Path(__file__).parents[1] / "support")
PATIENCE = 60.0

ADVICE = "requeue its task, or wait for the file system to show it"


@pytest.fixture(autouse=True)
def _context(monkeypatch, deadline):
    """Workers find the nodes of the tests, and the fake Deadline's command is the one of this machine."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


@pytest.fixture
def job_ids(deadline, bundle):
    """The IDs of its jobs, once it is submitted."""
    return submit_to(DirectClient(deadline), bundle)


@pytest.fixture
def worker(deadline, bundle, job_ids):
    """Whoever renders it."""
    return Worker(deadline, bundle, job_ids)


@pytest.fixture(params=["script", "command", "webservice"])
def via(request, deadline, monkeypatch):
    """Every connection to the fake Deadline."""
    if request.param != "webservice":
        yield request.param
        return
    with serve(deadline) as service:
        monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", service.url)
        yield request.param


def states(deadline):
    """The states of all jobs, upstream first."""
    return [job.shown_status for job in deadline.jobs()]


def words(text):
    """The lines of a table as lists of words, without rules and blank lines."""
    return [line.split() for line in text.splitlines() if line.strip(" ─")]


def test_status_shows_jobs_and_how_far_they_are(bundle, worker, job_ids, via):
    """A line each, what they wait for, and all of it in one line."""
    worker.render("render", "1-4")
    worker.render("beside")

    result = run_cli("status", bundle.folder, "--via", via)

    assert (result.returncode, result.stderr) == (0, "")
    assert words(result.stdout) == [
        [bundle.name],
        ["Job", "ID", "Status", "Tasks", "Errors", "Waits", "for"],
        ["render", job_ids["render"], "Queued", "1/3", "-", "-"],
        ["collect", job_ids["collect"], "Pending", "0/1", "-", "render"],
        ["beside", job_ids["beside"], "Completed", "1/1", "-", "-"],
        ["3", "jobs:", "1", "completed,", "1", "queued,", "1", "pending;", "2", "of", "5", "tasks", "done"],
    ]


def test_status_shows_tasks(deadline, bundle, worker, via):
    """Of one node, or of all; an active one with the worker that renders it."""
    worker.render("render", "1-4")
    task = deadline.repository.claim("worker-7")
    deadline.repository.report(task, progress=40.0)

    result = run_cli("status", bundle.folder, "render", "--tasks", "--via", via)

    heading, *tasks, _ = words(result.stdout)[4:]
    assert heading == ["Job", "Task", "Frames", "Status", "Progress", "Worker", "Errors"]
    assert [line[1:-1] for line in tasks] == [
        ["0", "1-4", "Completed", "100", "%", "-"],
        ["1", "5-8", "Rendering", "40", "%", "worker-7"],
        ["2", "9-10", "Queued", "0", "%", "-"],
    ]
    assert result.stdout.splitlines()[-1] == "1 job: 1 rendering; 1 of 3 tasks done"


@pytest.mark.parametrize(("form", "progress"), [("percent", 40.0), ("text", 40.0), ("number", 40.0), ("missing", None)])
def test_a_script_reads_progress_in_whatever_form_it_is(deadline, bundle, worker, form, progress):
    """Whether a task's object has it, and as what, is unknown."""
    deadline.change_settings(unknowns={"script_progress": form})
    deadline.repository.report(deadline.repository.claim("worker-7"), progress=40.0)

    data = json.loads(run_cli("status", bundle.folder, "--tasks", "--via", "script", "-o", "json").stdout)

    assert data["jobs"][0]["tasks"][0]["progress"] == progress


def test_status_as_json_says_the_same_by_every_way(bundle, worker, job_ids, via):
    """For other programs; only the number of errors is missing with a script."""
    worker.render("render", "1-4")

    result = run_cli("status", bundle.folder, "--tasks", "--via", via, "-o", "json")

    data = json.loads(result.stdout)
    render = data["jobs"][0]
    assert {key: data[key] for key in ("submission", "state", "complete", "over", "progress", "stuck")} == {
        "submission": bundle.name,
        "state": "submitted",
        "complete": False,
        "over": False,
        "progress": 20.0,
        "stuck": [],
    }
    assert {key: render[key] for key in ("key", "id", "status", "done", "total", "counted_by", "states")} == {
        "key": "render",
        "id": job_ids["render"],
        "status": "Queued",
        "done": 1,
        "total": 3,
        "counted_by": "Deadline",
        "states": {"Completed": 1, "Queued": 2},
    }
    assert [(task["id"], task["frames"], task["status"]) for task in render["tasks"]] == [
        (0, "1-4", "Completed"),
        (1, "5-8", "Queued"),
        (2, "9-10", "Queued"),
    ]
    assert [task["frames"] for task in data["jobs"][1]["tasks"]] == [None]
    assert [job["waits_for"] for job in data["jobs"]] == [[], ["render"], []]


@pytest.mark.parametrize(
    ("options", "processes"),
    [
        (["--via", "script"], 1),
        (["--via", "script", "--tasks"], 2),
        (["--via", "command"], 1),
        (["--via", "command", "--tasks"], 4),
    ],
    ids=str,
)
@pytest.mark.usefixtures("job_ids")
def test_status_starts_few_processes(deadline, bundle, options, processes):
    """One for all jobs, and by script one more for all tasks."""
    run_cli("status", bundle.folder, *options)

    assert len(deadline.log.calls("process")) == processes


@pytest.mark.parametrize(
    "answers",
    [{"unknown_job": unknown, "job_details": told} for unknown in ("error", "nothing") for told in ("all", "bare")],
    ids=str,
)
def test_status_is_right_whatever_getjob_says(deadline, bundle, worker, job_ids, answers):
    """Of jobs that are deleted, and of tasks that are done: those without a number are counted by their results."""
    deadline.change_settings(unknowns=answers)
    worker.render("render", "1-4", "9-10")
    worker.render("beside")
    deadline.delete(job_ids["beside"])
    deadline.delete(job_ids["collect"])

    result = run_cli("status", bundle.folder, "--via", "command")

    mark = "" if answers["job_details"] == "all" else "*"
    assert [line[2:4] for line in words(result.stdout)[2:5]] == [
        ["Queued", f"2/3{mark}"],
        ["Deleted", "0/1*"],
        ["Completed", "1/1"],
    ]


@pytest.mark.parametrize(("via", "errors"), [("script", "1*"), ("command", "2")])
def test_status_shows_errors(deadline, graph, tmp_path, via, errors):
    """Their number, or if Deadline does not say, that of the tasks that kept one; and the last one of each."""
    deadline.change_settings(failure_limit=2)
    failing_nodes.Raise(name="fails", graph=graph, kind="plain")
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    submit_to(DirectClient(deadline), bundle)
    with running_workers(deadline, count=1, scan_seconds=0.05):
        wait_until(lambda: states(deadline) == ["Failed"])

    lines = words(run_cli("status", bundle.folder, "--via", via).stdout)

    assert lines[2][2:5] == ["Failed", "0/1", errors]
    assert lines[3] == ["fails:", "ValueError:", "('no", "scene',", "3)"]


def test_a_deleted_job_costs_no_process_of_its_own(deadline, graph, tmp_path):
    """However many others there are: Deadline may hide them all because of it."""
    for index in range(20):
        nodes.Pass(name=f"n{index}", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    job_ids = submit_to(DirectClient(deadline), bundle)
    deadline.delete(job_ids["n7"])
    deadline.log.clear()

    result = run_cli("status", bundle.folder, "--via", "command")

    assert result.stdout.splitlines()[-1] == "20 jobs: 19 queued, 1 deleted; 0 of 20 tasks done"
    assert len(deadline.log.calls("process")) <= 4


def test_status_of_a_bundle_that_is_not_submitted_needs_no_deadline(bundle, monkeypatch):
    """It says so; that is an answer."""
    monkeypatch.setenv("DEADLINE_PATH", "/nowhere")
    monkeypatch.setenv("PATH", "")

    text, data = (run_cli("status", bundle.folder, *options) for options in ([], ["-o", "json"]))

    assert (text.returncode, data.returncode) == (0, 0), text.stderr
    assert f"{bundle.name} is not submitted; to submit it:  flowpipe-deadline submit {bundle.folder}" in text.stdout
    assert text.stdout.splitlines()[-1] == "3 jobs: 3 not run; 0 of 5 tasks done"
    assert json.loads(data.stdout)["state"] == "not submitted"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["status", "{folder}"], 1, "is not a bundle"),
        (["wait", "{folder}"], 1, "is not a bundle"),
        (["cancel", "{folder}"], 1, "is not a bundle"),
        (["status", "{bundle}", "nope"], 2, "has no node 'nope'"),
        (["status", "{bundle}"], 1, "no line"),
        (["cancel", "{bundle}"], 1, "no line"),
        (["cancel", "{bundle}", "--suspend"], 1, "cannot be suspended"),
        (["status", "{bundle}", "--via", "webservice"], 1, "no address of the Web Service"),
        (["wait", "{bundle}", "--via", "webservice"], 1, "no address of the Web Service"),
    ],
)
@pytest.mark.usefixtures("job_ids")
def test_what_cannot_be_told_or_done_is_one_clear_line(deadline, bundle, arguments, code, message):
    """An exit code and one line, never a traceback."""
    deadline.set_faults({"on": "read", "do": "refuse", "value": "no line", "times": 0})

    result = run_cli(*(word.format(folder=bundle.folder.parent, bundle=bundle.folder) for word in arguments))

    assert (result.returncode, result.stdout) == (code, ""), result.stderr
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_wait_ends_with_the_jobs_and_prints_what_they_gave(deadline, bundle, job_ids, via):
    """Plain lines where there is no terminal, as ``run`` has them."""
    with running_workers(deadline, scan_seconds=0.05):
        result = run_cli("wait", bundle.folder, "--via", via, "--poll", "0.2")

    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        'Test.collect\n  parts = {"items": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\nTest.beside\n  value = 7\n'
    )
    assert sorted(line.partition("] ")[2] for line in result.stderr.splitlines()) == [
        "beside completed",
        "collect completed",
        "render completed",
    ]


def test_wait_as_json(bundle, worker):
    """What ``status`` prints, and the outputs of all nodes."""
    for key, tasks in (("render", ("1-4", "5-8", "9-10")), ("beside", ()), ("collect", ())):
        worker.render(key, *tasks)

    data = json.loads(run_cli("wait", bundle.folder, "-o", "json").stdout)

    assert (data["complete"], data["over"], data["progress"]) == (True, True, 100.0)
    assert data["outputs"]["Test.beside"] == {"value": 7}
    assert data["problems"] == []


def test_wait_says_what_failed_and_what_waits_for_it(graph, tmp_path, deadline):
    """What the node raised, as soon as it is known; the others come to their end."""
    deadline.change_settings(failure_limit=1)
    fails = failing_nodes.Raise(name="fails", graph=graph, kind="plain")
    after = nodes.Pass(name="after", graph=graph)
    nodes.Pass(name="beside", graph=graph, value=7)
    fails.outputs["value"].connect(after.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    job_ids = submit_to(DirectClient(deadline), bundle)

    with running_workers(deadline, scan_seconds=0.05):
        result = run_cli("wait", bundle.folder, "--poll", "0.2")

    assert result.returncode == 1
    assert result.stdout == "Test.beside\n  value = 7\n"
    lines = result.stderr.splitlines()
    assert "fails: ValueError: ('no scene', 3)" in lines
    assert lines[-4:] == [
        f"Failed: fails ({job_ids['fails']}): ValueError: ('no scene', 3)",
        "Pending, as what they wait for failed: after",
        "3 jobs: 1 completed, 1 pending, 1 failed; 1 of 3 tasks done",
        f"To make again what failed:  flowpipe-deadline redo {bundle.folder} --failed",
    ]


def test_wait_says_what_was_deleted(deadline, bundle, worker, job_ids):
    """Before it was complete."""
    worker.render("beside")
    deadline.delete(job_ids["render"])

    result = run_cli("wait", bundle.folder)

    assert result.returncode == 1
    assert f"Deleted: render ({job_ids['render']}), before it was complete" in result.stderr.splitlines()


def test_wait_says_what_is_suspended(deadline, bundle, job_ids):
    """Somebody has to resume it; the time is up before that."""
    deadline.change("suspend", job_ids["render"])

    result = run_cli("wait", bundle.folder, "--timeout", "0")

    assert result.returncode == 124
    assert result.stderr.splitlines() == [
        "Suspended: render; somebody has to resume that in the Monitor",
        "3 jobs: 1 queued, 1 pending, 1 suspended; 0 of 5 tasks done",
        f"The time is up, and the jobs go on. To wait again:  flowpipe-deadline wait {bundle.folder}",
    ]


def test_a_hung_deadline_does_not_keep_wait_beyond_its_time(deadline, bundle, job_ids):
    """A little is left to the call that is under way, and then it is ended."""
    deadline.set_faults({"on": "GetJob", "do": "hang", "times": 0})
    code = (
        "from flowpipe_deadline.cli import main, wait\nfrom flowpipe_deadline.deadline.process import DeadlineCommand\n"
        "wait._SLACK, DeadlineCommand.__call__.__kwdefaults__['grace'] = 0.0, 0.1\n"
        f"main.main(['wait', {str(bundle.folder)!r}, '--timeout', '0.1', '--via', 'command'])"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert result.returncode == 124
    assert result.stderr.startswith("Deadline cannot be asked: ")


def test_jobs_completed_by_hand_give_no_answer(deadline, bundle, worker):
    """Their results are looked for a while, as network file systems show files late, and then missed."""
    for key in ("render", "beside", "collect"):
        worker.complete(key)
    code = (
        "from flowpipe_deadline.cli import main, wait\n"
        f"wait._LATE_RESULTS = 0.1\nmain.main(['wait', {str(bundle.folder)!r}])"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-2:] == [
        "Test.collect: its job is complete, yet it is missing its result; " + ADVICE,
        "Test.beside: its job is complete, yet it is missing its result; " + ADVICE,
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl+C", "end"])
def test_interrupted_it_only_waits_no_longer(deadline, bundle, job_ids, number):
    """The jobs go on; how to wait again and how to delete them is said."""
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "wait", str(bundle.folder), "--poll", "0.05"]
    deadline.log.clear()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_until(lambda: len(deadline.log.calls("process")) > 1)

    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert said == (
        f"Error: interrupted; the jobs go on. To wait again: flowpipe-deadline wait {bundle.folder} To delete them:"
        f" flowpipe-deadline cancel {bundle.folder}\n"
    )
    assert states(deadline) == ["Queued", "Pending", "Queued"]


def test_on_a_terminal_there_are_bars(deadline, bundle, worker):
    """For everything, and for each job that renders; lines stand above them."""
    worker.render("render", "1-4")
    deadline.repository.claim("worker-7")
    deadline.change("suspend", deadline.jobs()[2].job_id)

    code, said = on_terminal("wait", bundle.folder, "--timeout", "0.5", "--poll", "0.1")

    assert code == 124
    assert "Suspended: beside; somebody has to resume that in the Monitor" in said
    assert all(text in said for text in ("Total", "1/5", "render", "1/3"))


class Seen(Display):
    """Keeps what the bars would show."""

    is_live = True

    def show(self, jobs, _):
        """Keeps it."""
        self.done = {job.key: job.done for job in jobs}


def test_wait_shows_the_progress_of_tasks_that_render(deadline, bundle, worker, via):
    """Of a job with one complete task, and one at 40 %, 1.4 are done."""
    worker.render("render", "1-4")
    deadline.repository.report(deadline.repository.claim("worker-7"), progress=40.0)
    labels = dict.fromkeys(("render", "collect", "beside"), "")
    listener = OnDisplay(display := Seen(labels), labels)

    wait_for_submission(bundle, lambda: studio_client(via=via), timeout=0.0, listener=listener)

    assert display.done == pytest.approx({"render": 1.4, "collect": 0.0, "beside": 0.0})


def test_cancel_deletes_all_jobs(deadline, bundle, job_ids, via):
    """Without a question if there is no terminal; a second time is not an error."""
    result = run_cli("cancel", bundle.folder, "--via", via)
    again = run_cli("cancel", bundle.folder, "--via", via)

    assert (result.returncode, result.stdout) == (
        0,
        f"what was submitted was deleted: {with_job_names(', '.join(job_ids.values()), job_ids)}\n",
    )
    assert states(deadline) == []
    assert (again.returncode, again.stdout) == (0, f"{bundle.name} is not submitted: there is nothing to cancel\n")


def test_cancel_can_hold_jobs_back(deadline, bundle, job_ids, via):
    """Those that could start."""
    result = run_cli("cancel", bundle.folder, "--suspend", "--via", via, "-o", "json")

    assert json.loads(result.stdout) == {
        "bundle": str(bundle.folder),
        "action": "suspend",
        "told": f"the jobs render ({job_ids['render']}), beside ({job_ids['beside']}) are suspended, and collect"
        f" ({job_ids['collect']}) waits for them: resume or delete them in the Monitor",
    }
    assert states(deadline) == ["Suspended", "Pending", "Suspended"]


def test_cancel_asks_on_a_terminal(deadline, bundle, job_ids):
    """Hours of rendering may be lost."""
    no, said = on_terminal("cancel", bundle.folder, typed=b"n\n")
    assert (no, len(deadline.jobs())) == (130, 3)
    assert f"Delete the 3 jobs of {bundle.name} from Deadline? Results stay. [y/N]" in said

    yes, _ = on_terminal("cancel", bundle.folder, typed=b"y\n")

    assert (yes, deadline.jobs()) == (0, [])


def test_cancel_does_not_ask_who_said_yes(deadline, bundle, job_ids):
    """A script on a terminal."""
    code, _ = on_terminal("cancel", bundle.folder, "--yes")

    assert (code, deadline.jobs()) == (0, [])
    assert read_submission(bundle.folder) is None


def test_run_is_refused_while_the_farm_is_at_work(deadline, bundle, job_ids):
    """Every frame would be rendered twice; whoever knows better says so, and afterwards nothing has to be said."""
    refused = run_cli("run", bundle.folder)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "its jobs are on the farm: 2 queued, 1 pending; cancel it first, or run it --anyway" in refused.stderr
    assert run_cli("run", bundle.folder, "--anyway").returncode == 0
    for job_id in job_ids.values():
        deadline.delete(job_id)
    assert run_cli("run", bundle.folder).returncode == 0
