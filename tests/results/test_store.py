"""What every store of results promises, asked of each of them."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import string
import time
from contextlib import contextmanager
from pathlib import Path

import farm_nodes as nodes
import pytest
from full_disk import full_disk
from harness import evaluate_plan, expected_outputs

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.files import NewerFormatError
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import RecordError, StoreError
from flowpipe_deadline.results.evaluation import Evaluation
from flowpipe_deadline.results.redis.store import RedisStore
from flowpipe_deadline.results.redis.url import RedisAddress
from flowpipe_deadline.results.store import ChunkResult, FileStore, open_store

FORK = multiprocessing.get_context("fork")
LARGE = 2_000_000
KILLS = int(os.environ.get("WRITER_KILLS", "12"))


class FileBackend:
    """Stores in bundles below a folder."""

    name = "files"

    def __init__(self, folder):
        self.folder = folder

    def open(self, submission="Shot"):
        """The store of the submission."""
        folder = self.folder / submission
        folder.mkdir(parents=True, exist_ok=True)
        return FileStore(folder)

    def put(self, data, *, node, chunk):
        """Puts these bytes where a result would be."""
        folder = self.folder / "Shot" / "results" / node
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{chunk}.json").write_bytes(data)

    def get(self, place):
        """What is in a place that the store names."""
        return Path(place).read_bytes()

    def refusing(self):
        """Its disk is full."""
        return full_disk()


class RedisBackend:
    """Stores in a Redis server."""

    def __init__(self, server):
        self.server = server
        self.name = server.url

    def open(self, submission="Shot"):
        """The store of the submission."""
        return RedisStore(RedisAddress.parse(self.name), submission=submission)

    def put(self, data, *, node, chunk):
        """Puts these bytes where a result would be."""
        with self.server.client() as client:
            client.hset(f"flowpipe:Shot:{node}", chunk, data)

    def get(self, place):
        """What is in a place that the store names."""
        with self.server.client() as client:
            return client.hget(*place.split(" "))

    @contextmanager
    def refusing(self):
        """The memory is full."""
        self.server.configure(maxmemory=1)
        try:
            yield
        finally:
            self.server.configure(maxmemory=0)


@pytest.fixture(params=["files", "redis"])
def backend(request, tmp_path):
    """Each kind of store."""
    if request.param == "files":
        return FileBackend(tmp_path)
    return RedisBackend(request.getfixturevalue("redis_server"))


def result(value="x", *, frames=None, version=1):
    """A result with one output."""
    frame_list = None if frames is None else FrameList.parse(frames)
    return ChunkResult(frames=frame_list, outputs={"out": {"value": value, "sub_plugs": {}}}, version=version)


def values(results):
    """The output of each of these results."""
    return [one.outputs["out"]["value"] for one in results]


def test_there_is_nothing_before_something_is_written(backend):
    """A node that never ran has no results."""
    assert backend.open().read("render") == ()
    assert backend.open().chunk_names("render") == frozenset()


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(None, id="not batched"),
        pytest.param("5", id="one frame"),
        pytest.param("1-10", id="range"),
        pytest.param("10,7,1-3", id="unsorted"),
        pytest.param(",".join(map(str, range(0, 500, 7))), id="stepped"),
        pytest.param(",".join(str(number * number) for number in range(200)), id="very long"),
    ],
)
def test_a_result_comes_back_as_it_was(backend, frames):
    """Frames in their order, version, what it was made from, and every value."""
    outputs = {
        "a": {"value": {"$type": "tuple", "items": [1, 2.5, None, True, "ü 渲染 \x00 \U0001f600"]}, "sub_plugs": {}},
        "b": {"value": None, "sub_plugs": {"x.y": {"deep": [[], {}]}, "": 10**30}},
    }
    written = ChunkResult(
        frames=None if frames is None else FrameList.parse(frames),
        outputs=outputs,
        version=1795428000123456789,
        token="5e1f",
        inputs={"a": 3},
        taken={"a": {"1-2,5": "3.0a"}, "b": {"all": "7.c"}},
        edit=4,
        evaluations=(
            Evaluation(frames and str(FrameList.parse(frames)), 5, 1.5, "render01", "5a", "0", 1, "0a", error="no"),
            Evaluation(frames and str(FrameList.parse(frames)), 7, 0.25, "render02", "5b", "3", 2, "0b", edit=4),
        ),
    )

    backend.open().write("render", written)

    assert backend.open().read("render") == (written,)


def test_results_come_latest_first(backend):
    """By the version in them, in whatever order they were written."""
    store = backend.open()
    for frames, version in (("1", 20), ("2", 40), ("3", 10), ("4", 30)):
        store.write("render", result(frames, frames=frames, version=version))

    assert values(store.read("render")) == ["2", "4", "1", "3"]


def test_the_chunks_that_have_results_can_be_listed(backend):
    """By the names of their frame lists, without reading any: a damaged one is listed too."""
    store = backend.open()
    for frames in ("1-5", "7", ",".join(str(number * number) for number in range(200)), None):
        store.write("render", result(frames=frames))
    backend.put(b"{", node="render", chunk="8-9")

    names = sorted(store.chunk_names("render"))

    assert names[1:] == ["1-5", "7", "8-9", "whole"]
    assert names[0].startswith("0-39601_")
    assert store.chunk_names("rende") == frozenset()


def test_results_are_counted_without_reading_them_where_all_are_planned(backend):
    """One of another chunk has to be read: only it says which frames it has."""
    store = backend.open()
    for frames in ("1-2", "3-4"):
        store.write("render", result(frames=frames), is_planned=True)
    backend.put(b"{", node="render", chunk="5-6")

    assert (store.count("render"), store.count("rende")) == (3, 0)
    store.write("render", result(frames="2-3"))
    assert store.count("render") is None


def test_damaged_results_are_set_aside(backend):
    """They count as missing then, and can still be looked at; one of a newer version is not damaged."""
    store = backend.open()
    store.write("render", result(frames="1-4"), is_planned=True)
    backend.put(b'{"format": 1', node="render", chunk="5-8")

    (place,) = store.set_damaged_aside("render")

    assert store.chunk_names("render") == {"1-4"}
    assert backend.get(place) == b'{"format": 1'
    assert store.set_damaged_aside("render") == ()
    backend.put(b'{"format": 99}', node="render", chunk="5-8")
    with pytest.raises(NewerFormatError, match=r"render\W5-8"):
        store.set_damaged_aside("render")
    assert store.chunk_names("render") == {"1-4", "5-8"}


def test_a_result_replaces_the_earlier_one_of_its_chunk(backend):
    """And no other chunk, also one that overlaps."""
    store = backend.open()
    store.write("render", result("old", frames="1-5", version=1))
    store.write("render", result("overlapping", frames="1-4", version=2))
    store.write("render", result("new", frames="1-5", version=3))

    assert values(store.read("render")) == ["new", "overlapping"]


def test_submissions_and_nodes_do_not_mix(backend):
    """Also where one name begins with another."""
    places = [("Shot", "a"), ("Shot", "a-2"), ("Shot", "A"), ("Shot-2", "a"), ("Sho", "a")]
    for submission, node in places:
        backend.open(submission).write(node, result(f"{submission} {node}"))

    for submission, node in places:
        assert values(backend.open(submission).read(node)) == [f"{submission} {node}"]
    assert backend.open("Shot-2").read("A") == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\x00\xff",
        b'{"format": 99}',
        b'{"format": 1}',
        b'{"format": 1, "frames": "x", "outputs": {}, "written": 1}',
        b'{"format": 1, "frames": 5, "outputs": {}, "written": 1}',
        b'{"format": 1, "frames": "5", "outputs": [], "written": 1}',
        b'{"format": 1, "frames": "5", "outputs": {}, "written": "1"}',
        (
            b'{"format": 1, "frames": "5-8", "written": 1, "inputs": {}, "outputs":'
            b' {"out": {"sub_plugs": {}, "value": {"$type": "enum", "class": "code/x"}}}}'
        ),
    ],
)
def test_a_damaged_result_is_named(backend, data):
    """Node and chunk, so that it can be found."""
    store = backend.open()
    store.write("render", result(frames="1-4"))
    backend.put(data, node="render", chunk="5-8")

    with pytest.raises(RecordError, match=r"render\W5-8"):
        store.read("render")


def test_a_store_that_refuses_keeps_what_was_there(backend):
    """A full disk, or a full memory: an error that can be caught; once it is mended, the task can be requeued."""
    store = backend.open()
    store.write("render", result("old" * 10_000, frames="1-5"))

    with backend.refusing():
        for frames in ("1-5", "6-9"):
            with pytest.raises(StoreError, match="render: its result cannot be written"):
                store.write("render", result("new" * 10_000, frames=frames))
        assert values(store.read("render")) == ["old" * 10_000]
    store.write("render", result("new" * 10_000, frames="1-5"))

    assert values(store.read("render")) == ["new" * 10_000]


def test_a_result_of_50_megabytes(backend):
    """A node that passes on a mesh, say."""
    value = "0123456789" * 5_000_000

    backend.open().write("render", result(value))

    assert values(backend.open().read("render")) == [value]


def test_a_killed_writer_leaves_the_old_or_the_new_result(backend):
    """SIGKILL at any moment: what is read is always one whole result."""
    store = backend.open()
    for start in range(KILLS):
        reader, writer_end = FORK.Pipe(duplex=False)
        writer = FORK.Process(target=write_without_end, args=(store, start, writer_end))
        writer.start()
        reader.recv()  # It is at it.
        time.sleep(random.uniform(0, 0.02))
        writer.kill()
        writer.join()

        (value,) = values(store.read("render"))
        assert value == value[0] * LARGE


def test_two_writers_of_one_chunk(backend):
    """A task that Deadline gave to two workers: one of their results, whole, at any time."""
    store = backend.open()
    store.write("render", result("a" * LARGE, frames="1-5"))
    writers = [FORK.Process(target=write_often, args=(store, letter)) for letter in "ab"]
    for writer in writers:
        writer.start()

    while any(writer.is_alive() for writer in writers):
        (value,) = values(store.read("render"))
        assert value in ("a" * LARGE, "b" * LARGE)

    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(store.read("render")) == 1


def test_a_graph_gives_what_flowpipe_gives(backend, graph, tmp_path):
    """Through the bundle: it says where its results are, and all who open it find them."""
    render = nodes.Render(name="render", graph=graph, frames=range(1, 12), metadata={"batch_size": 4})
    check = nodes.Check(
        name="check", graph=graph, frames=range(1, 12), metadata={"batch": {"size": 3, "over": ["frames", "images"]}}
    )
    render.outputs["items"].connect(check.inputs["images"])
    plan = plan_graph(graph)

    bundle = write_bundle(plan, root=tmp_path / "root", store=backend.name)
    evaluate_plan(plan, bundle)

    assert bundle.store == backend.name
    assert type(open_store(bundle.folder)) is type(backend.open())
    assert {label: node.outputs() for label, node in read_results(bundle).items()} == expected_outputs(graph)


def write_without_end(store, start, started):
    """Writes one large result after the other, until it is killed; says so after the first."""
    letters = string.ascii_letters
    for number in itertools.count(start):
        store.write("render", result(letters[number % len(letters)] * LARGE, frames="1-5"))
        if number == start:
            started.send("at it")


def write_often(store, letter):
    """Writes the same large result in a loop."""
    for _ in range(20):
        store.write("render", result(letter * LARGE, frames="1-5"))
