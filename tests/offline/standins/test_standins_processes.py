"""Processes that run to their end: managed, unmanaged, and those of Simple plugins (plugin API, section 2)."""

from __future__ import annotations

import os
import sys
import threading
import time

import psutil
import pytest

from flowpipe_deadline.offline.standins.sandbox import TaskCanceled, TaskError
from tests.fake_deadline.full_sandbox import Unknowns


def run_program(code):
    """A RenderTasks body that runs Python code in a managed process."""
    return f"""
process = Program(self, {code!r})
try:
    self.RunManagedProcess(process)
finally:
    process.Cleanup()
"""


def wait_until_gone(pid, seconds=10):
    """Whether the process is gone soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_output_is_logged_and_handled(run_advanced, host):
    """Each line is logged, stdout and stderr in one stream; a handler sees the lines that hold its pattern."""
    run_advanced(
        run_program(
            "import sys; print('start'); print('a Progress: 40% b'); print('oops', file=sys.stderr); print('end')"
        )
    )

    assert host.of("STDOUT") == ["start", "a Progress: 40% b", "oops", "end"]
    assert host.percents == [40.0]
    assert host.of("INFO")[-1] == "Process exit code: 0"
    assert host.started == host.ended
    assert len(host.started) == 1


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        pytest.param("print('no end', end='')", ["no end"], id="no final line end"),
        pytest.param(r"print('a\r\nb\rc\n', end='')", ["a", "b", "c"], id="all line ends of .NET"),
        pytest.param("import os; os.write(1, bytes([97, 255, 98, 10]))", ["a\ufffdb"], id="not UTF-8"),
        pytest.param(r"print('\n')", ["", ""], id="blank lines"),
        pytest.param(r"import sys; sys.stdout.buffer.write('h\u00e9\n'.encode('utf-8'))", ["h\u00e9"], id="UTF-8"),
        pytest.param("pass", [], id="nothing"),
    ],
)
def test_odd_output(run_advanced, host, code, lines):
    """Lines arrive as .NET would read them."""
    run_advanced(run_program(code))

    assert host.of("STDOUT") == lines


def test_very_long_line(run_advanced, host):
    """A line of many megabytes comes in parts, which need a bounded memory, and does not take minutes."""
    run_advanced(run_program("print('x' * 20_000_000)"))

    lengths = [len(line) for line in host.of("STDOUT")]
    assert sum(lengths) == 20_000_000
    assert max(lengths) <= 1 << 20


def test_many_lines(run_advanced, host):
    """No line is lost or out of order."""
    run_advanced(run_program("for number in range(20_000): print(number)"))

    assert host.of("STDOUT") == [str(number) for number in range(20_000)]


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("raise SystemExit(3)", 3),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os; os.abort()", 134),
    ],
    ids=["exit", "killed", "aborted"],
)
def test_exit_codes(run_advanced, host, code, exit_code):
    """A code other than 0 fails the task in Deadline's words; a signal counts 128 more, as in .NET."""
    with pytest.raises(TaskError) as failure:
        run_advanced(run_program(code))

    assert failure.value.message == (
        f"Renderer returned non-zero error code, {exit_code}. Check the log for more information."
    )
    assert host.of("INFO")[-1] == f"Process exit code: {exit_code}"


def test_exit_codes_checked_or_ignored(run_advanced, host):
    """CheckExitCode replaces the check; an ignored code counts as success."""
    run_advanced("""
        process = Program(self, "raise SystemExit(3)")
        process.CheckExitCodeCallback += lambda code: self.LogInfo("checked " + str(code))
        self.RunManagedProcess(process)
        del process.CheckExitCodeCallback
        process.AddExitCodeToIgnore(3)
        self.RunManagedProcess(process)
        process.Cleanup()
    """)

    assert host.of("INFO")[1:] == ["Process exit code: 3", "checked 3", "Process exit code: 3"]


