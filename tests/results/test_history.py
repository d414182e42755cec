"""Every evaluation of a chunk: when, where, how long, for which task, and which attempt."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import history_nodes as nodes
import pytest
from flowpipe import Graph
from harness import run_cli

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.frames import FrameList
from flowpipe_deadline.evaluator.__main__ import _evaluate_task
from flowpipe_deadline.evaluator.protocol import TaskRequest
from flowpipe_deadline.results.edits import write_edits
from flowpipe_deadline.results.evaluation import MOST, Evaluation, followed_by, in_order
from flowpipe_deadline.results.history import history_lines, read_history


class Quiet:
    """A reporter that nobody hears."""

    def __getattr__(self, name):
        return lambda *_, **__: None


@pytest.fixture
def bundle(tmp_path):
    """A node in two chunks, and one that fails if it is asked to."""
    graph = Graph(name="Shot")
    nodes.Source(name="source", graph=graph, frames=[1, 2, 3, 4], metadata={"batch_size": 2})
    nodes.MayFail(name="fail", graph=graph)
    return write_bundle(plan_graph(graph), root=tmp_path)


def evaluate(bundle, node, frames=None, *, token="", **origin):
    """The exit code of a task, as the evaluator's process ends with it."""
    frame_list = None if frames is None else FrameList.parse(frames)
    request = TaskRequest(bundle=bundle.folder, node=node, frames=frame_list, token=token, **origin)
    return _evaluate_task(request, Quiet(), is_last=lambda: False)


def history(bundle, node):
    """The evaluations of a node."""
    return read_history(bundle, node=node)[f"Shot.{node}"]


def test_a_result_says_where_it_comes_from(bundle):
    """When it was written, how long it took, by which worker for which task."""
    before = time.time_ns()

    assert evaluate(bundle, "source", "1-2", token="0123456789", worker="render01", job="5a", task="7") == 0

    (one,) = history(bundle, "source")
    assert before <= one.written <= time.time_ns()
    assert 0 <= one.seconds < 10
    assert replace(one, written=0, seconds=0.0) == Evaluation(
        "1-2", 0, 0.0, worker="render01", job="5a", task="7", attempt=1, token="01234567"
    )


def test_results_carry_on_what_was_before_them(bundle):
    """Of their own chunk, oldest first."""
    for worker in ("a", "b", "c"):
        evaluate(bundle, "source", "1-2", worker=worker)
    evaluate(bundle, "source", "3-4", worker="d")

    found = history(bundle, "source")

    assert [(one.frames, one.worker, one.attempt) for one in found] == [
        ("1-2", "a", 1),
        ("1-2", "b", 2),
        ("1-2", "c", 3),
        ("3-4", "d", 1),
    ]


def test_failures_are_part_of_it(bundle):
    """Before and after results, each with its reason in a line."""
    assert evaluate(bundle, "fail", worker="a") == 1
    assert evaluate(bundle, "fail", worker="b") == 1
    write_edits(bundle.folder, {"fail": {"fails": False}}, user="anna")
    assert evaluate(bundle, "fail", worker="c") == 0
    write_edits(bundle.folder, {"fail": {"fails": True}}, user="anna")
    assert evaluate(bundle, "fail", worker="d") == 1

    found = [(one.worker, one.attempt, one.edit, one.error) for one in history(bundle, "fail")]

    reason = "ValueError: no scene"
    assert found == [("a", 1, 0, reason), ("b", 2, 0, reason), ("c", 3, 1, None), ("d", 4, 2, reason)]


def test_only_the_last_evaluations_are_kept(bundle):
    """They are still counted as attempts."""
    for _ in range(MOST + 3):
        evaluate(bundle, "source", "1-2")

    found = history(bundle, "source")

    assert [one.attempt for one in found] == list(range(4, MOST + 4))


def test_no_clock_decides_about_the_order():
    """Of evaluations that replaced each other on workers whose clocks differ."""
    results = followed_by(followed_by((), Evaluation("1", 500, token="a")), Evaluation("1", 300, token="b"))
    failures = (Evaluation("1", 400, token="c", error="no"), Evaluation("1", 600, token="d", error="no"))

    found = in_order(results, failures)

    assert [(one.token, one.attempt) for one in found] == [("c", 1), ("a", 2), ("b", 3), ("d", 4)]


