"""A kept interpreter: one process for the tasks of a job, whatever its node does to it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import session_nodes as nodes
from patience import wait_until
from sandboxed import LoadedPlugin, is_alive

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.offline.standins.sandbox import TaskCanceled, TaskError

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def load(graph, tmp_path):
    """Loads the plugin with a job whose node does the given acts, by frame; it is ended with the test."""
    loaded = []

    def load(acts=(), *, metadata=None, snapshot=False, **config):
        acts = dict(acts)
        options = {"metadata": {"batch_size": 1, **metadata}} if metadata else {}
        node = nodes.Act(name="act", graph=graph, frames=list(range(1, 10)), **options)
        node.inputs["acts"].value, node.inputs["folder"].value = acts, str(tmp_path)
        bundle = write_bundle(plan_graph(graph, snapshot_code=snapshot), root=tmp_path / "bundles")
        loaded.append(LoadedPlugin(bundle, tmp_path / "jobs data", **config))
        return loaded[-1]

    yield load
    for plugin in loaded:
        plugin.end()


def test_the_tasks_of_a_job_share_a_process(load):
    """And their module's state; each task is evaluated for its own frames."""
    plugin = load()

    seen = [plugin.render(frame) for frame in (1, 2, 3)]

    assert len({process for process, _, _ in seen}) == 1
    assert [evaluated for _, evaluated, _ in seen] == [1, 2, 3]
    assert len(plugin.host.started) == 1


@pytest.mark.usefixtures("fresh_processes")
def test_the_session_ends_with_the_job(load):
    """At once, and quietly."""
    plugin = load()
    process, _, _ = plugin.render(1)
    started = time.monotonic()

    plugin.end()

    assert not is_alive(process)
    assert time.monotonic() - started < 5
    assert plugin.host.of("WARNING") == []


def test_reload_gives_each_task_its_modules_anew(load):
    """In the same process."""
    plugin = load(metadata={"reload": True})

    seen = [plugin.render(frame) for frame in (1, 2, 3)]

    assert len({process for process, _, _ in seen}) == 1
    assert [evaluated for _, evaluated, _ in seen] == [1, 1, 1]


@pytest.mark.parametrize("names", ["*", "blender;python", "blender\npython"])
def test_a_switch_gives_one_process_per_task(load, names):
    """For all interpreters, or for some."""
    plugin = load(OneTaskPerProcess=names)

    seen = [plugin.render(frame) for frame in (1, 2)]

    assert len({process for process, _, _ in seen}) == 2
    assert [evaluated for _, evaluated, _ in seen] == [1, 1]


@pytest.mark.usefixtures("fresh_processes")
def test_progress_and_status_are_shown(load):
    """By the function, and by a printed line; what is too much is all."""
    plugin = load({1: "report", 2: "print progress"})

    plugin.render(1, 2)

    assert plugin.host.shown == [25.0, 100.0, 100.0, 55.0, 100.0]
    assert plugin.host.messages == [
        *("Loading act", "Evaluating act 1", "a quarter", "more than all", "Loading act", "Evaluating act 2")
    ]


# What one task does must not be seen by the next, which has the same process, or a new one where it has to.
SURVIVED = ["print marks", "print much", "close stdout", "replace streams", "make non-blocking", "read input"]
SURVIVED += [
    "use the default graph",
    "change folder",
    "wrap stdout",
    "detach stdout",
    "use multiprocessing",
    "fork",
    "nothing",
]
LOST = ["close all", "take all"]


@pytest.mark.parametrize(
    ("act", "is_kept"),
    [(act, True) for act in (*SURVIVED, *LOST)] + [(act, False) for act in ("print much", "close stdout", *LOST)],
)
def test_what_a_node_does_to_its_process_harms_no_task(load, tmp_path, act, is_kept):
    """Its own result is there, and the next task is right."""
    plugin = load(dict.fromkeys(range(1, 10), act), OneTaskPerProcess="" if is_kept else "*")

    seen = [plugin.render(frame) for frame in (1, 2, 3)]

    processes = {process for process, _, _ in seen}
    assert len(processes) == (1 if is_kept and act in SURVIVED else 3)
    assert {folder for _, _, folder in seen} == {str(plugin.bundle.folder)}
    assert [text for text in plugin.host.of("WARNING") if "not end" not in text] == []
    for path in tmp_path.glob("own-*"):
        assert path.read_bytes() == b""


