"""What is particular to results in Redis: addresses, keys, expiry, and servers that fail."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import farm_nodes as nodes
import pytest
from harness import evaluate_task, expected_outputs, run_cli, write_script
from redis_server import free_port

from flowpipe_deadline import plan_graph, read_bundle, read_results, run_bundle, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import MissingResultsError, StoreError, StoreUrlError
from flowpipe_deadline.results.redis.store import RedisLimits, RedisStore
from flowpipe_deadline.results.redis.url import PASSWORD_VARIABLE, USER_VARIABLE, RedisAddress
from flowpipe_deadline.results.store import ChunkResult

TESTS = Path(__file__).parents[1] / "support"
DAY = 24 * 60 * 60
SECRET = "correct-horse"


def store_of(server, *, options="", **more):
    """The store of a submission in that server."""
    return RedisStore(RedisAddress.parse(server.url + options), **{"submission": "Shot", **more})


def result(value="x", *, frames=None):
    """A result with one output."""
    frame_list = None if frames is None else FrameList.parse(frames)
    return ChunkResult(frames=frame_list, outputs={"out": {"value": value, "sub_plugs": {}}}, version=1)


def graph_of_two(graph, *, log=None):
    """A batched node, and one that takes its results."""
    render = nodes.Render(name="render", graph=graph, frames=range(1, 8), factor=2, metadata={"batch_size": 3})
    last = nodes.Wait(name="last", graph=graph, log=log)
    render.outputs["items"].connect(last.inputs["value"])
    return graph


def files_below(folder):
    """The content of all files below the folder, together."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache", RedisAddress("cache", 6379, 0, is_encrypted=False, prefix="flowpipe", days=30)),
        ("redis://10.0.0.1:1/", RedisAddress("10.0.0.1", 1, 0, is_encrypted=False, prefix="flowpipe", days=30)),
        (
            "rediss://cache.studio.example:6380/12?prefix=film:lighting&expire=7",
            RedisAddress("cache.studio.example", 6380, 12, is_encrypted=True, prefix="film:lighting", days=7),
        ),
        ("redis://[::1]:7/3", RedisAddress("::1", 7, 3, is_encrypted=False, prefix="flowpipe", days=30)),
    ],
)
def test_what_a_url_says(url, address):
    """Server, database and options, each with a default."""
    assert RedisAddress.parse(url) == address
    assert RedisAddress.parse(str(address)).port == address.port


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "'' is not a store; write 'files' or redis://host:port/db"),
        ("file", "'file' is not a store"),
        ("http://cache/0", "'http://cache/0' is not a store"),
        ("redis:cache", "is not a store"),
        ("redis://", "is not a store"),
        ("redis://cache:port/0", "is not a store: Port could not be cast"),
        ("redis://cache:99999", "is not a store: Port out of range"),
        ("redis://cache/first", "is not a store"),
        ("redis://cache/0/1", "is not a store"),
        ("redis://cache/-1", "is not a store"),
        ("redis://cache/0#x", "is not a store"),
        ("redis://ca che/0", "is not a store"),
        ("redis://" + "x" * 64, "is not a store"),
        ("redis://cache?expires=3", "has no option 'expires'; it has prefix and expire"),
        ("redis://cache?expire=0", "expire must be a whole number of days from 1 to 36500"),
        ("redis://cache?expire=1.5", "expire must be a whole number"),
        ("redis://cache?expire=", "expire must be a whole number"),
        ("redis://cache?expire=99999999999999999999", "expire must be a whole number"),
        ("redis://cache?prefix=", "its prefix must be 1 to 80 letters"),
        ("redis://cache?prefix=a*b", "its prefix must be 1 to 80 letters"),
    ],
)
def test_a_url_that_names_no_store_is_refused(tmp_path, graph, url, message):
    """With the reason, before anything is written."""
    nodes.Pass(name="node", graph=graph)

    with pytest.raises(StoreUrlError, match=message.replace("?", r"\?")):
        write_bundle(plan_graph(graph), root=tmp_path / "root", store=url)

    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{SECRET}@cache/0",
        f"redis://alice:{SECRET}@cache/0",
        f"redis://{SECRET}@cache",
        f"redis://alice:{SECRET}#/?@cache:port",
    ],
)
def test_a_password_in_a_url_is_refused(tmp_path, graph, url):
    """Everybody who sees the bundle could read it; the message says where it belongs, and does not repeat it."""
    nodes.Pass(name="node", graph=graph)

    with pytest.raises(StoreUrlError, match=f"set {PASSWORD_VARIABLE}") as caught:
        write_bundle(plan_graph(graph), root=tmp_path / "root", store=url)

    assert SECRET not in str(caught.value)
    assert not (tmp_path / "root").exists()


