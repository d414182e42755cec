"""``DeadlineEvaluator``, by every way to a fake Deadline."""

from __future__ import annotations

import os
from pathlib import Path

import failing_nodes
import farm_nodes as nodes
import pytest
from submissions import Worker

from flowpipe_deadline import DeadlineEvaluator, read_bundle
from flowpipe_deadline.errors import EvaluationError, MissingResultsError, SubmissionError
from flowpipe_deadline.submit.record import read_submission
from tests.fake_deadline.web import serve
from tests.fake_deadline.workers import running_workers

TESTS = str(Path(__file__).parents[1] / "support")


@pytest.fixture(autouse=True)
def _context(monkeypatch, deadline):
    """Workers find the nodes of the tests, and the fake Deadline's command is the one of this machine."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    deadline.change_settings(failure_limit=1)


@pytest.fixture(params=["script", "command", "command without Job", "command without numbers", "webservice"])
def via(request, deadline, monkeypatch):
    """Every way to Deadline, and what GetJob may be like."""
    monkeypatch.setenv("FLOWPIPE_DEADLINE_VIA", request.param.partition(" ")[0])
    answers = {
        "command without Job": {"job_keys": "Status", "unknown_job": "nothing"},
        "command without numbers": {"job_details": "bare"},
    }
    deadline.change_settings(unknowns=answers.get(request.param, {}))
    if request.param != "webservice":
        yield request.param
        return
    with serve(deadline) as service:
        monkeypatch.setenv("FLOWPIPE_DEADLINE_WEBSERVICE", service.url)
        yield request.param


@pytest.fixture
def workers(deadline):
    """Two of them render whatever is submitted."""
    with running_workers(deadline, scan_seconds=0.05):
        yield


@pytest.fixture
def evaluator(tmp_path):
    """An evaluator that looks often."""
    return DeadlineEvaluator(root=tmp_path / "root", poll_seconds=0.05)


class Steps:
    """Does one thing after the other, each time that a change was heard of; keeps what was heard."""

    def __init__(self, deadline, root, *steps):
        self._deadline = deadline
        self._root = root
        self._steps = list(steps)
        self.heard = []

    def __call__(self, statuses):
        """Does the next thing."""
        self.heard.append(statuses)
        if self._steps:
            (bundle,) = (read_bundle(folder) for folder in self._root.glob("Test-*"))
            job_ids = read_submission(bundle.folder).jobs
            self._steps.pop(0)(Worker(self._deadline, bundle, job_ids), job_ids)


@pytest.fixture
def stepwise(deadline, tmp_path):
    """Makes an evaluator, and what it tells of changes to; each does the next of the steps."""

    def make(*steps, **options):
        heard = Steps(deadline, tmp_path / "root", *steps)
        return DeadlineEvaluator(root=tmp_path / "root", poll_seconds=0.01, on_progress=heard, **options), heard

    return make


def chunks_and_sub_plugs(graph):
    """Two nodes, the first in chunks."""
    render = nodes.Render(name="render", graph=graph, frames=range(1, 5), metadata={"batch_size": 2})
    collect = nodes.Collect(name="collect", graph=graph)
    render.outputs["items"].connect(collect.inputs["images"]["items"])
    return render, collect


@pytest.mark.usefixtures("workers", "via")
def test_a_graph_is_submitted_watched_and_brought_back(graph, evaluator, tmp_path):
    """By whichever way, and whatever Deadline tells of its jobs."""
    render, collect = chunks_and_sub_plugs(graph)
    events = []

    graph.evaluate(
        mode=None, evaluator=evaluator, on_node_event=lambda node, event, _: events.append((node.name, event))
    )

    assert render.outputs["items"].value == [1, 2, 3, 4]
    assert collect.outputs["parts"].value == {"items": [1, 2, 3, 4]}
    assert not render.is_dirty
    assert events == [(name, event) for name in ("render", "collect") for event in ("started", "finished")]
    assert len(list((tmp_path / "root").glob("Test-*/submission.json"))) == 1


@pytest.mark.usefixtures("via")
def test_every_change_is_heard_of(graph, deadline, stepwise):
    """In the Monitor's words."""
    chunks_and_sub_plugs(graph)
    evaluator, heard = stepwise(
        lambda *_: deadline.repository.claim("worker-7"),
        lambda worker, _: worker.render("render", "1-2", "3-4"),
        lambda worker, _: worker.render("collect"),
    )

    graph.evaluate(mode=None, evaluator=evaluator)

    assert [
        (statuses["render"], statuses["collect"]) for statuses in heard.heard if statuses["collect"] != "Queued"
    ] == [
        ("Queued", "Pending"),
        ("Rendering", "Pending"),
        ("Completed", "Pending"),
        ("Completed", "Completed"),
    ]


