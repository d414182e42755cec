"""This version as users have it: a wheel, installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_NOT_SOURCES = shutil.ignore_patterns(".*", "build", "dist", "tests", "__pycache__", "*.egg-info")


def build_wheel(folder: Path) -> Path:
    """A wheel of this checkout."""
    source = shutil.copytree(CHECKOUT, folder / "source", ignore=_NOT_SOURCES)  # Building leaves files behind.
    _pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install_wheel(wheel: Path, folder: Path) -> Path:
    """The folder that it was installed into, without what it needs."""
    _pip("install", "--no-deps", "--no-index", "--no-compile", "--target", folder, wheel)
    return folder


def run_installed(packages: Path, *arguments, **environment) -> subprocess.CompletedProcess:
    """The command line of the package that is installed in that folder, with what it needs from this environment."""
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(packages), **environment}
    return subprocess.run(command, capture_output=True, text=True, cwd=packages, env=env, check=False, timeout=110)


def make_bare_python(folder: Path) -> str:
    """An interpreter of this version that has nothing installed."""
    venv.create(folder, symlinks=os.name == "posix")
    return str(next(folder.glob("[bS][ic]*/python*")))


def _pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
