"""The official tool ``openjd`` on templates that were exported: its own processes, sessions and chunks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.bundle import TEMPLATE
from flowpipe_deadline.openjd.export import export_bundle

OPENJD = Path(sys.executable).with_name("openjd")


def run_openjd(bundle, *arguments, seconds=0, folder=None, **variables):
    """The process of ``openjd run`` on the template in the bundle, once it has ended: its log is ``stdout``.

    Its tasks run in this Python. ``seconds`` is the time that chunks should take, for farms that resize them.
    """
    template = Path(bundle) / TEMPLATE
    parameters = {"Python": sys.executable}
    if seconds:
        parameters["TargetRuntimeSeconds"] = seconds
    environment = {**os.environ, **variables}
    return subprocess.run(
        [str(OPENJD), "run", str(template), "-p", json.dumps(parameters), *map(str, arguments)],
        cwd=folder or bundle,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=110,
    )


def exported(graph, root, **how):
    """The bundle of the graph, with a template in it."""
    bundle = write_bundle(plan_graph(graph), root=root)
    export_bundle(bundle, **how)
    return bundle


def outputs_by_openjd(graph, root, *, seconds=0):
    """The outputs of all nodes by label, each task run by ``openjd run``."""
    bundle = exported(graph, root)
    done = run_openjd(bundle, seconds=seconds)
    assert done.returncode == 0, done.stdout
    return {label: node.outputs() for label, node in read_results(bundle).items()}
