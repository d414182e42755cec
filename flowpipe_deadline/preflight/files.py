"""What a plan needs outside its bundle: modules of nodes, functions that merge, folders for output."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..core.text import listing
from ..core.warnings import PlanWarning, WarningKind
from ..evaluator.path_mapping import is_windows_path
from ..planning.plan import Plan
from ..results.merge import MergeError, rule_function
from .storage import Mounts

_OUTPUT_DIRECTORY = re.compile(r"OutputDirectory\d+", re.IGNORECASE)


def source_warnings(plan: Plan, *, mounts: Mounts) -> Iterator[PlanWarning]:
    """A warning for each file of the nodes' own modules that lies on this machine, and does not travel along."""
    users: dict[str, list[str]] = {}
    for job in plan.jobs:
        sources = filter(None, (job.record["class"], job.record["function"]))
        for file in dict.fromkeys(source["file"] for source in sources):
            if file is not None and file not in plan.code:
                users.setdefault(file, []).append(job.short_label)
    for file, labels in users.items():
        storage = mounts.storage(os.path.realpath(file))
        if storage.place == "local":
            text = f"{file}, the module of {listing(labels)}, is on this machine ({storage.text}), and the root is not"
            advice = "workers need it too: move it to a share, or install it on all machines"
            yield PlanWarning(WarningKind.LOCAL_SOURCE, "warning", text, advice)


def merge_warnings(plan: Plan) -> Iterator[PlanWarning]:
    """An error for each output with a merge rule that is a function which cannot be imported."""
    reasons: dict[str, str] = {}
    for job in plan.jobs:
        for output, rule in (job.record["batch"] or {}).get("merge", {}).items():
            if ":" in rule and rule not in reasons:
                reasons[rule] = _why_not_importable(rule)
            if reasons.get(rule):
                text = f"output '{output}' is to be merged by {rule}: {reasons[rule]}"
                advice = "put it into a module that all machines can import"
                yield PlanWarning(WarningKind.MERGE_FUNCTION, "error", text, advice, node=job.short_label)


def output_warnings(plan: Plan) -> Iterator[PlanWarning]:
    """A warning for each output directory that does not exist here."""
    uses = [(job, value) for job in plan.jobs for key, value in job.job_info if _OUTPUT_DIRECTORY.fullmatch(key)]
    # Of a path of another system, nothing is known.
    folders = {folder for _, folder in uses if folder and is_windows_path(folder) == (os.name == "nt")}
    missing = {folder for folder in folders if not os.path.isdir(folder)}
    advice = "check its spelling, unless the node creates it"
    for job, folder in uses:
        if folder in missing:
            text = f"the output directory '{folder}' does not exist"
            yield PlanWarning(WarningKind.OUTPUT_DIRECTORY, "warning", text, advice, node=job.short_label)


def _why_not_importable(rule: str) -> str:
    """Empty if the function can be imported."""
    if rule.startswith("__main__:"):
        return "on a worker, the running script is another one"
    try:
        rule_function(rule)
    except MergeError as error:
        return str(error)
    return ""
