"""Scripts in the fake Deadline: ``-ExecuteScriptNoGui`` under Deadline's own Pythons, strict as .NET is."""

from __future__ import annotations

import os
import subprocess
import textwrap
import time

import psutil
import pytest
from offline_commands import command, info_files, output

from tests.fake_deadline.faults import Fault

_HEAD = """
import sys
from Deadline.Jobs import *
from Deadline.Scripting import *
from System.Collections.Specialized import StringCollection

def submit(*files):
    output = ClientUtils.ExecuteCommandAndGetOutput(list(files))
    return [line[6:] for line in output.splitlines() if line.startswith("JobID=")][0]

def __main__(*args):
"""


@pytest.fixture
def files(tmp_path):
    """A job info and a plugin info file."""
    return info_files(tmp_path)


@pytest.fixture
def script(tmp_path):
    """Writes the body of a script's ``__main__``."""

    def write(body):
        path = tmp_path / "a script.py"
        path.write_text(_HEAD + textwrap.indent(textwrap.dedent(body), "    "), encoding="utf-8")
        return path

    return write


def is_running(pid):
    """Whether the process exists and is not a zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def run(deadline, path, *arguments):
    """The lines that a script printed; it has to succeed."""
    return output(deadline, "-ExecuteScriptNoGui", path, *arguments).splitlines()


_TOUR = """
    job_id = submit(*args)
    job = RepositoryUtils.GetJob(job_id, True)
    print(job.JobId == job_id, job.JobName, job.JobBatchName, job.JobStatus, job.Status is JobStatus.Active)
    print(job.JobFrames, job.JobFramesPerTask, list(job.JobFramesList)[-1], job.JobTaskCount, job.JobQueuedTasks)
    print([(task.TaskId, task.TaskFrameString, task.TaskStatus) for task in RepositoryUtils.GetJobTasks(job, True)])
    print(list(job.JobDependencyIDs), job.JobIsFrameDependent, job.GetJobExtraInfoKeyValue("node"))
    RepositoryUtils.SuspendJob(job)
    job = RepositoryUtils.GetJob(job_id, True)
    job.JobPriority = 70
    job.JobProtected = True
    RepositoryUtils.SaveJob(job)
    print(job.JobStatus, RepositoryUtils.GetJob(job_id, True).JobPriority)
    print(list(RepositoryUtils.GetJobIds()) == [job_id])
    RepositoryUtils.DeleteJob(job)
    print(RepositoryUtils.GetJob(job_id, True) is None, RepositoryUtils.GetJob("0" * 24, False) is None)
    print(RepositoryUtils.GetMaximumPriority(), RepositoryUtils.GetJobTaskLimit(), ClientUtils.GetDeadlineUser())
