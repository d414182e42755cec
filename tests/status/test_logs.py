"""What tasks printed: offline, as the log grows, and on the farm, from Deadline's reports."""

from __future__ import annotations

import json
import os
import sqlite3
import threading

import farm_nodes as nodes
import pytest
from direct_farm import DirectClient
from patience import wait_until
from submissions import Worker, write_three

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import NoLogError, UsageError
from flowpipe_deadline.offline.repository import Repository
from flowpipe_deadline.results.failures import write_failure
from flowpipe_deadline.status.logs import attempt_heading, choose_task, is_on_farm, read_log, readable
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.reports import write_attempt


@pytest.fixture
def bundle(graph, tmp_path):
    """``render`` with the tasks 1-4, 5-8 and 9-10, and two nodes without frames."""
    return write_three(graph, tmp_path)


def write_log(bundle, key, number, *attempts):
    """The offline farm's log of a task: frames and lines of each attempt."""
    folder = bundle.folder / "offline" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{key}.{number}.log").open("ab") as file:
        for attempt, (frames, data) in enumerate(attempts):
            file.write(f"{attempt_heading(frames, worker='worker-1', attempt=attempt + 1)}\n".encode() + data)


def read(bundle, key, frame=None, client=None, **options):
    """The log as one text, without the times."""
    lines = "".join(read_log(bundle, key, frame, client, **options)).splitlines()
    return [line.partition(", ")[2] if line.startswith("=== ") else line for line in lines]


def fail(bundle, frames, at):
    """A task of ``render`` failed, at that time."""
    error = RuntimeError("no license")
    write_failure(bundle.folder, "render", FrameList.parse(frames), error=error, report="no license")
    os.utime(bundle.folder / "errors" / "render", (at, at))


@pytest.mark.parametrize("frame", [6, "6", "5-8"])
def test_a_task_is_named_by_any_of_its_frames(bundle, frame):
    """All attempts are shown, one after the other."""
    write_log(bundle, "render", 1, ("5-8", b"one\n"), ("5-8", b"two\n"))

    assert read(bundle, "render", frame) == [
        "worker-1, frames 5-8, attempt 1 ===",
        "one",
        "worker-1, frames 5-8, attempt 2 ===",
        "two",
    ]


def test_without_a_frame_it_is_the_only_task_or_the_one_that_failed_last(bundle):
    """Else somebody has to choose."""
    write_log(bundle, "beside", 0, ("0", b"hello\n"))
    write_log(bundle, "render", 0, ("1-4", b"four\n"))
    write_log(bundle, "render", 2, ("9-10", b"ten\n"))

    assert read(bundle, "beside")[1:] == ["hello"]
    assert choose_task(bundle, "render") is None
    with pytest.raises(UsageError, match="render has 3 tasks; name a frame of one: 1-4, 5-8, 9-10"):
        read_log(bundle, "render")
    fail(bundle, "1-4", 1)
    fail(bundle, "9-10", 2)
    assert read(bundle, "render")[1:] == ["ten"]
    assert read(bundle, "beside", "")[1:] == ["hello"]  # A field of a dialog that was left empty.


@pytest.fixture
def items(graph, tmp_path):
    """``render`` with every tenth frame and ``names`` with other items, both in chunks."""
    batch = {"batch_size": 4}
    nodes.Render(name="render", graph=graph, frames=list(range(1001, 1192, 10)), metadata=batch)
    nodes.Render(name="names", graph=graph, frames=["a", "b", "c", "d", "e"], metadata=batch)
    return write_bundle(plan_graph(graph), root=tmp_path)


