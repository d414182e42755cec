"""Runs of the harness: a Python with .NET, the compiled shim, and scenarios played in a process of their own.

The environment is kept in the user's cache folder: it has 105 MB. What cannot be had skips the tests that need it.
``python dotnet_runs.py`` makes it, for a network that is slower than a test may be.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import platformdirs
import pytest
from dotnet_driver import RUNTIME

fcntl = pytest.importorskip("fcntl")  # Debian's compiler is what builds the shim.

HERE = Path(__file__).parent
SHIM = HERE / "DeadlineShim.cs"
# Deadline 10.3 has a pythonnet 3; the plugin was also tried on others (hosts and tooling, section 5.4).
PACKAGES = ("pythonnet==3.2.1", "dotnetcore2==3.1.23")
_SECONDS = 300 if __name__ == "__main__" else 50
CACHE = platformdirs.user_cache_path("flowpipe-deadline-tests")


@contextmanager
def locked(path):
    """One process at a time: tests run in several."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def python_with_dotnet():
    """The executable of an environment with pythonnet and .NET Core; it is made once, whole or not at all."""
    name = "dotnet-{}.{}-{}".format(*sys.version_info[:2], "-".join(PACKAGES))
    folder = CACHE / name
    python = folder / "bin" / "python"
    with locked(CACHE / (name + ".lock")):
        if not python.exists():
            new = Path(tempfile.mkdtemp(prefix="new-", dir=CACHE))
            try:
                _run(sys.executable, "-m", "venv", new)
                _run(new / "bin" / "python", "-m", "pip", "install", "-q", PACKAGES[0])
                _run(new / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", PACKAGES[1])
                new.rename(folder)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    return python


def compiled_shim():
    """The folder with the compiled shim; it is compiled once for each text that it has."""
    if shutil.which("mcs") is None:
        pytest.skip("there is no mcs on this machine (Debian: apt-get install mono-mcs)")
    name = "shim-" + hashlib.sha256(SHIM.read_bytes()).hexdigest()[:16]
    folder = CACHE / name
    with locked(CACHE / (name + ".lock")):
        if not folder.exists():
            new = Path(tempfile.mkdtemp(prefix="new-", dir=CACHE))
            (new / "rt.json").write_text(json.dumps(RUNTIME))
            library = new / "Deadline.Shim.dll"
            _run("mcs", "-target:library", "-r:System.dll", "-r:System.Core.dll", f"-out:{library}", SHIM)
            new.rename(folder)
    return folder


def _run(*command):
    words = [str(word) for word in command]
    try:
        subprocess.run(words, capture_output=True, text=True, check=True, timeout=_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"no .NET for tests: {error}: {getattr(error, 'stderr', '')}")


def play(mode, scenarios, *, python=None, variables=None):
    """What came of each scenario in one process with .NET (see ``dotnet_driver``)."""
    command = [python or python_with_dotnet(), HERE / "dotnet_driver.py", compiled_shim(), mode]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(
        [str(word) for word in command],
        input=json.dumps(scenarios),
        capture_output=True,
        text=True,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})},
        check=False,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout.splitlines()[-1])


if __name__ == "__main__":
    print(python_with_dotnet(), compiled_shim())
