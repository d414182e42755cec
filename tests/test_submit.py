"""Submission: all jobs or none, and nothing forgotten."""

from __future__ import annotations

import json
import shutil

import farm_nodes as nodes
import pytest

from flowpipe_deadline import plan_graph, submit_bundle, write_bundle
from flowpipe_deadline.errors import RecordError, SubmissionError
from flowpipe_deadline.submit import CommandResult, parse_job_id

SUCCESS = """\
Deadline Command 10.4 [v10.4.2.2 Release (313c3e8f5)]

Submitting to Repository: /repository

Submission Contains No Auxiliary Files.

Result=Success
JobID={job_id}

The job was submitted successfully."""


def id_of(number):
    """The ID of the n-th job."""
    return f"{number:024x}"


class Deadline:
    """Answers as was recorded of ``deadlinecommand`` (deadline-submission.md, section 2.4), otherwise where told so."""

    def __init__(self, answers=None, *, delete=None):
        """``answers`` are for the n-th submission, ``delete`` for a deletion; errors are raised."""
        self.answers = answers or {}
        self.delete = delete or CommandResult(exit_code=0, output="")
        self.submitted = []
        self.deleted = []

    def __call__(self, arguments):
        """One call."""
        if arguments[0] == "-DeleteJob":
            self.deleted += arguments[1].split(",")
            answer = self.delete
        else:
            self.submitted.append(arguments)
            number = len(self.submitted)
            default = CommandResult(exit_code=0, output=SUCCESS.format(job_id=id_of(number)))
            answer = self.answers.get(number, default)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@pytest.fixture
def bundle(graph, tmp_path):
    """Three jobs in a row."""
    made = [nodes.Pass(name=name, graph=graph) for name in ("a", "b", "c")]
    for one, other in zip(made, made[1:]):
        one.outputs["value"].connect(other.inputs["value"])
    return write_bundle(plan_graph(graph), root=tmp_path)


def recorded(bundle):
    """The IDs in ``submission.json``."""
    path = bundle.folder / "submission.json"
    return json.loads(path.read_text())["jobs"] if path.exists() else {}


def test_jobs_and_warnings_are_told(bundle):
    """Each ID as it comes, and what Deadline has to say about a job that it took."""
    warned = SUCCESS.replace("successfully.", "successfully, but there were some warnings:\nPool 'x' does not exist")
    deadline = Deadline({2: CommandResult(exit_code=0, output=warned.format(job_id=id_of(2)))})
    told = []

    ids = submit_bundle(bundle, run_command=deadline, on_message=told.append)

    assert ids == recorded(bundle) == {"a": id_of(1), "b": id_of(2), "c": id_of(3)}
    assert told == [
        f"a: {id_of(1)}",
        f"b: {id_of(2)}",
        "Warning: b: Pool 'x' does not exist",
        f"c: {id_of(3)}",
    ]


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [
        pytest.param(CommandResult(1, "Error: no such pool"), [1, 2], id="refused"),
        pytest.param(CommandResult(0, "Error: no such pool"), [1, 2], id="refused with exit code 0"),
        pytest.param(CommandResult(1, SUCCESS.format(job_id=id_of(3))), [1, 2, 3], id="an ID, and a failure"),
        pytest.param(CommandResult(0, f"JobID={id_of(3)}\nError: lost"), [1, 2, 3], id="an ID, then an error"),
        pytest.param(CommandResult(0, "JobID="), [1, 2], id="an empty ID"),
        pytest.param(CommandResult(0, "JobID=hello"), [1, 2], id="no ID"),
        pytest.param(CommandResult(0, SUCCESS.format(job_id=id_of(1))), [1, 2], id="the ID of another job"),
        pytest.param(CommandResult(0, "", "no repository"), [1, 2], id="silence"),
        pytest.param(OSError(8, "Exec format error"), [1, 2], id="it cannot be started"),
        pytest.param(RuntimeError("a bug"), [1, 2], id="anything else"),
        pytest.param(KeyboardInterrupt(), [1, 2], id="Ctrl+C"),
    ],
)
def test_whatever_happens_to_the_third_job_the_others_are_deleted(bundle, answer, deleted):
    """So is the third, if it came into being all the same; and the bundle can be submitted again."""
    deadline = Deadline({3: answer})

    with pytest.raises(SubmissionError, match=id_of(1)) as caught:
        submit_bundle(bundle, run_command=deadline)

    assert deadline.deleted == [id_of(number) for number in deleted]
    assert recorded(bundle) == {}
    assert "Test.c" in str(caught.value)
    assert caught.value.exit_code == (130 if isinstance(answer, KeyboardInterrupt) else 1)
    assert len(submit_bundle(bundle, run_command=Deadline())) == 3


def test_jobs_that_cannot_be_deleted_are_not_forgotten(bundle):
    """The message names them, ``submission.json`` keeps them, and a second submission is refused."""
    deadline = Deadline({3: CommandResult(1, "Error: x")}, delete=CommandResult(1, "Error: busy"))

    with pytest.raises(SubmissionError, match=f"{id_of(1)}, {id_of(2)} could not be deleted .* in the Monitor"):
        submit_bundle(bundle, run_command=deadline)

    assert recorded(bundle) == {"a": id_of(1), "b": id_of(2)}
    with pytest.raises(SubmissionError, match="submitted already"):
        submit_bundle(bundle, run_command=Deadline())


def test_a_damaged_file_is_found_before_anything_is_submitted(bundle):
    """Also that of the last job."""
    bundle.job_files(bundle.jobs[2])[1].unlink()
    deadline = Deadline()

    with pytest.raises(RecordError, match=r"003-c\.plugin cannot be read"):
        submit_bundle(bundle, run_command=deadline)

    assert deadline.submitted == []


def test_a_bundle_that_was_moved_is_refused(bundle, tmp_path):
    """Its jobs would look for it in its old place."""
    moved = shutil.move(bundle.folder, tmp_path / "elsewhere")
    deadline = Deadline()

    with pytest.raises(SubmissionError, match="was moved or copied"):
        submit_bundle(moved, run_command=deadline)

    assert deadline.submitted == []


def test_chatter_around_the_answer_is_passed_over():
    """Lines before it have been seen on a real farm (section 2.4)."""
    text = f"Synchronizing Python\r\nJobID is next\r\n  JobID={id_of(7)}  \r\nResult=Success\r\n"

    assert parse_job_id(text) == id_of(7)
