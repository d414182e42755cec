"""Monitored processes (plugin API, sections 2.2 and 2.3)."""

from __future__ import annotations

import time

import psutil
import pytest

from flowpipe_deadline.offline.standins.sandbox import TaskCanceled, TaskError
from tests.fake_deadline.full_sandbox import Unknowns

_ECHO = """
import sys
print("ready", flush=True)
for line in sys.stdin:
    print("got " + line.strip(), flush=True)
"""
_KEPT = f"""
ECHO = {_ECHO!r}

def start(plugin, code=ECHO, name="kept"):
    plugin.process = Program(plugin, "")
    plugin.heard = []
    answer = plugin.process.AddStdoutHandlerCallback("^(ready|got .*)$")
    answer.HandleCallback += lambda: plugin.heard.append(plugin.process.GetRegexMatch(0))
    del plugin.process.RenderArgumentCallback
    with open(os.path.join(plugin.GetJobsDataDirectory(), "code.py"), "w") as file:
        file.write(code)
    plugin.process.RenderArgumentCallback += lambda: '-u "{{}}"'.format(file.name)
    plugin.StartMonitoredManagedProcess(name, plugin.process)

def wait_for(plugin, line):
    while line not in plugin.heard:
        plugin.FlushMonitoredManagedProcessStdout("kept")
        plugin.VerifyMonitoredManagedProcess("kept")
        SystemUtils.Sleep(5)
"""
_START = {"JobPreLoad.py": "def __main__(plugin):\n    plugin.StartJobCallback += lambda: plugin.begin()\n"}


@pytest.fixture
def run_monitored(run_advanced):
    """Runs a RenderTasks body that can ``start(self)`` and ``wait_for(self, line)``."""
    return lambda body, **options: run_advanced(body, more=_KEPT, **options)


def gone(pid):
    """Whether the process is gone, now."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_process_serves_several_tasks(load_advanced, task, host):
    """Started in the first task, spoken to in each, ended with the job."""
    sandbox = load_advanced(
        """
        if self.GetCurrentTaskId() == "0":
            start(self)
            wait_for(self, "ready")
        self.WriteStdinToMonitoredManagedProcess("kept", "task " + self.GetCurrentTaskId())
        wait_for(self, "got task " + self.GetCurrentTaskId())
        self.LogInfo(str(self.MonitoredManagedProcessIsRunning("kept")))
        """,
        more=_KEPT,
    )

    sandbox.render_task(task(1, number=0))
    sandbox.render_task(task(2, number=1))
    alive = not gone(host.started[0])
    sandbox.end_job()

    assert host.of("STDOUT") == ["ready", "got task 0", "got task 1"]
    assert [line for line in host.of("INFO") if line == "True"] == ["True", "True"]
    assert alive
    assert gone(host.started[0])
    assert host.ended == host.started


def test_handlers_run_at_a_flush_only(run_monitored, host):
    """Nothing is logged or handled between flushes; a flush without handling only logs."""
    run_monitored("""
        start(self, "print('Progress: 10%'); print('Progress: 20%')")
        self.WaitForMonitoredManagedProcessToExit("kept", 10000)
        __import__("time").sleep(0.3)  # The last lines may come after the end.
        before = len(self.process.seen)
        self.LogInfo("flush")
        self.FlushMonitoredManagedProcessStdoutNoHandling("kept")
        self.LogInfo("{} {}".format(before, len(self.process.seen)))
    """)

    start = host.lines.index("INFO: flush")
    assert host.lines[start + 1 :] == ["STDOUT: Progress: 10%", "STDOUT: Progress: 20%", "INFO: 0 0"]
    assert host.percents == []


def test_waiting_for_the_end(run_monitored, host):
    """The vendor's sequence: wait and flush in turn, flush until the last line has come, read the exit code."""
    run_monitored("""
        start(self, "import time; print('Progress: 1%'); time.sleep(0.3); print('Progress: 2%'); raise SystemExit(5)")
        self.SetMonitoredManagedProcessExitCheckingFlag("kept", False)
        waits = 1
        while not self.WaitForMonitoredManagedProcessToExit("kept", 20):
            self.FlushMonitoredManagedProcessStdout("kept")
            waits += 1
        while len(self.process.seen) < 2:
            self.FlushMonitoredManagedProcessStdout("kept")
        self.LogInfo("{} {}".format(self.GetMonitoredManagedProcessExitCode("kept"), waits > 3))
    """)

    assert host.percents == [1.0, 2.0]
    assert host.of("INFO")[-1] == "5 True"
    assert host.ended == host.started


def test_waiting_ends_with_the_process(run_monitored):
    """A wait returns when the process ends, not when its time is over."""
    start = time.monotonic()

    run_monitored("""
        start(self, "pass")
        assert self.WaitForMonitoredManagedProcessToExit("kept", 60000)
    """)

    assert time.monotonic() - start < 20


def test_waiting_for_ever_can_be_cancelled(run_monitored, host):
    """A wait without a limit ends with the task."""
    host.cancel.set()

    with pytest.raises(TaskCanceled):
        run_monitored("start(self); self.WaitForMonitoredManagedProcessToExit('kept', -1)")

    assert gone(host.started[0])


def test_a_dead_process_fails_the_task(run_monitored, host):
    """Verify warns and fails in Deadline's words, and calls the exit callback first."""
    with pytest.raises(TaskError) as failure:
        run_monitored("""
            start(self, "print('last words')")
            self.WaitForMonitoredManagedProcessToExit("kept", 10000)
            self.MonitoredManagedProcessExitCallback += lambda name: self.LogInfo("exited: " + name)
            self.LogInfo(self.CheckForMonitoredManagedProcessPopups("kept"))
            self.VerifyMonitoredManagedProcess("kept")
        """)

    assert failure.value.message == 'Monitored managed process "kept" has exited or been terminated.'
    assert host.lines[-4:] == [
        "INFO: ",
        "WARNING: Monitored managed process kept is no longer running",
        "INFO: exited: kept",
        "STDOUT: last words",
    ]


