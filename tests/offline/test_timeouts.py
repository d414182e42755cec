"""Tasks that take longer than their job allows."""

from __future__ import annotations

from pathlib import Path

import late_nodes
import psutil
import pytest

from flowpipe_deadline import plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.offline.timeouts import read_timeout
from flowpipe_deadline.results.failures import read_failures, rebuild_error

TESTS = str(Path(__file__).parents[1] / "support")
LATE = "the task took longer than 1 s (task_timeout_seconds)"


@pytest.mark.parametrize(
    ("job_info", "frames", "expected"),
    [
        ({}, 1, None),
        ({"TaskTimeoutSeconds": "0"}, 1, None),
        ({"TaskTimeoutSeconds": "many"}, 1, None),
        ({"TaskTimeoutSeconds": "90"}, 4, (90.0, "task_timeout_seconds", "error")),
        ({"TaskTimeoutSeconds": "90", "TaskTimeoutMinutes": "2"}, 1, (120.0, "task_timeout_minutes", "error")),
        ({"TaskTimeoutSeconds": "90", "TaskTimeoutMinutes": "0"}, 1, None),
        (
            {"TaskTimeoutSeconds": "9", "EnableFrameTimeouts": "true"},
            3,
            (27.0, "task_timeout_seconds, for 3 frames", "error"),
        ),
        ({"TaskTimeoutSeconds": "9", "OnTaskTimeout": "ErrorAndNotify"}, 1, (9.0, "task_timeout_seconds", "error")),
        ({"TaskTimeoutSeconds": "9", "OnTaskTimeout": "Requeue"}, 1, (9.0, "task_timeout_seconds", "error")),
        ({"TaskTimeoutSeconds": "9", "OnTaskTimeout": "Notify"}, 1, (9.0, "task_timeout_seconds", "nothing")),
        ({"TaskTimeoutSeconds": "9", "OnTaskTimeout": "complete"}, 1, (9.0, "task_timeout_seconds", "completion")),
        ({"TaskTimeoutSeconds": "9", "OnTaskTimeout": "FailAndNotify"}, 1, (9.0, "task_timeout_seconds", "failure")),
    ],
)
def test_a_job_says_how_long_a_task_may_take(job_info, frames, expected):
    """In the units and words of its info file."""
    found = read_timeout(job_info, frame_count=frames)

    assert (found and (found.seconds, found.setting, found.end)) == expected


def test_a_late_task_is_ended_with_all_that_it_started(graph, tmp_path, monkeypatch):
    """And what becomes of it is as its job says."""
    monkeypatch.setenv("PYTHONPATH", TESTS)
    processes = tmp_path / "processes"
    processes.mkdir()
    for name, action, seconds in (
        ("tried", "Error", 30),
        ("given up", "Fail", 30),
        ("complete", "Complete", 30),
        ("told", "Notify", 1.5),
        ("in time", "Error", 0.1),
    ):
        settings = {"task_timeout_seconds": 1, "on_task_timeout": action}
        late_nodes.Late(name=name, graph=graph, folder=str(processes), seconds=seconds, metadata={"deadline": settings})
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    state = run_bundle(bundle, workers=3, failure_limit=2)

    assert {task.key: (task.status.value, task.errors, task.message) for task in state.tasks} == {
        "tried": ("Failed", 2, f"{LATE} and was ended, with all that it started"),
        "given_up": ("Failed", 1, f"{LATE} and was ended, with all that it started"),
        "complete": ("Completed", 0, ""),
        "told": ("Completed", 0, ""),
        "in_time": ("Completed", 0, ""),
    }
    logs = {path.name: path.read_text(encoding="utf-8") for path in (bundle.folder / "offline" / "logs").iterdir()}
    assert f"ERROR: {LATE}" in logs["tried.0.log"]
    assert f"WARNING: {LATE} and was ended, with all that it started, and counts as complete" in logs["complete.0.log"]
    assert f"WARNING: {LATE}; it goes on, as on_task_timeout is Notify" in logs["told.0.log"]
    (failure,) = read_failures(bundle.folder, "tried")
    assert isinstance(rebuild_error(failure), TimeoutError)
    assert failure.report == f"{LATE} and was ended, with all that it started"
    results = {label: node.missing for label, node in read_results(bundle).items()}
    assert results == {
        "Test.tried": "all",
        "Test.given up": "all",
        "Test.complete": "all",
        "Test.told": None,
        "Test.in time": None,
    }
    assert [path.name for path in processes.iterdir() if is_at_work(int(path.name))] == []
    assert len(list(processes.iterdir())) == 6


def is_at_work(process):
    """Whether the process is there, and more than an entry that nobody has read yet."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
