"""The examples in every ``--help`` work as they stand there, but for the names of places."""

from __future__ import annotations

import os
import re
import shlex
import sys

import click
import pytest
from direct_farm import DirectClient
from harness import run_cli
from submissions import Worker

from flowpipe_deadline import plan_graph, run_bundle, write_bundle
from flowpipe_deadline.cli.main import VERBS, cli
from flowpipe_deadline.submit.transaction import submit_to
from flowpipe_deadline.workflows.find import load_workflow
from tests.fake_deadline.operations import FakeDeadline

PROGRAM = "flowpipe-deadline"
NOT_RUN = {
    "dialog": "a window waits for a person",
    "dialog shot.py:build --root //server/show/farm": "a window waits for a person",
    "doctor --probe --root /mnt/projects/show/farm --set pool=tests": "it takes a farm, and has tests of its own",
    "doctor --only hosts -i maya-2026=/opt/maya2026/bin/mayapy": "it takes long, and has tests of its own",
    "doctor --only chunks --only keys -o json > report.json": "as that",
    "graph ./bundles/Turntable-20261123-101500-1a2b3c4d --follow --open": "it opens a browser",
    "run turntable.py --repository /mnt/DeadlineRepository10 -i python=/usr/bin/python3": "as that",
}
"""Examples of which only the options are checked, and why."""
BUNDLE = re.compile(r"\S*/(?:Shot|Turntable)-20261123-101500-1a2b3c4d")
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
workflows = ["{folder}/workflows"]
root = "{folder}/root"
allow_local_root = true

[presets.night]
priority = 40

[presets.comp]
priority = 60
"""


class Place:
    """A folder with all that the examples name, and a fake Deadline."""

    def __init__(self, folder, deadline):
        self.folder = folder
        self.deadline = deadline
        for name in ("workflows", "studio", "root", "farm"):
            (folder / name).mkdir()
        for path, name, title, parameters, frames in (
            ("shot.py", "build", "Shot", "frames: int = 4", "range(frames)"),
            ("turntable.py", "turntable", "Turntable", "frames: str = '1-4', camera: str = 'front'", "frames"),
            ("studio/graphs.py", "publish", "Publish", "", "[1, 2]"),
        ):
            text = SCRIPT.format(name=name, title=title, parameters=parameters, frames=frames)
            (folder / path).write_text(text, encoding="utf-8")
        (folder / "workflows" / "turntable.py").write_bytes((folder / "turntable.py").read_bytes())
        (folder / "studio.toml").write_text(STUDIO.format(folder=folder.as_posix()), encoding="utf-8")

    def bundle(self, state):
        """A new bundle of the shot: ``written``, ``run`` here, ``submitted``, or ``complete`` on the farm."""
        graph = load_workflow(str(self.folder / "shot.py")).build({})
        bundle = write_bundle(plan_graph(graph), root=self.folder / "root")
        if state == "run":
            run_bundle(bundle, workers=1)
        elif state != "written":
            job_ids = submit_to(DirectClient(self.deadline), bundle)
            if state == "complete":
                Worker(self.deadline, bundle, job_ids).render("Render", "0-3")
        return str(bundle.folder)

    def arguments(self, example, state):
        """The example's, with the places of this test for those that it names."""
        text = re.split(r" (?:&&|>) ", example)[0]
        if BUNDLE.search(text):
            text = BUNDLE.sub(self.bundle(state), text)
        for named, here in (
            ("/mnt/DeadlineRepository10", self.deadline.root),
            ("/mnt/projects/show/farm", self.folder / "farm"),
            ("//server/show/farm", self.folder / "farm"),
            ("/opt/maya2026/bin/mayapy", sys.executable),
            ("/usr/bin/python3", sys.executable),
        ):
            text = text.replace(named, str(here))
        return shlex.split(text)

    def run(self, *examples, state=""):
        """Exit code, output and errors of each."""
        environment = {
            **os.environ,
            "DEADLINE_PATH": str(self.deadline.bin),
            "FLOWPIPE_DEADLINE_CONFIG": str(self.folder / "studio.toml"),
            "XDG_DATA_HOME": str(self.folder / "data"),
        }
        lines = [self.arguments(example, state) for example in examples]
        done = [run_cli(*line, cwd=self.folder, env=environment) for line in lines]
        return [(each.returncode, each.stdout, each.stderr) for each in done]


@pytest.fixture
def place(tmp_path):
    """Where the examples run."""
    with FakeDeadline.create(tmp_path / "deadline") as deadline:
        yield Place(tmp_path, deadline)


def examples_of(verb):
    """The command lines in the verb's help, without the program's name."""
    text = cli.get_command(click.Context(cli), verb).help
    lines = [line.strip() for line in text.partition("Examples:")[2].splitlines()]
    return [line[len(PROGRAM) :].strip() for line in lines if line.startswith(PROGRAM)]


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
def test_the_examples_of_a_verb_work(verb, place):
    """Each exits with 0, and says no error."""
    assert verb in STATES, f"STATES in this file does not say what the examples of {verb} need"
    examples = examples_of(verb)
    assert examples, f"the help of {verb} has no examples"
    run = [example for example in examples if example not in NOT_RUN]

    done = place.run(*run, state=STATES[verb]) if run else []

    # What the doctor finds is no matter.
    good = (0, 1) if verb == "doctor" else (0,)
    wrong = {
        example: (code, errors)
        for example, (code, _, errors) in zip(run, done)
        if code not in good or "Error:" in errors
    }
    assert wrong == {}


@pytest.mark.parametrize("example", sorted(NOT_RUN))
def test_examples_that_are_not_run_have_options_that_exist(example, place):
    """And are still in the help."""
    verb, *arguments = place.arguments(example, "")

    assert example in examples_of(verb)
    cli.get_command(click.Context(cli), verb).make_context(verb, arguments)
