"""The worker processes of an offline farm: hired, replaced when they die, and dismissed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace

from ..core.errors import BundleError
from ..core.processes import end_trees
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
        self._hired = 0
        self._idle_deaths = 0

    def hire(self, count: int) -> None:
        """Starts that many workers."""
        for _ in range(count):
            self._hired += 1
            name = f"worker-{self._hired}"
            command = [sys.executable, "-m", "flowpipe_deadline.offline.worker"]
            with open(os.path.join(self._settings.logs, f"{name}.log"), "ab") as log:
                # A session of its own keeps the terminal's Ctrl+C away: the farm decides when a worker stops.
                self._processes[name] = subprocess.Popen(
                    [*command, replace(self._settings, name=name).to_text()],
                    # Not where the user is: a file there may be called like a module that the worker needs.
                    cwd=self._settings.logs,
                    env={**os.environ, "PYTHONPATH": python_path()},
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def replace_the_dead(self) -> None:
        """Hires a new worker for each that has died, once what that one left running is ended."""
        dead = [name for name, process in self._processes.items() if process.poll() is not None]
        for name in dead:
            _close_stdin(self._processes.pop(name))
            had_task, processes = self._repository.abandon(name)
            end_trees(processes)
            self._idle_deaths += 0 if had_task else 1
            if self._idle_deaths > _MOST_IDLE_DEATHS:
                raise BundleError(f"the workers keep dying; {self._settings.logs}/{name}.log says why")
        self.hire(len(dead))

    def dismiss(self) -> None:
        """Stops all workers; their tasks are queued again, and nothing is left running."""
        for process in self._processes.values():
            _close_stdin(process)
        deadline = time.monotonic() + _PATIENCE
        for name, process in self._processes.items():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                end_trees([process.pid, *self._repository.abandon(name)[1]])
                process.wait()
        self._processes.clear()


def _close_stdin(process: subprocess.Popen[bytes]) -> None:
    """Tells a worker to stop."""
    if process.stdin is not None:
        process.stdin.close()


def python_path() -> str:
    """PYTHONPATH with its folders as they are seen from here, for processes that start elsewhere."""
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return os.pathsep.join(os.path.abspath(folder) for folder in folders if folder)
