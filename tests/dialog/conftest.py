"""The dialog on a machine of its own: its user's folder, a studio, and a fake Deadline."""

from __future__ import annotations

import os

import pytest
from dialogs import SHOT, write_studio

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # Without a display, Qt ends the whole run.


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A folder for the user's settings."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    monkeypatch.setenv("APPDATA", str(folder / "config"))
    return folder


@pytest.fixture
def studio(tmp_path, monkeypatch):
    """A studio with the workflow ``shot``."""
    return write_studio(tmp_path, monkeypatch, shot=SHOT)


@pytest.fixture
def farm(deadline, studio, monkeypatch):
    """A fake Deadline that this machine submits to, and whose workers see the disk of this machine."""
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    monkeypatch.setenv("FLOWPIPE_DEADLINE_TOLERATE", "local-root")
    return deadline
