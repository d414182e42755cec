"""Why jobs wait, failed or lack results: a table of all states that a submission can be in, each with its answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from dataclasses import replace

import farm_nodes as nodes
import pytest
from direct_farm import DirectClient
from flowpipe import Graph
from harness import evaluate_task
from submissions import TerseClient, Worker, leave_half, write_three

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.bundle import read_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.deadline.client import JobDetails
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.results.failures import write_failure
from flowpipe_deadline.status.cancel import suspend_submission
from flowpipe_deadline.status.why import KINDS, Reason, why, why_lines
from flowpipe_deadline.submit.record import SubmissionWriter
from flowpipe_deadline.submit.transaction import Options, submit_to
from tests.fake_deadline.reports import write_attempt

HEADING = "=== 2026-11-30 07:00:00, node-1, frames {frames}, attempt 1 ==="
IDLE = {"name": "node-1"}


class State:
    """A submission of ``render``, ``collect``, which waits for it, and ``beside``; brought into a state by a test."""

    def __init__(self, deadline, bundle, job_ids):
        self.deadline = deadline
        self.bundle = bundle
        self.job_ids = job_ids
        self.worker = Worker(deadline, bundle, job_ids)

    def fail(self, key, *frames, message="no license"):
        """The tasks have failed for good, as the evaluator or the plugin keeps it in the bundle."""
        for text in frames or [None]:
            record_failure(self.bundle, key, text, message)
        self.worker.fail(key, *frames)

    def report_failure(self, key, message):
        """Deadline has a report of an attempt that failed."""
        lines = ["INFO: Plugin rendering frame(s): 0", f"ERROR: {message}"]
        write_attempt(self.deadline, self.job_ids[key], 0, heading=HEADING.format(frames="0"), lines=lines)

    def finish(self, key, *frames):
        """The tasks are complete, with results."""
        self.worker.render(key, *(frames or {"render": ("1-4", "5-8", "9-10")}.get(key, ())))

    def set(self, key, **entries):
        """Somebody edits the job in the Monitor."""
        self.deadline.set_job_info(self.job_ids[key], entries)

    def farm(self, *workers, **settings):
        """Deadline has these workers."""
        self.deadline.change_settings(workers=list(workers), **settings)


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path)


@pytest.fixture
def state(deadline, bundle, job_ids):
    """Submitted, and a worker that is idle."""
    deadline.change_settings(workers=[IDLE])
    return State(deadline, bundle, job_ids)


def record_failure(bundle, key, frames, message):
    """An attempt has failed."""
    parsed = None if frames is None else FrameList.parse(frames)
    write_failure(bundle.folder, key, parsed, error=RuntimeError(message), report=message)


def kinds(reasons):
    """The kind of each reason by key."""
    return {reason.key: reason.kind for reason in reasons}


def submitted(_):
    """Submitted this moment."""


def no_workers(state):
    """Nobody has set one up."""
    state.farm()


def workers_off(state):
    """One is off, another disabled."""
    state.farm({"name": "node-1", "state": "Offline"}, {"name": "node-2", "enabled": False})


def wrong_pool(state):
    """The only worker is in another pool."""
    state.farm({"name": "node-1", "pools": ["fx"]})
    state.set("render", Pool="comp")


def wrong_group(state):
    """The only worker is in another group."""
    state.farm({"name": "node-1", "groups": ["windows"]})
    state.set("render", Group="linux")


def limit_full(state):
    """All licenses are in use."""
    state.farm(IDLE, limit_usage={"nuke": [2, 2]})
    state.set("render", LimitGroups="nuke")


def all_busy(state):
    """Others are rendered."""
    state.farm({"name": "node-1", "state": "Rendering"}, {"name": "node-2", "state": "Starting Job"})


def rendering(state):
    """A worker is at it, and one task is done."""
    state.finish("render", "1-4")
    state.deadline.repository.claim("node-1")


def failing(state):
    """The first attempt failed, and there are two more."""
    task = state.deadline.repository.claim("node-1")
    state.deadline.repository.fail(task, "no license")
    record_failure(state.bundle, "render", task.frames, "no license")


def failed(state):
    """With an error of the node's own."""
    state.finish("render", "1-4")
    state.fail("render", "5-8", "9-10")


def partly_failed(state):
    """One task has failed for good, one is done, and one is left."""
    state.finish("render", "1-4")
    state.fail("render", "5-8")


