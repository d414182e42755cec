"""Submissions for tests: a bundle on the fake Deadline, and what becomes of its jobs, done step by step."""

from __future__ import annotations

import json

import farm_nodes as nodes
from direct_farm import DirectClient
from flowpipe import Graph
from harness import evaluate_task

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.deadline.client import JobDetails
from flowpipe_deadline.submit.record import SubmissionWriter


class TerseClient(DirectClient):
    """Tells of a job its state and no more, as GetJob may."""

    def read_jobs(self, job_ids):
        """The jobs that there are."""
        return {job_id: JobDetails(job_id, facts.status) for job_id, facts in super().read_jobs(job_ids).items()}


def write_three(graph, root):
    """``render`` with the tasks 1-4, 5-8 and 9-10, ``collect``, which waits for it, and ``beside``, which does not."""
    render = nodes.Render(name="render", graph=graph, frames=list(range(1, 11)), metadata={"batch_size": 4})
    collect = nodes.Collect(name="collect", graph=graph)
    nodes.Pass(name="beside", graph=graph, value=7)
    render.outputs["items"].connect(collect.inputs["images"]["items"])
    return write_bundle(plan_graph(graph), root=root)


def write_one(root, graph="Shot", *, name=None, user=None, store=None):
    """The folder of a bundle of one job, ``node``, of that graph; by another user, and renamed if need be."""
    made = Graph(name=graph)
    nodes.Pass(name="node", graph=made, value=7)
    folder = write_bundle(plan_graph(made), root=root, store=store).folder
    if user is not None:
        manifest = folder / "manifest.json"
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "user": user}))
    return folder if name is None else folder.rename(folder.with_name(name))


def leave_half(bundle, job_ids):
    """Makes the bundle's record that of a submission whose process is gone, after these jobs."""
    writer = SubmissionWriter(bundle.folder)
    writer.drop()
    writer.claim()
    for key, job_id in job_ids.items():
        writer.add(key, job_id)
    path = bundle.folder / "submission.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "process": 0}))


class Worker:
    """Renders tasks of a submission in this process, one by one as it is told."""

    def __init__(self, deadline, bundle, job_ids):
        self._deadline = deadline
        self._bundle = bundle
        self._job_ids = job_ids

    def render(self, key, *frames):
        """Does these tasks of a job, or the only one; what waited for that is released."""
        self.write_results(key, *frames)
        self.complete(key, *frames)

    def write_results(self, key, *frames):
        """Evaluates the tasks, and does not tell Deadline."""
        for text in frames or [None]:
            evaluate_task(self._bundle.folder, node=key, frames=None if text is None else FrameList.parse(text))

    def complete(self, key, *frames):
        """Marks the tasks complete, as somebody in the Monitor can without any results."""
        self._change("complete", key, *frames)

    def fail(self, key, *frames):
        """Marks the tasks failed."""
        self._change("fail", key, *frames)

    def requeue(self, key, *frames):
        """Has the tasks done once more."""
        self._change("requeue", key, *frames)

    def _change(self, name, key, *frames):
        job_id = self._job_ids[key]
        chosen = [task.task_id for task in self._deadline.tasks(job_id) if not frames or task.frames in frames]
        self._deadline.change(name, job_id, task_ids=chosen)
        self._deadline.scan()
