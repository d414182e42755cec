"""Fixtures for all tests."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path

import pytest
import thousands
import warm_python
from direct_farm import DirectClient
from flowpipe import Graph
from flowpipe.graph import reset_default_graph
from hypothesis import HealthCheck, settings
from installed import build_sdist, build_wheel, install_wheel, make_bare_python, run_installed
from memory import keep_in_memory
from once import fill_once
from pythons import VERSIONS, find_python
from random_examples import THOROUGH
from redis_server import EXECUTABLE, RedisServer
from submissions import TerseClient, Worker
from web_services import make_certificates

from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.warm import start
from tests.fake_deadline.web import serve

# How long anything takes on a machine that is busy says nothing about what is tested.
settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("usual"), max_examples=THOROUGH)
settings.load_profile("usual")

# What is imported and collected stays to the end: until the tests begin, there is no garbage to look for.
gc.disable()
# No studio file of the machine that the tests run on, also not in the processes that they start.
os.environ["FLOWPIPE_DEADLINE_CONFIG"] = os.devnull
# What they import is compiled once, not by each of them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A shell has what it runs in the background ignore Ctrl+C, and the processes of the tests would, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Nothing here multiplies matrices, and each process that imports numpy would start threads for that.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
keep_in_memory()
start()
warm_python.install()
thousands.prepare()
FRESH = (
    *("dotnet", "installation", "standins"),
    *("test_compatibility.py", "test_real_hosts.py", "test_timeouts.py"),
)
"""Folders and files whose tests are about workers and interpreters, which are fresh processes there."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Two more than there are processors, as many tests wait for processes."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_finish():
    """What was collected stays to the end: from here on, garbage is looked for, seldom, among what tests make."""
    gc.set_threshold(20_000, 20, 100)
    gc.freeze()
    gc.enable()


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
    """A fake Deadline without a job."""
    with FakeDeadline.create(tmp_path / "a farm", pools=["none", "comp"], limits=["nuke"]) as created:
        yield created


@pytest.fixture
def service(deadline):
    """Its Web Service."""
    with serve(deadline) as web:
        yield web


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


@pytest.fixture(scope="session")
def installed_package(tmp_path_factory) -> Path:
    """A folder that this version was installed into, from a wheel made of the source distribution beside it."""

    def install(folder):
        install_wheel(build_wheel(build_sdist(folder), folder), folder / "packages")

    return fill_once(tmp_path_factory.getbasetemp(), "installed", install) / "packages"


@pytest.fixture(scope="session")
def farm_repository(installed_package, tmp_path_factory) -> Path:
    """A repository that the installed package has installed into; it is not to be changed."""

    def install(folder):
        result = run_installed(installed_package, "install", folder)
        assert result.returncode == 0, result.stderr

    return fill_once(tmp_path_factory.getbasetemp(), "repository", install)


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory) -> str:
    """An interpreter that has nothing but the standard library."""
    return make_bare_python(tmp_path_factory.mktemp("bare"))


@pytest.fixture(params=[DirectClient, TerseClient], ids=["told", "not told"])
def client(request, deadline):
    """A way to the fake Deadline, which tells how many tasks are done, or does not."""
    return request.param(deadline)


@pytest.fixture
def job_ids(client, bundle):
    """The IDs of the bundle's jobs, once it is submitted."""
    return submit_to(client, bundle)


@pytest.fixture
def worker(deadline, bundle, job_ids):
    """Whoever renders it."""
    return Worker(deadline, bundle, job_ids)


@pytest.fixture(autouse=True)
def _warm_processes(request, monkeypatch):
    """Workers and interpreters that are not what a test is about branch off from a process that is warm."""
    if not set(FRESH) & set(request.path.relative_to(Path(__file__).parent).parts):
        monkeypatch.setenv(warm_python.VARIABLE, warm_python.address())


@pytest.fixture
def fresh_processes(monkeypatch, _warm_processes):
    """Workers and interpreters are fresh processes, as the test is about them."""
    monkeypatch.delenv(warm_python.VARIABLE, raising=False)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    """No proxy of the machine stands between."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A studio's own authority, and certificates that it signed: the service's, and a client's."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