def test_the_keys(redis_server):
    """Prefix, submission and node; a field per chunk, and the nodes that have results."""
    store = store_of(redis_server, options="?prefix=film", submission="Shot-1")
    for frames in ("1-5", "6"):
        store.write("render", result(frames=frames), is_planned=True)
    store.write("publish", result(), is_planned=True)

    with redis_server.client(decode_responses=True) as client:
        assert set(client.keys()) == {"film:Shot-1", "film:Shot-1:render", "film:Shot-1:publish"}
        assert client.smembers("film:Shot-1") == {"render", "publish"}
        assert set(client.hkeys("film:Shot-1:render")) == {"1-5", "6"}
        assert json.loads(client.hget("film:Shot-1:publish", "whole"))["node"] == "publish"

    store.write("render", result(frames="2-3"))
    with redis_server.client(decode_responses=True) as client:
        assert client.smembers("film:Shot-1:render:.other-chunks") == {"2-3"}


@pytest.mark.parametrize(("options", "days"), [("", 30), ("?expire=2", 2)])
def test_a_submission_expires_as_a_whole(redis_server, options, days):
    """Counted from its last result: none of it goes while tasks are still running; others are not touched."""
    store = store_of(redis_server, options=options)
    store_of(redis_server, submission="Other").write("render", result())
    store.write("render", result())
    with redis_server.client() as client:
        for key in list(client.scan_iter()):
            client.expire(key, 100)

        store.write("publish", result())

        left = {key.decode(): client.ttl(key) for key in client.scan_iter()}
    assert {key for key, seconds in left.items() if seconds <= 100} == {
        f"flowpipe:Other{rest}" for rest in ("", ":render", ":render:.other-chunks")
    }
    assert all(days * DAY - 60 < seconds <= days * DAY for seconds in left.values() if seconds > 100)


def test_a_check_leaves_nothing_behind(redis_server):
    """What it writes is gone after a second, and is no result meanwhile."""
    store_of(redis_server).check()

    with redis_server.client() as client:
        assert [client.pttl(key) <= 1000 for key in client.scan_iter()] == [True]


def test_a_result_larger_than_redis_takes_is_refused(redis_server):
    """The message says what to do instead; the limit is lowered here, as the real one is 512 MB."""
    store = store_of(redis_server, limits=RedisLimits(largest=3 << 20))

    with pytest.raises(StoreError, match="render: its result has 5 MB, and Redis takes 3 MB at most; let the node"):
        store.write("render", result("x" * (5 << 20)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--requirepass", SECRET], f"refuses user or password .*set {PASSWORD_VARIABLE}", id="password"),
        pytest.param(["--replicaof", "127.0.0.1", "1"], "is a read-only replica .*primary server", id="replica"),
        pytest.param(["--maxmemory", "1"], "is out of memory .*raise its maxmemory", id="memory"),
        pytest.param(
            ["--user", "default", "on", "nopass", "~*", "+@all", "-set"],
            "gives its user no right .*extend",
            id="rights",
        ),
        pytest.param(["--rename-command", "SET", ""], "cannot do what it is asked .*unknown command", id="no command"),
    ],
)
def test_a_server_that_takes_no_results_is_refused(start_redis, tmp_path, graph, options, message):
    """When the bundle is written: one error with what to do, and no file."""
    nodes.Pass(name="node", graph=graph)
    server = start_redis(*options)

    with pytest.raises(StoreError, match=f"nothing can be stored: the store {server.url} {message}"):
        write_bundle(plan_graph(graph), root=tmp_path / "root", store=server.url)

    assert not (tmp_path / "root").exists()


def test_a_server_that_takes_no_results_is_told_before_the_work(start_redis):
    """As of a folder that cannot be written."""
    store = store_of(start_redis("--maxmemory", "1"))

    with pytest.raises(StoreError, match=r"render: nothing can be stored, so it was not called: .* out of memory"):
        store.check_writable("render")


def test_a_server_that_is_not_there_is_refused(tmp_path, graph):
    """When the bundle is written."""
    nodes.Pass(name="node", graph=graph)
    url = f"redis://127.0.0.1:{free_port()}/0"

    with pytest.raises(StoreError, match=f"the store {url} cannot be reached .*see that it runs"):
        write_bundle(plan_graph(graph), root=tmp_path / "root", store=url)

    assert not (tmp_path / "root").exists()


