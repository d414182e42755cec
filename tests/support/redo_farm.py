"""A submission on the fake Deadline, and a worker that only counts: which tasks ran, and what they were made from."""

from __future__ import annotations

import redo_nodes as nodes

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.redo.selection import Selection


def write_shot(graph, root):
    """``render`` and ``comp`` frame by frame in three tasks each, ``collect`` after both, ``beside`` alone."""
    frames = list(range(1, 11))

    def work(name, *, over=(), **inputs):
        metadata = {"batch": {"size": 4, "over": list(over), "merge": {"total": "sum"}}} if over else {}
        return nodes.Work(name=name, graph=graph, title=name, metadata=metadata, **inputs)

    render = work("render", over=["frames"], frames=frames)
    comp = work("comp", over=["frames", "items"], frames=frames, items=frames)
    collect = work("collect")
    work("beside")
    render.outputs["items"].connect(comp.inputs["items"])
    comp.outputs["items"].connect(collect.inputs["value"])
    return write_bundle(plan_graph(graph), root=root)


def chosen(bundle, **texts):
    """The selection of these tasks by node, given as frame lists; all tasks of a node for None."""
    jobs = {job.key: job for job in bundle.jobs}
    tasks = {
        key: jobs[key].chunks if wanted is None else tuple(map(FrameList.parse, wanted))
        for key, wanted in texts.items()
    }
    return Selection({key: tasks[key] for key in jobs if key in tasks})


class Farm:
    """All workers of a fake Deadline, in this process, and what they have done."""

    def __init__(self, deadline, bundle) -> None:
        self.deadline = deadline
        self._jobs = {job.key: job for job in bundle.jobs}
        self.log = []
        """Each task that has ended, as the node's key and its frames."""
        self.versions = {}
        """How often each frame of a node was made; None is the frame of a node without any."""
        self._made_from = {}
        self._rendering = []

    @property
    def is_busy(self):
        """Whether it has taken a task that has not ended."""
        return bool(self._rendering)

    def take(self):
        """Scans, and takes a task if one is queued: of the last job first, which shows whether that should wait."""
        self.deadline.scan()
        repository = self.deadline.repository
        queued = [job.job_id for job in repository.jobs() if job.tasks["Queued"]]
        task = repository.claim("worker", job_id=queued[-1]) if queued else None
        if task is not None:
            self._rendering.append((task, self._upstream(*self._named(task))))

    def end(self):
        """Ends the task that was taken first, unless it was taken away since."""
        task, made_from = self._rendering.pop(0)
        if self.deadline.repository.is_held(task):
            self.deadline.repository.complete(task)
            key, frames = self._named(task)
            self.log.append((key, task.frames if self._jobs[key].is_batched else None))
            for frame in frames:
                self.versions[key, frame] = self.versions.get((key, frame), 0) + 1
                self._made_from[key, frame] = (frames, made_from)

    def work(self, *_):
        """Takes a task at every call, and ends the one before."""
        while len(self._rendering) > 1:
            self.end()
        self.take()

    def run(self):
        """Works until nothing can start any more."""
        while True:
            self.take()
            if not self._rendering:
                return
            self.end()

    def stale(self, *, of=None):
        """What was made before something that it is made from; of some frames of nodes alone, if these are given."""
        return {
            place
            for place, (frames, made_from) in self._made_from.items()
            if of is None or place in of
            for source, version in self._upstream(place[0], frames).items()
            if (of is None or source in of) and made_from.get(source) != version
        }

    def _named(self, task):
        key = self.deadline.repository.job_files(task.job_id)[1]["Node"]
        return key, list(FrameList.parse(task.frames)) if self._jobs[key].is_batched else [None]

    def _upstream(self, key, frames):
        by_frame = self._jobs[key].is_frame_dependent
        return {
            place: version
            for place, version in self.versions.items()
            if place[0] in self._jobs[key].depends_on and (not by_frame or place[1] in frames)
        }


def states(deadline, job_ids):
    """The states of the tasks by node, in letters: Completed is C, and so on."""
    return {
        key: "".join(task.status.value[0] for task in deadline.repository.tasks_of(job_id))
        for key, job_id in job_ids.items()
    }
