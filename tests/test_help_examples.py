"""The examples in every ``--help`` work as they stand there, but for the names of places."""

from __future__ import annotations

import re

import click
import pytest
from direct_farm import DirectClient
from places import PROGRAM, Place, check_options
from submissions import Worker

from flowpipe_deadline import plan_graph, run_bundle, write_bundle
from flowpipe_deadline.cli.main import VERBS, cli
from flowpipe_deadline.submit.transaction import submit_to
from flowpipe_deadline.workflows.find import load_workflow
from tests.fake_deadline.operations import FakeDeadline

NOT_RUN = {
    "flowpipe-deadline dialog": "a window waits for a person",
    "flowpipe-deadline dialog shot.py:build --root //server/show/farm": "a window waits for a person",
    "flowpipe-deadline doctor --probe --root /mnt/projects/show/farm --set pool=tests": "it has tests of its own",
    "flowpipe-deadline doctor --only hosts -i maya-2026=/opt/maya2026/bin/mayapy": "as that",
    "flowpipe-deadline doctor --only chunks --only keys -o json > report.json": "as that",
    "flowpipe-deadline graph ./bundles/Turntable-20261123-101500-1a2b3c4d --follow --open": "it opens a browser",
    "flowpipe-deadline run turntable.py --repository /mnt/DeadlineRepository10 -i python=/usr/bin/python3": "as that",
}
"""Examples of which only the options are checked, and why."""
BUNDLE = re.compile(r"\./(?:bundles/)?(?:Shot|Turntable)(?=-20261123)")
"""How examples name a bundle that lies somewhere."""
HERE = "/mnt/projects/show/farm/Shot"
SCRIPT = """
from flowpipe import Graph, Node

@Node(outputs=["images"], metadata={{"batch_size": 24}})
def Render(frames=None, camera=""):
    return {{"images": [f"{{camera}}.{{frame}}.exr" for frame in frames]}}

def {name}({parameters}) -> Graph:
    graph = Graph(name="{title}")
    Render(name="Render", graph=graph, frames={frames}, camera="top")
    return graph
"""
STUDIO = """
workflows = ["/home/td/workflows"]
root = "/mnt/projects/show/farm"
allow_local_root = true

[presets.night]
priority = 40

[presets.comp]
priority = 60
"""


@pytest.fixture
def deadline(tmp_path):
    """A fake Deadline."""
    with FakeDeadline.create(tmp_path / "deadline") as created:
        yield created


@pytest.fixture
def place(tmp_path, deadline):
    """Where the examples run, with all that they name."""
    made = Place(tmp_path, deadline)
    for path, name, title, parameters, frames in (
        ("shot.py", "build", "Shot", "frames: int = 4", "range(frames)"),
        ("turntable.py", "turntable", "Turntable", "frames: str = '1-4', camera: str = 'front'", "frames"),
        ("workflows/turntable.py", "turntable", "Turntable", "frames: str = '1-4', camera: str = 'front'", "frames"),
        ("studio/graphs.py", "publish", "Publish", "", "[1, 2]"),
    ):
        made.write(path, SCRIPT.format(name=name, title=title, parameters=parameters, frames=frames))
    made.write("studio.toml", STUDIO)
    return made


def make_bundle(place, deadline, state):
    """A new bundle of the shot: ``written``, ``run`` here, ``submitted``, or ``complete`` on the farm."""
    graph = load_workflow(str(place.home / "shot.py")).build({})
    bundle = write_bundle(plan_graph(graph), root=place.root)
    if state == "run":
        run_bundle(bundle, workers=1)
    elif state != "written":
        job_ids = submit_to(DirectClient(deadline), bundle)
        if state == "complete":
            Worker(deadline, bundle, job_ids).render("Render", "0-3")


def examples_of(verb):
    """The command lines in the verb's help, without the program's name."""
    text = cli.get_command(click.Context(cli), verb).help
    lines = [line.strip() for line in text.partition("Examples:")[2].splitlines()]
    return [line for line in lines if line.startswith(PROGRAM)]


STATES = {
    "cancel": "submitted",
    "clean": "complete",
    "config": "",
    "dialog": "",
    "doctor": "",
    "export": "written",
    "graph": "complete",
    "install": "",
    "list": "",
    "logs": "run",
    "plan": "",
    "redo": "complete",
    "results": "complete",
    "run": "written",
    "status": "submitted",
    "submit": "written",
    "wait": "complete",
    "why": "submitted",
}
"""What the bundles in a verb's examples are. A new verb needs a line here, so that its examples are run."""


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_examples_of_a_verb_work(verb, place, deadline):
    """Each exits with 0, and says no error."""
    assert verb in STATES, f"STATES in this file does not say what the examples of {verb} need"
    examples = examples_of(verb)
    assert examples, f"the help of {verb} has no examples"
    wrong = {}

    for example in (each for each in examples if each not in NOT_RUN):
        if "-20261123" in example:
            make_bundle(place, deadline, STATES[verb])
        # What another program would do then is no matter.
        done = place.run(BUNDLE.sub(HERE, example.partition(" && ")[0]))
        # What the doctor finds is no matter.
        if done.code not in ((0, 1) if verb == "doctor" else (0,)) or "Error:" in done.output:
            wrong[example] = done

    assert wrong == {}


@pytest.mark.parametrize("example", sorted(NOT_RUN))
def test_examples_that_are_not_run_have_options_that_exist(example, place):
    """And are still in the help."""
    assert example in examples_of(example.split()[1])
    check_options(place.here(BUNDLE.sub(HERE, example)))
