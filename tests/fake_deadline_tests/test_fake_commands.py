"""The fake Deadline's ``deadlinecommand``: a real executable with the recorded formats, and faults on demand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from offline_commands import command, info_files, output

import flowpipe_deadline
from flowpipe_deadline.deadline.command_output import parse_job_id
from flowpipe_deadline.deadline.process import DeadlineCommand, ProcessClient
from tests.fake_deadline.faults import Fault
from tests.fake_deadline.operations import FakeDeadline

NOBODY = "0123456789abcdef01234567"


@pytest.fixture
def files(tmp_path):
    """A job info and a plugin info file."""
    return info_files(tmp_path)


def submit(deadline, **changes):
    """The ID of a job."""
    return parse_job_id(output(deadline, *info_files(deadline.folder.parent, "submitted", **changes)))


def states(deadline):
    """The states of all jobs, as the Monitor shows them."""
    return [job.shown_status for job in deadline.jobs()]


def test_a_submission_prints_what_is_recorded(deadline, files):
    """Word for word, with a new ID."""
    result = command(deadline, *files)

    job_id = deadline.jobs()[0].job_id
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Deadline Command 10.4 [v10.4.2.2 Release (0a1b2c3d4)]",
        "",
        f"Submitting to Repository: {deadline.root}",
        "",
        "Submission Contains No Auxiliary Files.",
        "",
        "Result=Success",
        f"JobID={job_id}",
        "",
        "The job was submitted successfully.",
    ]
    assert re.fullmatch("[0-9a-f]{24}", job_id)


def test_auxiliary_files_and_warnings_are_listed(deadline, files):
    """As the official parser expects them."""
    deadline.set_faults(Fault("submit", "warn", value="The plugin is old"))

    lines = output(deadline, "-SubmitJob", *files, files[0]).splitlines()

    assert lines[4:8] == ["Submission Contains the Following Auxiliary Files:", "", f"1) {files[0]}", ""]
    assert lines[-2:] == ["The job was submitted successfully, but there were some warnings:", "The plugin is old"]


@pytest.mark.parametrize("spelling", ["GetJobIds", "-GetJobIds", "--getjobids", "-GETJOBIDS"])
def test_a_command_is_spelt_in_many_ways(deadline, spelling):
    """With and without dashes, in any case."""
    job_id = submit(deadline)

    assert output(deadline, spelling).split() == [job_id]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_an_argument_file_holds_one_argument_per_line(deadline, files, tmp_path, encoding):
    """Without quotes, in UTF-8 with or without its mark."""
    path = tmp_path / "arguments å.txt"
    path.write_text("\n".join(["-SubmitJob", *map(str, files)]), encoding=encoding)

    assert parse_job_id(output(deadline, path)) == deadline.jobs()[0].job_id


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_info_files_come_in_three_encodings(deadline, tmp_path, encoding):
    """The byte order mark says which encoding it is."""
    job_file, plugin_file = info_files(tmp_path)
    job_file.write_bytes("Plugin=Flowpipe\r\nName=Åsa = 1".encode(encoding))

    output(deadline, job_file, plugin_file)

    assert deadline.jobs()[0].name == "Åsa = 1"


@pytest.mark.parametrize(
    ("changes", "last"),
    [
        pytest.param({"Plugin": "Nuke"}, "Error: The plugin Nuke does not exist in the repository", id="plugin"),
        pytest.param({"Frames": "a"}, "Error: The frames or the chunk size cannot be read", id="frames"),
        pytest.param({"No Key": "a"}, "cannot be read: the line 'No Key=a' is not Key=Value", id="syntax"),
    ],
)
@pytest.mark.parametrize("code", [1, 0])
def test_a_refusal_is_the_last_line(deadline, tmp_path, changes, last, code):
    """Whether the exit code shows it too is unknown."""
    deadline.change_settings(unknowns={"failure_exit_code": code})

    result = command(deadline, *info_files(tmp_path, **changes))

    assert result.returncode == code
    assert last in result.stdout.splitlines()[-1]
    assert deadline.jobs() == []


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        pytest.param(["-SubmitJob", "only.job"], "Bad submission arguments", id="one file"),
        pytest.param(["no.job", "no.plugin"], "Error: The file no.job does not exist", id="no such file"),
        pytest.param(["-Nope"], "Error: Unknown command -Nope", id="unknown"),
        pytest.param([], "Error: No command was given", id="nothing"),
        pytest.param(["GetJob"], "Error: 0 arguments are too few, 1 are needed (System.Exception)", id="too few"),
        pytest.param(["GetJob", NOBODY], f"Error: The job {NOBODY} does not exist (System.Exception)", id="no job"),
    ],
)
def test_what_cannot_be_done_is_said(deadline, arguments, last):
    """And the exit code is not 0."""
    result = command(deadline, *arguments)

    assert (result.returncode, result.stdout.splitlines()[-1]) == (1, last)


@pytest.mark.parametrize(
    "unknowns",
    [
        {"job_keys": "JobStatus"},
        {"job_keys": "Status"},
        {"job_keys": "both", "several_jobs": "first"},
        {"job_details": "short", "several_jobs": "error"},
    ],
    ids=str,
)
def test_our_own_reader_reads_every_form(deadline, monkeypatch, unknowns):
    """Under each name that GetJob may give its keys, and one job or several at a time; unknown jobs are left out."""
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    deadline.change_settings(unknowns=unknowns)
    ids = [submit(deadline), submit(deadline, InitialStatus="Suspended")]

    jobs = ProcessClient(DeadlineCommand()).read_jobs([*ids, NOBODY])

    assert {job_id: job.status for job_id, job in jobs.items()} == dict(zip(ids, ["Queued", "Suspended"]))
    is_told = unknowns.get("job_details") != "short"
    assert [(job.frames, job.chunk_size) for job in jobs.values()] == [("1-10", 4) if is_told else (None, None)] * 2


def test_a_job_is_told_in_full(deadline):
    """With the frames, chunk size, dependencies and batch name to check it by."""
    root = submit(deadline)
    job_id = submit(deadline, JobDependencies=root)

    lines = output(deadline, "GetJob", job_id, "True").splitlines()

    assert lines[0] == f"[{job_id}]"
    assert {
        f"JobId={job_id}",
        "JobName=render",
        "JobBatchName=shot",
        "JobStatus=Pending",
        "JobFrames=1-10",
        "JobFramesPerTask=4",
        "JobTaskCount=3",
        "JobPendingTasks=3",
        f"JobDependencyIDs={root}",
        "JobIsFrameDependent=False",
        "JobStartedDateTime=Jan 01/01  00:00:00",
    } <= set(lines)
    assert any(re.fullmatch(r"JobSubmitDateTime=[A-Z][a-z]{2} \d\d/\d\d  \d\d:\d\d:\d\d", line) for line in lines)


@pytest.mark.parametrize(
    ("unknowns", "there", "missing"),
    [
        pytest.param({"job_keys": "Status"}, "Frames=1-10", "JobFrames=1-10", id="without Job"),
        pytest.param({"job_details": "short"}, "JobQueuedTasks=3", "JobFrames=1-10", id="short"),
        pytest.param({"job_details": "bare"}, "JobStatus=Queued", "JobQueuedTasks=3", id="bare"),
    ],
)
def test_a_job_may_be_told_otherwise(deadline, unknowns, there, missing):
    """The real key list is unknown."""
    deadline.change_settings(unknowns=unknowns)

    lines = output(deadline, "GetJob", submit(deadline)).splitlines()

    assert there in lines
    assert missing not in lines


@pytest.mark.parametrize(("answer", "count"), [("works", 2), ("first", 1)])
def test_several_jobs_may_be_one_too_many(deadline, answer, count):
    """Whether GetJob takes a list is unknown."""
    deadline.change_settings(unknowns={"several_jobs": answer})
    ids = ",".join([submit(deadline), submit(deadline)])

    assert output(deadline, "GetJob", ids, "True").count("JobStatus=") == count


def test_jobs_are_found_by_their_settings(deadline):
    """By any of them, or by all."""
    first, second = submit(deadline, BatchName="a b"), submit(deadline, InitialStatus="Suspended")

    assert output(deadline, "GetJobIdsFilter", "BatchName=a b").split() == [first]
    assert output(deadline, "GetJobIdsFilter", "BatchName=a b", "Status=Suspended").split() == [first, second]
    assert output(deadline, "GetJobIdsFilterAnd", "BatchName=shot", "Status=Suspended").split() == [second]
    assert output(deadline, "GetJobIdsFilter", "Pool=comp") == ""


def test_the_filter_may_not_know_batches(deadline):
    """It then finds nothing or everything, or is an error."""
    job_id = submit(deadline)

    deadline.change_settings(unknowns={"batch_filter": "nothing"})
    assert output(deadline, "GetJobIdsFilter", "BatchName=shot") == ""
    deadline.change_settings(unknowns={"batch_filter": "everything"})
    assert output(deadline, "GetJobIdsFilter", "BatchName=other").split() == [job_id]
    deadline.change_settings(unknowns={"batch_filter": "error"})

    assert command(deadline, "GetJobIdsFilter", "BatchName=shot").returncode == 1


def test_tasks_are_told_in_blocks(deadline):
    """With the keys that were seen."""
    job_id = submit(deadline)
    output(deadline, "CompleteJobTasks", job_id, "0")

    blocks = [
        dict(line.split("=", 1) for line in block.splitlines())
        for block in output(deadline, "GetJobTasks", job_id).strip().split("\n\n")
    ]

    assert [(block["TaskId"], block["TaskFrameList"], block["TaskStatus"]) for block in blocks] == [
        ("0", "1-4", "Completed"),
        ("1", "5-8", "Queued"),
        ("2", "9-10", "Queued"),
    ]
    assert blocks[1]["TaskRenderTime"] == "10675199.02:48:05.4775807"
    assert output(deadline, "GetJobTaskIds", job_id).split() == ["0", "1", "2"]
    assert output(deadline, "GetTaskProgress", job_id).splitlines()[0] == "JobProgress=33%"


def test_jobs_change_one_by_one_or_as_a_list(deadline):
    """What cannot be changed is reported, and the others are changed."""
    ids = [submit(deadline, InitialStatus="Suspended"), submit(deadline)]

    result = command(deadline, "-ResumeJob", ",".join(ids))

    assert result.returncode == 1
    assert result.stdout == "Error: Cannot mark a job with status Queued resumed (System.Exception)\n"
    assert states(deadline) == ["Queued", "Queued"]
    output(deadline, "-DeleteJob", ",".join(ids))
    assert output(deadline, "GetJobIds") == ""
    assert output(deadline, "GetDeletedJobIds").split() == ids


def test_task_commands_print_what_is_recorded(deadline):
    """The one example that is documented."""
    job_id = submit(deadline)

    assert output(deadline, "CompleteJobTasks", job_id, "1,2").splitlines() == [
        f"Completed task 1 for job {job_id}",
        f"Completed task 2 for job {job_id}",
    ]
    assert command(deadline, "CompleteJobTask", job_id, "1").stdout == (
        "Error: Cannot mark a task with status Completed complete (System.Exception)\n"
    )


def test_settings_and_frames_of_a_job_change(deadline):
    """And are read back."""
    job_id = submit(deadline)

    output(deadline, "SetJobSetting", job_id, "Priority", "70")
    output(deadline, "SetJobFrameRange", job_id, "1-4", "2")

    assert [
        output(deadline, "GetJobSetting", job_id, name).strip() for name in ("Priority", "Frames", "JobTaskCount")
    ] == [
        "70",
        "1-4",
        "2",
    ]
    assert command(deadline, "GetJobSetting", job_id, "Nope").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["Pools"], ["none", "comp"]),
        (["GetGroupNames"], ["none"]),
        (["LimitGroups"], ["nuke"]),
        (["GetLimitGroups"], ["Name=nuke", "Limit=1", "InUse=0", ""]),
        (["GetPluginNames"], ["CommandLine", "Flowpipe", "Python"]),
        (["GetMaximumPriority"], ["100"]),
        (["GetJobTaskLimit"], ["5000"]),
        (["GetVersion"], ["v10.4.2.2 Release (0a1b2c3d4)"]),
        (["ParseFrameList", "1-10x3,5"], ["1-10x3,5"]),
        (["ParseFrameList", "1-10x3,5", "False"], ["1,4,7,10,5"]),
        (["-GetSubmissionInfo", "Pools", "TaskLimit"], ["[Pools]", "none", "comp", "[TaskLimit]", "5000"]),
    ],
    ids=lambda value: value[0],
)
def test_the_farm_is_told(deadline, arguments, printed):
    """One name per line."""
    assert output(deadline, *arguments).splitlines() == printed


def test_submission_info_comes_as_json(deadline):
    """Many questions in one process; a wrong one is an answer too."""
    items = ("Pools", "Groups", "MaxPriority", "TaskLimit", "UserHomeDir", "RepoDir:custom/plugins")

    answer = json.loads(output(deadline, "-prettyJSON", "-GetSubmissionInfo", *items))
    refusal = command(deadline, "-JSON", "-GetSubmissionInfo", "Pools", "Nope")

    assert answer["ok"]
    assert set(answer["result"]) == {"Pools", "Groups", "MaxPriority", "TaskLimit", "UserHomeDir", "RepoDirs"}
    assert answer["result"]["RepoDirs"] == {"custom/plugins": str(deadline.root / "custom" / "plugins")}
    assert json.loads(refusal.stdout) == {"ok": False, "result": "There is no submission info Nope"}


def test_the_custom_folder_comes_first_where_it_is_asked_for(deadline):
    """Otherwise the repository's own path is printed."""
    script = deadline.root / "custom" / "submission" / "a.py"
    script.write_text("", encoding="utf-8")

    assert output(deadline, "Root").strip() == str(deadline.root)
    assert output(deadline, "GetRepositoryFilePath", "submission/a.py", "True").strip() == str(script)
    assert output(deadline, "GetRepositoryFilePath", "submission/a.py").strip() == str(
        deadline.root / "submission" / "a.py"
    )