def test_arguments_are_split_as_dotnet_does(run_advanced, host):
    """Double quotes group, single quotes do not."""
    run_advanced(r"""
        process = Program(self, "")
        del process.RenderArgumentCallback
        process.RenderArgumentCallback += lambda: "-c \"import sys; print(sys.argv[1:])\" \"a b\" 'c d' e\\f \"g\\\"h\""
        self.RunManagedProcess(process)
        process.Cleanup()
    """)

    assert host.of("STDOUT") == [r"""['a b', "'c", "d'", 'e\\f', 'g"h']"""]


def test_arguments_can_be_split_as_mono_does(run_advanced, host):
    """The other answer to an unknown: single quotes are quotes."""
    run_advanced(
        """
        process = Program(self, "")
        del process.RenderArgumentCallback
        process.RenderArgumentCallback += lambda: "-c 'import sys; print(sys.argv[1:])' 'c d'"
        self.RunManagedProcess(process)
        process.Cleanup()
        """,
        unknowns=Unknowns(quotes="mono"),
    )

    assert host.of("STDOUT") == ["['c d']"]


def test_directory(run_advanced, host, tmp_path):
    """A process starts in its startup directory, else beside its executable."""
    run_advanced(f"""
        process = Program(self, "import os; print(os.getcwd())")
        self.RunManagedProcess(process)
        process.StartupDirectoryCallback += lambda: {str(tmp_path)!r}
        self.RunManagedProcess(process)
        process.Cleanup()
        del process.StartupDirectoryCallback
    """)

    assert host.of("STDOUT") == [os.path.dirname(sys.executable), str(tmp_path)]


@pytest.mark.parametrize(
    ("executable", "directory", "message"),
    [
        ("", "", "the render executable is blank"),
        ("/nowhere/python", "", "the startup directory '/nowhere' does not exist"),
        ("/usr/bin/no-such-program", "", "cannot start '/usr/bin/no-such-program': "),
        (sys.executable, "/nowhere", "the startup directory '/nowhere' does not exist"),
    ],
)
def test_what_cannot_start(run_advanced, executable, directory, message):
    """The error names the program and what is missing."""
    with pytest.raises(TaskError) as failure:
        run_advanced(f"self.RunProcess({executable!r}, '', {directory!r}, -1)")

    assert message in failure.value.message


def test_environment(run_advanced, host, monkeypatch):
    """The Worker's environment, over it the job's, over it the plugin's, over it the process's own."""
    for name in ("A", "B", "C", "D"):
        monkeypatch.setenv(f"STANDIN_{name}", "worker")

    run_advanced(
        """
        os.environ["STANDIN_A"] = "never reaches the process"
        self.SetProcessEnvironmentVariable("STANDIN_C", "plugin")
        self.SetProcessEnvironmentVariable("STANDIN_D", "plugin")
        self.SetEnvironmentVariable("STANDIN_B", "of the plugin's own process only")
        process = Program(self, "import os; print(*(os.environ['STANDIN_' + name] for name in 'ABCD'))")
        process.SetEnvironmentVariable("STANDIN_D", "process")
        self.LogInfo(process.GetEnvironmentVariable("STANDIN_B") + "," + process.GetEnvironmentVariable("NOPE"))
        self.RunManagedProcess(process)
        process.Cleanup()
        """,
        environment={"STANDIN_B": "job", "STANDIN_C": "job", "STANDIN_D": "job"},
    )

    assert host.of("STDOUT") == ["worker job plugin process"]
    assert "Setting Process Environment Variable STANDIN_C to plugin" in host.of("INFO")
    assert "job," in host.of("INFO")


def test_environment_of_the_job_alone(run_advanced, host, monkeypatch):
    """UseJobEnvironmentOnly keeps the Worker's environment out."""
    monkeypatch.setenv("STANDIN_A", "worker")

    run_advanced(
        run_program("import os; print(sorted(name for name in os.environ if name.startswith('STANDIN')))"),
        environment={"STANDIN_B": "job"},
        environment_only=True,
    )

    assert host.of("STDOUT") == ["['STANDIN_B']"]


