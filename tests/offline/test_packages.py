"""The archive of packages that goes to the farm."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import flowpipe_deadline
from flowpipe_deadline.offline.packages import (
    LightPackages,
    PackagingError,
    deadline_modules,
    read_light_packages,
    worker_modules,
)

PACKAGE = Path(flowpipe_deadline.__file__).parent


@pytest.fixture(scope="module")
def packages():
    """The packages as they are installed here."""
    return read_light_packages()


@pytest.fixture(scope="module")
def archive(packages, tmp_path_factory):
    """The archive as a file."""
    path = tmp_path_factory.mktemp("archive") / "packages.zip"
    path.write_bytes(packages.archive())
    return path


def names_in(data):
    """The names in an archive, in order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def import_all(python, archive, names):
    """The errors of an interpreter that has only the archive, and imports these files from it."""
    modules = sorted(name[: -len(".py")].replace("/", ".") for name in names)
    code = f"import importlib\nfor name in {modules!r}:\n    importlib.import_module(name)"
    command = [python, "-S", "-c", code]
    return subprocess.run(command, env={"PYTHONPATH": str(archive)}, capture_output=True, text=True, check=False).stderr


OPTIONAL = "flowpipe_deadline/results/redis/store.py"
"""It needs the Redis client, which the farm may have or not."""


def test_all_of_it_imports_where_nothing_is_installed(archive):
    """Every module that is in it, in an interpreter that has the standard library only."""
    names = {name for name in names_in(archive.read_bytes()) if name.endswith(".py")} - {OPTIONAL}

    assert import_all(sys.executable, archive, names) == ""


def test_deadlines_own_python_imports_what_is_meant_for_it(archive, deadline_python):
    """All that the submission script leads to; flowpipe itself needs a newer Python."""
    names = {f"flowpipe_deadline/{name}" for name in deadline_modules()} - {OPTIONAL}

    assert import_all(deadline_python, archive, names) == ""


def test_it_holds_what_workers_need_and_no_more(packages):
    """No submitter's code, no types, nothing compiled."""
    own = {name for name in packages.files if name.startswith("flowpipe_deadline/")}

    assert own == {f"flowpipe_deadline/{name}" for name in worker_modules() | deadline_modules()}
    assert {name.partition("/")[0] for name in packages.files} == {
        "ascii_canvas",
        "flowpipe",
        "flowpipe_deadline",
        "packages.json",
        "typing_extensions.py",
    }
    assert not own & {"flowpipe_deadline/planning/planner.py", "flowpipe_deadline/cli/main.py"}
    assert {Path(name).suffix for name in packages.files} == {".py", ".json"}


def test_what_is_loaded_is_what_was_computed(archive):
    """An evaluator in an interpreter that has the archive alone loads nothing of ours that is not expected there."""
    code = (
        "import sys\nsys.path.append(sys.argv[1])\nimport flowpipe_deadline.evaluator.__main__\n"
        "print(*(name.replace('.', '/') for name in sys.modules if name.partition('.')[0] == 'flowpipe_deadline'))"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", code, str(archive)], capture_output=True, text=True, check=True
    )
    expected = {f"flowpipe_deadline/{name[: -len('.py')]}".replace("/__init__", "") for name in worker_modules()}

    assert set(result.stdout.split()) <= expected


def test_it_says_what_is_in_it(packages):
    """By distribution."""
    listed = json.loads(packages.files["packages.json"])["versions"]

    assert listed == {name: importlib.metadata.version(name) for name in listed}
    assert set(listed) == {"flowpipe-deadline", "flowpipe", "ascii-canvas", "typing_extensions"}
    assert packages.versions["flowpipe-deadline"] == listed["flowpipe-deadline"]


def test_the_same_contents_are_the_same_bytes(packages):
    """Whenever it is made, and in whatever order files were found."""
    backwards = LightPackages(packages.versions, dict(reversed(packages.files.items())))

    assert backwards.archive() == packages.archive() == read_light_packages().archive()
    assert names_in(packages.archive()) == sorted(packages.files)


def read_elsewhere(path, *, code="read_light_packages()"):
    """The output of an interpreter that finds packages in these folders first."""
    code = f"from flowpipe_deadline.offline.packages import *\n{code}"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


def test_a_checkout_that_is_not_installed_knows_its_version(tmp_path):
    """From its setup.cfg."""
    code = (
        "import importlib.metadata as m, sys\n"
        "sys.path = [path for path in sys.path if 'site-packages' not in path]\n"
        "print(read_light_packages().versions['flowpipe-deadline'])"
    )
    for name in ("flowpipe", "ascii_canvas"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "typing_extensions.py").touch()

    result = read_elsewhere([PACKAGE.parent, tmp_path], code=code)

    assert result.stdout.strip() == importlib.metadata.version("flowpipe-deadline"), result.stderr


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("__init__.so", id="a package that is a library"),
        pytest.param("fast.abi3.so", id="a package with a library in it"),
    ],
)
def test_packages_that_are_not_pure_python_are_refused(tmp_path, name):
    """They would only work with one Python version and system."""
    package = tmp_path / "ascii_canvas"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / name).touch()

    result = read_elsewhere([tmp_path, PACKAGE.parent])

    assert f"ascii_canvas cannot be carried to the farm: {package / name} is not pure Python" in result.stderr


def test_a_missing_package_is_said_with_what_brings_it():
    """As flowpipe does not ask for typing_extensions, though it needs it."""
    code = "import sys\nsys.modules['typing_extensions'] = None\nread_light_packages()"

    result = read_elsewhere([PACKAGE.parent], code=code)

    assert "needs typing_extensions, which is not installed here: pip install typing_extensions" in result.stderr


def test_its_error_is_one_of_the_family():
    """The command line prints it as one line."""
    assert issubclass(PackagingError, flowpipe_deadline.FlowpipeDeadlineError)
