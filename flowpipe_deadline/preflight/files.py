"""What a plan needs outside its bundle: modules of nodes, functions that merge, folders for output."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

from ..core.text import listing
from ..core.warnings import PlanWarning, WarningKind
from ..evaluator.path_mapping import is_windows_path
from ..planning.plan import Job, Plan
from ..results.merge import MergeError, rule_function
from .storage import Mounts, Storage

_OUTPUT_DIRECTORY = re.compile(r"OutputDirectory\d+", re.IGNORECASE)


def source_warnings(plan: Plan, *, mounts: Mounts) -> tuple[PlanWarning, ...]:
    """A warning for each file of the nodes' own modules that is on a disk of this machine."""
    users: dict[str, list[str]] = {}
    for job in plan.jobs:
        for file in dict.fromkeys(_own_files(job)):
            users.setdefault(file, []).append(job.short_label)
    places = {file: mounts.storage(os.path.realpath(file)) for file in users}
    return tuple(_local_source(file, places[file], users[file]) for file in users if places[file].place == "local")


def merge_warnings(plan: Plan) -> tuple[PlanWarning, ...]:
    """An error for each output with a merge rule that is a function which cannot be imported."""
    reasons: dict[str, str] = {}
    warnings = []
    for job in plan.jobs:
        for output, rule in (job.record["batch"] or {}).get("merge", {}).items():
            if ":" in rule and rule not in reasons:
                reasons[rule] = _why_not_importable(rule)
            if reasons.get(rule):
                warnings.append(
                    PlanWarning(
                        kind=WarningKind.MERGE_FUNCTION,
                        severity="error",
                        text=f"output '{output}' is to be merged by {rule}: {reasons[rule]}",
                        advice="put it into a module that all machines can import",
                        node=job.short_label,
                    )
                )
    return tuple(warnings)


def output_warnings(plan: Plan) -> tuple[PlanWarning, ...]:
    """A warning for each output directory that does not exist here."""
    verdicts: dict[str, Optional[PlanWarning]] = {}
    warnings = []
    for job in plan.jobs:
        for folder in _output_directories(job):
            if folder not in verdicts:
                verdicts[folder] = _judge_folder(folder)
            verdict = verdicts[folder]
            warnings += [] if verdict is None else [replace(verdict, node=job.short_label)]
    return tuple(warnings)


def _own_files(job: Job) -> Iterator[str]:
    """The files of the modules that a worker loads for the node, without installed ones."""
    for part in ("class", "function"):
        source = job.record[part]
        if source is not None and source["file"] is not None:
            yield source["file"]


def _local_source(file: str, storage: Storage, users: list[str]) -> PlanWarning:
    return PlanWarning(
        kind=WarningKind.LOCAL_SOURCE,
        severity="warning",
        text=f"{file}, the module of {listing(users)}, is on this machine ({storage.text}), and the root is not",
        advice="workers need it too: move it to a share, or install it on all machines",
    )


def _why_not_importable(rule: str) -> str:
    """Empty if the function can be imported."""
    if rule.startswith("__main__:"):
        return "on a worker, the running script is another one"
    try:
        rule_function(rule)
    except MergeError as error:
        return str(error)
    return ""


def _output_directories(job: Job) -> Iterator[str]:
    return (value for key, value in job.job_info if value and _OUTPUT_DIRECTORY.fullmatch(key))


def _judge_folder(folder: str) -> Optional[PlanWarning]:
    """The warning; None if the folder exists, or is a path of another system."""
    if is_windows_path(folder) != (os.name == "nt") or os.path.isdir(folder):
        return None
    return PlanWarning(
        kind=WarningKind.OUTPUT_DIRECTORY,
        severity="warning",
        text=f"the output directory '{folder}' does not exist",
        advice="check its spelling, unless the node creates it",
    )