def failed_without_record(state):
    """Only Deadline's report says why."""
    state.report_failure("beside", "no license")
    state.worker.fail("beside")


def failed_without_a_word(state):
    """Somebody has failed it in the Monitor."""
    state.worker.fail("beside")


def unconfigured(state):
    """The plugin's own words."""
    state.fail("beside", message="The interpreter 'maya' is not configured. In the Monitor, open ...")


def suspended(state):
    """By somebody in the Monitor."""
    state.deadline.change("suspend", state.job_ids["render"])


def suspended_by_us(state):
    """By our own command."""
    suspend_submission(state.bundle, lambda: DirectClient(state.deadline))


def released_late(state):
    """All that it waits for is complete, and there was no scan yet."""
    for frames in ("1-4", "5-8", "9-10"):
        state.worker.write_results("render", frames)
    state.deadline.change("complete", state.job_ids["render"])


def result_missing(state):
    """Somebody has completed it in the Monitor."""
    state.finish("render", "1-4")
    state.worker.complete("render", "5-8", "9-10")


def stale(state):
    """The finished upstream task was requeued by hand, and rendered again."""
    state.finish("render")
    state.finish("collect")
    state.worker.requeue("render", "5-8")
    state.finish("render", "5-8")


def deleted(state):
    """Before it was done."""
    state.deadline.delete(state.job_ids["render"])


def deleted_when_complete(state):
    """As the farm may do, once it is done."""
    state.finish("beside")
    state.deadline.delete(state.job_ids["beside"])


def foreign(state):
    """The job on record is another submission's."""
    state.set("render", BatchName="Other-20260102-030405-0a1b2c3d")


def cut(state):
    """Somebody has shortened the range, and what was left is complete."""
    state.deadline.set_frames(state.job_ids["render"], "1-4", 4)
    state.finish("render", "1-4")


def finished(state):
    """All is well."""
    for key in ("render", "beside", "collect"):
        state.finish(key)


NO_WORKER = {"render": "no worker", "beside": "no worker", "collect": "upstream"}
QUEUED = {"render": "queued", "beside": "queued", "collect": "upstream"}
WAITING = {"beside": "queued", "collect": "upstream"}
TABLE = [
    (submitted, QUEUED, "render, beside: queued: no worker has taken it yet"),
    (no_workers, NO_WORKER, "render, beside: queued: Deadline has no workers"),
    (
        workers_off,
        NO_WORKER,
        "render, beside: queued: all workers are off: node-1 \\(offline\\), node-2 \\(disabled\\)",
    ),
    (wrong_pool, {**QUEUED, "render": "no worker"}, "render: queued: of 1 worker, none is in the pool comp"),
    (wrong_group, {**QUEUED, "render": "no worker"}, "render: queued: of 1 worker, none is in the group linux"),
    (limit_full, {**QUEUED, "render": "limit"}, "render: queued: the limit nuke is full, 2 of 2 in use"),
    (
        all_busy,
        {**QUEUED, "render": "busy", "beside": "busy"},
        "render, beside: queued: 2 workers may render it, and all are at work",
    ),
    (rendering, {**QUEUED, "render": "rendering"}, "render: renders(: 1 of 3 tasks done)?"),
    (failing, {**QUEUED, "render": "failing"}, "render: queued again after (1|an) error, frames 1-4: no license"),
    (
        partly_failed,
        {"render": "failed", **WAITING},
        "render: 1 of 3 tasks failed, frames 5-8: no license; 1 completed, 1 queued",
    ),
    (failed, {"render": "failed", **WAITING}, "render: failed, frames 5-10: no license"),
    (failed_without_record, {**QUEUED, "beside": "failed"}, "beside: failed: no license"),
    (
        failed_without_a_word,
        {**QUEUED, "beside": "failed"},
        "beside: failed; neither the bundle nor Deadline tells why",
    ),
    (
        unconfigured,
        {**QUEUED, "beside": "unconfigured"},
        "beside: failed: The interpreter 'maya' is not configured. In the Monitor, open ...",
    ),
    (suspended, {"render": "suspended", **WAITING}, "render: suspended, in the Monitor or by a program"),
    (
        suspended_by_us,
        {"render": "suspended", "beside": "suspended", "collect": "upstream"},
        "render, beside: suspended, last by .* on .*, by 'cancel --suspend' on \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d",
    ),
    (
        released_late,
        {"beside": "queued", "collect": "scan"},
        "collect: pending, though all that it waits for is complete: the pending job scan has not released it yet",
    ),
    (
        result_missing,
        {"render": "missing", "beside": "queued", "collect": "queued"},
        "render: complete in Deadline, and the results of frames 5-10 are missing",
    ),
    (
        stale,
        {"beside": "queued", "collect": "stale"},
        "collect: complete, but its result was made from results or inputs that have been replaced since",
    ),
    (
        deleted,
        {"render": "deleted", **WAITING},
        "render: Deadline does not list job [0-9a-f]{24} any more, and all its results are missing",
    ),
    (deleted_when_complete, {"render": "queued", "collect": "upstream"}, "render: queued: no worker has taken it yet"),
    (
        foreign,
        {"render": "foreign", **WAITING},
        "render: job [0-9a-f]{24} is of the batch 'Other-20260102-030405-0a1b2c3d', not of Test-.*",
    ),
    (
        cut,
        {"render": "cut", "beside": "queued", "collect": "queued"},
        "render: frames 5-10 have no task: Deadline has 1-4, and 1-10 by 4 were planned",
    ),
    (finished, {}, None),
]