def test_output_is_in_the_log_as_it_came(load):
    """What nodes print without a line's end as well, and no marked line."""
    plugin = load({1: "print marks", 2: "read input"})

    plugin.render(1, 2)

    mark = "[flowpipe:0123456789abcdef0123456789abcdef] "
    assert plugin.host.of("STDOUT")[:2] == ["[flowpipe:] done {}", f"{mark}error {{}}"]
    assert f"{mark}done" in plugin.host.of("INFO")
    assert plugin.host.of("STDOUT")[-1] == "'' b''"


@pytest.mark.usefixtures("fresh_processes")
def test_a_session_that_died_since_its_last_task_is_replaced(load):
    """The next task does not fail for that; the log says it."""
    plugin = load()
    process, _, _ = plugin.render(1)
    os.kill(process, signal.SIGKILL)
    wait_until(lambda: not is_alive(process))

    other, evaluated, _ = plugin.render(2)

    assert (other != process, evaluated) == (True, 1)
    assert ["killed by signal 9" in text for text in plugin.host.of("WARNING")] == [True]


def test_the_end_of_the_interpreter_is_reported_at_once_with_its_last_words(load):
    """And only once."""
    plugin = load({2: "say and exit"})
    plugin.render(1)
    started = time.monotonic()

    with pytest.raises(TaskError, match="exit code 3") as error:
        plugin.render(2)

    assert str(error.value).count("the last thing it said") == 1
    assert time.monotonic() - started < 4
    plugin.end()
    assert [level for level, text in plugin.host.lines if "exit code 3" in text] == []


@pytest.mark.parametrize("act", ["raise", "exit", "close stdout and raise", "close all and raise"])
@pytest.mark.usefixtures("fresh_processes")
def test_a_failed_task_ends_the_session(load, act):
    """Nobody knows what it left behind; Deadline ends the job as well."""
    plugin = load({2: act})
    process, _, _ = plugin.render(1)

    with pytest.raises(TaskError, match=r"this node fails|SystemExit: 4"):
        plugin.render(2)

    assert not is_alive(process)


def test_an_error_with_text_that_dotnet_cannot_hold_is_reported(load):
    """File names may be such text."""
    plugin = load({1: "raise strangely"})

    with pytest.raises(TaskError, match=r"RuntimeError: no file \\udcff"):
        plugin.render(1)


def test_variables_with_text_that_dotnet_cannot_hold_harm_nobody(load, monkeypatch):
    """Of a list of folders, only Deadline's is taken away."""
    folders = os.fsdecode(b"/lib\xff:/opt/Thinkbox/Deadline10/lib")
    monkeypatch.setenv("LD_LIBRARY_PATH", folders)
    plugin = load()

    plugin.render(1)

    assert any(
        text.startswith("Setting Process Environment Variable LD_LIBRARY_PATH") for text in plugin.host.of("INFO")
    )


@pytest.mark.parametrize("end", ["the job ends", "a task fails"])
@pytest.mark.usefixtures("fresh_processes")
def test_what_nodes_started_ends_with_the_session(load, tmp_path, end):
    """Also what their children started."""
    plugin = load({1: "start a grandchild", 2: "raise"})
    plugin.render(1)
    grandchildren = [int(number) for number in (tmp_path / "grandchild.txt").read_text(encoding="utf-8").split()]

    if end == "a task fails":
        with pytest.raises(TaskError):
            plugin.render(2)
    plugin.end()

    assert grandchildren
    wait_until(lambda: not any(map(is_alive, grandchildren)))


@pytest.mark.parametrize("act", ["wait", "report for ever"])
@pytest.mark.usefixtures("fresh_processes")
def test_cancelling_ends_the_session(load, tmp_path, act):
    """Whatever its node does."""
    plugin = load({2: act})
    process, _, _ = plugin.render(1)
    plugin.host.is_canceled = (tmp_path / "began.txt").exists

    with pytest.raises(TaskCanceled):
        plugin.render(2)

    assert not is_alive(process)


