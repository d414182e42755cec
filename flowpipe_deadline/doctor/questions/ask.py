"""Asks the open questions one after the other; an error in one does not keep the others from being asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...core.errors import FlowpipeDeadlineError
from ...deadline.client import Stop
from ...submit.transaction import Say
from ..recorder import RecordedCommand
from ..report import Answer
from . import outputs, processes, states, submissions
from .experiment import Experiment, Question

_MODULES = (processes, states, outputs, submissions)
QUESTIONS = tuple(one for module in _MODULES for one in vars(module).values() if isinstance(one, Question))
"""All open questions that can be answered safely, in the order in which they are asked."""


def ask_questions(
    questions: Sequence[Question], command: RecordedCommand, *, settings: Mapping[str, str], say: Say, is_stopping: Stop
) -> tuple[list[Answer], list[str]]:
    """The answers until ``is_stopping`` is true; and what could not be cleaned up, in words.

    ``settings`` are more job info for the jobs of the experiments, which are all deleted in the end.
    """
    answers: list[Answer] = []
    experiment = Experiment(command, settings, is_stopping=is_stopping)
    try:
        for number, question in enumerate(questions, start=1):
            if is_stopping():
                break
            say(f"Question {number} of {len(questions)}: {question.text}")
            first = len(command.exchanges)
            with experiment.begun(question.name):
                answer = _answer(question, experiment)
            answers.append(replace(answer, exchanges=tuple(range(first, len(command.exchanges)))))
    finally:
        left = experiment.clean_up()
    return answers, left


def _answer(question: Question, experiment: Experiment) -> Answer:
    try:
        text, details = question.ask(experiment)
    except FlowpipeDeadlineError as error:
        return question.unanswered(" ".join(str(error).split()))
    except Exception as error:  # Whatever a farm answers that is not foreseen here.
        return question.unanswered(f"{type(error).__name__}: {' '.join(str(error).split())}")
    return Answer(question.name, question.text, question.reference, text, details=details)
