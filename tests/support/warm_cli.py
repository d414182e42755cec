"""The command line, and scripts, in processes that branch off from one that has imported it: imports are most of what
they cost.

Each is a process of its own, with its own streams, folder and environment, and ends as one that was started does. What
only the start of an interpreter reads, such as ``PYTHONUTF8``, and another version of the package take a fresh process:
``branch`` then returns None.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import thousands
import warm_python

MAIN = "flowpipe_deadline.cli.main"
_WARM = (
    *("flowpipe_deadline.planning.planner", "flowpipe_deadline.evaluator.task", "flowpipe_deadline.offline.farm"),
    *("flowpipe_deadline.submit.submit", "flowpipe_deadline.preflight", "flowpipe_deadline.studio.connect"),
)
_SIZE = struct.Struct("!I")
_STARTS = ("LANG", "LC_", "PYTHON")
_PACKAGES = ("flowpipe_deadline", "flowpipe", "flowpipe.py", "click")


def branch(
    arguments: Sequence[str],
    *,
    cwd: str | None,
    env: Mapping[str, str] | None,
    timeout: float,
    script: str | None = None,
    is_together: bool = False,
    imported: tuple[str, ...] = (),
) -> subprocess.CompletedProcess | None:
    """What the command line, or the script, did; None where only a fresh process would do.

    ``is_together`` has its errors among its output, as in a terminal. A script of others branches off from a process
    of its own, which has imported these modules alone.
    """
    environment = dict(os.environ if env is None else env)
    if not hasattr(os, "fork") or not _is_alike(environment, _server(imported).environment):
        return None
    request = {"arguments": list(arguments), "cwd": str(cwd or os.getcwd()), "environment": environment}
    request["script"] = None if script is None else str(script)
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        files = [output.fileno(), (output if is_together else errors).fileno()]
        code = _server(imported).run(request, files, timeout=timeout)
        texts = [_text(file) for file in (output, errors)]
    return subprocess.CompletedProcess([MAIN, *arguments], code, *texts)


def _text(file):
    file.seek(0)
    return file.read().decode().replace(os.linesep, "\n")


def _is_alike(environment, warm) -> bool:
    """Whether an interpreter that started in the environment would be like the one that is warm."""
    if _started_with(environment) != _started_with(warm):
        return False
    added = [entry for entry in _python_path(environment) if entry not in _python_path(warm)]
    return not any(os.path.exists(os.path.join(entry, name)) for entry in added for name in _PACKAGES)


def _started_with(environment):
    return {key: text for key, text in environment.items() if key.startswith(_STARTS) and key != "PYTHONPATH"}


def _python_path(environment) -> list[str]:
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


@functools.cache
def _server(imported=()) -> Server:
    return Server(imported)


class Server:
    """The process that has imported the command line, or these modules, and does nothing but branch."""

    def __init__(self, imported: tuple[str, ...] = ()):
        self.environment = dict(os.environ)
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).absolute()), str(theirs.fileno()), *imported],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        atexit.register(self.close)

    def run(self, request, files, *, timeout) -> int:
        """The exit code of the command line that was run as requested."""
        body = json.dumps(request).encode()
        self._socket.settimeout(timeout)
        socket.send_fds(self._socket, [_SIZE.pack(len(body))], files)
        self._socket.sendall(body)
        try:
            answer = self._socket.recv(64)
        except BaseException:
            os.killpg(self._process.pid, signal.SIGKILL)
            self.close()
            raise
        return int(answer)

    def close(self):
        """Ends it."""
        _server.cache_clear()
        self._socket.close()
        self._process.wait()


def serve(connection) -> str | None:
    """Branches off a process for each request, until the other side closes; a branch returns its script."""
    own_path = [entry for entry in sys.path[1:] if entry not in _python_path(os.environ)]
    while True:
        head, files, _, _ = socket.recv_fds(connection, _SIZE.size, 2)
        if not head:
            sys.exit()
        (size,) = _SIZE.unpack(head)
        request = json.loads(connection.recv(size, socket.MSG_WAITALL))
        child = os.fork()
        if child == 0:
            connection.close()
            _become(request, files, own_path)
            return request["script"]
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _become(request, files, own_path):
    for file, stream in zip(files, (1, 2)):
        os.dup2(file, stream)
        os.close(file)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    script = request["script"]
    sys.path[:] = [os.path.dirname(script) if script else request["cwd"], *_python_path(os.environ), *own_path]
    sys.argv[:] = [script or MAIN, *request["arguments"]]
    importlib.invalidate_caches()


def _import_all():
    import flowpipe_deadline.cli
    from flowpipe_deadline.offline.packages import light_modules

    for module in pkgutil.iter_modules(flowpipe_deadline.cli.__path__, "flowpipe_deadline.cli."):
        if module.name != MAIN:
            importlib.import_module(module.name)
    for name in _WARM:
        importlib.import_module(name)
    # What it finds out of the package's own files, once for a process.
    light_modules()


if __name__ == "__main__":
    if sys.argv[2:]:
        for name in sys.argv[2:]:
            importlib.import_module(name)
    else:
        warm_python.install()
        thousands.prepare()
        _import_all()
    gc.disable()  # What branches off ends soon.
    gc.freeze()
    script = serve(socket.socket(fileno=int(sys.argv[1])))
    if script is None:
        warm_python.leave_after(lambda: runpy.run_module(MAIN, run_name="__main__", alter_sys=True))
    else:
        warm_python.leave_after(lambda: runpy.run_path(script, run_name="__main__"))
