"""Nodes for the plugin on real .NET."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

from flowpipe import Node


@Node(outputs=["count"])
def Count(count=0):
    """Prints so many numbered lines."""
    sys.stdout.write("".join(f"line {number}\n" for number in range(count)))
    return {"count": count}


@Node(outputs=["value"])
def Hang(value=None):
    """Starts a process, says its number, and waits for ever."""
    child = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])
    print("grandchild", child.pid, flush=True)
    time.sleep(300)


@Node(outputs=["home", "process"])
def Surroundings(frames=None):
    """What became of the Worker's variables, and the process."""
    return {"home": os.environ.get("PYTHONHOME"), "process": os.getpid()}


@Node(outputs=["process"])
def Leave(frames=None):
    """Ends its interpreter a moment after its task."""
    timer = threading.Timer(0.1, os._exit, (3,))
    timer.daemon = True  # Others are waited for.
    timer.start()
    return {"process": os.getpid()}


@Node(outputs=["value"])
def Kill(value=None):
    """Ends as one that the system kills."""
    os.kill(os.getpid(), signal.SIGKILL)


@Node(outputs=["paths"])
def Map(frames=None, path=""):
    """A path as it is here, for each frame."""
    return {"paths": [path for _ in frames]}


@Node(outputs=["value"])
def Forge(kinds=(), texts=("", "{", "7", "[]", "1e999999", "{}"), seconds=0.0):
    """Prints what looks like the evaluator's answers, in an interpreter that has one task."""
    with open(sys.argv[-1]) as file:
        token = json.load(file)["token"]
    for kind in kinds:
        for text in texts:
            print(f"[flowpipe:{token}] {kind} {text}")
    print("Progress: \u0663\u0664%")
    print("Progress: " + "9" * 5000 + "%", flush=True)
    time.sleep(seconds)
    return {"value": None}