def test_the_real_runner_starts_it(deadline, files, monkeypatch):
    """It is found by DEADLINE_PATH, and ignores the host's Python variables."""
    monkeypatch.setenv("DEADLINE_PATH", str(deadline.bin))
    monkeypatch.setenv("PYTHONPATH", "nowhere")

    result = DeadlineCommand()([str(path) for path in files])

    assert parse_job_id(result.output) == deadline.jobs()[0].job_id


@pytest.mark.skipif(os.name == "nt", reason="Windows starts it by a batch file, which quotes the path")
@pytest.mark.parametrize("folder", ["two words", "x" * 150])
def test_it_starts_wherever_python_is(tmp_path, folder):
    """Even if the interpreter's path does not fit into the first line of a script."""
    (tmp_path / folder).mkdir()
    python = tmp_path / folder / "python"
    python.symlink_to(os.path.realpath(sys.executable))
    code = (
        f"import sys; sys.path.insert(0, {str(Path(flowpipe_deadline.__file__).parents[1])!r})\n"
        "from tests.fake_deadline.operations import FakeDeadline\n"
        f"FakeDeadline.create({str(tmp_path / 'farm')!r}).close()"
    )

    subprocess.run([str(python), "-IS", "-c", code], check=True)

    with FakeDeadline(tmp_path / "farm") as deadline:
        assert str(python) in (deadline.bin / "deadlinecommand").read_text(encoding="utf-8")
        assert output(deadline, "GetMaximumPriority", "it's") == "100\n"


