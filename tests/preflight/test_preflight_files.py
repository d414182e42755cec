"""What a plan counts on outside the bundle."""

from __future__ import annotations

import os
import subprocess
import sys

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from harness import write_script

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core.warnings import WarningKind
from flowpipe_deadline.preflight.files import merge_warnings, output_warnings, source_warnings
from flowpipe_deadline.preflight.storage import Mount, Mounts


def planned(*, count=1, **metadata):
    """A plan of some nodes with this metadata."""
    graph = Graph(name="shot")
    for index in range(count):
        nodes.Render(name=f"n{index}", graph=graph, frames=[1, 2, 3, 4], metadata=metadata)
    return plan_graph(graph)


def merged_by(rule):
    """A plan of a node whose output is merged by that rule."""
    return planned(batch={"size": 2, "merge": {"items": rule}})


def writing_to(*folders):
    """A plan of a node with these output directories."""
    return planned(deadline={"output_directories": list(folders)})


def test_a_module_on_a_disk_of_this_machine_is_told_once():
    """With the nodes that need it; installed packages are on every machine."""
    mounts = Mounts((Mount("/", "ext4"),), system="linux")

    [found] = source_warnings(planned(count=5), mounts=mounts)

    assert (found.kind, found.severity, found.node) == (WarningKind.LOCAL_SOURCE, "warning", None)
    assert found.text.startswith(f"{nodes.__file__}, the module of shot.n0, shot.n1, shot.n2 and 2 more, is on this")


def test_a_module_on_a_share_is_fine():
    """Also where a link leads to it."""
    mounts = Mounts((Mount("/", "nfs4"),), system="linux")

    assert list(source_warnings(planned(), mounts=mounts)) == []


@pytest.mark.parametrize("rule", ["concat", "chunks", "statistics:median", "farm_nodes:double"])
def test_rules_that_exist_are_fine(rule):
    """Ours, and functions that can be imported."""
    assert list(merge_warnings(merged_by(rule))) == []


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        pytest.param("no_such_module:f", "'no_such_module' is not importable", id="no such module"),
        pytest.param("statistics:medina", "statistics has no function 'medina'", id="no such function"),
        pytest.param("statistics:__name__", "has no function '__name__'", id="no function at all"),
        pytest.param("breaks:f", "ZeroDivisionError", id="a module that raises"),
        pytest.param("exits:f", "it calls exit", id="a module that exits"),
        pytest.param("plans:f", "__main__", id="a module that plans"),
        pytest.param("__main__:f", "the running script is another one", id="the running script"),
    ],
)
def test_functions_that_cannot_be_imported_are_errors(tmp_path, monkeypatch, rule, reason):
    """Whatever happens when their module is loaded."""
    write_script(tmp_path, "1 / 0\n", name="breaks.py")
    write_script(tmp_path, "exit(3)\n", name="exits.py")
    write_script(
        tmp_path,
        "from flowpipe import Graph\nfrom flowpipe_deadline import plan_graph\nplan_graph(Graph(name='g'))\n",
        name="plans.py",
    )
    monkeypatch.syspath_prepend(tmp_path)

    [found] = merge_warnings(merged_by(rule))

    assert (found.kind, found.severity, found.node) == (WarningKind.MERGE_FUNCTION, "error", "shot.n0")
    assert f"output 'items' is to be merged by {rule}: " in found.text
    assert reason in found.text


def test_a_function_beside_the_script_can_be_imported(tmp_path):
    """The folder of a script that was loaded is searched, as on a worker."""
    write_script(tmp_path, "def longest(values):\n    return max(values, key=len)\n", name="merging_beside.py")
    script = write_script(
        tmp_path,
        "from flowpipe import Graph, Node\n"
        "graph = Graph(name='g')\n"
        "@Node(outputs=['x'])\n"
        "def Make(frames=None): return {'x': frames}\n"
        "Make(graph=graph, frames=[1, 2], metadata={'batch': {'size': 1, 'merge': {'x': 'merging_beside:longest'}}})\n",
        name="script_beside.py",
    )
    code = (
        "from flowpipe_deadline import plan_graph\n"
        "from flowpipe_deadline.workflows.find import load_workflow\n"
        "from flowpipe_deadline.preflight.files import merge_warnings\n"
        f"print(*merge_warnings(plan_graph(load_workflow({str(script)!r}).build({{}}))))\n"
    )

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout == "\n"


@pytest.mark.parametrize("folder", ["/no/such/folder", pytest.param(__file__, id="a file")])
@pytest.mark.skipif(os.name == "nt", reason="the paths are those of POSIX")
def test_output_directories_that_do_not_exist_are_warnings(folder):
    """The Monitor opens them to show output."""
    [found] = output_warnings(writing_to(folder))

    assert (found.kind, found.severity, found.node) == (WarningKind.OUTPUT_DIRECTORY, "warning", "shot.n0")
    assert found.text == f"the output directory '{folder}' does not exist"


@pytest.mark.skipif(os.name == "nt", reason="the paths are those of POSIX")
def test_output_directories_that_exist_or_nobody_here_can_look_at_are_fine(tmp_path):
    """Those of another system are on other machines."""
    assert list(output_warnings(writing_to(tmp_path, "P:\\images", "\\\\server\\images"))) == []
