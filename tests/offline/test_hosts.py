"""Hosts as a text describes them, and what the offline farm makes of that."""

from __future__ import annotations

import os
import runpy
import shutil
import sys
from pathlib import Path
from types import ModuleType

import farm_nodes as nodes
import pytest

from flowpipe_deadline import WorkerSetup, plan_graph, read_results, run_bundle, write_bundle
from flowpipe_deadline.cli.support.options import parse_interpreters
from flowpipe_deadline.core.shipped import shipped_folder
from flowpipe_deadline.errors import UsageError
from flowpipe_deadline.offline.farm import task_log
from flowpipe_deadline.offline.hosts import Host, configured_hosts, parse_host, split_hosts

TESTS = str(Path(__file__).parents[1] / "support")
SCRIBUS = '-g -ns -py "<BOOT>" --task "<TASK>"'
HOSTS = {
    "/usr/bin/mayapy": Host((), "/usr/bin/mayapy", ""),
    " /opt/Maya 2025/bin/mayapy ": Host((), "/opt/Maya 2025/bin/mayapy", ""),
    r"C:\Program Files\Maya\mayapy.exe": Host((), r"C:\Program Files\Maya\mayapy.exe", ""),
    '"/opt/Maya 2025/mayapy"': Host((), "/opt/Maya 2025/mayapy", ""),
    f"/usr/bin/scribus {SCRIBUS}": Host((), "/usr/bin/scribus", SCRIBUS),
    f"QT_QPA_PLATFORM=offscreen /usr/bin/scribus  {SCRIBUS}": Host(
        (("QT_QPA_PLATFORM", "offscreen"),), "/usr/bin/scribus", SCRIBUS
    ),
    f'A= _b2="c d;e" "/opt/Scribus 1/scribus" {SCRIBUS}': Host(
        (("A", ""), ("_b2", "c d;e")), "/opt/Scribus 1/scribus", SCRIBUS
    ),
    "A=1 /opt/Maya 2025/mayapy": Host((("A", "1"),), "/opt/Maya 2025/mayapy", ""),
    "A=1": Host((), "A=1", ""),
    "2A=1 <TASK>": Host((), "2A=1", "<TASK>"),
    "/opt/a=b/mayapy": Host((), "/opt/a=b/mayapy", ""),
    '"/opt/x" -m y': Host((), "/opt/x", "-m y"),
    '"/opt/x': Host((), "/opt/x", ""),
    "": Host((), "", ""),
}
LISTS = {
    "": [],
    "maya=/a b/mayapy": [("maya", "/a b/mayapy")],
    "a = /a\r\nb=/b;;c=": [("a", "/a"), ("b", "/b")],
    'a=X="1;2" /a "<TASK>;3";b="/b': [("a", 'X="1;2" /a "<TASK>;3"'), ("b", '"/b')],
}


@pytest.fixture(autouse=True)
def _nodes_on_the_path(monkeypatch):
    """Workers find the nodes of the tests by their file, and their imports here; nobody has this package there."""
    monkeypatch.setenv("PYTHONPATH", TESTS)


@pytest.fixture
def plugin(monkeypatch):
    """The plugin's module."""
    names = {
        "Deadline": (),
        "Deadline.Plugins": ("DeadlinePlugin", "PluginType"),
        "Deadline.Scripting": ("ClientUtils", "FileUtils", "RepositoryUtils"),
        "FranticX": (),
        "FranticX.Processes": ("ManagedProcess",),
    }
    for name, classes in names.items():
        module = ModuleType(name)
        vars(module).update(dict.fromkeys(classes, object))
        monkeypatch.setitem(sys.modules, name, module)
    return runpy.run_path(str(shipped_folder("plugins/Flowpipe") / "Flowpipe.py"))


@pytest.mark.parametrize(("text", "host"), HOSTS.items(), ids=HOSTS)
def test_a_text_describes_a_host(text, host):
    """With variables and arguments, or just a path; and the host's own text says the same."""
    assert parse_host(text) == host
    assert parse_host(str(host)) == host


def test_the_plugin_reads_the_same(plugin):
    """It repeats the grammar."""
    said = {text: plugin["parse_host"](text) for text in HOSTS}
    lines = {text: [line.partition("=") for line in plugin["split_lines"](text)] for text in LISTS}

    assert {text: Host(tuple(host[0]), *host[1:]) for text, host in said.items()} == HOSTS
    assert {
        text: [(name.strip(), rest.strip()) for name, _, rest in some if rest] for text, some in lines.items()
    } == LISTS
    assert {text: split_hosts(text) for text in LISTS} == LISTS


def test_a_configuration_lists_hosts_by_name():
    """Those of a name's own setting first."""
    config = {"Executable_maya_2025": "/a; /b", "Executable_nuke": "", "MoreInterpreters": "maya-2025=/c;krita=/k"}

    assert configured_hosts(config) == {"maya-2025": ["/a", "/b", "/c"], "krita": ["/k"]}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("maya", "'maya' is not an interpreter; write -i NAME=PATH"),
        ("=/usr/bin/mayapy", "'=/usr/bin/mayapy' is not an interpreter; write -i NAME=PATH"),
        ("maya=/not/here", "the interpreter maya: there is no file /not/here"),
        ("maya=A=1 /not/here/mayapy --task <TASK>", "the interpreter maya: there is no file /not/here/mayapy"),
        ('maya="/bin/sh -x', 'the interpreter maya: a double quote is not closed in "/bin/sh -x'),
        ("maya=/bin/sh -x", "the interpreter maya: its arguments need <TASK>, which stands for the task file"),
        ('maya="/bin/sh" -x', "the interpreter maya: its arguments need <TASK>, which stands for the task file"),
        ("maya=/bin/sh -x <TASK>; echo", "is not one line, or has a ; outside double quotes"),
        ("maya=/bin/sh\nnuke=/bin/sh", "is not one line, or has a ; outside double quotes"),
    ],
)
def test_a_host_that_cannot_be_meant_is_one_clear_error(text, error):
    """Before anything is planned."""
    with pytest.raises(UsageError) as caught:
        parse_interpreters((text,))

    assert error in str(caught.value)


