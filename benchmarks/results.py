"""What a task costs where its node and the one upstream have many chunks, and what reading all results costs.

    python benchmarks/results.py

Both sides of each ratio are measured in one process, without its start: the median of tasks that follow one upstream
chunk, and the time per result of merging all of them.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from flowpipe import Graph, Node

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.bundle import Bundle, read_node
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.evaluator.protocol import TaskRequest
from flowpipe_deadline.evaluator.task import evaluate_request
from flowpipe_deadline.results.merge import Batch, merge_results
from flowpipe_deadline.results.store import ChunkResult, FileStore

FEW, MANY, ALL = 100, 10_000, 100_000
TASKS = 200


@Node(outputs=["items"])
def render(frames=None):
    """An item for each frame."""
    return {"items": list(frames)}


@Node(outputs=["items"])
def follow(frames=None, items=None):
    """An item for each frame, made from that of the same frame."""
    return {"items": list(zip(frames, items))}


def main() -> None:
    """Measures, and prints a line per ratio."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (_task_seconds(Path(folder), chunks=count) for count in (FEW, MANY))
    print(f"a task where its nodes have {MANY} chunks, against {FEW}: {many / few:.2f}")
    few, many = (_merge_seconds(count) / count for count in (ALL // 10, ALL))
    print(f"merging {ALL} results, against {ALL // 10}, per result: {many / few:.2f}")


def _task_seconds(root: Path, *, chunks: int) -> float:
    """The median time of a task, all chunks upstream being there."""
    bundle = _bundle(root, chunks)
    store = FileStore(bundle.folder)
    for frame in range(chunks):
        store.write("render", _result(frame), is_planned=True)
    step = chunks // FEW
    requests = [
        TaskRequest(bundle=bundle.folder, node="follow", frames=FrameList([number % FEW * step]))
        for number in range(TASKS)
    ]
    return statistics.median(_seconds(partial(evaluate_request, request, report=[].append)) for request in requests)


def _merge_seconds(count: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        batch = Batch.from_json(read_node(_bundle(Path(folder), count).folder, "render")["batch"])
    results = [_result(frame) for frame in range(count)]
    return min(_seconds(lambda: merge_results("render", batch=batch, results=results)) for _ in range(5))


def _bundle(root: Path, chunks: int) -> Bundle:
    graph = Graph(name="results")
    frames = list(range(chunks))
    first = render(name="render", graph=graph, frames=frames, metadata={"batch_size": 1})
    over = {"batch": {"size": 1, "over": ["frames", "items"]}}
    second = follow(name="follow", graph=graph, frames=frames, metadata=over)
    first.outputs["items"].connect(second.inputs["items"])
    return write_bundle(plan_graph(graph), root=root)


def _result(frame: int) -> ChunkResult:
    outputs = {"items": {"value": [frame], "sub_plugs": {}}}
    return ChunkResult(frames=FrameList([frame]), outputs=outputs, version=1, token=f"{frame:08x}")


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