@pytest.mark.parametrize(("bring", "expected", "line"), TABLE, ids=lambda value: getattr(value, "__name__", ""))
def test_each_state_has_its_reason(state, client, bring, expected, line):
    """Its kind for each job, and one sentence for its cause; also where Deadline tells of a job its state alone."""
    if (
        bring in (wrong_pool, wrong_group, limit_full, foreign, rendering, partly_failed)
        and type(client) is TerseClient
    ):
        pytest.skip("only a Deadline that tells it can be asked for it")
    bring(state)

    reasons = why(state.bundle, client)

    assert kinds(reasons) == expected
    lines = why_lines(reasons, node_labels_of(state.bundle))
    assert line is None or any(re.fullmatch(line, each) for each in lines), lines


def node_labels_of(bundle):
    """The keys: all names are of one graph."""
    return {job.key: job.key for job in bundle.jobs}


# What was planned, and is told by the bundle alone.
PLANNED = [
    (
        {"ScheduledType": "Once", "ScheduledStartDateTime": "24/12/2026 18:00"},
        "scheduled",
        "scheduled once, from 24.*",
    ),
    ({"JobDelay": "00:01:00:00"}, "scheduled", "scheduled for 00:01:00:00 .* after its submission"),
    ({}, "scan", "pending, though it waits for nothing: .*"),
    ({"Whitelist": "node-7"}, "no worker", "queued: of 1 worker, the job's machine list lets none render it"),
    ({"Denylist": "Node-1"}, "no worker", "queued: of 1 worker, the job's machine list lets none render it"),
]


@pytest.mark.parametrize(("entries", "kind", "text"), PLANNED, ids=lambda value: str(value)[:20])
def test_what_was_planned_is_a_reason_too(state, entries, kind, text, monkeypatch):
    """Deadline is not asked for it."""
    client = DirectClient(state.deadline)
    path = state.bundle.job_files(state.bundle.jobs[2])[0]
    path.write_text(path.read_text() + "".join(f"{key}={value}\n" for key, value in entries.items()))
    tell = client.read_jobs
    if kind != "no worker":  # The fake Deadline has no schedule.
        monkeypatch.setattr(
            client, "read_jobs", lambda ids: {i: replace(job, status="Pending") for i, job in tell(ids).items()}
        )

    (reason,) = why(state.bundle, client, node="beside")

    assert reason.kind == kind
    assert re.fullmatch(text, reason.text)


def test_a_machine_limit_keeps_further_tasks(state):
    """As many tasks are rendered as machines may."""
    path = state.bundle.job_files(state.bundle.jobs[0])[0]
    path.write_text(path.read_text() + "MachineLimit=1\n")
    rendering(state)

    (reason,) = why(state.bundle, DirectClient(state.deadline), node="render")

    assert (reason.kind, reason.text) == (
        "machine limit",
        "renders on 1 machine, as many as its machine limit allows: 1 of 3 tasks done",
    )