def test_a_host_that_is_wrongly_written_is_an_error_in_python_too(graph, tmp_path):
    """As on the command line."""
    nodes.Pass(name="node", graph=graph, value=1)

    with pytest.raises(UsageError, match="the interpreter maya: its arguments need <TASK>"):
        run_bundle(bundle_of(graph, tmp_path), setup=WorkerSetup(interpreters={"maya": '"/not/here" -x'}))


def test_executables_get_their_full_path(tmp_path, monkeypatch):
    """From this folder, or from PATH; with blanks, as they are."""
    for name in ("host", "a host"):
        (tmp_path / name).touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    given = parse_interpreters(("a=host --task <TASK>", "b=./a host", "c=a host"))

    assert given == {
        "a": f'"{tmp_path}/host" --task <TASK>',
        "b": f"{tmp_path}/a host",
        "c": f"{tmp_path}/a host",
    }


def bundle_of(graph, root):
    """The graph's bundle."""
    return write_bundle(plan_graph(graph), root=root)


# Takes a script and what follows it, as Scribus does.
HOST = """#!PYTHON
import os, runpy, sys
assert sys.argv[1:4] == ["-g", "-ns", "-py"], sys.argv
sys.argv = sys.argv[4:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_host_comes_with_its_variables_and_arguments(graph, tmp_path, bare_python):
    """From one text, and a Python that has nothing installed gets what it needs."""
    program = tmp_path / "my scribus"
    program.write_text(HOST.replace("PYTHON", bare_python))
    program.chmod(0o755)
    nodes.Environment(name="node", graph=graph, variable="SHOW", metadata={"interpreter": "scribus"})
    text = f'SHOW="a b;c" "{program}" {SCRIBUS}'

    bundle = bundle_of(graph, tmp_path)
    state = run_bundle(bundle, setup=WorkerSetup(interpreters={"scribus": text}), failure_limit=1)

    assert state.is_complete, state.tasks[0].message
    assert read_results(bundle)["Test.node"].outputs() == {"value": "a b;c"}


def test_only_other_interpreters_get_packages(graph, tmp_path, bare_python):
    """This Python has its own."""
    for name in ("python", "other"):
        nodes.Environment(name=name, graph=graph, variable="PYTHONPATH", metadata={"interpreter": name})

    bundle = bundle_of(graph, tmp_path)
    state = run_bundle(bundle, setup=WorkerSetup(interpreters={"other": bare_python}), failure_limit=1)

    assert state.is_complete, [task_log(bundle, task).read_text() for task in state.tasks]
    folders = {node.key: node.outputs()["value"].split(os.pathsep) for node in read_results(bundle).values()}
    has_packages = {
        key: any(Path(path).name.startswith("packages-") for path in paths) for key, paths in folders.items()
    }
    assert has_packages == {"python": False, "other": True}


def test_interpreters_that_are_not_here_are_known_before_anything_runs(graph, tmp_path):
    """All of them, whether nobody configured them, or their executables are elsewhere."""
    nodes.Pass(name="plain", graph=graph, value=1)
    nodes.Pass(name="solver", graph=graph, metadata={"interpreter": "3dequalizer-7"})
    nodes.Pass(name="shade", graph=graph, metadata={"interpreter": "katana"})
    bundle = bundle_of(graph, tmp_path)

    with pytest.raises(UsageError) as caught:
        run_bundle(bundle, setup=WorkerSetup(interpreters={"katana": "A=1 /not/here/katana --task <TASK>"}))

    assert str(caught.value).splitlines() == [
        "the interpreter 3dequalizer-7 of solver is not configured: -i 3dequalizer-7=PATH",
        "the interpreter katana of shade is not on this machine (looked for /not/here/katana): -i katana=PATH",
    ]
    assert list((bundle.folder / "offline" / "logs").iterdir()) == []


def test_an_interpreter_is_not_needed_once_its_job_is_complete(graph, tmp_path):
    """As after a run on another machine."""
    program = tmp_path / "katana"
    shutil.copy(sys.executable, program) if os.name == "nt" else program.symlink_to(sys.executable)
    nodes.Pass(name="first", graph=graph, value=1, metadata={"interpreter": "katana"})
    nodes.FailOnce(name="second", graph=graph, marker=str(tmp_path / "marker"), value=5)
    bundle = bundle_of(graph, tmp_path)
    state = run_bundle(bundle, setup=WorkerSetup(interpreters={"katana": str(program)}), failure_limit=1)
    assert {key: status.value for key, status in state.jobs.items()} == {"first": "Completed", "second": "Failed"}

    assert run_bundle(bundle).is_complete