"""


def test_a_script_submits_reads_changes_and_deletes(deadline, script, tmp_path, deadline_python):
    """All in one process, under each Python that Deadline has had."""
    deadline.change_settings(interpreter=deadline_python)

    lines = run(deadline, script(_TOUR), *info_files(tmp_path, ExtraInfoKeyValue0="node=render"))

    assert lines == [
        "True render shot Active True",
        "1-10 4 10 3 3",
        "[('0', '1-4', 'Queued'), ('1', '5-8', 'Queued'), ('2', '9-10', 'Queued')]",
        "[] False render",
        "Suspended 70",
        "True",
        "True True",
        "100 5000 artist",
    ]
    assert [call.name for call in deadline.log.calls("process")] == ["executescriptnogui"]
    assert [call.name for call in deadline.log.calls("script")] == ["submitjob"]


def test_a_command_takes_its_arguments_in_four_forms(deadline, script):
    """And scripts can ask for the exit code."""
    lines = run(
        deadline,
        script(
            """
            collection = StringCollection()
            collection.Add("-GetJobIds")
            for arguments in (collection, ["-GetJobIds"], ("-GetJobIds",), "-GetJobIds"):
                print(ClientUtils.ExecuteCommand(arguments), repr(ClientUtils.ExecuteCommandAndGetOutput(arguments)))
            print(ClientUtils.ExecuteCommand(["-GetJob", "nope"]))
            """
        ),
    )

    assert lines == ["0 ''"] * 4 + ["1"]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        pytest.param("RepositoryUtils.GetJob(1, True)", "TypeError", id="a number for an ID"),
        pytest.param("RepositoryUtils.GetJob(job_id)", "TypeError", id="an argument missing"),
        pytest.param("RepositoryUtils.SuspendJob(job_id)", "TypeError", id="an ID for a job"),
        pytest.param("RepositoryUtils.FindJob(job_id)", "AttributeError", id="a method that there is not"),
        pytest.param("RepositoryUtils.SubmitJob([])", "NotImplementedError", id="a method of unknown result"),
        pytest.param("job.JobPluginName", "AttributeError", id="a property that there is not"),
        pytest.param("job.JobPriority = '70'", "TypeError", id="a text for a number"),
        pytest.param("job.JobStatus = 'Suspended'", "NotImplementedError", id="a property that cannot be set"),
        pytest.param("job == None", "NullReferenceException", id="equal to nothing"),
        pytest.param("RepositoryUtils.ResumeJob(job)", "Exception", id="a job in no state for it"),
        pytest.param("ClientUtils.ExecuteCommand(['-GetJob', 1])", "TypeError", id="a number for an argument"),
        pytest.param("ClientUtils.ExecuteCommand([])", "ArgumentException", id="no command"),
        pytest.param("import flowpipe_deadline", "ModuleNotFoundError", id="what Deadline's Python does not have"),
        pytest.param("import flowpipe", "ModuleNotFoundError", id="nor this"),
    ],
)
def test_a_script_is_refused_what_net_refuses(deadline, script, files, statement, error):
    """So that a mistake shows in a test first."""
    body = f"""
        job_id = submit(*args)
        job = RepositoryUtils.GetJob(job_id, True)
        try:
            {statement}
        except Exception as error:
            print(type(error).__name__)
    """

    assert run(deadline, script(body), *files) == [error]


def test_dependencies_are_set_and_pended(deadline, script, files):
    """As the vendor's sample does it."""
    body = """
        root, job = [RepositoryUtils.GetJob(submit(*args), True) for _ in range(2)]
        job.SetJobDependencyIDs([root.JobId])
        RepositoryUtils.SaveJob(job)
        RepositoryUtils.PendJob(job)
        job = RepositoryUtils.GetJob(job.JobId, True)
        print(job.JobStatus, list(job.JobDependencyIDs) == [root.JobId])
        RepositoryUtils.CompleteJob(root)
        RepositoryUtils.SuspendTasks(job, [RepositoryUtils.GetJobTasks(job, True).GetTask(0)])
        print([task.TaskStatus for task in RepositoryUtils.GetJobTasks(job, True).Tasks])
    """

    assert run(deadline, script(body), *files) == ["Pending True", "['Suspended', 'Pending', 'Pending']"]


def test_folders_and_plugins_are_found(deadline, script):
    """Of the repository and of the client."""
    (deadline.root / "custom" / "plugins" / "Mine").mkdir()
    (deadline.root / "custom" / "plugins" / "Mine" / "Mine.py").write_text("", encoding="utf-8")
    (deadline.root / "custom" / "plugins" / "Mine" / "Mine.param").write_text("[A]\nDefault=1\n", encoding="utf-8")
    body = """
        print(RepositoryUtils.GetRootDirectory())
        print(RepositoryUtils.GetRepositoryPath("plugins/Mine", True))
        print(RepositoryUtils.GetRepositoryFilePath("plugins/Mine/Mine.param", False))
        print(ClientUtils.GetBinDirectory())
        print(RepositoryUtils.GetPluginConfig("Mine").GetIntegerConfigEntry("A"))
        ClientUtils.LogText("logged")
    """

    assert run(deadline, script(body)) == [
        str(deadline.root),
        str(deadline.root / "custom" / "plugins" / "Mine"),
        str(deadline.root / "plugins" / "Mine" / "Mine.param"),
        str(deadline.bin),
        "1",
        "logged",
    ]


def test_a_script_without_main_runs_its_body(deadline, tmp_path):
    """As is reported of the real one."""
    path = tmp_path / "body.py"
    path.write_text("from Deadline.Scripting import *\nprint(RepositoryUtils.GetMaximumPriority())", encoding="utf-8")

    assert run(deadline, path) == ["100"]


