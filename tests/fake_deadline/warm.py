"""Calls of ``deadlinecommand`` branch off from one process that has imported the fake Deadline, where it runs.

Imports are most of what a call costs. The process that the caller starts hands its streams, folder and environment to
the one that does the work. It ends with the same exit code, and if it is killed, so is the other.
"""

from __future__ import annotations

import _socket  # As ``socket`` imports much more, which each call would pay for.
import marshal
import os
import sys

VARIABLE = "FAKE_DEADLINE_SERVER"
"""Names the environment variable with the process's address; fake Deadlines that are created meanwhile use it."""
_STREAMS = (0, 1, 2)
_SIZE = 4


def run(address: str, folder: str) -> None:
    """Has the call done over there, and exits as it did; returns where that is not possible."""
    request = marshal.dumps((folder, sys.argv, os.getcwd(), dict(os.environ), _umask()))
    streams = b"".join(stream.to_bytes(_SIZE, sys.byteorder) for stream in _STREAMS)
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(address)
        size = len(request).to_bytes(_SIZE, "big")
        connection.sendmsg([size], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    except OSError:  # It has ended, or belongs to another user; or a stream is closed.
        return
    connection.sendall(request)
    code = connection.recv(1)
    os._exit(code[0] if code else 1)


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


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
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, "socket"))
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
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
    size, ((_, _, data),), _, _ = connection.recvmsg(_SIZE, _socket.CMSG_SPACE(_SIZE * len(_STREAMS)))
    request = connection.recv(int.from_bytes(size, "big"), _socket.MSG_WAITALL)
    folder, sys.argv[:], cwd, environment, umask = marshal.loads(request)
    for stream in _STREAMS:
        theirs = int.from_bytes(data[_SIZE * stream : _SIZE * (stream + 1)], sys.byteorder)
        os.dup2(theirs, stream)
        os.close(theirs)
    os.chdir(cwd)
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)
    return str(folder)
