"""Random graphs on a farm that misbehaves, against ``graph.evaluate()``: equal outputs, types included.

The farm is the offline farm's repository with an evaluator in this process, which makes hundreds of cases affordable;
the last test here goes through real processes. More cases: ``--hypothesis-profile=thorough``.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from pathlib import Path

import farm_nodes as nodes
from flowpipe import Graph
from flowpipe.evaluator import LinearEvaluator
from flowpipe.graph import reset_default_graph
from harness import evaluate_task
from hypothesis import given, settings
from hypothesis import strategies as st
from random_examples import examples

from flowpipe_deadline import plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.bundle.job_files import job_entries, plugin_entries
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.offline.repository import JobStatus
from flowpipe_deadline.planning.graph import sorted_nodes
from tests.fake_deadline.jobs import JobRepository

VALUES = st.sampled_from([None, 0, 1, True, 1.5, "text", (1, 2), [1, [2]], {"a": (1,)}, {3: {4}}, Path("/a"), b"x"])
FRAMES = st.one_of(
    st.builds(lambda first, count: list(range(first, first + count)), st.integers(0, 5), st.integers(1, 7)),
    st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=4, unique=True),
)
FAULTS = st.sampled_from(["none", "none", "none", "error", "twice", "dies", "cancelled"])


@st.composite
def graphs(draw):
    """A graph of up to eight nodes in up to three graphs, connected at random."""
    homes = [Graph(name="main"), Graph(name="sub"), Graph(name="third")]
    frames = draw(FRAMES)
    made = []
    for index in range(draw(st.integers(1, 8))):
        home = homes[0] if not made else draw(st.sampled_from(homes))
        kind = draw(st.sampled_from(["pass", "collect", "split", "each", "follow", "mirror"]))
        node = _KINDS[kind](draw, f"n{index}", home, frames)
        node.omit = bool(made) and draw(st.integers(0, 9)) == 0
        _connect(draw, node, made, frames)
        made.append(node)
    return homes[0]


def _connect(draw, node, made, frames):
    for name, plug in node.inputs.items():
        sources = [other for other in made if _fits(name, other, frames)]
        if not sources or name == "frames" or draw(st.integers(0, 3)) == 0:
            continue
        if name == "images":
            for key in draw(st.lists(st.sampled_from(["0", "left", "a.b"]), unique=True, max_size=3)):
                draw(st.sampled_from(_outputs(draw(st.sampled_from(sources))))).connect(plug[key])
        else:
            draw(st.sampled_from(_outputs(draw(st.sampled_from(sources)), items=name == "items"))).connect(plug)


def _fits(name, other, frames):
    """An input that is cut frame by frame takes lists that are as long; any other takes anything."""
    return name != "items" or (not other.omit and other.metadata.get("gives") == "items")


def _outputs(node, *, items=False):
    """The outputs of a node, sub-plugs among them."""
    if items:
        return [node.outputs["items"]]
    plugs = list(node.outputs.values())
    return plugs + [sub_plug for plug in plugs for sub_plug in plug.sub_plugs.values()]


def _plain(function):
    return lambda draw, name, graph, _frames: function(name=name, graph=graph, value=draw(VALUES))


def _collect(draw, name, graph, frames):
    return nodes.Collect(name=name, graph=graph)


def _split(draw, name, graph, frames):
    node = nodes.Split(name=name, graph=graph, value=draw(VALUES))
    if draw(st.booleans()):
        node.outputs["parts"]["left"]
    return node


def _each(draw, name, graph, frames):
    metadata = {"batch_size": draw(st.integers(1, 8)), "gives": "items"}
    return nodes.Each(name=name, graph=graph, frames=frames, value=draw(VALUES), metadata=metadata)


def _follow(draw, name, graph, frames):
    metadata = {"batch": {"size": draw(st.integers(1, 8)), "over": ["frames", "items"]}, "gives": "items"}
    items = [draw(VALUES) for _ in frames]
    return nodes.Follow(name=name, graph=graph, frames=frames, items=items, value=draw(VALUES), metadata=metadata)


def _mirror(draw, name, graph, frames):
    return nodes.Mirror(name=name, graph=graph, frames=frames, metadata={"gives": "items"})


_KINDS = {
    "pass": _plain(nodes.Pass),
    "collect": _collect,
    "split": _split,
    "each": _each,
    "follow": _follow,
    "mirror": _mirror,
}


def run_in_process(bundle, *, faults, consecutive, workers):
    """Runs the bundle's jobs as the offline farm does, tasks evaluated here, with a fault for each task as it comes."""
    repository = JobRepository(bundle.folder / "repository.sqlite", failure_limit=50, consecutive_chunks=consecutive)
    job_ids = {}
    for job in bundle.jobs:
        entries = job_entries(bundle, job, job_ids=job_ids)
        job_ids[job.key] = repository.submit(key=job.key, job_info=entries, plugin_info=plugin_entries(bundle, job))
    modes = {job.key: job.frame_mode for job in bundle.jobs}
    remaining = list(faults)
    claimed = []
    while True:
        while len(claimed) < workers and (task := repository.claim(f"worker-{len(claimed)}")) is not None:
            claimed.append(task)
        if not claimed:
            break
        fault = remaining.pop() if remaining else "none"
        task = claimed.pop(len(remaining) % len(claimed))
        frames = None if modes[task.key] == "none" else FrameList.parse(task.frames)
        if fault == "error":
            repository.fail(task, "an error")
        elif fault == "dies":
            repository.abandon(str(task.worker))
            claimed = [other for other in claimed if other.worker != task.worker]
        elif fault == "cancelled":
            repository.requeue(task)
        else:
            for _ in range(2 if fault == "twice" else 1):
                evaluate_task(bundle.folder, node=task.key, frames=frames)
            repository.complete(task)
    status = repository.job_status()
    repository.close()
    return status


