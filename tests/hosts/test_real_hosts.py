"""Kept interpreters in the real applications of this machine, whatever their nodes do; others are skipped.

FLOWPIPE_DEADLINE_BLENDERS names Blenders, or Pythons that have bpy, as in test_blender.py.
"""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import pytest
import session_nodes as nodes
from blenders import DOUBLE, find_blenders
from patience import wait_until
from sandboxed import LoadedPlugin, is_alive

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.offline.packages import read_light_packages
from flowpipe_deadline.offline.standins.sandbox import TaskCanceled, TaskError

PYTHON = '{} -u -m flowpipe_deadline.evaluator --task "<TASK>"'
BLENDER = '{} -b --factory-startup --python-use-system-env --python-exit-code 1 -P "<BOOT>" -- --task "<TASK>"'
# As in docs/hosts.md.
LINES = {
    "pvpython": PYTHON,
    "scribus": 'QT_QPA_PLATFORM=offscreen {} -g -ns -py "<BOOT>" --task "<TASK>"',
    "kritarunner": ('QT_QPA_PLATFORM=offscreen {} -s flowpipe_deadline.evaluator.__main__ -f run -- --task "<TASK>"'),
    "freecadcmd": '{} "<BOOT>" -- --task "<TASK>"',
}
BLENDERS = {name: path for name, path in find_blenders().items() if name != DOUBLE}
BLENDER_LINES = {name: PYTHON if "python" in Path(path).name else BLENDER for name, path in BLENDERS.items()}
PROGRAMS = {**(BLENDERS or {"blender": None}), **{name: shutil.which(name) for name in LINES}}


def hosts(*, without=()):
    """Marks a test to be done with the program and the line of each host."""
    lines = {"blender": BLENDER, **LINES, **BLENDER_LINES}
    none = {name: pytest.mark.skip(reason=f"this machine has no {name}") for name in PROGRAMS if not PROGRAMS[name]}
    return pytest.mark.parametrize(
        ("program", "line"),
        [
            pytest.param(program, lines[name], id=name, marks=none.get(name, ()))
            for name, program in PROGRAMS.items()
            if name not in without
        ],
    )


# In one process; what is in the log when the task is done.
SURVIVED = {
    "nothing": "Evaluating act 1",
    "print from C": "by C",
    "print marks": "[flowpipe:] done {{}}",
    "make non-blocking": "y" * 1000,
    "print much": "x" * 1000,
    "close stdin": "",
    "read input": "'' b''",
    "close stdout": "",
    "replace streams": "",
    "write into a closed pipe": "the pipe is broken",
    "register a class": "",
    "start a grandchild": "",
    "use the default graph": "",
    "print the folder": "PWD is {folder}",
    "change folder": "",
}
# What the report says if it fails its own task.
LOST = {
    "close all": "",
    "say and exit": "(exit code 3): the node has ended or crashed it.\n    \n    the last thing it said",
    "wait": "Received cancel task command",
    "print from C and raise": "this node fails",
}


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """What the plugin brings along, in a folder."""
    folder = tmp_path_factory.mktemp("packages")
    for name, data in read_light_packages().files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def load(graph, tmp_path, packages):
    """Loads the plugin with a job whose node does these acts, one in each frame, in a host that is started so."""
    loaded = []

    def load(line, acts=(), *, path=packages):
        acts = dict(enumerate(acts, start=1))
        node = nodes.Act(name="act", graph=graph, frames=list(range(1, 100)))
        node.inputs["acts"].value, node.inputs["folder"].value = acts, str(tmp_path)
        bundle = write_bundle(plan_graph(graph), root=tmp_path / "bundles")
        support = Path(nodes.__file__).parent
        hosts = {"interpreter": "tried", "interpreters": {"tried": line}, "PythonPath": f"{path};{support}"}
        loaded.append(LoadedPlugin(bundle, tmp_path / "jobs data", **hosts))
        return loaded[-1]

    yield load
    for plugin in loaded:
        plugin.end()


@hosts()
def test_the_tasks_of_a_job_share_a_host_whatever_they_do(load, tmp_path, program, line):
    """With what each has printed in the log before it is done, also by C; nothing is left at the end."""
    plugin = load(line.format(program), SURVIVED)
    folder, seen = str(plugin.bundle.folder), []

    for frame, said in enumerate(SURVIVED.values(), start=1):
        seen.append(plugin.render(frame))
        assert said.format(folder=folder) in "".join(text for _, text in plugin.host.lines)
    plugin.end()

    process = seen[0][0]
    assert seen == [(process, frame, folder) for frame in range(1, len(seen) + 1)]
    assert plugin.host.of("WARNING") == []
    grandchild = int((tmp_path / "grandchild.txt").read_text(encoding="utf-8"))
    wait_until(lambda: not is_alive(process) and not is_alive(grandchild))


@hosts()
def test_after_a_task_that_takes_the_host_with_it_the_next_one_is_right(load, tmp_path, program, line):
    """In a new process; the old one is gone, and what it said is in the report."""
    acts = [*itertools.chain.from_iterable((act, "nothing") for act in LOST)][:-1]
    plugin = load(line.format(program), acts)
    plugin.host.is_canceled = (tmp_path / "began.txt").exists
    processes, reports = [], dict.fromkeys(LOST, "")

    for frame, act in enumerate(acts, start=1):
        try:
            processes.append(plugin.render(frame)[0])
        except (TaskError, TaskCanceled) as error:
            reports[act] = str(error)
            (tmp_path / "began.txt").unlink(missing_ok=True)
            assert not any(map(is_alive, processes))

    assert [act for act, said in LOST.items() if said not in reports[act]] == []
    assert len(set(processes)) == 4  # The task that closed all, and one after each but the last.
    assert "by C" in plugin.host.of("STDOUT")


@hosts(without=["pvpython"])  # It goes on and reads commands; test_sessions.py has such a host.
def test_a_host_that_refuses_its_arguments_says_so(load, program, line):
    """Its own words are in the report, at which end of a long text ever they are."""
    plugin = load(line.format(f"{program} --flowpipe-unknown"))

    with pytest.raises(TaskError, match="ended before it reached the evaluator") as error:
        plugin.render(1)

    words = str(error.value).partition("see Python Path there.")[2]
    assert "flowpipe-unknown" in words
    assert plugin.host.of("WARNING") == []


@hosts()
def test_a_host_without_the_package_says_so(load, tmp_path, program, line):
    """Whatever its exit code is."""
    plugin = load(line.format(program), path=tmp_path)

    with pytest.raises(TaskError, match="No module named 'flowpipe_deadline'"):
        plugin.render(1)


@pytest.mark.skipif("/usr/bin/blender" not in BLENDERS.values(), reason="this machine has no Blender of Debian's")
def test_a_blender_in_somebodys_virtual_environment_names_it(load, tmp_path):
    """Debian's takes that of the first Python on PATH."""
    environment = tmp_path / "venv"
    (environment / "bin").mkdir(parents=True)
    python = Path("/usr/bin/python3").resolve()
    for name in ("python3", python.name):
        (environment / "bin" / name).symlink_to(python)
    (environment / "pyvenv.cfg").write_text("home = /usr/bin\n", encoding="utf-8")
    plugin = load(f"PATH={environment}/bin:{os.environ['PATH']} {BLENDER.format('/usr/bin/blender')}")

    plugin.render(1)

    assert [f"in the virtual environment {environment}" in text for text in plugin.host.of("INFO")].count(True) == 1
