"""From GRAPH on the command line to the graph that is meant, and from a record to its class on a worker."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from flowpipe import Graph
from harness import write_script

from flowpipe_deadline import plan_graph
from flowpipe_deadline.core.locate import load_file, load_module, resolve
from flowpipe_deadline.errors import LoadError, LoadingError, UsageError
from flowpipe_deadline.workflows.find import load_workflow

BUILDER = """
from __future__ import annotations
from pathlib import Path
from typing import Optional
from flowpipe import Graph, INode

class Keep(INode):
    def compute(self):
        return {}

def build(
    frames: int, scale: float = 1.0, draft: bool = False, out: Optional[Path] = None, name="x", extra=None
) -> Graph:
    graph = Graph(name="built")
    Keep(graph=graph, metadata=dict(values=[frames, scale, draft, out, name, extra]))
    return graph
"""

LAZY = "" if sys.version_info >= (3, 14) else "from __future__ import annotations\n"
"""So that annotations are not evaluated where they stand."""
FOR_CHECKERS = f"""{LAZY}
from typing import TYPE_CHECKING
from flowpipe import Graph, INode
if TYPE_CHECKING:
    from studio import Shot

class Keep(INode):
    def __init__(self, shot: Shot = None, graph: Graph = None):
        super().__init__(graph=graph)

    def compute(self):
        return {{}}

def shot_of(graph: Graph) -> Shot:
    pass

def build(shot: Shot = None, frames: int = 1) -> Graph:
    graph = Graph(name=f"built for {{frames + 1}}")
    Keep(graph=graph)
    return graph
"""


def load_graph(spec, *, parameters=None):
    """The graph that GRAPH and ``-p`` name."""
    return load_workflow(spec).build(parameters or {})


def values(spec, **parameters):
    """What ``build`` was called with."""
    return load_graph(str(spec), parameters=parameters).nodes[0].metadata["values"]


PLUG_VALUES = {
    "range(1001, 1011)": "flowpipe cannot take range(1001, 1011) as 'value' of Odd (bytes must be in range(0, 256));"
    " write list(range(1001, 1011))",
    "range(-5, 6)": "write list(range(-5, 6))",
    "{1001}": "flowpipe cannot take {1001} as 'value' of Odd (bytes must be in range(0, 256)); write a list",
    "{1001: Path('a')}": "flowpipe cannot take a dict as 'value' of Odd (bytes must be in range(0, 256)); write"
    " what JSON knows",
}
NODE = "from pathlib import Path\nfrom flowpipe import Graph, Node\n@Node(outputs=[])\ndef Odd(value): pass\n"


@pytest.mark.parametrize("value", PLUG_VALUES)
@pytest.mark.parametrize(
    ("code", "line"),
    [
        pytest.param("graph = Graph()\nOdd(graph=graph, value={})\n", "(line 6)", id="in a script"),
        pytest.param(
            "def build() -> Graph:\n    return Odd(graph=Graph(), value={}).graph\n", ":6)", id="in a workflow"
        ),
        pytest.param("graph = Graph()\nOdd(graph=graph).inputs['value'].value = {}\n", "(line 6)", id="set later"),
        pytest.param(
            "@Node(outputs=[])\ndef Odd(value={}): pass\n",
            "(line 5)" if sys.version_info >= (3, 11) else "(line 6)",  # The decorator's, or what it decorates.
            id="by default",
        ),
    ],
)
def test_a_value_that_flowpipe_cannot_take_is_told_with_the_line(tmp_path, code, line, value):
    """And with what to write instead: flowpipe 1.3.0 makes bytes of what JSON does not know."""
    script = write_script(tmp_path, NODE + code.format(value))

    with pytest.raises(LoadError) as caught:
        load_graph(str(script))

    assert PLUG_VALUES[value] in str(caught.value)
    assert str(caught.value).endswith(line)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def __str__(self): raise SystemExit", "Odd: its message cannot be written out (line 3)"),
        ("def __getattribute__(self, name): raise ValueError(name)", "Odd: two lines (line 3)"),
        ("__module__ = None", "could not be loaded: Odd: two"),
    ],
)
def test_an_error_that_cannot_be_shown_is_told_by_its_class(tmp_path, code, reason):
    """Whatever a script raises."""
    script = write_script(tmp_path, f"class Odd(Exception):\n    {code}\nraise Odd('two lines')\n")

    with pytest.raises(LoadError) as caught:
        load_graph(str(script))

    assert reason in str(caught.value)


def test_names_for_type_checkers_only_spoil_nothing(tmp_path):
    """Neither in a workflow, nor in what is passed over, nor in a node's constructor."""
    script = write_script(tmp_path, FOR_CHECKERS)

    graph = load_graph(str(script), parameters={"frames": "3"})

    assert graph.name == "built for 4"
    assert [job.node for job in plan_graph(graph).jobs] == ["Keep"]


