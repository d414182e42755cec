"""What a plan needs outside its bundle, modules, functions that merge, folders; and how long paths in it get."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..bundle.folder import new_submission, partial_name
from ..bundle.write import job_file_stems
from ..core.bundle import JOBS, NODES, RESULTS
from ..core.files import temporary_name
from ..core.frames import FrameList
from ..core.text import counted, listing, one_line
from ..core.warnings import PlanWarning, Severity, WarningKind
from ..evaluator.path_mapping import is_windows_path
from ..planning.plan import LONGEST_LABEL, Job, Plan
from ..planning.transliteration import spelt_in_ascii
from ..results.merge import MergeError, rule_function
from ..results.store import chunk_name
from .storage import Mounts

_OUTPUT_DIRECTORY = re.compile(r"OutputDirectory\d+", re.IGNORECASE)
LONGEST_WINDOWS_PATH = 259
"""MAX_PATH, 260, without the NUL at the end."""
_LONG_PREFIX = re.compile(r"[/\\]{2}\?[/\\]")  # With it, Windows takes 32767 characters.


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


def length_warnings(plan: Plan, *, root: str, system: str) -> tuple[PlanWarning, ...]:
    """An error if the longest path of the bundle is too long for Windows; a warning if the root is not of Windows.

    ``root`` is a full path of the ``system``, which is called as in ``sys.platform``.
    """
    label, path = max(_paths(plan), key=lambda item: len(item[1]))
    length = _windows_length(root.rstrip("/\\")) + 1 + _windows_length(path)
    if length <= LONGEST_WINDOWS_PATH or _LONG_PREFIX.match(root):
        return ()
    is_for_windows = system == "win32" or is_windows_path(root)
    severity: Severity = "error" if is_for_windows else "warning"
    takes = f"and Windows takes {LONGEST_WINDOWS_PATH}"
    text = f"below {root}, one of its files has a path of {counted(length, 'character')}, {takes}"
    advice = f"save {length - LONGEST_WINDOWS_PATH} in the root, or in the names of graph and node"
    node = one_line(label, longest=LONGEST_LABEL)
    return (PlanWarning(WarningKind.LONG_PATH, severity, text, advice, node=node),)


def _paths(plan: Plan) -> Iterator[tuple[str, str]]:
    """Label and longest paths of each node, below the root, while files are written and afterwards."""
    name = new_submission(spelt_in_ascii(plan.name))["submission"]  # All of a graph's are of one length.
    partial = partial_name(name)
    for job, stem in zip(plan.jobs, job_file_stems(plan)):
        yield job.label, f"{partial}/{NODES}/{job.key}.json"
        yield job.label, f"{partial}/{JOBS}/{stem}.plugin"
        for frames in _last_chunks(job):
            result = f"{chunk_name(frames)}.json"
            yield job.label, f"{name}/{RESULTS}/{job.key}/{result}"
            yield job.label, f"{name}/{RESULTS}/{job.key}/{temporary_name(result)}"
    yield from ((plan.name, f"{partial}/{path}") for path in plan.code)
    for node in plan.omitted:
        yield node.label, f"{partial}/{NODES}/{node.key}.json"


def _last_chunks(job: Job) -> tuple[FrameList | None, ...]:
    """The chunks that may have the longest name: planned frames ascend, so the last ones have the most digits."""
    if job.frame_mode == "none":
        return (None,)
    last = (len(job.frames) - 1) // job.chunk_size * job.chunk_size
    starts = (last,) if last == 0 else (last - job.chunk_size, last)
    return tuple(FrameList(job.frames[start : start + job.chunk_size]) for start in starts)


def _windows_length(text: str) -> int:
    """The number of characters as Windows counts them: some count twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
