"""Workers of the fake Deadline: what is submitted to it is rendered with the real plugin."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import expected_outputs
from patience import wait_until

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.deadline.connect import find_deadlinecommand
from flowpipe_deadline.offline.setup import plugins_folder
from flowpipe_deadline.submit.submit import submit_unchecked
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.workers import running_workers

TESTS = str(Path(__file__).parents[1] / "support")
PATIENCE = 60.0


@pytest.fixture(autouse=True)
def _context(monkeypatch, deadline):
    """Workers find the nodes of the tests, and submitters find the fake Deadline."""
    monkeypatch.setenv("PYTHONPATH", TESTS)
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))


def states(deadline):
    """The states of all jobs, as the Monitor shows them."""
    return [job.shown_status for job in deadline.jobs()]


def test_what_is_submitted_is_rendered(deadline, tmp_path):
    """With ``deadlinecommand``, job by job."""
    graph = Graph(name="main")
    render = nodes.Render(name="render", graph=graph, frames=range(1, 12), factor=3, metadata={"batch_size": 4})
    collect = nodes.Collect(name="collect", graph=graph)
    render.outputs["items"].connect(collect.inputs["images"]["all"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with running_workers(deadline, scan_seconds=0.05):
        submit_unchecked(bundle)
        wait_until(lambda: states(deadline) == ["Completed", "Completed"])

    assert {label: node.outputs() for label, node in read_results(bundle).items()} == expected_outputs(graph)
    assert all(job.started <= job.completed for job in deadline.jobs())


@pytest.mark.parametrize("act", ["suspend", "delete"])
def test_a_rendering_task_is_stopped(deadline, graph, tmp_path, act):
    """And is rendered again when it is requeued."""
    log = tmp_path / "log"
    nodes.Wait(name="wait", graph=graph, seconds=2.0, log=str(log), value=5)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with running_workers(deadline, count=1, scan_seconds=0.05):
        (job_id,) = submit_unchecked(bundle).values()
        wait_until(log.exists)
        assert deadline.change_all(act, [job_id]) == []
        assert states(deadline) == (["Suspended"] if act == "suspend" else [])
        deadline.change_all("resume" if act == "suspend" else "undelete", [job_id])
        wait_until(lambda: states(deadline) == ["Completed"])

    assert deadline.job(job_id).errors == 0
    assert read_results(bundle)["Test.wait"].outputs() == {"value": 5}


def test_an_installed_plugin_is_the_one_that_renders(deadline, graph, tmp_path):
    """With the configuration of *Configure Plugins*."""
    nodes.Pass(name="node", graph=graph, value=1)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    installed = deadline.root / "custom" / "plugins" / "Flowpipe"
    shutil.copytree(plugins_folder() / "Flowpipe", installed, ignore=shutil.ignore_patterns("__pycache__"))
    with (installed / "Flowpipe.py").open("a", encoding="utf-8") as file:
        file.write(f"\nopen({str(tmp_path / 'installed')!r}, 'w').close()\n")
    deadline.change_settings(plugin_config={"PythonPath": f"{TESTS};{Path(TESTS).parent}"})

    with running_workers(deadline, count=1):
        submit_unchecked(bundle)
        wait_until(lambda: states(deadline) == ["Completed"])

    assert (tmp_path / "installed").exists()


def test_a_job_of_a_plugin_that_is_nowhere_fails(deadline):
    """After the allowed number of tries, with the error's text."""
    deadline.change_settings(failure_limit=2)
    with FakeDeadline(deadline.folder) as opened:
        job_id = opened.submit({"Plugin": "CommandLine"}, {}).job_id

        with running_workers(opened, count=1):
            wait_until(lambda: states(opened) == ["Failed"])

        (task,) = opened.tasks(job_id)
    assert task.errors == 2
    assert "the plugin CommandLine is in none of" in task.message


def test_the_front_makes_one_and_runs_it(tmp_path, graph, monkeypatch):
    """It prints the variable to set, renders what is submitted, and leaves nothing running."""
    folder = tmp_path / "farm"
    words = [sys.executable, "-m", "tests.fake_deadline", str(folder)]
    options = ["--create", "--workers", "1", "--scan", "0.1", "--startup", "0.01", "--pools", "none,comp"]
    own_group = {} if os.name == "posix" else {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    nodes.Pass(name="node", graph=graph, value=1)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    with subprocess.Popen([*words, *options], stdout=subprocess.PIPE, text=True, **own_group) as front:
        said = front.stdout.readline() + front.stdout.readline() + front.stdout.readline()
        monkeypatch.setenv("DEADLINE_PATH", str(folder / "bin"))
        submit_unchecked(bundle)
        with FakeDeadline(folder) as deadline:
            wait_until(lambda: states(deadline) == ["Completed"])
            assert (deadline.settings.startup_seconds, deadline.settings.pools) == (0.01, ("none", "comp"))
        front.send_signal(signal.SIGINT if os.name == "posix" else signal.CTRL_BREAK_EVENT)
        front.communicate(timeout=PATIENCE)

    assert said.splitlines()[0] == f"1 workers render what is submitted to {folder}. Where you submit:"
    assert str(folder / "bin") in said
    assert find_deadlinecommand().startswith(str(folder / "bin"))
    assert front.returncode == 0


def test_the_front_says_what_is_wrong(tmp_path):
    """The folder does not exist, and ``--create`` is missing."""
    words = [sys.executable, "-m", "tests.fake_deadline", str(tmp_path)]

    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert result.returncode == 2
    assert result.stderr.startswith(f"{tmp_path} holds no fake Deadline")
