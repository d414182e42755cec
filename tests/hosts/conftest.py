"""A farm with the client installed, and programs that stand in for the dialog's Python."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from functools import partial

import pytest
from host_runs import CLIENT, write_python
from pythons import HOST_VERSIONS, find_python

from flowpipe_deadline.core.shipped import shipped_folder
from tests.fake_deadline.operations import FakeDeadline


@pytest.fixture(params=HOST_VERSIONS)
def host_python(request):
    """An interpreter as a host application would bring it."""
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"this machine has no Python {request.param}")
    return python


@pytest.fixture
def farm(tmp_path, monkeypatch):
    """A fake Deadline with the plugin and the client; this process finds it as hosts do."""
    with FakeDeadline.create(tmp_path / "die Bühne") as deadline:
        for folder in ("submission/Flowpipe/Main", "plugins/Flowpipe"):
            shutil.copytree(shipped_folder(folder), deadline.root / "custom" / folder, dirs_exist_ok=True)
        monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
        yield deadline


@pytest.fixture
def proxy(monkeypatch):
    """The proxy in a host that has just been started."""
    spec = importlib.util.spec_from_file_location("flowpipe_proxy", CLIENT / "flowpipe_proxy.py")
    module = importlib.util.module_from_spec(spec)
    before = dict(sys.modules)
    monkeypatch.setitem(sys.modules, "flowpipe_proxy", module)
    spec.loader.exec_module(module)
    yield module
    for name in set(sys.modules) - set(before):
        if name.startswith("flowpipe_") and not name.startswith("flowpipe_deadline"):
            del sys.modules[name]


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files; what is left there was forgotten."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def make_python(tmp_path):
    """Makes programs that stand in for the dialog's Python, in a folder with blanks and umlauts."""
    return partial(write_python, tmp_path / "Pythön 3 (x64)")
