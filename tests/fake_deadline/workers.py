"""Real workers for a fake Deadline: they render its active jobs with the real plugin."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from flowpipe_deadline.bundle.templates import PLUGIN
from flowpipe_deadline.core.errors import BundleError
from flowpipe_deadline.offline.setup import plugin_config, plugins_folder
from flowpipe_deadline.offline.worker import WorkerSettings
from flowpipe_deadline.offline.workers import WorkerPool, python_path

from .operations import FakeDeadline
from .plugins import installed_plugin, plugin_folders
from .reports import LOGS


@contextmanager
def running_workers(
    deadline: FakeDeadline,
    *,
    count: int = 2,
    scan_seconds: float = 0.2,
    interpreters: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """In the block, ``count`` workers render active jobs, and every ``scan_seconds`` there is a pending job scan.

    A plugin in the repository's ``custom/plugins`` is rendered with as it is there, and as the settings configure it;
    without one, this package's own is, configured for this machine. ``interpreters`` adds executables to it by name.
    Workers that die are replaced.

    Raises:
        BundleError: At the end of the block, that they kept dying.
    """
    with FakeDeadline(deadline.folder) as own:  # The thread's.
        pool = WorkerPool(_settings(own, interpreters or {}), repository=own.repository)
        keeper = _Keeper(own, pool, scan_seconds)
        pool.start(count)
        keeper.start()
        try:
            yield
        finally:
            keeper.stop()
            pool.stop()
        if keeper.failure is not None:
            raise keeper.failure


class _Keeper(threading.Thread):
    """Scans pending jobs, and replaces workers that died."""

    def __init__(self, deadline: FakeDeadline, pool: WorkerPool, scan_seconds: float) -> None:
        super().__init__(daemon=True)
        self._deadline = deadline
        self._pool = pool
        self._scan_seconds = scan_seconds
        self._stopping = threading.Event()
        self.failure: BundleError | None = None
        """Why it stopped by itself."""

    def run(self) -> None:
        """Runs until ``stop``."""
        try:
            while not self._stopping.wait(self._scan_seconds):
                self._deadline.scan()
                self._pool.replace_the_dead()
        except BundleError as error:
            self.failure = error

    def stop(self) -> None:
        """Stops it, and waits for its end."""
        self._stopping.set()
        self.join()


def _settings(deadline: FakeDeadline, interpreters: Mapping[str, str]) -> WorkerSettings:
    logs = deadline.folder / LOGS
    logs.mkdir(exist_ok=True)
    installed = installed_plugin(deadline, PLUGIN)
    config = plugin_config(installed or plugins_folder() / PLUGIN, interpreters=interpreters)
    if installed is None:
        # An installed plugin has to find its own packages; this checkout's plugin takes them from where they are now.
        config["PythonPath"] = python_path().replace(os.pathsep, ";")
    return WorkerSettings(
        name="",
        repository=str(deadline.folder / "jobs.sqlite"),
        plugins=tuple(map(str, [*plugin_folders(deadline), plugins_folder()])),
        logs=str(logs),
        config={**config, **deadline.settings.plugin_config},
        failure_limit=deadline.settings.failure_limit,
        releases_at_once=False,
        is_isolated=installed is not None,
    )
