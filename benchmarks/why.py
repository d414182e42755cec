"""What ``why`` takes for a chain of jobs, the first of which has failed, and for one that is complete.

    python benchmarks/why.py                        100 and 1,000 jobs

Deadline answers at once, so that it is our own time; ``asked`` are the questions to it.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import cast

from flowpipe import Graph, Node

from flowpipe_deadline import plan_graph, why, why_lines, write_bundle
from flowpipe_deadline.core.bundle import Bundle
from flowpipe_deadline.deadline.client import COMPLETED, FAILED, PENDING, DeadlineClient, JobDetails
from flowpipe_deadline.evaluator.protocol import TaskRequest
from flowpipe_deadline.evaluator.task import evaluate_request
from flowpipe_deadline.results.failures import write_failure

FEW, MANY = 100, 1000


@Node(outputs=["value"])
def step(value=0):
    """Its input."""
    return {"value": value}


class Answering:
    """A client that tells the same state of all jobs but the first, and counts the questions."""

    def __init__(self, first: str, *, state: str, others: str) -> None:
        self._first, self._state, self._others = first, state, others
        self.asked = 0

    @staticmethod
    def map_path(path: str) -> str:
        """The path itself."""
        return path

    def read_jobs(self, job_ids: Collection[str]) -> dict[str, JobDetails]:
        """All of them."""
        self.asked += 1
        return {each: JobDetails(each, self._state if each == self._first else self._others) for each in job_ids}


def main() -> None:
    """Measures, and prints a line for each."""
    for is_complete in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            (few, _), (many, asked) = (_measured(Path(folder), count, is_complete) for count in (FEW, MANY))
        what = "all complete" if is_complete else "the first failed"
        print(
            f"{MANY} jobs, {what}: {many:.2f} s, asked {asked}; per job, against {FEW}: {many / few * FEW / MANY:.2f}"
        )


def _measured(root: Path, count: int, is_complete: bool) -> tuple[float, int]:
    """The best of three, and how often Deadline was asked in one."""
    bundle = _bundle(root, count, is_complete)
    job_ids = {job.key: f"{number:024x}" for number, job in enumerate(bundle.jobs)}
    record = {"format": 1, "state": "submitted", "jobs": job_ids}
    (bundle.folder / "submission.json").write_text(json.dumps(record), encoding="utf-8")
    state, others = (COMPLETED, COMPLETED) if is_complete else (FAILED, PENDING)
    client = Answering(job_ids["step0"], state=state, others=others)
    labels = {key: key for key in job_ids}
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        why_lines(why(bundle, cast(DeadlineClient, client)), labels)
        seconds.append(time.perf_counter() - started)
    return min(seconds), client.asked // 3


def _bundle(root: Path, count: int, is_complete: bool) -> Bundle:
    graph = Graph(name=f"chain{count}")
    last = None
    for number in range(count):
        node = step(name=f"step{number}", graph=graph)
        if last is not None:
            last.outputs["value"].connect(node.inputs["value"])
        last = node
    bundle = write_bundle(plan_graph(graph), root=root)
    for job in bundle.jobs if is_complete else ():
        evaluate_request(TaskRequest(bundle=bundle.folder, node=job.key, frames=None), report=[].append)
    if not is_complete:
        write_failure(bundle.folder, "step0", None, error=RuntimeError("no license"), report="no license")
    return bundle


if __name__ == "__main__":
    main()
