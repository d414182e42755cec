"""Calls of ``deadlinecommand`` branch off from one process that has imported the fake Deadline, where it runs.

Imports are most of what a call costs. The process that the caller starts hands its streams, folder and environment to
the one that does the work. It ends with the same exit code, and if it is killed, so is the other.
"""

from __future__ import annotations

import _socket
import marshal
import os
import sys

from .hand_over import SIZE, STREAMS

VARIABLE = "FAKE_DEADLINE_SERVER"
"""Names the environment variable with the process's address; fake Deadlines that are created meanwhile use it."""
_BRANCHES = "FLOWPIPE_WARM_PYTHON"
"""Names the environment variable without which interpreters are fresh processes."""
_served: list[str] = []
"""The folder of the process that this one branched off from."""
_OF_SCRIPTS = (
    *("ast", "copy", "hashlib", "importlib.util", "inspect", "ipaddress", "locale", "pkgutil", "platform", "queue"),
    *("random", "runpy", "shutil", "subprocess", "tempfile", "textwrap", "traceback", "typing", "urllib.parse", "uuid"),
)
"""What scripts import of the standard library."""


def start() -> None:
    """Starts the process, unless there is one or cannot be; it ends with this one."""
    import atexit
    import subprocess
    import tempfile
    from pathlib import Path

    if VARIABLE in os.environ or not hasattr(os, "fork"):
        return
    folder = tempfile.mkdtemp(prefix="fake-deadline-")
    os.environ[VARIABLE] = os.path.join(folder, "socket")
    root = str(Path(__file__).absolute().parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from tests.fake_deadline.warm import serve; serve({folder!r})"
    server = subprocess.Popen([sys.executable, "-ISc", code], stdin=subprocess.PIPE, start_new_session=True)
    atexit.register(server.communicate)


def may_branch() -> bool:
    """Whether this process may have an interpreter branch off, instead of starting a fresh one."""
    return bool(_served) and bool(os.environ.get(_BRANCHES))


def serve(folder: str) -> None:
    """Branches off a process for each call, until stdin is closed."""
    import gc
    import importlib
    import select
    import shutil
    import signal
    import socket

    from .command import MODULES

    for name in MODULES:
        importlib.import_module(f".{name}", __package__)
    for name in _OF_SCRIPTS:
        importlib.import_module(name)
    _served.append(folder)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, "socket"))
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.disable()  # What branches off ends soon.
    gc.freeze()
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _answer(connection)
        connection.close()
    shutil.rmtree(folder)


def _answer(connection: _socket.socket) -> None:
    """Does the work of a call, and ends this process."""
    import signal
    import threading
    import traceback

    from .command import main

    def end_with_caller() -> None:
        connection.recv(1)
        if not is_done.is_set():
            os.killpg(0, signal.SIGKILL)  # And those that it has started, as who ends a call ends its process group.

    os.setsid()
    code, is_done = 1, threading.Event()
    try:
        folder = _become_caller(connection)
        threading.Thread(target=end_with_caller, daemon=True).start()
        code = main(folder)
    except BaseException:
        traceback.print_exc()
    is_done.set()
    connection.sendall(bytes([code & 0xFF]))
    os._exit(0)


def _become_caller(connection: _socket.socket) -> str:
    """Takes over all that the caller has; the fake Deadline's folder."""
    size, ((_, _, data),), _, _ = connection.recvmsg(SIZE, _socket.CMSG_SPACE(SIZE * len(STREAMS)))
    request = connection.recv(int.from_bytes(size, "big"), _socket.MSG_WAITALL)
    folder, sys.argv[:], cwd, environment, umask = marshal.loads(request)
    for stream in STREAMS:
        theirs = int.from_bytes(data[SIZE * stream : SIZE * (stream + 1)], sys.byteorder)
        os.dup2(theirs, stream)
        os.close(theirs)
    os.chdir(cwd)
    os.umask(umask)
    os.environb.clear()
    os.environb.update(environment)
    return str(folder)
