"""The offline farm: real workers, the real plugin, real evaluators."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import farm_nodes as nodes
import psutil
import pytest
import session_nodes
from flowpipe import Graph
from harness import expected_outputs
from patience import wait_until

from flowpipe_deadline import WorkerSetup, plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.errors import BundleError, InterruptedRunError, UsageError
from flowpipe_deadline.offline.repository import JobStatus, Repository, TaskStatus
from tests.fake_deadline.jobs import JobRepository

TESTS = str(Path(__file__).parents[1] / "support")
FRESH = pytest.mark.usefixtures("fresh_processes")
"""Marks tests of what a process is: how it is killed, what it has loaded, and its streams."""


@pytest.fixture(autouse=True)
def _nodes_on_the_path(monkeypatch):
    """Workers find the nodes of the tests by their file, and their imports here."""
    monkeypatch.setenv("PYTHONPATH", TESTS)


def bundle_of(graph, root):
    """The graph's bundle."""
    return write_bundle(plan_graph(graph), root=root)


def statuses(state):
    """The job states by key, as text."""
    return {key: status.value for key, status in state.jobs.items()}


def test_a_graph_gives_what_flowpipe_gives(tmp_path):
    """Batches, sub-plugs and a sub-graph, over two workers."""
    main, publish = Graph(name="main"), Graph(name="publish")
    render = nodes.Render(name="render", graph=main, frames=range(1, 12), factor=3, metadata={"batch_size": 4})
    check = nodes.Check(
        name="check",
        graph=main,
        frames=range(1, 12),
        metadata={"batch": {"size": 3, "over": ["frames", "images"]}},
    )
    collect = nodes.Collect(name="collect", graph=publish)
    render.outputs["items"].connect(check.inputs["images"])
    check.outputs["images"].connect(collect.inputs["images"]["checked"])
    render.outputs["table"].connect(collect.inputs["images"]["table"])

    state = run_bundle(bundle := bundle_of(main, tmp_path), workers=2)

    assert state.is_complete
    assert [task.frames for task in state.tasks] == ["1-4", "5-8", "9-11", "1-3", "4-6", "7-9", "10-11", "0"]
    assert {label: node.outputs() for label, node in read_results(bundle).items()} == expected_outputs(main)


def test_a_job_starts_only_when_all_tasks_upstream_are_done(graph, tmp_path):
    """The repository releases it with the last task, not before."""
    repository = Repository(tmp_path / "repository.sqlite")
    upstream = repository.submit(key="a", job_info={"Frames": "1-4", "ChunkSize": "2"}, plugin_info={})
    repository.submit(key="b", job_info={"JobDependencies": upstream}, plugin_info={})

    first, second = repository.claim("w1"), repository.claim("w2")
    repository.complete(first)
    assert repository.claim("w1") is None
    assert repository.job_status() == {"a": JobStatus.ACTIVE, "b": JobStatus.PENDING}
    repository.complete(second)

    assert repository.claim("w1").key == "b"
    assert repository.job_status()["a"] is JobStatus.COMPLETED
    repository.close()


def test_a_frame_dependent_job_starts_task_by_task(tmp_path):
    """A task is queued when those upstream that cover its frames are complete, whatever the chunk sizes."""
    repository = Repository(tmp_path / "repository.sqlite")
    upstream = repository.submit(key="a", job_info={"Frames": "1-6", "ChunkSize": "2"}, plugin_info={})
    info = {"Frames": "1-6", "ChunkSize": "3", "JobDependencies": upstream, "IsFrameDependent": "true"}
    repository.submit(key="b", job_info=info, plugin_info={})

    def ready():
        return [task.frames for task in repository.tasks() if task.key == "b" and task.status is TaskStatus.QUEUED]

    first, second, third = (repository.claim("w") for _ in range(3))
    repository.complete(second)
    assert ready() == []
    assert repository.job_status()["b"] is JobStatus.PENDING
    repository.complete(first)
    assert ready() == ["1-3"]
    assert repository.job_status()["b"] is JobStatus.ACTIVE
    repository.complete(third)
    assert ready() == ["1-3", "4-6"]
    repository.close()


def test_what_a_task_costs_does_not_grow_with_their_number(tmp_path):
    """Counted in the steps that SQLite takes to hand one out, and to release what waited for it."""
    assert steps_of_a_task(tmp_path, tasks=3000) < 1.2 * steps_of_a_task(tmp_path, tasks=100)


