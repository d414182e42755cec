"""Results and kept errors name classes; none of them makes a reader load a file that no node was planned with."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import farm_nodes as nodes
import pytest
from harness import evaluate_plan, run_cli, write_script
from warm_python import warmed

from flowpipe_deadline import plan_graph, read_results, write_bundle
from flowpipe_deadline.core.bundle import read_bundle
from flowpipe_deadline.core.files import RecordError
from flowpipe_deadline.errors import FlowpipeDeadlineError
from flowpipe_deadline.graph_evaluators.live_graph import LiveGraph
from flowpipe_deadline.results.codec import encode
from flowpipe_deadline.results.failures import read_failures, rebuild_error, write_failure
from flowpipe_deadline.results.store import open_store

STRANGE = """
    import enum, os
    from pathlib import Path

    Path(os.environ["LOADED"]).touch()

    class Look(enum.Enum):
        DAY = 1

    class Odd(Exception):
        pass
"""


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """A file that is there once the strange code was loaded."""
    monkeypatch.setenv("LOADED", str(tmp_path / "loaded"))
    return tmp_path / "loaded"


@pytest.fixture
def strange(tmp_path, loaded):
    """A file of code that no node was planned with, anywhere."""
    folder = tmp_path / "strange"
    folder.mkdir()
    return write_script(folder, textwrap.dedent(STRANGE), name="strange_code.py")


@pytest.fixture
def bundle(graph, tmp_path):
    """One node that hands a value to another."""
    first = nodes.Pass(name="first", graph=graph, value=1)
    second = nodes.Pass(name="second", graph=graph)
    first.outputs["value"].connect(second.inputs["value"])
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path / "root")
    evaluate_plan(plan, bundle)
    return bundle


def put(bundle, value, *, node="first"):
    """Puts an encoded value into the result of a node, as whoever may write results can."""
    path = bundle.folder / "results" / node / "whole.json"
    record = json.loads(path.read_text())
    record["outputs"]["value"]["value"] = value
    path.write_text(json.dumps(record))


def look(source):
    """A value of the strange class."""
    return {"$type": "enum", "class": {"qualname": "Look", **source}, "name": "DAY"}


def read_elsewhere(bundle, *, cwd, paths=()):
    """What a process prints that reads the first node's output, in that folder."""
    code = (
        "import sys; sys.path[:0] = [''] + sys.argv[2:]\n"
        "from flowpipe_deadline import read_results\n"
        "print(read_results(sys.argv[1], node='first')['Test.first'].outputs())"
    )
    command = warmed([sys.executable, "-c", code, str(bundle.folder), *map(str, paths)])
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def evaluate_second(bundle):
    """The task of the second node, in the evaluator's process, as the plugin starts it."""
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--bundle", bundle.folder, "--node", "second"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=bundle.folder)


PLACES = {
    "a file anywhere": ("strange_code", "{file}"),
    "a relative path": ("strange_code", "{relative}"),
    "out of the bundle's code": ("strange_code", "code/../{relative}"),
    "a planned file's name": ("farm_nodes", "{file}"),
    "a package above": ("strange.strange_code", "{file}"),
    "a share": ("strange_code", r"\\server\share\strange_code.py"),
    "no file": ("strange_code", None),
    "a path as name": ("{file}", None),
    "a path from here": ("../strange/strange_code", None),
    "a relative name": (".strange_code", None),
    "a hyphen": ("strange-code", "{file}"),
    "a dot at the end": ("strange_code.", "{file}"),
    "no name": ("", "{file}"),
    "the script that runs": ("__main__", None),
    "a script by file": ("__main__", "{file}"),
}


def source(place, file, bundle):
    """Where the strange class is defined, in other words."""
    words = {"file": file, "relative": os.path.relpath(file, bundle.folder)}
    module, path = (text and text.format(**words) for text in PLACES[place])
    return {"module": module, "file": path}