def test_a_result_of_an_earlier_version_says_when(bundle):
    """It has only its time; what replaces it carries that on."""
    evaluate(bundle, "source", "1-2")
    path = bundle.folder / "results" / "source" / "1-2.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    del record["evaluations"]
    path.write_text(json.dumps({**record, "time": "2026-11-23T10:15:00Z"}), encoding="utf-8")

    evaluate(bundle, "source", "1-2", worker="new")

    first, second = history(bundle, "source")
    assert (first.written, first.worker, first.attempt) == (1795428900 * 10**9, "", 1)
    assert (second.worker, second.attempt) == ("new", 2)


def test_a_damaged_result_does_not_hide_the_history_of_others(bundle):
    """Its own is lost."""
    evaluate(bundle, "source", "1-2", worker="a")
    evaluate(bundle, "source", "3-4", worker="b")
    (bundle.folder / "results" / "source" / "1-2.json").write_text("{", encoding="utf-8")

    assert [one.worker for one in history(bundle, "source")] == ["b"]


def test_items_are_told_with_their_frames(tmp_path):
    """Of a chunk, of what is missing, and of what is stale."""
    graph = Graph(name="Shot")
    nodes.Source(name="source", graph=graph, frames=[1001, 1011, 1021, 1031], metadata={"batch_size": 2})
    bundle = write_bundle(plan_graph(graph), root=tmp_path)
    evaluate(bundle, "source", "0-1")
    (record,) = (bundle.folder / "results" / "source").glob("*.json")

    lines = history_lines(read_results(bundle), read_history(bundle))

    assert record.name == "0-1.json"
    assert "  items 0-1 (frames 1001,1011)" in lines
    assert lines[-1] == "  missing items 2-3 (frames 1021,1031)"


def test_the_lines_for_people(bundle):
    """Inputs and who changed them; evaluations, outputs and what is stale for each chunk; what is missing."""
    evaluate(bundle, "source", "1-2", worker="render01", job="5a1f", task="0", token="a" * 32)
    (first,) = history(bundle, "source")
    write_edits(bundle.folder, {"fail": {"fails": False}}, user="anna")
    evaluate(bundle, "fail")
    write_edits(bundle.folder, {"fail": {"fails": True}}, user="bert")
    evaluate(bundle, "fail")

    lines = history_lines(read_results(bundle), read_history(bundle))

    start = lines.index("Shot.source")
    written = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(first.written / 10**9))
    source = lines[start : start + 6]
    assert source[:4] == [
        "Shot.source",
        "  input frames = [1, 2, 3, 4]",
        "  frames 1-2",
        f"    {written}, {first.seconds:.1f} s, on render01, task 0 of 5a1f, attempt 1",
    ]
    assert source[4].startswith("    items = [[1, ")
    assert source[5] == "  missing frames 3-4"
    fail = [line[:4] + line[23:] if line[4:8].isdigit() else line for line in lines[lines.index("Shot.fail") :][:7]]
    assert fail[0] == "Shot.fail"
    assert fail[1] == "  input fails = true"
    assert fail[2] == "      anna set it to false, from true"
    assert fail[3] == "      bert set it to true, from false"
    assert fail[4] == "  all, older than its inputs"
    assert fail[5].endswith("attempt 1, with edit 1")
    assert fail[6].endswith("attempt 2, with edit 2: ValueError: no scene")


def test_the_command_line_shows_it(bundle):
    """As text and as JSON, and exits with 1 as outputs are missing."""
    evaluate(bundle, "source", "1-2", worker="render01")

    text = run_cli("results", bundle.folder, "source", "--history")
    data = run_cli("results", bundle.folder, "--history", "-o", "json")

    assert text.stdout.splitlines() == history_lines(
        read_results(bundle, node="source"), read_history(bundle, node="source")
    )
    assert (text.returncode, data.returncode) == (1, 1)
    answer = json.loads(data.stdout)
    assert answer["complete"] is False
    (one,) = answer["nodes"]["Shot.source"]["history"]
    assert (one["frames"], one["worker"], one["attempt"], one["error"]) == ("1-2", "render01", 1, None)
    assert answer["nodes"]["Shot.fail"]["inputs"]["fails"] == {"value": True, "source": None, "edits": []}
