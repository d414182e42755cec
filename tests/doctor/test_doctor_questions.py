"""The open questions about Deadline, put to an offline one: whichever answer it plays is found."""

from __future__ import annotations

import json
import platform

import pytest
from pythons import VERSIONS, find_python

from flowpipe_deadline.doctor.questions.ask import QUESTIONS, ask_questions
from flowpipe_deadline.doctor.recorder import RecordedCommand
from flowpipe_deadline.doctor.redact import Redaction
from flowpipe_deadline.doctor.report import Report
from tests.fake_deadline.operations import FakeDeadline

OTHER = {
    "suspended_dependent": "Pending",
    "unknown_parent": "deleted",
    "unknown_name": "warn",
    "consecutive_chunks": True,
    "job_keys": "both",
    "job_details": "short",
    "several_jobs": "first",
    "unknown_job": "nothing",
    "task_frames": "",
    "batch_filter": "nothing",
    "failure_exit_code": 0,
    "prompt": True,
    "multiple_v2": True,
    "multiple_output": "nothing",
    "script_calls": "process",
    "script_output": "hidden",
    "script_file": "unset",
    "script_arguments": "command",
    "script_error": "exit 0",
    "script_exit": "ignored",
}
# By question: the details of the answer from the one, and from the other.
FOUND = {
    "script": (
        {"output": "shown", "file": "set", "arguments": "script", "exit_code_of_exit": 7, "exit_code_of_error": 1},
        {"output": "hidden", "file": "unset", "arguments": "command", "exit_code_of_exit": 0, "exit_code_of_error": 0},
    ),
    "calls": ({"same_process": True}, {"same_process": False}),
    "prompt": ({"prompt": False}, {"prompt": True, "submits": True}),
    "suspended": ({"submitted": "Suspended", "resumed": "Pending", "pended": "Pending"}, {"submitted": "Pending"}),
    "parent": ({"job": "refused"}, {"job": "taken", "dependency_kept": None, "status": "Pending"}),
    "names": (
        {"Pool": {"job": "refused", "mentioned": None}},
        {"Pool": {"job": "warned", "mentioned": True}},
    ),
    "chunks": (
        {"tasks": 4, "gaps_share_a_task": True, "frames": ["1,3", "5,7", "9-10", "11-12"]},
        {"tasks": 6, "gaps_share_a_task": False, "frames": [""] * 6},
    ),
    "keys": (
        {"not_understood": []},
        {"not_understood": ["batch_name", "frames", "chunk_size", "dependencies", "frame_dependent", "limits"]},
    ),
    "several": ({"told": 2}, {"told": 1, "first": True}),
    "filter": ({"filter": "works"}, {"filter": "nothing"}),
    "unknown": (
        {"exit_code": 1, "says": "error", "other_is_told": True},
        {"exit_code": 0, "says": "nothing", "other_is_told": True},
    ),
    "multiple": ({"jobs": 2, "ids": 2, "in_order": True}, {"jobs": 2, "ids": 0, "in_order": None}),
    "v2": ({"jobs": 0}, {"jobs": 2, "ids": 0, "second_waits_for_first": None}),
}


class Asked:
    """A fake Deadline that was asked many questions at once."""

    def __init__(self, folder, questions, **settings):
        with FakeDeadline.create(folder, **settings) as deadline, pytest.MonkeyPatch.context() as patch:
            patch.setenv("DEADLINE_PATH", str(deadline.bin))
            self.command = RecordedCommand(timeout=60.0)
            answers, self.left = ask_questions(questions, self.command, settings={}, say=print, is_stopping=never)
            self.answers = {answer.name: answer for answer in answers}
            self.jobs = deadline.jobs()
            self.deleted = deadline.jobs(is_deleted=True)


