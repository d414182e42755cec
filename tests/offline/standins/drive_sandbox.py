"""Runs a small plugin through the sandbox and prints its reports. Valid from Python 3.7.

python drive_sandbox.py <empty folder>
"""

import json
import os
import sys

PLUGIN = """
import re
import sys
from System.IO import *
from System.Text.RegularExpressions import *
from Deadline.Plugins import *
from Deadline.Scripting import *
from FranticX.Processes import *


def GetDeadlinePlugin():
    return Plugin()


def CleanupDeadlinePlugin(plugin):
    plugin.Cleanup()


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

    def RenderTasks(self):
        frames = ",".join(str(frame) for frame in self.GetCurrentTask().TaskFrameList)
        print(re.sub("<(?i)FRAMES>", frames, "frames <frames>"))
        print(Regex("(?<a>x)(y)").Match("xy").Groups[1].Value, hasattr(self, "__dict__"))
        program = Program(self)
        self.StartMonitoredManagedProcess("program", program)
        self.WriteStdinToMonitoredManagedProcess("program", "25")
        while not self.WaitForMonitoredManagedProcessToExit("program", 1000):
            self.FlushMonitoredManagedProcessStdout("program")
        while not program.is_handled:  # The last lines may come after the end.
            self.FlushMonitoredManagedProcessStdout("program")
        self.LogInfo(str(self.GetMonitoredManagedProcessExitCode("program")))
        program.Cleanup()
        try:
            self.LogInfo(3)
        except TypeError as error:
            self.LogInfo("refused")


class Program(ManagedProcess):
    def __init__(self, plugin):
        super().__init__()
        self.plugin = plugin
        self.is_handled = False
        self.InitializeProcessCallback += self.InitializeProcess
        self.RenderExecutableCallback += lambda: sys.executable
        code = "print('Progress: ' + input() + '%'); raise SystemExit(3)"
        self.RenderArgumentCallback += lambda: '-u -c "{}"'.format(code)

    def InitializeProcess(self):
        self.StdoutHandling = True
        self.AddStdoutHandlerCallback(".*Progress: (\\\\d+)%.*").HandleCallback += self.HandleProgress

    def HandleProgress(self):
        self.plugin.SetProgress(float(self.GetRegexMatch(1)))
        self.is_handled = True

    def Cleanup(self):
        for handler in self.StdoutHandlers:
            del handler.HandleCallback
        del self.InitializeProcessCallback
        del self.RenderExecutableCallback
        del self.RenderArgumentCallback
"""


CHECKOUT = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir, os.pardir))


def main(folder):
    """Prints the reports as JSON."""
    sys.path.insert(0, CHECKOUT)
    from flowpipe_deadline.offline.standins.sandbox import Host
    from tests.fake_deadline.full_sandbox import Sandbox, SandboxJob, SandboxTask

    reports = []

    class RecordingHost(Host):
        def log(self, level, text):
            reports.append(f"{level}: {text}")

        def progress(self, percent):
            reports.append(f"progress {percent}")

    with open(os.path.join(folder, "Small.py"), "w") as file:
        file.write(PLUGIN)
    job = SandboxJob(job_id="1", plugin_directory=folder, jobs_data_directory=folder)
    box = Sandbox("Small", job, RecordingHost())
    box.load()
    box.start_job()
    box.render_task(SandboxTask(task_id=0, frames=(1, 3), frame_text="1,3"))
    box.end_job()
    box.unload()
    print(json.dumps(reports))


if __name__ == "__main__":
    main(*sys.argv[1:])
