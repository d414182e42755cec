"""A real Redis server for tests: on loopback, in a temporary folder, with nothing kept on disk."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import redis

EXECUTABLE = shutil.which("redis-server")
_TRIES = 5


class RedisServer:
    """A ``redis-server`` process on a port of its own, the same whenever it is started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        """``options`` are those of ``redis-server``, one word each."""
        self.folder = folder
        self.options = options
        self.port = 0
        self.process = None
        folder.mkdir(parents=True)

    @property
    def url(self) -> str:
        """The store that this server is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> RedisServer:
        """Starts it; if another program snatches the free port, on the next."""
        for port in [self.port] if self.port else [free_port() for _ in range(_TRIES)]:
            places = ["--bind", "127.0.0.1", "--dir", str(self.folder), "--logfile", "log", "--port", str(port)]
            self.process = subprocess.Popen([EXECUTABLE, *places, "--save", "", *self.options])
            if self._is_ready(port):
                self.port = port
                return self
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        """Ends it at once; what it held in memory is gone."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Makes it take connections and never answer."""
        self.process.send_signal(signal.SIGSTOP)

    def client(self, **options) -> redis.Redis:
        """A client, to look behind the store."""
        return redis.Redis(port=self.port, **options)

    def configure(self, **settings) -> None:
        """Changes settings while it runs."""
        with self.client() as client:
            for name, value in settings.items():
                client.config_set(name, value)

    def _is_ready(self, port: int) -> bool:
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.005)
            else:
                return self.process.poll() is None
        self.kill()
        return False


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