def test_what_a_job_waits_for_leads_to_the_cause(state, client):
    """Down the chain, with what to do in commands to copy."""
    failed(state)
    advice = (
        f"  see:  flowpipe-deadline logs {state.bundle.folder} render    and once it is mended:"
        f"  flowpipe-deadline redo {state.bundle.folder} render --failed"
    )

    (reason,) = why(state.bundle, client, node="Test.collect")

    assert (reason.kind, reason.text) == ("upstream", "waits for 1 job")
    assert kinds(reason.because) == {"render": "failed"}
    assert why_lines([reason], node_labels_of(state.bundle)) == [
        "collect: waits for render",
        "render: failed, frames 5-10: no license",
        advice,
    ]


@pytest.mark.parametrize(("status", "kind"), [("Suspended", "foreign"), (None, "deleted"), ("Completed", None)])
def test_a_job_of_another_submission_may_be_what_is_waited_for(state, status, kind, tmp_path):
    """Somebody has added it to the dependencies, in the Monitor."""
    other = submit_to(DirectClient(state.deadline), write_three(Graph(name="Other"), tmp_path / "other"))["beside"]
    state.set("collect", JobDependencies=other)
    if status == "Suspended":
        state.deadline.change("suspend", other)
    elif status is None:
        state.deadline.delete(other)
    else:
        state.deadline.change("complete", other)

    (reason,) = why(state.bundle, DirectClient(state.deadline), node="collect")

    assert kinds(reason.because) == ({} if kind is None else {other: kind})
    assert reason.kind == ("scan" if kind is None else "upstream")
    assert why_lines([reason], {})[0].startswith("collect: " + ("pending" if kind is None else f"waits for {other}"))


def test_where_deadline_is_out_of_reach_the_bundle_tells_what_it_can(state):
    """Failures and results are in it."""
    failed(state)
    client = DirectClient(state.deadline)
    state.deadline.set_faults({"on": "read", "do": "refuse", "value": "no line", "times": 0})

    reasons = why(state.bundle, client)

    assert kinds(reasons) == {"": "out of reach", "render": "failed", "collect": "upstream", "beside": "unknown"}
    assert why_lines(reasons, node_labels_of(state.bundle))[0] == "Deadline cannot be asked: no line"
    assert kinds(why(state.bundle, None, unreachable="no deadlinecommand"))[""] == "out of reach"


def test_a_bundle_that_is_not_submitted_is_told_by_its_results(bundle):
    """Nothing was done, or it was run here and failed."""
    assert kinds(why(bundle, None)) == {"render": "not submitted", "beside": "not submitted", "collect": "upstream"}

    record_failure(bundle, "render", "5-8", "no license")

    (reason,) = why(bundle, None, node="collect")
    assert kinds(reason.because) == {"render": "failed"}
    assert reason.because[0].text == "failed, frames 5-8: no license"


def test_half_a_submission_is_its_own_reason(state, client):
    """As long as it is not mended, nothing else matters."""
    leave_half(state.bundle, {key: state.job_ids[key] for key in ("render", "beside")})
    (reason,) = why(state.bundle, client)
    assert reason.kind == "half submitted"
    assert reason.text.startswith("a submission of Test-")

    SubmissionWriter(state.bundle.folder).leave([state.job_ids["beside"]])
    assert kinds(why(state.bundle, client)) == {"": "half undone"}


def test_a_submission_that_is_being_made_is_its_own_reason(bundle, client):
    """Its jobs are not all there yet."""
    seen = []
    client.after_call = lambda number: seen.append(why(bundle, client)) if number == 2 else None

    submit_to(client, bundle)

    assert kinds(seen[0]) == {"": "submitting"}


def test_a_submission_that_was_to_be_suspended_says_by_whom(bundle, client):
    """It is on record."""
    submit_to(client, bundle, options=Options(keep_suspended=True))

    (reason,) = why(bundle, client, node="beside")

    assert re.fullmatch(r"suspended, last by .* on .*, by 'submit --suspended' on [-\d]+ [:\d]+", reason.text)


def test_a_redo_that_ended_half_way_is_told(state, client):
    """Beside the jobs, which it may hold back."""
    redo = {"format": 1, "state": "left", "before": {}, "jobs": {}, "kept": []}
    (state.bundle.folder / "redo.json").write_text(json.dumps(redo))

    reasons = why(state.bundle, client)

    assert kinds(reasons) == {"": "redo", **QUEUED}
    assert reasons[0].text == "a redo failed, and not all of it was undone"


