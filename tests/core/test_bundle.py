"""Bundles as they are read: typed records, also of what earlier and newer versions wrote."""

from __future__ import annotations

import json

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import evaluate_task

from flowpipe_deadline import plan_graph, read_bundle, read_results, write_bundle
from flowpipe_deadline.core.bundle import BundleJob, BundleNode, read_node
from flowpipe_deadline.core.files import NewerFormatError
from flowpipe_deadline.errors import RecordError
from flowpipe_deadline.evaluator.protocol import read_request
from flowpipe_deadline.offline.farm import run_bundle
from flowpipe_deadline.results.store import FileStore
from flowpipe_deadline.submit.record import read_submission

ADDED_LATER = ("interpreter", "frame_dependent", "last")


@pytest.fixture
def plan():
    """A batch of five frames in chunks of two, a node that waits for all of it, and one that is switched off."""
    graph = Graph(name="shot")
    render = nodes.Render(name="render", graph=graph, frames=[1, 2, 3, 4, 5], metadata={"batch_size": 2})
    collect = nodes.Pass(name="collect", graph=graph)
    render.outputs["items"].connect(collect.inputs["value"])
    nodes.Pass(name="off", graph=graph).omit = True
    return plan_graph(graph)


@pytest.fixture
def bundle(plan, tmp_path):
    """The bundle of the plan."""
    return write_bundle(plan, root=tmp_path)


def change(path, **values):
    """Changes these values of a JSON file; None removes one."""
    data = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({key: value for key, value in data.items() if value is not None}))


def change_job(bundle, **values):
    """Changes these values of the first job in the manifest."""
    path = bundle.folder / "manifest.json"
    jobs = json.loads(path.read_text())["jobs"]
    change(path, jobs=[{**jobs[0], **values}, *jobs[1:]])


def test_jobs_are_records(plan, bundle):
    """What was planned, as it was planned."""
    render, collect = read_bundle(bundle).jobs

    assert render == BundleJob(
        key="render",
        node="render",
        graph="shot",
        interpreter="python",
        frame_mode="frames",
        frames="1-5",
        chunk_size=2,
        depends_on=(),
        is_frame_dependent=False,
        is_last=False,
        file="001-render",
    )
    assert (render.label, render.is_batched, list(map(str, render.chunks))) == (
        "shot.render",
        True,
        ["1-2", "3-4", "5"],
    )
    assert (collect.is_batched, collect.chunks, collect.depends_on) == (False, (None,), ("render",))
    assert (collect.is_last, collect.frames) == (True, None)
    assert [job.task_count for job in (render, collect)] == [job.task_count for job in plan.jobs] == [3, 1]


def test_omitted_nodes_are_records(bundle):
    """They have no job."""
    assert read_bundle(bundle).omitted == (BundleNode("off", "off", "shot"),)
    assert [node.key for node in bundle.nodes] == ["render", "collect", "off"]


def test_what_is_written_is_what_is_read(bundle):
    """Whoever writes a bundle gets the same as who reads it."""
    assert read_bundle(bundle) == bundle


def test_a_manifest_of_an_earlier_version_is_read(bundle):
    """Keys that were added since have the value that the earlier version meant."""
    path = bundle.folder / "manifest.json"
    jobs = json.loads(path.read_text())["jobs"]
    old = [{key: value for key, value in job.items() if key not in ADDED_LATER} for job in jobs]
    change(path, jobs=old, store=None, created=None)

    read = read_bundle(bundle)

    assert (read.store, read.created) == ("files", None)
    assert {(job.interpreter, job.is_frame_dependent, job.is_last) for job in read.jobs} == {("", False, False)}
    assert run_bundle(read).is_complete


@pytest.mark.parametrize(
    "values",
    [
        {"chunk_size": None},
        {"chunk_size": 0},
        {"chunk_size": "2"},
        {"frames": None},
        {"frames": 5},
        {"node": 5},
        {"file": ["x"]},
        {"depends_on": "render"},
    ],
    ids=str,
)
def test_a_value_of_another_type_is_named(bundle, values):
    """One clear error where the bundle is read, not later where the value is used."""
    change_job(bundle, **values)

    with pytest.raises(
        RecordError, match=r"manifest\.json is damaged: .*; restore it, or submit the graph itself again"
    ):
        read_bundle(bundle)


@pytest.mark.parametrize(
    ("change_jobs", "reason"),
    [
        pytest.param(lambda _: [], "it lists no jobs", id="no job"),
        pytest.param(lambda jobs: [*jobs, jobs[0]], "a node is listed twice", id="a job twice"),
    ],
)
def test_a_manifest_that_no_submission_has_is_named(bundle, change_jobs, reason):
    """Nothing would be submitted of it, or a job twice."""
    path = bundle.folder / "manifest.json"
    change(path, jobs=change_jobs(json.loads(path.read_text())["jobs"]))

    with pytest.raises(RecordError, match=rf"manifest\.json is damaged: {reason}; restore it"):
        read_bundle(bundle)


def test_a_frame_list_that_nobody_can_read_has_no_frames(bundle):
    """Deadline may say something of a job that has two readings, and what is told of its tasks goes on."""
    render = bundle.job("render")

    assert [render.real_frames(text) for text in ("4-5", "10-1x4", "all")] == ["4-5", None, None]


NEWER = r"has format 2, and this flowpipe-deadline reads format 1: a newer version wrote it; use that version here too"


class TestNewerVersions:
    """What a newer version wrote is one clear error, with both formats and what to do; nothing is called damaged."""

    def test_manifest(self, bundle):
        """The bundle as such."""
        change(bundle.folder / "manifest.json", format=2)

        with pytest.raises(RecordError, match=rf"manifest\.json {NEWER}"):
            read_bundle(bundle)

    def test_node_record(self, bundle):
        """What a task reads first."""
        change(bundle.folder / "nodes" / "render.json", format=2)

        with pytest.raises(RecordError, match=rf"render\.json {NEWER}"):
            read_node(bundle.folder, "render")

    def test_result(self, bundle):
        """It is not set aside as a damaged one is."""
        evaluate_task(bundle.folder, node="off")
        path = bundle.folder / "results" / "off" / "whole.json"
        change(path, format=2)

        with pytest.raises(RecordError, match=rf"whole\.json {NEWER}"):
            FileStore(bundle.folder).read("off")
        with pytest.raises(NewerFormatError):
            FileStore(bundle.folder).set_damaged_aside("off")
        assert path.exists()

    def test_result_of_a_run(self, bundle):
        """The run ends, and the result stays."""
        assert run_bundle(bundle).is_complete
        path = bundle.folder / "results" / "collect" / "whole.json"
        change(path, format=2)

        with pytest.raises(RecordError, match=rf"whole\.json {NEWER}"):
            run_bundle(bundle)
        assert "has format 2" in read_results(bundle)["shot.collect"].error
        assert path.exists()

    def test_submission(self, bundle):
        """Its jobs are not said to be lost."""
        path = bundle.folder / "submission.json"
        path.write_text('{"format": 2, "jobs": {}}')

        with pytest.raises(RecordError, match=rf"submission\.json {NEWER}") as caught:
            read_submission(bundle.folder)
        assert "damaged" not in str(caught.value)

    def test_task(self, tmp_path):
        """The plugin is newer than the evaluator."""
        path = tmp_path / "task.json"
        path.write_text('{"format": 2}')

        with pytest.raises(RecordError, match=rf"task\.json {NEWER}"):
            read_request(path)
