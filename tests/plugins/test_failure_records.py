"""Why a task failed is kept in the bundle, also where the evaluator could not write it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import session_nodes as nodes
from full_disk import full_disk
from sandboxed import LoadedPlugin

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.files import write_whole
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.core.rights import make_folder
from flowpipe_deadline.offline.standins.sandbox import TaskCanceled, TaskError
from flowpipe_deadline.results.evaluation import Evaluation
from flowpipe_deadline.results.failures import read_failures, reason_in, write_failure
from flowpipe_deadline.results.history import read_history

PYTHON_ONLY = {"OneTaskPerProcess": "*"}


@pytest.fixture
def load(graph, tmp_path):
    """Loads the plugin with a job whose node does the given acts, by frame; it is ended with the test."""
    loaded = []

    def load(acts=(), *, interpreter="python", **config):
        node = nodes.Act(name="act", graph=graph, frames=list(range(1, 5)))
        node.inputs["acts"].value, node.inputs["folder"].value = dict(acts), str(tmp_path)
        bundle = write_bundle(plan_graph(graph), root=tmp_path / "bundles")
        loaded.append(LoadedPlugin(bundle, tmp_path / "jobs data", interpreter=interpreter, job_id="5a1f", **config))
        return loaded[-1]

    yield load
    for plugin in loaded:
        plugin.end()


def failed(plugin, *frames):
    """The report of a task that fails."""
    with pytest.raises(TaskError) as error:
        plugin.render(*frames)
    return str(error.value)


def kept(plugin):
    """What the bundle keeps of its failed tasks."""
    return read_failures(plugin.bundle.folder, "act")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("kill itself", "killed by signal 9: most often by the system, as memory ran out"),
        ("crash", "killed by signal 11: it crashed"),
        ("say and exit", "exit code 3"),
    ],
)
def test_the_end_of_an_interpreter_is_kept_in_words(load, act, words):
    """With the task, the worker, and every attempt; what it printed is in the report only."""
    plugin = load({2: act})

    reports = [failed(plugin, 2) for _ in range(2)]

    (failure,) = kept(plugin)
    assert failure.frames == "2"
    assert words in failure.reason
    assert "the last thing it said" not in failure.reason
    assert failure.report == reports[1]
    assert [(one.job, one.task, one.worker, one.attempt) for one in failure.evaluations] == [
        ("5a1f", "0", "offline", 1),
        ("5a1f", "0", "offline", 2),
    ]
    assert {one.error for one in failure.evaluations} == {failure.reason}


def test_an_interpreter_that_is_not_configured(load):
    """The reason says what to do."""
    plugin = load(interpreter="katana")

    report = failed(plugin, 1)

    (failure,) = kept(plugin)
    assert failure.reason == report
    assert failure.reason.startswith("The interpreter 'katana' is not configured. In the Monitor, open Tools")


def test_an_interpreter_that_cannot_be_started(load, tmp_path):
    """As it is not executable."""
    (tmp_path / "python").touch(mode=0o644)
    plugin = load(Executable_python=str(tmp_path / "python"))

    failed(plugin, 1)

    assert f"{tmp_path / 'python'} cannot be started: " in kept(plugin)[0].reason


def test_an_interpreter_that_does_not_get_to_the_evaluator(load):
    """The exit code in words."""
    plugin = load(Executable_python="/bin/sh", Arguments_python='-c "exit 127" "<TASK>"', **PYTHON_ONLY)

    failed(plugin, 1)

    reason = kept(plugin)[0].reason
    assert "ended before it reached the evaluator (exit code 127: a program or a library was not found)" in reason


def test_a_result_knows_its_task(load):
    """The plugin tells the evaluator."""
    plugin = load()

    plugin.render(1)

    (one,) = read_history(plugin.bundle)["Test.act"]
    assert (one.frames, one.job, one.task, one.worker, one.error) == ("1", "5a1f", "0", "offline", None)


def test_a_node_that_raises_is_the_evaluators_matter(load):
    """It has kept the error itself, and the plugin writes nothing."""
    plugin = load({1: "raise"})

    failed(plugin, 1)

    assert [path.name for path in (plugin.bundle.folder / "errors" / "act").iterdir()] == ["1.json"]
    (failure,) = kept(plugin)
    assert failure.reason == "RuntimeError: this node fails"
    assert [(one.job, one.task, one.worker) for one in failure.evaluations] == [("5a1f", "0", "offline")]


def test_a_cancelled_task_keeps_nothing(load):
    """Nobody asks why."""
    plugin = load({1: "wait"})
    plugin.host.is_canceled = lambda: bool(plugin.host.messages)

    with pytest.raises(TaskCanceled):
        plugin.render(1)

    assert kept(plugin) == ()


def request(bundle, *, token, frames=(3, 1, 2)):
    """A task as the plugin has it."""
    origin = {"job": "5a1f", "task": "0", "worker": "w"}
    return {"bundle": str(bundle.folder), "node": "act", "frames": list(frames), "token": token, **origin}


@pytest.fixture
def write(load):
    """The plugin's function that writes a failure, and the bundle."""
    plugin = load()
    return plugin.sandbox._module.write_failure, plugin.bundle


