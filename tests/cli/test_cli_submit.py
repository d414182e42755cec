"""``flowpipe-deadline submit``, through real processes: checked first, then submitted as one."""

from __future__ import annotations

import json
import os

import pytest
from harness import run_cli, write_script

from tests.fake_deadline.operations import FakeDeadline

SHOT = """
from flowpipe import Graph, Node

@Node(outputs=["images"])
def Render(frames):
    return {"images": [f"{frame}.exr" for frame in frames]}

@Node(outputs=["count"])
def Publish(images):
    return {"count": len(images)}

def build(last: int = 10, pool: str = "none") -> Graph:
    graph = Graph(name="Shot")
    settings = {"batch_size": 4, "deadline": {"pool": pool}}
    render = Render(graph=graph, frames=list(range(1, last + 1)), metadata=settings)
    publish = Publish(graph=graph)
    render.outputs["images"].connect(publish.inputs["images"])
    return graph
"""


@pytest.fixture
def deadline(tmp_path):
    """A fake Deadline with a pool."""
    with FakeDeadline.create(tmp_path / "deadline", pools=("none", "render")) as made:
        yield made


@pytest.fixture
def submit(deadline, tmp_path):
    """Submits with these arguments; the root is this machine's, which is all of the farm."""
    script = write_script(tmp_path, SHOT, name="shot.py")
    environment = {**os.environ, "DEADLINE_PATH": str(deadline.bin), "FLOWPIPE_DEADLINE_TOLERATE": "local-root"}

    def submit(*arguments, target=script, **variables):
        root = () if target is not script else ("--root", tmp_path / "root")
        return run_cli("submit", target, *root, *arguments, cwd=tmp_path, env={**environment, **variables})

    return submit


def bundles(tmp_path):
    """The bundles below the root."""
    return sorted((tmp_path / "root").glob("Shot-*")) if (tmp_path / "root").exists() else []


def test_a_graph_is_checked_and_submitted_by_one_process(submit, deadline, tmp_path):
    """The question what the repository is like needs no process of its own."""
    result = submit("--output", "json")

    assert result.returncode == 0, result.stderr
    (bundle,) = bundles(tmp_path)
    answer = json.loads(result.stdout)
    assert answer["bundle"] == str(bundle)
    assert list(answer["jobs"].values()) == [job.job_id for job in deadline.jobs()]
    assert [job.shown_status for job in deadline.jobs()] == ["Queued", "Pending"]
    assert len(deadline.log.calls("process")) == 1


@pytest.mark.parametrize("via", ["script", "command"])
def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_written(submit, deadline, tmp_path, via):
    """The graph, the root, and what the repository does not have."""
    result = submit("-p", "pool=rendr", "-p", "last=100000", "--via", via, FLOWPIPE_DEADLINE_TOLERATE="")

    assert result.returncode == 2
    assert "Error: 3 errors:" in result.stderr
    assert "is on this machine" in result.stderr
    assert "it has 25000 tasks, and the repository takes 5000 per job; set a batch size of at least 20" in result.stderr
    assert "the repository has no pool 'rendr'; did you mean 'render'?" in result.stderr
    assert bundles(tmp_path) == []
    assert deadline.jobs() == []


def test_warnings_can_be_made_errors(submit, deadline, tmp_path):
    """All of them, or those of a kind."""
    allowed = submit("-p", "last=3")
    refused = submit("-p", "last=3", "--strict", "single-task")

    assert "Warning: Shot.Render: " in allowed.stderr
    assert (allowed.returncode, refused.returncode) == (0, 2)
    assert len(bundles(tmp_path)) == 1
    assert submit("--strict", "single-tusk").stderr.endswith("did you mean 'single-task'?\n")


def test_a_written_bundle_is_submitted_later_and_again(submit, deadline, tmp_path):
    """``--dry-run`` stops at the files; a plan can be submitted any number of times, each into a bundle of its own."""
    planned = submit("--dry-run", "--strict", "all", DEADLINE_PATH="/nowhere")
    assert planned.returncode == 0, planned.stderr
    (bundle,) = bundles(tmp_path)

    first, second, third = (submit(*more, target=bundle) for more in ((), (), ("--again",)))

    assert (first.returncode, second.returncode, third.returncode) == (0, 1, 0), third.stderr
    ids = [job.job_id for job in deadline.jobs()]
    assert (
        f"is submitted already, as Render ({ids[0]}), Publish ({ids[1]}); to submit it once more, give --again"
        in second.stderr
    )
    assert len(ids) == 4
    (again,) = (path for path in bundles(tmp_path) if path != bundle)
    assert {job.batch_name for job in deadline.jobs()} == {bundle.name, again.name}
    assert {job.plugin_info["Bundle"] for job in deadline.jobs()} == {str(bundle), str(again)}
    assert not list((again / "results").iterdir())


def test_jobs_can_be_left_for_somebody_to_resume(submit, deadline):
    """Suspended, all of them."""
    submit("--suspended")

    assert {job.shown_status for job in deadline.jobs()} == {"Suspended"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--again",), "--again submits a bundle once more, and"),
        (("--via", "fax"), "'fax' is not one of"),
        (("--via", "webservice"), "set FLOWPIPE_DEADLINE_WEBSERVICE to its URL"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(submit, tmp_path, arguments, message):
    """Before anything is written."""
    result = submit(*arguments)

    assert result.returncode in (1, 2)
    assert message in result.stderr
    assert bundles(tmp_path) == []
