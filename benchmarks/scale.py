"""How far it goes: seconds and memory of a large graph, planned, written, evaluated, and run offline to the end.

    python benchmarks/scale.py                         10,000 nodes with 100,000 tasks; then 1,000 nodes, run offline
    python benchmarks/scale.py --only plan fan-in      without the run, which takes many minutes
    python benchmarks/scale.py --nodes 100 --run-nodes 10

Each part is a process of its own, as memory is the most that a process ever had. All nodes are empty.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from empty_nodes import act, follow, gather
from flowpipe import Graph, INode

from flowpipe_deadline import plan_graph, run_bundle, write_bundle
from flowpipe_deadline.core.bundle import Bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.results.store import ChunkResult, FileStore

HERE = Path(__file__).parent
TASKS = 10  # Of each node that is planned.
FRAMES = 100  # Of each node that is run, with a task each.
LENGTH = 10  # Nodes of a chain that is run.
TASK = "import sys; from flowpipe_deadline.evaluator.__main__ import main; assert main(sys.argv[1:]) == 0"
TELL_MEMORY = "; print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM:')))"
PARTS = ("plan", "fan-in", "run")


def main() -> None:
    """Measures, and prints a line for each number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=10_000, help="nodes to plan and write, ten tasks each")
    parser.add_argument("--run-nodes", type=int, default=1000, help="nodes to run offline, a hundred tasks each")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, metavar="PART", help=f"{', '.join(PARTS)}")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    measures = {
        "plan": lambda folder: measure_plan(folder, options.nodes),
        "fan-in": lambda folder: measure_fan_in(folder, options.nodes),
        "run": lambda folder: measure_run(folder, options.run_nodes),
    }
    if options.part:
        with tempfile.TemporaryDirectory() as folder:
            measures[options.part](Path(folder))
        return
    for part in options.only:
        subprocess.run([sys.executable, *sys.argv, "--part", part], env=environment(), check=True)


def measure_plan(folder: Path, count: int) -> None:
    """Planning and writing nodes that all feed one."""
    show("the modules of the planner", memory=own_memory())
    graph = wide(count)
    show(f"a graph of {count + 1:,} nodes with {count * TASKS + 1:,} tasks", memory=own_memory())
    started = time.perf_counter()
    plan = plan_graph(graph)
    show("planning it", seconds=time.perf_counter() - started, memory=own_memory())
    started = time.perf_counter()
    bundle = write_bundle(plan, root=folder)
    show("writing it", seconds=time.perf_counter() - started, memory=own_memory())
    key = next(job.key for job in bundle.jobs if job.node == "n0")
    seconds, memory = task(bundle, key, "--frames", "1")
    show("a task of one of them", seconds=seconds, memory=memory)
    seconds, memory = started_process("import flowpipe")
    show("against an interpreter that imports flowpipe", seconds=seconds, memory=memory)


def measure_fan_in(folder: Path, count: int) -> None:
    """Tasks that take all there is: of that many nodes, and of that many chunks of a node."""
    for bundle in (write_bundle(plan_graph(wide(count, tasks=1)), root=folder), merging(folder, count)):
        store = FileStore(bundle.folder)
        last = bundle.jobs[-1]
        for job in bundle.jobs[:-1]:
            for chunk in job.chunks:
                store.write(job.key, result(chunk), is_planned=True)
        seconds, memory = task(bundle, last.key)
        what = f"{count:,} nodes" if len(bundle.jobs) > 2 else f"a node with {count:,} chunks"
        show(f"a task that is fed by {what}", seconds=seconds, memory=memory)


def measure_run(folder: Path, count: int) -> None:
    """Chains whose nodes feed one another frame by frame."""
    bundle = write_bundle(plan_graph(chains(count)), root=folder)
    tasks = sum(job.task_count for job in bundle.jobs)
    watch, started = Watch(), time.perf_counter()
    state = run_bundle(bundle, workers=2)
    seconds = time.perf_counter() - started
    assert state.is_complete
    show(f"running {count:,} nodes with {tasks:,} tasks, 2 workers", seconds=seconds, memory=own_memory())
    show("its largest worker or interpreter", memory=watch.most)
    print(f"  {seconds / tasks * 1000:.1f} ms for each task")


def wide(count: int, *, tasks: int = TASKS) -> Graph:
    """Nodes that all feed one; connected past flowpipe's own checks, which take long."""
    graph = Graph(name="wide")
    last = gather(name="gather", graph=None)
    for number in range(count):
        node = act(name=f"n{number}", graph=None, frames=list(range(1, tasks + 1)), metadata={"batch_size": 1})
        _add(graph, node)
        _connect(node, last.inputs["seen"][node.name])
    _add(graph, last)
    return graph


def chains(count: int) -> Graph:
    """Chains of nodes with a task for each frame, which is fed by that of the same frame."""
    graph = Graph(name="chains")
    frames = list(range(1, FRAMES + 1))
    before = None
    for number in range(count):
        if number % LENGTH == 0:
            node = act(name=f"n{number}", graph=None, frames=frames, metadata={"batch_size": 1})
        else:
            over = {"batch": {"size": 1, "over": ["frames", "seen"]}}
            node = follow(name=f"n{number}", graph=None, frames=frames, metadata=over)
            _connect(before, node.inputs["seen"])
        _add(graph, node)
        before = node
    return graph


def merging(folder: Path, count: int) -> Bundle:
    """A node with that many chunks, and one that takes them all."""
    graph = Graph(name="merging")
    node = act(name="act", graph=graph, frames=list(range(1, count + 1)), metadata={"batch_size": 1})
    node.outputs["seen"].connect(gather(name="gather", graph=graph).inputs["seen"])
    return write_bundle(plan_graph(graph), root=folder)


def result(chunk: FrameList) -> ChunkResult:
    """The result of a chunk."""
    return ChunkResult(chunk, {"seen": {"value": list(chunk), "sub_plugs": {}}}, version=1, token="0")


def task(bundle: Bundle, key: str, *arguments: str) -> tuple[float, float]:
    """Seconds and memory of a task in an interpreter of its own."""
    return started_process(TASK, "--bundle", str(bundle.folder), "--node", key, *arguments)


def started_process(code: str, *arguments: str) -> tuple[float, float]:
    """Seconds and memory of a Python that runs this code."""
    started = time.perf_counter()
    command = [sys.executable, "-c", code + TELL_MEMORY, *arguments]
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return time.perf_counter() - started, int(printed.split()[-1]) / 1024


def own_memory() -> float:
    """The most memory that this process ever had, in MB; getrusage() would count that of its parent."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


class Watch(threading.Thread):
    """Looks every second at the processes that this one has started; ``most`` is what the largest had, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self.start()

    def run(self) -> None:
        """Looks until the process ends."""
        while True:
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    self.most = max(self.most, process.memory_info().rss / 1024 / 1024)
            time.sleep(1.0)


def show(what: str, *, memory: float, seconds: float = 0.0) -> None:
    """A line."""
    print(f"{what + ':':<60}{f'{seconds:.2f} s' if seconds else '':>12}{memory:>8.0f} MB", flush=True)


def environment() -> dict[str, str]:
    """The environment of all processes: they find this package and the nodes."""
    folders = [str(HERE.parent), str(HERE), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}


def _add(graph: Graph, node: INode) -> None:
    node.graph = graph
    graph.nodes.append(node)


def _connect(node: INode, plug: object) -> None:
    output = node.outputs["seen"]
    output.connections.append(plug)
    plug.connections.append(output)


if __name__ == "__main__":
    main()
