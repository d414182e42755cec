"""Tries out the hosts of the plugin's configuration that are on this machine: each evaluates three tasks.

The real plugin starts them, on the offline farm, in a process of its own that can be ended: a host may hang.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Optional

from flowpipe import Graph

from ..bundle.write import write_plan
from ..core.bundle import AnyPath, Bundle
from ..core.errors import UsageError
from ..core.processes import end_trees
from ..core.text import listing, one_line
from ..deadline.client import Stop
from ..evaluator import probe_nodes
from ..offline.hosts import Host, add_hosts, configured_hosts, find_host
from ..offline.setup import WorkerSetup
from ..planning.planner import make_plan
from ..submit.transaction import Say
from .report import Check, DoctorOptions

_NODE = "host"
_FRAMES = [1, 2, 3]
_PAUSE = 0.1
_PATIENCE = 20.0  # Seconds that a run has to end its processes.
_LAST_LINES = 3
_LONGEST = 200
_MARKED, _PRINTED = "[flowpipe:", "STDOUT: "


def check_hosts(
    repository: Optional[AnyPath], options: DoctorOptions, *, say: Say, is_stopping: Stop
) -> Iterator[Check]:
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


class _HostTrial:
    def __init__(self, name: str, host: Host, repository: Optional[AnyPath], timeout: float) -> None:
        self._name = name
        self._host = host
        self._repository = repository
        self._timeout = timeout

    def check(self, is_stopping: Stop) -> Check:
        """Has the host evaluate its tasks, and says how that went."""
        with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-", ignore_cleanup_errors=True) as folder:
            bundle = write_plan(make_plan(_build_graph(self._name)), root=folder)
            said = self._run(bundle, Path(folder), is_stopping)
            if said is None:
                verdict, found = "unknown" if is_stopping() else "problem", f"did not end in {self._timeout:g} s"
            elif isinstance(said, str):
                verdict, found = "problem", said
            elif said["jobs"][0]["status"] == "Completed":
                return self._works(said)
            else:
                verdict, found = "problem", _failure(said["jobs"][0]["tasks"])
        return Check(
            f"host {self._name}",
            "unknown" if verdict == "unknown" else "problem",
            f"{self._host.executable}: {found}",
            f"see the arguments of {self._name} in Configure Plugins > Flowpipe, or try others by -i {self._name}=...",
            {"works": False},
        )

    def _works(self, said: Mapping[str, Any]) -> Check:
        outputs = said["outputs"][f"doctor.{_NODE}"]
        first, *others = [task["seconds"] for task in said["jobs"][0]["tasks"]]
        is_kept = len(set(outputs["processes"])) == 1
        where = "in the same process" if is_kept else "in a process of its own each"
        version = f"{outputs['version']}Python {outputs['python']}"
        found = f"{self._host.executable}, {version}: a task with its start takes {first:.2g} s, and two more"
        details = {"works": True, "version": version, "seconds": [first, *others], "is_kept": is_kept}
        return Check(
            f"host {self._name}", "ok", f"{found} {sum(others) / len(others):.2g} s each, {where}", "", details
        )

    def _run(self, bundle: Bundle, folder: Path, is_stopping: Stop) -> Any:
        """What ``run`` reports, its error as a text, or None if it was ended."""
        command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "run", str(bundle.folder), "-o", "json"]
        command += ["--workers", "1", "--failures", "1", "-i", f"{self._name}={self._host}"]
        command += ["--repository", str(self._repository)] if self._repository is not None else []
        answer, errors = folder / "answer.json", folder / "errors.txt"
        with answer.open("wb") as output, errors.open("wb") as error:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=error)
            end = time.monotonic() + self._timeout
            while process.poll() is None:
                if is_stopping() or time.monotonic() > end:
                    _end(process)
                    return None
                time.sleep(_PAUSE)
        try:
            return json.loads(answer.read_bytes())
        except ValueError:
            return one_line(errors.read_text(encoding="utf-8", errors="replace")[-_LONGEST:], longest=_LONGEST)


def _build_graph(interpreter: str) -> Graph:
    graph = Graph(name="doctor")
    merge = {"seconds": "sum", "python": "first", "version": "first"}
    metadata = {"interpreter": interpreter, "batch": {"size": 1, "over": ["frames"], "merge": merge}}
    probe_nodes.host(name=_NODE, graph=graph, frames=_FRAMES, metadata=metadata)
    return graph


def _failure(tasks: list[Mapping[str, Any]]) -> str:
    """Why the first failed task failed, and the last lines that the host printed for it."""
    number, task = next((number, task) for number, task in enumerate(tasks, start=1) if task["status"] != "Completed")
    log = Path(task["log"]).read_text(encoding="utf-8", errors="replace").splitlines()
    printed = [line[len(_PRINTED) :] for line in log if line.startswith(_PRINTED)]
    last = [line for line in printed if line.strip() and not line.startswith(_MARKED)][-_LAST_LINES:]
    which = f"task {number} of {len(tasks)}: " if number > 1 else ""
    error = str(task["error"] or "").strip().splitlines() or ["it failed"]
    return which + "\n".join(one_line(line, longest=_LONGEST) for line in (error[-1], *last))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a run and all of its processes."""
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        end_trees([process.pid])
