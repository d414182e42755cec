"""Nodes that take their time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from flowpipe import Node


@Node(outputs=["value"])
def Late(folder, seconds):
    """Sleeps, and so does a process that it starts, whose number is in the folder."""
    child = subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({60 * seconds})"])
    (Path(folder) / str(child.pid)).touch()
    time.sleep(seconds)
    child.kill()
    child.wait()
    return {"value": seconds}
