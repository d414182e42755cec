"""Tries out the hosts of the plugin's configuration that are on this machine: each evaluates three tasks.

The real plugin starts them, on the offline farm, in a process of its own that can be ended: a host may hang.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowpipe import Graph

from ..bundle.write import write_plan
from ..core.bundle import AnyPath, Bundle
from ..core.errors import FlowpipeDeadlineError, UsageError
from ..core.processes import end_trees
from ..core.text import listing, one_line
from ..deadline.client import Stop
from ..evaluator import probe_nodes
from ..offline.hosts import Host, add_hosts, configured_hosts, find_host
from ..offline.setup import WorkerSetup
from ..offline.workers import python_path
from ..planning.planner import make_plan
from ..submit.transaction import Say
from .report import Check, DoctorOptions

_NODE = "host"
_FRAMES = [1, 2, 3]
_PAUSE = 0.1
_PATIENCE = 20.0  # Seconds that a run has to end its processes.
_LAST_LINES = 3
_LONGEST = 1000


def check_hosts(repository: AnyPath | None, options: DoctorOptions, *, say: Say, is_stopping: Stop) -> Iterator[Check]:
    """A check for each host that is on this machine, and one for the others; ``repository`` is what can be seen of one.

    The plugin and its configuration are those that are installed there, as they were installed, else our own.
    """
    setup = WorkerSetup(repository=repository)
    try:
        config = setup.read_config()
    except UsageError:
        setup = WorkerSetup()
        config = setup.read_config()
    absent = []
    for name, texts in configured_hosts(add_hosts(config, options.interpreters)).items():
        host = find_host(texts)
        if host is None:
            absent.append(name)
        elif not is_stopping():
            say(f"Trying {name}: {host.executable}")
            yield _HostTrial(name, host, setup.repository, options.timeout).check(is_stopping)
    if absent:
        found = f"not on this machine: {listing(absent, most=len(absent))}"
        yield Check("other hosts", "unknown", found, "run the doctor on a worker, or say -i NAME=PATH")


class _TrialError(Exception):
    """A host did not evaluate its tasks."""


class _HostTrial:
    def __init__(self, name: str, host: Host, repository: AnyPath | None, timeout: float) -> None:
        self._name = name
        self._host = host
        self._repository = repository
        self._timeout = timeout

    def check(self, is_stopping: Stop) -> Check:
        """Has the host evaluate its tasks, and says how that went."""
        name = f"host {self._name}"
        try:
            with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-") as folder:
                found, details = self._try(Path(folder), is_stopping)
        except _TrialError as error:
            if is_stopping():
                return Check(name, "unknown", f"{self._host.executable}: the trial was interrupted")
            advice = f"see Configure Plugins > Flowpipe, or try another by -i {self._name}=..."
            return Check(name, "problem", f"{self._host.executable}: {error}", advice, {"works": False})
        except (FlowpipeDeadlineError, OSError) as error:
            return Check(name, "unknown", str(error))
        return Check(name, "ok", f"{self._host.executable}, {found}", details={"works": True, **details})

    def _try(self, folder: Path, is_stopping: Stop) -> tuple[str, dict[str, Any]]:
        bundle = write_plan(make_plan(_build_graph(self._name)), root=folder)
        said = self._run(bundle, folder, is_stopping)
        tasks = said["jobs"][0]["tasks"]
        for number, task in enumerate(tasks, start=1):
            if task["status"] != "Completed":
                raise _TrialError(f"task {number} of {len(tasks)}: {_reason(task['error'])}")
        outputs = said["outputs"][f"{bundle.graph}.{_NODE}"]
        first, *others = seconds = [task["seconds"] for task in tasks]
        is_kept = len(set(outputs["processes"])) == 1
        version = f"{outputs['version']}Python {outputs['python']}"
        where = "in the same process" if is_kept else "in a process of its own each"
        more = f"and two more {sum(others) / len(others):.2g} s each, {where}"
        details = {"version": version, "seconds": seconds, "is_kept": is_kept}
        return f"{version}: a task with its start takes {first:.2g} s, {more}", details

    def _run(self, bundle: Bundle, folder: Path, is_stopping: Stop) -> Any:
        """What ``run`` reports."""
        command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "run", str(bundle.folder), "-o", "json"]
        command += ["--workers", "1", "--failures", "1", "-i", f"{self._name}={self._host}"]
        command += ["--repository", str(self._repository)] if self._repository is not None else []
        answer, errors = folder / "answer.json", folder / "errors.txt"
        with answer.open("wb") as output, errors.open("wb") as error:
            # Not the user's current folder: a file there may have the name of a module that is needed.
            environment = {**os.environ, "PYTHONPATH": python_path()}
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=error
            )
            end = time.monotonic() + self._timeout
            while process.poll() is None:
                if is_stopping() or time.monotonic() > end:
                    _end(process)
                    raise _TrialError(f"did not evaluate {len(_FRAMES)} tasks in {self._timeout:g} s, and was ended")
                time.sleep(_PAUSE)
        try:
            return json.loads(answer.read_bytes())
        except ValueError:
            raise _TrialError(_reason(errors.read_text(encoding="utf-8", errors="replace"))) from None


def _build_graph(interpreter: str) -> Graph:
    graph = Graph(name="doctor")
    merge = {"python": "first", "version": "first"}
    metadata = {"interpreter": interpreter, "batch": {"size": 1, "over": ["frames"], "merge": merge}}
    probe_nodes.host(name=_NODE, graph=graph, frames=_FRAMES, metadata=metadata)
    return graph


def _reason(error: str) -> str:
    """The first line of an error, which is ours, and the last, which are the host's."""
    first, *rest = [one_line(line, longest=_LONGEST) for line in error.splitlines() if line.strip()] or ["it failed"]
    return "\n".join([first, *rest[-_LAST_LINES:]])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a run and all of its processes."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        end_trees([process.pid])
