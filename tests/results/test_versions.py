"""Which result counts, what is stale, and what a task opens."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import history_nodes as nodes
import pytest
from flowpipe import Graph
from harness import evaluate_plan, evaluate_task

from flowpipe_deadline import plan_graph, read_bundle, read_results, run_bundle, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import RecordError
from flowpipe_deadline.results.store import FileStore, open_store


@pytest.fixture(scope="module")
def chain_of_six(tmp_path_factory):
    """A chain frame by frame of six frames in chunks of two, evaluated; only copies of it are changed."""
    return evaluated(chain(range(1, 7), size=2), tmp_path_factory.mktemp("chain"))


@pytest.fixture
def bundle(chain_of_six, tmp_path):
    """A copy of the chain."""
    return read_bundle(shutil.copytree(chain_of_six.folder, tmp_path / chain_of_six.name))


def chain(frames, *, size):
    """A source, and a node that follows it frame by frame."""
    graph = Graph(name="h")
    source = nodes.Source(name="source", graph=graph, frames=list(frames), metadata={"batch_size": size})
    over = {"batch": {"size": size, "over": ["frames", "items"]}}
    follow = nodes.Follow(name="follow", graph=graph, frames=list(frames), metadata=over)
    source.outputs["items"].connect(follow.inputs["items"])
    return graph


def evaluated(graph, root):
    """The graph's bundle, with all results."""
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=root)
    evaluate_plan(plan, bundle)
    return bundle


def evaluate(bundle, node, frames):
    """One task."""
    return evaluate_task(bundle.folder, node=node, frames=FrameList.parse(frames))


def stale(bundle, node="follow"):
    """The stale frames of a node."""
    return read_results(bundle)[f"h.{node}"].stale


def test_a_version_is_later_than_all_that_it_replaces_and_is_made_from(bundle):
    """Frame by frame, whatever chunks these are of."""
    for _ in range(3):
        evaluate(bundle, "source", "2")

    both = evaluate(bundle, "source", "1-2")
    assert [both.version_of(frame) for frame in (1, 2)] == [2, 5]
    assert evaluate(bundle, "source", "5-6").version == 2
    follow = evaluate(bundle, "follow", "1-2")
    assert [follow.version_of(frame) for frame in (1, 2)] == [3, 6]


def test_a_frame_is_not_later_because_another_one_is(bundle):
    """Frame 5 was made again and again: that does not make an old frame 3, evaluated together with it, a new one."""
    for _ in range(3):
        evaluate(bundle, "follow", "5-6")

    def frame_3_anew():
        evaluate(bundle, "source", "3")
        evaluate(bundle, "follow", "3")

    nodes.MEANWHILE.append(frame_3_anew)
    evaluate(bundle, "follow", "2-5")

    assert stale(bundle) is None


def test_frames_that_a_newer_result_has_replaced_are_not_stale(bundle):
    """Frames 1 and 2 were made together; 2 was made again from what is there, and 1 always was."""
    evaluate(bundle, "source", "2")
    assert stale(bundle) == "2"

    evaluate(bundle, "follow", "2")

    assert stale(bundle) is None


def test_of_two_at_once_what_was_made_from_later_inputs_stays(bundle):
    """The earlier one ends last, and finds that it is too late."""

    def the_rest():
        evaluate(bundle, "source", "1-2")
        results.append(evaluate(bundle, "follow", "1-2"))

    results = []
    nodes.MEANWHILE.append(the_rest)

    late = evaluate(bundle, "follow", "1-2")

    assert late == results[0]
    assert stale(bundle) is None


def test_a_late_writer_that_nobody_could_stop_is_seen_to_be_stale(bundle, monkeypatch):
    """It looked, and another one wrote before it did: files have no compare-and-swap."""

    def write_late(store, node, result, **options):
        monkeypatch.undo()
        evaluate(bundle, "source", "1-2")
        evaluate(bundle, "follow", "1-2")
        real(store, node, result, **options)

    real = FileStore.write
    monkeypatch.setattr(FileStore, "write", write_late)

    evaluate(bundle, "follow", "1-2")

    assert stale(bundle) == "1-2"
    evaluate(bundle, "follow", "1-2")
    assert stale(bundle) is None


