"""What a verb imports: nothing that it does not use, so that it starts fast."""

from __future__ import annotations

import os
import subprocess
import sys

import click
import farm_nodes
import pytest
from harness import write_script

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.cli.main import VERBS, cli

CODE = """
import sys
from flowpipe_deadline.cli.main import main
try:
    main()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""
SCRIPT = """
from flowpipe import Graph, Node

@Node(outputs=["value"])
def First():
    return {"value": 1}

def build() -> Graph:
    graph = Graph(name="Shot")
    First(graph=graph)
    return graph
"""
HEAVY = {"jinja2", "requests", "urllib3", "psutil", "sqlite3", "importlib.metadata", "email", "zipfile"}
"""What neither a plan nor a status needs, where there is no hook and no submission."""


# What every verb that plans or reads needs, and what that brings along, which differs by the version of Python.
FLOOR = (
    "import importlib, sys, click, flowpipe, rich.table\n"
    "importlib.invalidate_caches()\n"  # Before a script is loaded; imports importlib.metadata in Python 3.13.
    "print(*sorted(sys.modules), file=sys.stderr)"
)


def modules_after(*arguments, cwd):
    """The modules that a verb has imported by its end, in a process of its own."""
    return modules_of(CODE, *arguments, cwd=cwd)


def modules_of(code, *arguments, cwd):
    """The modules that this code says it holds."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    env = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}  # It imports, too.
    result = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)
    assert result.returncode == 0, result.stderr
    return set(result.stderr.splitlines()[-1].split())


def test_the_short_helps_are_those_of_the_verbs():
    """The list of verbs says what each verb says of itself, at any width."""
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}

    assert all(isinstance(command, click.Command) for command in commands.values())
    assert {name: command.help.partition("\n\n")[0] for name, command in commands.items()} == VERBS
    assert {name: command.name for name, command in commands.items()} == {name: name for name in VERBS}
    assert cli.get_command(context, "main") is None


@pytest.mark.parametrize("width", [40, 60, 80, 110])
def test_help_lists_the_verbs_as_click_would(width):
    """The same lines as a group gives whose verbs are imported."""
    context = click.Context(cli)
    eager = click.Group(commands=[cli.get_command(context, name) for name in VERBS])
    ours, clicks = click.HelpFormatter(width=width), click.HelpFormatter(width=width)

    cli.format_commands(context, ours)
    eager.format_commands(context, clicks)

    assert ours.getvalue() == clicks.getvalue()


def test_help_imports_no_verb(tmp_path):
    """Neither the verbs nor what they use."""
    modules = modules_after("--help", cwd=tmp_path)

    assert modules & {f"flowpipe_deadline.cli.{name}" for name in VERBS} == set()
    assert modules & {"flowpipe", "rich", "platformdirs", *HEAVY} == set()


def test_plan_imports_nothing_heavy(tmp_path):
    """Neither templates nor anything that talks to Deadline."""
    script = write_script(tmp_path, SCRIPT)

    modules = modules_after("plan", f"{script}:build", cwd=tmp_path)

    assert "flowpipe_deadline.planning.planner" in modules
    heavy = {"subprocess", "flowpipe_deadline.deadline.client", *HEAVY} - modules_of(FLOOR, cwd=tmp_path)
    assert modules & heavy == set()


def test_status_imports_nothing_heavy(graph, tmp_path):
    """A bundle that is not submitted is shown without anything that talks to Deadline."""
    farm_nodes.Pass(graph=graph)
    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    modules = modules_after("status", bundle.folder, cwd=tmp_path)

    assert "flowpipe_deadline.status.status" in modules
    heavy = {"flowpipe_deadline.submit.submit", *HEAVY} - modules_of(FLOOR, cwd=tmp_path)
    assert modules & heavy == set()
