"""A node that does to its interpreter what one hopes no node does; what it does is said for each frame."""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flowpipe import Node

from flowpipe_deadline import progress

try:
    import bpy  # At the top: bpy 4.5 does not end by itself if a module of this kind leaves a class registered.
except ImportError:
    bpy = None

used = []
leaked = []


@Node(outputs=["seen"], metadata={"batch_size": 1})
def Act(frames, acts, folder=None, after=None):
    """What the process was when the frame was evaluated: its number, how often this module was used, and its folder."""
    used.append(frames)
    folder_before = os.getcwd()
    for frame in frames:
        act = acts.get(frame, "nothing")
        if act not in ACTS:
            raise ValueError(f"the node does not know {act}")
        ACTS[act](Path(folder or "."))
    return {"seen": [(os.getpid(), len(used), folder_before)]}


def _report(_):
    progress(0.25, "a quarter")
    progress(0.3, "too early to be shown")
    time.sleep(0.11)
    progress(2.0, "more than all")


def _print_marks(_):
    print("[flowpipe:] done {}")
    print("[flowpipe:0123456789abcdef0123456789abcdef] error {}")
    print("[flowpipe:0123456789abcdef0123456789abcdef] done", end="")


def _print_much(_):
    for _ in range(20):
        sys.stdout.write("x" * (1 << 20))
    sys.stdout.flush()


def _print_from_c(_):
    """As libraries in C do, with a buffer of their own."""
    ctypes.CDLL(None).puts(b"by C")
    os.write(1, b"by its number\n")


def _register_class(_):
    if bpy is not None:

        class Left(bpy.types.Operator):
            bl_idname, bl_label = "flowpipe.left", "Left"

            def execute(self, _):
                return {"FINISHED"}

        bpy.utils.register_class(Left)


def _write_into_a_closed_pipe(_):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        os.write(writing, b"x")
    except BrokenPipeError:
        print("the pipe is broken")
    os.close(writing)


def _wrap_stdout(_):
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
    print("wrapped")


def _detach_stdout(_):
    sys.stdout.detach()


def _use_multiprocessing(_):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]


def _fork(_):
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)


def _raise_at_length(_):
    chatter = subprocess.Popen([sys.executable, "-c", "while True: print('chatter ' * 50, flush=True)"])
    try:
        time.sleep(0.2)
        raise RuntimeError("x" * 60_000)
    finally:
        threading.Timer(0.5, chatter.kill).start()


def _close_stdout(_):
    sys.stdout.close()
    os.closerange(1, 3)


def _replace_streams(folder):
    sys.stdout = sys.stderr = (folder / "stolen.txt").open("w", encoding="utf-8")
    os.dup2(sys.stdout.fileno(), 1)


def _close_all(_):
    os.closerange(0, 4096)


def _take_all(folder):
    """Its own files then have the numbers of what it closed."""
    os.closerange(0, 4096)
    for number in range(300):
        os.open(folder / f"own-{number}", os.O_WRONLY | os.O_CREAT)


def _make_non_blocking(_):
    async def connect():
        loop = asyncio.get_running_loop()
        await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "w"))

    asyncio.run(connect())
    print("y" * 100_000)


def _start_grandchild(folder):
    with (folder / "grandchild.txt").open("wb") as file:
        subprocess.run(["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!"], check=True, stdout=file)


def _use_default_graph(_):
    @Node(outputs=["value"])
    def inner():
        return {"value": 1}

    inner(name="inner")


def _import_installed(_):
    import jinja2  # noqa: F401


def _leave_traces(folder):
    os.environ["TRACE"] = "left"
    sys.path.append(str(folder))


def _find_traces(folder):
    found = [os.environ.get("TRACE"), str(folder) in sys.path]
    (folder / "traces.txt").write_text(repr(found), encoding="utf-8")


def _leave_work(folder):
    atexit.register((folder / "atexit.txt").touch)
    threading.Thread(target=lambda: (time.sleep(0.3), (folder / "thread.txt").touch())).start()