def test_all_that_a_task_takes_of_a_node_is_of_one_moment(tmp_path, monkeypatch):
    """One output has an item per frame only as a whole, which is read later than the results of the frames."""
    graph, frames = Graph(name="h"), [1, 2, 3, 4]
    source = nodes.Uneven(name="source", graph=graph, frames=frames, metadata={"batch_size": 1})
    over = {"batch": {"size": 1, "over": ["frames", "items", "others"]}}
    follow = nodes.FollowTwo(name="follow", graph=graph, frames=frames, metadata=over)
    source.outputs["items"].connect(follow.inputs["items"])
    source.outputs["uneven"].connect(follow.inputs["others"])
    bundle = evaluated(graph, tmp_path)
    real = FileStore.read

    def read(store, node, chunks=None):
        results = real(store, node, chunks)
        monkeypatch.undo()
        evaluate(bundle, "source", "1")
        return results

    monkeypatch.setattr(FileStore, "read", read)

    evaluate(bundle, "follow", "1")

    results = read_results(bundle)
    assert results["h.follow"].outputs()["items"][0][2] == results["h.source"].outputs()["items"][0]
    assert results["h.follow"].stale == "2-4"


def test_a_result_that_replaced_another_of_the_same_version_is_another(bundle):
    """Two workers count alike: what was made from the first is stale once the second has replaced it."""
    store = FileStore(bundle.folder)
    (first,) = [result for result in store.read("source") if str(result.frames) == "1-2"]
    record = json.loads((bundle.folder / "results/source/1-2.json").read_text())
    record["token"] = "another"
    (bundle.folder / "results/source/1-2.json").write_text(json.dumps(record))

    assert first.version == record["written"]
    assert stale(bundle) == "1-2"


def test_what_was_made_from_results_that_were_deleted_is_not_told_stale(bundle):
    """They may have been deleted to save room; they are told missing themselves."""
    shutil.rmtree(bundle.folder / "results" / "source")

    assert stale(bundle) is None
    assert read_results(bundle)["h.source"].missing == "1-6"


def test_a_damaged_own_result_is_replaced(bundle):
    """It does not keep the task from being evaluated."""
    (bundle.folder / "results/follow/1-2.json").write_bytes(b"")

    evaluate(bundle, "follow", "1-2")

    assert read_results(bundle)["h.follow"].missing is None


def test_results_of_an_earlier_version_are_compared_as_it_did(bundle):
    """They say only how late what they were made from was, and versions go on from their times."""
    for path in (bundle.folder / "results").glob("*/*.json"):
        record = json.loads(path.read_text())
        del record["taken"], record["token"], record["time"]
        record["written"] += 1_790_000_000_000_000_000
        record["inputs"] = {node: when + 1_790_000_000_000_000_000 for node, when in record["inputs"].items()}
        path.write_text(json.dumps(record))
    assert stale(bundle) is None

    assert evaluate(bundle, "source", "3").version == 1_790_000_000_000_000_002

    assert stale(bundle) == "3-4"
    evaluate(bundle, "follow", "3-4")
    assert stale(bundle) is None


def test_what_replaces_the_first_of_several_results_of_an_earlier_version_is_later_than_all(tmp_path):
    """Versions go on from the time of the chunk itself; the node downstream knows that of the last chunk only."""
    graph = chain(range(1, 7), size=2)
    last = nodes.Last(name="last", graph=graph)
    graph["follow"].outputs["items"].connect(last.inputs["items"])
    bundle = evaluated(graph, tmp_path)
    for when, name in enumerate(("source/1-2", "source/3-4", "source/5-6", "follow/1-2", "follow/3-4", "follow/5-6")):
        path = bundle.folder / "results" / f"{name}.json"
        record = json.loads(path.read_text())
        record = {**record, "written": 10**18 * (1 + when), "inputs": dict.fromkeys(record["inputs"], 10**18 * 4)}
        path.write_text(json.dumps({**record, "taken": {}, "token": ""}))
    path = bundle.folder / "results" / "last" / "whole.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "written": 10**19, "inputs": {"follow": 10**18 * 6}, "taken": {}}))
    assert stale(bundle, "last") is None

    evaluate(bundle, "follow", "1-2")

    assert stale(bundle, "last") == "all"
    assert run_bundle(bundle).is_complete
    assert stale(bundle, "last") is None


def as_an_earlier_version(bundle, result, **changes):
    """Makes a result one of an earlier version, whose versions were times; its mark of other chunks goes."""
    path = bundle.folder / "results" / f"{result}.json"
    record = {**json.loads(path.read_text()), "written": 10**18, "token": "", "taken": {}, **changes}
    path.write_text(json.dumps(record))
    (path.parent / ".other-chunks" / path.stem).unlink(missing_ok=True)