def test_a_file_that_no_node_was_planned_with_is_not_loaded(graph, tmp_path, strange, loaded):
    """By whoever reads outputs; the message names node, output and class. Who only shows the value, shows it."""
    for number, _ in enumerate(PLACES):
        nodes.Pass(name=f"node{number}", graph=graph, value=1)
    plan = plan_graph(graph)
    bundle = write_bundle(plan, root=tmp_path / "root")
    evaluate_plan(plan, bundle)
    for number, place in enumerate(PLACES):
        put(bundle, look(source(place, strange, bundle)), node=f"node{number}")
    code = (
        "import sys; sys.path.insert(0, '')\n"
        "from flowpipe_deadline import read_results\n"
        "from flowpipe_deadline.errors import FlowpipeDeadlineError\n"
        "for node in read_results(sys.argv[1]).values():\n"
        "    try:\n        print(node.outputs())\n"
        "    except FlowpipeDeadlineError as error:\n        print(error)"
    )

    read = subprocess.run(
        warmed([sys.executable, "-c", code, str(bundle.folder)]),
        capture_output=True,
        text=True,
        check=True,
        cwd=bundle.folder,
    )
    shown = run_cli("results", bundle.folder)

    lines = dict(zip(PLACES, read.stdout.splitlines()))
    assert not loaded.exists()
    assert {place: line.partition(": ")[0] for place, line in lines.items()} == {
        place: f"Test.node{number}.value" for number, place in enumerate(PLACES)
    }
    assert shown.stdout.count('value = "DAY"') == len(PLACES)


@pytest.mark.parametrize("place", ["a file anywhere", "a relative path", "no file", "the script that runs"])
def test_a_task_does_not_load_it_either(bundle, strange, loaded, place):
    """Its message names what it was given."""
    put(bundle, look(source(place, strange, bundle)))

    ran = evaluate_second(bundle)

    assert not loaded.exists()
    assert ran.returncode == 2
    assert "first.value: " in ran.stdout


@pytest.mark.parametrize("file", [None, "results/first/strange_code.py"])
@pytest.mark.parametrize("module", ["results.first.strange_code", "results.first.sub.strange_code"])
def test_a_file_among_the_results_is_not_loaded(bundle, strange, loaded, file, module):
    """Though the working folder of a task is the bundle, and Python looks for modules there."""
    (bundle.folder / "results" / "first" / "sub").mkdir()
    for folder in (".", "sub"):
        shutil.copy(strange, bundle.folder / "results" / "first" / folder / "strange_code.py")
    put(bundle, look({"module": module, "file": file and str(bundle.folder / file)}))

    runs = [read_elsewhere(bundle, cwd=bundle.folder), evaluate_second(bundle)]

    assert not loaded.exists()
    assert [run.returncode for run in runs] == [1, 2]
    assert "where results are kept, and not code" in runs[0].stderr


def test_a_name_never_puts_a_folder_on_the_path_that_no_node_imports_from(bundle, strange, loaded, monkeypatch):
    """A planned file, called as if its modules began further up, would open all of the disk to names."""
    planned = nodes.__file__
    name = os.path.splitext(planned)[0].strip(os.sep).replace(os.sep, ".")
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = list(sys.path)
    put(bundle, {"$type": "enum", "class": {"module": name, "qualname": "Colour", "file": planned}, "name": "RED"})

    with pytest.raises(FlowpipeDeadlineError, match=r"Test\.first\.value: "):
        read_results(bundle)["Test.first"].outputs()

    assert sys.path == before


