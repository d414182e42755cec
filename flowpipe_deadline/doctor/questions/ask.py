"""Asks the open questions, one after the other; what goes wrong with one is none of another's business."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Optional

from ...core.errors import FlowpipeDeadlineError
from ...deadline.client import SubmissionError
from ...deadline.process import DeadlineCommand, ProcessClient
from ...submit.undo import Deletion
from ..report import Answer
from .catalogue import Question
from .experiment import Experiment, Premises, list_jobs
from .outcome import Outcome, StoppedError
from .recorder import RecordedCommand

Say = Callable[[str], None]
Stop = Callable[[], bool]


def ask_questions(
    questions: Sequence[Question], command: RecordedCommand, *, settings: Mapping[str, str], say: Say, is_stopping: Stop
) -> tuple[list[Answer], list[str]]:
    """The answers, and in words what could not be cleaned up; as many as there are until somebody wants to stop.

    ``settings`` are more job info for the jobs of the experiments, which are all deleted in the end.
    """
    answers: list[Answer] = []
    labs: list[Experiment] = []
    premises = Premises(command, settings, is_stopping, before=_jobs_before(command))
    try:
        for number, question in enumerate(questions, start=1):
            if is_stopping():
                break
            say(f"Question {number} of {len(questions)}: {question.text}")
            with tempfile.TemporaryDirectory(prefix="flowpipe-deadline-") as folder:
                labs.append(Experiment(premises, folder=Path(folder), name=question.name))
                answers.append(_ask(question, labs[-1]))
    finally:
        left = _clean(labs)
    return answers, left


def untold_answer(question: Question, reason: str) -> Answer:
    """The answer to a question that nobody can ask here."""
    return Answer(question.name, question.text, question.reference, None, reason=reason)


def _jobs_before(command: RecordedCommand) -> Optional[Collection[str]]:
    try:
        return frozenset(list_jobs(ProcessClient(command)))
    except SubmissionError:
        return None


def _ask(question: Question, experiment: Experiment) -> Answer:
    first = len(experiment.command.exchanges)
    found, reason = _try(question, experiment)
    told = found or Outcome("")
    return Answer(
        name=question.name,
        question=question.text,
        reference=question.reference,
        answer=None if found is None else told.text,
        reason=reason,
        facts=told.facts,
        exchanges=(first, len(experiment.command.exchanges)),
    )


def _try(question: Question, experiment: Experiment) -> tuple[Optional[Outcome], str]:
    """What was found out, or None, and why."""
    try:
        return question.ask(experiment), ""
    except StoppedError:
        return None, "it was interrupted"
    except FlowpipeDeadlineError as error:
        return None, " ".join(str(error).split())
    except Exception as error:  # Whatever a farm answers that nobody has thought of, the other questions are asked.
        return None, f"{type(error).__name__}: {' '.join(str(error).split())}"


def _clean(labs: Sequence[Experiment]) -> list[str]:
    """Deletes the jobs of all labs; what could not be deleted, in words."""
    left: list[str] = []
    job_ids: list[str] = []
    try:
        client = ProcessClient(DeadlineCommand())  # One that goes on after Ctrl+C.
    except SubmissionError as error:
        return [f"the jobs of {', '.join(lab.batch for lab in labs)} ({error})"]
    for experiment in labs:
        try:
            job_ids += experiment.remains(client)
        except SubmissionError as error:
            job_ids += experiment.heard
            left.append(f"whether there are more jobs of the batch {experiment.batch} cannot be told ({error})")
    if job_ids:
        deletion = Deletion(client, labs[0].batch)
        told = deletion.run(job_ids)
        left += [] if deletion.is_complete else [told]
    return left