def test_a_server_that_does_not_answer(redis_server):
    """It is not waited for without end; the wait is shortened here."""
    store = store_of(redis_server, limits=RedisLimits(answer_seconds=0.1))
    redis_server.freeze()

    with pytest.raises(StoreError, match="does not answer in time"):
        store.read("render")


def test_a_database_that_is_not_there(redis_server):
    """The server's own words."""
    store = RedisStore(RedisAddress.parse(redis_server.url.replace("/0", "/99")), submission="Shot")

    with pytest.raises(StoreError, match="out of range"):
        store.check()


def test_user_and_password_come_from_the_environment(start_redis, monkeypatch):
    """A wrong one is refused, the right one is taken."""
    server = start_redis("--user", "alice", "on", f">{SECRET}", "~flowpipe:*", "+@all", "--user", "default", "off")
    store = store_of(server)
    monkeypatch.setenv(USER_VARIABLE, "alice")
    monkeypatch.setenv(PASSWORD_VARIABLE, "wrong")
    with pytest.raises(StoreError, match="refuses user or password") as caught:
        store.write("render", result())
    assert "wrong" not in str(caught.value).replace("WRONGPASS", "")

    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    store.write("render", result())

    assert store.read("render") == (result(),)
    with pytest.raises(StoreError, match="gives its user no right"):
        store_of(server, options="?prefix=other").read("render")


