"""``DeadlineEvaluator``, with a ``deadlinecommand`` in front of the offline farm."""

from __future__ import annotations

import json
import sys

import failing_nodes
import farm_nodes as nodes
import pytest
from flowpipe import Graph

from flowpipe_deadline import DeadlineEvaluator, deadline_jobs, plan_graph, write_bundle
from flowpipe_deadline.deadline_jobs import DeadlineJobs, parse_job_states, read_job_states
from flowpipe_deadline.errors import EvaluationError, MissingResultsError, SubmissionError
from flowpipe_deadline.submit import CommandResult

# It knows what DeadlineEvaluator uses and refuses everything else. Asked the first time, nothing has begun; the second
# time, the first job renders; the third time, the offline farm has run the bundle.
COMMAND = """#!PYTHON
import json, os, sys
from pathlib import Path

from flowpipe_deadline import run_bundle

FILE = Path(os.environ["COMMAND_STATE"])
state = json.loads(FILE.read_text())


def fail(text):
    print("Error: " + text)
    sys.exit(1)


def read_info(path):
    return dict(line.split("=", 1) for line in Path(path).read_text(encoding="utf-8").splitlines())


def submit(job_file, plugin_file):
    job, plugin = read_info(job_file), read_info(plugin_file)
    unknown = set(filter(None, job.get("JobDependencies", "").split(","))) - set(state["jobs"])
    if unknown:
        fail(f"no jobs {unknown}")
    job_id = f"{len(state['jobs']) + 0x69789945325386f947e7240b:024x}"
    state["jobs"][job_id] = {"key": plugin["Node"], "bundle": plugin["Bundle"], "status": "Queued"}
    print("Deadline Command 10.4 [v10.4.2.2 Release (313c3e8f5)]\\n\\nSubmitting to Repository: /repo\\n")
    print("Submission Contains No Auxiliary Files.\\n\\nResult=Success")
    print(f"JobID={job_id}\\n\\nThe job was submitted successfully.")


def render():
    state["looks"] += 1
    first = next(iter(state["jobs"].values()))
    if state["looks"] == 2:
        first["status"] = "Rendering"
    if state["looks"] == 3:
        statuses = run_bundle(first["bundle"], failure_limit=1).jobs if state["runs"] else {}
        for job_id, job in list(state["jobs"].items()):
            job["status"] = statuses[job["key"]].value if state["runs"] else "Completed"
            if job["key"] in state["deleted"]:
                del state["jobs"][job_id]


def tell(ids, use_ini):
    jobs = [(job_id, state["jobs"][job_id]["status"]) for job_id in ids if job_id in state["jobs"]]
    FILE.write_text(json.dumps(state))
    if not jobs or (use_ini and state["shape"] != "ini"):
        fail("The job could not be found")
    if use_ini:
        print("\\n".join(f"[{job_id}]\\nName=x\\nJobStatus={status}\\n" for job_id, status in jobs))
    else:
        print(f"Name=x\\nStatus={jobs[0][1]}\\n")


name, *rest = sys.argv[1:]
if os.path.isfile(name) and len(rest) == 1:
    submit(name, *rest)
elif name == "-GetJob" and rest[1:] == ["True"]:
    render()
    tell(rest[0].split(","), use_ini=True)
elif name == "-GetJob" and len(rest) == 1 and "," not in rest[0]:
    tell(rest, use_ini=False)
elif name == "-GetJobIds" and not rest:
    print("\\n".join(["0" * 24, *state["jobs"]]))
elif name == "-SuspendJob" and len(rest) == 1:
    state["suspended"] = rest[0].split(",")
else:
    fail(f"Not a valid command: {sys.argv[1:]}")
FILE.write_text(json.dumps(state))
"""


class Command:
    """The stand-in for ``deadlinecommand`` that is found on this machine, and what it keeps between its calls."""

    def __init__(self, folder):
        self.file = folder / "state.json"
        path = folder / "deadlinecommand"
        path.write_text(COMMAND.replace("PYTHON", sys.executable, 1))
        path.chmod(0o755)
        self.set(jobs={}, looks=0, shape="ini", runs=True, deleted=[])

    @property
    def state(self):
        """What it keeps."""
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def set(self, **values):
        """Changes what it keeps."""
        self.file.write_text(json.dumps({**self.state, **values}))


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A ``deadlinecommand`` of this test's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    made = Command(folder)
    monkeypatch.setenv("DEADLINE_PATH", str(folder))
    monkeypatch.setenv("COMMAND_STATE", str(made.file))
    return made