def never():
    """No request to stop."""
    return False


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """Answers of a fake Deadline with its default behaviour."""
    return Asked(tmp_path_factory.mktemp("one") / "deadline", QUESTIONS)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Answers of one that behaves otherwise where two behaviours are possible, and whose Python is old."""
    questions = [question for question in QUESTIONS if question.name in FOUND]
    python = find_python(VERSIONS[0]) or ""
    return Asked(tmp_path_factory.mktemp("other") / "deadline", questions, unknowns=OTHER, interpreter=python)


@pytest.mark.parametrize("name", FOUND)
def test_the_answer_that_is_played_is_found(one, other, name):
    """In both."""
    for asked, expected in zip((one, other), FOUND[name]):
        facts = asked.answers[name].details
        assert {key: facts.get(key) for key in expected} == expected, asked.answers[name]


def test_every_question_is_answered_and_nothing_is_left(one, other):
    """All jobs were suspended ones, and are deleted."""
    for asked in (one, other):
        assert [str(answer) for answer in asked.answers.values() if answer.answer is None] == []
        assert (asked.left, list(asked.jobs)) == ([], [])
        assert len(asked.deleted) > 15
        assert {job.job_info["InitialStatus"] for job in asked.deleted} == {"Suspended"}
        assert {job.job_info["Priority"] for job in asked.deleted} == {"0"}


def test_an_answer_names_what_led_to_it(one):
    """Each exchange with deadlinecommand belongs to one question, except the first, which lists the jobs before."""
    exchanges = [number for answer in one.answers.values() for number in answer.exchanges]

    assert exchanges == list(range(1, len(one.command.exchanges)))


def test_a_report_of_answers_is_plain_json(one):
    """Answers, details and exchanges alike."""
    report = Report((), (), tuple(one.answers.values()), one.command.exchanges, Redaction({}), is_interrupted=False)

    data = json.loads(json.dumps(report.to_json(), allow_nan=False))

    assert [entry["name"] for entry in data["questions"]] == [question.name for question in QUESTIONS]
    numbers = [number for entry in data["questions"] for number in entry["exchanges"]]
    assert numbers == list(range(1, len(data["exchanges"])))


def test_scripts_run_in_deadlines_own_python(one, other):
    """It may be older than ours."""
    pythons = [asked.answers["script"].details["python"] for asked in (one, other)]

    assert pythons[0] == platform.python_version()
    assert pythons[1].startswith(f"{VERSIONS[0]}." if find_python(VERSIONS[0]) else pythons[0])


def test_times_are_measured(one):
    """Of a start, of a submission, and of a call from inside."""
    start, calls = one.answers["start"].details, one.answers["calls"].details

    assert len(start["start_seconds"]) == 3
    assert min(*start["start_seconds"], start["submission_seconds"], calls["call_seconds"], calls["start_seconds"]) > 0


def test_the_keys_are_deadlines_own(one):
    """As it prints them, in its order."""
    keys = one.answers["keys"].details["keys"]

    assert keys["GetJob True"][:3] == ["JobId", "JobName", "JobUserName"]
    assert keys["GetJobTasks"][:3] == ["TaskId", "TaskFrameList", "TaskStatus"]


def test_frame_lists_are_read(one):
    """Where a reverse step begins, what order means, and that negative frames are refused."""
    facts = one.answers["frames"].details

    assert facts["reverse_step_from"] == "first"
    assert facts["orders"] == {"True": "3,1-2", "False": "3,1,2"}
    assert all(words.startswith("Error:") for words in facts["negative"].values())


@pytest.fixture
def deadline(tmp_path, monkeypatch):
    """A fake Deadline that can be made to fail."""
    monkeypatch.setattr("flowpipe_deadline.deadline.client.DeadlineClient.undo_pauses", (0.0, 0.0, 0.0))
    with FakeDeadline.create(tmp_path / "deadline") as made:
        monkeypatch.setenv("DEADLINE_PATH", str(made.bin))
        yield made


def ask(*names, is_stopping=never, timeout=60.0):
    """The answers to some questions, and what was left."""
    questions = [question for question in QUESTIONS if question.name in names]
    answers, left = ask_questions(
        questions, RecordedCommand(timeout=timeout), settings={}, say=print, is_stopping=is_stopping
    )
    return {answer.name: answer for answer in answers}, left


def test_a_question_that_fails_does_not_stop_the_others(deadline):
    """If Deadline refuses all jobs, questions that need none are still answered."""
    deadline.set_faults({"on": "submit", "do": "refuse", "times": 0, "value": "The disk is full"})

    answers, left = ask("several", "frames")

    assert answers["several"].answer is None
    assert "The disk is full" in str(answers["several"])
    assert answers["frames"].answer is not None
    assert left == []


def test_a_call_that_never_ends_is_ended(deadline):
    """Its question has no answer."""
    deadline.set_faults({"on": "ParseFrameList", "do": "hang"})

    answers, left = ask("frames", timeout=1.0)

    assert str(answers["frames"]) == ("no answer: deadlinecommand -ParseFrameList does not end, and was stopped")
    assert left == []


def test_a_job_whose_id_was_not_printed_is_deleted_as_well(deadline):
    """It is found by its batch."""
    deadline.set_faults({"on": "submit", "do": "die_after"})

    answers, left = ask("several")

    assert answers["several"].answer is None
    assert (left, list(deadline.jobs())) == ([], [])
    assert len(deadline.jobs(is_deleted=True)) == 1


def test_what_cannot_be_deleted_is_named(deadline):
    """With its ID, and where to delete it."""
    deadline.set_faults({"on": "delete", "do": "refuse", "times": 0, "value": "You may not"})

    answers, left = ask("filter")

    (job,) = deadline.jobs()
    assert answers["filter"].answer == "yes"
    assert len(left) == 1
    assert job.job_id in left[0]
    assert "You may not" in left[0]


def test_a_request_to_stop_keeps_the_answers_so_far(deadline):
    """The present question has no answer, the next one is not asked, and nothing is left."""
    seen = []

    def is_stopping():
        seen.extend(deadline.jobs())
        return bool(seen)  # From the first job on.

    answers, left = ask("filter", "several", is_stopping=is_stopping)

    assert {name: str(answer) for name, answer in answers.items()} == {
        "several": "no answer: it was interrupted",
    }
    assert (left, list(deadline.jobs())) == ([], [])
