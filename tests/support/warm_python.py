"""Python processes that branch off from one that has imported what they need: imports are most of what they cost.

The process that is started hands its streams, folder and environment to a branch, and ends as the branch does; if it
is killed, so is the branch. What only the start of an interpreter reads, such as ``PYTHONUTF8``, and another version of
the package take a fresh process.
"""

from __future__ import annotations

import _socket
import marshal
import os
import sys

from warm_client import SIZE, STREAMS

VARIABLE = "FLOWPIPE_WARM_PYTHON"
"""Names the environment variable with the address; without it, processes are fresh."""
MODULES = ("flowpipe_deadline.offline.worker", "flowpipe_deadline.evaluator")
"""What is run with ``-m``, and branches off."""
_IMPORTED = (
    *("flowpipe_deadline.dialog.worker", "flowpipe_deadline.offline.worker", "flowpipe_deadline.evaluator.__main__"),
    *("flowpipe_deadline.studio.checks", "flowpipe_deadline.studio.toml", "flowpipe_deadline.submit.submit"),
    *("importlib.metadata", "docstring_parser", "flowpipe"),
)
_STARTS = ("LANG", "LC_", "PYTHON")
_OF_PLUGIN = (("PYTHONUNBUFFERED", "1"), ("PYTHONIOENCODING", "utf-8"))
"""The plugin sets them for all interpreters; the warm process starts with them."""
_PACKAGES = ("flowpipe_deadline", "flowpipe", "flowpipe.py")
_HERE = os.path.abspath(__file__)
CLIENT = os.path.join(os.path.dirname(_HERE), "warm_client.py")
_addresses: list[str] = []
_known: dict[str, str] = {}
"""The variables that the warm process started with, once there is one."""


def warmed(command, environment=None) -> list[str]:
    """The command with which a branch does what this one would do; the same where only a fresh process would do."""
    environment = os.environ if environment is None else environment
    where = environment.get(VARIABLE)
    return [sys.executable, "-IS", CLIENT, where, *command] if where and _is_alike(environment) else command


def _is_alike(environment) -> bool:
    """Whether an interpreter that started in the environment would be like the one that is warm."""
    if _started_with(environment) != _started_with(_known):
        return False
    added = [entry for entry in _python_path(environment) if entry not in _python_path(_known)]
    return not any(os.path.isfile(entry) or _has_ours(entry) for entry in added)


def _has_ours(folder) -> bool:
    return any(os.path.exists(os.path.join(folder, name)) for name in _PACKAGES)


def _started_with(environment):
    told = {key: text for key, text in environment.items() if text and key.startswith(_STARTS)}
    return told.items() - {("PYTHONPATH", told.get("PYTHONPATH")), *_OF_PLUGIN}


def _python_path(environment) -> list[str]:
    return [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]


def install() -> None:
    """Has what this process starts with ``-m`` and one of ``MODULES`` branch off, where the variable is set."""
    import subprocess

    if not _known:
        _known.update(os.environ)

    class Popen(subprocess.Popen):
        def __init__(self, args, *others, **options):
            if isinstance(args, (list, tuple)) and _is_known(args):
                args = warmed(args, options.get("env"))
            super().__init__(args, *others, **options)

    subprocess.Popen = Popen


def _is_known(command) -> bool:
    words = [word for word in command[:4] if word != "-u"]
    return words[:2] == [sys.executable, "-m"] and len(words) > 2 and words[2] in MODULES


def address() -> str:
    """The address of a warm process, which is started once and ends with this one; empty where there cannot be one."""
    import atexit
    import subprocess
    import tempfile

    if _addresses or not hasattr(os, "fork"):
        return "".join(_addresses)
    folder = tempfile.mkdtemp(prefix="warm-python-")
    _known.update(os.environ)
    process = subprocess.Popen(
        [sys.executable, _HERE, folder],
        cwd=folder,
        env={**os.environ, **dict(_OF_PLUGIN)},
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    atexit.register(process.communicate)
    _addresses.append(os.path.join(folder, "socket"))
    return _addresses[0]


def serve(folder: str) -> list[str]:
    """Branches off a process for each connection, until stdin is closed; a branch returns, with its command."""
    import gc
    import importlib
    import shutil
    import socket

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, "socket"))
    listener.listen(64)
    _known.update(os.environ)
    for name in _IMPORTED:
        importlib.import_module(name)
    importlib.import_module("thousands").prepare()
    install()
    own_path = [entry for entry in sys.path[1:] if entry not in _python_path(_known)]
    gc.freeze()
    branched = _Tree(listener).grow()
    if branched is None:
        shutil.rmtree(folder)
        sys.exit()
    streams, command, *surroundings = branched
    _become(streams, own_path, *surroundings)
    return list(command)


