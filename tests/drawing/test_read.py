"""What is read of plans and bundles, in every state that a node can have."""

from __future__ import annotations

import re

import failing_nodes
import farm_nodes as nodes
import pytest
from direct_farm import DirectClient
from harness import evaluate_task
from submissions import write_three

from flowpipe_deadline import plan_graph, run_bundle, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.drawing.picture import State
from flowpipe_deadline.drawing.read import PictureReader, picture_of
from flowpipe_deadline.redo.record import RedoWriter


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs: ``render`` with three tasks, ``collect``, which waits for it, and ``beside``."""
    return write_three(graph, tmp_path)


@pytest.fixture
def client(deadline):
    """A way to the fake Deadline."""
    return DirectClient(deadline)


@pytest.fixture
def draw(bundle, client, job_ids):
    """The picture of the bundle, which is submitted."""
    return lambda: picture_of(bundle, lambda: client)


def states(picture):
    """The words on the boxes, by key."""
    return {node.key: node.state.value for node in picture.nodes}


def found(picture, key):
    """The node of that key."""
    return next(node for node in picture.nodes if node.key == key)


def test_a_plan(graph):
    """Its nodes with their real names, what they wait for and how, and what is omitted."""
    render = nodes.Render(name="Рендер", graph=graph, frames=list(range(1, 11)), metadata={"batch_size": 4})
    batch = {"batch": {"size": 4, "over": ["frames", "images"]}}
    check = nodes.Check(name="Prüfung", graph=graph, frames=list(range(1, 11)), metadata=batch)
    collect = nodes.Collect(name="集める", graph=graph)
    omitted = nodes.Pass(name="off", graph=graph)
    omitted.omit = True
    render.outputs["items"].connect(check.inputs["images"])
    check.outputs["images"].connect(collect.inputs["images"]["items"])
    render.outputs["pattern"].connect(collect.inputs["images"]["pattern"])

    picture = picture_of(plan_graph(graph))

    assert [(node.label, node.state, node.frames, node.total) for node in picture.nodes] == [
        ("Рендер", State.PLANNED, "1-10", 3),
        ("Prüfung", State.PLANNED, "1-10", 3),
        ("集める", State.PLANNED, None, 1),
    ]
    keys = [node.key for node in picture.nodes]
    kinds = {(edge.upstream, edge.downstream): edge.kind for edge in picture.edges}
    assert kinds[keys[0], keys[1]] == "frame"
    assert kinds[keys[1], keys[2]] == "job"
    assert picture.edges[0].reason == "feeds images, frame by frame"
    assert picture.notices == ("Omitted: off.",)
    assert picture.is_over


def test_a_bundle_has_the_edges_of_its_plan(graph, tmp_path):
    """Of the same kinds."""
    render = nodes.Render(name="render", graph=graph, frames=[1, 2], metadata={"batch_size": 1})
    batch = {"batch": {"size": 1, "over": ["frames", "images"]}}
    check = nodes.Check(name="check", graph=graph, frames=[1, 2], metadata=batch)
    last = nodes.Pass(name="last", graph=graph)
    render.outputs["items"].connect(check.inputs["images"])
    check.outputs["images"].connect(last.inputs["value"])
    plan = plan_graph(graph)

    of_plan, of_bundle = picture_of(plan), picture_of(write_bundle(plan, root=tmp_path), None)

    assert [(edge.upstream, edge.downstream, edge.kind) for edge in of_bundle.edges] == [
        ("render", "check", "frame"),
        ("check", "last", "job"),
    ]
    assert [(one.upstream, one.downstream, one.kind) for one in of_plan.edges] == [
        (one.upstream, one.downstream, one.kind) for one in of_bundle.edges
    ]


def test_nodes_of_one_name_are_told_apart(graph):
    """By their graphs, or else by their keys."""
    nodes.Pass(name="same", graph=graph)
    nodes.Pass(name="Same", graph=graph)
    plan = plan_graph(graph)

    assert [node.label for node in picture_of(plan).nodes] == ["same", "Same"]


def test_a_bundle_by_its_results(bundle):
    """Nobody is at work on it, and Deadline is not asked."""
    assert states(picture_of(bundle, None)) == {"render": "planned", "beside": "planned", "collect": "planned"}

    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-4"))
    evaluate_task(bundle.folder, node="beside")

    picture = picture_of(bundle, None)
    assert states(picture) == {"render": "partly done", "beside": "complete", "collect": "planned"}
    assert (found(picture, "render").done, found(picture, "render").total) == (1, 3)
    assert dict(found(picture, "render").facts)["Done"] == "1 of 3 chunks"
    assert not picture.is_over


def test_a_failure_offline(graph, tmp_path):
    """With its reason and the frames; what waits for it is blocked; what ran has its time."""
    batch = {"batch": {"size": 1, "over": ["numbers"]}}
    divide = failing_nodes.Divide(name="divide", graph=graph, numbers=[1, 0, 2], metadata=batch)
    after = nodes.Pass(name="after", graph=graph)
    divide.outputs["value"].connect(after.inputs["value"])
    last = nodes.Pass(name="last", graph=graph)
    after.outputs["value"].connect(last.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    run_bundle(bundle, failure_limit=1)

    picture = picture_of(bundle)
    assert states(picture) == {"divide": "failed", "after": "blocked", "last": "blocked"}
    node = found(picture, "divide")
    assert (node.done, node.failed, node.total) == (2, 1, 3)
    assert node.reason == "ZeroDivisionError: division by zero"
    assert dict(node.facts)["Failed 1 (frames 0)"] == node.reason
    assert node.seconds > 0
    assert picture.is_over


def test_what_is_stale(bundle, graph):
    """Made from results that have been replaced; it is complete all the same, and says which."""
    for frames in ("1-4", "5-8", "9-10"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))
    evaluate_task(bundle.folder, node="collect")

    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("5-8"))

    picture = picture_of(bundle, None)
    assert states(picture) == {"render": "complete", "beside": "planned", "collect": "stale"}
    assert (found(picture, "collect").stale, dict(found(picture, "collect").facts)["Stale"]) == (1, "all of it")


def test_a_submission(draw, worker):
    """What Deadline tells, until all is complete."""
    assert states(draw()) == {"render": "queued", "beside": "queued", "collect": "waiting"}
    assert dict(found(draw(), "collect").facts)["Waits for"] == "render"
    assert not draw().is_over

    worker.render("render", "1-4", "5-8")
    assert found(draw(), "render").done == 2

    worker.render("render", "9-10")
    worker.render("beside")
    worker.render("collect")
    assert states(draw()) == {"render": "complete", "beside": "complete", "collect": "complete"}
    assert draw().is_over


def test_failed_suspended_and_deleted_jobs(deadline, draw, worker, job_ids):
    """What waits for them is blocked, or waits."""
    worker.fail("render", "5-8")
    worker.complete("render", "1-4", "9-10")
    assert states(draw())["render"] == "failed"
    assert states(draw())["collect"] == "blocked"

    deadline.change("suspend", job_ids["beside"])
    assert states(draw())["beside"] == "suspended"

    deadline.delete(job_ids["beside"])
    assert states(draw())["beside"] == "deleted"


def test_a_job_that_is_complete_without_results(draw, worker):
    """Somebody completed it in the Monitor."""
    worker.complete("beside")

    assert states(draw())["beside"] == "no results"


def test_a_task_that_renders(deadline, draw, worker):
    """Counts by its progress."""
    worker.render("render", "1-4")
    task = deadline.repository.claim("worker-7")
    deadline.repository.report(task, progress=50.0)

    node = found(draw(), "render")
    assert (node.state, node.done) == (State.RENDERING, pytest.approx(1.5))
    assert dict(node.facts)["Tasks"] == "1 completed, 1 rendering, 1 queued"


def test_without_an_answer_of_deadline_the_results_tell(bundle, job_ids, worker):
    """And the picture says so."""

    def refuse():
        raise SubmissionError("no Deadline here")

    worker.render("beside")

    picture = picture_of(bundle, refuse)
    assert states(picture)["beside"] == "complete"
    assert picture.notices[0] == "Deadline cannot be asked, so this is what the results tell: no Deadline here"
    assert picture_of(bundle, None).notices[0] == "Deadline was not asked: this is what the results tell."


def test_a_reader_opens_deadline_once(bundle, client, job_ids, worker):
    """However often it looks."""
    opened = []
    reader = PictureReader(bundle, lambda: opened.append(1) or client)

    before = states(reader.read())
    worker.render("beside")

    assert (before["beside"], states(reader.read())["beside"]) == ("queued", "complete")
    assert opened == [1]


def test_a_redo_under_way(bundle, draw, worker):
    """Is told, and nothing is over until it has ended."""
    worker.render("render", "1-4", "5-8", "9-10")
    worker.render("beside")
    worker.render("collect")
    assert draw().is_over
    writer = RedoWriter(bundle.folder)

    with writer:
        writer.claim()

        assert not draw().is_over
        assert draw().notices[0].startswith(f"a part of {bundle.name} is being done again this moment")
        writer.drop()

    assert draw().is_over


def test_times_and_attempts(graph, tmp_path):
    """Of the results that are there; an attempt more is told."""
    metadata = {"batch_size": 1}
    nodes.Linger(name="linger", graph=graph, frames=[1, 2], seconds={"1": 0.0, "2": 1.0}, metadata=metadata)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    for frame in (1, 2, 1):
        evaluate_task(bundle.folder, node="linger", frames=FrameList([frame]))

    node = found(picture_of(bundle, None), "linger")

    assert 0.9 < node.seconds < 1.9
    assert dict(node.facts)["Attempts"] == "3"
    assert re.fullmatch(r"1\.\d s, 2", dict(node.facts)["Longest"])


def test_a_run_on_this_machine(graph, tmp_path):
    """While it goes on, its tasks tell the states."""
    seen = []
    first = nodes.Pass(name="first", graph=graph, value=1)
    second = nodes.Pass(name="second", graph=graph)
    first.outputs["value"].connect(second.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    run_bundle(bundle, workers=1, on_progress=lambda _: seen.append(states(picture_of(bundle))))

    assert seen[0]["second"] == "waiting"
    assert any(state["first"] in ("queued", "rendering") for state in seen)
    assert states(picture_of(bundle)) == {"first": "complete", "second": "complete"}


def test_json(bundle):
    """For other programs."""
    data = picture_of(bundle, None).to_json()

    assert data["name"] == bundle.name
    assert [(node["key"], node["state"], node["total"]) for node in data["nodes"]] == [
        ("render", "planned", 3),
        ("collect", "planned", 1),
        ("beside", "planned", 1),
    ]
    assert data["edges"] == [{"upstream": "render", "downstream": "collect", "kind": "job", "reason": ""}]