def test_every_process_is_counted(deadline, files):
    """With its arguments."""
    output(deadline, *files)
    output(deadline, "GetJobIds")

    calls = deadline.log.calls("process")
    assert [(call.name, call.arguments) for call in calls] == [("submitjob", tuple(map(str, files))), ("getjobids", ())]


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        pytest.param(Fault("submit", "refuse", value="No"), (1, "Error: No", 0), id="refused"),
        pytest.param(Fault("SubmitJob", "quiet", value="No"), (0, "Error: No", 0), id="refused with exit code 0"),
        pytest.param(Fault("submit", "die"), (1, "", 0), id="dies before"),
        pytest.param(Fault("submit", "die_after"), (1, "", 1), id="dies after"),
        pytest.param(Fault("submit", "chatter", value="Hello"), (0, "Hello", 1), id="chatter first"),
        pytest.param(Fault("submit", "late", value=0.01), (0, "The job was submitted successfully.", 1), id="late"),
    ],
)
def test_submissions_go_wrong_on_demand(deadline, files, fault, left):
    """Each fault leaves what it documents, and the next submission works."""
    exit_code, printed, jobs = left
    deadline.set_faults(fault)

    result = command(deadline, *files)

    lines = result.stdout.splitlines()
    assert (result.returncode, len(deadline.jobs())) == (exit_code, jobs)
    assert printed in lines if printed else lines == []
    output(deadline, *files)


