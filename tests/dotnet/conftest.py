"""Fixtures for the plugin on real .NET."""

from __future__ import annotations

import json
import os

import pytest
from dotnet_runs import locked


@pytest.fixture(scope="session")
def play_once(tmp_path_factory):
    """Calls a function once for all of pytest's processes: a start of .NET takes as long as ten tests."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def play(function):
        folder = base / function.__name__
        said = folder / "said.json"
        with locked(base / f"{function.__name__}.lock"):
            if not said.exists():
                folder.mkdir(exist_ok=True)
                answer = function(folder)
                said.write_text(json.dumps(answer))
        return json.loads(said.read_text())

    return play
