"""A browser for all tests of a process, and pictures to show in it."""

from __future__ import annotations

import pytest
from chromium import EXECUTABLE, MISSING, Chromium


@pytest.fixture(scope="session")
def _chromium(tmp_path_factory):
    if EXECUTABLE is None:
        pytest.skip(MISSING)
    browser = Chromium(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def browser(_chromium):
    """A real Chromium; a script that fails in it fails the test."""
    _chromium.errors.clear()
    _chromium.requested.clear()
    yield _chromium
    _chromium.run("sessionStorage.clear()")
    assert _chromium.errors == []
