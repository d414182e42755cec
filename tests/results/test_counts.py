"""How far the jobs of a bundle are by their results, without reading them."""

from __future__ import annotations

import threading

import farm_nodes as nodes
import pytest
from harness import evaluate_task
from submissions import write_three

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.results.counts import ResultCounts


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs, of which ``render`` has the tasks 1-4, 5-8 and 9-10."""
    return write_three(graph, tmp_path)


def render(bundle, *tasks):
    """Evaluates these tasks of ``render``."""
    for frames in tasks:
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))


def test_planned_chunks_are_counted_that_have_results(bundle):
    """Those of a batch, and the only one of a job that is not batched."""
    render(bundle, "1-4", "9-10")
    evaluate_task(bundle.folder, node="beside", frames=None)

    counts = ResultCounts(bundle)

    assert counts.frames("render") == ("1-4", "5-8", "9-10")
    assert counts.frames("beside") == (None,)
    assert [counts.done(key) for key in ("render", "collect", "beside")] == [2, 0, 1]
    assert [counts.has_all(key) for key in ("render", "collect", "beside")] == [False, False, True]
    assert counts.missing("render", ["1-4", "5-8"]) == {"5-8"}
    assert counts.missing("beside", [None]) == frozenset()


def test_a_job_that_was_cut_anew_has_the_chunks_whose_frames_are_there(bundle):
    """The chunk size was changed in the Monitor; the results say which frames they have."""
    render(bundle, "1-3", "4-6", "7")

    assert ResultCounts(bundle).done("render") == 1

    render(bundle, "8-20")
    assert ResultCounts(bundle).has_all("render")


def test_a_damaged_result_of_another_cut_counts_for_nothing(bundle):
    """It hides no other."""
    render(bundle, "1-4", "5-6")
    (bundle.folder / "results" / "render" / "5-6.json").write_text("{")

    assert ResultCounts(bundle).done("render") == 1


def test_results_that_come_are_counted(bundle):
    """Also where they were counted before."""
    counts = ResultCounts(bundle)
    render(bundle, "1-4")
    assert counts.done("render") == 1

    render(bundle, "5-8")

    assert counts.done("render") == 2


def test_late_results_are_waited_for(bundle):
    """A network file system may show them some time after they were written."""
    counts = ResultCounts(bundle)
    late = threading.Timer(0.1, render, (bundle, "1-4", "5-8", "9-10"))
    late.start()

    assert counts.wait_for(["render"], seconds=30.0)

    late.join()
    assert not counts.wait_for(["render", "collect"], seconds=0.0)


def test_results_in_redis_are_counted_too(graph, tmp_path, redis_server):
    """Every store lists its chunks."""
    nodes.Render(name="render", graph=graph, frames=[1, 2, 3], metadata={"batch_size": 2})
    bundle = write_bundle(plan_graph(graph), root=tmp_path, store=redis_server.url)
    render(bundle, "1-2")

    assert ResultCounts(bundle).done("render") == 1
