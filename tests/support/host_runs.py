"""Hosts as processes of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from flowpipe_deadline.core.shipped import shipped_folder

CLIENT = shipped_folder("submission/Flowpipe/Client")
_DRIVER = Path(__file__).with_name("host_driver.py")


def run_host(python, *arguments) -> str:
    """What a host prints that opens the dialog (host_driver.py)."""
    command = [python, "-W", "error", str(_DRIVER), str(CLIENT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
