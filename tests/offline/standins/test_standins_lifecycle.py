"""The life cycle of a plugin (plugin API, section 1)."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from flowpipe_deadline.offline.standins.sandbox import TaskCanceled, TaskError, read_param
from tests.fake_deadline.full_sandbox import Sandbox, SandboxJob, Unknowns

_ALL_CALLBACKS = """
class Plugin(DeadlinePlugin):
    NAMES = ("InitializeProcess", "StartJob", "RenderTasks", "EndJob", "PreRenderTasks", "PostRenderTasks")

    def __init__(self):
        super().__init__()
        for name in self.NAMES:
            slot = getattr(self, name + "Callback")
            slot += getattr(self, name)
        self.RenderExecutableCallback += self.RenderExecutable
        self.RenderArgumentCallback += self.RenderArgument
        self.StartupDirectoryCallback += self.StartupDirectory
        self.CheckExitCodeCallback += self.CheckExitCode
        print("created")
    def Cleanup(self):
        print("cleaned up")
        for name in self.NAMES + ("RenderExecutable", "RenderArgument", "StartupDirectory", "CheckExitCode"):
            delattr(self, name + "Callback")
    def InitializeProcess(self):
        print("InitializeProcess")
        self.PluginType = PluginType.{kind}
    def StartJob(self): print("StartJob")
    def RenderTasks(self): print("RenderTasks")
    def EndJob(self): print("EndJob")
    def PreRenderTasks(self): print("PreRenderTasks")
    def PostRenderTasks(self): print("PostRenderTasks")
    def RenderExecutable(self):
        print("RenderExecutable")
        return sys.executable
    def RenderArgument(self):
        print("RenderArgument")
        return "-c pass"
    def StartupDirectory(self):
        print("StartupDirectory")
        return ""
    def CheckExitCode(self, code): print("CheckExitCode", code)
"""
_PRE_LOAD = {
    "PluginPreLoad.py": "def __main__():\n    print('PluginPreLoad')\n",
    "JobPreLoad.py": "def __main__(plugin):\n    print('JobPreLoad', type(plugin).__name__)\n",
}


def live(sandbox, *tasks):
    """All phases, in order."""
    sandbox.load()
    sandbox.start_job()
    for task in tasks:
        sandbox.render_task(task)
    sandbox.end_job()
    sandbox.unload()


def test_advanced_plugin(make_sandbox, task, host):
    """An Advanced plugin gets its callbacks once per job and once per task, in the order of the Worker's log."""
    live(make_sandbox(_ALL_CALLBACKS.format(kind="Advanced"), files=_PRE_LOAD), task(1), task(2, 3))

    assert host.of("PYTHON") == [
        "PluginPreLoad",
        "created",
        "InitializeProcess",
        "JobPreLoad Plugin",
        "StartJob",
        "RenderTasks",
        "RenderTasks",
        "EndJob",
        "cleaned up",
    ]


def test_simple_plugin(make_sandbox, task, host):
    """A Simple plugin runs one process per task; StartJob and EndJob are for Advanced plugins."""
    live(make_sandbox(_ALL_CALLBACKS.format(kind="Simple")), task(1))

    assert host.of("PYTHON") == [
        "created",
        "InitializeProcess",
        "PreRenderTasks",
        "RenderExecutable",
        "RenderArgument",
        "StartupDirectory",
        "CheckExitCode 0",
        "PostRenderTasks",
        "cleaned up",
    ]


@pytest.mark.parametrize(
    "wish",
    ["self.SingleFramesOnly = True", "self.IsSingleFramesOnlyCallback += lambda: True"],
    ids=["flag", "callback"],
)
def test_single_frames(load_advanced, task, host, wish):
    """With single frames RenderTasks runs once per frame of the task."""
    sandbox = load_advanced(
        "self.LogInfo('{}-{}'.format(self.GetStartFrame(), self.GetEndFrame()))",
        files={"JobPreLoad.py": f"def __main__(self):\n    {wish}\n"},
    )

    sandbox.render_task(task(4, 6, 8))

    assert host.of("INFO")[-3:] == ["4-4", "6-6", "8-8"]


@pytest.mark.parametrize(
    "constructor",
    [
        pytest.param("pass", id="never"),
        pytest.param("self.answer = 42; super().__init__()", id="after an attribute"),
        pytest.param("self.StartJobCallback += print; super().__init__()", id="after a hook"),
    ],
)
def test_base_constructor_comes_first(make_sandbox, constructor):
    """Deadline 10.3 and later need ``super().__init__()`` as the first statement."""
    sandbox = make_sandbox(f"""
        class Plugin(DeadlinePlugin):
            def __init__(self):
                {constructor}
            def Cleanup(self): del self.StartJobCallback
    """)

    with pytest.raises(TaskError, match=r"need super\(\).__init__\(\) as the first statement"):
        sandbox.load()