def test_a_failed_task_stops_the_process(load_advanced, task, host):
    """No process outlives a failed task; EndJob still knows its name."""
    sandbox = load_advanced(
        """
        start(self)
        self.EndJobCallback += self.end
        self.FailRender("no")
        """,
        more=_KEPT
        + """
class DeadlinePlugin(DeadlinePlugin):
    def end(self):
        self.FlushMonitoredManagedProcessStdoutNoHandling("kept")
        self.LogInfo(str(self.MonitoredManagedProcessIsRunning("kept")))
        self.ShutdownMonitoredManagedProcess("kept")
        del self.EndJobCallback
""",
    )

    with pytest.raises(TaskError):
        sandbox.render_task(task(1))
    stopped = gone(host.started[0])
    sandbox.end_job()

    assert stopped
    assert host.of("INFO")[-1] == "False"
    assert host.ended == host.started


def test_a_failed_task_may_leave_the_process_to_end_job(load_advanced, task, host):
    """The other answer to an unknown: the process lives until EndJob has run."""
    sandbox = load_advanced("start(self); self.FailRender('no')", more=_KEPT, unknowns=Unknowns(after_error="keep"))

    with pytest.raises(TaskError):
        sandbox.render_task(task(1))
    alive = not gone(host.started[0])
    sandbox.end_job()

    assert alive
    assert gone(host.started[0])


def test_unload_stops_what_still_runs(load_advanced, task, host):
    """Also without EndJob nothing stays behind."""
    sandbox = load_advanced("start(self)", more=_KEPT)
    sandbox.render_task(task(1))

    sandbox.unload()

    assert gone(host.started[0])


def test_shutdown(run_monitored, host):
    """Shutting down kills at once, logs what was left to read, and forgets the name."""
    with pytest.raises(TaskError, match='there is no monitored managed process named "kept"; known: none'):
        run_monitored("""
            start(self)
            SystemUtils.Sleep(300)
            self.ShutdownMonitoredManagedProcess("kept")
            self.LogInfo(str(self.MonitoredManagedProcessIsRunning("kept")))
            self.FlushMonitoredManagedProcessStdout("kept")
        """)

    assert host.of("STDOUT") == ["ready"]
    assert host.of("INFO")[-1] == "False"
    assert gone(host.started[0])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("start(self); start(self)", 'a monitored managed process named "kept" is already running'),
        ("start(self); self.GetMonitoredManagedProcessExitCode('kept')", "has not ended: it has no exit code"),
        ("self.VerifyMonitoredManagedProcess('x')", 'no monitored managed process named "x"'),
        (
            """
            start(self, 'pass')
            self.WaitForMonitoredManagedProcessToExit('kept', 9000)
            self.WriteStdinToMonitoredManagedProcess('kept', 'x')
            """,
            "IOException : cannot write to stdin",
        ),
    ],
)
def test_misuse(run_monitored, body, message):
    """Speaking to a process that is not there, or in the wrong state, fails."""
    with pytest.raises(TaskError) as failure:
        run_monitored(body)

    assert message in failure.value.message


def test_a_name_can_be_used_again(run_monitored, host):
    """When its process has ended, a name is free."""
    run_monitored("""
        for number in range(2):
            start(self, "print({})".format(number))
            answer = self.process.AddStdoutHandlerCallback("^[0-9]$")
            answer.HandleCallback += lambda: self.heard.append(self.process.GetRegexMatch(0))
            self.WaitForMonitoredManagedProcessToExit("kept", 10000)
            while not self.heard:  # Its last line may come after its end.
                self.FlushMonitoredManagedProcessStdout("kept")
    """)

    assert host.of("STDOUT") == ["0", "1"]


def test_an_end_between_tasks_is_told_with_the_next_call(load_advanced, task, host):
    """The host learns of a process that ended by itself when the next phase begins."""
    sandbox = load_advanced("self.GetCurrentTaskId() == '0' and start(self, 'pass')", more=_KEPT)
    sandbox.render_task(task(1, number=0))
    end = time.monotonic() + 10
    while not gone(host.started[0]) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.1)

    sandbox.render_task(task(2, number=1))

    assert host.ended == host.started


def test_a_program_without_a_class(run_advanced, host):
    """StartMonitoredProgram takes the command itself."""
    run_advanced("""
        self.StartMonitoredProgram("tool", sys.executable, '-c "print(1)"', "")
        self.WaitForMonitoredManagedProcessToExit("tool", 10000)
        self.FlushMonitoredManagedProcessStdout("tool")
        self.ShutdownMonitoredProgram("tool")
    """)

    assert host.of("STDOUT") == ["1"]


def test_a_talkative_process_does_not_hold_its_plugin(run_monitored):
    """A flush takes what is there and returns, however fast more comes."""
    run_monitored("""
        start(self, "while True: print('x')")
        for _ in range(3):
            SystemUtils.Sleep(20)
            self.FlushMonitoredManagedProcessStdoutNoHandling("kept")
        self.ShutdownMonitoredManagedProcess("kept")
    """)


def test_start_job_may_start_the_process(load_advanced, task, host):
    """A process started in StartJob is there for the tasks."""
    sandbox = load_advanced(
        "wait_for(self, 'ready')",
        more=_KEPT + "\nclass DeadlinePlugin(DeadlinePlugin):\n    def begin(self):\n        start(self)\n",
        files=_START,
    )

    sandbox.render_task(task(1))

    assert host.of("STDOUT") == ["ready"]