def outputs_of(bundle):
    """What the farm has for each node."""
    return {label: node.outputs() for label, node in read_results(bundle).items()}


def assert_equal(actual, expected):
    """The same values, and the same types all the way down."""
    assert actual == expected
    assert {label: repr(actual[label]) for label in actual} == {label: repr(expected[label]) for label in actual}


def reference_outputs(graph):
    """What flowpipe's own linear evaluation leaves on the plugs, in an order that misses no node.

    ``Graph.evaluation_sequence`` drops nodes and raises KeyError for some graphs over several levels of sub-graphs.
    """
    ordered = sorted_nodes(graph)
    LinearEvaluator()._evaluate_nodes(list(ordered))
    return {
        f"{node.graph.name}.{node.name}": {name: plug.value for name, plug in node.outputs.items()} for node in ordered
    }


@settings(max_examples=examples(25))
@given(graph=graphs(), faults=st.lists(FAULTS, max_size=12), consecutive=st.booleans(), workers=st.integers(1, 4))
def test_a_farm_that_misbehaves_gives_what_flowpipe_gives(graph, faults, consecutive, workers):
    """Errors, deaths, cancelled and repeated tasks, any chunk sizes, any order, either reading of chunks with gaps."""
    reset_default_graph()
    folder = tempfile.mkdtemp()
    try:
        bundle = write_bundle(plan_graph(graph), root=folder)
        with contextlib.redirect_stdout(io.StringIO()):
            status = run_in_process(bundle, faults=faults, consecutive=consecutive, workers=workers)

        assert set(status.values()) == {JobStatus.COMPLETED}
        assert_equal(outputs_of(bundle), reference_outputs(graph))
    finally:
        shutil.rmtree(folder)


@settings(max_examples=3)
@given(graph=graphs())
def test_real_processes_give_what_flowpipe_gives(graph):
    """A few of these graphs through real workers, the real plugin, and an evaluator for each task."""
    folder = tempfile.mkdtemp()
    try:
        bundle = write_bundle(plan_graph(graph), root=folder)

        assert run_bundle(bundle, workers=3).is_complete
        assert_equal(outputs_of(bundle), reference_outputs(graph))
    finally:
        shutil.rmtree(folder)