@pytest.fixture
def evaluator(tmp_path):
    """An evaluator that looks often."""
    return DeadlineEvaluator(root=tmp_path / "root", poll_seconds=0.01)


def chunks_and_sub_plugs(graph):
    """Two nodes, the first in chunks."""
    render = nodes.Render(name="render", graph=graph, frames=range(1, 5), metadata={"batch_size": 2})
    collect = nodes.Collect(name="collect", graph=graph)
    render.outputs["items"].connect(collect.inputs["images"]["items"])
    return render, collect


@pytest.mark.parametrize("shape", ["ini", "plain"])
def test_a_graph_is_submitted_watched_and_brought_back(graph, command, tmp_path, shape):
    """Whichever form Deadline tells its states in; every change is heard of."""
    command.set(shape=shape)
    render, collect = chunks_and_sub_plugs(graph)
    events, progress = [], []
    evaluator = DeadlineEvaluator(root=tmp_path / "root", poll_seconds=0.01, on_progress=progress.append)

    graph.evaluate(
        mode=None, evaluator=evaluator, on_node_event=lambda node, event, _: events.append((node.name, event))
    )

    assert render.outputs["items"].value == [1, 2, 3, 4]
    assert collect.outputs["parts"].value == {"items": [1, 2, 3, 4]}
    assert not render.is_dirty
    assert events == [(name, event) for name in ("render", "collect") for event in ("started", "finished")]
    assert progress == [
        {"render": "Queued", "collect": "Pending"},
        {"render": "Rendering", "collect": "Pending"},
        {"render": "Completed", "collect": "Pending"},
        {"render": "Completed", "collect": "Completed"},
    ]
    assert len(list((tmp_path / "root").glob("Test-*/submission.json"))) == 1


def test_what_a_node_raises_on_the_farm_is_raised(graph, command, evaluator):
    """With what was complete brought back; jobs that wait for it are not waited for."""
    first = nodes.Pass(name="first", graph=graph, value=1)
    fails = failing_nodes.Raise(name="fails", graph=graph, kind="own")
    after = nodes.Pass(name="after", graph=graph)
    first.outputs["value"].connect(fails.inputs["value"])
    fails.outputs["value"].connect(after.inputs["value"])

    with pytest.raises(failing_nodes.LicenceError, match="no licence of solver"):
        graph.evaluate(mode=None, evaluator=evaluator)

    assert fails.inputs["value"].value == 1


def test_a_job_that_failed_without_a_word_is_named(graph, command, evaluator):
    """Its reports in the Monitor say why."""
    failing_nodes.Crash(name="node", graph=graph)

    with pytest.raises(EvaluationError, match="job 69789945325386f947e7240b failed; see its reports in the Monitor"):
        graph.evaluate(mode=None, evaluator=evaluator)


def test_a_job_deleted_before_it_was_complete_has_failed(graph, command, evaluator):
    """Nobody will ever render it."""
    command.set(deleted=["node"], runs=False)
    nodes.Pass(name="node", graph=graph, value=1)

    with pytest.raises(EvaluationError, match="69789945325386f947e7240b was deleted before it was complete"):
        graph.evaluate(mode=None, evaluator=evaluator)


def test_a_job_deleted_once_it_was_complete_is_complete(graph, command, evaluator):
    """A farm may delete what is done; its results are in the bundle."""
    command.set(deleted=["render", "collect"])
    _, collect = chunks_and_sub_plugs(graph)

    graph.evaluate(mode=None, evaluator=evaluator)

    assert collect.outputs["parts"].value == {"items": [1, 2, 3, 4]}


def test_a_job_completed_by_hand_has_no_results(graph, command, evaluator, monkeypatch):
    """Somebody marked it complete in the Monitor: after a while of looking, that is said."""
    monkeypatch.setattr("flowpipe_deadline.evaluators._WAIT_FOR_RESULTS", 0.1)
    command.set(runs=False)
    nodes.Pass(name="node", graph=graph, value=1)

    with pytest.raises(MissingResultsError, match="node: its result is missing"):
        graph.evaluate(mode=None, evaluator=evaluator)


