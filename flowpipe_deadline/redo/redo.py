"""A part of a bundle again, where its jobs are: on the farm if it is submitted, else on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Optional, Union

from ..core.bundle import AnyPath, read_bundle
from ..core.loading import refuse_while_loading
from ..offline.farm import DEFAULT_FAILURE_LIMIT, DEFAULT_WORKERS, RunState
from ..offline.setup import WorkerSetup
from ..results.stale import BundleResults
from .offline import failed_offline, redo_offline, runnable, tolerant_results
from .options import RedoResult
from .selection import ALL, FAILED, Selection, select


def redo_bundle(  # noqa: PLR0913  (what, and how)
    bundle: AnyPath,
    *,
    node: Optional[str] = None,
    frames: Union[str, Iterable[int], None] = None,
    which: str = ALL,
    only: bool = False,
    dry_run: bool = False,
    workers: int = DEFAULT_WORKERS,
    failure_limit: int = DEFAULT_FAILURE_LIMIT,
    setup: Optional[WorkerSetup] = None,
    on_selected: Optional[Callable[[Selection], None]] = None,
    on_progress: Optional[Callable[[RunState], None]] = None,
) -> RedoResult:
    """TODO"""
    refuse_while_loading("redo")
    opened = read_bundle(bundle)

    def choose(results: BundleResults) -> Selection:
        failed = failed_offline(opened, results=results) if which == FAILED else {}
        return select(opened, results=results, failed=failed, node=node, frames=frames, which=which, only=only)

    selection, messages = runnable(opened, choose(tolerant_results(opened)))
    if on_selected is not None:
        on_selected(selection)
    if dry_run or not selection.tasks:
        return RedoResult(tasks=selection.tasks, messages=messages)
    return redo_offline(
        opened, choose, workers=workers, failure_limit=failure_limit, setup=setup, on_progress=on_progress
    )