def steps_of_a_task(tmp_path, *, tasks):
    """The steps of a task in the middle of a job that another follows frame by frame."""
    steps = []
    repository = Repository(tmp_path / f"{tasks}.sqlite")
    upstream = repository.submit(key="a", job_info={"Frames": f"1-{tasks}"}, plugin_info={})
    info = {"Frames": f"1-{tasks}", "JobDependencies": upstream, "IsFrameDependent": "true"}
    repository.submit(key="b", job_info=info, plugin_info={})
    repository.complete(repository.claim("w"))
    repository._database.set_progress_handler(lambda: steps.append(1), 1)
    repository.complete(repository.claim("w", job_id=upstream))
    repository.close()
    return len(steps)


def test_gaps_are_chunked_under_either_reading(tmp_path):
    """Whether frames with a gap share a task is unknown of Deadline; the repository plays both."""
    for consecutive, expected in ((False, ["1-2", "3,7", "8"]), (True, ["1-2", "3", "7-8"])):
        repository = JobRepository(tmp_path / f"{consecutive}.sqlite", consecutive_chunks=consecutive)
        repository.submit(key="a", job_info={"Frames": "1-3,7-8", "ChunkSize": "2"}, plugin_info={})
        assert [task.frames for task in repository.tasks()] == expected
        repository.close()


def test_a_task_that_fails_is_tried_again(graph, tmp_path):
    """Up to the failure limit."""
    nodes.FailOnce(name="node", graph=graph, marker=str(tmp_path / "marker"), value=5)

    state = run_bundle(bundle := bundle_of(graph, tmp_path), failure_limit=2)

    assert statuses(state) == {"node": "Completed"}
    assert state.tasks[0].errors == 1
    assert read_results(bundle)["Test.node"].outputs() == {"value": 5}


def test_dependents_of_a_failed_job_stay_pending(graph, tmp_path):
    """The error is the node's own traceback; what does not depend on it is done."""
    fail = nodes.Fail(name="fail", graph=graph, message="no scene")
    after = nodes.Pass(name="after", graph=graph)
    nodes.Pass(name="other", graph=graph, value=1)
    fail.outputs["value"].connect(after.inputs["value"])

    state = run_bundle(bundle_of(graph, tmp_path), failure_limit=2)

    assert statuses(state) == {"fail": "Failed", "after": "Pending", "other": "Completed"}
    task = state.tasks[0]
    assert (task.status, task.errors) == (TaskStatus.FAILED, 2)
    assert task.message.startswith("Traceback")
    assert "ValueError: no scene" in task.message
    assert "farm_nodes.py" in task.message.splitlines()[1]


@pytest.mark.parametrize("code", [0, 3])
def test_an_interpreter_that_ends_without_a_word_has_failed(graph, tmp_path, code):
    """Exit code 0 alone is not a result."""
    nodes.Exit(name="node", graph=graph, code=code)

    state = run_bundle(bundle_of(graph, tmp_path), failure_limit=1)

    assert statuses(state) == {"node": "Failed"}
    assert f"exit code {code}" in state.tasks[0].message


@FRESH
def test_a_killed_evaluator_counts_an_error_and_is_replaced(graph, tmp_path):
    """SIGKILL half-way through: the next try gives the result."""
    nodes.FailOnce(name="node", graph=graph, marker=str(tmp_path / "marker"), value=5, kill=True)

    state = run_bundle(bundle := bundle_of(graph, tmp_path))

    assert state.is_complete
    assert state.tasks[0].errors == 1
    assert read_results(bundle)["Test.node"].outputs() == {"value": 5}


@FRESH
def test_a_killed_worker_is_replaced(tmp_path, graph):
    """Its task is queued again, and its evaluator does not outlive it."""
    marker = tmp_path / "marker"
    nodes.KillWorkerOnce(name="node", graph=graph, marker=str(marker), value=5)

    state = run_bundle(bundle := bundle_of(graph, tmp_path), workers=1)

    assert state.is_complete
    assert state.tasks[0].errors == 1
    assert read_results(bundle)["Test.node"].outputs() == {"value": 5}
    assert evaluators_of(bundle) == []