@pytest.mark.parametrize(
    ("unknowns", "line"),
    [
        ({}, "a script.py ['a script.py', 'a']"),
        ({"script_file": "unset"}, "None ['a script.py', 'a']"),
        ({"script_arguments": "empty"}, "a script.py ['']"),
        ({"script_arguments": "command"}, "a script.py ['deadlinecommand', '-ExecuteScriptNoGui', 'a script.py', 'a']"),
    ],
    ids=str,
)
def test_what_a_script_knows_of_itself_is_unknown(deadline, script, unknowns, line):
    """Its file and its command line."""
    deadline.change_settings(unknowns=unknowns)
    body = """
        import os
        file = globals().get("__file__")
        print(file and os.path.basename(file), [os.path.basename(item) for item in sys.argv])
    """

    assert run(deadline, script(body), "a") == [line]


@pytest.mark.parametrize(
    ("unknowns", "body", "code"),
    [
        ({}, "raise ValueError('no')", 1),
        ({"script_error": "exit 0"}, "raise ValueError('no')", 0),
        ({}, "sys.exit(7)", 7),
        ({"script_exit": "ignored"}, "sys.exit(7)", 0),
        ({}, "return 7", 0),
    ],
    ids=str,
)
def test_how_a_script_ends_is_unknown(deadline, script, unknowns, body, code):
    """Its exit code, and that of its traceback."""
    deadline.change_settings(unknowns=unknowns)

    result = command(deadline, "-ExecuteScriptNoGui", script(body))

    assert result.returncode == code
    assert ("ValueError: no" in result.stdout) == ("ValueError" in body)


def test_what_a_script_prints_may_be_hidden(deadline, script):
    """The submitter trusts none of it."""
    deadline.change_settings(unknowns={"script_output": "hidden"})

    result = command(deadline, "-ExecuteScriptNoGui", script("print('hello')\nimport os\nos.system('echo hello')"))

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_each_command_of_a_script_may_be_a_process(deadline, script, files):
    """Each call then costs as much as a process."""
    deadline.change_settings(unknowns={"script_calls": "process"})

    run(deadline, script("submit(*args)\nsubmit(*args)"), *files)

    names = [call.name for call in deadline.log.calls("process")]
    assert names == ["executescriptnogui", "submitjob", "submitjob"]
    assert len(deadline.jobs()) == 2


def test_the_way_can_be_blocked(deadline, script, tmp_path):
    """An error is printed, and nothing is done; the exit code may be 0."""
    marker = tmp_path / "marker"
    path = script(f"open({os.fspath(marker)!r}, 'w').close()")

    for do, code in (("deny", 1), ("quiet", 0)):
        deadline.set_faults(Fault("ExecuteScriptNoGui", do, value="Scripts are not allowed"))
        result = command(deadline, "-ExecuteScriptNoGui", path)
        assert (result.returncode, result.stdout) == (code, "Error: Scripts are not allowed\n")

    assert not marker.exists()


@pytest.mark.parametrize(("do", "jobs"), [("die", 1), ("die_after", 2)])
def test_the_process_dies_at_a_submission(deadline, script, files, do, jobs):
    """Before or after the second job is made; the script dies with it."""
    deadline.set_faults(Fault("submit", do, nth=2))
    marker = deadline.folder / "marker"
    path = script(f"for _ in range(3): submit(*args)\nopen({str(marker)!r}, 'w')")

    result = command(deadline, "-ExecuteScriptNoGui", path, *files)

    assert (result.returncode, result.stdout) == (1, "")
    assert len(deadline.jobs()) == jobs
    assert not marker.exists()


def test_a_script_ends_with_the_process_that_is_killed(deadline, script, tmp_path):
    """It is one process on a farm."""
    marker = tmp_path / "marker"
    path = script(
        f"import os, time\nwith open({str(marker)!r}, 'w') as file: file.write(str(os.getpid()))\ntime.sleep(60)"
    )
    process = subprocess.Popen([str(deadline.bin / "deadlinecommand"), "-ExecuteScriptNoGui", str(path)])
    while not (marker.exists() and marker.read_text()):
        time.sleep(0.01)

    process.kill()
    process.wait()

    until = time.monotonic() + 20
    while is_running(int(marker.read_text())) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(int(marker.read_text()))


def test_a_script_that_is_not_there_is_an_error(deadline, script):
    """As a missing Python is."""
    missing = command(deadline, "-ExecuteScriptNoGui", "nope.py")
    deadline.change_settings(interpreter=str(deadline.folder / "nope"))
    no_python = command(deadline, "-ExecuteScriptNoGui", script("pass"))

    assert (missing.returncode, missing.stdout) == (1, "Error: The script nope.py does not exist (System.Exception)\n")
    assert (no_python.returncode, "cannot be started" in no_python.stdout) == (1, True)
