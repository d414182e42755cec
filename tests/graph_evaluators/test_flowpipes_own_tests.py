"""flowpipe's own tests, with the offline farm evaluating their graphs.

They are not ours to keep: FLOWPIPE_TESTS names the ``tests`` folder of a checkout of flowpipe's repository.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FLOWPIPE_TESTS = os.environ.get("FLOWPIPE_TESTS")
NOT_FOR_A_FARM = {
    "test_graph.py::test_threaded_evaluation": "its node reads a variable of its test, and it measures threads",
}


@pytest.mark.skipif(not FLOWPIPE_TESTS, reason="FLOWPIPE_TESTS names no tests folder of a flowpipe checkout")
@pytest.mark.timeout(600)
def test_flowpipes_tests_pass_on_the_offline_farm(tmp_path):
    """All of them, whatever mode they ask for, but those listed with a reason; and these do not pass."""
    tests = copy_tests(Path(FLOWPIPE_TESTS), tmp_path)
    report = tmp_path / "report.json"
    environment = {
        **os.environ,
        "OFFLINE_REPORT": str(report),
        "PYTHONPATH": str(Path(__file__).parents[1] / "support"),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "offline_everywhere", "-p", "no:cacheprovider", "."]

    run = subprocess.run(command, cwd=tests, env=environment, capture_output=True, text=True, check=False)

    assert report.exists(), run.stdout + run.stderr
    results = json.loads(report.read_text())
    failed = {name: result["error"] for name, result in results.items() if result["outcome"] == "failed"}
    assert {name: error for name, error in failed.items() if name not in NOT_FOR_A_FARM} == {}
    assert set(failed) == set(NOT_FOR_A_FARM)
    assert sum(bool(result["evaluated"]) for result in results.values()) > 10


def test_nodes_are_lifted_out_of_tests_only_where_they_stand_alone():
    """With the name they had; one that reads a variable of its test stays where it is."""
    lifted = lift_nodes(
        "from flowpipe import Node\n"
        "def test_it():\n"
        "    delay = 1\n"
        "    @Node(outputs=['out'])\n"
        "    def Add(first): return {'out': first + abs(-1)}\n"
        "    @Node()\n"
        "    def Sleep(): return delay\n"
        "    return Add, Sleep\n"
    )

    module = {"__name__": "module"}
    exec(compile(lifted, "module.py", "exec"), module)
    add, sleep = module["test_it"]()

    assert add is module["test_it__Add_1"]
    assert add().name == "Add"
    assert add.func.__qualname__ == "test_it__Add_1"
    assert "<locals>" in sleep.func.__qualname__


def copy_tests(source, root):
    """A copy of the folder, and of the examples beside it, that a worker can load nodes from."""
    tests = root / "tests"
    shutil.copytree(source, tests, ignore=shutil.ignore_patterns("__pycache__"))
    if (source.parent / "examples").is_dir():
        shutil.copytree(source.parent / "examples", root / "examples")
    for path in tests.glob("test_*.py"):
        path.write_text(lift_nodes(path.read_text(encoding="utf-8")), encoding="utf-8")
    # flowpipe's tests want the package of that name; the standard library has what they use of it.
    (tests / "mock.py").write_text("from unittest.mock import *\n", encoding="utf-8")
    return tests


def lift_nodes(source):
    """The test module with the nodes that its tests define moved out of them: a worker cannot load them from there."""
    tree = ast.parse(source)
    body = []
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef):
            inside = local_names(statement)
            for place, inner in enumerate(statement.body):
                if is_node(inner) and not (used_names(inner) & inside):
                    own_name, inner.name = inner.name, f"{statement.name}__{inner.name}_{place}"
                    body += [inner, *ast.parse(f"{inner.name}.func.__name__ = '{own_name}'").body]
                    statement.body[place] = ast.parse(f"{own_name} = {inner.name}").body[0]
        body.append(statement)
    tree.body = body
    return ast.unparse(ast.fix_missing_locations(tree))


def is_node(statement):
    """Whether it is a function that ``@Node`` makes a node of."""
    return isinstance(statement, ast.FunctionDef) and any(
        isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "Node"
        for decorator in statement.decorator_list
    )


def local_names(function):
    """What the function defines."""
    names = {argument.arg for argument in function.args.args}
    for statement in ast.walk(function):
        if isinstance(statement, ast.Name) and isinstance(statement.ctx, ast.Store):
            names.add(statement.id)
        elif isinstance(statement, (ast.FunctionDef, ast.ClassDef)) and statement is not function:
            names.add(statement.name)
    return names


def used_names(function):
    """What the function reads and does not define itself."""
    read = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return read - local_names(function) - set(vars(builtins))
