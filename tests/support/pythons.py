"""The Pythons that Deadline and host applications bring, as far as this machine has them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

VERSIONS = ("3.7", "3.10")
"""Those of Deadline 10.2 and of 10.3 and later (submission, section 8)."""
_EVERY = os.environ.get("FLOWPIPE_PYTHONS") == "every"
HOST_VERSIONS = ("3.7", "3.9", "3.10", "3.11", "3.12", "3.13") if _EVERY else ("3.7", "3.13")
"""Those of host applications: the oldest and the newest, and those between if FLOWPIPE_PYTHONS is ``every``."""


@functools.cache
def find_python(version):
    """The newest interpreter of that version: on the path, or one of pyenv's."""
    installed = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    found = shutil.which(f"python{version}")
    if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
        return found
    return str(installed[-1]) if installed else None
