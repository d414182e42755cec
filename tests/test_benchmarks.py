"""The benchmarks still run; with sizes so small, their numbers mean nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


def test_what_a_task_costs_is_measured_by_one_command():
    """A line for each part; here, for one that needs a single interpreter."""
    options = ["--only", "session", "--runs", "1", "--count", "2"]
    command = [sys.executable, str(CHECKOUT / "benchmarks" / "tasks.py"), *options]

    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout

    assert [line.split(";")[0] for line in printed.splitlines()] == ["a task in a kept session"]