def test_a_task_of_items_is_named_by_the_frames_that_they_are(items, deadline):
    """Here and on the farm, and in what is said of it; items that are no frames have their numbers."""
    write_log(items, "render", 1, ("4-7", b"here\n"))
    assert read(items, "render", 1051)[1:] == ["here"]
    assert choose_task(items, "render", 1051).shown == "4-7 (frames 1041-1071x10)"
    with pytest.raises(UsageError, match="render has no frame 5; it has 1001-1191x10"):
        read_log(items, "render", 5)
    with pytest.raises(UsageError, match="render has 5 tasks; name a frame of one: 1001-1031x10, 1041-1071x10, "):
        read_log(items, "render")
    with pytest.raises(UsageError, match="names has 2 tasks; name a frame of one: 0-3, 4"):
        read_log(items, "names")
    assert choose_task(items, "names", 4).shown == "4"

    client = DirectClient(deadline)
    job_id = submit_to(client, items)["render"]
    os.utime(items.folder / "submission.json")
    attempt(deadline, job_id, 1, "4-7", "on the farm")
    lines = "".join(read_log(items, "render", 1051, client)).splitlines()
    assert lines[0].startswith("=== render 4-7 (frames 1041-1071x10), ")
    assert any(line.endswith("on the farm") for line in lines)


def test_a_task_is_called_as_its_node_is(graph, tmp_path, deadline):
    """And not by its key, which is spelt in ASCII."""
    nodes.Pass(name="рендер", graph=graph, value=7)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    client = DirectClient(deadline)
    job_id = submit_to(client, bundle)["render"]
    os.utime(bundle.folder / "submission.json")
    attempt(deadline, job_id, 0, None, "on the farm")

    assert "".join(read_log(bundle, "render", None, client)).startswith("=== рендер, ")


def test_a_task_without_a_log_says_why(bundle):
    """Nothing is taken for its log."""
    with pytest.raises(NoLogError, match="was neither submitted nor run: render 1-4 has printed nothing"):
        read_log(bundle, "render", 2)
    write_log(bundle, "beside", 0, ("0", b"hello\n"))
    with pytest.raises(NoLogError, match="render 1-4 has not begun, so it has printed nothing"):
        read_log(bundle, "render", 2)
    Worker(None, bundle, {}).write_results("render", "1-4")
    with pytest.raises(NoLogError, match="render 1-4 has a result, and nothing was kept"):
        read_log(bundle, "render", 2)
    with pytest.raises(NoLogError, match="render 1-4 has a result"):
        read_log(bundle, "render", 2, follow=True)


@pytest.mark.parametrize(
    ("key", "frame", "words"),
    [
        ("render", 99, "render has no frame 99; it has 1-10"),
        ("render", "a", "'a' is not a frame; render has 1-10"),
        ("beside", 1, "beside has no frames; leave 1 out"),
        ("nope", None, "nope has no job in"),
    ],
)
def test_what_there_is_not_is_an_error(bundle, key, frame, words):
    """One clear sentence."""
    with pytest.raises(UsageError, match=words):
        read_log(bundle, key, frame)


def test_frames_that_were_added_find_their_log(bundle):
    """A number in a file's name is not trusted: a job that was cut anew has others."""
    write_log(bundle, "render", 3, ("11-12", b"new\n"))
    write_log(bundle, "render", 1, ("7-8", b"cut\n"))

    assert read(bundle, "render", 12)[1:] == ["new"]
    assert read(bundle, "render", 8)[1:] == ["cut"]


def test_binary_junk_and_long_lines_come_in_pieces_of_text(bundle):
    """Nothing reaches the terminal that would change it, and no piece is long."""
    data = b"\x1b[2J\x00\xff\xfe \xc3\xa9t\xc3\xa9\r\n" + b"x" * 300_000 + b"\n" + bytes(range(256)) * 40
    write_log(bundle, "beside", 0, ("0", data))

    pieces = list(read_log(bundle, "beside"))

    assert max(map(len, pieces)) < 5 * 65536
    text = "".join(pieces)
    assert "\\x1b[2J\\x00\\xff\\xfe été\n" in text
    assert all(character.isprintable() or character in "\n\t\xa0\xad" for character in text)
    assert text.count("x" * 300_000) == 1


def test_characters_in_two_pieces_stay_whole():
    """Pieces end anywhere."""
    data = "50%\r100%\r\nété €\n".encode()

    for cut in range(len(data)):
        assert "".join(readable([data[:cut], data[cut:]])) == "50%\n100%\nété €\n"