class _Tree:
    """Branches, and the connections to those who wait for them."""

    def __init__(self, listener):
        import selectors
        import signal
        import socket

        self._listener = listener
        self._ended, self._wakes = socket.socketpair()
        self._waiting = selectors.DefaultSelector()
        self._branches = {}
        for end in (self._ended, self._wakes):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes.fileno(), warn_on_full_buffer=False)
        for each in (sys.stdin, listener, self._ended):
            self._waiting.register(each, selectors.EVENT_READ)

    def grow(self):
        """What a branch has received, in the branch; None once stdin is closed."""
        while sys.stdin not in (ready := [key.fileobj for key, _ in self._waiting.select()]):
            for each in ready:
                if each is self._listener:
                    received = self._branch_off()
                    if received is not None:
                        return received
                elif each is not self._ended:
                    self._cut(each)
            self._bury()
        return None

    def _branch_off(self):
        import selectors

        connection, _ = self._listener.accept()
        try:
            received = _receive(connection)
        except (ValueError, EOFError, TypeError, OSError):  # Who has connected was killed.
            connection.close()
            return None
        branch = os.fork()
        if branch == 0:
            self._leave(connection)
            return received
        for stream in received[0]:
            os.close(stream)
        self._branches[branch] = connection
        self._waiting.register(connection, selectors.EVENT_READ)
        return None

    def _leave(self, connection):
        """Forgets the tree, in a branch."""
        import signal

        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        own = (self._listener, self._ended, self._wakes, self._waiting)
        for inherited in (*own, connection, *self._branches.values()):
            inherited.close()

    def _cut(self, connection):
        """Who waits for the branch was killed."""
        import signal

        self._waiting.unregister(connection)
        for branch, waiting in self._branches.items():
            if waiting is connection:
                os.kill(branch, signal.SIGKILL)

    def _bury(self):
        """Tells those who wait how branches have ended."""
        from contextlib import suppress

        with suppress(OSError):
            self._ended.recv(1000)
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                connection = self._branches.pop(found[0])
                with suppress(KeyError):
                    self._waiting.unregister(connection)
                with connection, suppress(OSError):
                    connection.sendall(found[1].to_bytes(SIZE, "big"))


def _receive(connection):
    """The streams of who started a process, the command, and the surroundings."""
    size, ((_, _, data),), _, _ = connection.recvmsg(SIZE, _socket.CMSG_SPACE(SIZE * len(STREAMS)))
    request = connection.recv(int.from_bytes(size, "big"), _socket.MSG_WAITALL)
    parts = (data[start : start + SIZE] for start in range(0, len(data), SIZE))
    return ([int.from_bytes(part, sys.byteorder) for part in parts], *marshal.loads(request))


def _become(streams, own_path, cwd, environment, umask):
    """Takes over all of that."""
    import importlib

    for theirs, stream in zip(streams, STREAMS):
        os.dup2(theirs, stream)
        os.close(theirs)
    os.setsid()
    os.umask(umask)
    os.chdir(cwd)
    os.environb.clear()
    os.environb.update(environment)
    sys.path[:] = [*_python_path(os.environ), *own_path]
    importlib.invalidate_caches()


def leave_after(act) -> None:
    """Does it, and ends this process as Python does, but frees nothing: that takes longer than most of what is done."""
    import atexit
    from contextlib import suppress

    code = 0
    try:
        act()
    except SystemExit as ending:
        code = 0 if ending.code is None else ending.code
        if not isinstance(code, int):
            raise
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):
        for stream in filter(None, (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)):
            stream.flush()
        os._exit(code & 0xFF)
    sys.exit(code)  # Python says what it says where a stream cannot be written.


def run(command) -> None:
    """Does what Python does with these arguments."""
    import runpy

    sys.orig_argv[:] = command
    kind, what, *arguments = [word for word in command[1:] if word != "-u"]
    sys.path.insert(0, "" if kind == "-c" else os.getcwd())
    if kind == "-m":
        sys.argv[:] = [what, *arguments]
        for name in (what, f"{what}.__main__"):
            if not hasattr(sys.modules.get(name), "__path__"):
                sys.modules.pop(name, None)  # It is to run, and was only imported.
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = ["-c", *arguments]
        exec(what, {"__name__": "__main__"})


if __name__ == "__main__":
    branched = serve(sys.argv[1])
    leave_after(lambda: run(branched))
