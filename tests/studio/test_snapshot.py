"""Which files a snapshot takes, and what records say then."""

from __future__ import annotations

import importlib
import os
import sys

import pytest
from flowpipe import Graph
from sessions import Session

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core.locate import load_file
from flowpipe_deadline.errors import PlanError
from flowpipe_deadline.evaluator import probe_nodes

NODE = "from flowpipe import Node\n@Node(outputs=['text'])\ndef Render():\n    pass\n"


class Folder:
    """A folder on ``sys.path`` with Python files."""

    def __init__(self, path):
        self.path = path
        sys.path.insert(0, str(path))

    def write(self, **texts):
        """Files by their path, with ``__`` for a slash, and ``init`` for ``__init__``."""
        for name, text in texts.items():
            steps = ["__init__" if step == "init" else step for step in name.split("__")]
            path = self.path.joinpath(*steps).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return self

    def plan(self, name="shot"):
        """The plan of the node in that script, with a snapshot."""
        graph = Graph(name="shot")
        load_file(str(self.path / f"{name}.py")).Render(graph=graph)
        return plan_graph(graph, snapshot_code=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Such a folder; whatever it brings into this process is forgotten afterwards."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield Folder(tmp_path)
    for name in set(sys.modules) - before:
        del sys.modules[name]


def taken(plan):
    """The files, without the folder of each root."""
    return sorted(path.split("/", 2)[2] for path in plan.code)


def test_what_is_imported_anywhere_is_taken(folder):
    """In functions and conditions, through other modules, also where these import each other."""
    folder.write(
        shot=f"{NODE}    import one_a\n",
        one_a="if False:\n    import one_b as other\n",
        one_b="from one_a import *\nfrom one_c import THING\n",
        one_c="THING = 1\n",
        unused="",
    )

    assert taken(folder.plan()) == ["one_a.py", "one_b.py", "one_c.py", "shot.py"]


def test_packages_are_taken_as_a_whole(folder):
    """What is found by their folders only is there as well, whatever it holds."""
    folder.write(
        shot=f"import two.inner.part\n{NODE}",
        two__init="",
        two__inner__init="",
        two__inner__part="from ..other import X",
        two__other="X = 1",
        two__plugins__no_init="",
        two__broken="this is no Python",
    )
    (folder.path / "two" / "a_folder.py").mkdir()
    (folder.path / "two" / "data.json").touch()

    names = ["__init__.py", "broken.py", "inner/__init__.py", "inner/part.py", "other.py", "plugins/no_init.py"]
    assert taken(folder.plan()) == ["shot.py", *(f"two/{name}" for name in names)]


def test_of_packages_without_an_init_only_what_is_imported_is_taken(folder):
    """They may be any folder."""
    folder.write(
        shot=f"import three.one\nfrom three.inner import four\n{NODE}",
        three__one="from .two import X\nfrom . import five",
        three__two="X = 1",
        three__inner__four="",
        three__five="",
        three__unused="",
    )

    names = ["five.py", "inner/four.py", "one.py", "two.py"]
    assert taken(folder.plan()) == ["shot.py", *(f"three/{name}" for name in names)]


def test_what_is_loaded_from_the_same_folder_is_taken(folder):
    """Imports by a name that is put together are seen by that."""
    folder.write(shot=f"import importlib\nimportlib.import_module('six' + '_a')\n{NODE}", six_a="", six_b="")

    assert taken(folder.plan()) == ["shot.py", "six_a.py"]


def test_what_is_installed_is_not_taken(folder):
    """Nor the standard library, not even if a file beside the script has the name of one of its modules."""
    folder.write(shot=f"import json, flowpipe, jinja2\n{NODE}    import no_such_module\n", json="")

    assert taken(folder.plan()) == ["shot.py"]


def test_what_the_evaluator_brings_is_not_taken(graph):
    """A second copy of it would have other classes."""
    probe_nodes.square(graph=graph)

    assert plan_graph(graph, snapshot_code=True).code == {}


def test_a_long_chain_of_imports_is_no_problem(folder):
    """Every module imports the next."""
    for number in range(1500):
        folder.write(**{f"seven_{number}": f"def f():\n    import seven_{number + 1}\n"})
    folder.write(shot=f"import seven_0\n{NODE}")

    assert len(folder.plan().code) == 1501


def test_a_file_that_cannot_be_read_is_told(folder):
    """Before anything is written."""
    folder.write(shot=f"{NODE}    import eight\n")
    broken = folder.path / "eight.py"
    broken.symlink_to("/proc/self/mem")
    if not os.path.isfile(broken):
        pytest.skip("this system has no file that nobody can read")

    with pytest.raises(PlanError, match=f"^shot: its code cannot be taken along: {broken}: "):
        folder.plan()


def test_the_folders_of_the_snapshot_come_before_the_live_ones(folder, tmp_path_factory, monkeypatch):
    """In the order of ``sys.path``; and those of PYTHONPATH for child processes."""
    library = Folder(tmp_path_factory.mktemp("library")).write(nine="")
    folder.write(shot=f"import nine\n{NODE}")
    monkeypatch.setenv("PYTHONPATH", str(library.path))
    plan = folder.plan()

    imports = plan.jobs[0].record["imports"]

    roots = {path.split("/", 2)[2]: path.rpartition("/")[0] for path in plan.code}
    assert imports["roots"][:2] == [roots["nine.py"], roots["shot.py"]]
    assert set(imports["roots"]) >= {str(library.path), str(folder.path)}
    assert imports["python_path"] == [roots["nine.py"], str(library.path)]


def test_the_same_files_give_the_same_paths(folder):
    """So that two plans of one graph are equal."""
    folder.write(shot=NODE)
    first, second = folder.plan(), folder.plan()

    folder.write(shot=f"{NODE}\n")

    assert first.code == second.code
    assert set(folder.plan().code).isdisjoint(first.code)


def test_typed_code_takes_along_what_it_imports(folder, monkeypatch):
    """Only that is a file."""
    session = Session()
    monkeypatch.setitem(sys.modules, "__main__", session.module)
    folder.write(ten="WORD = 1\nclass Helper:\n    pass\n")
    importlib.invalidate_caches()
    session.type(f"from ten import Helper\n{NODE}    Helper()\n")
    graph = Graph(name="shot")
    session.Render(graph=graph)

    plan = plan_graph(graph, snapshot_code=True)

    assert sorted(path.rpartition("/")[2] for path in plan.code if "typed_" not in path) == ["ten.py"]
    assert plan.jobs[0].source["file"] in plan.code