def test_a_copy_names_the_bundle_that_is_meant(state, client, tmp_path):
    """And one that was moved is told, with the rest."""
    copy = tmp_path / "copy"
    shutil.copytree(state.bundle.folder, copy)
    assert kinds(why(read_bundle(copy), client)) == {"": "elsewhere"}

    moved = shutil.move(state.bundle.folder, tmp_path / "moved")
    reasons = why(read_bundle(moved), client)
    assert kinds(reasons) == {"": "elsewhere", **QUEUED}
    assert f"the jobs use {state.bundle.folder}" in reasons[0].text
    assert kinds(why(read_bundle(moved), client, map_path=lambda _: str(moved))) == QUEUED


def test_a_job_without_a_state_is_unknown(state, client, monkeypatch):
    """Deadline lists it and says nothing."""
    monkeypatch.setattr(client, "read_jobs", lambda _: {})
    monkeypatch.setattr(client, "list_jobs", set)

    assert set(kinds(why(state.bundle, client)).values()) == {"unknown"}


def test_an_omitted_node_and_a_complete_one_say_so(graph, tmp_path, client):
    """Where they are asked for by name; a node that there is not is an error."""
    nodes.Pass(name="node", graph=graph, value=1)
    nodes.Pass(name="left_out", graph=graph).omit = True
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    Worker(client.deadline, bundle, submit_to(client, bundle)).render("node")

    assert why(bundle, client, node="left_out") == (Reason("left_out", "omitted", "omitted: it has no job"),)
    assert why(bundle, client, node="node") == (Reason("node", "complete", "complete: its result is there"),)
    assert why(bundle, client) == ()
    with pytest.raises(UsageError, match="has no node 'nope'"):
        why(bundle, client, node="nope")


def test_every_kind_has_its_place_in_these_tables():
    """The set is closed: each is a state above, and has a sentence."""
    in_tables = {kind for _, expected, _ in TABLE for kind in expected.values()} | {kind for _, kind, _ in PLANNED}
    in_tests = {"out of reach", "elsewhere", "not submitted", "submitting", "half submitted", "half undone", "redo"}
    in_tests |= {"machine limit", "unknown", "omitted", "complete"}

    assert in_tables | in_tests == set(KINDS)
    assert in_tables.isdisjoint(in_tests)
    assert all(kind.sentence.endswith(".") for kind in KINDS.values())


def stretched(bundle, count):
    """A bundle of a node and one that waits for it, made into a chain: planning so many takes too long."""
    folder, manifest = bundle.folder, json.loads((bundle.folder / "manifest.json").read_text())
    second = manifest["jobs"][1]
    record = json.loads((folder / "nodes" / "node1.json").read_text())
    for number in range(2, count):
        key, before = f"node{number}", f"node{number - 1}"
        manifest["jobs"].append({**second, "key": key, "node": key, "depends_on": [before], "file": key})
        record["inputs"]["value"]["source"]["node"] = before
        (folder / "nodes" / f"{key}.json").write_text(json.dumps({**record, "name": key}))
        os.link(folder / "jobs" / f"{second['file']}.job", folder / "jobs" / f"{key}.job")
        for result in (folder / "results" / "node1").glob("*.json"):
            (folder / "results" / key).mkdir()
            os.link(result, folder / "results" / key / result.name)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    ids = {job["key"]: f"{number:024x}" for number, job in enumerate(manifest["jobs"])}
    (folder / "submission.json").write_text(json.dumps({"format": 1, "state": "submitted", "jobs": ids}))
    return read_bundle(folder), ids


def submitted_bundle(graph, root, deadline):
    """The bundle of a graph on the farm, and what can be done to it."""
    bundle = write_bundle(plan_graph(graph), root=root)
    deadline.change_settings(workers=[IDLE])
    return State(deadline, bundle, submit_to(DirectClient(deadline), bundle))


def test_a_fan_in_of_forty_is_a_few_lines(graph, tmp_path, deadline):
    """Forty with the same error are one cause."""
    merge = nodes.Collect(name="merge", graph=graph)
    for number in range(40):
        part = nodes.Pass(name=f"part{number}", graph=graph)
        part.outputs["value"].connect(merge.inputs["images"][str(number)])
    state = submitted_bundle(graph, tmp_path, deadline)
    for number in range(40):
        state.fail(f"part{number}", message="no license")

    reasons = why(state.bundle, DirectClient(deadline))

    lines = why_lines(reasons, node_labels_of(state.bundle))
    assert len(reasons) == 41
    assert [line for line in lines if not line.startswith("  see:")] == [
        "part0, part1, part2, part3, part4 and 35 more: failed: no license",
        "  1 job waits for it: merge",
    ]