def test_base_constructor_of_a_managed_process(load_advanced, task):
    """The rule holds for managed processes too."""
    sandbox = load_advanced(
        "self.RunManagedProcess(Bare())",
        more="class Bare(ManagedProcess):\n    def __init__(self): pass\n",
    )

    with pytest.raises(TaskError, match="Bare: the base constructor has not run"):
        sandbox.render_task(task(1))


def test_base_constructor_is_not_needed_before_10_3(make_sandbox, host):
    """Older plugins do not call it and work below 10.3."""
    make_sandbox(
        """
        class Plugin(DeadlinePlugin):
            def __init__(self):
                self.answer = 42
                self.InitializeProcessCallback += self.initialize
            def initialize(self): self.LogInfo(str(self.answer))
            def Cleanup(self): del self.InitializeProcessCallback
        """,
        version=(10, 2),
    ).load()

    assert host.of("INFO") == ["42"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("class Plugin: pass", "which is no DeadlinePlugin"),
        ("del GetDeadlinePlugin", "Test.py defines no function GetDeadlinePlugin"),
        ("del CleanupDeadlinePlugin", "Test.py defines no function CleanupDeadlinePlugin"),
        ("raise OSError('no disk')", "OSError : no disk"),
        ("sys.exit(3)", "SystemExit : 3"),
        ("def broken(:", "SyntaxError : "),
    ],
)
def test_files_that_are_no_plugin(make_sandbox, source, message):
    """What is wrong with the file fails Initialize Plugin."""
    with pytest.raises(TaskError) as failure:
        make_sandbox(source).load()

    assert message in failure.value.message


def test_failures(run_advanced):
    """FailRender is reported with the text of Deadline, other exceptions by type, both with the plugin's traceback."""
    with pytest.raises(TaskError) as render:
        run_advanced("self.FailRender('no licence')")
    with pytest.raises(TaskError) as python:
        run_advanced("raise KeyError('colour')")

    assert render.value.message == "FailRenderException : no licence"
    assert python.value.message == "KeyError : 'colour'"
    lines = python.value.traceback_text.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "Test.py" in lines[1]
    assert lines[-1] == "KeyError: 'colour'"


@pytest.mark.parametrize(
    ("statement", "message"),
    [("self.FailRender('no licence')", "no licence"), ("raise KeyError('colour')", "'colour'")],
)
def test_failures_without_their_names(run_advanced, statement, message):
    """As Deadline 10.3 reports them."""
    with pytest.raises(TaskError) as failure:
        run_advanced(statement, unknowns=Unknowns(report="bare"))

    assert failure.value.message == message


def test_a_fail_render_can_be_caught_by_its_message(run_advanced, host):
    """A .NET exception carries its text in ``Message``."""
    run_advanced("""
        from Deadline.Plugins import FailRenderException
        try:
            self.FailRender("no licence")
        except FailRenderException as error:
            self.LogInfo(error.Message)
    """)

    assert host.of("INFO")[-1] == "no licence"


def test_print_and_log_levels(run_advanced, host):
    """Printing is logged as PYTHON, line by line; debug messages only if the configuration asks for them."""
    run_advanced(
        """
        print("one", end=" ")
        print("line")
        sys.stdout.write("rest")
        self.LogWarning("careful\\ntwice")
        self.LogStdout("said")
        self.DebugMessage("detail")
        """,
        config={"DebugLogging": "True", "About": "A plugin"},
    )
    run_advanced("self.DebugMessage('hidden')")

    assert host.lines == [
        "INFO: About: A plugin",
        "INFO: Plugin rendering frame(s): 7",
        "PYTHON: one line",
        "WARNING: careful",
        "WARNING: twice",
        "STDOUT: said",
        "DEBUG: detail",
        "PYTHON: rest",
        "INFO: Plugin rendering frame(s): 7",
    ]


def test_what_the_host_prints_is_not_the_plugins(run_advanced, host, capsys):
    """A host may print while it logs."""
    host.on_line = print

    run_advanced("print('hello')")

    assert host.of("PYTHON") == ["hello"]
    assert "PYTHON: hello\n" in capsys.readouterr().out


def test_left_over_callbacks_are_reported(make_sandbox, host):
    """After clean-up every callback that is still hooked is named: it would leak in a real Worker."""
    sandbox = make_sandbox("""
        class Plugin(DeadlinePlugin):
            def __init__(self):
                super().__init__()
                self.InitializeProcessCallback += self.initialize
                self.StartJobCallback += self.initialize
                self.AddStdoutHandlerCallback("x").HandleCallback += self.initialize
            def initialize(self): pass
            def Cleanup(self): del self.InitializeProcessCallback
    """)
    sandbox.load()

    sandbox.unload()

    (warning,) = host.of("WARNING")
    assert warning.startswith("Plugin still has hooked: StartJobCallback, HandleCallback of 1 stdout handler(s).")


