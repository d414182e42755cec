"""What ``deadlinecommand`` prints is read in every form that was seen, and believed only where it is clear."""

from __future__ import annotations

import pytest

from flowpipe_deadline.deadline.client import RefusedError, TaskDetails
from flowpipe_deadline.deadline.command_output import parse_job_id, parse_jobs, parse_submission, parse_tasks

ID, OTHER = f"{7:024x}", f"{8:024x}"
SUCCESS = f"""\
Deadline Command 10.4 [v10.4.2.2 Release (313c3e8f5)]

Submitting to Repository: /repository

Submission Contains No Auxiliary Files.

Result=Success
JobID={ID}

The job was submitted successfully."""


def test_a_recorded_success_is_a_job():
    """As it was recorded on 10.4.2.2 (submission, section 2.4)."""
    created = parse_submission(SUCCESS, exit_code=0)

    assert created.job_id == ID
    assert created.warnings == ()


def test_chatter_around_the_answer_is_passed_over():
    """Lines before it have been seen on a real farm (submission, section 2.4)."""
    text = f"Synchronizing Python\r\nJobID is next\r\n  JobID={ID}  \r\nResult=Success\r\n"

    assert parse_job_id(text) == ID


def test_warnings_are_the_lines_to_the_end():
    """A job that was taken can still be worth a word."""
    warned = SUCCESS.replace("successfully.", "successfully, but there were some warnings:\nPool 'x' does not exist\n")

    assert parse_submission(warned, exit_code=0).warnings == ("Pool 'x' does not exist",)


@pytest.mark.parametrize(
    ("exit_code", "output", "is_uncertain", "job_id"),
    [
        pytest.param(1, "Error: no such pool", False, None, id="refused"),
        pytest.param(0, "Error: no such pool", False, None, id="refused with exit code 0"),
        pytest.param(None, "Submission Error: no such pool", False, None, id="refused, known from the text only"),
        pytest.param(0, "Bad submission arguments", False, None, id="called wrongly"),
        pytest.param(1, SUCCESS, False, ID, id="an ID, and a failure"),
        pytest.param(0, f"JobID={ID}\nError: lost", False, ID, id="an ID, then an error"),
        pytest.param(0, "JobID=", True, None, id="an empty ID"),
        pytest.param(0, "JobID=hello", True, None, id="no ID"),
        pytest.param(0, "", True, None, id="silence"),
        pytest.param(3, "Unhandled exception", True, None, id="a crash"),
    ],
)
def test_what_is_no_clear_success_is_refused(exit_code, output, is_uncertain, job_id):
    """It is uncertain if a job may exist whose ID is not known."""
    with pytest.raises(RefusedError) as caught:
        parse_submission(output, exit_code=exit_code)

    assert (caught.value.is_uncertain, caught.value.job_id) == (is_uncertain, job_id)


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(f"[{ID}]\nJobStatus=Rendering (3)\nFrames=1-9\nChunkSize=3\nBatchName=b", id="a header"),
        pytest.param(
            f"[{OTHER}]\nStatus=Queued\n[{ID}]\nStatus=Rendering\nJobFrames=1-9\nJobFramesPerTask=3", id="two"
        ),
        pytest.param(f"JobId={ID}\nJobStatus=rendering\nFrames=1-9\nChunkSize=3", id="a line with the ID"),
        pytest.param(f"hello\nID={OTHER}\nStatus=x\n\nID={ID}\nStatus=Rendering\nFrames=1-9\nChunk=3", id="blocks"),
    ],
)
def test_a_job_is_read_in_every_form_that_was_seen(output):
    """Which keys ``GetJob`` prints is recorded nowhere (submission, section 2.5)."""
    job = parse_jobs(output, job_ids=[ID, OTHER])[ID]

    assert (job.status, job.frames, job.chunk_size) == ("Rendering", "1-9", 3)


@pytest.mark.parametrize(
    ("output", "states"),
    [
        ("[a1]\nName=x\nJobStatus=Queued\n\n[b2]\nJobStatus=Rendering (3)\n", {"a1": "Queued", "b2": "Rendering"}),
        ("[a1]\r\nStatus=completed\r\n[b2]\r\nStatus=Failed\r\n", {"a1": "Completed", "b2": "Failed"}),
        ("JobId=b2\nStatus=Pending\n\nJobId=a1\nStatus=Suspended\n", {"b2": "Pending", "a1": "Suspended"}),
        ("\ufeff[A1]\nStatus=Active\nJobStatus=Queued\n", {"a1": "Queued"}),
        ("[c3]\nJobStatus=Queued\n", {}),
        ("JobStatus=Queued\n", {}),
        ("Error: no such job\n", {}),
        ("[a1]\nName=JobStatus=Queued\nJobStatus=\n", {"a1": "Unknown"}),
        ("", {}),
    ],
    ids=["ini", "ini and Status", "ID lines", "both keys", "another's", "whose?", "error", "empty value", "nothing"],
)
def test_states_are_read_in_every_form(output, states):
    """Of several jobs, only what certainly belongs to one of them."""
    assert {job_id: job.status for job_id, job in parse_jobs(output, job_ids=["a1", "b2"]).items()} == states


@pytest.mark.parametrize(
    "output",
    ["Status=Rendering\n", "JobStatus = Rendering\n", "[Job]\nJobStatus=Rendering\n", "[a1]\nStatus=Rendering"],
)
def test_the_state_of_one_job_needs_no_header(output):
    """Only one was asked for."""
    assert parse_jobs(output, job_ids=["a1"])["a1"].status == "Rendering"


@pytest.mark.parametrize(("printed", "errors"), [("JobErrorReports=3", 3), ("ErrorReports=0", 0), ("Name=x", None)])
def test_the_errors_of_a_job_are_read_where_they_are_printed(printed, errors):
    """What they are called is recorded nowhere."""
    assert parse_jobs(f"Status=Failed\n{printed}", job_ids=["a1"])["a1"].errors == errors


def test_of_one_job_neither_header_nor_id_is_needed():
    """What Deadline does not say is None."""
    job = parse_jobs(f"Status=Pending\nJobDependencies={OTHER}, {ID}\nIsFrameDependent=True", job_ids=[ID])[ID]

    assert (job.status, job.dependencies, job.frame_dependent) == ("Pending", (OTHER, ID), True)
    assert (job.frames, job.chunk_size, job.task_count, job.batch_name) == (None, None, None, None)


def test_tasks_are_blocks_with_a_blank_line_between_them():
    """In the order of their numbers, whatever else the blocks hold (submission, section 2.5)."""
    output = (
        "TaskId=1\nTaskStatus=Rendering\nTaskFrameString=4-6\nTaskProgress=40 %\nTaskSlaveName=node7\n\n"
        "TaskId=0\nTaskStatus=Completed\nTaskErrorCount=2\nRenderStartTime=Jan 01/01  00:00:00\n"
    )

    assert parse_tasks(output) == (
        TaskDetails(0, "", "Completed", errors=2),
        TaskDetails(1, "4-6", "Rendering", progress=40.0, worker="node7"),
    )