def test_the_only_graph_of_a_file_is_meant(tmp_path):
    """No name is needed where there is one graph."""
    script = write_script(tmp_path, "from flowpipe import Graph\nshot = Graph(name='shot')\nagain = shot\n")

    assert load_graph(str(script)).name == "shot"


def test_a_graph_is_found_by_name(tmp_path):
    """Of several graphs, the one that is named."""
    script = write_script(tmp_path, "from flowpipe import Graph\na = Graph(name='a')\nb = Graph(name='b')\n")

    assert load_graph(f"{script}:b").name == "b"


def test_a_module_is_found_from_the_current_folder(tmp_path, monkeypatch):
    """As Python's ``-m`` does it."""
    write_script(tmp_path, "from flowpipe import Graph\nshot = Graph(name='here')\n", name="some_studio_module.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    assert load_graph("some_studio_module:shot").name == "here"


def test_parameters_have_the_type_that_is_declared(tmp_path):
    """By annotation, else by default, else as the literal it looks like."""
    script = write_script(tmp_path, BUILDER)

    assert values(f"{script}:build", frames="10", scale="2", draft="true", out="a/b") == [
        *(10, 2.0, True, Path("a/b")),
        *("x", None),
    ]
    assert values(f"{script}:build", frames="1", name="007", extra="[1, 'a']")[4:] == ["007", [1, "a"]]
    assert values(f"{script}:build", frames="1", extra="some text")[5] == "some text"


def test_the_only_builder_of_a_file_is_meant(tmp_path):
    """A file whose one function is declared to return a graph needs no name either."""
    script = write_script(tmp_path, BUILDER)

    assert load_graph(str(script), parameters={"frames": "1"}).name == "built"


def test_a_builder_may_leave_its_nodes_in_the_default_graph(tmp_path):
    """Flowpipe's own examples do."""
    script = write_script(tmp_path, BUILDER + "\ndef fill():\n    Keep()\n")

    assert load_graph(f"{script}:fill").name == "default"


def test_an_object_with_a_graph_will_do(tmp_path):
    """The workflow pattern of flowpipe's examples."""
    flow = "class Flow:\n    def __init__(self, name):\n        self.graph = Graph(name=name)\n"
    script = write_script(tmp_path, f"from flowpipe import Graph\n{flow}")

    assert load_graph(f"{script}:Flow", parameters={"name": "flow"}).name == "flow"


@pytest.mark.parametrize(
    ("spec", "parameters", "reason"),
    [
        ("{folder}/nope.py", {}, "nope.py' does not exist"),
        ("{folder}", {}, "is a folder, and not a bundle: it has no manifest.json; a graph is file.py"),
        ("", {}, "no graph is named"),
        ("no_such_module:graph", {}, "not importable"),
        ("not a module", {}, "'not a module' does not exist; a graph is file.py"),
        ("{script}:biuld", {}, "has no 'biuld'; it has build"),
        ("{script}:build", {}, r"needs frames:  -p frames="),
        ("{script}:build", {"frames": "1", "drft": "1"}, "did you mean 'draft'"),
        ("{script}:build", {"frames": "many"}, "'frames' must be a whole number, not 'many'"),
        ("{script}:build", {"frames": "1", "draft": "perhaps"}, "'draft' must be true or false"),
        ("{script}:Path", {}, "gives .*Path.*, and not a graph"),
        ("{script}:build.nope", {}, "has no 'build.nope'"),
        ("{empty}", {}, "has no graph"),
        ("{several}", {}, "several graphs, a, b; say which, as .*:NAME"),
        ("{builders}", {}, "several graphs, shot, sequence; say which, as .*:NAME"),
        ("{builders}:widest", {}, "max cannot be called from here: no signature"),
        ("{several}:a", {"x": "1"}, "takes no parameters"),
        ("{failing}", {}, "ZeroDivisionError: division by zero .line 2"),
        ("{broken}", {}, "SyntaxError"),
        ("{exiting}", {}, "calls exit"),
        ("{raising}:build", {}, r"failed to build its graph: ValueError: no scene \(.*raising\.py:2\)"),
        ("{wrong}:build", {}, r"failed to build its graph: .*wrong\.py:4\)"),
    ],
)
def test_what_cannot_be_loaded_is_one_clear_error(tmp_path, spec, parameters, reason):
    """What is wrong, where, and what to do."""
    two = "from flowpipe import Graph\na = Graph(name='a')\nb = Graph(name='b')\n"
    builders = "".join(f"def {name}() -> Graph: pass\n" for name in ("shot", "sequence"))
    builders = f"from flowpipe import Graph\n{builders}widest = max\n"
    places = {
        "folder": tmp_path,
        "script": write_script(tmp_path, BUILDER),
        "empty": write_script(tmp_path, "", name="empty.py"),
        "several": write_script(tmp_path, two, name="several.py"),
        "builders": write_script(tmp_path, builders, name="builders.py"),
        "failing": write_script(tmp_path, "\n1 / 0\n", name="failing.py"),
        "broken": write_script(tmp_path, "def (:\n", name="broken.py"),
        "exiting": write_script(tmp_path, "import sys\nsys.exit(3)\n", name="exiting.py"),
        "wrong": write_script(
            tmp_path,
            "from flowpipe import Graph\ndef build():\n    graph = Graph()\n    graph['Nope']\n",
            name="wrong.py",
        ),
        "raising": write_script(tmp_path, "def build():\n    raise ValueError('no scene')\n", name="raising.py"),
    }

    with pytest.raises((UsageError, LoadError), match=reason):
        load_graph(spec.format(**places), parameters=parameters)


@pytest.mark.parametrize(
    "call", ["plan_graph(g)", "write_bundle(None, root='.')", "run_bundle('.')", "submit_bundle('.')"]
)
def test_a_script_that_starts_work_when_it_is_loaded_is_refused(tmp_path, call):
    """Without a main guard it would start it again on every worker."""
    text = f"from flowpipe import Graph\nfrom flowpipe_deadline import *\ng = Graph()\n{call}\n"

    with pytest.raises(LoadingError, match="__name__ == '__main__'"):
        load_file(str(write_script(tmp_path, text)))


def test_a_command_that_a_script_starts_when_it_is_loaded_is_refused(tmp_path):
    """A process of its own does not get around it."""
    text = (
        "import subprocess, sys\n"
        "result = subprocess.run([sys.executable, '-m', 'flowpipe_deadline.cli.main', 'plan', __file__],"
        " capture_output=True, text=True)\n"
        "message, code = result.stderr, result.returncode\n"
    )

    module = load_file(str(write_script(tmp_path, text)))

    assert module.code == 2
    assert "while it is loaded" in module.message


def test_a_script_sees_no_arguments_of_ours(tmp_path):
    """``sys.argv`` holds its own name only, and is restored afterwards."""
    before = list(sys.argv)
    module = load_file(str(write_script(tmp_path, "import sys\narguments = list(sys.argv)\n")))

    assert module.arguments == [str(tmp_path / "script.py")]
    assert sys.argv == before


def test_a_file_is_loaded_once(tmp_path):
    """Its classes are the same for all nodes of a process."""
    script = write_script(tmp_path, "class Thing: pass\n")

    assert load_file(str(script)) is load_file(str(script))


def test_a_script_that_is_called_like_another_module_is_itself(tmp_path, monkeypatch):
    """A file called like one of the standard library's modules is found all the same."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setitem(sys.modules, "colorsys", None)  # So that it is forgotten after the test.
    del sys.modules["colorsys"]
    script = write_script(tmp_path, "class Thing: pass\n", name="colorsys.py")

    thing = resolve({"module": "colorsys", "qualname": "Thing", "file": str(script)})

    assert thing.__qualname__ == "Thing"


def test_a_module_of_a_package_is_imported_with_its_package(tmp_path, monkeypatch):
    """Relative imports work, though the package is not on ``sys.path``."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    package = tmp_path / "some_studio_package" / "inner"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text("class Base: pass\n")
    script = write_script(package, "from .base import Base\nclass Thing(Base): pass\n", name="things.py")

    name = "some_studio_package.inner.things"
    thing = resolve({"module": name, "qualname": "Thing", "file": str(script)})

    assert thing.__module__ == name
    assert thing.__base__.__name__ == "Base"


def test_a_file_of_another_machine_is_found_by_its_module(tmp_path):
    """Submitted on Windows: the path does not exist here, but the module does."""
    source = {"module": "flowpipe.graph", "qualname": "Graph", "file": "C:\\studio\\flowpipe\\graph.py"}

    assert resolve(source) is Graph


def test_a_module_that_is_nowhere_is_said(tmp_path):
    """Neither the name nor the file leads anywhere."""
    with pytest.raises(LoadError, match=r"'studio\.nodes' is not importable .* /nowhere/nodes\.py does not exist"):
        load_module("studio.nodes", file="/nowhere/nodes.py")


def test_a_module_that_lacks_another_says_which(tmp_path):
    """The missing import is named, not the module that wants it."""
    script = write_script(tmp_path, "import numpyy\n", name="wants.py")

    with pytest.raises(LoadError, match="No module named 'numpyy'"):
        load_module("wants", file=str(script))
