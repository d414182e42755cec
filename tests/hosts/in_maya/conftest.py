"""A Maya that records what it is asked, and what is loaded in it."""

from __future__ import annotations

import sys

import pytest
from fake_maya import FakeMaya
from maya_product import LOADED, MAIN, MODULE, load, load_recording_client
from maya_stubs import Stubs, find_stubs


@pytest.fixture(scope="session")
def stubs():
    """The published stubs of Maya's commands."""
    path = find_stubs()
    if path is None:
        pytest.skip("there are no stubs of Maya: pip install types-maya")
    return Stubs(path)


@pytest.fixture
def maya(stubs, tmp_path, monkeypatch):
    """A Maya with an untitled scene; it has refused nothing when the test ends."""
    created = FakeMaya(stubs, tmp_path)
    for name, module in created.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in LOADED:
        sys.modules.pop(name, None)
    yield created
    for name in LOADED:
        sys.modules.pop(name, None)
    assert created.refused == []


@pytest.fixture
def client(maya):
    """The client that all hosts share."""
    return load_recording_client()


@pytest.fixture
def flowpipe_maya(client):
    """The current client for Maya."""
    return load(MAIN / "flowpipe_maya.py")


@pytest.fixture
def shelf(maya):
    """What is installed in Maya."""
    sys.path.insert(0, str(MODULE / "scripts"))
    return load(MODULE / "scripts" / "flowpipe_shelf.py")
