"""Where classes and functions are found again, whatever else this process has loaded."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

import pytest
from sessions import Session

from flowpipe_deadline.core.locate import NotImportableError, describe, load_file, load_module


@pytest.fixture(autouse=True)
def _forgotten_afterwards(monkeypatch):
    """What a test loads, and from where."""
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    """Writes a module that has a function of its own; gives the file."""

    def write_module(name):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("def where():\n    return __file__\n")
        return path

    return write_module


def test_a_package_that_another_one_hides_is_loaded_by_its_file(write, monkeypatch):
    """Shows may have tools of one name, and this process has those of another show loaded."""
    for show in ("one", "two"):
        write(f"{show}/tools/__init__.py")
    theirs, ours = write("one/tools/nodes.py"), write("two/tools/nodes.py")
    monkeypatch.syspath_prepend(theirs.parents[1])
    loaded = importlib.import_module("tools.nodes")

    found = load_module("tools.nodes", file=str(ours))

    assert (loaded.where(), found.where()) == (str(theirs), str(ours))


def test_a_script_may_be_called_like_a_module_that_no_file_has(write, monkeypatch):
    """Hosts make such modules by themselves; asking Python for its place is an error."""
    monkeypatch.setitem(sys.modules, "shot", ModuleType("shot"))
    script = write("shot.py")

    assert load_file(str(script)).where() == str(script)


def test_a_module_that_is_not_listed_is_named(write):
    """Who executes a file himself may forget to list it, and no other process would find it."""
    spec = importlib.util.spec_from_file_location("unlisted", write("unlisted.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    with pytest.raises(NotImportableError, match=r"unlisted\.where is defined in a module that sys\.modules does not"):
        describe(module.where)


def test_what_is_typed_in_a_session_has_a_place_within_a_plan_only(monkeypatch):
    """A plan takes its text along; what an input is edited to, say, has none to go with."""
    session = Session().type("class Shot:\n    def name(self):\n        return 'shot'\n")
    monkeypatch.setitem(sys.modules, "__main__", session.module)

    with pytest.raises(NotImportableError, match=r"Shot is defined in an interactive session; put it into a file"):
        describe(session.Shot)
