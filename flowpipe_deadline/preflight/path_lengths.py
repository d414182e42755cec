"""How long the paths of a bundle get. Windows takes 259 characters, unless it is configured for more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Optional

from ..bundle.folder import new_submission, partial_name
from ..bundle.write import job_file_stems
from ..core.bundle import JOBS, NODES, RESULTS
from ..core.files import temporary_name
from ..core.frames import FrameList
from ..core.text import counted, one_line
from ..core.warnings import PlanWarning, Severity, WarningKind
from ..evaluator.path_mapping import is_windows_path
from ..planning.plan import LONGEST_LABEL, Job, Plan
from ..planning.transliteration import spelt_in_ascii
from ..results.store import chunk_name

LONGEST_WINDOWS_PATH = 259
"""MAX_PATH, 260, without the NUL at the end."""
_LONG_PREFIX = re.compile(r"[/\\]{2}\?[/\\]")  # With it, Windows takes 32767 characters.


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


def _last_chunks(job: Job) -> tuple[Optional[FrameList], ...]:
    """The chunks that may have the longest name: planned frames ascend, so the last ones have the most digits."""
    if job.frame_mode == "none":
        return (None,)
    last = (len(job.frames) - 1) // job.chunk_size * job.chunk_size
    starts = (last,) if last == 0 else (last - job.chunk_size, last)
    return tuple(FrameList(job.frames[start : start + job.chunk_size]) for start in starts)


def _windows_length(text: str) -> int:
    """The number of characters as Windows counts them: some count twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
