"""Nodes for the plugin on real .NET."""

from __future__ import annotations

import os
import subprocess
import sys
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