class _Application:
    """Shuts down with its process, if that lets it."""

    def __init__(self, file):
        self._file, self._touch = file, Path.touch

    def __del__(self):
        self._touch(self._file)


def _leave_long_work(folder):
    ThreadPoolExecutor().submit(time.sleep, 60)
    (folder / "began.txt").touch()


def _start_application(folder):
    sys.modules["__main__"].application = _Application(folder / "shut down.txt")


def _change_folder(folder):
    os.chdir(folder)


def _leak(_):
    leaked.append(bytearray(os.urandom(1)) * (64 << 20))


def _hold_in_a_cycle(_):
    held = [bytearray(os.urandom(1)) * (64 << 20)]
    held.append(held)


def _say_and_exit(_):
    print("the last thing it said")
    sys.stdout.flush()
    os._exit(3)


def _exit_after_a_while(_):
    time.sleep(0.5)  # That the task has begun is known by then.
    os._exit(3)


def _tell_path(folder):
    with (folder / "path.txt").open("a", encoding="utf-8") as file:
        print(len(sys.path), len(os.environ.get("PYTHONPATH", "")), file=file)


def _tell_variables(folder):
    (folder / "variables.txt").write_text(f"{os.environ['SHOW']}\n{os.environ['PYTHONPATH']}\n", encoding="utf-8")


def _raise_strangely(_):
    raise RuntimeError(os.fsdecode(b"no file \xff"))


def _raise(_):
    raise RuntimeError("this node fails")


def _report_for_ever(folder):
    (folder / "began.txt").touch()
    while True:
        time.sleep(0.02)
        progress(0.5)


def _wait(folder):
    (folder / "began.txt").touch()
    time.sleep(600)


ACTS = {
    "nothing": lambda _: None,
    "report": _report,
    "print progress": lambda _: print("Progress: 55%"),
    "print marks": _print_marks,
    "print much": _print_much,
    "print from C": _print_from_c,
    "register a class": _register_class,
    "write into a closed pipe": _write_into_a_closed_pipe,
    "print from C and raise": lambda _: (_print_from_c(_), _raise(_)),
    "close stdout and raise": lambda _: (_close_stdout(_), _raise(_)),
    "close all and raise": lambda _: (_close_all(_), _raise(_)),
    "print the folder": lambda _: print("PWD is", os.environ["PWD"]),
    "close stdin": lambda _: sys.stdin.close(),
    "wrap stdout": _wrap_stdout,
    "detach stdout": _detach_stdout,
    "use multiprocessing": _use_multiprocessing,
    "fork": _fork,
    "raise at length": _raise_at_length,
    "close stdout": _close_stdout,
    "replace streams": _replace_streams,
    "close all": _close_all,
    "take all": _take_all,
    "make non-blocking": _make_non_blocking,
    "start a grandchild": _start_grandchild,
    "use the default graph": _use_default_graph,
    "import what is installed": _import_installed,
    "leave traces": _leave_traces,
    "find traces": _find_traces,
    "leave work": _leave_work,
    "leave long work": _leave_long_work,
    "start an application": _start_application,
    "change folder": _change_folder,
    "leak": _leak,
    "hold in a cycle": _hold_in_a_cycle,
    "say and exit": _say_and_exit,
    "exit after a while": _exit_after_a_while,
    "tell the path": _tell_path,
    "tell variables": _tell_variables,
    "raise strangely": _raise_strangely,
    "raise": _raise,
    "wait": _wait,
    "report for ever": _report_for_ever,
    "kill itself": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "crash": lambda _: os.kill(os.getpid(), signal.SIGSEGV),
    "stop": lambda _: os.kill(os.getpid(), signal.SIGSTOP),
    "read input": lambda _: print(repr(sys.stdin.read()), repr(os.read(0, 10))),
    "exit": lambda _: sys.exit(4),
}
