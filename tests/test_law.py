"""The law of batches under what a farm does to tasks: pipelines, requeues, changed chunks, kills, late files."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import evaluate_plan, evaluate_task, expected_outputs, tasks_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_examples import examples

from flowpipe_deadline import plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import MergeError, MissingResultsError
from flowpipe_deadline.results.store import FileStore


def chain(frames, *, render_size=2, check_size=2, **inputs):
    """Render, then a check that is batched over the same frames and its images."""
    graph = Graph(name="chain")
    render = nodes.Render(
        name="render", graph=graph, frames=list(frames), metadata={"batch_size": render_size}, **inputs
    )
    check = nodes.Check(
        name="check",
        graph=graph,
        frames=list(frames),
        metadata={"batch": {"size": check_size, "over": ["frames", "images"]}},
    )
    render.outputs["items"].connect(check.inputs["images"])
    return graph


def bundle_of(graph, root):
    """Plan and bundle."""
    plan = plan_graph(graph)
    return plan, write_bundle(plan, root=root)


def checked(bundle):
    """What the check gave."""
    return read_results(bundle)["chain.check"].outputs()["images"]


def test_a_chunk_needs_only_the_chunks_that_cover_it(tmp_path):
    """Frames 3 and 4 are checked before frames 5 to 9 are rendered."""
    _, bundle = bundle_of(chain(range(1, 10), render_size=4), tmp_path)
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-4"))

    evaluate_task(bundle.folder, node="check", frames=FrameList.parse("3-4"))

    assert read_results(bundle)["chain.check"].chunks[0] == ("3-4", {"images": ["3:3", "4:4"]})
    with pytest.raises(MissingResultsError, match="render: the results of 5 are missing"):
        evaluate_task(bundle.folder, node="check", frames=FrameList.parse("4-5"))


def test_a_batched_chain_runs_as_a_pipeline(tmp_path):
    """On the farm, early frames are checked while a late one is still rendered."""
    graph = Graph(name="chain")
    slow = {"1": 0, "2": 0, "3": 0, "4": 1.5}
    render = nodes.Linger(name="render", graph=graph, frames=[1, 2, 3, 4], seconds=slow, metadata={"batch_size": 1})
    metadata = {"batch": {"size": 1, "over": ["frames", "images"]}}
    check = nodes.Check(name="check", graph=graph, frames=[1, 2, 3, 4], metadata=metadata)
    render.outputs["items"].connect(check.inputs["images"])
    plan, bundle = bundle_of(graph, tmp_path)

    assert run_bundle(bundle, workers=2).is_complete

    written = {
        (path.parent.name, path.stem): path.stat().st_mtime_ns for path in (bundle.folder / "results").glob("*/*.json")
    }
    assert all(written["check", frame] > written["render", frame] for frame in "1234")
    assert written["check", "1"] < written["render", "4"]
    assert plan.jobs[1].is_frame_dependent
    assert "IsFrameDependent=true\n" in bundle.job_files(bundle.jobs[1])[0].read_text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=examples(15))
@given(
    count=st.integers(1, 9),
    sizes=st.tuples(st.integers(1, 10), st.integers(1, 10)),
    resubmitted=st.lists(st.tuples(st.integers(0, 8), st.integers(1, 4)), max_size=4),
)
def test_resubmitting_any_frames_in_any_chunks_gives_the_newest_of_each(tmp_path, count, sizes, resubmitted):
    """Whatever ranges are rendered again, in whatever chunks: of each frame the newest counts, and nothing is lost."""
    plan, bundle = bundle_of(chain(range(count), render_size=sizes[0], check_size=sizes[1]), tmp_path)
    evaluate_plan(plan, bundle)
    expected = checked(bundle)
    for start, length in resubmitted:
        frames = [frame for frame in range(start, start + length) if frame < count]
        if frames:
            evaluate_task(bundle.folder, node="render", frames=FrameList(frames))
            evaluate_task(bundle.folder, node="check", frames=FrameList(frames))

    assert checked(bundle) == expected


def test_a_list_without_one_item_per_frame_cannot_be_handed_frame_by_frame(tmp_path):
    """The error names node, output and chunk, and what to return."""
    graph = Graph(name="chain")
    render = nodes.Summary(name="render", graph=graph, frames=[1, 2, 3, 4], metadata={"batch_size": 2})
    metadata = {"batch": {"size": 2, "over": ["frames", "images"]}}
    check = nodes.Check(name="check", graph=graph, frames=[1, 2, 3, 4], metadata=metadata)
    render.outputs["items"].connect(check.inputs["images"])
    plan, bundle = bundle_of(graph, tmp_path)

    with pytest.raises(MergeError, match=r"render\.items feeds a batch .* items has 2 items where frames has 4"):
        evaluate_plan(plan, bundle)


def test_results_older_than_their_inputs_are_named(tmp_path):
    """Upstream was requeued after downstream had run: exactly the frames that it concerns."""
    plan, bundle = bundle_of(chain(range(1, 7)), tmp_path)
    evaluate_plan(plan, bundle)
    assert read_results(bundle)["chain.check"].stale is None

    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("3-4"))

    assert read_results(bundle)["chain.check"].stale == "3-4"
    evaluate_task(bundle.folder, node="check", frames=FrameList.parse("3-4"))
    assert read_results(bundle)["chain.check"].stale is None


def test_a_run_repeats_what_is_older_than_its_inputs(tmp_path):
    """And nothing else: a lost chunk takes along only the chunks that were made from it."""
    plan, bundle = bundle_of(chain(range(1, 7)), tmp_path)
    assert run_bundle(bundle).is_complete
    before = {path: path.stat().st_mtime_ns for path in (bundle.folder / "results").rglob("*.json")}
    (bundle.folder / "results" / "render" / "3-4.json").unlink()

    assert run_bundle(bundle).is_complete

    changed = {path for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert {f"{path.parent.name}/{path.stem}" for path in changed} == {"render/3-4", "check/3-4"}
    assert read_results(bundle)["chain.check"].outputs()["images"] == [f"{frame}:{frame}" for frame in range(1, 7)]
    assert len(plan.jobs) == 2


@pytest.mark.usefixtures("fresh_processes")
@pytest.mark.parametrize("milliseconds", range(0, 200, 20))
def test_a_task_killed_at_any_point_leaves_nothing_half(tmp_path, milliseconds):
    """SIGKILL to the evaluator: the result is whole or not there, and the next run gives what it would have given."""
    graph = chain(range(1, 5))
    plan, bundle = bundle_of(graph, tmp_path)
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", str(bundle.folder), "--node", "render"]
    process = subprocess.Popen(
        [*command, "--frames", "1-2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path
    )
    time.sleep(milliseconds / 1000)
    process.kill()
    process.wait()

    assert len(FileStore(bundle.folder).read("render")) in (0, 1)
    evaluate_plan(plan, bundle)
    assert {label: node.outputs() for label, node in read_results(bundle).items()} == expected_outputs(graph)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits to the size of files")
@pytest.mark.parametrize("size", [0, 1, 50, 200])
def test_a_result_that_cannot_be_written_whole_is_not_there(tmp_path, size):
    """The disk refuses the rest of the file: one clear error, nothing half, and the next run gives the result."""
    plan, bundle = bundle_of(chain(range(1, 5)), tmp_path)
    code = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "from flowpipe_deadline.evaluator.__main__ import main\n"
        f"sys.exit(main(['--bundle', {str(bundle.folder)!r}, '--node', 'render', '--frames', '1-2']))"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert result.returncode == 2
    assert "its result cannot be written" in result.stderr
    assert list((bundle.folder / "results" / "render").iterdir()) == []
    evaluate_plan(plan, bundle)
    assert checked(bundle) == [f"{frame}:{frame}" for frame in range(1, 5)]


def test_two_workers_on_the_same_chunk_do_no_harm(tmp_path):
    """Both write the same result; readers see one of them, whole."""
    plan, bundle = bundle_of(chain(range(1, 5)), tmp_path)
    failures = []

    def work():
        try:
            for _ in range(10):
                for frames in tasks_of(plan.jobs[0]):
                    evaluate_task(bundle.folder, node="render", frames=frames)
                FileStore(bundle.folder).read("render")
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert failures == []
    assert len(FileStore(bundle.folder).read("render")) == 2


def test_a_late_file_is_waited_for(tmp_path):
    """Network file systems show new files late: the reader waits for them as long as it is allowed to."""
    plan, bundle = bundle_of(chain(range(1, 5)), tmp_path)
    for frames in tasks_of(plan.jobs[0]):
        evaluate_task(bundle.folder, node="render", frames=frames)
    shown = bundle.folder / "results" / "render" / "3-4.json"
    hidden = shown.rename(tmp_path / "hidden")
    threading.Timer(0.5, hidden.rename, [shown]).start()

    evaluate_task(bundle.folder, node="check", frames=FrameList.parse("3-4"), wait=20)

    assert read_results(bundle)["chain.check"].chunks[0][0] == "3-4"


def test_a_file_that_stays_away_is_named(tmp_path):
    """Node and frames, after the time is over."""
    plan, bundle = bundle_of(chain(range(1, 5)), tmp_path)
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-2"))
    started = time.monotonic()

    with pytest.raises(MissingResultsError, match="render: the results of 3 are missing"):
        evaluate_task(bundle.folder, node="check", frames=FrameList.parse("2-3"), wait=0.5)

    assert time.monotonic() - started >= 0.5
    assert len(plan.jobs) == 2


@pytest.mark.parametrize(("count", "size"), [(31, 10), (1, 10), (19, 5), (20, 5), (11, 5), (21, 10)], ids=str)
def test_the_peers_losing_cases(tmp_path, count, size):
    """The last frame, the only frame, one frame too many: the counts that others lose frames by."""
    graph = chain(range(count), render_size=size, check_size=size)
    plan, bundle = bundle_of(graph, tmp_path)

    evaluate_plan(plan, bundle)

    assert sum(len(frames) for frames in tasks_of(plan.jobs[0])) == count
    assert {label: node.outputs() for label, node in read_results(bundle).items()} == expected_outputs(graph)
