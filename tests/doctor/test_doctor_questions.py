"""The open questions about Deadline, put to an offline one: whichever answer it plays is found."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from pkgutil import resolve_name

import pytest

from flowpipe_deadline.doctor.questions import QUESTIONS, ask_questions
from flowpipe_deadline.doctor.recorder import RecordedCommand
from flowpipe_deadline.doctor.redact import Redaction
from flowpipe_deadline.doctor.report import Report
from tests.fake_deadline.operations import FakeDeadline

OTHER = {
    "suspended_dependent": "Pending",
    "consecutive_chunks": True,
    "job_keys": "both",
    "job_details": "short",
    "several_jobs": "first",
    "unknown_job": "nothing",
    "task_frames": "",
    "batch_filter": "nothing",
    "failure_exit_code": 0,
}
UNKNOWN_COMMAND = "Error: Unknown command -FlowpipeNoSuchCommand"
# By question: the details of the answer from the one, and from the other.
FOUND = {
    "suspended": ({"submitted": "Suspended", "resumed": "Pending", "pended": "Pending"}, {"submitted": "Pending"}),
    "chunks": (
        {"tasks": 4, "gaps_share_a_task": True, "frames": ["1,3", "5,7", "9-10", "11-12"]},
        {"tasks": 6, "gaps_share_a_task": False, "frames": [""] * 6},
    ),
    "keys": (
        {"not_understood": []},
        {"not_understood": ["batch_name", "frames", "chunk_size", "dependencies", "frame_dependent", "limits"]},
    ),
    "several": (
        {"told": 2, "beside_unknown": True, "exit_code_beside_unknown": 1},
        {"told": 1, "first": True, "beside_unknown": False},
    ),
    "filter": ({"filter": "works"}, {"filter": "nothing"}),
    "gap": ({"before": True, "behind": False}, {"before": True, "behind": False}),
    "failures": (
        {"an unknown command": {"exit_code": 1, "words": UNKNOWN_COMMAND, "is_known": True}},
        {"an unknown command": {"exit_code": 0, "words": UNKNOWN_COMMAND, "is_known": True}},
    ),
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
    """Answers of one that behaves otherwise where two behaviours are possible."""
    return Asked(tmp_path_factory.mktemp("other") / "deadline", QUESTIONS, unknowns=OTHER)


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
        assert len(asked.deleted) in (9, 10)
        assert {job.job_info["InitialStatus"] for job in asked.deleted} == {"Suspended"}
        assert {job.job_info["Priority"] for job in asked.deleted} == {"0"}


def test_an_answer_names_what_led_to_it(one):
    """Each exchange with deadlinecommand belongs to one question, but those that delete all jobs in the end."""
    exchanges = [number for answer in one.answers.values() for number in answer.exchanges]

    assert exchanges == list(range(len(exchanges)))
    assert "-DeleteJob" in [exchange.arguments[0] for exchange in one.command.exchanges[len(exchanges) :]]


def test_a_report_of_answers_is_plain_json(one):
    """Answers, details and exchanges alike."""
    report = Report((), (), tuple(one.answers.values()), one.command.exchanges, Redaction({}), is_interrupted=False)

    data = json.loads(json.dumps(report.to_json(), allow_nan=False))

    assert [entry["name"] for entry in data["questions"]] == [question.name for question in QUESTIONS]
    assert all(max(entry["exchanges"]) < len(data["exchanges"]) for entry in data["questions"])


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_each_question_names_the_code_that_its_answer_makes_simpler(question):
    """A function that there is: a question without one is not worth anybody's time."""
    found = resolve_name(f"flowpipe_deadline.{question.simplifies}")

    assert inspect.isroutine(found), found


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_documents_list_each_question(question):
    """Under its number, with the same code."""
    document = (Path(__file__).parents[2] / "docs" / "deadline" / "submission.md").read_text(encoding="utf-8")

    for number in re.findall(r"\d+\.\d+", question.reference):
        (row,) = [line for line in document.splitlines() if line.startswith(f"| {number} |")]
        assert f"`{question.simplifies}`" in row


def test_the_keys_are_deadlines_own(one):
    """As it prints them, in its order."""
    keys = one.answers["keys"].details["keys"]

    assert keys["GetJob True"][:3] == ["JobId", "JobName", "JobUserName"]
    assert keys["GetJobTasks"][:3] == ["TaskId", "TaskFrameList", "TaskStatus"]


def test_frame_lists_are_read(one):
    """Where a reverse step begins, and that negative frames are refused."""
    facts = one.answers["frames"].details

    assert facts["reverse_step_from"] == "first"
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
