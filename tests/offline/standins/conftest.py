"""A recording host, and plugins written on the spot."""

from __future__ import annotations

import sys
import textwrap
import threading
from dataclasses import replace

import pytest

from flowpipe_deadline.offline.standins.sandbox import Host
from tests.fake_deadline.full_sandbox import Sandbox, SandboxJob, SandboxTask, install

_OWN = ("Deadline", "FranticX", "System", "_dotnet", "_more", "_worker")
_PLUGIN = """
import os, sys
from Deadline.Plugins import DeadlinePlugin, PluginType
from Deadline.Scripting import FileUtils, RepositoryUtils, StringUtils, SystemUtils
from FranticX.Processes import ManagedProcess

def GetDeadlinePlugin():
    return Plugin()

def CleanupDeadlinePlugin(plugin):
    plugin.Cleanup()
"""

_ADVANCED = """
class Plugin(DeadlinePlugin):
    def __init__(self):
        super().__init__()
        self.InitializeProcessCallback += self.InitializeProcess
        self.RenderTasksCallback += self.RenderTasks

    def Cleanup(self):
        del self.InitializeProcessCallback
        del self.RenderTasksCallback

    def InitializeProcess(self):
        self.PluginType = PluginType.Advanced
        self.StdoutHandling = True

    def RenderTasks(self):
"""

_PROGRAM = """
class Program(ManagedProcess):
    def __init__(self, plugin, code):
        super().__init__()
        self.plugin, self.code, self.seen = plugin, code, []
        self.InitializeProcessCallback += self.InitializeProcess
        self.RenderExecutableCallback += lambda: sys.executable
        self.RenderArgumentCallback += lambda: '-u -c "{}"'.format(code.replace('"', '\\\\"'))

    def InitializeProcess(self):
        self.StdoutHandling = True
        self.AddStdoutHandlerCallback("Progress: ([0-9]+)%").HandleCallback += self.HandleProgress

    def HandleProgress(self):
        self.seen.append(self.GetRegexMatch(0))
        self.plugin.SetProgress(float(self.GetRegexMatch(1)))

    def Cleanup(self):
        for handler in self.StdoutHandlers:
            del handler.HandleCallback
        del self.InitializeProcessCallback
        del self.RenderExecutableCallback
        del self.RenderArgumentCallback
"""


class RecordingHost(Host):
    """Keeps all reports."""

    def __init__(self):
        self.lines = []
        self.percents = []
        self.statuses = []
        self.started = []
        self.ended = []
        self.cancel = threading.Event()
        self.on_line = lambda _: None

    def log(self, level, text):
        """Keeps the line as a Worker prints it."""
        self.lines.append(f"{level}: {text}")
        self.on_line(self.lines[-1])

    def progress(self, percent):
        """Keeps the percentage."""
        self.percents.append(percent)

    def status(self, text):
        """Keeps the message."""
        self.statuses.append(text)

    def canceled(self):
        """Whether the test cancelled the task."""
        return self.cancel.is_set()

    def process_started(self, pid):
        """Keeps the process number."""
        self.started.append(pid)

    def process_ended(self, pid):
        """Keeps the process number."""
        self.ended.append(pid)

    def of(self, level):
        """The texts of one level."""
        return [line.partition(": ")[2] for line in self.lines if line.startswith(level + ":")]


@pytest.fixture(scope="module", autouse=True)
def _installed():
    """The stand-ins can be imported by tests too, and only by these."""
    before = list(sys.path)
    _forget_standins()  # Other tests may have loaded those of the product alone.
    install()
    yield
    _forget_standins()
    sys.path[:] = before


def _forget_standins():
    for name in list(sys.modules):
        if name.partition(".")[0] in _OWN:
            del sys.modules[name]


@pytest.fixture
def host():
    """A host that records."""
    return RecordingHost()


@pytest.fixture
def make_sandbox(tmp_path, host):
    """Makes sandboxes of plugin sources, and unloads them in the end."""
    made = []

    def make(source, *, version=(10, 4), files=None, handlers="first", unknowns=None, **job):
        folder = tmp_path / f"plugin{len(made)}"
        folder.mkdir()
        data = tmp_path / "jobsData"
        data.mkdir(exist_ok=True)
        (folder / "Test.py").write_text(_PLUGIN + textwrap.dedent(source), encoding="utf-8")
        for name, text in (files or {}).items():
            (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
        record = SandboxJob(job_id="5" * 24, plugin_directory=str(folder), jobs_data_directory=str(data))
        options = {} if unknowns is None else {"unknowns": unknowns}
        made.append(Sandbox("Test", replace(record, **job), host, version, handlers=handlers, **options))
        return made[-1]

    yield make
    host.cancel.clear()
    for sandbox in made:
        sandbox.unload()


@pytest.fixture
def load_advanced(make_sandbox):
    """Loads an Advanced plugin whose RenderTasks is the given body; ``Program(self, code)`` runs Python code."""

    def load(body, *, more="", **options):
        source = _PROGRAM + textwrap.dedent(more) + _ADVANCED + textwrap.indent(textwrap.dedent(body), " " * 8)
        sandbox = make_sandbox(source, **options)
        sandbox.load()
        sandbox.start_job()
        return sandbox

    return load


@pytest.fixture
def run_advanced(load_advanced):
    """Loads such a plugin and renders one task of frame 7."""

    def run(body, *, task_frames=(7,), **options):
        sandbox = load_advanced(body, **options)
        sandbox.render_task(task(*task_frames))
        return sandbox

    return run


def task(*frames, number=0):
    """A task of these frames."""
    return SandboxTask(task_id=number, frames=frames, frame_text=",".join(map(str, frames)))


@pytest.fixture(name="task")
def task_factory():
    """Makes a task of the given frames."""
    return task
