"""What the doctor found out: for people, and as JSON that can be shown to anybody."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Optional

from ..core.warnings import PlanWarning, WarningKind
from .questions.recorder import Exchange
from .redact import Redaction

FORMAT = 1

Verdict = Literal["ok", "warning", "problem", "unknown"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    """``unknown`` is what cannot be told from here."""
    found: str
    advice: str = ""
    """What to do."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs."""

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "name": self.name,
            "verdict": self.verdict,
            "found": self.found,
            "advice": self.advice,
            "facts": dict(self.facts),
        }


def check_of(
    name: str, warnings: Sequence[PlanWarning], otherwise: Check, *, tolerated: Collection[WarningKind]
) -> Check:
    """What the findings say, each once; without any, what was found ``otherwise``."""
    messages = dict.fromkeys((warning.text, warning.advice) for warning in warnings)
    if not messages:
        return replace(otherwise, name=name)
    is_problem = any(warning.severity == "error" and warning.kind not in tolerated for warning in warnings)
    found = "; ".join(dict.fromkeys(text for text, _ in messages))
    advice = "; ".join(dict.fromkeys(advice for _, advice in messages))
    return Check(name, "problem" if is_problem else "warning", found, advice, otherwise.facts)


@dataclass(frozen=True)
class Answer:
    """What became of one open question about Deadline."""

    name: str
    question: str
    reference: str
    """Which open question of the reference it is."""
    answer: Optional[str]
    """None if it could not be told."""
    reason: str = ""
    """Why not."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    exchanges: tuple[int, int] = (0, 0)
    """Which of the report's exchanges with ``deadlinecommand`` led to it: the first, and the one behind the last."""

    def __str__(self) -> str:
        return f"could not be told, because {self.reason}" if self.answer is None else f"answer: {self.answer}"

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "name": self.name,
            "question": self.question,
            "reference": self.reference,
            "answer": self.answer,
            "reason": self.reason,
            "facts": dict(self.facts),
            "exchanges": list(range(*self.exchanges)),
        }


@dataclass(frozen=True)
class Report:
    """Everything that was found out."""

    version: str
    """Of this package."""
    checks: tuple[Check, ...] = ()
    probe: tuple[Check, ...] = ()
    """What became of the graph that was sent to the farm, and of what was left there."""
    answers: tuple[Answer, ...] = ()
    exchanges: Sequence[Exchange] = ()
    """What was said to ``deadlinecommand``, and what it answered."""
    is_interrupted: bool = False

    @property
    def has_problem(self) -> bool:
        """Whether something has to be done."""
        return any(check.verdict == "problem" for check in (*self.checks, *self.probe))

    def to_json(self, redaction: Redaction) -> dict[str, Any]:
        """All of it, without names, users and paths."""
        data = {
            "format": FORMAT,
            "flowpipe_deadline": self.version,
            "platform": platform.platform(),
            "python": platform.python_version(),
            "interrupted": self.is_interrupted,
            "checks": [check.to_json() for check in self.checks],
            "probe": [check.to_json() for check in self.probe],
            "questions": [answer.to_json() for answer in self.answers],
        }
        hidden: dict[str, Any] = redaction.hide_in(data)
        return {**hidden, "exchanges": [exchange.to_json(redaction) for exchange in self.exchanges]}