def running(bundle, frames, status):
    """An offline farm that has the task in that state; the run's lock is held by the caller."""
    path = bundle.folder / "offline" / "repository.sqlite"
    repository = Repository(path)
    repository.submit(key="render", job_info={"Frames": "1-10", "ChunkSize": "4"}, plugin_info={})
    repository._database.execute("UPDATE tasks SET status = ? WHERE frames = ?", (status, frames))
    return repository


def locked(bundle):
    """The lock of a run, as the farm holds it."""
    connection = sqlite3.connect(bundle.folder / "offline" / "lock.sqlite", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def test_a_growing_log_is_followed_until_its_task_has_ended(bundle):
    """Also from before it begins; what came at the very end is not lost."""
    (bundle.folder / "offline" / "logs").mkdir(parents=True)
    repository, lock, said, lines = running(bundle, "5-8", "Queued"), locked(bundle), [], []

    def render():
        wait_until(lambda: said)
        write_log(bundle, "render", 1, ("5-8", b"one\n"))
        wait_until(lambda: "one" in lines)
        with (bundle.folder / "offline" / "logs" / "render.1.log").open("ab") as file:
            file.write(b"two\n")
        other = Repository(bundle.folder / "offline" / "repository.sqlite")
        other._database.execute("UPDATE tasks SET status = 'Completed' WHERE frames = '5-8'")
        other.close()

    thread = threading.Thread(target=render)
    thread.start()
    for text in read_log(bundle, "render", 5, None, follow=True, say=said.append):
        lines += text.splitlines()
    thread.join()
    lock.close()
    repository.close()

    assert lines[1:] == ["one", "two"]
    assert said == ["render 5-8 has not begun; waiting for it"]


def test_a_log_whose_run_was_stopped_is_not_waited_for(bundle):
    """The task is still queued in a repository that nobody works on."""
    write_log(bundle, "render", 1, ("5-8", b"one\n"))
    running(bundle, "5-8", "Queued").close()
    locked(bundle).close()

    assert read(bundle, "render", 5, follow=True)[1:] == ["one"]


@pytest.fixture
def submitted(deadline, bundle):
    """On the farm: the ways to it, and its jobs."""
    client = DirectClient(deadline)
    return client, submit_to(client, bundle)


def attempt(deadline, job_id, task, frames, *lines, minute=0):
    """A worker has ended an attempt."""
    heading = f"=== 2026-11-30 07:{minute:02d}:00, node-7, frames {frames}, attempt 1 ==="
    write_attempt(deadline, job_id, task, heading=heading, lines=lines)


def test_on_the_farm_the_reports_of_a_task_are_its_log(deadline, bundle, submitted):
    """Each attempt with its time and worker; which failed is said."""
    client, job_ids = submitted
    attempt(deadline, job_ids["render"], 1, "5-8", "STDOUT: one", "ERROR: no license", minute=1)
    attempt(deadline, job_ids["render"], 1, "5-8", "STDOUT: two", minute=2)
    attempt(deadline, job_ids["render"], 0, "1-4", "STDOUT: other", minute=3)

    lines = "".join(read_log(bundle, "render", 6, client)).splitlines()

    assert [line for line in lines if line.startswith("=== ")] == [
        "=== render 5-8, 2026-11-30 07:01:00, node-7, failed ===",
        "=== render 5-8, 2026-11-30 07:02:00, node-7 ===",
    ]
    assert [line[-3:] for line in lines if "STDOUT" in line] == ["one", "two"]


def test_a_task_that_renders_has_no_report_yet(deadline, bundle, submitted):
    """Where to look meanwhile is said, and whose turn it is."""
    client, _ = submitted
    with pytest.raises(NoLogError, match="render 1-4 is queued, and has printed nothing"):
        read_log(bundle, "render", 1, client)

    deadline.repository.claim("node-7")

    with pytest.raises(NoLogError, match=r"render 1-4 renders on node-7, .* Connect to Worker Log"):
        read_log(bundle, "render", 1, client)
    with pytest.raises(UsageError, match="has no task with frame 99; it has 1-4, 5-8, 9-10"):
        read_log(bundle, "render", 99, client)


def test_on_the_farm_a_task_is_followed_to_its_end(deadline, bundle, submitted):
    """Every attempt is shown once it has ended."""
    client, job_ids = submitted
    said = []
    worker = Worker(deadline, bundle, job_ids)
    attempt(deadline, job_ids["render"], 0, "1-4", "ERROR: no license", minute=1)

    def go_on(_):
        attempt(deadline, job_ids["render"], 0, "1-4", "STDOUT: two", minute=2)
        worker.render("render", "1-4")

    lines = read(
        bundle, "render", 1, client, follow=True, say=lambda words: said.append(words) or go_on(words), pause=0.0
    )

    assert [line for line in lines if "license" in line or "STDOUT" in line][-1].endswith("STDOUT: two")
    assert said == ["render 1-4 is queued, and has printed nothing; waiting for its end"]


def test_a_report_that_this_machine_cannot_read_says_where_it_is(deadline, bundle, submitted, monkeypatch):
    """With the error's message, which Deadline tells in any case."""
    client, job_ids = submitted
    attempt(deadline, job_ids["render"], 0, "1-4", "ERROR: no license")

    def cannot(*_):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(client, "read_report_log", cannot)

    assert read(bundle, "render", 1, client)[1:] == [
        "it cannot be had (No such file or directory); the Monitor has it: right-click the task, View Task Reports",
        "no license",
    ]


def test_the_later_of_farm_and_offline_run_counts(deadline, bundle, submitted):
    """A bundle may have been tried here first, or run here in the end."""
    client, job_ids = submitted
    attempt(deadline, job_ids["beside"], 0, "0", "STDOUT: from the farm")
    task = choose_task(bundle, "beside")
    assert is_on_farm(bundle, "beside", task)
    write_log(bundle, "beside", 0, ("0", b"from here\n"))
    log = bundle.folder / "offline" / "logs" / "beside.0.log"

    os.utime(log, (1, 1))
    assert is_on_farm(bundle, "beside", task)
    assert "STDOUT: from the farm" in "\n".join(read(bundle, "beside", None, client))

    os.utime(log)
    assert not is_on_farm(bundle, "beside", task)
    assert read(bundle, "beside", None, client)[1:] == ["from here"]


def test_after_a_redo_the_jobs_of_before_are_asked_too(deadline, bundle, submitted):
    """New jobs may hold a part of the frames."""
    client, job_ids = submitted
    new = deadline.resubmit(job_ids["render"], "5-8", 4)
    path = bundle.folder / "submission.json"
    record = json.loads(path.read_text())
    record["jobs"]["render"], record["earlier"] = new.job_id, {"render": [job_ids["render"]]}
    path.write_text(json.dumps(record))
    attempt(deadline, job_ids["render"], 0, "1-4", "before")
    attempt(deadline, new.job_id, 0, "5-8", "after")

    assert any("before" in line for line in read(bundle, "render", 2, client))
    assert any("after" in line for line in read(bundle, "render", 6, client))


def test_frames_that_the_monitor_has_cut_are_found_in_deadline(deadline, bundle, submitted):
    """By the task that has them now."""
    client, job_ids = submitted
    deadline.set_frames(job_ids["render"], "1-10", 5)
    attempt(deadline, job_ids["render"], 1, "6-10", "STDOUT: ten")

    assert "STDOUT: ten" in "\n".join(read(bundle, "render", 7, client))


def test_a_node_that_has_no_job_on_the_farm_says_so(graph, tmp_path, deadline):
    """Its submission was only half done."""
    nodes.Pass(name="node", graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    (bundle.folder / "submission.json").write_text('{"format": 1, "state": "submitted", "jobs": {}}')

    with pytest.raises(NoLogError, match="node has no job, so it printed nothing"):
        read_log(bundle, "node", None, DirectClient(deadline))
