"""Jobs that are resubmitted by Deadline's own means: they evaluate rightly, and what they make reaches downstream.

As the reference describes it (submission, section 5.3): a new ID, other frames or chunks, no batch name, and another
name, while plugin info, dependencies and extra info stay. Whether dependents follow is unknown (submission, section
4.6).
"""

from __future__ import annotations

import time

import history_nodes as nodes
import pytest
from direct_farm import DirectClient
from flowpipe import Graph
from offline_commands import output

from flowpipe_deadline import plan_graph, read_results, redo_bundle, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.submit.submit import submit_unchecked
from tests.fake_deadline.workers import running_workers

PATIENCE = 60.0
FRAMES = range(1, 9)


@pytest.fixture
def bundle(tmp_path, monkeypatch, deadline):
    """A chain frame by frame, and a node that takes all of it; the values say which evaluation they are of."""
    monkeypatch.setenv("PYTHONPATH", str(nodes.__file__.rpartition("/")[0]))
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    graph = Graph(name="shot")
    source = nodes.Source(name="source", graph=graph, frames=list(FRAMES), metadata={"batch_size": 4})
    over = {"batch": {"size": 4, "over": ["frames", "items"]}}
    follow = nodes.Follow(name="follow", graph=graph, frames=list(FRAMES), metadata=over)
    last = nodes.Last(name="last", graph=graph)
    source.outputs["items"].connect(follow.inputs["items"])
    follow.outputs["items"].connect(last.inputs["items"])
    return write_bundle(plan_graph(graph), root=tmp_path)


def wait(deadline):
    """Waits until all jobs are complete."""
    until = time.monotonic() + PATIENCE
    while [job for job in deadline.jobs() if job.shown_status != "Completed"] and time.monotonic() < until:
        time.sleep(0.02)
    assert {job.shown_status for job in deadline.jobs()} == {"Completed"}


def resubmit(deadline, job_id, *, frames, chunk):
    """The new job, as ``deadlinecommand`` makes it; the old one stays as it is."""
    printed = output(deadline, "-ResubmitJob", job_id, frames, chunk)
    return deadline.job(printed.partition("JobID=")[2].split()[0])


def stale(bundle):
    """The stale frames by node, ``all`` for a node without frames."""
    return {result.key: result.stale for result in read_results(bundle).values() if result.stale}


def requeue_stale(deadline, bundle, job_ids):
    """What a wrangler does in the Monitor, until nothing is stale."""
    while stale(bundle):
        key, frames = next(iter(stale(bundle).items()))
        wanted = set() if frames == "all" else set(FrameList.parse(frames))
        tasks = deadline.tasks(job_ids[key])
        chosen = [task for task in tasks if not wanted or wanted & set(FrameList.parse(task.frames))]
        deadline.change("requeue", job_ids[key], task_ids=[task.task_id for task in chosen])
        wait(deadline)


def numbers(bundle):
    """By node and frame, which evaluation the value is of; what is downstream was made from exactly these."""
    results = {result.key: result.outputs()["items"] for result in read_results(bundle).values()}
    source, follow, last = results["source"], results["follow"], results["last"]
    assert [item[0] for item in source] == list(FRAMES)
    assert [item[2] for item in follow] == source
    assert list(last[1]) == follow
    return {"source": [item[1] for item in source], "follow": [item[1] for item in follow], "last": last[0]}


def changed(before, after):
    """The frames whose values are of another evaluation than before."""
    return [frame for frame, was, now in zip(FRAMES, before, after) if was != now]


def redo_stale(deadline, bundle, job_ids):
    """The same with one command."""
    redo_bundle(bundle, lambda: DirectClient(deadline), which="stale")
    wait(deadline)
    assert stale(bundle) == {}


@pytest.mark.parametrize(
    ("answers", "mend", "told"),
    [
        (("as BatchResubmit", "stay", "stays"), requeue_stale, [{"follow": "3-5"}, {"last": "all"}]),
        (("whole", "follow", "pends"), redo_stale, [{"follow": "3-5"}, {"last": "all"}]),
        # Deadline itself makes again what waited for the job.
        (("as BatchResubmit", "follow and pend", "pends"), requeue_stale, [{"last": "all"}, {}]),
    ],
    ids=["dependents stay", "dependents follow", "dependents follow and run again"],
)
def test_what_a_resubmitted_job_makes_reaches_downstream(deadline, bundle, answers, mend, told):
    """With other frames, in other chunks; what was made from its frames is stale, and nothing else."""
    kept, dependents, _ = answers
    unknowns = ("resubmitted", "resubmitted_dependents", "requeued_upstream")
    deadline.change_settings(unknowns=dict(zip(unknowns, answers)))
    with running_workers(deadline, scan_seconds=0.05):
        job_ids = submit_unchecked(bundle)
        wait(deadline)
        first = numbers(bundle)

        new = resubmit(deadline, job_ids["source"], frames="3-5", chunk="2")
        wait(deadline)
        assert stale(bundle) == told[0]
        mend(deadline, bundle, job_ids)
        second = numbers(bundle)

        middle = resubmit(deadline, job_ids["follow"], frames="4", chunk="1")
        wait(deadline)
        assert stale(bundle) == told[1]
        if told[1]:  # The last has no frames, and so the frame 0.
            resubmit(deadline, job_ids["last"], frames="0", chunk="1")
            wait(deadline)
        third = numbers(bundle)

    old = deadline.job(job_ids["source"])
    names = (f"{old.name} [resubmitted]", "") if kept != "whole" else (old.name, bundle.name)
    assert (new.name, new.batch_name) == names
    assert (new.plugin_info, new.series("ExtraInfoKeyValue")) == (old.plugin_info, old.series("ExtraInfoKeyValue"))
    assert [task.frames for task in deadline.tasks(new.job_id)] == ["3-4", "5"]
    assert changed(first["source"], second["source"]) == [3, 4, 5]
    assert middle.dependencies == ((job_ids if dependents == "stay" else {"source": new.job_id})["source"],)
    assert changed(second["source"], third["source"]) == []
    assert changed(second["follow"], third["follow"]) == [4]
    assert len({first["last"], second["last"], third["last"]}) == 3
