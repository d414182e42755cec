"""``graph``: a picture of a graph or a bundle, printed, written, shown and kept current."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from direct_farm import DirectClient
from harness import evaluate_task, write_script
from patience import wait_until
from submissions import Worker, write_three

from flowpipe_deadline.cli import graph as verb
from flowpipe_deadline.cli.main import main
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.drawing import page
from flowpipe_deadline.submit.transaction import submit_to

SCRIPT = """
from flowpipe import Graph, Node

@Node(outputs=["items"])
def Render(frames):
    return {"items": frames}

def build(frames: int = 5) -> Graph:
    graph = Graph(name="Shot")
    Render(graph=graph, name="Рендер", frames=list(range(1, frames + 1)), metadata={"batch_size": 2})
    return graph
"""

PAUSE = 0.05
"""Seconds between two looks at the work."""


@pytest.fixture
def script(tmp_path):
    """A script that builds a graph."""
    return write_script(tmp_path, SCRIPT)


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs."""
    return write_three(graph, tmp_path / "root")


@pytest.fixture
def run(capfd, monkeypatch):
    """Runs ``graph`` in this process; gives its exit code, and what it wrote."""
    # The answer has a stream of its own, which would outlive the test.
    monkeypatch.setattr(verb, "reserve_stdout", lambda: None)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["graph", *map(str, arguments)])
        written = capfd.readouterr()
        return ended.value.code or 0, written.out, written.err

    return call


def data_of(file):
    """What the page knows."""
    text = file.read_text(encoding="utf-8")
    return json.loads(text.partition('id="data">')[2].partition("</script>")[0])


def states(file):
    """The states on the page, by key."""
    return {node["key"]: node["word"] for node in data_of(file)["nodes"]}


def test_a_graph_is_printed(run, script):
    """As a page, or as a picture; nothing else is in the answer."""
    code, html, _ = run(f"{script}:build")
    assert (code, html[:15], "Рендер" in html) == (0, "<!DOCTYPE html>", True)

    code, svg, _ = run("--format", "svg", f"{script}:build", "-p", "frames=9")
    assert (code, svg.startswith("<?xml"), "5 chunks" in svg) == (0, True, True)


def test_a_file_is_written_in_the_format_of_its_name(run, script, tmp_path):
    """Unless told otherwise."""
    for name, start in (("a.svg", "<?xml"), ("b.html", "<!DOCTYPE"), ("c", "<!DOCTYPE")):
        code, out, err = run(f"{script}:build", tmp_path / name)

        assert (code, out) == (0, "")
        assert f"Written: {tmp_path / name}" in err
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)


def test_json_tells_the_states(run, bundle, tmp_path):
    """And which file was written."""
    evaluate_task(bundle.folder, node="beside")

    code, out, _ = run(bundle.folder, tmp_path / "page.html", "-o", "json")

    data = json.loads(out)
    assert code == 0
    assert data["file"] == str(tmp_path / "page.html")
    assert {node["key"]: node["state"] for node in data["nodes"]} == {
        "render": "planned",
        "collect": "planned",
        "beside": "complete",
    }
    assert json.loads(run(bundle.folder, "-o", "json")[1])["file"] is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{script}:build", "--follow"], "--follow keeps a file of a bundle current"),
        (["{script}:build", "{folder}/x.html", "--follow"], "--follow keeps a file of a bundle current"),
        (["{bundle}", "--follow"], "--follow keeps a file of a bundle current"),
        (["{bundle}", "--set", "priority=1"], "is a bundle, planned already; --set can only"),
        (["{bundle}", "{folder}/none/x.html"], "none/x.html: No such file or directory"),
        (["{folder}/nothing.py"], "nothing.py"),
    ],
)
def test_what_cannot_be_is_one_error(run, bundle, tmp_path, arguments, message):
    """Before anything is drawn."""
    script = write_script(tmp_path, SCRIPT)

    code, out, err = run(*(text.format(script=script, bundle=bundle.folder, folder=tmp_path) for text in arguments))

    assert (code != 0, out) == (True, "")
    assert message in err
    assert len([line for line in err.splitlines() if line.startswith("Error")]) == 1