def test_a_diamond_and_a_frame_by_frame_chain_name_each_cause_once(graph, tmp_path, deadline):
    """Whatever the ways to it are."""
    frames = list(range(1, 5))
    first = nodes.Render(name="first", graph=graph, frames=frames, metadata={"batch_size": 1})
    sides = [nodes.Collect(name=name, graph=graph) for name in ("left", "right")]
    last = nodes.Collect(name="last", graph=graph)
    for side in sides:
        first.outputs["items"].connect(side.inputs["images"]["items"])
        side.outputs["parts"].connect(last.inputs["images"][side.name])
    state = submitted_bundle(graph, tmp_path, deadline)
    state.finish("first", "1", "2")
    state.fail("first", "3", "4", message="no license")

    lines = why_lines(why(state.bundle, DirectClient(deadline)), node_labels_of(state.bundle))
    of_last = why_lines(why(state.bundle, DirectClient(deadline), node="last"), node_labels_of(state.bundle))

    assert lines[0] == of_last[1] == "first: failed, frames 3-4: no license"
    assert lines[2:] == ["  3 jobs wait for it: left, right, last"]
    assert of_last[0] == "last: waits for first, through left"
    assert len(of_last) == 3


def test_items_are_told_by_the_frames_that_they_are(graph, tmp_path, deadline):
    """Or by their numbers, if they are no frames."""
    batch = {"batch_size": 4}
    nodes.Render(name="render", graph=graph, frames=list(range(1001, 1192, 10)), metadata=batch)
    nodes.Render(name="names", graph=graph, frames=["a", "b", "c", "d", "e"], metadata=batch)
    state = submitted_bundle(graph, tmp_path, deadline)
    state.fail("render", "4-7", message="no license")
    state.fail("names", "4", message="no license")

    reasons = why(state.bundle, DirectClient(deadline))

    assert [(reason.key, reason.text) for reason in reasons] == [
        ("render", "1 of 5 tasks failed, frames 1041-1071x10: no license; 4 queued"),
        ("names", "1 of 2 tasks failed, items 4: no license; 1 queued"),
    ]


class Told(DirectClient):
    """Tells the state of jobs as it was given, and counts the questions."""

    def __init__(self, details):
        super().__init__(None)
        self.details = details

    def read_jobs(self, job_ids):
        """These of them."""
        self.calls += 1
        return {job_id: self.details[job_id] for job_id in job_ids}


@pytest.mark.parametrize("state", ["Failed", "Completed"])
def test_a_thousand_jobs_take_less_than_a_second(graph, tmp_path, state):
    """And a few lines; Deadline is asked once. Also where all results have to be looked at."""
    first, second = (nodes.Pass(name=name, graph=graph, value=1) for name in ("node0", "node1"))
    first.outputs["value"].connect(second.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    if state == "Failed":
        record_failure(bundle, "node0", None, "no license")
    else:
        for key in ("node0", "node1"):
            evaluate_task(bundle.folder, node=key, frames=None)
    bundle, ids = stretched(bundle, 1000)
    waiting = "Pending" if state == "Failed" else "Completed"
    client = Told({job_id: JobDetails(job_id, waiting) for job_id in ids.values()})
    client.details[ids["node0"]] = JobDetails(ids["node0"], state)

    started = time.perf_counter()
    reasons = why(bundle, client)
    lines = why_lines(reasons, node_labels_of(bundle))
    seconds = time.perf_counter() - started

    assert client.calls == 1
    assert seconds < 1.5  # Half of that where nothing else runs.
    if state == "Completed":
        assert lines == []
        return
    assert [line for line in lines if not line.startswith("  see:")] == [
        "node0: failed: no license",
        "  999 jobs wait for it: node1, node2, node3, node4, node5 and 994 more",
    ]
    (last,) = why(bundle, client, node="node999")
    assert why_lines([last], {})[0].startswith("node999: waits for node0, through node998, node997,")
    assert repr(last).startswith("Reason(key='node999', kind='upstream'")
