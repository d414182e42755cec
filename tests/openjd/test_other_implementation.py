"""The same templates by the other implementation, in Rust, which shares no code with ``openjd run``."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import expected_outputs
from openjd.model import IntRangeExpr
from openjd_runs import exported
from openjd_rust import make_job, run_in_rust, tasks_of
from task_nodes import Do

from flowpipe_deadline import read_results
from flowpipe_deadline.openjd.task import parse_range

ORDERS = (
    "openjd_fail: no",
    "  openjd_env: X",
    "\topenjd_ENV: X=1",
    "openjd_env: X=1",
    "openjd_redacted_env: X=1",
    "openjd_unset_env: PATH",
    "openjd_progress: 200",
    "50%\ropenjd_env: X",
    "x" * 64_000 + "openjd_env: X",
)
VALUES = {"BRACES": "{{ Param.Bundle }}", "CLOSED": "}}{", "THREE": "{{{a}}}", "SHELL": "$(id) `id` ; '\" && %PATH%"}


SAY = "import os\nfor line in {!r}:\n    print(line)\nvalue = {{name: os.environ.get(name) for name in {!r}}}"


def a_graph():
    """Chunks with and without gaps, frames that are item numbers, and a node that prints what looks like orders."""
    graph = Graph(name="both {{ x }}")
    metadata = {"deadline": {"environment": VALUES}}
    Do(name="say", graph=graph, code=SAY.format(ORDERS, list(VALUES)), metadata=metadata)
    for name, frames in (("range", range(1, 32)), ("steps", range(1, 42, 10)), ("odd", [3, -1, 3, 7])):
        nodes.Render(name=name, graph=graph, frames=list(frames), metadata={"batch_size": 1 if name == "steps" else 10})
    last = nodes.Collect(name="last", graph=graph)
    for name in ("range", "steps", "odd"):
        graph[name].outputs["items"].connect(last.inputs["images"][name])
    return graph


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """The bundle of that graph, once all of it has run."""
    made = exported(a_graph(), tmp_path_factory.mktemp("rust"))
    assert run_in_rust(made) == ""
    return made


def test_the_outputs_are_those_of_one_process(bundle):
    """Of all nodes; what a node prints is no order there either."""
    expected = {**expected_outputs(a_graph()), "both {{ x }}.say": {"value": VALUES}}

    assert {label: node.outputs() for label, node in read_results(bundle).items()} == expected


def test_the_job_is_called_as_the_graph(bundle):
    """Braces in its name begin no reference."""
    assert make_job(bundle)[0].name == "both {{ x }}"


def test_tasks_get_the_planned_frames_in_balanced_chunks(bundle):
    """In forms that the task reads as the model of the official tool does."""
    job, _ = make_job(bundle)
    texts = {
        step.name: [str(value.value) for task in tasks_of(step) for value in task.values()]
        for step in job.steps
        if step.parameterSpace is not None
    }

    frames = {name: [parse_range(text) for text in chunks] for name, chunks in texts.items()}

    assert [len(chunk) for chunk in frames["range"]] == [8, 8, 8, 7]
    assert frames["steps"] == [[1], [11], [21], [31], [41]]
    assert frames["odd"] == [[0, 1, 2, 3]]
    assert all(parse_range(text) == list(IntRangeExpr.from_str(text)) for chunks in texts.values() for text in chunks)