@pytest.mark.usefixtures("fresh_processes")
def test_an_interpreter_that_grew_is_renewed_between_tasks(load):
    """The first task's memory does not count: applications load much of themselves with it."""
    plugin = load({1: "leak", 2: "leak", 3: "leak"}, SessionMemory="50")

    seen = [plugin.render(frame) for frame in (1, 2, 3, 4)]

    processes = [process for process, _, _ in seen]
    assert processes[0] == processes[1] != processes[2] == processes[3]
    assert any("grown by" in text for text in plugin.host.of("INFO"))


@pytest.mark.usefixtures("fresh_processes")
def test_garbage_is_no_reason_to_renew_an_interpreter(load):
    """Nodes and plugs refer to one another, so what they hold stays until garbage is collected."""
    plugin = load(dict.fromkeys(range(1, 10), "hold in a cycle"), SessionMemory="130")

    seen = [plugin.render(frame) for frame in (1, 2, 3, 4, 5, 6)]

    assert len({process for process, _, _ in seen}) == 1


def test_the_path_of_a_session_does_not_grow(load, tmp_path):
    """Nor the variable for its children, though each task adds the folders of its graph."""
    plugin = load(dict.fromkeys(range(1, 10), "tell the path"), snapshot=True)

    plugin.render(1, 2, 3)

    first, *others = (tmp_path / "path.txt").read_text(encoding="utf-8").splitlines()
    assert others == [first, first]


@pytest.mark.usefixtures("fresh_processes")
def test_a_stopped_interpreter_is_noticed(load):
    """It would look like one that works for ever."""
    plugin = load({1: "stop"})

    def go_on():
        if any("is stopped" in text for text in plugin.host.of("WARNING")):
            os.kill(plugin.host.started[0], signal.SIGCONT)
        return False

    plugin.host.is_canceled = go_on

    plugin.render(1)

    assert "is stopped" in plugin.host.messages[-1]


@pytest.mark.usefixtures("fresh_processes")
def test_what_a_node_leaves_to_do_is_done_when_the_session_ends(load, tmp_path):
    """Registered functions are called, as at the end of any Python; threads end before the task is done."""
    plugin = load({1: "leave work"})
    plugin.render(1)

    assert (tmp_path / "thread.txt").exists()
    plugin.end()
    assert (tmp_path / "atexit.txt").exists()


@pytest.mark.parametrize("more", [{}, {"OneTaskPerProcess": "*"}], ids=["in a session", "alone"])
@pytest.mark.parametrize("wants_farewell", [False, True], ids=["no farewell", "a farewell"])
@pytest.mark.usefixtures("fresh_processes")
def test_a_host_shuts_down_by_itself_only_if_it_wants_to(load, tmp_path, wants_farewell, more):
    """Some wait for ever or crash in it, others have a licence to give back."""
    arguments = '-u -m flowpipe_deadline.evaluator --task "<TASK>"' + (" --farewell" if wants_farewell else "")
    plugin = load({1: "start an application"}, Arguments_python=arguments, **more)
    plugin.render(1)

    plugin.end()

    assert (tmp_path / "shut down.txt").exists() == wants_farewell
    assert plugin.host.of("WARNING") == []


@pytest.mark.usefixtures("fresh_processes")
def test_an_error_of_any_length_is_reported_whole_whatever_else_prints(load):
    """What is longer than a pipe takes at once could be torn apart by the lines of others."""
    plugin = load({1: "raise at length"})

    with pytest.raises(TaskError) as error:
        plugin.render(1)

    assert f"RuntimeError: {'x' * 60_000}" in str(error.value)
    assert "chatter" not in str(error.value)


def test_no_answer_is_longer_than_a_pipe_takes_at_once(tmp_path):
    """The rest is in a file."""
    code = "import sys; from pathlib import Path; from flowpipe_deadline.evaluator.channel import Channel, Reporter\n"
    code += "Reporter(Channel(Path(sys.argv[1])), 't').failed(message='', traceback='x' * 60_000)"
    answers = tmp_path / "answers"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}

    printed = subprocess.run(
        [sys.executable, "-c", code, str(answers)], env=environment, stdout=subprocess.PIPE, check=True
    ).stdout

    assert printed == b"[flowpipe:t] answers\n"
    assert answers.read_text(encoding="ascii").startswith('[flowpipe:t] error {"message": "", "traceback": "xxxx')