def test_no_input(run_advanced, host):
    """A process that is not monitored finds its input closed."""
    run_advanced(run_program("import sys; print(repr(sys.stdin.read()))"))

    assert host.of("STDOUT") == ["''"]


def test_unmanaged_process(run_advanced, host):
    """RunProcess returns the exit code; its output is discarded."""
    run_advanced("""
        code = self.RunProcess(sys.executable, '-c "print(1); raise SystemExit(4)"', "", -1)
        self.LogInfo("code {}".format(code))
    """)

    assert host.of("STDOUT") == []
    assert host.of("INFO")[-1] == "code 4"


@pytest.mark.parametrize(("handlers", "seen"), [("first", ["1:x"]), ("all", ["1:x", "2:x=3"])])
def test_several_handlers_for_one_line(run_advanced, host, handlers, seen):
    """Whether one line reaches one handler or all is unknown; both can be played."""
    run_advanced(
        """
        process = Program(self, "print('x=3')")
        for number, pattern in enumerate(("x", "x=3"), start=1):
            handler = process.AddStdoutHandlerCallback(pattern)
            handler.HandleCallback += (
                lambda number=number: self.SetStatusMessage("{}:{}".format(number, process.GetRegexMatch(0)))
            )
        self.RunManagedProcess(process)
        process.Cleanup()
        """,
        handlers=handlers,
    )

    assert host.statuses == seen


def test_handlers_need_stdout_handling(run_advanced, host):
    """Without StdoutHandling no handler runs; the lines are logged all the same."""
    run_advanced("""
        process = Program(self, "print('Progress: 5%')")
        process.InitializeProcessCallback += lambda: setattr(process, "StdoutHandling", False)
        self.RunManagedProcess(process)
        process.Cleanup()
    """)

    assert host.of("STDOUT") == ["Progress: 5%"]
    assert host.percents == []


def test_inside_a_handler(run_advanced, host):
    """A handler can read groups and the line before, and keep its own line out of the log."""
    run_advanced("""
        process = Program(self, "print('before'); print('secret: 42'); print('after')")
        def handle():
            groups = process.GetRegexMatch(1), process.GetRegexMatch(2)
            self.LogInfo("{} {!r} {}".format(*groups, process.GetPreviousStdoutLine()))
            process.SuppressThisLine()
        process.AddStdoutHandlerCallback("(?<name>)secret: ([0-9]+)(x)?").HandleCallback += handle
        self.RunManagedProcess(process)
        process.Cleanup()
    """)

    assert host.of("STDOUT") == ["before", "after"]
    assert "42 '' before" in host.of("INFO")


def test_outside_of_a_handler(run_advanced):
    """Groups exist only while a line is handled."""
    with pytest.raises(TaskError, match="GetRegexMatch is valid only inside a stdout handler"):
        run_advanced("self.GetRegexMatch(0)")


def test_a_failing_handler(run_advanced, host):
    """Failing in a handler ends the process, logs the line, and is reported without the exception's name."""
    with pytest.raises(TaskError) as failure:
        run_advanced("""
            process = Program(self, "import time; print('Error: no licence'); time.sleep(60)")
            process.AddStdoutHandlerCallback("Error: (.*)").HandleCallback += (
                lambda: self.FailRender(process.GetRegexMatch(1))
            )
            self.RunManagedProcess(process)
        """)

    assert failure.value.message == "no licence"
    assert host.of("STDOUT") == ["Error: no licence"]
    assert wait_until_gone(host.started[0])


_FAMILY = """
import subprocess, sys, time
child = [sys.executable, '-c', 'import time; time.sleep(60)']
one = subprocess.Popen(child)
two = subprocess.Popen(child, start_new_session=True)
print('family', one.pid, two.pid, flush=True)
time.sleep(60)
"""


