"""Code in the bundle, on real workers: what was typed, and what was taken along."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap

import pytest
from flowpipe import Graph
from harness import run_cli, run_script, write_script
from sessions import Session

from flowpipe_deadline import (
    DeadlineEvaluator,
    OfflineEvaluator,
    SubmitOptions,
    plan_graph,
    run_bundle,
    write_bundle,
)
from flowpipe_deadline.bundle.write import copy_bundle
from flowpipe_deadline.core import locate
from flowpipe_deadline.core.locate import load_file
from flowpipe_deadline.results.failures import read_failures, rebuild_error
from tests.fake_deadline.workers import running_workers

TYPED = """
    import enum
    from dataclasses import dataclass
    from flowpipe import Graph, INode, InputPlug, Node, OutputPlug

    class Look(enum.Enum):
        DAY = 1

    @dataclass
    class Shot:
        look: Look
        frames: tuple

    class TooDark(Exception):
        pass

    @Node(outputs=["shots"])
    def Render(frames=(1, 2)):
        import os
        os.chdir(os.sep)
        return {"shots": [Shot(Look.DAY, (frame,)) for frame in frames]}

    class Publish(INode):
        def __init__(self, **options):
            super().__init__(**options)
            InputPlug("shots", self, [])
            OutputPlug("found", self)

        def compute(self, shots):
            if not shots:
                raise TooDark("no shots", Look.DAY)
            return {"found": [shots[0], shots[0].look is Look.DAY, type(shots[0]) is Shot]}

    @Node(outputs=["found"])
    def Nested():
        from flowpipe_deadline import OfflineEvaluator
        graph = Graph(name="inner")
        render, publish = Render(graph=graph), Publish(graph=graph)
        render.outputs["shots"].connect(publish.inputs["shots"])
        graph.evaluate(mode=None, evaluator=OfflineEvaluator())
        return {"found": publish.outputs["found"].value}
"""


@pytest.fixture
def session(monkeypatch):
    """A session with nodes of both kinds; that it has a file lets flowpipe make nodes of its classes."""
    session = Session(file="a notebook")
    monkeypatch.setitem(sys.modules, "__main__", session.module)
    return session.type(TYPED)


def typed_graph(session):
    """A node that feeds another."""
    graph = Graph(name="shot")
    render = session.Render(graph=graph, name="render", metadata={"batch": {"size": 1, "over": ["frames"]}})
    publish = session.Publish(graph=graph, name="publish")
    render.outputs["shots"].connect(publish.inputs["shots"])
    return graph, publish


def test_a_typed_graph_gives_values_of_the_sessions_own_classes(session, caplog):
    """As flowpipe's own evaluation does; and nothing is left of the bundle."""
    graph, publish = typed_graph(session)
    nested = session.Nested(graph=graph)

    graph.evaluate(mode=None, evaluator=OfflineEvaluator(workers=2))

    expected = [session.Shot(session.Look.DAY, (1,)), True, True]
    assert publish.outputs["found"].value == expected
    assert nested.outputs["found"].value == expected
    assert caplog.messages == []


def test_an_error_of_a_typed_class_is_raised_as_such(session):
    """With its arguments."""
    graph = Graph(name="shot")
    session.Publish(graph=graph)

    with pytest.raises(session.TooDark) as raised:
        graph.evaluate(mode=None, evaluator=OfflineEvaluator())

    assert raised.value.args == ("no shots", session.Look.DAY)


def test_a_typed_graph_is_evaluated_by_deadline(session, deadline, monkeypatch, tmp_path):
    """Through submission, and back."""
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    graph, publish = typed_graph(session)

    with running_workers(deadline, scan_seconds=0.05):
        graph.evaluate(mode=None, evaluator=DeadlineEvaluator(root=tmp_path / "root", poll_seconds=0.05))

    assert publish.outputs["found"].value[0] == session.Shot(session.Look.DAY, (1,))


def test_a_bundle_that_was_moved_still_finds_its_code(session, tmp_path):
    """Copies of it as well, and whoever reads its results, in a process that never saw the session."""
    graph, _ = typed_graph(session)
    written = write_bundle(plan_graph(graph), root=tmp_path / "one")
    shutil.move(copy_bundle(written).folder, moved := tmp_path / "two" / written.name)
    shutil.rmtree(tmp_path / "one")
    assert run_bundle(moved).is_complete
    moved.rename(again := tmp_path / "three")
    script = write_script(
        tmp_path,
        "import sys\nfrom flowpipe_deadline import read_results\n"
        "print(read_results(sys.argv[1], node='publish')['shot.publish'].outputs()['found'])\n",
    )

    read = run_cli("results", again, "-o", "json")
    values = run_script(script, str(again), cwd=tmp_path)

    assert read.returncode == 0, read.stderr
    assert '"look": "DAY"' in read.stdout
    assert values.stdout == "[Shot(look=<Look.DAY: 1>, frames=(1,)), True, True]\n"