def test_a_script_that_boots_the_evaluator_is_harmless_to_child_processes(load):
    """Those of multiprocessing load it again."""
    plugin = load({1: "use multiprocessing"}, Arguments_python='"<BOOT>" --task "<TASK>"')

    plugin.render(1)

    assert len(plugin.host.started) == 1


def script(folder, name, text):
    """An executable that is to be an interpreter."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_host_has_variables_and_arguments_of_its_own(load, tmp_path):
    """In its line of the configuration; its PYTHONPATH comes before what every interpreter gets."""
    arguments = '-u -m flowpipe_deadline.evaluator --task "<TASK>"'
    line = f'SHOW="a show" PYTHONPATH={tmp_path} "{sys.executable}" {arguments}'
    plugin = load({1: "tell variables"}, interpreter="studio-1", interpreters={"studio-1": line})

    plugin.render(1)

    show, path = (tmp_path / "variables.txt").read_text(encoding="utf-8").splitlines()
    assert show == "a show"
    assert path.split(os.pathsep)[0] == str(tmp_path)


def test_an_interpreter_that_hands_on_no_input_is_started_for_each_task(load, tmp_path):
    """As a studio's own launcher may be; the log says what to configure."""
    launcher = script(tmp_path, "launcher", f'exec "{sys.executable}" "$@" </dev/null')
    plugin = load(interpreters={"python": launcher})

    seen = [plugin.render(frame) for frame in (1, 2)]

    assert len({process for process, _, _ in seen}) == 2
    assert ["One Task Per Process" in text for text in plugin.host.of("WARNING")] == [True]


def test_an_interpreter_that_does_not_get_to_the_evaluator_is_told_before_it_ends(load, tmp_path, monkeypatch):
    """As some that refuse their arguments read commands then, until their input ends."""
    plugin = load(interpreters={"python": script(tmp_path, "waiting", "echo unknown option; cat >/dev/null")})
    monkeypatch.setitem(type(plugin.sandbox._plugin).evaluate.__globals__, "LATE_SECONDS", 0.5)
    plugin.host.is_canceled = lambda: "not reached the evaluator" in "".join(plugin.host.messages)

    with pytest.raises(TaskCanceled):
        plugin.render(1)

    assert "    unknown option" in plugin.host.of("WARNING")


def test_an_earlier_evaluator_is_started_for_each_task(load, tmp_path):
    """A folder of *Python Path* may have one, and comes before what is installed with the plugin."""
    before = tmp_path / "before"
    shutil.copytree(CHECKOUT / "flowpipe_deadline", before / "flowpipe_deadline")
    protocol = before / "flowpipe_deadline" / "evaluator" / "protocol.py"
    text = protocol.read_text(encoding="utf-8")
    knows_sessions = 'if "session" not in data:'
    assert knows_sessions in text
    protocol.write_text(text.replace(knows_sessions, "if True:"), encoding="utf-8")
    support = CHECKOUT / "tests" / "support"
    plugin = load(PythonPath=f"{before};{support}")

    seen = [plugin.render(frame) for frame in (1, 2)]

    assert len({process for process, _, _ in seen}) == 2
    assert ["One Task Per Process" in text for text in plugin.host.of("WARNING")] == [True]


@pytest.mark.parametrize(
    "text",
    ['exec "{}" "$@" <&-', 'timeout 0.2 cat >/dev/null; exec "{}" "$@"'],
    ids=["closed input", "a reader before it"],
)
def test_whatever_a_launcher_does_with_the_input_tasks_are_evaluated(load, tmp_path, text):
    """In one process, or in one each."""
    plugin = load(interpreters={"python": script(tmp_path, "launcher", text.format(sys.executable))})

    plugin.render(1, 2)


