"""The evaluator's process: what it is asked, the host that it runs in, and what the system lets it do."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading

import farm_nodes as nodes
import pytest

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.evaluator.__main__ import _host, main
from flowpipe_deadline.evaluator.channel import _write_all
from flowpipe_deadline.evaluator.system import _memory_by_ps, _used_memory, keep_descriptor, wait_for_threads

TASK = {"format": 1, "bundle": "/shot", "node": "render", "frames": [1], "token": "t", "interpreter": "python"}
UNFIT = {
    "a key is missing": ({**TASK, "wait": 0}, "KeyError: 'path_mappings'"),
    "a rule is no pair": ({**TASK, "wait": 0, "path_mappings": [["/old"]]}, "IndexError"),
    "a frame occurs twice": ({**TASK, "frames": [1, 1], "wait": 0, "path_mappings": []}, "a frame occurs twice"),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_file_that_is_no_task_is_refused(tmp_path, capsys, kind):
    """By its name, with exit code 2, which says that it is not the node that has failed."""
    data, reason = UNFIT[kind]
    file = tmp_path / "task.json"
    file.write_text(json.dumps(data))

    codes = [main(options) for options in (["--task", str(file)], [f"--task={file}"])]

    assert codes == [2, 2]
    errors = capsys.readouterr().err
    assert errors.count(f"Error: {file} is not a task: ") == errors.count(reason) == 2


RUNNING = "def initialize(name): raise RuntimeError('twice')\ndef uninitialize(): raise RuntimeError('in use')\n"
MAYAS = {
    "none": (None, ["This interpreter has no maya.standalone; going on as plain Python."]),
    "one that runs already": (
        RUNNING,
        ["Maya is initialised already: twice", "Maya did not shut down cleanly: in use"],
    ),
}


@pytest.mark.parametrize("kind", MAYAS)
def test_a_maya_that_is_not_as_expected_is_a_warning(tmp_path, monkeypatch, kind):
    """The task is evaluated all the same."""
    text, warnings = MAYAS[kind]
    for name in ("maya", "maya.standalone"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    if text is not None:
        (tmp_path / "maya").mkdir()
        (tmp_path / "maya" / "__init__.py").touch()
        (tmp_path / "maya" / "standalone.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
    said = []

    with _host("maya", warn=said.append):
        said.append("evaluated")

    assert [words for words in said if words != "evaluated"] == warnings
    assert said.count("evaluated") == 1


def test_a_thread_that_goes_on_is_not_waited_for_for_ever():
    """Unless it is a daemon, which Python does not wait for either."""
    known, stop = threading.enumerate(), threading.Event()
    daemon = threading.Thread(target=stop.wait, daemon=True)
    daemon.start()
    has_only_daemons = wait_for_threads(known, seconds=0)
    thread = threading.Thread(target=stop.wait)
    thread.start()

    try:
        has_ended = wait_for_threads(known, seconds=0)
    finally:
        stop.set()

    assert (has_only_daemons, has_ended) == (True, False)
    assert wait_for_threads(known, seconds=60)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
def test_where_few_descriptors_are_allowed_answers_still_have_one():
    """A launcher may set a limit below the numbers that the evaluator likes best."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    reading, writing = os.pipe()
    resource.setrlimit(resource.RLIMIT_NOFILE, (150, limits[1]))
    try:
        kept = keep_descriptor(writing)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)

    os.write(kept, b"answer")
    assert os.read(reading, 6) == b"answer"
    for number in (reading, writing, kept):
        os.close(number)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells it in two ways")
def test_ps_tells_the_memory_where_there_is_no_proc():
    """About the same; the process may grow between the two questions."""
    assert _memory_by_ps() == pytest.approx(_used_memory(), rel=0.2)


def test_an_answer_waits_for_room_in_a_pipe(monkeypatch):
    """A node has made it non-blocking, and filled it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled, taken = 0, []
    with contextlib.suppress(BlockingIOError):
        while True:
            filled += os.write(writing, b"x" * 65536)
    monkeypatch.setattr("flowpipe_deadline.evaluator.channel.time.sleep", lambda _: taken.append(os.read(reading, 9)))

    _write_all(writing, b"answer\n")

    os.close(writing)
    with open(reading, "rb") as pipe:
        assert b"".join([*taken, pipe.read()]) == b"x" * filled + b"answer\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
def test_a_host_without_input_and_output_evaluates_all_the_same(graph, tmp_path):
    """The answers are in their file, which who started it may read."""
    nodes.Pass(name="node", graph=graph, value=7)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", str(bundle.folder), "--node", "node"]

    done = subprocess.run(["sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', *command], check=False)

    assert done.returncode == 0
    assert read_results(bundle)["Test.node"].outputs() == {"value": 7}
    answers = (bundle.folder / "answers").read_text()
    assert [line.split()[1] for line in answers.splitlines()] == ["started", "status", "status", "done"]
