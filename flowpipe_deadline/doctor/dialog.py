"""Check of the Python that opens the submit dialog for hosts and the Monitor."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Optional

from ..core.errors import words_of
from ..core.shipped import shipped_folder
from .recorder import RecordedCommand
from .report import Check

_MAIN = shipped_folder("submission/Flowpipe/Main")
_TIMEOUT = 120.0  # Seconds for its imports, which come from a network in many studios.


def check_dialog(command: Optional[RecordedCommand]) -> Check:
    """Whether it is configured, is on this machine, and has what the dialog needs."""
    name = "dialog"
    # The client that hosts load is not a module of this package.
    client = SimpleNamespace(**runpy.run_path(str(_MAIN / "flowpipe_client.py")))
    configured = os.environ.get(client.PYTHON_VARIABLE) or _read_setting(command)
    if configured is None:
        advice = "see the checks script connection and plugin, or set it: Configure Plugins > Flowpipe > Dialog Python"
        return Check(name, "unknown", "Deadline does not tell the plugin's setting Dialog Python", advice)
    try:
        python = client.choose_python(configured)
        run = [python, "-c", "import PySide6.QtWidgets, flowpipe_deadline.cli.dialog"]
        options = {"env": client.dialog_environment(), "cwd": Path(python).parent, "timeout": _TIMEOUT}
        result = subprocess.run(run, capture_output=True, text=True, errors="replace", check=False, **options)
    except client.ClientError as error:
        return Check(name, "warning" if configured else "ok", str(error))
    except OSError as error:
        return Check(name, "warning", f"{python} cannot be started: {words_of(error)}", "mend that setting")
    except subprocess.TimeoutExpired:
        advice = "see how long it takes to import PySide6 there"
        return Check(name, "warning", f"{python} did not import what the dialog needs in {_TIMEOUT:g} s", advice)
    if result.returncode != 0:
        said = "".join(result.stderr.strip().splitlines()[-1:])
        advice = f'install it there:  "{python}" -m pip install -U "flowpipe-deadline[dialog]"'
        return Check(name, "warning", f"{python} cannot open it: {said}", advice)
    return Check(name, "ok", f"{python} can open it")


def _read_setting(command: Optional[RecordedCommand]) -> Optional[str]:
    """The plugin's setting; None if Deadline does not say."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "answer.json")
        if command is not None:
            command(["-ExecuteScriptNoGui", str(_MAIN / "FlowpipeDialog.py"), str(answer)])
        return json.loads(answer.read_bytes()).get("DialogPython") if answer.exists() else None