_SIMPLE = """
class Plugin(DeadlinePlugin):
    def __init__(self):
        super().__init__()
        self.RenderExecutableCallback += lambda: sys.executable
        self.RenderArgumentCallback += lambda: '"{}"'.format(__file__.replace("Test.py", "family.py"))
        self.RenderCanceledCallback += lambda: self.LogInfo("told of the cancel")
    def Cleanup(self):
        del self.RenderExecutableCallback, self.RenderArgumentCallback, self.RenderCanceledCallback
"""


def cancel_family(sandbox, task, host):
    """Cancels the task when the family says it is complete; the numbers of its three processes."""
    host.on_line = lambda line: host.cancel.set() if "family" in line else None
    with pytest.raises(TaskCanceled):
        sandbox.render_task(task(1))
    return [*host.started, *map(int, host.of("STDOUT")[0].split()[1:])]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells which process started which")
def test_cancel_kills_the_whole_tree(load_advanced, task, host):
    """A cancel ends the process, its children, and a child that moved into a session of its own, at once."""
    sandbox = load_advanced(run_program(f"exec({_FAMILY!r})"))

    pids = cancel_family(sandbox, task, host)

    assert len(pids) == 3
    assert all(wait_until_gone(pid) for pid in pids)
    assert host.ended == host.started


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells which process started which")
def test_cancel_of_a_simple_plugin(make_sandbox, task, host):
    """The same for the process of a Simple plugin, whose callback runs."""
    sandbox = make_sandbox(_SIMPLE, files={"family.py": _FAMILY})
    sandbox.load()

    pids = cancel_family(sandbox, task, host)

    assert len(pids) == 3
    assert all(wait_until_gone(pid) for pid in pids)
    assert host.of("INFO")[-1] == "told of the cancel"


def test_cancel_ends_an_unmanaged_process(load_advanced, task, host):
    """RunProcess can be cancelled too."""
    sandbox = load_advanced("self.RunProcess(sys.executable, '-c \"import time; time.sleep(60)\"', '', -1)")
    threading.Timer(0.2, host.cancel.set).start()

    with pytest.raises(TaskCanceled):
        sandbox.render_task(task(1))

    assert wait_until_gone(host.started[0])


def test_nothing_is_left_of_a_process_that_ended(run_advanced, host):
    """What a process leaves running ends with it, and does not keep its output open."""
    start = time.monotonic()

    run_advanced(
        run_program(
            "import subprocess, sys; "
            "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True)"
        )
    )

    assert time.monotonic() - start < 20
    assert wait_until_gone(int(host.of("STDOUT")[0]))


def test_interrupt_leaves_nothing_running(load_advanced, task, host):
    """Ctrl+C passes through; the process is gone by then."""
    sandbox = load_advanced(run_program("import time; print('up', flush=True); time.sleep(60)"))

    def interrupt(line):
        if line == "STDOUT: up":
            raise KeyboardInterrupt

    host.on_line = interrupt
    with pytest.raises(KeyboardInterrupt):
        sandbox.render_task(task(1))

    assert wait_until_gone(host.started[0])


def test_command_line_can_be_rewritten(run_advanced, host):
    """ModifyCommandLine sees what the callbacks gave and has the last word."""
    run_advanced("""
        def rewrite(executable, arguments, directory):
            self.LogInfo("{} {} {}".format(executable == sys.executable, arguments, directory))
            return executable, '-c "print(2)"', ""
        self.ModifyCommandLineCallback += rewrite
        process = Program(self, "print(1)")
        self.RunManagedProcess(process)
        process.Cleanup()
        del self.ModifyCommandLineCallback
    """)

    assert host.of("STDOUT") == ["2"]
    assert 'True -u -c "print(1)" None' in host.of("INFO")


def test_abort_render(run_advanced):
    """AbortRender fails the task with its text."""
    with pytest.raises(TaskError) as failure:
        run_advanced("self.AbortRender('out of disk', ManagedProcess.AbortLevel.Fatal)")

    assert failure.value.message == "out of disk"
