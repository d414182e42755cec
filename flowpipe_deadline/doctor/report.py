"""What the doctor is asked for, and its report: for people, and as JSON without private names."""

from __future__ import annotations

import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..core.bundle import FILES
from ..core.warnings import PlanWarning, WarningKind
from ..offline.packages import own_version
from ..studio.file import StudioFile
from .recorder import Exchange
from .redact import Redaction

FORMAT = 1
GRAPH = "graph"
HOSTS = "hosts"
"""The names of the graph and of the hosts among the things to try out; all other names are questions."""

Verdict = Literal["ok", "warning", "problem", "unknown"]


@dataclass(frozen=True)
class DoctorOptions:
    """What to examine, and with what."""

    via: str | None = None
    """The connection, as for ``choose_connection``."""
    root: Path | None = None
    store: str = FILES
    studio: StudioFile = field(default_factory=StudioFile)
    settings: Mapping[str, Any] = field(default_factory=dict)
    presets: tuple[str, ...] = ()
    """The settings of the jobs that are tried out, as for ``plan_graph``."""
    tolerated: Collection[WarningKind] = ()
    """Errors of these kinds are only warnings."""
    is_probing: bool = False
    only: tuple[str, ...] = ()
    """Try out only these; empty for the graph, the hosts and all questions."""
    interpreters: Mapping[str, str] = field(default_factory=dict)
    """Further hosts to try out, as for ``WorkerSetup``."""
    is_keeping: bool = False
    """Whether a graph that fails stays on the farm."""
    timeout: float = 900.0
    """Seconds that the graph may take, and each host."""
    pause: float = 0.5
    """Seconds between two looks at the graph; a look by deadlinecommand takes longer itself."""

    def wants(self, name: str) -> bool:
        """Whether to try it out."""
        return self.is_probing and (not self.only or name in self.only)


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    verdict: Verdict
    """``unknown`` where this machine cannot find out."""
    found: str
    advice: str = ""
    """What to do."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs."""

    def with_warnings(self, warnings: Sequence[PlanWarning], *, tolerated: Collection[WarningKind]) -> Check:
        """The check with what the warnings say, each once; itself if there are none."""
        if not warnings:
            return self
        is_error = any(warning.severity == "error" and warning.kind not in tolerated for warning in warnings)
        found = "; ".join(dict.fromkeys(warning.text for warning in warnings))
        advice = "; ".join(dict.fromkeys(warning.advice for warning in warnings))
        return replace(self, verdict="problem" if is_error else "warning", found=found, advice=advice)


@dataclass(frozen=True)
class Question:
    """One open question about Deadline, and its answer if there is one."""

    name: str
    question: str
    reference: str
    """Where docs/deadline leaves it open."""
    simplifies: str
    """What of flowpipe_deadline the answer would make simpler: a function or a method."""
    answer: str | None = None
    reason: str = ""
    """Why there is no answer."""
    details: Mapping[str, Any] = field(default_factory=dict, compare=False)
    exchanges: Sequence[int] = ()
    """The numbers of the report's exchanges with ``deadlinecommand`` that led to it."""

    def __str__(self) -> str:
        return f"no answer: {self.reason}" if self.answer is None else self.answer


@dataclass(frozen=True)
class Report:
    """Everything that was found out."""

    checks: Sequence[Check]
    probe: Sequence[Check]
    """The results of the graph that was sent to the farm, and of the clean-up there."""
    answers: Sequence[Question]
    exchanges: Sequence[Exchange]
    """All calls of ``deadlinecommand``."""
    redaction: Redaction
    is_interrupted: bool

    @property
    def errors(self) -> list[str]:
        """The names of the failed checks."""
        return [check.name for check in (*self.checks, *self.probe) if check.verdict == "problem"]

    def to_json(self) -> dict[str, Any]:
        """All of it, without names, users and paths."""
        data = {
            "format": FORMAT,
            "flowpipe_deadline": own_version(),
            "platform": platform.platform(),
            "python": platform.python_version(),
            "interrupted": self.is_interrupted,
            "checks": [_fields(check) for check in self.checks],
            "probe": [_fields(check) for check in self.probe],
            "questions": [_fields(answer) for answer in self.answers],
        }
        hidden: dict[str, Any] = self.redaction.hide_in(data)
        return {**hidden, "exchanges": [exchange.to_json(self.redaction) for exchange in self.exchanges]}


def _fields(record: Check | Question) -> dict[str, Any]:
    """The fields by their names in JSON, where the details are called facts.

    Of a text with several lines only the first, which is ours.
    """
    fields = {"facts" if name == "details" else name: value for name, value in vars(record).items()}
    return {name: value.partition("\n")[0] if isinstance(value, str) else value for name, value in fields.items()}
