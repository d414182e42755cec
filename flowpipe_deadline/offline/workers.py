"""The worker processes of an offline farm: started, replaced when they die, and stopped."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from ..core.errors import BundleError
from ..core.processes import end_trees
from ..core.rights import share
from .repository import Repository
from .worker import WorkerSettings

_PATIENCE = 10.0  # Seconds that workers have to hand their tasks back.
_MOST_IDLE_DEATHS = 5


class WorkerPool:
    """The worker processes. One that dies is replaced; its task counts an error and is queued again."""

    def __init__(self, settings: WorkerSettings, *, repository: Repository) -> None:
        self._settings = settings
        self._repository = repository
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started = 0
        self._idle_deaths = 0

    def start(self, count: int) -> None:
        """Starts that many workers."""
        for _ in range(count):
            self._started += 1
            name = f"worker-{self._started}"
            command = [sys.executable, "-m", "flowpipe_deadline.offline.worker"]
            path = Path(self._settings.logs, f"{name}.log")
            with path.open("ab") as log:
                share(path)
                # In a session of its own it gets no Ctrl+C from the terminal: the farm decides when a worker stops.
                self._processes[name] = subprocess.Popen(
                    [*command, json.dumps({**asdict(self._settings), "name": name})],
                    # Not the user's current folder: a file there may have the name of a module that the worker needs.
                    cwd=self._settings.logs,
                    env={**os.environ, "PYTHONPATH": python_path()},
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def replace_the_dead(self) -> None:
        """Starts a new worker for each that has died, after ending what the dead one left running.

        Raises:
            BundleError: The workers keep dying without a task.
        """
        dead = [name for name, process in self._processes.items() if process.poll() is not None]
        for name in dead:
            _close_stdin(self._processes.pop(name))
            had_task, processes = self._repository.abandon(name)
            end_trees(processes)
            self._idle_deaths += 0 if had_task else 1
            if self._idle_deaths > _MOST_IDLE_DEATHS:
                raise BundleError(f"the workers keep dying; {self._settings.logs}/{name}.log says why")
        self.start(len(dead))

    def stop(self) -> None:
        """Stops all workers; their tasks are queued again, and nothing is left running."""
        for process in self._processes.values():
            _close_stdin(process)
        deadline = time.monotonic() + _PATIENCE
        try:
            for process in self._processes.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(max(0.0, deadline - time.monotonic()))
        finally:  # Also when Ctrl+C comes once more.
            for name, process in self._processes.items():
                if process.poll() is None:
                    end_trees([process.pid, *self._repository.abandon(name)[1]])
                    process.wait()
            self._processes.clear()


def _close_stdin(process: subprocess.Popen[bytes]) -> None:
    """Tells a worker to stop."""
    if process.stdin is not None:
        process.stdin.close()


def python_path() -> str:
    """PYTHONPATH with absolute folders, for processes that start in another folder."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(os.path.abspath(folder) for folder in folders if folder)
