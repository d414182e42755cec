"""What the preview of the dialog takes after a change: a worker that waits, against ``flowpipe-deadline plan``.

    python benchmarks/preview.py            10 of each, in turn, for graphs of 4 and of 500 nodes
    python benchmarks/preview.py --runs 30

Both plan the same workflow; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from flowpipe_deadline.dialog import WORKER

WORKFLOW = """
from flowpipe import Graph, Node


@Node(outputs=["value"])
def increment(value=0):
    return {"value": value + 1}


def chain(nodes: int) -> Graph:
    graph = Graph(name="preview")
    chain = [increment(name=f"n{number}", graph=graph) for number in range(nodes)]
    for one, other in zip(chain, chain[1:]):
        one.outputs["value"].connect(other.inputs["value"])
    return graph
"""
READY = 2.0
"""Seconds that a worker has for its imports while somebody looks at the preview before."""


def main() -> None:
    """Measures, and prints a line per graph."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="runs of each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spec = Path(folder, "chain.py")
        spec.write_text(WORKFLOW, encoding="utf-8")
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FLOWPIPE_DEADLINE")}
        for nodes in (4, 500):
            preview, plan = [], []
            for _ in range(options.runs):
                preview.append(_preview(str(spec), nodes, root=folder, environment=environment))
                plan.append(_plan(str(spec), nodes, environment=environment))
            ratio = statistics.median(preview) / statistics.median(plan)
            print(
                f"preview of {nodes} nodes: {ratio:.2f} x flowpipe-deadline plan ({statistics.median(preview):.2f} s)"
            )


def _preview(spec: str, nodes: int, *, root: str, environment: dict[str, str]) -> float:
    request = {"do": "plan", "workflow": spec, "texts": {"nodes": str(nodes)}, "root": root, "repository": None}
    request["options"] = {"settings": {}, "presets": [], "keep_suspended": False, "is_dry_run": True}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, *WORKER], env=environment, **pipes) as worker:
        time.sleep(READY)
        started = time.perf_counter()
        worker.stdin.write(json.dumps(request).encode() + b"\n")
        worker.stdin.flush()
        output = worker.stdout.readline()
        taken = time.perf_counter() - started
    assert len(json.loads(output)["answer"]["jobs"]) == nodes, output
    return taken


def _plan(spec: str, nodes: int, *, environment: dict[str, str]) -> float:
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "plan", spec, "-p", f"nodes={nodes}", "-o", "json"]
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