def test_a_result_of_an_earlier_version_never_counts_before_one_of_this(bundle):
    """A worker that was not up to date cut the job in another way, before or after: tasks do not look for that."""
    first = evaluate(bundle, "source", "2-3").outputs
    as_an_earlier_version(bundle, "source/2-3")
    evaluate(bundle, "source", "1-2")
    evaluate(bundle, "source", "3-4")

    assert run_bundle(bundle).is_complete

    assert stale(bundle) is None
    source, follow = (read_results(bundle)[f"h.{node}"].outputs()["items"] for node in ("source", "follow"))
    assert [item for _, _, item in follow] == source
    assert not set(first["items"]["value"][0]["items"]) & {number for _, number in source}


def test_what_an_earlier_version_made_from_results_of_this_one_is_stale(bundle):
    """It kept the latest version of all only: frame 2 may have come up to that since."""
    for _ in range(2):
        evaluate(bundle, "source", "1")
    as_an_earlier_version(bundle, "follow/1-2", inputs={"source": 3})
    for _ in range(2):
        evaluate(bundle, "source", "2")

    assert stale(bundle) == "1-2"
    assert run_bundle(bundle).is_complete
    assert stale(bundle) is None


@pytest.mark.parametrize("cut", [["1-4", "5-6"], ["1", "2-5", "6"], ["1-3", "4-8"]])
def test_a_run_leaves_alone_what_is_finished_however_the_monitor_has_cut_it(bundle, cut):
    """And makes anew what is stale as it was cut there."""
    for node in ("source", "follow"):
        for frames in cut:
            evaluate(bundle, node, frames)
    before = {path: path.read_bytes() for path in (bundle.folder / "results").glob("*/*.json")}

    assert run_bundle(bundle).is_complete
    assert {path: path.read_bytes() for path in (bundle.folder / "results").glob("*/*.json")} == before

    evaluate(bundle, "source", cut[1])
    assert run_bundle(bundle).is_complete
    assert stale(bundle) is None
    after = {path: path.read_bytes() for path in before}
    changed = {f"{path.parent.name}/{path.stem}" for path in before if before[path] != after[path]}
    assert changed == {f"source/{cut[1]}", f"follow/{cut[1]}"}


@pytest.mark.parametrize("is_damaged", [True, False])
def test_a_run_makes_added_frames_anew_from_which_others_are_made(bundle, is_damaged):
    """Their result was damaged, or deleted to have it made again."""
    for node in ("source", "follow"):
        evaluate(bundle, node, "6-7")
    path = bundle.folder / "results" / "source" / "6-7.json"
    if is_damaged:
        path.write_text("{")
    else:
        path.unlink()

    assert run_bundle(bundle, workers=1).is_complete

    assert stale(bundle) is None
    source, follow = (read_results(bundle)[f"h.{node}"].outputs()["items"] for node in ("source", "follow"))
    assert [item for _, _, item in follow] == source
    assert [frame for frame, _ in source] == [1, 2, 3, 4, 5, 6, 7]


def test_a_run_evaluates_again_what_only_counts_in_part(bundle):
    """And leaves alone what the Monitor has cut in another way, and all of which counts."""
    evaluate(bundle, "source", "2-3")
    for frame in "56":
        evaluate(bundle, "source", frame)
        evaluate(bundle, "follow", frame)

    assert run_bundle(bundle).is_complete

    source = {str(result.frames): result.version for result in FileStore(bundle.folder).read("source")}
    assert source == {"1-2": 1, "3-4": 1, "1": 2, "2-3": 2, "4": 2, "5-6": 1, "5": 2, "6": 2}
    assert stale(bundle) is None


