"""The stand-ins run in every Python Deadline has had."""

from __future__ import annotations

import glob
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import flowpipe_deadline.offline.standins.sandbox as sandbox_module
from tests.fake_deadline import standins as kit

_VERSIONS = ("3.7", "3.8", "3.9", "3.10")
_REPORTS = [
    "INFO: Plugin rendering frame(s): 1,3",
    "WARNING: '<(?i)FRAMES>' has inline flags after its start: an error from Python 3.11",
    "PYTHON: frames 1,3",
    "PYTHON: y False",
    "progress 25.0",
    "STDOUT: Progress: 25%",
    "INFO: 3",
    "INFO: refused",
]


def interpreters():
    """An executable for each version that is installed, with pyenv or on PATH."""
    found = {}
    for version in _VERSIONS:
        candidates = sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python")))
        on_path = shutil.which(f"python{version}")
        for candidate in [*candidates, *([on_path] if on_path else [])]:
            answer = subprocess.run(
                [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                capture_output=True,
                text=True,
                check=False,
            )
            if answer.stdout.strip() == version:  # A shim on PATH may stand for a version that is not there.
                found.setdefault(version, candidate)
    return found


def reports_of(executable, folder):
    """The reports of the driver's plugin under an interpreter, with all warnings as errors."""
    driver = Path(__file__).with_name("drive_sandbox.py")
    answer = subprocess.run(
        [executable, "-E", "-W", "error", str(driver), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""
    return json.loads(answer.stdout)


def test_this_interpreter(tmp_path):
    """The driver's plugin reports everything."""
    assert reports_of(sys.executable, tmp_path) == _REPORTS


def test_interpreters_of_deadline(tmp_path):
    """Python 3.7 to 3.10 all do the same."""
    found = interpreters()
    if not found:
        pytest.skip("none of Python 3.7 to 3.10 is installed, neither with pyenv nor on PATH")

    reports = {}
    for version, executable in found.items():
        (tmp_path / version).mkdir()
        reports[version] = reports_of(executable, tmp_path / version)

    assert reports == dict.fromkeys(found, _REPORTS)


def test_standard_library_only():
    """Nothing below the stand-ins imports the package it lies in, or anything outside of the standard library."""
    folders = [Path(module.__file__).parent for module in (sandbox_module, kit)]
    own = {path.name.partition(".")[0] for folder in folders for path in (folder / "packages").iterdir()}
    imported = set()

    for path in [path for folder in folders for path in folder.rglob("*.py")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                imported.add(words[1].partition(".")[0].rstrip(","))

    assert imported <= own | sys.stdlib_module_names
