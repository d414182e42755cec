"""Workers of the dialog that branch off from one process that has imported them: imports are most of what one costs.

What the dialog starts hands its streams, folder and environment to a branch, and ends as the branch does; if it is
killed, so is the branch. Where that is not possible, it becomes a worker itself.
"""

from __future__ import annotations

import _socket  # As ``socket`` imports much more, which each worker would pay for.
import marshal
import os
import sys

_STREAMS = (0, 1, 2)
_SIZE = 4
_LATER = (
    *("flowpipe_deadline.studio.checks", "flowpipe_deadline.studio.toml", "flowpipe_deadline.submit.submit"),
    *("importlib.metadata", "docstring_parser"),
)
"""What workers import once they are asked."""


def command() -> tuple[str, ...]:
    """What Python runs in place of ``flowpipe_deadline.dialog.WORKER``."""
    from flowpipe_deadline.dialog import WORKER

    return ("-IS", os.path.abspath(__file__), _address(), sys.executable, *WORKER) if hasattr(os, "fork") else WORKER


def hand_over(address: str, *cold: str) -> None:
    """Ends as the branch does."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except OSError:
        os.execv(cold[0], cold)  # What the dialog would have started.
    request = marshal.dumps((os.getcwd(), dict(os.environ)))
    streams = b"".join(stream.to_bytes(_SIZE, sys.byteorder) for stream in _STREAMS)
    size = len(request).to_bytes(_SIZE, "big")
    connection.sendmsg([size], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(request)
    for stream in _STREAMS:
        os.close(stream)
    status = int.from_bytes(connection.recv(_SIZE, _socket.MSG_WAITALL), "big")
    if os.WIFSIGNALED(status):
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def _address() -> str:
    """The process's address; it is started if need be, and ends with this one."""
    import atexit
    import subprocess
    import tempfile

    if not _servers:
        folder = tempfile.mkdtemp(prefix="workers-")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), "--serve", folder],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        atexit.register(process.communicate)
        _servers.append(os.path.join(folder, "socket"))
        while not os.path.exists(_servers[0]) and process.poll() is None:
            os.sched_yield()
    return _servers[0]


_servers: list[str] = []


def serve(folder: str) -> None:
    """Branches off a process for each connection, until stdin is closed."""
    import gc
    import importlib
    import selectors
    import shutil
    import signal
    import socket

    worker = importlib.import_module("flowpipe_deadline.dialog.worker")
    for name in _LATER:
        importlib.import_module(name)
    own_path = sys.path[1:]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{folder}/partial")
    listener.listen(64)
    os.rename(f"{folder}/partial", f"{folder}/socket")
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer.fileno())
    gc.freeze()
    children: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as waiting:
        for each in (sys.stdin, listener, reader):
            waiting.register(each, selectors.EVENT_READ)
        while sys.stdin not in (ready := [key.fileobj for key, _ in waiting.select()]):
            for each in ready:
                if each is listener:
                    connection, _ = listener.accept()
                    request = _receive(connection)
                    child = os.fork()
                    if child == 0:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        for inherited in (listener, reader, writer, waiting, connection, *children.values()):
                            inherited.close()
                        _become(*request, own_path)
                        worker.main()
                    for stream in request[0]:
                        os.close(stream)
                    children[child] = connection
                    waiting.register(connection, selectors.EVENT_READ)
                elif each is not reader:  # Who waits for the branch has ended.
                    (child,) = [child for child, connection in children.items() if connection is each]
                    os.kill(child, signal.SIGKILL)
                    waiting.unregister(each)
            with _nothing_more():
                reader.recv(1000)
            for child, status in _ended():
                connection = children.pop(child)
                with _nothing_more():
                    waiting.unregister(connection)
                with connection, _nothing_more():
                    connection.sendall(status.to_bytes(_SIZE, "big"))
    shutil.rmtree(folder)


def _nothing_more():
    from contextlib import suppress

    return suppress(OSError, KeyError)


def _ended():
    """The branches that have ended, with their statuses."""
    with _nothing_more():
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            yield found


def _receive(connection):
    """The streams of who started a worker, and the folder and environment."""
    size, ((_, _, data),), _, _ = connection.recvmsg(_SIZE, _socket.CMSG_SPACE(_SIZE * len(_STREAMS)))
    request = connection.recv(int.from_bytes(size, "big"), _socket.MSG_WAITALL)
    parts = (data[start : start + _SIZE] for start in range(0, len(data), _SIZE))
    return ([int.from_bytes(part, sys.byteorder) for part in parts], *marshal.loads(request))


def _become(streams, cwd, environment, own_path):
    """Takes over all of that."""
    for theirs, stream in zip(streams, _STREAMS):
        os.dup2(theirs, stream)
        os.close(theirs)
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:] = [*filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)), *own_path]
    sys.argv[:] = ["-c"]


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2])
    hand_over(*sys.argv[1:])
