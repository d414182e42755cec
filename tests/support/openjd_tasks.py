"""Single tasks of exported bundles, started as a session starts them, and read by the official filter."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from dataclasses import dataclass

import task_nodes
from flowpipe import Graph
from openjd.sessions._action_filter import ActionMonitoringFilter
from openjd.sessions._subprocess import LOG_LINE_MAX_LENGTH
from openjd_runs import exported_to_run

EVALUATOR = ("-u", "-m", "flowpipe_deadline.evaluator", "--task", "<TASK>")


@dataclass(frozen=True)
class Task:
    """What became of a task."""

    code: int
    output: bytes
    """All that the session reads."""

    @property
    def lines(self):
        """Its lines, as the session shows them."""
        return session_lines(self.output)

    @property
    def orders(self):
        """What the session takes for orders: pairs of kind and value."""
        return orders_in(self.output)

    def said(self, kind):
        """The values of the orders of that kind."""
        return [value for one, value in self.orders if one == kind]


def bundle_of(code, root, *, paths=(), program=None, **metadata):
    """The exported bundle of a graph with one node, ``do``, that runs the code; ``program`` is its interpreter's.

    If it is batched, its frames are the ``paths``, or four numbers.
    """
    graph = Graph(name="tasks")
    frames = list(paths) or [1, 2, 3, 4]
    task_nodes.Do(
        name="do", graph=graph, code=code, frames=frames if "batch_size" in metadata else None, metadata=metadata
    )
    hosts = {metadata["interpreter"]: str(program)} if program else None
    return exported_to_run(graph, root, interpreters=hosts)


def start_task(bundle, *options, node="do", command=None, folder, python=sys.executable, **variables):
    """The process of a task; ``options`` are as in the template, ``command`` starts the interpreter."""
    packages = str(getattr(bundle, "folder", bundle)) + "/packages"
    words = [python, *EVALUATOR] if command is None else command
    return subprocess.Popen(
        [python, packages, f"--node={node}", *options, "--", *map(str, words)],
        cwd=folder,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def run_task(bundle, *options, **how):
    """What became of the task, once it has ended."""
    process = start_task(bundle, *options, **how)
    output, _ = process.communicate(timeout=60)
    return Task(process.returncode, output)


def session_lines(output):
    """The lines as a session reads them."""
    stream = io.TextIOWrapper(io.BytesIO(output), encoding="utf-8", errors="backslashreplace")
    return [line.rstrip("\n\r") for line in iter(lambda: stream.readline(LOG_LINE_MAX_LENGTH), "")]


def orders_in(output):
    """What the official filter takes for orders in the output; the same line again is the same order."""
    orders = []
    taken = ActionMonitoringFilter(session_id="", callback=lambda kind, value, _: orders.append((kind.value, value)))
    for line in dict.fromkeys(session_lines(output)):
        record = logging.makeLogRecord({"msg": line, "session_id": ""})
        taken.filter(record)
        if " -- ERROR: " in record.msg[len(line) :]:
            orders.append(("refused", line))
    return orders