def test_of_one_attempt_the_evaluators_record_counts(write):
    """It has the error itself; it may have ended before it could report."""
    write_plugins, bundle = write
    error, evaluation = ValueError("no scene"), Evaluation("1-3", 5, token="11111111", error="ValueError: no scene")
    write_failure(bundle.folder, "act", FrameList((1, 2, 3)), error=error, report="all", evaluation=evaluation)

    write_plugins(request(bundle, token="1" * 32), "The interpreter ended", seconds=1.0)

    (failure,) = read_failures(bundle.folder, "act")
    assert (failure.reason, failure.frames, len(failure.evaluations)) == ("ValueError: no scene", "1-3", 1)
    write_plugins(request(bundle, token="2" * 32), "The interpreter ended", seconds=1.0)
    (failure,) = read_failures(bundle.folder, "act")
    assert [one.error for one in failure.evaluations] == ["ValueError: no scene", "The interpreter ended"]
    assert failure.reason == "The interpreter ended"


def test_a_full_disk_leaves_what_was_there(write):
    """Whole, and nothing beside it."""
    write_plugins, bundle = write
    write_plugins(request(bundle, token="1" * 32), "first", seconds=1.0)

    with full_disk(), pytest.raises(OSError, match="File too large"):
        write_plugins(request(bundle, token="2" * 32), "second", seconds=1.0)

    assert [failure.reason for failure in read_failures(bundle.folder, "act")] == ["first"]
    assert len(list((bundle.folder / "errors" / "act").iterdir())) == 1


def test_what_cannot_be_kept_does_not_change_the_report(load):
    """The task fails for its first reason, and the log says the rest."""
    plugin = load({1: "kill itself"})
    folder = plugin.bundle.folder / "errors" / "act"
    folder.write_text("in the way", encoding="utf-8")

    report = failed(plugin, 1)

    assert report.startswith("The interpreter ended before it wrote a result (killed by signal 9")
    assert [text for text in plugin.host.of("WARNING") if "The failure is not kept in the bundle: " in text]


@pytest.mark.parametrize("mode", [0o2775, 0o775, 0o755, 0o1777, 0o700])
def test_the_plugin_gives_the_rights_that_the_evaluator_gives(write, mode):
    """Whatever the umask of the worker is, the next one may be another user."""
    write_plugins, bundle = write
    errors = bundle.folder / "errors"
    os.chmod(errors, mode)
    before = os.umask(0o077)
    try:
        write_plugins(request(bundle, token="1" * 32), "first", seconds=1.0)
        make_folder(errors / "other")
        write_whole(errors / "other" / "1.json", b"{}")
    finally:
        os.umask(before)

    plugins, evaluators = ([path.stat().st_mode for path in (folder, *folder.iterdir())] for folder in errors.iterdir())
    assert plugins == evaluators


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "killed by signal 9: most often by the system, as memory ran out"),
        (137, "killed by signal 9: most often by the system, as memory ran out"),
        (139, "killed by signal 11: it crashed"),
        (-64, "killed by signal 64"),
        (0xC0000005, "crashed with code 0xC0000005: it reached for memory that is not its own"),
        (0xC0000005 - 2**32, "crashed with code 0xC0000005: it reached for memory that is not its own"),
        (-1073740791, "crashed with code 0xC0000409: it gave up by itself"),
        (127, "exit code 127: a program or a library was not found"),
        (0, "exit code 0"),
        (3, "exit code 3"),
    ],
)
def test_exit_codes_in_words(load, code, words):
    """.NET gives those of Windows with a sign, and those of signals as a shell does."""
    assert load().sandbox._module.describe_exit(code) == words


def test_an_earlier_version_reads_the_plugins_records(write):
    """It asks for the same keys in every file of the folder."""
    write_plugins, bundle = write
    write_plugins(request(bundle, token="1" * 32), "The interpreter ended\n    last words", seconds=1.0)

    (path,) = (bundle.folder / "errors" / "act").glob("[!.]*.json")
    record = json.loads(Path(path).read_text(encoding="utf-8"))

    assert record["format"] == 1
    assert {"frames", "report", "raised", "written"} <= set(record)
    assert record["raised"]["class"] is None


CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ("", ""),
        ("one\n  two", "one"),
        ("Traceback (most recent call last):\n  File x\nKeyError: 'a'\n", "KeyError: 'a'"),
        ('  File "x.py", line 1\n    a b\n    ^\nSyntaxError: invalid syntax\n', "SyntaxError: invalid syntax"),
        (
            "  + Exception Group Traceback (most recent call last):\n  | a\n  +-+- 1 -\n    | ValueError: b\n    +-\n",
            "a: ValueError: b",
        ),
        ("Traceback (most recent call last):\n  File x\nTypeError: a\nb\n", "TypeError: a"),
        (f"ValueError: 0\n{CAUSED}Traceback (most recent call last):\n  File x\nKeyError: 1\n", "KeyError: 1"),
        (f"ValueError: 0\n{CAUSED}ValueError: 1\n", "ValueError: 1"),
        (f"write a list\n\nTraceback (most recent call last):\n  File x\nKeyError: 1\n{CAUSED}K: 2", "write a list"),
    ],
)
def test_the_reason_in_a_report(report, reason):
    """Of records and messages that do not say it by themselves."""
    assert reason_in(report) == reason