def test_a_run_makes_stale_frames_anew_that_were_added_in_the_monitor(bundle):
    """They have results, and what takes the whole node takes them too."""
    for node in ("source", "follow"):
        evaluate(bundle, node, "8-9")
    evaluate(bundle, "source", "9")
    before = {path: path.stat().st_mtime_ns for path in (bundle.folder / "results").glob("*/*.json")}
    assert stale(bundle) == "9"

    assert run_bundle(bundle).is_complete

    assert stale(bundle) is None
    changed = [path for path, when in before.items() if path.stat().st_mtime_ns != when]
    assert {f"{path.parent.name}/{path.stem}" for path in changed} == {"follow/8-9"}


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime")
def test_workers_with_other_clocks(bundle):
    """Real processes whose clocks are minutes apart: what ran last counts, and nothing else is stale."""
    for node, frames, skew in (
        ("source", "1-2", 600),
        ("source", "2-3", -600),
        ("follow", "1-2", -300),
        ("source", "1", 0),
    ):
        command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", str(bundle.folder), "--node", node]
        subprocess.run(["faketime", "-f", f"{skew:+d}s", *command, "--frames", frames], check=True, cwd="/")

    results = read_results(bundle)
    source = {item[0]: item[1] for item in results["h.source"].outputs()["items"]}
    assert len({source[1], source[2], source[4]}) == 3
    assert source[2] == source[3]
    assert {item[0]: item[2][1] for item in results["h.follow"].outputs()["items"]}[2] == source[2]
    assert results["h.follow"].stale == "1,3"


def test_a_task_opens_what_it_needs(tmp_path):
    """Of thousands of results, that of its own frames; a damaged one of other frames does no harm."""
    bundle = evaluated(chain(range(1, 121), size=2), tmp_path)
    for path in (bundle.folder / "results" / "source").glob("*.json"):
        if path.stem != "101-102":
            path.write_bytes(b"damaged")
    opened = []
    hook = {"open": lambda path, *_: opened.append(Path(str(path)))}
    sys.addaudithook(lambda event, arguments: hook[event](*arguments) if event in hook else None)

    evaluate(bundle, "follow", "101-102")

    hook.clear()
    ours = [path.relative_to(bundle.folder) for path in opened if bundle.folder in path.parents]
    assert sorted(path.parts[:2] for path in ours if path.parts[0] == "results") == [
        *[("results", "follow")] * 3,  # What it replaces, twice, and the new one.
        ("results", "source"),
    ]
    assert len(ours) == 6  # The node's record, and the edits of its inputs, of which there are none.
    with pytest.raises(RecordError, match=r"103-104\.json is damaged, or cannot be read as a whole yet"):
        evaluate(bundle, "follow", "102-103")


def test_results_of_other_chunks_are_found_without_opening_the_rest(bundle):
    """Also where these are steps, or so many that their name is short."""
    evaluate(bundle, "source", "2-3")
    evaluate(bundle, "source", "1,4,6")
    (bundle.folder / "results/source/5-6.json").write_bytes(b"damaged")

    evaluate(bundle, "follow", "1-4")

    (late,) = [result for result in FileStore(bundle.folder).read("follow") if str(result.frames) == "1-4"]
    assert set(late.taken["source"]) == {"1,4", "2-3"}


@pytest.mark.parametrize("data", [b"", b'{"format": 1, "no', b"\0" * 400], ids=["empty", "short", "zeros"])
def test_a_result_that_is_not_there_as_a_whole_is_waited_for(bundle, data):
    """A network file system shows the file before its content; afterwards everything is right."""
    path = bundle.folder / "results/source/1-2.json"
    whole = path.read_bytes()
    path.write_bytes(data)
    threading.Timer(0.5, path.write_bytes, [whole]).start()

    evaluate_task(bundle.folder, node="follow", frames=FrameList.parse("1-2"), wait=20)

    path.write_bytes(data)
    with pytest.raises(RecordError, match=r"cannot be read as a whole yet .*; if that lasts, requeue its task"):
        evaluate(bundle, "follow", "1-2")


@pytest.mark.parametrize(
    "name",
    [
        "nodes/follow.json",
        "store.json",
        "results/source/1-2.json",
        "results/source/.other-chunks",
        "results/follow/1-2.json",
        "results/follow/.other-chunks",
    ],
)
def test_a_stale_file_handle_is_opened_again(bundle, monkeypatch, name):
    """ESTALE: the file was replaced on the server while it was opened here; it can also meet what looks after it."""
    failures = [3]

    def failing(real):
        def call(path, *arguments, **options):
            if str(path) == str(bundle.folder / name) and failures[0]:
                failures[0] -= 1
                raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
            return real(path, *arguments, **options)

        return call

    for owner, method in ((Path, "read_bytes"), (Path, "stat"), (os, "stat"), (os, "listdir")):
        monkeypatch.setattr(owner, method, failing(getattr(owner, method)))

    evaluate_task(bundle.folder, node="follow", frames=FrameList.parse("1-2"), wait=20)

    assert failures == [0]