def test_a_garbled_answer_names_no_job(deadline, files):
    """Although the job exists."""
    deadline.set_faults(Fault("submit", "garble"))

    result = command(deadline, *files)

    assert parse_job_id(result.stdout) is None
    assert len(deadline.jobs()) == 1


def test_a_call_that_hangs_has_to_be_killed(deadline, files):
    """Nothing is changed, and nothing is left running."""
    deadline.set_faults(Fault("SubmitJob", "hang"))

    with pytest.raises(subprocess.TimeoutExpired):
        command(deadline, *files, timeout=1)

    assert deadline.jobs() == []


def test_the_nth_call_of_any_command_goes_wrong(deadline):
    """Calls are counted across processes."""
    job_id = submit(deadline)
    deadline.set_faults(Fault("GetJob", "deny", nth=2, value="Out of reach"))

    assert [command(deadline, "GetJob", job_id).returncode for _ in range(3)] == [0, 1, 0]


def test_a_call_can_be_given_faults_of_its_own(deadline, files):
    """By an environment variable."""
    faults = json.dumps([{"on": "*", "do": "stderr", "value": "slow"}])

    result = command(deadline, *files, faults=faults)

    assert (result.returncode, result.stderr) == (0, "slow\n")
    assert parse_job_id(result.stdout) is not None