def test_ctrl_c_suspends_what_has_not_ended(graph, command, tmp_path):
    """Nothing goes on unwatched, and nothing is lost; the message says where everything is."""
    _, collect = chunks_and_sub_plugs(graph)

    def interrupt(statuses):
        if statuses["render"] == "Rendering":
            raise KeyboardInterrupt

    evaluator = DeadlineEvaluator(root=tmp_path / "root", poll_seconds=0.01, on_progress=interrupt)
    with pytest.raises(KeyboardInterrupt, match="are suspended: resume or delete them in the Monitor; results so far"):
        graph.evaluate(mode=None, evaluator=evaluator)

    assert command.state["suspended"] == list(command.state["jobs"])
    assert collect.outputs["parts"].value is None


@pytest.mark.parametrize(
    ("output", "states"),
    [
        ("[a1]\nName=x\nJobStatus=Queued\n\n[b2]\nJobStatus=Rendering (3)\n", {"a1": "Queued", "b2": "Rendering"}),
        ("[a1]\r\nStatus=completed\r\n[b2]\r\nStatus=Failed\r\n", {"a1": "Completed", "b2": "Failed"}),
        ("JobId=b2\nStatus=Pending\n\nJobId=a1\nStatus=Suspended\n", {"b2": "Pending", "a1": "Suspended"}),
        ("\ufeff[A1]\nStatus=Active\nJobStatus=Queued\n", {"a1": "Queued"}),
        ("[c3]\nJobStatus=Queued\n", {}),
        ("JobStatus=Queued\n", {}),
        ("Error: no such job\n", {}),
        ("[a1]\nName=JobStatus=Queued\nJobStatus=\n", {}),
        ("", {}),
    ],
    ids=["ini", "ini and Status", "ID lines", "both keys", "another's", "whose?", "error", "empty value", "nothing"],
)
def test_states_are_read_in_every_form(output, states):
    """Of several jobs, only what certainly belongs to one of them."""
    assert parse_job_states(output, job_ids=["a1", "b2"]) == states


@pytest.mark.parametrize(
    "output",
    ["Status=Rendering\n", "JobStatus = Rendering\n", "[Job]\nJobStatus=Rendering\n", "[a1]\nStatus=Rendering"],
)
def test_the_state_of_one_job_needs_no_header(output):
    """Only one was asked for."""
    assert parse_job_states(output, job_ids=["a1"]) == {"a1": "Rendering"}


def test_many_jobs_are_asked_for_in_few_calls():
    """A call costs seconds; a hundred IDs stay below the longest command line."""
    ids = [f"{number:024x}" for number in range(250)]
    calls = []

    def run(arguments):
        calls.append(arguments)
        states = "".join(f"[{job_id}]\nJobStatus=Queued\n" for job_id in arguments[1].split(","))
        return CommandResult(exit_code=0, output=states)

    states, _ = read_job_states(ids, run=run)

    assert states == dict.fromkeys(ids, "Queued")
    assert [(name, len(asked.split(",")), ini) for name, asked, ini in calls] == [
        ("-GetJob", 100, "True"),
        ("-GetJob", 100, "True"),
        ("-GetJob", 50, "True"),
    ]


def test_a_deadline_out_of_reach_is_waited_for(graph, tmp_path, monkeypatch):
    """For a while: then its last words are told."""
    nodes.Pass(name="node", graph=graph, value=1)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    is_reachable = False

    def run(arguments):
        if not is_reachable:
            raise SubmissionError("no connection")
        return CommandResult(exit_code=0, output="JobStatus=Queued")

    jobs = DeadlineJobs(bundle, {"node": "a1"}, run=run, has_results={}.get)

    assert not jobs.look()
    is_reachable = True
    assert jobs.look()
    assert jobs.statuses == {"node": "Queued"}
    is_reachable = False
    monkeypatch.setattr(deadline_jobs, "_PATIENCE", -1.0)
    with pytest.raises(SubmissionError, match="no state of a1 for a long time; its last words: no connection"):
        jobs.look()


def test_only_jobs_that_can_have_changed_are_asked_for(tmp_path):
    """Not those that have ended, and not those that wait for others."""
    graph = Graph(name="graph")
    chunks_and_sub_plugs(graph)
    nodes.Pass(name="beside", graph=graph, value=1)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    jobs = DeadlineJobs(bundle, {"render": "a1", "beside": "b2", "collect": "c3"}, run=None, has_results=None)

    assert sorted(jobs.due()) == ["beside", "render"]
    jobs.statuses["beside"] = "Failed"
    assert jobs.due() == ["render"]
    jobs.statuses["render"] = "Completed"
    assert jobs.due() == ["collect"]
