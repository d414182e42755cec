"""How Deadline reads job info files that are not quite as they should be."""

from __future__ import annotations

import secrets

from ...bundle.info_format import format_entries
from .experiment import Lab
from .outcome import Finding, Trial


def bend_rules(lab: Lab) -> Finding:
    """Keys twice, unknown, in other letters, with spaces, lines that are none, and a boolean that is none."""
    first, last = (f"{word}-{secrets.token_hex(4)}" for word in ("first", "last"))
    cases = {
        "the same key twice": (_twice(lab, first, last), (first, last)),
        "an unknown key": (lab.attempt(FlowpipeUnknownKey="1"), ()),
        "spaces round the equals sign": (_named(lab, f"Name = {first}"), (first,)),
        "a key in other letters": (_named(lab, f"nAmE={first}"), (first,)),
        "a line with a semicolon": (lab.attempt("; a comment"), ()),
        "a line with a hash": (lab.attempt("# a comment"), ()),
        "a boolean that is none": (lab.attempt(IsFrameDependent="perhaps"), ()),
    }
    parts, facts = [], {}
    for name, (trial, values) in cases.items():
        kept = _kept(lab, trial, values)
        facts[name] = {"job": trial.kind, **({"kept": kept} if values else {})}
        told = f", read as {kept}" if values and trial.job_id else ""
        parts.append(f"{name}: {trial.verdict}{told}")
    return Finding("; ".join(parts), facts)


def _twice(lab: Lab, first: str, last: str) -> Trial:
    return lab.attempt(f"Name={first}", Name=last)


def _named(lab: Lab, line: str) -> Trial:
    """A job with this line in place of its name's."""
    others = [(key, value) for key, value in lab.entries() if key != "Name"]
    return lab.attempt_text(f"{line}\n{format_entries(others)}")


def _kept(lab: Lab, trial: Trial, values: tuple[str, ...]) -> str:
    """Which of the values Deadline has."""
    if trial.job_id is None or not values:
        return ""
    output = lab.output_about(trial.job_id)
    return " and ".join(value.partition("-")[0] for value in values if value in output) or "nothing"


def leave_gap(lab: Lab) -> Finding:
    """Whether a number that is left out ends a series of keys."""
    job_id = lab.create(ExtraInfoKeyValue0="FlowpipeOne=one", ExtraInfoKeyValue2="FlowpipeThree=three")
    one = lab.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeOne").result.output
    three = lab.ask("-GetJobExtraInfoKeyValue", job_id, "FlowpipeThree").result.output
    facts = {"before": "one" in one, "behind": "three" in three}
    if not facts["before"]:
        return Finding("GetJobExtraInfoKeyValue tells neither what stands before the gap nor what behind it", facts)
    return Finding("no: it goes on behind the gap" if facts["behind"] else "yes: what stands behind it is lost", facts)
