"""The executables in a fake Deadline's ``bin`` folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .warm import VARIABLE

_LONGEST_INTERPRETER = 120  # Linux reads 127 characters of a script's first line, older ones with what follows.
_BODY = """\
{warm}
import sys

sys.path.insert(0, {package!r})

from tests.fake_deadline.command import main

sys.exit(main({folder!r}))
"""
_HAND_OVER = Path(__file__).with_name("hand_over.py")
# It ignores files in the current folder, a host's variables for its own Python, and site-packages.
_OPTIONS = "-IS"


def write_executables(folder: Path) -> None:
    """Writes ``deadlinecommand`` into the folder's ``bin``, for this Python; on Windows, a batch file beside it."""
    package = str(Path(__file__).absolute().parents[2])
    path = folder / "bin" / "deadlinecommand"
    path.parent.mkdir(parents=True, exist_ok=True)
    address = os.environ.get(VARIABLE)
    warm = "" if address is None else f"{_HAND_OVER.read_text()}\n\nhand_over({address!r}, {str(folder)!r})\n"
    body = _BODY.format(package=package, folder=str(folder), warm=warm)
    path.write_text(_first_line(sys.executable) + body, encoding="utf-8")
    path.chmod(0o755)
    if os.name == "nt":
        batch = f'@"{sys.executable}" {_OPTIONS} "%~dp0deadlinecommand" %*\n'
        (folder / "bin" / "deadlinecommand.cmd").write_text(batch, encoding="utf-8")


def _first_line(interpreter: str) -> str:
    """Makes the system run the script by this Python, by way of the shell where the path does not fit."""
    if len(interpreter) <= _LONGEST_INTERPRETER and " " not in interpreter:
        return f"#!{interpreter} {_OPTIONS}\n"
    quoted = interpreter.replace('"', '\\"')
    return f"#!/bin/sh\n'''exec' \"{quoted}\" {_OPTIONS} \"$0\" \"$@\"\n' '''\n"