def test_jobs_that_need_the_same_interpreter_share_one(graph, tmp_path):
    """Offline alone; a job with variables of its own starts its own."""
    log = tmp_path / "log"
    own = {"deadline": {"environment": {"SHOT": "1"}}}
    first, second, third = (
        nodes.Wait(name=name, graph=graph, log=str(log), metadata=metadata)
        for name, metadata in (("first", {}), ("second", {}), ("third", own))
    )
    first.outputs["value"].connect(second.inputs["value"])
    second.outputs["value"].connect(third.inputs["value"])

    run_bundle(bundle_of(graph, tmp_path), workers=1)

    processes = log.read_text(encoding="utf-8").split()
    assert [processes.index(process) for process in processes] == [0, 0, 2]


@FRESH
def test_a_job_finds_nothing_that_another_left_in_their_interpreter(graph, tmp_path):
    """As on the farm, where each has its own: modules, variables and ``sys.path`` are fresh."""
    first = session_nodes.Act(name="first", graph=graph, frames=[1], acts={1: "leave traces"}, folder=str(tmp_path))
    second = session_nodes.Act(name="second", graph=graph, frames=[1], folder=str(tmp_path))
    second.inputs["acts"].value = {1: "find traces"}
    first.outputs["seen"].connect(second.inputs["after"])

    run_bundle(bundle := bundle_of(graph, tmp_path), workers=1)

    ((one, uses, _),), ((other, others_uses, _),) = (
        read_results(bundle)[f"Test.{name}"].outputs()["seen"] for name in ("first", "second")
    )
    assert (one == other, uses, others_uses) == (True, 1, 1)
    assert (tmp_path / "traces.txt").read_text(encoding="utf-8") == "[None, False]"


@FRESH
def test_a_job_gets_an_interpreter_of_its_own_where_another_left_what_cannot_be_forgotten(graph, tmp_path):
    """What is installed may have been changed, or cannot be loaded twice."""
    first = session_nodes.Act(name="first", graph=graph, frames=[1], acts={1: "import what is installed"})
    second = session_nodes.Act(name="second", graph=graph, frames=[1], acts={})
    first.outputs["seen"].connect(second.inputs["after"])

    state = run_bundle(bundle := bundle_of(graph, tmp_path), workers=1, failure_limit=1)

    processes = {read_results(bundle)[f"Test.{name}"].outputs()["seen"][0][0] for name in ("first", "second")}
    assert (state.is_complete, len(processes)) == (True, 2)


def test_what_a_node_prints_does_not_disturb(graph, tmp_path):
    """Progress out of range, and lines that look like the evaluator's."""
    nodes.Chatter(name="node", graph=graph, value=5)

    state = run_bundle(bundle := bundle_of(graph, tmp_path), failure_limit=1)

    assert state.is_complete
    assert read_results(bundle)["Test.node"].outputs() == {"value": 5}


