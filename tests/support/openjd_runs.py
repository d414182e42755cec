"""The official tool ``openjd`` on templates that were exported: its own processes, sessions and chunks."""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import shlex
import subprocess
import sys
from pathlib import Path

import warm_python
from warm_cli import branch

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.bundle import TEMPLATE
from flowpipe_deadline.openjd.export import export_bundle

OPENJD = Path(sys.executable).with_name("openjd")
_MODULES = ("openjd.cli", "openjd.sessions")
_compiled = {}
_WARM = """#!/bin/sh
case "$*" in
"-u -m flowpipe_deadline.evaluator "*) exec {python} -IS {warm} "${variable}" {python} "$@" ;;
esac
exec {python} "$@"
"""


def run_openjd(bundle, *arguments, seconds=0, folder=None, python=sys.executable, **variables):
    """The process of ``openjd run`` on the template in the bundle, once it has ended: its log is ``stdout``.

    Its tasks run in this Python, if no other is given. ``seconds`` is the time that chunks should take, for farms that
    resize them.
    """
    template = Path(bundle) / TEMPLATE
    parameters = {"Python": str(python)}
    if seconds:
        parameters["TargetRuntimeSeconds"] = seconds
    words = ["run", template, "-p", json.dumps(parameters), *arguments]
    return call_openjd(*words, cwd=folder or bundle, env={**os.environ, **variables})


def call_openjd(*words, cwd=None, env=None):
    """The process of ``openjd`` with these words, once it has ended: a branch of one that has imported it."""
    arguments, where = [str(word) for word in words], os.fspath(cwd or os.getcwd())
    done = branch(arguments, cwd=where, env=env, timeout=110, script=OPENJD, is_together=True, imported=_MODULES)
    return done or subprocess.run(
        [str(OPENJD), *arguments],
        cwd=where,
        env=env,
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


def exported_to_run(graph, root, **how):
    """As ``exported``; its packages are compiled for this Python."""
    bundle = exported(graph, root, **how)
    for source in (bundle.folder / "packages").rglob("*.py"):
        _compile(source, source.relative_to(bundle.folder), source.read_bytes())
    return bundle


def _compile(source, name, text):
    """As the first task would, but each text once."""
    path = Path(importlib.util.cache_from_source(str(source)))
    if (name, text) not in _compiled:
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # All bundles have other times.
        py_compile.compile(str(source), str(path), doraise=True, invalidation_mode=mode)
        _compiled[name, text] = path.read_bytes()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(_compiled[name, text])


def outputs_by_openjd(graph, root, *, seconds=0, is_warm=False):
    """The outputs of all nodes by label, each task run by ``openjd run``.

    If it is warm, what the launchers start branches off from a warm process, and has this checkout's packages.
    """
    bundle = exported_to_run(graph, root)
    done = run_openjd(bundle, seconds=seconds, python=_write_warm_python(root) if is_warm else sys.executable)
    assert done.returncode == 0, done.stdout
    return {label: node.outputs() for label, node in read_results(bundle).items()}


def _write_warm_python(folder):
    """A Python whose evaluators branch off; all else is a fresh process."""
    if not os.environ.get(warm_python.VARIABLE):
        return sys.executable
    program = Path(folder, "warm-python")
    words = {"python": shlex.quote(sys.executable), "warm": shlex.quote(warm_python.CLIENT)}
    program.write_text(_WARM.format(**words, variable=warm_python.VARIABLE))
    program.chmod(0o755)
    return program
