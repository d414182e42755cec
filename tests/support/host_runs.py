"""Hosts as processes of their own, and programs that stand in for the dialog's Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from flowpipe_deadline.core.shipped import shipped_folder

CLIENT = shipped_folder("submission/Flowpipe/Client")
_DRIVER = Path(__file__).with_name("host_driver.py")


def run_host(python, *arguments) -> str:
    """What a host prints that opens the dialog (host_driver.py)."""
    command = [python, "-W", "error", str(_DRIVER), str(CLIENT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def write_python(folder, *lines) -> Path:
    """A program in the folder that takes the arguments of the dialog's Python and runs these lines.

    They have ``facts_file``, and ``here``, the folder.
    """
    path = folder / "python"
    folder.mkdir()
    head = [
        f"#!{sys.executable} -IS",
        "import json, os, sys, time",
        "facts_file = sys.argv[5]",
        f"here = {str(folder)!r}",
    ]
    path.write_text("\n".join([*head, *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path