def test_a_launcher_that_takes_the_output_away_is_a_clear_error(load, tmp_path):
    """Not a task without end."""
    launcher = script(tmp_path, "launcher", f'exec "{sys.executable}" "$@" >/dev/null')
    plugin = load(interpreters={"python": launcher})

    with pytest.raises(TaskError, match="Its output goes elsewhere"):
        plugin.render(1)


def test_arguments_without_the_task_are_a_clear_error(load):
    """A Python without a script would wait for ever."""
    with pytest.raises(TaskError, match="lack <TASK>"):
        load(Arguments_python="-u").render(1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo 'unknown option'; seq 100; exit 64", ["exit code 64", "unknown option", "100", "Check its arguments"]),
        ("kill -9 $$", ["killed by signal 9"]),
        (f'exec "{sys.executable}" -S -c "import flowpipe_deadline.x"', ["No module named", "Python Path"]),
    ],
    ids=["refused arguments", "crashed", "without the package"],
)
def test_an_interpreter_that_never_gets_to_the_evaluator_says_so(load, tmp_path, text, said):
    """With what it said, and what to look at."""
    plugin = load(interpreters={"python": script(tmp_path, "broken", text)})

    with pytest.raises(TaskError) as error:
        plugin.render(1)

    assert [words for words in said if words not in str(error.value)] == []


def test_an_interpreter_that_cannot_be_executed_is_a_clear_error(load, tmp_path):
    """Not the raw one of .NET."""
    path = tmp_path / "not executable"
    path.write_text("", encoding="utf-8")
    plugin = load(interpreters={"python": str(path)})

    with pytest.raises(TaskError, match="not executable cannot be started"):
        plugin.render(1)


@pytest.mark.usefixtures("fresh_processes")
def test_the_virtual_environment_of_an_interpreter_is_named(load):
    """Blender, for one, takes that of the first Python on PATH."""
    plugin = load()

    plugin.render(1)

    where = f" in the virtual environment {sys.prefix}" if sys.prefix != sys.base_prefix else ""
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"Python {version}{where}, process {plugin.host.started[0]}" in plugin.host.of("INFO")


def test_the_last_words_are_those_of_the_task(load):
    """Not those of an earlier one."""
    plugin = load({1: "print marks", 2: "say and exit"})
    plugin.render(1)

    with pytest.raises(TaskError) as error:
        plugin.render(2)

    assert "the last thing it said" in str(error.value)
    assert "error {}" not in str(error.value)


def test_an_application_that_fails_at_its_start_says_so(load, tmp_path):
    """Neither the node is blamed, nor is it started twice."""
    package = tmp_path / "double" / "maya"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    start = "import os\n\ndef initialize(name):\n    print('no licence', flush=True)\n    os._exit(7)\n"
    (package / "standalone.py").write_text(start, encoding="utf-8")
    plugin = load(interpreter="maya", interpreters={"maya": f"PYTHONPATH={package.parent} {sys.executable}"})

    with pytest.raises(TaskError, match=r"(?s)^maya ended while it started \(exit code 7\).*no licence"):
        plugin.render(1)

    assert (len(plugin.host.started), plugin.host.of("WARNING")) == (1, [])


def test_a_session_whose_worker_is_gone_ends_at_once(graph, tmp_path):
    """Nobody waits for what its nodes left to do."""
    nodes.Act(name="act", graph=graph, frames=[1], acts={1: "leave long work"}, folder=str(tmp_path))
    bundle = write_bundle(plan_graph(graph), root=tmp_path / "bundles")
    file = tmp_path / "task.json"
    file.write_text(json.dumps({"format": 1, "session": "s", "interpreter": "python"}), encoding="utf-8")
    command = [sys.executable, "-m", "flowpipe_deadline.evaluator", "--task", str(file)]
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    session = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
    task = {"format": 1, "bundle": str(bundle.folder), "node": "act", "frames": [1], "token": "t"}
    rest = {"interpreter": "python", "wait": 0, "path_mappings": []}
    session.stdin.write(json.dumps({**task, **rest}).encode("ascii") + b"\n")
    session.stdin.flush()
    wait_until((tmp_path / "began.txt").exists)

    session.communicate(timeout=20)

    assert session.returncode == 0


