"""Runs of the plugin under Deadline's Python, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
PLUGIN = TESTS.parents[1] / "plugins" / "Flowpipe"


def drive(
    python, bundle, node, frames=(), *, evaluator=sys.executable, plugin=PLUGIN, strict=True, more=None, **answers
):
    """What the plugin reported of one task; ``answers`` play unknowns of Deadline, ``more`` is as the driver has it."""
    words = [str(bundle.folder), node, json.dumps(frames), evaluator, json.dumps(answers if strict else None)]
    command = [python, str(TESTS / "plugin_driver.py"), *words, str(plugin), json.dumps(more or {})]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])