@pytest.mark.usefixtures("workers")
def test_what_a_node_raises_on_the_farm_is_raised(graph, evaluator):
    """With what was complete brought back; jobs that wait for it are not waited for."""
    first = nodes.Pass(name="first", graph=graph, value=1)
    fails = failing_nodes.Raise(name="fails", graph=graph, kind="own")
    after = nodes.Pass(name="after", graph=graph)
    first.outputs["value"].connect(fails.inputs["value"])
    fails.outputs["value"].connect(after.inputs["value"])

    with pytest.raises(failing_nodes.LicenceError, match="no licence of solver"):
        graph.evaluate(mode=None, evaluator=evaluator)

    assert fails.inputs["value"].value == 1


@pytest.mark.usefixtures("workers")
def test_a_job_that_failed_without_a_word_is_explained(graph, evaluator):
    """The plugin says what became of the interpreter."""
    failing_nodes.Crash(name="node", graph=graph)

    with pytest.raises(EvaluationError, match=r"ended before it wrote a result \(exit code 7\)"):
        graph.evaluate(mode=None, evaluator=evaluator)


@pytest.mark.usefixtures("via")
def test_a_job_deleted_before_it_was_complete_has_failed(graph, deadline, stepwise):
    """Nobody will ever render it; whether asking for it is an error is unknown."""
    nodes.Pass(name="node", graph=graph, value=1)
    deleted = []

    def delete(_, job_ids):
        deleted.append(job_ids["node"])
        deadline.delete(job_ids["node"])

    evaluator, _ = stepwise(delete)

    with pytest.raises(EvaluationError, match="was deleted before it was complete") as caught:
        graph.evaluate(mode=None, evaluator=evaluator)

    assert deleted[0] in str(caught.value)


@pytest.mark.usefixtures("via")
def test_a_job_deleted_once_it_was_complete_is_complete(graph, deadline, stepwise):
    """A farm may delete what is done; its results are in the bundle."""
    _, collect = chunks_and_sub_plugs(graph)

    def end(worker, job_ids):
        worker.render("render", "1-2", "3-4")
        worker.render("collect")
        for job_id in job_ids.values():
            deadline.delete(job_id)

    evaluator, _ = stepwise(end)

    graph.evaluate(mode=None, evaluator=evaluator)

    assert collect.outputs["parts"].value == {"items": [1, 2, 3, 4]}


def test_a_job_completed_by_hand_has_no_results(graph, stepwise):
    """Somebody marked it complete in the Monitor: after a while of looking, that is said."""
    nodes.Pass(name="node", graph=graph, value=1)
    evaluator, _ = stepwise(lambda worker, _: worker.complete("node"), wait_seconds=0.1)

    with pytest.raises(MissingResultsError, match="node: its result is missing"):
        graph.evaluate(mode=None, evaluator=evaluator)


def interrupt(*_):
    """Ctrl+C."""
    raise KeyboardInterrupt


@pytest.mark.usefixtures("via")
def test_ctrl_c_suspends_what_could_go_on(graph, deadline, stepwise):
    """Nothing goes on unwatched, and nothing is lost; the message says where everything is."""
    _, collect = chunks_and_sub_plugs(graph)
    evaluator, _ = stepwise(lambda *_: deadline.repository.claim("worker-7"), interrupt)

    with pytest.raises(
        KeyboardInterrupt, match=r"(is|are) suspended, .*: resume or delete them in the Monitor; results so far"
    ):
        graph.evaluate(mode=None, evaluator=evaluator)

    render, collected = deadline.jobs()
    assert (render.shown_status, collected.shown_status) == ("Suspended", "Pending")
    assert not render.tasks["Rendering"]
    assert collect.outputs["parts"].value is None


def test_what_cannot_be_suspended_is_said(graph, deadline, stepwise):
    """Somebody has to see to it."""
    nodes.Pass(name="node", graph=graph, value=1)
    evaluator, _ = stepwise(interrupt)
    deadline.set_faults({"on": "suspend", "do": "refuse", "value": "not your job", "times": 0})

    with pytest.raises(
        KeyboardInterrupt, match=r"cannot be suspended \(.*not your job.*\): see to them in the Monitor"
    ):
        graph.evaluate(mode=None, evaluator=evaluator)


def test_waiting_that_goes_wrong_suspends_the_jobs_too(graph, deadline, stepwise, monkeypatch, caplog):
    """A Deadline that has been out of reach for too long; the message says what became of the jobs."""
    monkeypatch.setattr("flowpipe_deadline.status.jobs.DeadlineJobs.patience", -1.0)
    nodes.Pass(name="node", graph=graph, value=1)
    evaluator, _ = stepwise(lambda *_: deadline.set_faults({"on": "read", "do": "refuse", "value": "no line"}))

    with pytest.raises(SubmissionError, match=r"for long; its last words: .*no line"):
        graph.evaluate(mode=None, evaluator=evaluator)

    assert [job.shown_status for job in deadline.jobs()] == ["Suspended"]
    assert "is suspended: resume or delete it in the Monitor" in caplog.text