def test_reload_reaches_modules_in_packages_without_an_init_file(graph, tmp_path, monkeypatch):
    """Such a package stays itself, and would keep its modules. One with a compiled module stays as a whole."""
    package = tmp_path / "studio_without_init"
    package.mkdir()
    (package / "counter.py").write_text("used = []\n", encoding="utf-8")
    compiled = tmp_path / "studio_compiled"
    compiled.mkdir()
    (compiled / "__init__.py").write_text("from . import _ctypes_test\n\nused = []\n", encoding="utf-8")
    shutil.copy(importlib.util.find_spec("_ctypes_test").origin, compiled)
    source = """
import studio_compiled
from flowpipe import Node


@Node(outputs=["seen"], metadata={"batch_size": 1, "reload": True})
def Count(frames):
    from . import counter

    counter.used.append(1)
    studio_compiled.used.append(1)
    return {"seen": [(len(counter.used), len(studio_compiled.used))]}
"""
    (package / "nodes.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("studio_without_init.nodes").Count(name="act", graph=graph, frames=[1, 2])
    plugin = LoadedPlugin(write_bundle(plan_graph(graph), root=tmp_path / "bundles"), tmp_path / "jobs data")

    seen = [plugin.render(frame) for frame in (1, 2)]

    plugin.end()
    assert seen == [(1, 1), (1, 2)]


@pytest.mark.parametrize("value", ["", "1.5", " 2 "])
def test_numbers_of_the_configuration_are_read_as_people_write_them(load, value):
    """Blank is the default."""
    load(WaitForResults=value, SessionMemory=value).render(1)


@pytest.mark.parametrize("setting", ["WaitForResults", "SessionMemory"])
def test_a_number_that_is_none_is_a_clear_error(load, setting):
    """It names the setting, before the node is evaluated."""
    plugin = load(**{setting: "soon"})

    with pytest.raises(TaskError, match=f"{setting} is 'soon', which is not a number"):
        plugin.render(1)

    assert plugin.host.started == []


class BrokenError(Exception):
    """What Deadline may raise where a process has ended."""


@pytest.mark.parametrize("call", ["WaitForMonitoredManagedProcessToExit", "FlushMonitoredManagedProcessStdout"])
def test_an_error_of_deadlines_check_means_that_the_session_has_ended(load, monkeypatch, call):
    """Whether it raises or answers is unknown (plugin API, section 2.2)."""
    plugin = load({2: "exit after a while"})
    process, _, _ = plugin.render(1)
    real = getattr(type(plugin.sandbox._plugin), call)

    def checked(self, name, *arguments):
        if not is_alive(process):
            raise BrokenError(f'Monitored managed process "{name}" has exited or been terminated.')
        return real(self, name, *arguments)

    monkeypatch.setattr(type(plugin.sandbox._plugin), call, checked)

    with pytest.raises(TaskError, match="The interpreter ended before it wrote a result"):
        plugin.render(2)


@pytest.mark.parametrize("before", ["", "\ufeff"], ids=["plain", "a byte order mark"])
@pytest.mark.parametrize("after", ["", "\r\n", "\n\n"], ids=["as it is", "with a line's end", "with two"])
def test_however_deadline_writes_a_line_the_task_is_read(load, monkeypatch, before, after):
    """Whether it adds the end of the line, or begins with a byte order mark, is unknown (plugin API, section 2.2)."""
    plugin = load()
    first = SimpleNamespace(text=before)

    def write(self, name, text):
        stream = self._standin.monitored.find(name).child.stdin
        stream.write((first.text + text + after).encode("utf-8"))
        stream.flush()
        first.text = ""

    monkeypatch.setattr(type(plugin.sandbox._plugin), "WriteStdinToMonitoredManagedProcess", write)

    seen = [plugin.render(frame) for frame in (1, 2)]

    assert len({process for process, _, _ in seen}) == 1


def test_every_handler_is_released(load):
    """One that is left would keep the plugin from being freed."""
    plugin = load()
    plugin.render(1)
    loaded = plugin.sandbox._plugin
    interpreter = loaded.interpreter

    plugin.end()

    hooked = [
        event
        for owner in (loaded, interpreter, interpreter.handler)
        for event in owner._standin.events.values()
        if event
    ]
    assert hooked == []
