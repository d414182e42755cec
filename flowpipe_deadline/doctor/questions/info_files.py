"""How Deadline reads job info files that are not quite as they should be."""

from __future__ import annotations

import secrets

from ...bundle.info_format import format_entries
from .experiment import Experiment
from .outcome import Outcome, Trial


def bend_rules(experiment: Experiment) -> Outcome:
    """Keys twice, unknown, in other letters, with spaces, lines that are none, and a boolean that is none."""
    first, last = (f"{word}-{secrets.token_hex(4)}" for word in ("first", "last"))
    cases = {
        "the same key twice": (_twice(experiment, first, last), (first, last)),
        "an unknown key": (experiment.attempt(FlowpipeUnknownKey="1"), ()),
        "spaces round the equals sign": (_named(experiment, f"Name = {first}"), (first,)),
        "a key in other letters": (_named(experiment, f"nAmE={first}"), (first,)),
        "a line with a semicolon": (experiment.attempt("; a comment"), ()),
        "a line with a hash": (experiment.attempt("# a comment"), ()),
        "a boolean that is none": (experiment.attempt(IsFrameDependent="perhaps"), ()),
    }
    parts, facts = [], {}
    for name, (trial, values) in cases.items():
        kept = _kept(experiment, trial, values)
        facts[name] = {"job": trial.kind, **({"kept": kept} if values else {})}
        told = f", read as {kept}" if values and trial.job_id else ""
        parts.append(f"{name}: {trial.verdict}{told}")
    return Outcome("; ".join(parts), facts)


def _twice(experiment: Experiment, first: str, last: str) -> Trial:
    return experiment.attempt(f"Name={first}", Name=last)


def _named(experiment: Experiment, line: str) -> Trial:
    """A job with this line in place of its name's."""
    others = [(key, value) for key, value in experiment.entries() if key != "Name"]
    return experiment.attempt_text(f"{line}\n{format_entries(others)}")


def _kept(experiment: Experiment, trial: Trial, values: tuple[str, ...]) -> str:
    """Which of the values Deadline has."""
    if trial.job_id is None or not values:
        return ""
    output = experiment.output_about(trial.job_id)
    return " and ".join(value.partition("-")[0] for value in values if value in output) or "nothing"


def leave_gap(experiment: Experiment) -> Outcome:
    """Whether a number that is left out ends a series of keys."""
    job_id = experiment.create(ExtraInfoKeyValue0="FlowpipeOne=one", ExtraInfoKeyValue2="FlowpipeThree=three")
    one = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeOne").result.output
    three = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeThree").result.output
    facts = {"before": "one" in one, "behind": "three" in three}
    if not facts["before"]:
        return Outcome("GetJobExtraInfoKeyValue tells neither what stands before the gap nor what behind it", facts)
    return Outcome("no: it goes on behind the gap" if facts["behind"] else "yes: what stands behind it is lost", facts)
