"""What a user reads when a node returns or raises what nobody expects: the node's failure, in its own words."""

from __future__ import annotations

import gc
import subprocess
import sys

import odd_nodes
import pytest
from harness import evaluate_in_process, expected_outputs

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.evaluator.nodes import NodeError
from flowpipe_deadline.results.failures import read_failures, rebuild_error


def evaluated(node, graph, tmp_path):
    """What the evaluator's process prints and how it ends, and the failure that it keeps."""
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", bundle.folder, "--node", node]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done, next(iter(read_failures(bundle.folder, node)), None)


REASONS = {
    "raises when it is shown": "odd_nodes.RaisingError: its message cannot be written out",
    "exits when it is shown": "odd_nodes.ExitingError: its message cannot be written out",
    "gives no attribute": "odd_nodes.ClosedError: x",
    "holds what cannot be shown": "ValueError: its message cannot be written out",
    "enormous": "ValueError: xxxxxxxx",
    "many lines": "ValueError: first first",
    "several lines": "ValueError: first second",
    "surrogates": "ValueError: a",
    "exit": "SystemExit: 3",
    "interrupt": "KeyboardInterrupt",
    "base": "BaseException: x",
    "notes": "ValueError: the reason",
    "long chain": "ValueError: number 1999",
    "group": "ExceptionGroup: two of three (2 sub-exceptions): ValueError: one",
}


@pytest.mark.parametrize("kind", REASONS)
def test_whatever_a_node_raises_is_its_failure(graph, tmp_path, kind):
    """With its class and its line, in a report that is never too long for Deadline."""
    if kind == "group" and sys.version_info < (3, 11):
        pytest.skip("groups came with Python 3.11")
    odd_nodes.Raise(name="node", graph=graph, kind=kind)

    done, failure = evaluated("node", graph, tmp_path)

    assert done.returncode == 1
    assert failure.reason.startswith(REASONS[kind])
    assert "raise ERRORS[kind]()" in failure.report
    assert len(failure.report) < 200_000
    assert "The error is not kept" not in done.stdout


def test_a_warning_that_is_raised_is_the_failure(graph, tmp_path):
    """With its line."""
    odd_nodes.Warn(name="node", graph=graph)

    failure = evaluated("node", graph, tmp_path)[1]

    assert failure.reason == "DeprecationWarning: the old way"
    assert "warnings.warn(" in failure.report


def test_an_error_that_holds_too_much_is_kept_as_its_report(graph, tmp_path):
    """Whoever asks for the state of a graph reads it."""
    odd_nodes.Raise(name="node", graph=graph, kind="enormous")

    failure = evaluated("node", graph, tmp_path)[1]

    assert rebuild_error(failure) is None


REFUSED = {
    "array": "returned what is neither true nor false (The truth value of an array with more than one element is",
    "unknown": "returned 'values', which is not one of its outputs; did you mean 'value'?",
    "unknown and unlike": "returned 'images', which is not one of its outputs; return a dict with its outputs (value)",
    "unknown with a sub-plug": "returned 'values.a', which is not one of its outputs; did you mean 'value'?",
    "list": "returned a value of the type list; return a dict with its outputs (value) as keys",
    "text": "returned a value of the type str; return a dict",
    "number": "returned a value of the type int; return a dict",
    "generator": "returned a value of the type generator, as it has a yield; return a dict",
    "coroutine": "returned a value of the type coroutine, as it is async, which flowpipe does not await; return a dict",
    "key": "returned a dict with the key 1; return a dict with its outputs (value) as keys",
    "two dots": "returned 'value.a.b'; an output has one level of sub-plugs, such as 'value.a'",
    "range": "flowpipe cannot take range(1001, 1011) as 'value' of node (bytes must be in range(0, 256)); write"
    " list(range(1001, 1011))",
    "negative range": "write list(range(-5, 6))",
    "set": "flowpipe cannot take {1001} as 'value' of node (bytes must be in range(0, 256)); write a list",
    "paths by frame": "flowpipe cannot take a dict as 'value' of node (bytes must be in range(0, 256)); write"
    " what JSON knows",
}


@pytest.mark.filterwarnings("ignore:coroutine")
@pytest.mark.parametrize("kind", REFUSED)
def test_an_answer_that_is_no_outputs_is_told_as_such(graph, tmp_path, kind):
    """With the node's name, what it returned, and its outputs; ``graph.evaluate()`` fails, too."""
    odd_nodes.Answer(name="node", graph=graph, kind=kind)

    with pytest.raises(NodeError) as caught:
        evaluate_in_process(graph, tmp_path)

    assert str(caught.value).startswith("node ")
    assert REFUSED[kind] in str(caught.value)
    with pytest.raises((KeyError, AttributeError, TypeError, ValueError)):
        graph.evaluate()
    del caught
    gc.collect()  # What was never awaited is a warning, now.


def test_an_answer_of_a_node_without_outputs_is_told_as_such(graph, tmp_path):
    """There is nothing that it could return."""
    odd_nodes.Close(name="node", graph=graph)

    with pytest.raises(NodeError, match="node returned a value of the type list; it has no outputs, so return nothing"):
        evaluate_in_process(graph, tmp_path)


@pytest.mark.parametrize("kind", ["nothing", "zero", "empty", "sub-plug"])
def test_what_flowpipe_takes_for_outputs_is_taken(graph, tmp_path, kind):
    """Also nothing at all."""
    odd_nodes.Answer(name="node", graph=graph, kind=kind)

    assert evaluate_in_process(graph, tmp_path) == expected_outputs(graph)


def test_a_node_that_sets_no_output_is_worth_a_line_in_the_log(graph, tmp_path):
    """The return may be forgotten."""
    odd_nodes.Answer(name="node", graph=graph, kind="nothing")

    done, _ = evaluated("node", graph, tmp_path)

    assert done.returncode == 0
    assert "warning The node has set none of its outputs (value), so what they feed keeps its planned" in done.stdout


@pytest.mark.parametrize("size", [100, 3_000_000])
def test_a_large_output_is_worth_a_line_in_the_log(graph, tmp_path, size):
    """With the advice that large inputs have when planned."""
    odd_nodes.Large(name="node", graph=graph, size=size)

    done, _ = evaluated("node", graph, tmp_path)

    warning = (
        "warning The output 'value' has 3.0 MB, which each task that it feeds reads; write it into a file that all"
    )
    assert (done.stdout.count(warning), done.stdout.count("warning")) == ((1, 1) if size > 100 else (0, 0))
