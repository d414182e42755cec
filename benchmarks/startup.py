"""What a verb costs before it does anything: ratios against the imports that it cannot do without, measured in one run.

    python benchmarks/startup.py            20 runs of each, one after the other
    python benchmarks/startup.py --runs 50

Each command is a fresh process; the ratio is that of the medians. Bytecode is cached, as it is once installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

GRAPH = """
from flowpipe import Graph, Node


@Node(outputs=["value"])
def increment(value=0):
    return {"value": value + 1}


def build():
    graph = Graph(name="startup")
    nodes = [increment(name=f"n{number}", graph=graph) for number in range(4)]
    for one, other in zip(nodes, nodes[1:]):
        one.outputs["value"].connect(other.inputs["value"])
    return graph
"""
WRITE = """
import sys
from flowpipe_deadline import plan_graph, write_bundle
from graph import build
print(write_bundle(plan_graph(build()), root=sys.argv[1]).folder)
"""
CLICK = ("-c", "import click")
TABLE = ("-c", "import click, flowpipe, rich.table")
VERBS = ("-c", "from flowpipe_deadline.cli.main import main; main()")


def main() -> None:
    """Measures, and prints a line per ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="runs of each command")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = _prepare(Path(folder))
        written = [sys.executable, "-c", WRITE, folder]
        bundle = subprocess.run(written, env=environment, check=True, capture_output=True, text=True).stdout.strip()
        pairs = {
            "flowpipe-deadline --help": ((*VERBS, "--help"), CLICK),
            "flowpipe-deadline plan": ((*VERBS, "plan", str(Path(folder, "graph.py:build"))), TABLE),
            "flowpipe-deadline status, not submitted": ((*VERBS, "status", bundle), TABLE),
            "import flowpipe_deadline": (("-c", "import flowpipe_deadline"), ("-c", "pass")),
        }
        for what, (command, floor) in pairs.items():
            ratio = _ratio(command, floor, environment=environment, runs=options.runs)
            print(f"{what}: {ratio:.2f} x python {' '.join(floor)}")


def _prepare(folder: Path) -> dict[str, str]:
    """The environment of all commands; the graph is a module in it, and the caches of bytecode are its own."""
    (folder / "graph.py").write_text(GRAPH, encoding="utf-8")
    names = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FLOWPIPE_DEADLINE"))}
    return {**names, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONPATH": str(folder)}


def _ratio(command: Sequence[str], floor: Sequence[str], *, environment: Mapping[str, str], runs: int) -> float:
    """How many times as long the command takes; both run in turn, so that a busy machine slows both."""
    seconds: dict[Sequence[str], list[float]] = {command: [], floor: []}
    for number in range(runs + 1):
        for arguments, taken in seconds.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], env=environment, check=True, capture_output=True)
            if number:  # The first fills the caches.
                taken.append(time.perf_counter() - started)
    return statistics.median(seconds[command]) / statistics.median(seconds[floor])


if __name__ == "__main__":
    main()
