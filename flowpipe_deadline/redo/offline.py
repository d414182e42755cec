"""A part of a bundle again on this machine, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Optional

from ..core.bundle import Bundle, node_labels
from ..core.errors import BundleError, InterruptedRunError
from ..core.frames import FrameList
from ..core.text import listing
from ..offline.farm import RunState, last_states, run_bundle
from ..results.failures import read_failures
from ..results.stale import BundleResults
from ..results.store import open_store
from .ended import failed_or_empty, places_of
from .missing import Missing, without_blocked
from .options import RedoResult, Tasks
from .selection import Selection

_MOST_MISSING = 5


def redo_offline(
    bundle: Bundle,
    choose: Callable[[BundleResults], Selection],
    *,
    on_progress: Optional[Callable[[RunState], None]] = None,
    **how: Any,
) -> RedoResult:
    """Runs the chosen tasks and no others; results stay until they are replaced.

    ``choose`` is called once nobody else can run the bundle. Tasks that are made from what is chosen wait where they
    miss other results. ``how`` is for ``run_bundle``.

    Raises:
        BundleError: A task that was asked for misses results that nobody makes; nothing was run. Or as ``run_bundle``.
        InterruptedRunError: Ctrl+C; nothing is left running.
        FlowpipeDeadlineError: As ``run_bundle``.
    """
    tasks: Tasks = {}
    messages: tuple[str, ...] = ()

    def select() -> Tasks:
        nonlocal tasks, messages
        chosen, messages = runnable(bundle, choose(tolerant_results(bundle)))
        tasks = chosen.tasks
        return tasks

    def show(state: RunState) -> None:
        if on_progress is not None:
            on_progress(state.part(tasks))

    try:
        state = run_bundle(bundle, select=select, on_progress=show, **how)
    except InterruptedRunError:
        raise InterruptedRunError(
            "interrupted; results that were not replaced are as before. The same command makes all of it again; to make"
            f" only what no longer fits:  flowpipe-deadline redo {bundle.folder} --stale"
        ) from None
    return RedoResult(tasks=tasks, messages=messages, left=state.part(tasks).open_tasks(tasks))


def runnable(bundle: Bundle, selection: Selection) -> tuple[Selection, tuple[str, ...]]:
    """The selected tasks that have what they need, and a line for those that have not.

    Raises:
        BundleError: One that was asked for misses results that nobody makes.
    """
    left, missing = without_blocked(bundle, selection, results=tolerant_results(bundle))
    if not missing:
        return left, ()
    labels = node_labels(bundle)
    asked = [one for one in missing if one.chunk in selection.asked.get(one.key, ())]
    lines = list(dict.fromkeys(_line(one, labels) for one in asked or missing))
    text = listing(lines, most=_MOST_MISSING)
    if asked:
        raise BundleError(
            f"nothing was run: {text}. Make that as well, or all that is missing:  flowpipe-deadline run"
            f" {bundle.folder}"
        )
    return left, (f"Not run, with what is made from it: {text}",)


def failed_offline(bundle: Bundle, *, results: BundleResults) -> Mapping[str, frozenset[Optional[str]]]:
    """The tasks, by node key, that failed on this machine, or have ended there without a result."""
    states = last_states(bundle)
    failed = {}
    for job in bundle.jobs:
        there = results.latest(job.key)
        kept = (failure.frames for failure in read_failures(bundle.folder, job.key))
        empty = (frames for frames in kept if not all(place in there for place in places_of(frames)))
        failed[job.key] = failed_or_empty(job, states.get(job.key, {}), results=results).union(empty)
    return failed


def tolerant_results(bundle: Bundle) -> BundleResults:
    """The results of the bundle as they are now; a damaged one counts as missing."""
    return BundleResults(bundle.folder, open_store(bundle.folder), skips_damaged=True)


def _line(missing: Missing, labels: Mapping[str, str]) -> str:
    task, source = _named(labels[missing.key], missing.chunk), _named(labels[missing.source], missing.frames)
    return f"{task} needs {source}, which is missing"


def _named(label: str, frames: Optional[FrameList]) -> str:
    return label if frames is None else f"{label} {frames}"
