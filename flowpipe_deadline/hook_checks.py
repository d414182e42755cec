"""Whether a plan that a hook gave back is one of the same work."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .findings import Finding
from .plan import Dependency, Job, Plan
from .raw_entries import check_entries
from .setting_kinds import UnfitError, text

# What is done, how it is cut, and for which node: also in the node records, which must say the same.
_FIXED = ("key", "node", "graph", "interpreter", "frame_mode", "frames", "chunk_size")


def record_texts(plan: Plan) -> dict[str, str]:
    """The node records by key, as texts: a hook could change a record in place."""
    jobs = {job.key: json.dumps(job.record) for job in plan.jobs}
    return {**jobs, **{node.key: json.dumps(node.record) for node in plan.omitted}}


def violations(adjusted: Plan, plan: Plan, *, records: Mapping[str, str]) -> list[str]:
    """What is wrong with the plan that came back for ``plan``; ``records`` are those that were planned."""
    wrong = [f"its {name} is no tuple" for name in ("jobs", "omitted", "warnings") if not _is_tuple(adjusted, name)]
    if wrong:
        return wrong
    wrong += [f"{job!r:.80} is no job" for job in adjusted.jobs if not isinstance(job, Job)]
    wrong += [f"{warning!r:.80} is no finding" for warning in adjusted.warnings if not isinstance(warning, Finding)]
    if wrong:
        return wrong
    planned = {job.key: job for job in plan.jobs}
    keys = [job.key for job in adjusted.jobs]
    if sorted(keys) != sorted(planned):
        missing, added = sorted(planned.keys() - set(keys)), sorted(set(keys) - planned.keys())
        return [f"its jobs are not those that were planned: {', '.join(missing)} missing, {', '.join(added)} added"]
    if adjusted.name != plan.name or adjusted.omitted != plan.omitted:
        wrong.append("its name or its omitted nodes are not those that were planned")
    if {key: record for key, record in record_texts(adjusted).items() if records.get(key) != record}:
        wrong.append("a node record was changed")
    seen: set[str] = set()
    for job in adjusted.jobs:
        wrong += [f"{job.key}: {reason}" for reason in _job_violations(job, planned[job.key], seen)]
        seen.add(job.key)
    return wrong


def _is_tuple(plan: Plan, name: str) -> bool:
    return isinstance(getattr(plan, name), tuple)


def _job_violations(job: Job, planned: Job, seen: set[str]) -> Iterator[str]:
    yield from (f"its {name} was changed" for name in _FIXED if getattr(job, name) != getattr(planned, name))
    for name in ("job_info", "extra_info"):
        entries = getattr(job, name)
        if not _are_entries(entries):
            yield f"its {name} is no tuple of pairs of texts, each of one line"
        elif name == "job_info":
            yield from (str(problem) for problem in check_entries(entries))
        else:
            yield from (
                f"extra_info has {key!r}, which is no name" for key, _ in entries if not key.strip() or "=" in key
            )
    if not isinstance(job.notes, tuple) or not all(isinstance(note, str) for note in job.notes):
        yield "its notes are no tuple of texts"
    if not isinstance(job.dependencies, tuple) or not all(isinstance(item, Dependency) for item in job.dependencies):
        yield "its dependencies are no tuple of dependencies"
        return
    yield from _dependency_violations(job, planned, seen)


def _dependency_violations(job: Job, planned: Job, seen: set[str]) -> Iterator[str]:
    """Every planned dependency has to stay, as it was or as one on the whole job; further ones are on whole jobs."""
    kinds = {item.upstream: item.kind for item in job.dependencies}
    before = {item.upstream: item.kind for item in planned.dependencies}
    if len(kinds) < len(job.dependencies):
        yield "it waits for a job twice"
    for upstream, kind in kinds.items():
        if upstream not in seen:
            yield f"it waits for {upstream}, which is no job that comes before it"
        if kind not in (before.get(upstream, "job"), "job"):
            yield f"it waits for {upstream} by '{kind}', which was not planned so"
    for upstream in before.keys() - kinds.keys():
        yield f"it does not wait for {upstream} any more, which feeds it"
    if {"frame", "job"} <= set(kinds.values()):
        yield "it waits for one job frame by frame, and for all of another: Deadline has one switch for both"


def _are_entries(entries: Any) -> bool:
    if not isinstance(entries, tuple):
        return False
    return all(isinstance(entry, tuple) and len(entry) == 2 and all(map(_is_line, entry)) for entry in entries)


def _is_line(value: Any) -> bool:
    try:
        return bool(text(value) == value)
    except UnfitError:
        return False
