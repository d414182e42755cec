"""Runs bundles without a farm, in this process: the evaluator alone, every task of every job in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from warm_cli import MAIN, branch

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.bundle import Bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.evaluator.protocol import TaskRequest
from flowpipe_deadline.evaluator.task import evaluate_request
from flowpipe_deadline.planning.plan import Plan
from flowpipe_deadline.results.store import ChunkResult


def evaluate_in_process(graph, root):
    """The outputs of all nodes by label, each task evaluated in this process."""
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=root)
    evaluate_plan(plan, bundle)
    return {label: node.outputs() for label, node in read_results(bundle).items()}


def evaluate_task(folder: Path, *, node: str, frames: FrameList | None = None, wait: float = 0.0) -> ChunkResult:
    """The result of one task, evaluated in this process."""
    return evaluate_request(TaskRequest(bundle=folder, node=node, frames=frames, wait=wait), report=[].append)


def evaluate_plan(plan: Plan, bundle: Bundle) -> None:
    """Evaluates every task of the plan, upstream first."""
    for job in plan.jobs:
        for frames in tasks_of(job):
            evaluate_task(bundle.folder, node=job.key, frames=frames)


def tasks_of(job):
    """The frames of the job's tasks; one None for a job that is not batched."""
    return [None] if job.frame_mode == "none" else job.frames.chunks(size=job.chunk_size)


def expected_outputs(graph):
    """What ``graph.evaluate()`` leaves on the plugs, by label."""
    graph.evaluate()
    return {
        f"{node.graph.name}.{node.name}": {name: plug.value for name, plug in node.outputs.items()}
        for node in graph.all_nodes
    }


def run_cli(*arguments, cwd=None, env=None, is_together=False) -> subprocess.CompletedProcess:
    """The command line in a process of its own, which finds imported what every command imports, where it can.

    ``is_together`` has its errors among its output, as in a terminal.
    """
    words = [str(argument) for argument in arguments]
    return _run([sys.executable, "-m", MAIN, *words], words, cwd=cwd, env=env, is_together=is_together)


def run_script(path: Path, *arguments, cwd=None, env=None) -> subprocess.CompletedProcess:
    """The Python file in a process of its own, likewise, with its errors among its output."""
    command = [sys.executable, str(path), *arguments]
    return _run(command, arguments, cwd=cwd, env=env, is_together=True, script=path)


def _run(command, words, *, cwd, env, is_together, script=None):
    done = branch(words, cwd=cwd, env=env, timeout=110, script=script, is_together=is_together)
    if done is not None:
        return done
    errors = subprocess.STDOUT if is_together else subprocess.PIPE
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=cwd, env=env, check=False, timeout=110
    )


def write_script(folder: Path, text: str, *, name: str = "script.py") -> Path:
    """A Python file in the folder."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