def test_it_opens_in_the_browser(run, script, tmp_path, monkeypatch):
    """The file that is named, else one in the user's cache folder, the same each time."""
    opened = []
    monkeypatch.setattr(verb.webbrowser, "open", lambda url: opened.append(url) or True)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))

    run(f"{script}:build", "--open")
    run(f"{script}:build", "--open")
    run(f"{script}:build", tmp_path / "shot.html", "--open")

    assert opened[0] == opened[1]
    assert opened[0].endswith("/graphs/Shot.html")
    assert opened[2] == (tmp_path / "shot.html").as_uri()


def test_without_a_browser_it_says_what_to_open(run, script, tmp_path, monkeypatch):
    """As on a machine without a display."""
    monkeypatch.setattr(verb.webbrowser, "open", lambda _: False)

    code, _, err = run(f"{script}:build", tmp_path / "shot.html", "--open")

    assert code == 0
    assert (tmp_path / "shot.html").as_uri() in err


def test_it_follows_a_submission_to_its_end(deadline, bundle, tmp_path):
    """The page says that it is kept current as long as it is, and is whole at every moment."""
    client = DirectClient(deadline)
    worker = Worker(deadline, bundle, submit_to(client, bundle))
    file, seen, is_over = tmp_path / "page.html", [], threading.Event()

    def watch():
        while not is_over.wait(0.01):
            if file.exists():
                seen.append((data_of(file)["seconds"] > 0, *states(file).values()))

    def render():
        wait_until(lambda: seen)
        worker.render("beside")
        worker.render("render", "1-4", "5-8", "9-10")
        worker.render("collect")

    threads = [threading.Thread(target=one) for one in (watch, render)]
    for thread in threads:
        thread.start()
    picture = page.follow_page(bundle, file, lambda: client, pause=PAUSE)
    is_over.set()
    for thread in threads:
        thread.join()

    assert picture.is_over
    assert seen[0] == (True, "queued", "waiting", "queued")
    assert set(states(file).values()) == {"complete"}
    assert data_of(file)["seconds"] == 0
    assert "the work is over" in file.read_text(encoding="utf-8")


def test_it_goes_on_while_deadline_is_out_of_reach(deadline, bundle, tmp_path):
    """What the results tell is shown meanwhile."""
    client, file, seen = DirectClient(deadline), tmp_path / "page.html", []
    worker = Worker(deadline, bundle, submit_to(client, bundle))

    def open_client():
        if len(seen) < 3:
            seen.append("Deadline cannot be asked" in file.read_text(encoding="utf-8") if file.exists() else None)
            if len(seen) == 3:
                worker.render("render", "1-4", "5-8", "9-10")
                worker.render("beside")
                worker.render("collect")
            raise SubmissionError("no route")
        return client

    picture = page.follow_page(bundle, file, open_client, pause=PAUSE)

    assert (seen, picture.is_over, picture.notices) == ([None, True, True], True, ())
    assert set(states(file).values()) == {"complete"}


def test_what_goes_wrong_meanwhile_is_said_once_and_tried_again(bundle, tmp_path, monkeypatch):
    """A full disk, or a store that is out of reach, does not end it."""
    file, said, failures = (
        tmp_path / "page.html",
        [],
        [SubmissionError("away"), SubmissionError("away"), OSError("full")],
    )
    read = page.PictureReader.read
    calls = []

    def reading(reader):
        calls.append(1)
        if len(calls) == 5:
            for frames in ("1-4", "5-8", "9-10"):
                evaluate_task(bundle.folder, node="render", frames=FrameList.parse(frames))
            evaluate_task(bundle.folder, node="collect")
            evaluate_task(bundle.folder, node="beside")
        if len(calls) > 1 and failures:
            raise failures.pop(0)
        return read(reader)

    monkeypatch.setattr(page.PictureReader, "read", reading)

    assert page.follow_page(bundle, file, None, say=said.append, pause=PAUSE).is_over
    assert said == ["away; trying again"]
    assert set(states(file).values()) == {"complete"}


def test_ctrl_c_leaves_a_page_that_is_not_kept_current(bundle, tmp_path):
    """And ends nothing else; a killed one is found out by the page."""
    evaluate_task(bundle.folder, node="beside")
    file = tmp_path / "page.html"
    command = [sys.executable, "-m", "flowpipe_deadline.cli.main", "graph", bundle.folder, file, "--follow"]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True, env=os.environ)
    wait_until(lambda: file.exists() and data_of(file)["seconds"])

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0
    assert f"{file} is not kept current any more" in err
    assert data_of(file)["seconds"] == 0
    assert "not kept current" in file.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".tmp"] == []