def test_each_sandbox_loads_afresh(load_advanced, task, host):
    """Module state and modules of the plugin folder do not survive; ``sys.path`` and ``os.environ`` neither."""
    body = """
        sys.path.insert(0, os.path.dirname(__file__))
        import standin_sibling
        os.environ["STANDIN_TEST"] = "left behind"
        COUNTED.append(1)
        self.LogInfo("{} {}".format(len(COUNTED), standin_sibling.NAME))
    """
    path = list(sys.path)

    for name in ("first", "second"):
        sandbox = load_advanced(body, more="COUNTED = []\n", files={"standin_sibling.py": f"NAME = {name!r}\n"})
        sandbox.render_task(task(1))
        sandbox.end_job()
        sandbox.unload()

    assert [line for line in host.of("INFO") if line[0] == "1"] == ["1 first", "1 second"]
    assert sys.path == path
    assert "STANDIN_TEST" not in os.environ
    assert "standin_sibling" not in sys.modules


def test_file_points_into_the_plugin_directory(run_advanced, host):
    """``__file__`` is the file in the folder the job was given."""
    run_advanced("self.LogInfo(str(os.path.dirname(__file__) == self.GetPluginDirectory()))")

    assert host.of("INFO")[-1] == "True"


def test_one_sandbox_at_a_time(make_sandbox, run_advanced, host, task):
    """Two sandboxes may live, but only one runs a phase."""
    other = make_sandbox("class Plugin(DeadlinePlugin):\n    def Cleanup(self): pass\n")
    messages = []

    def interfere(line):
        if line == "INFO: now":
            with pytest.raises(Exception, match="one sandbox at a time") as failure:
                other.load()
            messages.append(type(failure.value).__name__)

    host.on_line = interfere
    run_advanced("self.LogInfo('now')")

    assert messages == ["InvalidOperationException"]


def test_outside_of_a_phase(run_advanced):
    """Deadline's utilities refuse to guess which job is meant."""
    run_advanced("pass")
    from Deadline.Scripting import RepositoryUtils

    with pytest.raises(Exception, match="no sandbox is active"):
        RepositoryUtils.CheckPathMapping("/a")


def test_cancelled_tasks(run_advanced, host):
    """A plugin that sees the cancel and fails, or just returns, ends as cancelled; EndJob runs undisturbed."""
    host.cancel.set()

    with pytest.raises(TaskCanceled, match="Received cancel task command"):
        run_advanced("self.IsCanceled() and self.FailRender('Received cancel task command')")
    with pytest.raises(TaskCanceled, match="the task was cancelled"):
        run_advanced("self.IsCanceled()")
    run_advanced("pass").end_job()


def test_cancel_task(run_advanced, host):
    """``CancelTask`` makes ``IsCanceled`` true, and is forgotten with the task."""
    with pytest.raises(TaskCanceled):
        run_advanced("self.CancelTask(); self.LogInfo(str(self.IsCanceled()))")

    assert host.of("INFO")[-1] == "True"


def test_temporary_directories_go_with_the_plugin(run_advanced, host):
    """``CreateTempDirectory`` makes a folder in the job's data; it is removed when the plugin is unloaded."""
    sandbox = run_advanced("self.LogInfo(self.CreateTempDirectory('maps'))")
    folder = host.of("INFO")[-1]

    existed = os.path.isdir(folder)
    sandbox.unload()

    assert existed
    assert os.path.basename(folder)[:9] == "maps_temp"
    assert len(os.path.basename(folder)) == len("maps_temp") + 6
    assert not os.path.exists(folder)


def test_read_param(tmp_path):
    """The defaults of a ``.param`` file by section, as they are written."""
    path = tmp_path / "Test.param"
    path.write_text(
        "\ufeff[About]\nType=label\nDefault=A = B\n\n[Empty]\nDefault=\n[None]\nType=string\n[Last]\ndefault= x ",
        encoding="utf-8",
    )

    assert read_param(str(path)) == {"About": "A = B", "Empty": "", "Last": "x"}


def test_unknown_choice(host):
    """A misspelt answer to an unknown is refused at once."""
    with pytest.raises(ValueError, match="handlers='frist': choose one of first, all"):
        Sandbox("Test", SandboxJob(job_id="1"), host, handlers="frist")


def test_a_sandbox_costs_less_than_the_start_of_an_interpreter(make_sandbox, host):
    """Making, loading, starting and ending one: the quickest of ten takes less processor time."""
    source = _ALL_CALLBACKS.format(kind="Advanced")
    sandboxes = [make_sandbox(source) for _ in range(10)]
    seconds = []

    for sandbox in sandboxes:
        start = time.process_time()
        live(sandbox)
        seconds.append(time.process_time() - start)

    before = os.times()
    subprocess.run([sys.executable, "-c", "import subprocess"], check=True)
    after = os.times()
    assert min(seconds) < sum(after[2:4]) - sum(before[2:4])