def test_what_is_replaced_is_waited_for(bundle):
    """Else the new result would not be later than one of other chunks whose file is only late."""
    late = evaluate(bundle, "source", "2-3")
    path = bundle.folder / "results/source/2-3.json"
    whole = path.read_bytes()
    path.write_bytes(b"")
    threading.Timer(0.5, path.write_bytes, [whole]).start()

    new = evaluate_task(bundle.folder, node="source", frames=FrameList.parse("1-2"), wait=20)

    assert new.version_of(2) > late.version


def test_results_of_other_chunks_are_found_without_listing_all(bundle, monkeypatch):
    """Their names are listed apart from the thousands that were planned; also where nothing planned is there."""
    evaluate(bundle, "source", "2-3")
    evaluate(bundle, "follow", "2-3")
    (bundle.folder / "results/source/1-2.json").unlink()
    evaluate(bundle, "source", "1")
    listed = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(Path(folder).name) or real(folder))

    evaluate(bundle, "follow", "1-2")

    assert set(listed) == {".other-chunks"}
    assert stale(bundle) is None


def test_results_of_other_chunks_that_an_earlier_version_left_without_a_mark_are_found(bundle):
    """Its results have no token, so that all are listed where there is one."""
    evaluate(bundle, "source", "2-3")
    shutil.rmtree(bundle.folder / "results/source/.other-chunks")
    for path in (bundle.folder / "results/source").glob("*.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "written": record["written"] + 10**18, "token": ""}))

    evaluate(bundle, "source", "1-2")
    evaluate(bundle, "source", "3-4")
    evaluate(bundle, "follow", "1-4")

    latest = {str(result.frames): result.version for result in FileStore(bundle.folder).read("source")}
    assert latest == {"1-2": 10**18 + 3, "2-3": 10**18 + 2, "3-4": 10**18 + 3, "5-6": 10**18 + 1}
    assert stale(bundle) == "5-6"


@pytest.mark.parametrize(
    "name",
    [
        "notes.json",
        "1-2 (copy).json",
        "1-2.json.bak",
        ".1-2.json-0a.tmp",
        "007.json",
        "10-1x4.json",
        "1,99999999999.json",
        "Thumbs.db",
        "3-4.json/",
        "9.json",
    ],
)
def test_stray_files_harm_nobody(bundle, name):
    """What a file manager, an editor or a person leaves in a folder of results: also a copy of another result."""
    folder = bundle.folder / "results" / "source"
    copy = (folder / "1-2.json").read_bytes()
    if name.endswith("/"):
        (folder / "3-4.json").unlink()
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(copy if name in ("9.json", "1-2 (copy).json") else b"stray")

    results = read_results(bundle)

    assert results["h.source"].error is None
    assert results["h.source"].missing == ("3-4" if name.endswith("/") else None)
    evaluate(bundle, "follow", "1-2")
    assert run_bundle(bundle).is_complete or name.endswith("/")


def test_reading_a_hundred_thousand_results_stays_linear(tmp_path):
    """No step compares each with all others: ten times the results take ten times the calls."""
    counts = []
    for count in (20, 200):
        bundle = evaluated(chain(range(count), size=1), tmp_path)
        calls = [0]

        def count_call(frame, event, argument, calls=calls):
            calls[0] += 1

        sys.setprofile(count_call)
        try:
            read_results(bundle)
        finally:
            sys.setprofile(None)
        counts.append(calls[0])

    assert counts[1] < 11 * counts[0]


def test_reading_long_chunks_stays_linear(tmp_path):
    """Also where a part of each was made again, so that its frames have several versions."""
    seconds = []
    for count in (300, 3000):
        bundle = evaluated(chain(range(count), size=count), tmp_path)
        for frames in (f"0-{count // 2}", f"0-{count - 1}"):
            evaluate(bundle, "source", frames)
            evaluate(bundle, "follow", frames)
        seconds.append(min(seconds_to_read(bundle) for _ in range(3)))

    assert seconds[1] < 40 * seconds[0]


def seconds_to_read(bundle):
    """The time that this process takes to read all results."""
    started = time.process_time()
    read_results(bundle)
    return time.process_time() - started


def test_no_time_is_read_back(bundle):
    """The time in a result is for people."""
    for path in (bundle.folder / "results").glob("*/*.json"):
        record = json.loads(path.read_text())
        record["time"] = "never"
        del record["evaluations"]  # Of which earlier versions have none but the time.
        path.write_text(json.dumps(record))

    assert stale(bundle) is None
    assert len(open_store(bundle.folder).read("source")) == 3
