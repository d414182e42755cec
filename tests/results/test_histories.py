"""Random histories of a farm against a model that knows the order: requeues, other ranges, two workers at once.

The values say what they were made from, so that a wrong one that looks right is seen. Clocks of workers differ by up to
ten minutes. More histories: ``FLOWPIPE_HISTORIES=10000 pytest tests/results/test_histories.py``.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from functools import partial

import history_nodes as nodes
from flowpipe import Graph
from harness import evaluate_task

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.results.codec import decode

COUNT = int(os.environ.get("FLOWPIPE_HISTORIES", "15"))
PLANNED = range(2, 8)
ADDED = range(1, 10)
SKEW = 600.0
PARENTS = {"follow": ("source", True), "whole": ("follow", False), "last": ("follow", False)}
"""By node: what it is made from, and whether frame by frame."""


def make_bundle(root, *, size):
    """A chain frame by frame, and two nodes that take all of it."""
    graph = Graph(name="h")
    frames = list(PLANNED)
    over = {"batch": {"size": size, "over": ["frames", "items"]}}
    source = nodes.Source(name="source", graph=graph, frames=frames, metadata={"batch_size": size})
    follow = nodes.Follow(name="follow", graph=graph, frames=frames, metadata=over)
    whole = nodes.Whole(name="whole", graph=graph, frames=frames, metadata={"batch_size": size})
    last = nodes.Last(name="last", graph=graph)
    source.outputs["items"].connect(follow.inputs["items"])
    follow.outputs["items"].connect(whole.inputs["items"])
    follow.outputs["items"].connect(last.inputs["items"])
    return write_bundle(plan_graph(graph), root=root)


class Evaluation:
    """One task as it really happened."""

    def __init__(self, node, frames, started):
        self.node = node
        self.frames = frames
        self.started = started
        self.ended = None
        self.number = None
        self.items = {}


class Farm:
    """Evaluates tasks in any order and at once, and knows the order."""

    def __init__(self, bundle, chance, monkeypatch):
        self.bundle = bundle
        self.chance = chance
        self.monkeypatch = monkeypatch
        self.evaluations = []
        self.now = 0

    def evaluate(self, node, frames, *, meanwhile=()):
        """One task, by a worker with a clock of its own; ``meanwhile`` happens before it writes its result."""
        self.now += 1
        evaluation = Evaluation(node, frames, self.now)
        nodes.MEANWHILE[:] = meanwhile
        skew = self.chance.uniform(-SKEW, SKEW)
        with self.monkeypatch.context() as patch:
            real = time.time
            patch.setattr(time, "time", lambda: real() + skew)
            patch.setattr(time, "time_ns", lambda: int((real() + skew) * 1e9))
            result = evaluate_task(self.bundle.folder, node=node, frames=None if frames is None else FrameList(frames))
        self.now += 1
        evaluation.ended = self.now
        evaluation.number = number_of(result)
        evaluation.items = {item[0]: item for item in decode(result.outputs["items"]["value"])} if frames else {}
        self.evaluations.append(evaluation)

    def random_task(self):
        """A node and frames for it: any range of what its parent has."""
        node = self.chance.choice(["source", "source", "follow", "follow", "whole", "last"])
        if node == "last":
            return node, None
        there = sorted({frame for one in self.evaluations if one.node == "source" for frame in one.frames})
        choice = list(ADDED) if node == "source" else there if node == "follow" else list(PLANNED)
        first = self.chance.randrange(len(choice))
        frames = choice[first : first + self.chance.randint(1, 4)]
        if self.chance.random() < 0.2:
            frames = frames[:: self.chance.choice([2, -1])]
        return node, frames


def number_of(result):
    """The number in a result's values."""
    value = result.outputs["items"]["value"]
    return value["items"][0] if isinstance(value, dict) else value[0]["items"][1]


def test_histories_agree_with_the_order(tmp_path, monkeypatch):
    """Of each frame what is latest counts, and whatever was made from something else than is there is stale."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # Nobody pulls the plug here.
    for seed in range(COUNT):
        chance = random.Random(seed)
        bundle = make_bundle(tmp_path / str(seed), size=chance.choice([1, 2, 3]))
        farm = Farm(bundle, chance, monkeypatch)
        for job in bundle.jobs:
            for frames in job.chunks:
                farm.evaluate(job.key, frames)
        for _ in range(chance.randint(2, 8)):
            meanwhile = [partial(farm.evaluate, *farm.random_task()) for _ in range(chance.choice([0, 0, 1, 2]))]
            farm.evaluate(*farm.random_task(), meanwhile=meanwhile)

        check(bundle, farm.evaluations, seed)
        shutil.rmtree(tmp_path / str(seed))


def check(bundle, evaluations, seed):
    """Compares what the bundle says with what happened."""
    results = {name.partition(".")[2]: one for name, one in read_results(bundle).items()}
    outputs = {name: one.outputs()["items"] for name, one in results.items()}
    by_frame = {name: {item[0]: item for item in value} for name, value in outputs.items() if name != "last"}
    for name, items in by_frame.items():
        assert list(items) == sorted(items), f"history {seed}: {name} comes in another order"
        for frame, item in items.items():
            assert_latest(name, frame, item[1], evaluations, seed)
    assert_latest("last", None, outputs["last"][0], evaluations, seed)
    for name, (parent, is_by_frame) in PARENTS.items():
        stale = results[name].stale
        is_stale = set() if stale is None else {None} if stale == "all" else set(FrameList.parse(stale))
        if name == "last":
            expected = {None} if outputs["last"][1] != tuple(outputs[parent]) else set()
        elif is_by_frame:
            expected = {frame for frame, item in by_frame[name].items() if item[2] != by_frame[parent][frame]}
        else:
            expected = {frame for frame, item in by_frame[name].items() if item[2] != tuple(outputs[parent])}
        assert is_stale == expected, f"history {seed}: {name} is told stale in {is_stale}, and is in {expected}"


def assert_latest(node, frame, number, evaluations, seed):
    """Nothing that counts was replaced by an evaluation that began after it had ended."""
    (counts,) = [one for one in evaluations if one.node == node and one.number == number and covers(one, frame)][:1]
    later = [one for one in evaluations if one.node == node and covers(one, frame) and one.started > counts.ended]
    assert not later, f"history {seed}: {node} {frame} is {number}, and {later[0].number} came after it"
    if node == "follow":
        made_from = {one.number: one for one in evaluations if one.node == "source"}
        mine = made_from[counts.items[frame][2][1]]
        for one in evaluations:
            if one.node == node and covers(one, frame):
                other = made_from[one.items[frame][2][1]]
                assert other.started < mine.ended, (
                    f"history {seed}: {frame} was made from {mine.number}, not {other.number}"
                )


def covers(evaluation, frame):
    """Whether the evaluation has the frame."""
    return evaluation.frames is None or frame in evaluation.frames