def test_a_task_by_hand_finds_the_code_from_any_folder(session, monkeypatch, tmp_path):
    """And whoever reads what it raised."""
    graph = Graph(name="shot")
    session.Publish(graph=graph, name="publish")
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path)
    monkeypatch.setattr(locate, "_planned_here", {})

    ran = subprocess.run(
        [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", bundle.folder, "--node", "publish"],
        capture_output=True,
        text=True,
        check=False,
    )
    bundle.folder.rename(moved := tmp_path / "moved")
    error = rebuild_error(read_failures(moved, "publish")[0])

    assert "TooDark" in ran.stderr
    assert (type(error).__name__, error.args[0]) == ("TooDark", "no shots")
    assert type(error) is not session.TooDark


PROJECT = {
    "my-shot.py": """
        import enum
        from typing import Any
        from flowpipe import Graph, Node
        import helpers, pkg

        class Look(enum.Enum):
            DAY = 1

        @Node(outputs=["words", "look"])
        def Render(look: Any = Look.DAY):
            import spread.one
            from importlib import import_module
            words = [helpers.WORD, pkg.WORD, pkg.late(), spread.one.WORD, import_module("pkg.found").WORD]
            return {"words": words, "look": look}

        @Node(outputs=["total"], metadata={"batch": {"size": 2, "over": ["frames"], "merge": {"total": "tools:total"}}})
        def Count(frames=(1, 2, 3)):
            return {"total": sum(frames)}

        @Node(outputs=["found"])
        def Join(words, look, total):
            return {"found": [words, look is Look.DAY, total]}

        def build() -> Graph:
            graph = Graph("shot")
            render, count, join = Render(graph=graph), Count(graph=graph), Join(graph=graph)
            for node, output in ((render, "words"), (render, "look"), (count, "total")):
                node.outputs[output].connect(join.inputs[output])
            return graph
    """,
    "pkg/__init__.py": """
        from .inner.deep import WORD
        def late():
            from . import lazy
            return lazy.WORD
    """,
    "pkg/inner/__init__.py": "",
    "pkg/inner/deep.py": "WORD = 'deep'",
    "pkg/lazy.py": "WORD = 'lazy'",
    "pkg/found.py": "WORD = 'found'",
    "spread/one.py": "from .two import WORD",
    "spread/two.py": "WORD = 'spread'",
    "tools.py": "def total(parts):\n    return sum(parts)",
    "lib/helpers.py": "WORD = 'helper'",
}
FOUND = [["helper", "deep", "lazy", "spread", "found"], True, 6]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A script whose name is no identifier, packages beside it, and a folder that the workers have on their path."""
    folder = tmp_path / "project"
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_script(folder, textwrap.dedent(text), name=name)
    monkeypatch.setenv("PYTHONPATH", str(folder / "lib"))
    return folder


def test_edits_while_jobs_wait_change_nothing(project, tmp_path):
    """Nor do new names, or that all is deleted; and the results are merged and read without it."""
    script = project / "my-shot.py"
    planned = run_cli("submit", script, "--snapshot-code", "--dry-run", "--root", tmp_path / "farm", "-o", "json")
    bundle = json.loads(planned.stdout)["bundle"]
    script.write_text("raise SystemExit('edited')", encoding="utf-8")
    (project / "lib" / "helpers.py").write_text("WORD = 'edited'", encoding="utf-8")
    (project / "pkg").rename(project / "package")
    shutil.rmtree(project / "spread")
    (project / "tools.py").unlink()

    ran = run_cli("run", bundle, "-o", "json")
    read = run_cli("results", bundle, "-o", "json")

    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["outputs"]["shot.Join"]["found"] == FOUND
    assert json.loads(read.stdout)["nodes"]["shot.Count"]["outputs"] == {"total": 6}


def test_without_a_snapshot_edits_count(project, tmp_path):
    """As they do for every script."""
    planned = run_cli("submit", project / "my-shot.py", "--dry-run", "--root", tmp_path / "farm", "-o", "json")
    # Of another length, or a compiled copy of the same second would count.
    (project / "lib" / "helpers.py").write_text("WORD = 'edited since'", encoding="utf-8")

    ran = run_cli("run", json.loads(planned.stdout)["bundle"], "-o", "json")

    assert json.loads(ran.stdout)["outputs"]["shot.Join"]["found"][0][0] == "edited since"


def test_a_script_may_be_named_like_a_standard_module(tmp_path):
    """It is that script on the worker, too."""
    text = (
        "from flowpipe import Node\n@Node(outputs=['name'])\ndef Say(word='mine'):\n    return {'name': word}\nSay()\n"
    )
    script = write_script(tmp_path, text, name="csv.py")

    ran = run_cli("run", script, "--snapshot-code", "--root", tmp_path / "farm")

    assert ran.returncode == 0, ran.stderr
    assert 'name = "mine"' in ran.stdout
    assert [path.name for path in (tmp_path / "farm").glob("*/code/*/*.py")] == ["csv.py"]


def test_a_snapshot_gives_values_of_the_classes_that_are_loaded(project, monkeypatch, tmp_path):
    """Not of those in the bundle, which are other classes of the same name."""
    monkeypatch.setattr(sys, "path", [str(project / "lib"), *sys.path])
    module = load_file(str(project / "my-shot.py"))
    graph = Graph(name="shot")
    render = module.Render(graph=graph)

    evaluator = OfflineEvaluator(root=tmp_path / "farm", options=SubmitOptions(snapshot_code=True))
    graph.evaluate(mode=None, evaluator=evaluator)

    assert render.outputs["look"].value is module.Look.DAY
    assert "my-shot.py" in [path.name for path in (tmp_path / "farm").glob("*/code/*/*.py")]
