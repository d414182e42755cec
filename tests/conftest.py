"""Fixtures for all tests."""

from __future__ import annotations

import pytest
from flowpipe import Graph
from flowpipe.graph import reset_default_graph
from hypothesis import settings
from pythons import VERSIONS, find_python
from redis_server import EXECUTABLE, RedisServer

from flowpipe_deadline.offline.deadline.operations import OfflineDeadline

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


@pytest.fixture(params=VERSIONS)
def deadline_python(request):
    """An interpreter as Deadline would bring it."""
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"this machine has no Python {request.param}")
    return python


@pytest.fixture
def deadline(tmp_path):
    """An offline Deadline without a job."""
    with OfflineDeadline.create(tmp_path / "a farm", pools=["none", "comp"], limits=["nuke"]) as created:
        yield created


@pytest.fixture
def start_redis(tmp_path_factory):
    """Starts Redis servers, with options of ``redis-server`` if need be; they end with the test."""
    if EXECUTABLE is None:
        pytest.skip("there is no redis-server on this machine (Debian: apt-get install redis-server)")
    servers = []

    def start(*options):
        servers.append(RedisServer(tmp_path_factory.mktemp("redis") / "server", *options))
        return servers[-1].start()

    yield start
    for server in servers:
        server.kill()


@pytest.fixture
def redis_server(start_redis) -> RedisServer:
    """A Redis server."""
    return start_redis()
