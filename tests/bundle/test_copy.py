"""The folder of a bundle, and of a copy of one: whole, or not there."""

from __future__ import annotations

from dataclasses import replace

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from full_disk import full_disk

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.bundle.copy import copy_plan
from flowpipe_deadline.errors import BundleError, RecordError

CODE = {"code/0/own.py": b"WORD = 'own'\n", "code/0/tools/window.pyw": b"WORD = 'window'\n"}


@pytest.fixture
def plan():
    """A node, and code that travels with it."""
    graph = Graph(name="shot")
    nodes.Pass(name="node", graph=graph, value=1)
    return replace(plan_graph(graph), code=CODE)


def test_a_copy_has_the_code_that_the_bundle_brought_along(plan, tmp_path):
    """All of it, and nothing that a worker has compiled."""
    bundle = write_bundle(plan, root=tmp_path)
    (bundle.folder / "code/0/__pycache__").mkdir()
    (bundle.folder / "code/0/__pycache__/own.cpython-311.pyc").write_bytes(b"compiled")

    copy = copy_plan(bundle)

    files = [path for path in (copy.folder / "code").rglob("*") if path.is_file()]
    assert {path.relative_to(copy.folder).as_posix(): path.read_bytes() for path in files} == CODE


def test_a_bundle_that_is_not_whole_is_not_copied(plan, tmp_path):
    """What is missing is named, and nothing is left behind."""
    bundle = write_bundle(plan, root=tmp_path)
    (bundle.folder / "nodes/node.json").unlink()

    with pytest.raises(RecordError, match=r"node\.json is missing"):
        copy_plan(bundle)

    assert list(tmp_path.iterdir()) == [bundle.folder]


def test_on_a_full_disk_nothing_is_left_behind(plan, tmp_path):
    """No beginning of a bundle that somebody could take for one."""
    with full_disk(), pytest.raises(BundleError, match=r"cannot be written below .*: File too large; nothing was left"):
        write_bundle(plan, root=tmp_path)

    assert list(tmp_path.iterdir()) == []