@pytest.mark.parametrize("module", ["bundle.results.first.strange_code", "strange_code"])
def test_the_root_may_be_a_folder_to_import_from(bundle, strange, loaded, tmp_path, module):
    """As for a graph that was planned there: the results in it are still no code."""
    path = bundle.folder / "nodes" / "first.json"
    record = json.loads(path.read_text())
    places = [str(tmp_path / "root"), str(tmp_path / "root" / "bundle" / "results" / "first")]
    record["imports"] = {"roots": places, "python_path": []}
    path.write_text(json.dumps(record))
    file = shutil.copy(strange, bundle.folder / "results" / "first")
    bundle.folder.rename(tmp_path / "root" / "bundle")
    file = tmp_path / "root" / "bundle" / "results" / "first" / os.path.basename(file)
    moved = read_bundle(tmp_path / "root" / "bundle")
    put(moved, look({"module": module, "file": str(file)}))

    read = read_elsewhere(moved, cwd=tmp_path / "root", paths=places)

    assert not loaded.exists()
    assert "Test.first.value: " in read.stderr


@pytest.mark.parametrize("module", ["<folder>", "<any>", "", "x"])
def test_a_folder_is_no_file(bundle, monkeypatch, module):
    """What stands above it does not come onto the path."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = list(sys.path)
    put(bundle, look({"module": module, "file": os.path.dirname(nodes.__file__)}))

    with pytest.raises(FlowpipeDeadlineError, match=r"Test\.first\.value: "):
        read_results(bundle)["Test.first"].outputs()

    assert sys.path == before


def test_who_can_import_a_class_anyway_gets_it(bundle, strange, loaded):
    """The file that the result names does not count, but the name does."""
    put(bundle, look({"module": "strange_code", "file": "/of/another/machine/strange_code.py"}))

    read = read_elsewhere(bundle, cwd=bundle.folder, paths=[strange.parent])

    assert read.stdout == "{'value': <Look.DAY: 1>}\n"


def test_classes_of_python_itself_are_taken_where_tasks_run(bundle):
    """They come from no folder, so not from the one that a task runs in, which is the bundle."""
    put(bundle, encode([int, os.path.join, functools.partial]))

    assert evaluate_second(bundle).returncode == 0


def test_the_message_says_what_to_do(bundle, strange, loaded):
    """With the file that is not loaded."""
    put(bundle, look({"module": "strange_code", "file": str(strange)}))

    with pytest.raises(FlowpipeDeadlineError) as caught:
        read_results(bundle)["Test.first"].outputs()

    assert str(caught.value) == (
        "Test.first.value: module 'strange_code' is not importable on this machine; is its folder on the PYTHONPATH?"
        f" ({strange} is not loaded for it, as no node was planned with that file)"
    )


@pytest.mark.parametrize("place", ["a file anywhere", "a path as name", "the script that runs", "a hyphen"])
def test_the_class_of_an_error_is_not_loaded_from_a_strange_file(bundle, graph, strange, loaded, place):
    """Its report is raised in its place."""
    write_failure(bundle.folder, "first", None, error=ValueError("x"), report="ValueError: x")
    path = bundle.folder / "errors" / "first" / "whole.json"
    record = json.loads(path.read_text())
    record["raised"]["class"] = {"qualname": "Odd", **source(place, strange, bundle)}
    record["raised"]["attributes"] = {"look": look(source(place, strange, bundle))}
    path.write_text(json.dumps(record))
    shutil.rmtree(bundle.folder / "results" / "first")
    live = LiveGraph({"first": graph["first"]}, bundle=bundle)

    live.follow({"first": "failed"}, explain=str)

    assert not loaded.exists()
    assert [str(error) for error in live.errors] == ["Test.first failed on the farm:\nValueError: x"]


CALLS = []


class CalledError(Exception):
    """Not an error, once its class says so."""

    def __new__(cls, *arguments):
        """Notes that it was called."""
        CALLS.append(arguments)
        return super().__new__(cls)


class NoError:
    """Of another kind."""

    def __new__(cls, *arguments):
        """Notes that it was called."""
        CALLS.append(arguments)
        return super().__new__(cls)


class WithPropertyError(Exception):
    """Whose attribute runs code when it is set."""

    @property
    def state(self):
        """Nothing."""

    @state.setter
    def state(self, value):
        CALLS.append(value)


@pytest.mark.parametrize("qualname", ["NoError", "CALLS", "CALLS.append", "look", "NoError.__new__", "os"])
def test_what_is_no_error_is_not_called(bundle, qualname):
    """It is looked at before."""
    write_failure(bundle.folder, "first", None, error=CalledError(5), report="x")
    path = bundle.folder / "errors" / "first" / "whole.json"
    record = json.loads(path.read_text())
    record["raised"]["class"]["qualname"] = qualname
    path.write_text(json.dumps(record))
    CALLS.clear()

    assert rebuild_error(read_failures(bundle.folder, "first")[0]) is None
    assert CALLS == []


@pytest.mark.parametrize("name", ["state", "__class__", "__dict__", "__traceback__", "__init__"])
def test_attributes_of_an_error_are_set_where_it_keeps_them(bundle, name):
    """And not through what runs code, or makes another thing of it."""
    write_failure(bundle.folder, "first", None, error=WithPropertyError(5), report="x")
    path = bundle.folder / "errors" / "first" / "whole.json"
    record = json.loads(path.read_text())
    record["raised"]["attributes"] = {name: {"a": 1}}
    path.write_text(json.dumps(record))
    CALLS.clear()

    error = rebuild_error(read_failures(bundle.folder, "first")[0])

    assert type(error) is WithPropertyError
    assert vars(error) == {name: {"a": 1}}
    assert CALLS == []


SHOW = {
    "my-shot.py": """
        import enum, sys
        from dataclasses import dataclass
        from flowpipe import Graph, Node
        import helpers

        class Light(enum.Enum):
            SUN = 1

        class TooDark(Exception):
            pass

        @Node(outputs=["values"])
        def Make():
            import looks
            return {"values": [Light.SUN, helpers.Side.LEFT, looks.deep.Look.DAY]}

        @Node(outputs=["values"])
        def Fail(values):
            raise TooDark("no light", values)

        def build():
            import farm_nodes
            graph = Graph("shot")
            make, hand, fail = Make(graph=graph), farm_nodes.Pass(name="hand", graph=graph), Fail(graph=graph)
            again = farm_nodes.Pass(name="again", graph=graph)
            make.outputs["values"].connect(hand.inputs["value"])
            hand.outputs["value"].connect(again.inputs["value"])
            again.outputs["value"].connect(fail.inputs["values"])
            return graph
    """,
    "helpers.py": "import enum\nclass Side(enum.Enum):\n    LEFT = 1\n",
    "lib/looks/__init__.py": "from . import deep\n",
    "lib/looks/deep.py": "import enum\nclass Look(enum.Enum):\n    DAY = 1\n",
}
VALUES = "[<Light.SUN: 1>, <Side.LEFT: 1>, <Look.DAY: 1>]"


@pytest.fixture
def show(tmp_path, monkeypatch):
    """A script whose name is no module's, a module beside it, and a package on the PYTHONPATH of who plans."""
    folder = tmp_path / "show"
    for name, text in SHOW.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_script(folder, textwrap.dedent(text), name=name)
    return folder