def test_tls(start_redis, tmp_path, monkeypatch):
    """A certificate nobody trusts is refused; one that is trusted is taken, but for its own host only."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run([*command.split(), *names], check=True, capture_output=True)
    except OSError:
        pytest.skip("there is no openssl on this machine to make a certificate")
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    port = free_port()
    start_redis("--tls-port", str(port), *files)
    at_once = RedisLimits(pauses=())
    trusted, other = (RedisAddress.parse(f"rediss://{host}:{port}/0") for host in ("127.0.0.1", "localhost"))

    with pytest.raises(StoreError, match=r"cannot be reached .*CERTIFICATE_VERIFY_FAILED"):
        RedisStore(trusted, submission="Shot", limits=at_once).check()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    RedisStore(trusted, submission="Shot").check()
    with pytest.raises(StoreError, match=r"cannot be reached .*CERTIFICATE_VERIFY_FAILED"):
        RedisStore(other, submission="Shot", limits=at_once).check()


def test_a_lost_connection_is_tried_once_more(redis_server):
    """A restart of the server while a task writes costs a moment, and no task."""
    redis_server.kill()
    restart = threading.Timer(0.3, redis_server.start)
    restart.start()

    store_of(redis_server).write("render", result())
    restart.join()

    assert store_of(redis_server).read("render") == (result(),)


def test_a_server_that_keeps_its_data_may_be_killed_between_tasks(start_redis, tmp_path, graph):
    """With Redis' own append-only file, written at each command, the next task finds what the last one wrote.

    By default Redis leaves a write for up to two seconds where an earlier one is still on its way to the disk.
    """
    server = start_redis("--appendonly", "yes", "--appendfsync", "always")
    plan = plan_graph(graph_of_two(graph))
    bundle = write_bundle(plan, root=tmp_path, store=server.url)
    for frames in ("1-3", "4-6", "7"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))
        server.kill()
        server.start()

    evaluate_task(bundle.folder, node="last")

    assert read_results(bundle)["Test.last"].outputs() == {"value": [2, 4, 6, 8, 10, 12, 14]}


def test_results_that_a_server_lost_are_named(redis_server, tmp_path, graph):
    """A server without persistence that is killed: the message says which tasks to requeue, and that is enough."""
    plan = plan_graph(graph_of_two(graph))
    bundle = write_bundle(plan, root=tmp_path, store=redis_server.url)
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-3"))
    redis_server.kill()
    redis_server.start()
    for frames in ("4-6", "7"):
        evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))

    with pytest.raises(MissingResultsError, match="render: the results of 1-3 are missing; requeue"):
        evaluate_task(bundle.folder, node="last")
    evaluate_task(bundle.folder, node="render", frames=FrameList.parse("1-3"))
    evaluate_task(bundle.folder, node="last")

    assert read_results(bundle)["Test.last"].outputs() == {"value": [2, 4, 6, 8, 10, 12, 14]}


def test_the_offline_farm(start_redis, tmp_path, graph, monkeypatch):
    """What flowpipe gives, from a server with a password, which no file tells; and nothing is done twice."""
    server = start_redis("--requirepass", SECRET)
    monkeypatch.setenv(PASSWORD_VARIABLE, SECRET)
    log = tmp_path / "log"
    bundle = write_bundle(plan_graph(graph_of_two(graph, log=str(log))), root=tmp_path / "root", store=server.url)

    assert run_bundle(bundle).is_complete
    assert run_bundle(bundle).is_complete

    assert len(log.read_text().splitlines()) == 1
    assert {label: node.outputs() for label, node in read_results(bundle).items()} == expected_outputs(graph)
    assert not (bundle.folder / "results").exists()
    assert SECRET.encode() not in files_below(bundle.folder)


def test_a_run_goes_on_once_the_server_is_back(redis_server, tmp_path, graph):
    """The server dies after the first job: the next task fails and says why; a later run does what was lost."""
    bundle = write_bundle(plan_graph(graph_of_two(graph)), root=tmp_path, store=redis_server.url)

    def kill_after_render(state):
        if state.jobs["render"].value == "Completed" and redis_server.process.poll() is None:
            redis_server.kill()

    state = run_bundle(bundle, failure_limit=1, on_progress=kill_after_render)
    assert {key: status.value for key, status in state.jobs.items()} == {"render": "Completed", "last": "Failed"}
    assert f"the store {redis_server.url} cannot be reached" in state.tasks[-1].message
    with pytest.raises(StoreError, match="cannot be reached"):
        run_bundle(bundle)
    redis_server.start()

    assert run_bundle(bundle).is_complete
    assert read_results(bundle)["Test.last"].outputs() == {"value": [2, 4, 6, 8, 10, 12, 14]}


def test_a_missing_package_is_an_error_that_names_the_extra(tmp_path, graph, redis_server):
    """In an interpreter that cannot import it; bundles with files need nothing."""
    nodes.Pass(name="node", graph=graph)
    plan = plan_graph(graph)
    evaluate = "import sys; sys.modules['redis'] = None; from flowpipe_deadline.evaluator.__main__ import main; main()"
    outcomes = {}
    for store in ("files", redis_server.url):
        bundle = write_bundle(plan, root=tmp_path, store=store)
        command = [sys.executable, "-c", evaluate, "--bundle", str(bundle.folder), "--node", "node"]
        outcomes[store] = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TESTS).stderr

    assert outcomes["files"] == ""
    assert "needs the Python package 'redis'" in outcomes[redis_server.url]
    assert "install flowpipe-deadline[redis]" in outcomes[redis_server.url]


def test_the_command_line(redis_server, tmp_path, graph, monkeypatch):
    """The option, and the variable of the environment; a bundle keeps the store that it was written with."""
    text = "from flowpipe import Graph, Node\n@Node(outputs=['v'])\ndef N(): return {'v': 5}\ng = Graph(name='Shot')\n"
    script = write_script(tmp_path, text + "N(graph=g)\n")

    typed = run_cli("run", script, "--root", tmp_path, "-o", "json", "--store", redis_server.url)
    monkeypatch.setenv("FLOWPIPE_DEADLINE_STORE", redis_server.url + "?prefix=env")
    dry = run_cli("submit", script, "--root", tmp_path, "-o", "json", "--dry-run")
    bundle = json.loads(typed.stdout)["bundle"]
    again = run_cli("run", bundle)
    refused = run_cli("run", bundle, "--store", "files")

    assert store_of(redis_server, submission=Path(bundle).name).read("N")
    assert read_bundle(json.loads(dry.stdout)["bundle"]).store == redis_server.url + "?prefix=env"
    assert again.stdout == "Shot.N\n  v = 5\n", again.stderr
    assert (refused.returncode, "planned already" in refused.stderr) == (2, True)


def test_names_that_nobody_of_ours_wrote_do_no_harm(redis_server):
    """Neither those of nodes, nor those of chunks, of any length and in any bytes."""
    store = RedisStore(RedisAddress.parse(redis_server.url), submission="Shot")
    with redis_server.client() as client:
        client.sadd("flowpipe:Shot", b"\xff", "x" * 1000)
        client.sadd("flowpipe:Shot:render:.other-chunks", b"\xff", "9" * 5000, "1-" + "9" * 5000, "../x", "0-5_x")
        client.hset("flowpipe:Shot:render", "9" * 5000, b"{}")
    frames = FrameList.parse("1-5")
    store.write("render", ChunkResult(frames=frames, outputs={}, version=1, token="a"))

    assert [one.frames for one in store.read("render", (frames,))] == [frames]
    store.delete_all()

    with redis_server.client() as client:
        assert client.keys("*") == []
