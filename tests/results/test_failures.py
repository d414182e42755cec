"""What is kept of a failed task, and the error that is rebuilt from it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import failing_nodes
import pytest
from harness import evaluate_task

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.errors import EvaluationError
from flowpipe_deadline.graph_evaluators.live_graph import LiveGraph
from flowpipe_deadline.results.failures import read_failures, rebuild_error, write_failure


def kept(error, folder):
    """The failure, once written and read; of a node that was planned with this file."""
    write_failure(folder, "node", None, error=error, report="the report")
    return replace(read_failures(folder, "node")[0], change=dict)


class CodeError(Exception):
    """An error that reads another text than it is given."""

    def __init__(self, code):
        """The text is made of the code."""
        super().__init__(f"code {code}")
        self.code = code


class ScriptedError(CodeError):
    """An error that says how pickle makes it again, as those of some packages do."""

    def __reduce__(self):
        return made_again, (self.code,)


def made_again(code):
    """What pickle would call."""
    return ScriptedError(code)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        KeyError(("a", 1)),
        CodeError(5),
        ScriptedError(5),
        PermissionError(13, "Permission denied", "/a", None, "/b"),
        ImportError("no such module", name="solver", path="/solver.py"),
        StopIteration(4),
        EvaluationError("a.b", "report"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_rebuilt_as_it_was(tmp_path, error):
    """Class, arguments, text and attributes; its constructor is not called."""
    failure = kept(error, tmp_path)

    rebuilt = rebuild_error(failure)

    assert failure.report == "the report"
    assert type(rebuilt) is type(error)
    assert (rebuilt.args, str(rebuilt), vars(rebuilt)) == (error.args, str(error), vars(error))
    for name in ("filename2", "path", "value"):
        assert getattr(rebuilt, name, None) == getattr(error, name, None)


@pytest.mark.parametrize(
    "source",
    [
        None,
        {"module": "failing_nodes", "qualname": "NoSuchError", "file": None},
        {"module": "no_such_module", "qualname": "AnError", "file": None},
        {"module": "failing_nodes", "qualname": "Path", "file": None},
    ],
    ids=["in a function", "renamed since", "of a host application", "no error"],
)
def test_an_error_whose_class_is_not_here_is_not_made(tmp_path, source):
    """There is still the report."""
    failure = kept(ValueError("x"), tmp_path)

    assert rebuild_error(replace(failure, raised={**failure.raised, "class": source})) is None


def test_the_latest_failure_comes_first_and_damaged_ones_not_at_all(tmp_path):
    """One file per chunk, of which a later failure replaces the earlier."""
    for frames, text in (("1-2", "first"), ("3-4", "second"), ("1-2", "third")):
        write_failure(tmp_path, "node", FrameList.parse(frames), error=ValueError(text), report=text)
    (tmp_path / "errors" / "node" / "5-6.json").write_text("{")
    (tmp_path / "errors" / "node" / "7-8.json").write_text(json.dumps({"format": 1}))

    assert [(failure.frames, failure.report) for failure in read_failures(tmp_path, "node")] == [
        ("1-2", "third"),
        ("3-4", "second"),
    ]
    assert read_failures(tmp_path, "other") == ()


def test_an_error_that_was_overcome_is_not_raised(graph, tmp_path):
    """The chunk has a result by now; the job failed for another one."""
    metadata = {"batch": {"size": 1, "over": ["numbers"]}}
    node = failing_nodes.Divide(name="node", graph=graph, numbers=[1, 0], metadata=metadata)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    evaluate_task(bundle.folder, node="node", frames=FrameList([0]))
    for frame, error in ((1, ZeroDivisionError()), (0, OSError("overcome"))):
        write_failure(bundle.folder, "node", FrameList([frame]), error=error, report="a report")
    live = LiveGraph({"node": node}, bundle=bundle)

    live.follow({"node": "failed"}, explain=str)

    assert [type(error) for error in live.errors] == [ZeroDivisionError]


def test_an_error_that_cannot_be_kept_is_still_reported(graph, tmp_path):
    """If the bundle takes no more files, the task still reports its error."""
    failing_nodes.Raise(name="node", graph=graph, kind="plain")
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    (bundle.folder / "errors").rmdir()
    (bundle.folder / "errors").touch()
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", bundle.folder, "--node", "node"]

    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert "ValueError: ('no scene', 3)" in run.stderr
    assert "warning The error is not kept in the bundle: " in run.stdout
