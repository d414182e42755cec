"""Fixtures for all tests."""

from __future__ import annotations

import pytest
from flowpipe import Graph
from flowpipe.graph import reset_default_graph
from hypothesis import settings

settings.register_profile("thorough", max_examples=5000)


@pytest.fixture
def graph() -> Graph:
    """An empty graph."""
    return Graph(name="Test")


@pytest.fixture(autouse=True)
def _fresh_default_graph():
    """Nodes that one test leaves in the default graph are none of another's."""
    reset_default_graph()
    yield
    reset_default_graph()
