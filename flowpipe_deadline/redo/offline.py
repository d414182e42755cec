"""A part of a bundle again on this machine, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

from ..core.bundle import Bundle
from ..core.errors import InterruptedRunError
from ..offline.farm import RunState, last_states, run_bundle
from ..results.edits import Edit
from ..results.failures import read_failures, without_later_result
from ..results.stale import BundleResults
from ..submit.transaction import ignore
from .ended import failed_or_empty
from .farm import take_back
from .missing import runnable, tolerant_results
from .options import RedoResult, Tasks
from .selection import Selection


def redo_offline(
    bundle: Bundle,
    choose: Callable[[BundleResults], Selection],
    *,
    change: Callable[[], Sequence[Edit]] = tuple,
    on_progress: Optional[Callable[[RunState], None]] = None,
    say: Callable[[str], None] = ignore,
    **how: Any,
) -> RedoResult:
    """Runs the chosen tasks and no others; results stay until they are replaced.

    ``change`` is called once nobody else can run the bundle, and edits inputs; then ``choose``. Edits are taken back if
    no task begins. Tasks that are made from what is chosen wait where they miss other results. ``how`` is for
    ``run_bundle``.

    Raises:
        BundleError: A task that was asked for misses results that nobody makes; nothing was run. Or as ``run_bundle``.
        InterruptedRunError: Ctrl+C; nothing is left running.
        FlowpipeDeadlineError: As ``run_bundle``, or as ``change``.
    """
    edits: Sequence[Edit] = ()
    tasks: Tasks = {}
    messages: tuple[str, ...] = ()
    has_begun = False  # Whether a task may have been run.

    def select() -> Tasks:
        nonlocal edits, tasks, messages
        edits = change()
        results = tolerant_results(bundle)
        chosen, messages = runnable(bundle, choose(results), results=results)
        tasks = chosen.tasks
        return tasks

    def show(state: RunState) -> None:
        nonlocal has_begun
        has_begun = True
        if on_progress is not None:
            on_progress(state.part(tasks))

    try:
        state = run_bundle(bundle, select=select, on_progress=show, **how)
    except InterruptedRunError:
        raise InterruptedRunError(
            "interrupted; results that were not replaced are as before. The same command makes all of it again; to make"
            f" only what no longer fits:  flowpipe-deadline redo {bundle.folder} --stale"
        ) from None
    finally:
        if not has_begun:
            take_back(bundle, edits, say=say)
    return RedoResult(tasks=tasks, messages=messages, left=state.open_tasks(tasks))


def failed_offline(bundle: Bundle, *, results: BundleResults) -> Mapping[str, frozenset[Optional[str]]]:
    """The tasks, by node key, whose last attempt on this machine failed, or that have ended without a result."""
    states = last_states(bundle)
    failed = {}
    for job in bundle.jobs:
        there = results.latest(job.key)
        kept = {failure.frames for failure in without_later_result(read_failures(bundle.folder, job.key), there)}
        failed[job.key] = failed_or_empty(job, states.get(job.key, {}), results=results).union(kept)
    return failed
