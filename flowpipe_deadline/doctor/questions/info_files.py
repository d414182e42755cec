"""How Deadline reads job info files that are not quite as they should be."""

from __future__ import annotations

import secrets

from .experiment import Attempt, Experiment, Outcome, question


@question("info", "submission, section 9.11", "How are unusual lines of a job info file read?")
def _bend_rules(experiment: Experiment) -> Outcome:
    first, last = (f"{word}-{secrets.token_hex(4)}" for word in ("first", "last"))
    cases = {
        "the same key twice": (experiment.attempt(f"Name={first}", Name=last), (first, last)),
        "an unknown key": (experiment.attempt(FlowpipeUnknownKey="1"), ()),
        "spaces round the equals sign": (experiment.attempt(f"Name = {first}", Name=None), (first,)),
        "a key in other letters": (experiment.attempt(f"nAmE={first}", Name=None), (first,)),
        "a line with a semicolon": (experiment.attempt("; a comment"), ()),
        "a line with a hash": (experiment.attempt("# a comment"), ()),
        "a boolean that is none": (experiment.attempt(IsFrameDependent="perhaps"), ()),
    }
    parts, details = [], {}
    for name, (attempt, values) in cases.items():
        kept = _kept(experiment, attempt, values)
        details[name] = {"job": attempt.kind, **({"kept": kept} if values else {})}
        parts.append(f"{name}: {attempt.verdict}{f', read as {kept}' if kept else ''}")
    return Outcome("; ".join(parts), details)


def _kept(experiment: Experiment, attempt: Attempt, values: tuple[str, ...]) -> str:
    """Which of the values Deadline has."""
    if attempt.job_id is None or not values:
        return ""
    output = experiment.ask("-GetJob", attempt.job_id, "True").result.output
    return " and ".join(value.partition("-")[0] for value in values if value in output) or "nothing"


@question("gap", "submission, section 9.11", "Does a gap end a series of numbered keys?")
def _leave_gap(experiment: Experiment) -> Outcome:
    job_id = experiment.create(ExtraInfoKeyValue0="FlowpipeOne=one", ExtraInfoKeyValue2="FlowpipeThree=three")
    one = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeOne").result.output
    three = experiment.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeThree").result.output
    details = {"before": "one" in one, "behind": "three" in three}
    if not details["before"]:
        return Outcome("unknown: GetJobExtraInfoKeyValue does not print what stands before the gap", details)
    text = "no: it goes on behind the gap" if details["behind"] else "yes: what stands behind it is lost"
    return Outcome(text, details)
