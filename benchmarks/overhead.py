"""What the way to the farm costs, as ratios against what it cannot do without, both measured in one run.

    python benchmarks/overhead.py            planning and writing 1,000 nodes
    python benchmarks/overhead.py --times 10 the same for ten times as many nodes, ten tasks each, per node

*Planning and writing* against serialising and writing the same bytes, with the same care (each file down to the disk).
What a task costs is in ``tasks.py``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flowpipe import Graph, Node

from flowpipe_deadline import plan_graph, write_bundle


@Node(outputs=["value"])
def increment(value: int = 0) -> dict[str, int]:
    """One more."""
    return {"value": value + 1}


@Node(outputs=["images"])
def render(frames: tuple[int, ...] = (), images: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """One per frame."""
    return {"images": [str(image) for image in images or frames]}


def main() -> None:
    """Measures, and prints a line per ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000, help="nodes to plan and write")
    parser.add_argument("--times", type=int, default=0, help="only compare that many times the nodes with the nodes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.times:
            _compare_growth(Path(folder), options.nodes, options.times)
            return
        _compare_writing(Path(folder), options.nodes)


def chain(count: int) -> Graph:
    """Nodes that feed one another; connected past flowpipe's own checks, which take longer the longer a chain is."""
    graph = Graph(name="chain")
    nodes = [increment(name=f"n{index}", graph=None) for index in range(count)]
    for node in nodes:
        node.graph = graph
    graph.nodes.extend(nodes)
    for one, other in itertools.pairwise(nodes):
        one.outputs["value"].connections.append(other.inputs["value"])
        other.inputs["value"].connections.append(one.outputs["value"])
    return graph


def _compare_writing(folder: Path, count: int) -> None:
    graph = chain(count)
    planning = _seconds(lambda: plan_graph(graph))
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=folder)
    files = [path for path in bundle.folder.rglob("*") if path.is_file()]
    contents = [json.loads(data) if path.suffix == ".json" else data for path in files for data in [path.read_bytes()]]
    writing = _seconds(lambda: write_bundle(plan, root=folder))
    floor = _seconds(lambda: _write_floor(folder / "floor", contents))
    print(f"plan and write {count} nodes: {(planning + writing) / floor:.2f} x serialising and writing the same bytes")


def _compare_growth(folder: Path, count: int, times: int) -> None:
    """Per node, what a graph costs that is larger."""
    few, many = (_seconds_per_node(folder, size) for size in (count, count * times))
    print(f"{count * times} nodes and {count * times * 10} tasks against {count} nodes, per node:")
    print(f"  planning {many[0] / few[0]:.2f} x, writing {many[1] / few[1]:.2f} x")


def _seconds_per_node(folder: Path, count: int) -> tuple[float, float]:
    """To plan, and to write."""
    graph = batches(count)
    planning = _seconds(lambda: plan_graph(graph), runs=1)
    plan = plan_graph(graph)
    return planning / count, _seconds(lambda: write_bundle(plan, root=folder), runs=1) / count


def batches(count: int) -> Graph:
    """A chain of nodes with ten chunks each, each of which takes the images of its own frames from the one before."""
    graph = Graph(name="batches")
    nodes = []
    for index in range(count):
        batch = {"size": 10, "over": ["frames", "images"] if index else ["frames"]}
        nodes.append(render(name=f"n{index}", graph=None, frames=list(range(100)), metadata={"batch": batch}))
    for node in nodes:
        node.graph = graph
    graph.nodes.extend(nodes)
    for one, other in itertools.pairwise(nodes):
        one.outputs["images"].connections.append(other.inputs["images"])
        other.inputs["images"].connections.append(one.outputs["images"])
    return graph


def _write_floor(folder: Path, contents: list[object]) -> None:
    folder.mkdir(exist_ok=True)
    for number, content in enumerate(contents):
        data = content if isinstance(content, bytes) else json.dumps(content, indent=1).encode("ascii")
        with (folder / str(number)).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _seconds(work: Callable[[], object], *, runs: int = 3) -> float:
    """The median time of some runs, after one that does not count."""
    work()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
