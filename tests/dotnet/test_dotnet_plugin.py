"""The plugin, unchanged, on real .NET: events, delegates, conversions, pipes and reader threads.

`played` runs where ``del`` of a callback works, as Deadline's build presumably allows; `stock` on pythonnet as it is.
"""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
from dotnet_jobs import FAIL_RENDER, LINES, Jobs, usual_graph
from dotnet_runs import play

from flowpipe_deadline import read_bundle, read_results
from flowpipe_deadline.results.failures import read_failures

CHUNKS = ([1, 2, 3], [4, 5])
ALONE = {"OneTaskPerProcess": "*"}


def usual_jobs(folder):
    """What a Worker does all day."""
    jobs = Jobs(folder, usual_graph())
    together = [jobs.job("process", [1], [2], mode="frames", worker={"ThreadNumber": thread}) for thread in (0, 1)]
    scenarios = {
        "two tasks": jobs.job("render", *CHUNKS, mode="frames"),
        "two tasks, two processes": jobs.job("process", [1], [2], mode="frames", config=ALONE),
        "fails, then again": jobs.job("fail", [0], [0]),
        "many lines": jobs.job("count"),
        "cancelled": jobs.job("hang", worker={"CancelOn": "grandchild "}),
        "late lines": jobs.job("pass", config=ALONE, worker={"OutputDelay": 300}),
        "leaves between tasks": jobs.job("leave", [1], [2], mode="frames", changes={1: {"pause": 0.4}}),
        "killed": jobs.job("kill", [0], [0]),
        "two render threads": {"together": together},
    }
    return {"bundle": jobs.bundle, **dict(zip(scenarios, play("deadline", list(scenarios.values()))))}


def stock_jobs(folder):
    """The same where pythonnet refuses ``del`` of an event."""
    jobs = Jobs(folder, usual_graph())
    scenarios = {"two tasks": jobs.job("render", *CHUNKS, mode="frames"), "fails": jobs.job("fail")}
    return dict(zip(scenarios, play("stock", list(scenarios.values()))))


@pytest.fixture(scope="session")
def played(play_once):
    """What came of the usual jobs."""
    return play_once(usual_jobs)


@pytest.fixture(scope="session")
def stock(play_once):
    """What came of them on stock pythonnet."""
    return play_once(stock_jobs)


def processes(said):
    """How many processes were started."""
    return len([line for line in said["log"] if line.startswith("DEBUG: started")])


def test_two_tasks_of_a_job(played):
    """From InitializeProcess to the clean-up, in one kept process, with the results in the bundle."""
    said = played["two tasks"]

    assert said["failures"] == []
    assert said["progress"] == [100.0, 100.0]
    assert [text for text in said["status"] if text.startswith("Evaluating")] == [
        "Evaluating render 1-3",
        "Evaluating render 4-5",
    ]
    assert processes(said) == 1
    assert results_of(played, "render")["items"] == [1, 2, 3, 4, 5]


def results_of(played, node):
    """The outputs of a node, in order."""
    return read_results(read_bundle(played["bundle"]))[f"Test.{node}"].outputs()


def test_one_process_per_task(played):
    """Where the configuration wants that."""
    said = played["two tasks, two processes"]

    assert (said["failures"], processes(said)) == ([], 2)


def test_a_failing_node(played):
    """Each task has the node's traceback, as Deadline's own exception; the plugin is loaded anew in between."""
    failures = played["fails, then again"]["failures"]

    assert [(phase, kind) for phase, kind, _ in failures] == [("Task 0", FAIL_RENDER), ("Task 1", FAIL_RENDER)]
    assert all("ValueError: no scene" in text for _, _, text in failures)


def test_an_interpreter_that_is_killed(played):
    """Why, in words, is in the report and in the bundle, with the task and each attempt."""
    (failure,) = read_failures(Path(played["bundle"]), "kill")

    words = "The interpreter ended before it wrote a result (killed by signal 9: most often by the system, as memory"
    assert [text.startswith(words) for _, _, text in played["killed"]["failures"]] == [True, True]
    assert failure.reason.startswith(words)
    assert [(one.worker, one.job, one.task, one.attempt) for one in failure.evaluations] == [
        ("render01", "000000000000000000000001", task, attempt) for task, attempt in (("0", 1), ("1", 2))
    ]


def test_a_cancelled_task_keeps_no_failure(played):
    """Whoever cancelled it knows why."""
    assert read_failures(Path(played["bundle"]), "hang") == ()


def test_many_lines(played):
    """None is lost, and none comes before another."""
    lines = [line for line in played["many lines"]["log"] if line.startswith("STDOUT: line ")]

    assert lines == [f"STDOUT: line {number}" for number in range(LINES)]
    assert played["many lines"]["failures"] == []


def test_cancel_takes_the_grandchild_along(played):
    """The task fails, and what the node started is gone."""
    [line] = [line for line in played["cancelled"]["log"] if "grandchild" in line]

    assert [(phase, kind) for phase, kind, _ in played["cancelled"]["failures"]] == [("Task 0", FAIL_RENDER)]
    assert "cancel" in played["cancelled"]["failures"][0][2]
    assert has_ended(int(line.split()[-1]))


def has_ended(pid):
    """Whether the process ends within a few seconds; one that nobody has waited for has ended."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_the_last_line_of_a_process_that_has_ended(played):
    """The readers may be slower than the end of the process (hosts and tooling, section 5.4)."""
    assert played["late lines"]["failures"] == []


def test_an_interpreter_that_has_left(played):
    """The next task gets a new one, and the log says so."""
    said = played["leaves between tasks"]

    assert (said["failures"], processes(said)) == ([], 2)
    assert [line for line in said["log"] if line.startswith("WARNING") and "a new one is started" in line]


def test_two_render_threads(played):
    """Two plugins in one sandbox do not disturb each other."""
    said = played["two render threads"]

    assert [one["failures"] for one in said] == [[], []]
    assert [one["progress"] for one in said] == [[100.0, 100.0]] * 2


@pytest.mark.parametrize("name", ["two tasks", "fails, then again", "cancelled", "leaves between tasks"])
def test_every_handler_is_released(played, name):
    """Of plugin, processes and stdout handlers."""
    assert played[name]["hooked"] == []


def test_stock_pythonnet_fails_as_deadline_does(stock):
    """A failing node's report is the same."""
    phase, kind, text = stock["fails"]["failures"][0]

    assert (phase, kind) == ("Task 0", FAIL_RENDER)
    assert "ValueError: no scene" in text


@pytest.mark.parametrize("name", ["two tasks", "fails"])
def test_stock_pythonnet_unhooks(stock, name):
    """Its refusal of ``del`` fails neither the second task nor the clean-up, and everything is freed."""
    said = stock[name]

    assert [phase for phase, _, _ in said["failures"]] == (["Task 0"] if name == "fails" else [])
    assert (said["hooked"], said["alive"]) == ([], [])