def planned(show, tmp_path, *options):
    """The bundle of the show, once it was run; one node fails. Nobody else has its folders on the path."""
    paths = os.pathsep.join([str(show / "lib"), *sys.path])
    root = tmp_path / "farm"
    command = ["submit", show / "my-shot.py", "--dry-run", "--root", root, "-o", "json", *options]
    written = run_cli(*command, env={**os.environ, "PYTHONPATH": paths})
    assert written.returncode == 0, written.stderr
    folder = json.loads(written.stdout)["bundle"]
    run_cli("run", folder)
    return folder


def read_all(folder, cwd, *, of=("Make", "hand", "again"), **environ):
    """What a process prints that reads all outputs, and the class of the error, without the show's modules."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom flowpipe_deadline import read_results\n"
        "from flowpipe_deadline.results.failures import read_failures, rebuild_error\n"
        "print(*read_results(sys.argv[1])[f'shot.{sys.argv[2]}'].outputs().values())\n"
        "error = rebuild_error(read_failures(Path(sys.argv[1]), 'Fail')[0])\n"
        "print(type(error).__name__, error and error.args)"
    )
    environment = {**os.environ, **environ}
    command = warmed([sys.executable, "-c", code, str(folder)], environment)
    return [
        subprocess.run([*command, node], capture_output=True, text=True, check=False, cwd=cwd, env=environment)
        for node in of
    ]


@pytest.mark.parametrize("options", [(), ("--snapshot-code",)])
def test_classes_of_the_graphs_own_files_come_back_in_any_process(show, tmp_path, options):
    """Of the script, of a module beside it, and of a package; also through nodes that only hand them on."""
    folder = planned(show, tmp_path, *options)

    runs = read_all(folder, tmp_path)

    assert [run.stdout for run in runs] == [f"{VALUES}\nTooDark ('no light', {VALUES})\n"] * 3, runs[0].stderr


def without(folder, *keys):
    """Takes what earlier versions did not write out of the records."""
    for path in (*folder.glob("nodes/*.json"), *folder.glob("results/*/*.json")):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({key: value for key, value in record.items() if key not in keys}))


def test_results_of_earlier_versions_are_read(show, tmp_path):
    """Their records named neither folders to import from, nor what results were taken from."""
    folder = planned(show, tmp_path)
    without(Path(folder), "imports", "upstream", "taken", "token", "evaluations")

    (run,) = read_all(folder, tmp_path, of=["Make"])

    # Nothing in the records leads to the package.
    assert "values: module 'looks.deep' is not importable" in run.stderr
    paths = os.pathsep.join([str(show / "lib"), *sys.path])
    (found,) = read_all(folder, tmp_path, of=["Make"], PYTHONPATH=paths)
    assert found.stdout.startswith(VALUES)


def test_a_bundle_of_another_system_is_trusted_as_its_paths_are_mapped(graph, tmp_path, monkeypatch):
    """It was planned on Windows, and both tasks are evaluated here."""
    show = tmp_path / "show"
    show.mkdir()
    write_script(show, "import enum\nclass Look(enum.Enum):\n    DAY = 1\n", name="mapped_looks.py")
    monkeypatch.syspath_prepend(str(show))
    import mapped_looks

    first = nodes.Pass(name="first", graph=graph, value=mapped_looks.Look.DAY)
    second = nodes.Pass(name="second", graph=graph)
    first.outputs["value"].connect(second.inputs["value"])
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "root")
    for path in bundle.folder.glob("nodes/*.json"):
        path.write_text(path.read_text().replace(str(show), r"P:\\show"))
    monkeypatch.undo()
    del sys.modules["mapped_looks"]
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from flowpipe_deadline.evaluator.protocol import TaskRequest\n"
        "from flowpipe_deadline.evaluator.task import evaluate_request\n"
        "request = TaskRequest(bundle=Path(sys.argv[1]), node=sys.argv[3], frames=None,\n"
        "                      path_mappings=((r'P:\\show', sys.argv[2]),))\n"
        "print(evaluate_request(request, report=[].append).outputs['value']['value']['class']['file'])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = warmed([sys.executable, "-c", code, str(bundle.folder), str(show)], environment)

    runs = [
        subprocess.run([*command, node], capture_output=True, text=True, check=False, env=environment)
        for node in ("first", "second")
    ]

    assert [run.stdout for run in runs] == [f"{show / 'mapped_looks.py'}\n"] * 2, runs[1].stderr


def test_a_damaged_record_of_a_node_is_said(bundle, strange):
    """What it trusts cannot be told."""
    put(bundle, look({"module": "strange_code", "file": str(strange)}))
    (bundle.folder / "nodes" / "second.json").write_text("{")

    with pytest.raises(RecordError, match=r"second.json is damaged"):
        open_store(bundle.folder).read("first")
