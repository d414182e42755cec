"""Paths that get too long for Windows."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import evaluate_plan

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.preflight.files import length_warnings


def planned(name="shot", *, node="render", **options):
    """A plan of one node."""
    graph = Graph(name=name)
    nodes.Render(name=node, graph=graph, **options)
    return plan_graph(graph)


def longest_root(plan):
    """The length of the longest root below which all paths are short enough."""
    return next(length for length in range(250, 0, -1) if not length_warnings(plan, root=root(length), system="win32"))


def root(length):
    """A full path of Windows, so long."""
    return "P:\\" + "x" * (length - 3)


def test_the_longest_path_is_a_result_while_it_is_written(tmp_path):
    """What a bundle and its results really have, and the name of a file until it is complete."""
    plan = planned(frames=range(1, 101), metadata={"batch_size": 30})
    bundle = write_bundle(plan, root=tmp_path)
    evaluate_plan(plan, bundle)
    written = max(len(str(path)) for path in tmp_path.rglob("*")) - len(str(tmp_path))

    # A dot, a dash, twelve digits and .tmp around the name.
    assert longest_root(plan) == 259 - written - 18


def test_the_longest_path_may_be_a_job_file():
    """The folder is called otherwise while the bundle is written, and the key stands behind a number."""
    plan = planned("x" * 60, node="y" * 100)

    below = len("." + "x" * 40 + "-20261123-101500-1a2b3c4d.partial/jobs/001-" + "y" * 72 + ".plugin")
    result = len("x" * 40 + "-20261123-101500-1a2b3c4d/results/" + "y" * 72 + "/.whole.json-0123456789ab.tmp")

    assert longest_root(plan) == 259 - 1 - max(below, result)


@pytest.mark.parametrize(
    ("options", "chunk"),
    [
        pytest.param({}, "whole", id="not batched"),
        pytest.param({"frames": range(1, 12), "metadata": {"batch_size": 5}}, "6-10", id="the last but one"),
        pytest.param({"frames": range(95, 107), "metadata": {"batch_size": 4}}, "103-106", id="the last"),
        pytest.param({"frames": [1, 5, 1000], "metadata": {"batch_size": 1}}, "1000", id="one by one"),
        pytest.param({"frames": ["a"] * 12, "metadata": {"batch_size": 10}}, "10-11", id="item numbers"),
    ],
)
def test_the_chunk_with_the_longest_name_counts(options, chunk):
    """Of the frames as they are planned."""
    below = f"shot-20261123-101500-1a2b3c4d/results/render/.{chunk}.json-0123456789ab.tmp"

    assert longest_root(planned(**options)) == 259 - 1 - len(below)


def test_the_error_says_how_much_to_save():
    """And which node it is."""
    plan = planned()
    longest = longest_root(plan)

    [warning] = length_warnings(plan, root=root(longest + 7), system="linux")

    assert (warning.kind, warning.severity, warning.node) == (WarningKind.LONG_PATH, "error", "shot.render")
    assert "266 characters, and Windows takes 259" in warning.text
    assert "save 7 in the root" in warning.advice


def test_a_root_of_another_system_is_only_worth_a_warning():
    """Windows workers see it under another path, if there are any."""
    [warning] = length_warnings(planned(), root="/mnt/" + "x" * 250, system="linux")

    assert warning.severity == "warning"


def test_a_share_is_a_root_of_windows():
    """Whoever submits."""
    [warning] = length_warnings(planned(), root="//server/" + "x" * 250, system="linux")

    assert warning.severity == "error"


def test_the_prefix_of_long_paths_lifts_the_limit():
    r"""``\\?\`` says that the path may be long."""
    assert length_warnings(planned(), root="\\\\?\\" + root(300), system="win32") == ()


def test_windows_counts_some_characters_twice():
    """It counts in units of sixteen bits."""
    plan = planned()
    longest = longest_root(plan)

    assert not length_warnings(plan, root=root(longest - 1)[:-1] + "é" * 2, system="win32")
    assert length_warnings(plan, root=root(longest - 1)[:-1] + "🎬" * 2, system="win32")


def test_a_drive_alone_needs_no_further_slash():
    """It has one already."""
    plan = planned("x" * 40, node="y" * 72)

    assert length_warnings(plan, root="P:\\", system="win32") == length_warnings(plan, root="P:", system="win32")


def test_the_record_of_an_omitted_node_counts(graph):
    """It has a file as well."""
    nodes.Pass(name="a", graph=graph)
    nodes.Pass(name="y" * 100, graph=graph).omit = True

    [warning] = length_warnings(plan_graph(graph), root=root(150), system="win32")

    assert warning.node.startswith("Test.yyy")
