"""What is out there keeps working: an earlier version's installation, bundles and results beside this one."""

from __future__ import annotations

import json
import shutil
import time

import pytest
from earlier import OUTPUTS, Earlier
from harness import run_cli
from offline_commands import output

from flowpipe_deadline import read_results
from tests.fake_deadline.workers import running_workers

EDITED = "Default=-u -m flowpipe_deadline.farm --task"


@pytest.fixture
def earlier(tmp_path):
    """What the earlier version left in a folder."""
    return Earlier(tmp_path / "show")


@pytest.fixture
def edited(earlier, bare_python):
    """Its installation with a ``Flowpipe.param`` that the studio edited, upgraded to this version."""
    repository = earlier.repository
    param = repository / "custom" / "plugins" / "Flowpipe" / "Flowpipe.param"
    text = param.read_text(encoding="utf-8").replace("[WaitForResults]", "; Ours.\n[WaitForResults]")
    param.write_text(text, encoding="utf-8")
    result = run_cli("install", repository)
    assert result.returncode == 0, result.stdout + result.stderr
    assert EDITED in param.read_text(encoding="utf-8")
    assert "0.1.0" in result.stdout + result.stderr
    return repository


def run_there(bundle, repository, python):
    """The outputs of the last node, evaluated on what is installed in that repository."""
    result = run_cli("run", bundle, "--repository", repository, "-i", f"python={python}", "-o", "json")
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)["outputs"]["Shot.Publish"]


def test_an_edited_configuration_evaluates_as_before(earlier, edited, bare_python):
    """Its arguments name the evaluator as it was called then; a bundle of that time runs to its end."""
    assert run_there(earlier.planned, edited, bare_python) == OUTPUTS


def test_an_edited_configuration_evaluates_new_bundles(earlier, edited, bare_python, tmp_path):
    """A bundle of this version, evaluated by this version under its old name."""
    graph = f"{earlier.root / 'shot.py'}:build"
    result = run_cli(
        "run", graph, "--root", tmp_path, "--repository", edited, "-i", f"python={bare_python}", "-o", "json"
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["outputs"]["Shot.Publish"] == OUTPUTS


def test_an_earlier_bundle_runs(earlier):
    """Here, by this version."""
    result = run_cli("run", earlier.planned, "-o", "json")

    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["outputs"]["Shot.Publish"] == OUTPUTS


def test_earlier_results_are_read_and_count(earlier):
    """Nothing of a run that was complete is done again."""
    before = {path: path.stat().st_mtime_ns for path in (earlier.done / "results").rglob("*.json")}

    result = run_cli("run", earlier.done, "-o", "json")

    assert result.returncode == 0, result.stdout + result.stderr
    assert read_results(earlier.done)["Shot.Publish"].outputs() == OUTPUTS
    assert {path: path.stat().st_mtime_ns for path in (earlier.done / "results").rglob("*.json")} == before
    assert {node.stale for node in read_results(earlier.done).values()} == {None}


def test_half_of_an_earlier_run_goes_on(earlier):
    """What its killed task did not write is done now, from the results that it did write."""
    shutil.rmtree(earlier.done / "results" / "Publish")
    (earlier.done / "results" / "Measure" / "3-4.json").unlink()

    result = run_cli("run", earlier.done, "-o", "json")

    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["outputs"]["Shot.Publish"] == OUTPUTS


def test_an_earlier_submission_is_known(earlier):
    """Its record says that all jobs are submitted, so they are not submitted twice."""
    result = run_cli("submit", earlier.submitted, "--dry-run", "--tolerate", "local-root")

    assert result.returncode == 1
    assert "is submitted already" in result.stderr


def test_this_version_runs_on_an_earlier_installation(earlier, bare_python, tmp_path):
    """A newer client, before the repository is upgraded: plugin and evaluator are the earlier ones."""
    graph = f"{earlier.root / 'shot.py'}:build"
    options = ("--repository", earlier.repository, "-i", f"python={bare_python}", "-o", "json")

    result = run_cli("run", graph, "--root", tmp_path, *options)

    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["outputs"]["Shot.Publish"] == OUTPUTS


@pytest.fixture
def script(earlier, deadline):
    """The submission script of a Deadline in whose repository the earlier version is installed."""
    shutil.copytree(earlier.repository / "custom", deadline.root / "custom", dirs_exist_ok=True)
    return deadline.root / "custom" / "submission" / "Flowpipe" / "Main" / "FlowpipeSubmission.py"


def test_an_earlier_submission_script_submits_this_versions_bundles(earlier, script, deadline, tmp_path):
    """As from the Monitor, by Deadline's own Python; the jobs are as this version planned them."""
    graph = f"{earlier.root / 'shot.py'}:build"
    planned = run_cli("submit", graph, "--root", tmp_path, "--tolerate", "local-root", "--dry-run", "-o", "json")
    assert planned.returncode == 0, planned.stderr

    printed = output(deadline, "-ExecuteScriptNoGui", script, json.loads(planned.stdout)["bundle"])

    assert "3 jobs submitted" in printed
    assert [job.name for job in deadline.jobs()] == ["Shot - Render", "Shot - Measure", "Shot - Publish"]


def test_jobs_that_wait_are_done_after_an_upgrade(earlier, script, deadline, bare_python):
    """An earlier bundle is submitted, then the repository is upgraded, and only then a worker comes."""
    output(deadline, "-ExecuteScriptNoGui", script, earlier.planned)
    result = run_cli("install", deadline.root)
    assert result.returncode == 0, result.stdout + result.stderr

    with running_workers(deadline, scan_seconds=0.05, interpreters={"python": bare_python}):
        until = time.monotonic() + 60.0
        while {job.shown_status for job in deadline.jobs()} != {"Completed"} and time.monotonic() < until:
            time.sleep(0.05)

    assert read_results(earlier.planned)["Shot.Publish"].outputs() == OUTPUTS
