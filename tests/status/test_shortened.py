"""A frame range that was shortened in the Monitor: whoever misses the frames says so, and how to get them back."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from harness import evaluate_task
from submissions import TerseClient, write_three

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.cli.results import _print_node
from flowpipe_deadline.errors import MissingResultsError
from flowpipe_deadline.results.failures import read_failures, rebuild_error, write_failure
from flowpipe_deadline.status.status import read_submission_status

BACK = "set it back to 1-10 (Modify Frame Range)"
ADVICE = (
    "requeue their tasks, or wait for the file system to show them; or, if the job's frame range was shortened in the"
    f" Monitor, {BACK}"
)


@pytest.fixture
def bundle(graph, tmp_path):
    """``render`` with the frames 1-10."""
    return write_three(graph, tmp_path)


def test_status_says_what_was_shortened(bundle, client, deadline, job_ids, worker):
    """Whether Deadline tells a job's frames or not; and no more once all results are there."""
    worker.render("beside")
    assert read_submission_status(bundle, lambda: client).changes == ()

    deadline.set_frames(job_ids["render"], "1-6", 4)
    worker.render("render", "1-4", "5-6")

    told = (
        (
            "render has the frames 1-6 in Deadline, so no task makes the results of 7-10; to get them, set its frame"
            " range back to 1-10 in the Monitor (Modify Frame Range)"
        ),
        f"render is complete, and the results of 7-10 are missing: {ADVICE}",
    )
    (said,) = read_submission_status(bundle, lambda: client).changes
    assert said == told[isinstance(client, TerseClient)]

    worker.write_results("render", "7-10")
    assert read_submission_status(bundle, lambda: client).changes == ()


def test_frames_that_were_added_are_no_matter(bundle, client, deadline, job_ids):
    """Nor another chunk size, or another spelling."""
    for frames, size in (("1-12", 4), ("1,2,3-10", 4), ("1-10", 5)):
        deadline.set_frames(job_ids["render"], frames, size)

        assert read_submission_status(bundle, lambda: client).changes == ()


def test_a_task_that_needs_them_says_so(bundle):
    """It cannot ask Deadline whether they have a task."""
    with pytest.raises(MissingResultsError) as caught:
        evaluate_task(bundle.folder, node="collect")

    assert str(caught.value) == f"render: the results of 1-10 are missing; {ADVICE}"
    write_failure(bundle.folder, "collect", None, error=caught.value, report="")
    (failure,) = read_failures(bundle.folder, "collect")
    assert str(rebuild_error(failure)) == str(caught.value)


def test_results_say_so(bundle, capsys):
    """Of a node without frames, only that its task is to be requeued."""
    results = read_results(bundle)
    for label, node in results.items():
        _print_node(label, node, chunks=False)

    assert capsys.readouterr().out.splitlines() == [
        f"Test.render: missing frames 1-10; {ADVICE}",
        "Test.collect: missing its result; requeue its task, or wait for the file system to show it",
        "Test.beside: missing its result; requeue its task, or wait for the file system to show it",
    ]
    with pytest.raises(MissingResultsError, match="Modify Frame Range"):
        results["Test.render"].outputs()


@pytest.fixture
def items(graph, tmp_path):
    """``render`` with every tenth frame, in chunks, which run as items; ``collect`` and ``check`` need it."""
    batch = {"batch_size": 4}
    render = nodes.Render(name="render", graph=graph, frames=list(range(1001, 1192, 10)), metadata=batch)
    collect = nodes.Collect(name="collect", graph=graph)
    render.outputs["items"].connect(collect.inputs["images"]["items"])
    nodes.Render(name="names", graph=graph, frames=["a", "b"], metadata=batch)
    return write_bundle(plan_graph(graph), root=tmp_path)


def test_item_numbers_are_told_with_their_frames(items, capsys):
    """In the manifest, the job, errors and results; of items that are no frames, there are none."""
    render = items.job("render")
    assert (render.frames, render.item_frames) == ("0-19", "1001-1191x10")
    assert render.real_frames("4-7") == "1041-1071x10"
    assert render.shown_frames("4-7") == "4-7 (frames 1041-1071x10)"
    assert items.job("names").real_frames("0-1") is None
    assert items.job("names").shown_frames("0-1") == "0-1"

    info = items.job_files(render)[0].read_text(encoding="utf-8")
    assert "ExtraInfoKeyValue2=FlowpipeFrames=1001-1191x10\n" in info
    assert info.endswith("\nComment=items 0-19 are the frames 1001-1191x10\n")
    assert "Comment" not in items.job_files(items.job("names"))[0].read_text(encoding="utf-8")

    with pytest.raises(MissingResultsError, match=r"render: the results of 0-19 \(frames 1001-1191x10\) are missing"):
        evaluate_task(items.folder, node="collect")
    evaluate_task(items.folder, node="render", frames=render.chunks[1])
    found = read_results(items)
    _print_node("render", found["Test.render"], chunks=True)
    _print_node("names", found["Test.names"], chunks=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("render: missing items 0-3,8-19 (frames 1001-1031x10,1081-1191x10); ")
    assert "  render 4-7 (frames 1041-1071x10)" in lines
    assert lines[-1].startswith("names: missing items 0-1; ")
    assert found["Test.render"].to_json()["chunks"][0]["real_frames"] == "1041-1071x10"


def test_an_own_comment_stays(graph, tmp_path):
    """The extra info names the frames all the same."""
    metadata = {"batch_size": 2, "deadline": {"comment": "by hand", "extra_info": {"Shot": "010"}}}
    nodes.Render(name="render", graph=graph, frames=[1, 3, 5], metadata=metadata)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    lines = bundle.job_files(bundle.jobs[0])[0].read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line.startswith(("Comment", "ExtraInfo"))] == [
        "Comment=by hand",
        f"ExtraInfoKeyValue0=FlowpipeSubmission={bundle.name}",
        "ExtraInfoKeyValue1=FlowpipeNode=render",
        "ExtraInfoKeyValue2=FlowpipeFrames=1-5x2",
        "ExtraInfoKeyValue3=Shot=010",
    ]
