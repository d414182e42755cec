"""A part of a bundle again, where its jobs are: on the farm if it is submitted, else on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Optional, Union

from ..core.bundle import AnyPath, Bundle, read_bundle
from ..core.errors import UsageError
from ..core.interrupts import stop_requests
from ..core.loading import refuse_while_loading
from ..core.rights import user_name
from ..deadline.client import DeadlineClient, SubmissionError
from ..offline.farm import DEFAULT_FAILURE_LIMIT, DEFAULT_WORKERS, RunState
from ..offline.setup import WorkerSetup
from ..results.edits import Edit, write_edits
from ..results.stale import BundleResults
from ..settings.changes import entries_for_jobs
from ..status.notices import home_of, notices_of
from ..studio.connect import studio_client
from ..submit.record import SUBMITTED, SubmissionRecord, read_submission
from ..submit.transaction import ignore
from .by_script import redo_by
from .ended import read_farm_tasks
from .farm import mend_redo
from .missing import in_part, runnable, tolerant_results
from .offline import failed_offline, redo_offline, take_back
from .options import REPOINT, WAITING, RedoOptions, RedoResult
from .selection import ALL, FAILED, Selection, find_key, select


def redo_bundle(  # noqa: PLR0913  (what, and how)
    bundle: AnyPath,
    open_client: Callable[[], DeadlineClient] = studio_client,
    *,
    node: Optional[str] = None,
    frames: Union[str, Iterable[int], None] = None,
    which: str = ALL,
    only: bool = False,
    new_jobs: bool = False,
    waiting: str = REPOINT,
    settings: Optional[Mapping[str, Any]] = None,
    inputs: Optional[Mapping[str, Mapping[str, Any]]] = None,
    dry_run: bool = False,
    workers: int = DEFAULT_WORKERS,
    failure_limit: int = DEFAULT_FAILURE_LIMIT,
    setup: Optional[WorkerSetup] = None,
    on_selected: Optional[Callable[[Selection], None]] = None,
    on_message: Optional[Callable[[str], None]] = None,
    on_progress: Optional[Callable[[RunState], None]] = None,
) -> RedoResult:
    """Makes tasks of a bundle again with all that is made from them, and nothing else; nothing to do is no error.

    ``node``, a key, ``graph.node`` or a name, and ``frames`` limit what is asked for; ``which`` is ``all``, ``failed``
    (also what has ended without a result), or ``stale``. With ``only``, nothing downstream runs. ``inputs`` are new
    values of inputs that nothing feeds, by node and input: these nodes run again as well, and alone if nothing else is
    asked for. ``settings`` are those of ``settings.changes.CHANGEABLE``, for the jobs that run again.

    A bundle that is submitted runs on the farm: its tasks are requeued, or ``new_jobs`` come for them; jobs that wait
    for those which are replaced are then re-pointed, deleted or left, as ``waiting`` says. Any other bundle runs on
    this machine, with ``workers``, ``failure_limit`` and ``setup`` as for ``run_bundle``, which call ``on_progress``.

    ``on_selected`` is called with what will run, before anything is changed, and may raise. A ``dry_run`` ends there.

    Raises:
        RecordError: The folder is not a bundle, or is damaged.
        UsageError: There is no such node, frame, input or setting, or it cannot be changed.
        BundleError: A task that was asked for misses results that nobody makes; or, on this machine, as ``run_bundle``.
        SubmissionError: Deadline cannot be asked or refuses; what was changed is as before, or the message says what is
            not. Its ``exit_code`` is 130 after Ctrl+C.
        InterruptedRunError: Ctrl+C on this machine; nothing is left running, and results are whole.
        LoadingError: A script calls this while it is only being loaded.
    """
    refuse_while_loading("redo")
    opened = read_bundle(bundle)
    if waiting not in WAITING:
        raise UsageError(f"jobs that wait cannot be '{waiting}'; choose {', '.join(WAITING)}")
    changes = {find_key(opened, name): values for name, values in (inputs or {}).items()}
    asked = {"node": node, "frames": frames, "which": which, "only": only, "edited": changes}
    entries = entries_for_jobs(settings or {})
    redo = _Redo(opened, asked, changes, on_selected or (lambda _: None), on_message or ignore, dry_run)
    record = _own_record(opened)
    if record is not None:
        how = RedoOptions(new_jobs=new_jobs, waiting=waiting, entries=entries, note=f"redo by {user_name()}")
        client = open_client()
        if record.redo is not None and not dry_run and mend_redo(client, opened, say=redo.say):
            record = _own_record(opened) or record
        return redo.on_farm(client, record, how)
    if new_jobs:
        raise UsageError(f"{opened.name} is not submitted, so it has no jobs on a farm that new ones could replace")
    return redo.offline(
        workers=workers, failure_limit=failure_limit, setup=setup, on_progress=on_progress, entries=entries
    )


@dataclass(frozen=True)
class _Redo:
    """What both ways need to know."""

    bundle: Bundle
    asked: Mapping[str, Any]
    """What ``select`` is asked for."""
    changes: Mapping[str, Mapping[str, Any]]
    """The new values of inputs, by node key."""
    on_selected: Callable[[Selection], None]
    say: Callable[[str], None]
    is_dry_run: bool

    def offline(self, **how: Any) -> RedoResult:
        """On this machine; ``how`` is for ``run_bundle``."""
        results = tolerant_results(self.bundle)
        selection, messages = runnable(self.bundle, self._choose(results), results=results)
        self.on_selected(selection)
        if self.is_dry_run or not selection.tasks:
            return RedoResult(tasks=selection.tasks, messages=(*messages, *self._left_stale(selection)))
        result = redo_offline(self.bundle, self._choose, change=self._edit, say=self.say, **how)
        return replace(result, messages=(*result.messages, *self._left_stale(selection)))

    def on_farm(self, client: DeadlineClient, record: SubmissionRecord, how: RedoOptions) -> RedoResult:
        """On the farm, whose jobs are on record."""
        results, needs_states = tolerant_results(self.bundle), self.asked["which"] == FAILED
        farm = read_farm_tasks(client, self.bundle, record, results=results, needs_states=needs_states)
        chosen = select(self.bundle, results=results, failed=farm.failed, tasks=farm.tasks, **self.asked)
        selection, messages = runnable(self.bundle, chosen, results=results, coming=farm.coming)
        messages = (*messages, *self._left_stale(selection))
        self.on_selected(selection)
        if self.is_dry_run or not selection.tasks:
            return RedoResult(tasks=selection.tasks, messages=messages)
        with stop_requests(self.say) as is_stopping:
            edits = self._edit()
            try:
                result = redo_by(client, self.bundle, selection, how=how, say=self.say, is_stopping=is_stopping)
            except BaseException:
                take_back(self.bundle, edits, say=self.say)
                raise
        return RedoResult(result.tasks, result.new_jobs, (*messages, *result.messages))

    def _left_stale(self, selection: Selection) -> Iterator[str]:
        """A line for each node with new inputs of which not all frames run again."""
        for key in in_part(self.bundle, selection, self.changes):
            yield (
                f"{key}: its other frames were made with the values of before; to make them as well:"
                f"  flowpipe-deadline redo {self.bundle.folder} --stale"
            )

    def _choose(self, results: BundleResults) -> Selection:
        failed = failed_offline(self.bundle, results=results) if self.asked["which"] == FAILED else {}
        return select(self.bundle, results=results, failed=failed, **self.asked)

    def _edit(self) -> Sequence[Edit]:
        return write_edits(self.bundle.folder, self.changes, user=user_name()) if self.changes else ()


def _own_record(bundle: Bundle) -> Optional[SubmissionRecord]:
    """The record of the bundle's submission; None if it was not submitted, or is a copy of one that was.

    Raises:
        SubmissionError: It is being submitted, or only a part of it is.
    """
    record = read_submission(bundle.folder)
    home = None if record is None else home_of(bundle)
    if record is None or (home is not None and home.exists()):
        return None
    if record.is_at_work or record.state != SUBMITTED:
        raise SubmissionError(notices_of(bundle, record)[0])
    return record
