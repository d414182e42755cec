"""This version as users have it: a source distribution, the wheel that is made of it, and that installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_NOT_SOURCES = shutil.ignore_patterns(".*", "build", "dist", "*-output", "__pycache__", "*.egg-info")


def build_sdist(folder: Path) -> Path:
    """A source distribution of this checkout."""
    source = shutil.copytree(CHECKOUT, folder / "source", ignore=_NOT_SOURCES)  # Building leaves files behind.
    _run("-c", "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])", folder, cwd=source)
    (sdist,) = folder.glob("*.tar.gz")
    return sdist


def build_wheel(sdist: Path, folder: Path) -> Path:
    """The wheel of a source distribution, as ``python -m build`` makes it."""
    unpacked = folder / "unpacked"
    _run("-m", "tarfile", "-e", sdist, unpacked)
    (source,) = unpacked.iterdir()
    _run("-c", "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])", folder, cwd=source)
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
    _run("-m", "pip", "-q", "--disable-pip-version-check", *arguments)


def _run(*arguments: object, cwd: Path | None = None) -> None:
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert result.returncode == 0, result.stdout + result.stderr