def test_a_name_that_a_studio_adds_needs_no_code(graph, tmp_path):
    """An executable and a name, with a version."""
    wrapper = tmp_path / "katana"
    wrapper.write_text(f'#!/bin/sh\nKATANA=yes exec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    nodes.Environment(name="node", graph=graph, variable="KATANA", metadata={"interpreter": "katana-7.0"})

    bundle = bundle_of(graph, tmp_path)
    run_bundle(bundle, setup=WorkerSetup(interpreters={"katana-7.0": str(wrapper)}))

    assert read_results(bundle)["Test.node"].outputs() == {"value": "yes"}


# Takes a script and passes it the whole command line, as Blender does; its options stand where the order matters there.
HOST = """#!PYTHON
import runpy, sys
words = sys.argv[1:]
assert words.index("--python-exit-code") < words.index("-P") < words.index("--"), words
runpy.run_path(words[words.index("-P") + 1], run_name="__main__")
"""


def test_a_host_that_takes_a_script_runs_the_evaluator(graph, tmp_path):
    """By the plugin's boot script, started as the plugin's configuration says for that host and its versions."""
    host = tmp_path / "blender"
    host.write_text(HOST.replace("PYTHON", sys.executable))
    host.chmod(0o755)
    nodes.Render(name="node", graph=graph, frames=[1, 2, 3], metadata={"interpreter": "blender-4.5", "batch_size": 2})

    state = run_bundle(
        bundle := bundle_of(graph, tmp_path),
        setup=WorkerSetup(interpreters={"blender-4.5": str(host)}),
        failure_limit=1,
    )

    assert state.is_complete, state.tasks[0].message
    assert read_results(bundle)["Test.node"].outputs()["items"] == [1, 2, 3]


def test_the_jobs_environment_reaches_the_node(graph, tmp_path):
    """Variables of ``metadata["deadline"]["environment"]``."""
    metadata = {"deadline": {"environment": {"SHOW": "a=b c"}}}
    nodes.Environment(name="node", graph=graph, variable="SHOW", metadata=metadata)

    run_bundle(bundle := bundle_of(graph, tmp_path))

    assert read_results(bundle)["Test.node"].outputs() == {"value": "a=b c"}


def test_of_a_variable_that_is_there_twice_the_last_counts(graph, tmp_path):
    """A hook may add one that the job has already."""
    nodes.Environment(name="node", graph=graph, variable="SHOW")
    plan = plan_graph(graph)
    twice = (("EnvironmentKeyValue0", "SHOW=a"), ("EnvironmentKeyValue1", "SHOW=b"))
    jobs = tuple(replace(job, job_info=(*job.job_info, *twice)) for job in plan.jobs)

    run_bundle(bundle := write_bundle(replace(plan, jobs=jobs), root=tmp_path))

    assert read_results(bundle)["Test.node"].outputs() == {"value": "b"}


def test_completed_tasks_are_not_done_twice(graph, tmp_path):
    """A second run renders only what is missing; a deleted result is computed again."""
    log = tmp_path / "log"
    first = nodes.Wait(name="first", graph=graph, log=str(log), value=1)
    second = nodes.Wait(name="second", graph=graph, log=str(log))
    first.outputs["value"].connect(second.inputs["value"])
    bundle = bundle_of(graph, tmp_path)

    assert run_bundle(bundle).is_complete
    assert run_bundle(bundle).is_complete
    assert len(log.read_text().splitlines()) == 2

    (bundle.folder / "results" / "second" / "whole.json").unlink()
    assert run_bundle(bundle).is_complete
    assert len(log.read_text().splitlines()) == 3


def test_a_failed_run_goes_on_once_its_cause_is_mended(graph, tmp_path):
    """Errors are forgotten when a bundle is run again."""
    nodes.FailOnce(name="node", graph=graph, marker=str(tmp_path / "marker"), value=5)
    bundle = bundle_of(graph, tmp_path)

    assert statuses(run_bundle(bundle, failure_limit=1)) == {"node": "Failed"}
    assert statuses(run_bundle(bundle, failure_limit=1)) == {"node": "Completed"}


def test_a_repository_that_is_damaged_is_made_again(graph, tmp_path):
    """The results say what is complete."""
    log = tmp_path / "log"
    nodes.Wait(name="node", graph=graph, log=str(log), value=1)
    bundle = bundle_of(graph, tmp_path)
    run_bundle(bundle)
    (bundle.folder / "offline" / "repository.sqlite").write_bytes(b"this is no database" * 100)

    assert run_bundle(bundle).is_complete
    assert len(log.read_text().splitlines()) == 1


def test_a_bundle_is_run_by_one_farm_at_a_time(graph, tmp_path):
    """A second run is refused while the first is running."""
    nodes.Wait(name="node", graph=graph, seconds=0.5)
    bundle = bundle_of(graph, tmp_path)
    refused = []

    def run_again(state):
        if not refused:
            with pytest.raises(BundleError, match="is being run already") as caught:
                run_bundle(bundle)
            refused.append(caught)

    assert run_bundle(bundle, on_progress=run_again).is_complete
    assert refused


def test_a_farm_without_workers_is_refused(graph, tmp_path):
    """Otherwise nothing would ever run."""
    nodes.Pass(name="node", graph=graph)

    with pytest.raises(UsageError, match="at least one worker"):
        run_bundle(bundle_of(graph, tmp_path), workers=0)


@FRESH
def test_interrupting_a_run_leaves_nothing_behind(graph, tmp_path):
    """It leaves no process and no half-written result, and the next run continues."""
    nodes.Pass(name="first", graph=graph, value=1)
    slow = nodes.Wait(name="slow", graph=graph, seconds=30)
    bundle = bundle_of(graph, tmp_path)

    def interrupt(state):
        if state.jobs["first"] is JobStatus.COMPLETED and evaluators_of(bundle):
            raise KeyboardInterrupt

    with pytest.raises(InterruptedRunError, match=r"to go on:  flowpipe-deadline run"):
        run_bundle(bundle, on_progress=interrupt)

    assert evaluators_of(bundle) == []
    assert set(os.listdir(bundle.folder / "results")) == {"first"}
    assert slow.name == "slow"


@FRESH
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_command_ends_all_its_processes(graph, tmp_path, number):
    """Ctrl+C in a terminal, or a request to terminate: the exit code says so, and a second run completes."""
    nodes.WaitOnce(name="slow", graph=graph, seconds=60, log=str(tmp_path / "log"))
    bundle = bundle_of(graph, tmp_path)
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "run", str(bundle.folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until((tmp_path / "log").exists)

    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert errors.splitlines()[-1].startswith("Error: interrupted; to go on:")
    assert evaluators_of(bundle) == []
    assert run_bundle(bundle).is_complete


def test_a_look_that_is_interrupted_keeps_no_worker_from_writing(tmp_path, monkeypatch):
    """Ctrl+C comes anywhere, and the workers have to hand their tasks back then."""
    path = tmp_path / "repository.sqlite"
    repository = Repository(path)
    repository.submit(key="render", job_info={"Frames": "1-10"}, plugin_info={})
    monkeypatch.setattr("flowpipe_deadline.offline.repository._task_of", interrupt)

    with pytest.raises(KeyboardInterrupt) as caught:
        repository.tasks()

    monkeypatch.undo()
    with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as worker:
        worker.execute("UPDATE tasks SET progress = 50")
    assert {task.progress for task in repository.tasks()} == {50}
    assert caught.traceback  # With all that its frames hold.
    repository.close()


def interrupt(_):
    """Ctrl+C."""
    raise KeyboardInterrupt


@FRESH
def test_ctrl_c_while_the_farm_waits_for_its_end_leaves_nothing_behind(graph, tmp_path):
    """An interpreter may be busy with what its node left to do."""
    session_nodes.Act(name="node", graph=graph, frames=[1], acts={1: "leave long work"}, folder=str(tmp_path))
    bundle = bundle_of(graph, tmp_path)
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "run", str(bundle.folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any((bundle.folder / "results" / "node").glob("[!.]*.json")))
    time.sleep(0.5)

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert evaluators_of(bundle) == []


@FRESH
def test_a_command_that_is_killed_takes_its_workers_along(graph, tmp_path):
    """After SIGKILL to the command, its workers notice and stop what they render."""
    nodes.Wait(name="slow", graph=graph, seconds=60, log=str(tmp_path / "log"))
    bundle = bundle_of(graph, tmp_path)
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "run", str(bundle.folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until((tmp_path / "log").exists)

    process.kill()
    process.wait()

    wait_until(lambda: not evaluators_of(bundle))


@FRESH
def test_a_node_that_asks_or_closes_its_streams_is_no_trouble(graph, tmp_path):
    """It gets an end of file, and its result counts."""
    nodes.Ask(name="node", graph=graph)

    state = run_bundle(bundle := bundle_of(graph, tmp_path), failure_limit=1)

    assert state.is_complete, state.tasks[0].message
    assert read_results(bundle)["Test.node"].outputs() == {"value": "nobody"}


@FRESH
def test_files_of_the_current_folder_do_not_get_in_the_way(graph, tmp_path, monkeypatch):
    """Even if one has the name of a module that the farm needs, and PYTHONPATH is relative."""
    (tmp_path / "json.py").write_text("raise RuntimeError('the wrong json')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.path.relpath(TESTS))
    nodes.Pass(name="node", graph=graph, value=1)

    assert run_bundle(bundle_of(graph, tmp_path / "root"), failure_limit=1).is_complete


def test_the_log_of_a_task_holds_what_was_said(graph, tmp_path):
    """What the node printed, and what the plugin did."""
    nodes.Chatter(name="node", graph=graph, value=5)
    bundle = bundle_of(graph, tmp_path)
    run_bundle(bundle)

    log = (bundle.folder / "offline" / "logs" / "node.0.log").read_text()

    assert "STDOUT: Progress: 250%" in log


def evaluators_of(bundle):
    """The processes that work for this bundle."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if process.pid != os.getpid() and ("flowpipe_deadline.evaluator" in words or bundle.name in words):
            found.append(process)
    mine = [process for process in found if is_for(process, bundle)]
    return [json.dumps(process.info["cmdline"]) for process in mine]


def is_for(process, bundle):
    """Whether the process runs in the bundle, or has it in its arguments."""
    try:
        return process.cwd() == str(bundle.folder) or bundle.name in " ".join(process.cmdline())
    except psutil.Error:
        return False
